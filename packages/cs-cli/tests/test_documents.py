"""Every command with ``--json`` has a schema, which says what its documents have and leaves room for more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli_keys import make_key, write_key
from cli_samples import Cs, Workspace
from cs_cli.commandline.flags import JSON
from cs_cli.commandline.table import load_commands
from documents import SCHEMAS, require_valid_document


def list_objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Find the schemas in a schema, at any depth."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from list_objects(inner)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_valid_and_leaves_room(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["properties"]["schema_version"] == {"const": 1}
    assert [one for one in list_objects(SCHEMAS[name]) if one.get("additionalProperties") is False] == []


@pytest.mark.parametrize(
    "words",
    [
        ("build",),
        ("build", "--dry-run"),
        ("build", "--platform", "all"),
        ("build", "--platform", "all", "--dry-run"),
        ("sign", "dist", "--key", "release.pem"),
        ("version",),
    ],
    ids=" ".join,
)
def test_a_document_has_every_key_that_its_schema_requires(
    words: tuple[str, ...], workspace: Workspace, template: Path, cs: Cs
) -> None:
    if words[0] == "sign":
        cs("build")
        write_key(Path("release.pem"), make_key())
    document = json.loads(cs(*words, "--json").out)
    more = {**document, "added": 1}
    require_valid_document([*words, "--json"], json.dumps(more))
    for key in SCHEMAS[words[0]]["required"]:
        less = {name: value for name, value in document.items() if name != key}
        with pytest.raises(jsonschema.ValidationError):
            require_valid_document([*words, "--json"], json.dumps(less))


def test_every_command_that_prints_documents_has_a_schema() -> None:
    assert {command.name.partition(" ")[0] for command in load_commands() if JSON in command.flags} == set(SCHEMAS)


@pytest.mark.usefixtures("workspace")
def test_without_a_template_the_version_is_valid_too(cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDA_SHIP_TEMPLATE", raising=False)
    assert json.loads(cs("version", "--json").out)["schema_version"] == 1

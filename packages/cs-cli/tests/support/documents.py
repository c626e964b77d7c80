"""The documents of ``--json``, and their schemas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

SCHEMAS: dict[str, dict[str, Any]] = {
    path.name.partition(".")[0]: json.loads(path.read_bytes())
    for path in (resources.files("cs_cli") / "schemas").iterdir()
}
"""Schema of each command that prints documents, by the command's name."""


def require_valid_document(words: Sequence[str | Path], out: str) -> None:
    """Compare what a command printed with the schema of its documents, if it was to print one."""
    command = str(words[0]) if words else ""
    if "--json" in words and command in SCHEMAS and out:
        jsonschema.Draft202012Validator(SCHEMAS[command]).validate(json.loads(out))

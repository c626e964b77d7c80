"""Whatever a manifest contains, there is a result or one ``ManifestError``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from cs_manifest import ManifestError, discover, list_environments, load_config, requested_specs

VALID = b"""\
[workspace]
name = "demo"
channels = ["conda-forge", { channel = "x", priority = 1 }]
platforms = ["linux-64", { platform = "osx-arm64", macos = "13" }]
[dependencies]
python = { version = ">=3.12", build = "*" }
[feature.ship.target.unix.dependencies]
conda = "*"
[environments]
ship = { features = ["ship"], no-default-feature = true }
[tool.conda-ship]
runtime = "demo"
runtime-version = "1.0"
delegate = "python"
source-environment = "ship"
install-name = { from = "runtime-lock", base = "x" }
"""

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["ship", "*"])
WORDS = (
    "workspace project dependencies feature ship target unix environments features platforms channels version name "
    "platform priority default tool conda-ship runtime delegate layout source-environment install-name from base "
    "pypi-dependencies host-dependencies git path python no-default-feature update dynamic requires-python "
    "optional-dependencies dependency-groups"
)
names = st.sampled_from(WORDS.split(" "))
tables = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=25
)


def exercise(content: bytes, name: str = "conda.toml") -> None:
    with TemporaryDirectory() as directory:
        root = Path(directory)
        (root / name).write_bytes(content)
        with contextlib.suppress(ManifestError):
            project = discover(root, require_lock=False)
            with contextlib.suppress(ManifestError):
                load_config(project)
            for environment in list_environments(project):
                with contextlib.suppress(ManifestError):
                    requested_specs(project, environment)


@settings(deadline=None)
@given(st.integers(0, len(VALID)))
def test_a_truncated_manifest(length: int) -> None:
    exercise(VALID[:length])


@settings(deadline=None)
@given(st.integers(0, len(VALID) - 1), st.binary(max_size=4), st.integers(0, 8))
def test_a_manifest_with_some_bytes_replaced(offset: int, replacement: bytes, length: int) -> None:
    exercise(VALID[:offset] + replacement + VALID[offset + length :])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    exercise(content)


def render(value: object) -> str:
    if value is None:
        return "2026-11-21"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(render, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {render(item)}" for key, item in value.items()) + "}"
    return str(value)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(names, tables, max_size=8))
def test_tables_of_any_form(document: dict[str, object]) -> None:
    document.setdefault("workspace", {})
    exercise("\n".join(f"{key} = {render(value)}" for key, value in document.items()).encode())


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(names, tables, max_size=8), st.dictionaries(names, tables, max_size=8))
def test_a_pyproject_of_any_form(pixi: dict[str, object], project: dict[str, object]) -> None:
    text = f"project = {render(project)}\ntool.pixi = {render(pixi)}\n"
    exercise(text.encode(), "pyproject.toml")

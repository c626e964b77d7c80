from __future__ import annotations

import json
from pathlib import Path

from cs_manifest import ManifestError
from cs_manifest._errors import ERROR_KINDS


def test_an_error_says_what_where_and_what_to_do() -> None:
    error = ManifestError(
        "is wrong", kind="value-type", path=Path("a.toml"), line=3, column=1, key="b.c", hint="do that"
    )
    assert str(error) == "a.toml:3:1: b.c: is wrong"
    assert error.to_dict()["hint"] == "do that"
    assert str(ManifestError("is wrong", kind="value-type")) == "is wrong"


def test_an_error_as_json_has_what_is_known() -> None:
    fields = json.loads(json.dumps(ManifestError("x", kind="key-missing", path=Path("a"), lines=("b",)).to_dict()))
    assert fields.pop("kind") in ERROR_KINDS
    assert fields == {"message": "x", "path": "a", "lines": ["b"]}

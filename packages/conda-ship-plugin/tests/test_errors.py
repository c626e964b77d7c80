from __future__ import annotations

from pathlib import Path

import pytest

from conda_ship_plugin import ShipError, find_executable
from conda_ship_plugin.errors import render_error


def test_an_error_is_rendered_in_one_line() -> None:
    error = ShipError("is not there", kind="executable-missing", path=Path("cs"), hint="Install it")
    assert render_error(error) == "conda ship: is not there: cs. Install it."
    assert render_error(ShipError("is not there", kind="executable-missing")) == "conda ship: is not there."


def test_an_error_has_the_shape_that_errors_of_cs_have() -> None:
    error = ShipError("is not there", kind="executable-missing", path=Path("cs"), hint="Install it")
    assert str(error) == "cs: is not there"
    assert error.to_dict() == {
        "kind": "executable-missing",
        "message": "is not there",
        "path": "cs",
        "hint": "Install it",
    }


def test_a_path_in_a_message_commands_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "Zoë\x1b]0;owned\a\n\u202e\udc9b"
    with pytest.raises(ShipError) as caught:
        find_executable({"CONDA_SHIP_EXECUTABLE": str(path)})
    assert r"Zoë\x1b]0;owned\x07\n\u202e\udc9b" in render_error(caught.value)

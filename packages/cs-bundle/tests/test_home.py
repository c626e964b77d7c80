"""Whose home directory it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cs_bundle import find_home


def test_the_variable_wins() -> None:
    assert find_home({"HOME": "/h", "USERPROFILE": "/u"}) == Path("/h")
    assert find_home({"HOME": "", "USERPROFILE": "/u"}) == Path("/u")


@pytest.mark.only("on Unix", "it has a users database")
@pytest.mark.parametrize("environ", [{}, {"HOME": ""}])
def test_without_a_variable_the_users_database_knows_it(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pwd

    monkeypatch.setenv("HOME", "")
    assert find_home(environ) == Path(pwd.getpwuid(os.getuid()).pw_dir)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert find_home(environ) is None

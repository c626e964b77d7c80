"""What each session needs follows from the projects and the lists in ``requirements/``."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pin import DIRECTORY, OURS, TEMPLATE, collect, list_needs


def write(directory: Path, name: str, dependencies: list[str], test: list[str]) -> Path:
    path = directory / f"{name}.toml"
    project = f'[project]\nname = "{name}"\ndependencies = {dependencies}\n'
    path.write_text(f"{project}[project.optional-dependencies]\ntest = {test}\n", encoding="utf-8")
    return path


def test_needs_of_our_packages_are_followed_with_their_extras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conditional = 'pywin32>=1 ; sys_platform == "win32"'
    base = write(tmp_path, "cs-base", ["Left_Pad [big] >=2", conditional], ["base-test"])
    top = write(tmp_path, "cs-top", ["CS_Base [test]~=1.0", "cs.template", "nothing @ file:///x"], [])
    monkeypatch.setattr("pin.OURS", {"cs-base": base, "cs-top": top})
    assert list(list_needs("cs-top", ())) == ["Left_Pad [big] >=2", conditional, "base-test", "nothing @ file:///x"]
    assert list(list_needs("cs-base", ())) == ["Left_Pad [big] >=2", conditional]


def test_no_file_pins_a_package_of_this_repository() -> None:
    local = {*OURS, TEMPLATE}
    for name, needs in collect().items():
        found = {Requirement(need).name for need in needs if need.strip() and not need.startswith("#")}
        assert found, name
        assert not found & local, name


def test_what_is_needed_is_what_is_pinned() -> None:
    for name, needs in collect().items():
        pinned = (DIRECTORY / f"{name}.txt").read_text(encoding="utf-8").lower()
        for need in needs:
            if need.strip() and not need.startswith("#"):
                assert f"{Requirement(need).name.lower()}==" in pinned, f"{name}: run `nox -s pin` for {need}"

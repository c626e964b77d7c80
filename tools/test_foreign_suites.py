"""What runs for other platforms exists, and what is left out does too."""

from __future__ import annotations

import re

import pytest
from foreign import kits, suites
from foreign.places import ROOT, TEMPLATE
from foreign.suites import BEYOND_EMULATION, FOREIGN_SUITES, WITH_FOREIGN, find_obstacle
from foreign.targets import Target


@pytest.mark.parametrize("subdir", FOREIGN_SUITES)
def test_every_suite_exists(subdir: str) -> None:
    paths = [word for word in FOREIGN_SUITES[subdir] if word.startswith("tests-")]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def _read_sources() -> str:
    crates = [path for folder in ("src", "tests", "crates") for path in (TEMPLATE / folder).rglob("*.rs")]
    return "\n".join(path.read_text(encoding="utf-8") for path in crates)


@pytest.mark.parametrize("name", [name for names in BEYOND_EMULATION.values() for name in names])
def test_every_test_that_is_left_out_exists(name: str) -> None:
    words = rf"mod {name.removesuffix('::')}\b" if name.endswith("::") else rf"fn {name}\b"
    assert re.search(words, _read_sources())


@pytest.fixture
def _wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the tests of other platforms, on a machine that can run them."""
    monkeypatch.setenv(WITH_FOREIGN, "1")
    monkeypatch.setattr(suites, "CAN_RUN_FOREIGN", True)


@pytest.mark.usefixtures("_wanted")
def test_nothing_is_in_the_way_if_every_kit_is_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kits, "list_missing", lambda _target: [])
    assert find_obstacle() == ""


@pytest.mark.usefixtures("_wanted")
def test_kits_that_are_missing_are_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def list_missing(target: Target) -> list[str]:
        return ["rust", *(["wine"] if target.subdir == "win-64" else [])]

    monkeypatch.setattr(kits, "list_missing", list_missing)
    assert find_obstacle() == "foreign not run: rust, wine not in the cache, nox -s foreign fetches them"


@pytest.mark.usefixtures("_wanted")
def test_a_machine_that_cannot_run_them_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "CAN_RUN_FOREIGN", False)
    assert find_obstacle() == "foreign not run: only as root on Linux on x86-64"


def test_they_run_only_if_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WITH_FOREIGN, raising=False)
    assert find_obstacle() == f"foreign not run: {WITH_FOREIGN} is not set"

"""No test is skipped silently."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ignored_tests import TEMPLATE, find_ignored
from skipped import FILE_VARIABLE, count_skips, is_allowed, note

TOOLS = Path(__file__).parent

CONFTEST = "from steady import pytest_make_collect_report, pytest_runtest_makereport, pytest_runtest_setup\n"
CONFTEST += "from skipped import PLACES\nPLACES.update(here=True, elsewhere=False)\n"


def run_pytest(directory: Path, test: str, **variables: str) -> tuple[str, str]:
    """Run one test file where the hooks of ``steady`` are; the last line of pytest, and what was noted."""
    noted = directory / "noted.txt"
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "pytest.ini").write_text("[pytest]\nmarkers =\n    tools: programs\n    only: a place\n")
    (directory / "test_it.py").write_text(f"import pytest\n\n{test}\n")
    environment = {**os.environ, "PYTHONPATH": str(TOOLS), FILE_VARIABLE: str(noted), **variables}
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(directory))
    completed = subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return completed.stdout.splitlines()[-1], noted.read_text() if noted.exists() else ""


@pytest.mark.parametrize("reason", ["needs root", "needs mounts: operation not permitted", "needs qemu-aarch64"])
def test_what_a_machine_may_lack_may_be_skipped_unless_it_lacks_nothing(reason: str) -> None:
    assert is_allowed(reason)
    assert not is_allowed(reason, nothing_missing=True)


def test_what_this_system_cannot_have_may_always_be_skipped() -> None:
    assert is_allowed("only on Linux", nothing_missing=True)


@pytest.mark.parametrize(
    "reason", ["", "needs", "needs a rest", "needs rooting", "later", "could not import 'yaml'", "only here"]
)
def test_nothing_else_may_be_skipped(reason: str) -> None:
    assert not is_allowed(reason)


def test_a_test_runs_where_it_belongs(tmp_path: Path) -> None:
    last, noted = run_pytest(tmp_path, "@pytest.mark.only('here')\ndef test_it(): pass")
    assert "1 passed" in last
    assert noted == ""


def test_a_place_that_is_not_listed_is_an_error(tmp_path: Path) -> None:
    last, _ = run_pytest(tmp_path, "@pytest.mark.only('on the Moon')\ndef test_it(): pass")
    assert "1 error" in last


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("@pytest.mark.tools('wine')\ndef test_it(): pass", "needs wine"),
        ("def test_it(): pytest.skip('needs FUSE: no such device')", "needs FUSE"),
        ("@pytest.mark.only('elsewhere')\ndef test_it(): pass", "only elsewhere"),
        ("@pytest.mark.only('elsewhere', 'it is warm')\ndef test_it(): pass", "only elsewhere"),
        ("@pytest.mark.skipif(True, reason='only on Windows')\ndef test_it(): pass", "only on Windows"),
        ("@pytest.fixture\ndef f(): pytest.skip('only on Windows')\n\ndef test_it(f): pass", "only on Windows"),
    ],
)
def test_a_skip_that_is_allowed_is_noted(test: str, reason: str, tmp_path: Path) -> None:
    last, noted = run_pytest(tmp_path, test, PATH="/nowhere")
    assert "1 skipped" in last
    assert noted == f"{reason}\ttest_it.py::test_it\n"


@pytest.mark.parametrize(
    "test",
    [
        "def test_it(): pytest.skip('not today')",
        "@pytest.mark.skip\ndef test_it(): pass",
        "pytest.importorskip('module_of_nobody')",
        "pytest.skip('not today', allow_module_level=True)",
    ],
)
def test_any_other_skip_fails(test: str, tmp_path: Path) -> None:
    last, noted = run_pytest(tmp_path, test)
    assert "1 failed" in last or "1 error" in last
    assert noted == ""


def test_where_nothing_is_missing_a_test_that_needs_something_fails(tmp_path: Path) -> None:
    last, _ = run_pytest(tmp_path, "def test_it(): pytest.skip('needs FUSE')", NOTHING_SKIPPED="1")
    assert "1 failed" in last


def test_an_expected_failure_is_not_a_skip(tmp_path: Path) -> None:
    last, noted = run_pytest(tmp_path, "@pytest.mark.xfail\ndef test_it(): raise OSError")
    assert "1 xfailed" in last
    assert noted == ""


def test_the_summary_counts_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "noted"))
    for reason in ("only on Windows", "needs root", "needs strace: not found", "needs root"):
        note(reason, "test")
    expected = "4 tests skipped: needs root (2), needs strace (1), only on Windows (1)"
    assert count_skips(tmp_path / "noted") == expected


def test_without_a_note_nothing_was_skipped(tmp_path: Path) -> None:
    assert count_skips(tmp_path / "noted") == ""


def test_ignored_tests_of_the_template_are_found_with_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    text = (
        '#[test]\n#[ignore = "needs root"]\nfn one() {}\n\n#[ignore = "the others start it"]\n#[test]\nfn two() {}\n\n'
        '    #[ignore = "needs wine"]\n    #[test]\n    pub fn three() {}\n'
    )
    (tmp_path / "src" / "lib.rs").write_text(text)
    file = Path("src", "lib.rs")
    assert list(find_ignored(tmp_path)) == [("needs root", file, "one"), ("needs wine", file, "three")]


def test_what_tests_of_the_template_need_is_allowed() -> None:
    reasons = {reason for reason, _, _ in find_ignored(TEMPLATE)}
    assert "needs root" in reasons
    assert all(is_allowed(reason) for reason in reasons)

"""No Python file is left out: neither by mypy nor by ruff."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from check_types import ROOT, list_files, main, name_module, split_batches


def test_the_batches_hold_every_python_file_on_disk_that_git_does_not_ignore() -> None:
    batched = [file for batch in split_batches(list_files()) for file in batch.values()]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    python = [name for name in tracked.splitlines() if name.endswith((".py", ".pyi")) and (ROOT / name).exists()]
    assert set(map(str, batched)) >= set(python)
    assert len(batched) == len(set(batched))


def test_sources_tests_tools_and_scripts_are_among_them() -> None:
    names = set(map(str, list_files()))
    assert {
        ".github/action/run.py",
        "noxfile.py",
        "packages/conftest.py",
        "packages/cs-cli/src/cs_cli/main.py",
        "packages/cs-cli/tests/building/test_plan.py",
        "packages/cs-cli/tests/support/cli_samples.py",
        "templates/cs-template/packaging/measure_launch.py",
        "tests-integration/bench/__main__.py",
        "tests-integration/faults/test_kills.py",
        "tools/test_check_types.py",
    } <= names


def test_files_with_one_name_are_in_different_batches() -> None:
    files = [Path("tools/a.py"), Path("docs/a.py"), Path("tools/b.py")]
    assert [list(batch.values()) for batch in split_batches(files)] == [[files[0], files[2]], [files[1]]]


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("packages/cs-cli/src/cs_cli/main.py", "cs_cli.main"),
        ("packages/cs-cli/src/cs_cli/archives/__init__.py", "cs_cli.archives"),
        ("packages/cs-cli/tests/test_main.py", "test_main"),
        ("tests-integration/support/names.py", "support.names"),
        ("noxfile.py", "noxfile"),
    ],
)
def test_a_module_is_named_from_the_nearest_directory_that_is_not_a_package(file: str, module: str) -> None:
    assert name_module(Path(file)) == module


def test_an_error_in_any_batch_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    statuses = iter([0, 1, 0])
    seen: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], **_options: object) -> subprocess.CompletedProcess[str]:
        seen.append(command)
        return subprocess.CompletedProcess(command, next(statuses))

    files = [Path(f"{directory}/same.py") for directory in "abc"]
    monkeypatch.setattr("check_types.list_files", lambda: files)
    monkeypatch.setattr("subprocess.run", run)
    assert main() == 1
    assert [command[-1] for command in seen] == list(map(str, files))


def test_ruff_leaves_out_none_of_them() -> None:
    ruff = shutil.which("ruff")
    assert ruff, "ruff belongs to what requirements/tests-tools.txt pins"
    shown = subprocess.run([ruff, "check", "--show-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert {Path(line).relative_to(ROOT) for line in shown.stdout.splitlines()} >= set(list_files())

"""conda's side is played by the package of ``conftest.py``, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MakeExecutable = Callable[..., Path]


def run_conda(conda_path: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(conda_path), "PYTHONWARNINGS": ""} | environ
    command = [sys.executable, "-m", "conda", "ship", *arguments]
    return subprocess.run(command, env=environment, input="typed\n", capture_output=True, text=True, check=False)


def test_conda_ship_runs_cs_with_its_arguments_streams_and_status(
    conda_path: Path, make_executable: MakeExecutable
) -> None:
    path = make_executable("import sys\nprint(sys.argv[1:], input())\nprint('e', file=sys.stderr)\nsys.exit(3)")
    done = run_conda(conda_path, "build", "-h", "--version", "--", "a b", CONDA_SHIP_EXECUTABLE=str(path))
    assert (done.returncode, done.stdout) == (3, "['build', '-h', '--version', '--', 'a b'] typed\n")
    assert done.stderr == "e\n"


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (("--", "--help"), ["--help"]),
        (("--",), []),
        (("--", "run", "--", "x"), ["run", "--", "x"]),
        (("run", "--", "--", "x"), ["run", "--", "--", "x"]),
        (("--", "--", "x"), ["--", "x"]),
    ],
)
def test_what_ends_the_arguments_of_conda_is_not_one_of_cs(
    given: tuple[str, ...], passed: list[str], conda_path: Path, make_executable: MakeExecutable
) -> None:
    path = make_executable("import sys\nprint(sys.argv[1:])")
    done = run_conda(conda_path, *given, CONDA_SHIP_EXECUTABLE=str(path))
    assert (done.returncode, done.stdout) == (0, f"{passed}\n")


def test_a_missing_executable_is_an_error_of_conda(conda_path: Path, tmp_path: Path) -> None:
    done = run_conda(conda_path, "build", CONDA_SHIP_EXECUTABLE=str(tmp_path / "nothing"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CondaError: conda ship: the executable does not exist: ")


def test_a_signal_is_an_error_of_conda(conda_path: Path, make_executable: MakeExecutable) -> None:
    path = make_executable("import os\nos.kill(os.getpid(), 9)")
    done = run_conda(conda_path, CONDA_SHIP_EXECUTABLE=str(path))
    assert done.returncode == 137
    assert "CondaError: conda ship: cs was ended by SIGKILL" in done.stderr


def test_the_library_does_not_import_conda() -> None:
    code = "import sys, conda_ship_plugin; sys.exit('conda' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_hook_registers_one_subcommand_without_a_parser(conda_path: Path) -> None:
    code = "from conda_ship_plugin.plugin import *; print([(s.name, s.configure_parser) for s in conda_subcommands()])"
    environment = os.environ | {"PYTHONPATH": str(conda_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[('ship', None)]\n"

"""The command as a whole: exit status, error formats, streams."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli_samples import Cs, Workspace
from cs_cli import __version__
from cs_cli.building.staging import staging_directory


def start(*words: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start ``cs`` in a process of its own."""
    settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    command = [sys.executable, "-m", "cs_cli", *words]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, **settings)


def test_the_version_is_printed(cs: Cs) -> None:
    assert cs("--version") == cs("-V")
    assert cs("--version").out == f"cs {__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ship",), "unknown command 'ship'"),
        (("build", "--no-such-flag"), "unknown flag '--no-such-flag'"),
        (("build", "--out"), "unknown flag '--out'"),
        (("verify",), "PATH is missing"),
        (("build", "--layout"), "--layout needs a value"),
    ],
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...], message: str, cs: Cs) -> None:
    outcome = cs(*words)
    assert outcome.status == 2
    assert message in outcome.err
    assert "hint: " in outcome.err
    assert "see cs" in outcome.err or "cs help" in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize("form", [("--error-format", "json"), ("--error-format=json",)])
def test_errors_come_in_json_when_asked_for_even_those_of_usage(form: tuple[str, ...], cs: Cs) -> None:
    outcome = cs("build", *form, "--no-such-flag")
    assert outcome.status == 2
    assert json.loads(outcome.err)["kind"] == "usage"


@pytest.mark.parametrize(
    ("variable", "words", "is_json"),
    [
        ("json", (), True),
        ("text", (), False),
        ("", (), False),
        ("xml", (), False),
        ("json", ("--error-format", "text"), False),
        ("json", ("--error-format=text",), False),
        ("text", ("--error-format", "json"), True),
        ("", ("--error-format", "json", "--error-format=text"), False),
        ("", ("--error-format=text", "--error-format", "json"), True),
        ("text", ("--", "--error-format=json"), False),
    ],
)
def test_a_variable_says_how_errors_come_and_the_flag_wins(
    variable: str, words: tuple[str, ...], is_json: bool, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_SHIP_ERROR_FORMAT", variable)
    error = cs("run", "--no-such-flag", *words).err
    assert error.startswith("{" if is_json else "error: ")


@pytest.mark.parametrize(
    ("words", "variables", "colored"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color=never",), {"FORCE_COLOR": "1"}, False),
        (("--color", "auto"), {"FORCE_COLOR": "1"}, True),
        (("--", "--color", "always"), {}, False),
    ],
)
def test_colours_reach_a_pipe_only_when_they_are_forced(
    words: tuple[str, ...], variables: dict[str, str], colored: bool, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.setenv(name, variables.get(name, ""))
    monkeypatch.setenv("TERM", "xterm")
    error = cs("run", "--no-such-flag", *words).err
    assert error.startswith("\x1b[1;31merror:\x1b[0m " if colored else "error: ")


def test_json_for_the_runtime_is_not_json_for_cs(cs: Cs) -> None:
    assert cs("run", "--no-such-flag", "--", "--error-format", "json").err.startswith("error: ")


def test_a_wrong_value_of_a_flag_is_wrong_usage(workspace: Workspace, cs: Cs) -> None:
    outcome = cs("build", "--layout", "embeded")
    assert outcome.status == 2
    assert "--layout" in outcome.err
    assert "embedded" in outcome.err


def test_a_workspace_that_is_not_there_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cs: Cs) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = cs("build")
    assert outcome.status == 1
    assert outcome.err.startswith("error: ")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``cs verify`` fail unexpectedly."""

    def fail(_: object) -> int:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("cs_cli.main.load_command", lambda _: SimpleNamespace(run=fail))


@pytest.mark.usefixtures("failing")
def test_what_nobody_expected_is_an_error_without_a_traceback(cs: Cs) -> None:
    outcome = cs("verify", "x")
    assert outcome.status == 1
    assert outcome.err.startswith("error: ZeroDivisionError: oops\n  hint: this is a bug in cs")
    assert "Traceback" not in outcome.err


@pytest.mark.usefixtures("failing")
def test_a_traceback_is_shown_on_request(cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_SHIP_TRACEBACK", "1")
    assert "Traceback" in cs("verify", "x").err


def test_errors_of_the_system_have_their_path(cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "/some/file")

    monkeypatch.setattr("cs_cli.main.load_command", lambda _: SimpleNamespace(run=fail))
    assert cs("verify", "x").err == "error: /some/file: Permission denied\n  hint: check the permissions\n"


@pytest.mark.parametrize(("name", "place"), [(7, ""), (None, ""), (b"/some/file", "/some/file: ")])
def test_errors_of_the_system_have_no_number_of_a_file(
    name: object, place: str, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files", name)

    monkeypatch.setattr("cs_cli.main.load_command", lambda _: SimpleNamespace(run=fail))
    first, hint = cs("verify", "x").err.splitlines()
    reason = "" if place else "the system refused something that cs needs: "
    assert first == f"error: {place}{reason}Too many open files"
    assert hint.startswith("  hint: raise the limit on open files")


def test_a_reader_that_leaves_is_not_an_error(workspace: Workspace) -> None:
    with start("inspect", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(30) == 1
        assert process.stderr.read() == b""


@pytest.mark.parametrize("words", ["inspect", "inspect --json", "help", "--version", "completions bash"])
def test_results_for_a_closed_output_are_an_error(words: str, workspace: Workspace) -> None:
    outcome = run_in_shell(f"{words} >&-")
    assert outcome == (1, b"error: cannot write the output: standard output is closed, or open for reading only\n")


def test_other_closed_streams_do_not_matter(workspace: Workspace) -> None:
    assert run_in_shell("inspect 0<&- 2>&- >/dev/null")[0] == 0
    assert run_in_shell("nope 2>&-")[0] == 2


def test_no_file_takes_the_place_of_a_closed_stream(workspace: Workspace) -> None:
    program = "import os; from cs_cli.main import main; main(['nope']); print(os.open('conda.toml', os.O_RDONLY))"
    command = f'exec "{sys.executable}" -c "{program}" 0<&- 2>&-'
    shown = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, check=True).stdout
    assert int(shown) > 2


def test_what_stands_in_for_a_closed_stream_is_inherited(workspace: Workspace) -> None:
    """Otherwise the first file that a build backend opens would be its standard output."""
    Path("child.py").write_text("import os; os.write(2, b'%d' % os.open('conda.toml', os.O_RDONLY))", encoding="utf-8")
    Path("parent.py").write_text(
        "import subprocess, sys; from cs_cli.main import main; main(['nope']); "
        "sys.exit(subprocess.run([sys.executable, 'child.py']).returncode)",
        encoding="utf-8",
    )
    command = f'exec "{sys.executable}" parent.py 0<&- >&-'
    shown = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=True).stderr
    assert int(shown.splitlines()[-1]) > 2


def run_in_shell(words: str) -> tuple[int, bytes]:
    """Run ``cs`` in a shell, which closes streams; return exit status and messages."""
    command = f'exec "{sys.executable}" -m cs_cli {words}'
    completed = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    return completed.returncode, completed.stderr


@pytest.mark.only("on Linux", "it has /dev/full")
@pytest.mark.parametrize(("words", "status"), [("nope", 2), ("inspect --root nope", 1), ("--error-format json x", 2)])
def test_an_error_that_cannot_be_shown_keeps_its_status(words: str, status: int, workspace: Workspace) -> None:
    assert run_in_shell(f"{words} 2>/dev/full")[0] == status


def test_an_error_that_nobody_reads_keeps_its_status() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with start("nope", stderr=writing) as process:
        os.close(writing)
        assert process.wait(30) == 2


@pytest.mark.only("on Linux", "it has /dev/full")
def test_nothing_to_say_can_be_said_on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")  # as in many containers: even no bytes are written
    program = "import sys; from cs_cli.terminal.console import print_lines; print_lines([], sys.stderr)"
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([sys.executable, "-c", program], stderr=full, check=False).returncode == 0


@pytest.mark.only("on Linux", "it has /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_output_is_an_error_with_a_message(
    unbuffered: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with Path("/dev/full").open("wb") as full, start("inspect", stdout=full) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err == b"error: cannot write the output: No space left on device\n"
    assert b"Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_with_their_number(number: signal.Signals, workspace: Workspace, template: Path) -> None:
    Path("dist").mkdir()
    with staging_directory(Path("dist")), start("build") as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, b"")
        assert any(line == b"waiting for another build into dist\n" for line in lines)
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        assert process.stderr.read() == b"interrupted\n"
    assert list(Path("dist").iterdir()) == []


def test_names_that_a_stream_cannot_encode_come_out_escaped(workspace: Workspace) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with start("verify", "caf\u00e9", env=environment) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"caf\\xe9: no such file or directory" in err


def test_json_is_json_in_every_encoding(workspace: Workspace) -> None:
    Path("caf\u00e9 \u2615").mkdir()
    for name in ("conda.toml", "conda.lock"):
        Path(name).rename(Path("caf\u00e9 \u2615", name))
    for encoding in ("ascii", "latin-1", "utf-8"):
        with start(
            "inspect", "--json", "--root", "caf\u00e9 \u2615", env={**os.environ, "PYTHONIOENCODING": encoding}
        ) as process:
            out, _ = process.communicate(timeout=30)
        assert Path(json.loads(out)["manifest"]).parent.name == "caf\u00e9 \u2615"

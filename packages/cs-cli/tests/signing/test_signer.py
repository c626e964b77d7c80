"""Where the passphrase comes from."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli_keys import SigningKey, make_key, raw, write_key
from cli_samples import Cs, Workspace
from cs_cli.building import preparation
from cs_cli.errors import CliError, describe_error
from cs_cli.options import SigningOptions
from cs_cli.signing.signer import load_signer
from cs_cli.terminal.console import Console
from terminals import answer_at_terminal

VARIABLE = "CONDA_SHIP_SIGN_PASSPHRASE"


@pytest.fixture
def key() -> SigningKey:
    """Return a key."""
    return make_key("p256")


@pytest.fixture
def locked(key: SigningKey, tmp_path: Path) -> Path:
    """Return the file of the key, encrypted with ``open sesame``."""
    return write_key(tmp_path / "locked.pem", key, passphrase=b"open sesame")


def load(options: SigningOptions, environ: Mapping[str, str], out_dir: Path) -> bytes:
    """Return the number of a key that was loaded."""
    return raw(load_signer(options, out_dir, environ, Console(quiet=True)))


@pytest.mark.parametrize("content", ["open sesame", "open sesame\n", "open sesame\r\n", "open sesame\nmore\n"])
def test_a_file_has_it_in_its_first_line(tmp_path: Path, key: SigningKey, locked: Path, content: str) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(content.encode())
    options = SigningOptions(key=locked, passphrase_file=file)
    assert load(options, {VARIABLE: "something else"}, tmp_path / "dist") == raw(key)


def test_a_variable_has_it(tmp_path: Path, key: SigningKey, locked: Path) -> None:
    options = SigningOptions(key=locked, passphrase_file=None)
    assert load(options, {VARIABLE: "open sesame"}, tmp_path / "dist") == raw(key)
    with pytest.raises(CliError, match="the passphrase is wrong"):
        load(options, {VARIABLE: "open sesame "}, tmp_path / "dist")
    with pytest.raises(CliError, match="the passphrase is empty"):
        load(options, {VARIABLE: ""}, tmp_path / "dist")


@pytest.mark.parametrize("words", [(), ("--platform", "all")], ids=["one", "all"])
def test_nothing_that_a_build_starts_finds_it(
    words: tuple[str, ...], workspace: Workspace, template: Path, locked: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a program inherits is seen where programs start: while the version is asked for, and at the end."""
    seen: list[bool] = []

    def note(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            seen.append(VARIABLE in os.environ)
            return function(*given, **named)

        return call

    for name in ("derive_project", "find_revision", "_settle", "plan_build"):
        monkeypatch.setattr(preparation, name, note(getattr(preparation, name)))
    monkeypatch.setenv(VARIABLE, "open sesame")
    assert cs("build", "--layout", "embedded", "--sign", locked, *words).status == 0
    assert seen == [False] * 4
    assert os.environ[VARIABLE] == "open sesame"


@pytest.mark.only("on Unix", "its pipes are files")
def test_a_pipe_has_it(tmp_path: Path, key: SigningKey, locked: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"open sesame\n")
    os.close(writer)
    options = SigningOptions(key=locked, passphrase_file=Path(f"/dev/fd/{reader}"))
    assert load(options, {}, tmp_path / "dist") == raw(key)
    os.close(reader)


def test_a_key_that_is_not_encrypted_needs_none(tmp_path: Path, key: SigningKey) -> None:
    path = write_key(tmp_path / "open.pem", key)
    assert load(SigningOptions(key=path, passphrase_file=tmp_path / "missing"), {}, tmp_path / "dist") == raw(key)


def test_without_a_terminal_there_is_no_question(tmp_path: Path, locked: Path) -> None:
    with pytest.raises(CliError) as caught:
        load(SigningOptions(key=locked, passphrase_file=None), {}, tmp_path / "dist")
    described = describe_error(caught.value)
    assert described["message"] == "the key is encrypted, and no passphrase was given"
    assert described["hint"] == f"give the passphrase with --passphrase-file or {VARIABLE}"
    assert described["path"] == str(locked)


def test_files_that_cannot_be_read_are_named(tmp_path: Path, locked: Path) -> None:
    for path, kind in ((tmp_path / "missing", "not-found"), (tmp_path, "cannot-read")):
        with pytest.raises(CliError) as caught:
            load(SigningOptions(key=locked, passphrase_file=path), {}, tmp_path / "dist")
        assert (caught.value.kind, caught.value.path) == (kind, path)


def test_a_passphrase_file_in_the_output_is_refused(tmp_path: Path, locked: Path) -> None:
    options = SigningOptions(key=locked, passphrase_file=tmp_path / "dist" / "passphrase")
    with pytest.raises(CliError, match="the passphrase is in") as caught:
        load(options, {}, tmp_path / "dist")
    assert caught.value.kind == "key-published"


PROGRAM = """
import sys
from pathlib import Path
from types import SimpleNamespace
from cs_cli import main
from cs_cli.options import SigningOptions
from cs_cli.signing.signer import load_signer
from cs_cli.terminal.console import Console

def load(_):
    key = load_signer(SigningOptions(key=Path(sys.argv[1]), passphrase_file=None), Path("dist"), {}, Console())
    print("loaded", type(key).__name__)
    return 0

main.load_command = lambda _: SimpleNamespace(run=load)
sys.exit(main.main(["sign", "dist", "--key", "x"]))
"""


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        (b"open sesame\n", 0, "loaded"),
        (b"open barley\n", 1, "the passphrase is wrong"),
        (b"\n", 1, "the passphrase is empty"),
        (b"\x04", 1, "the terminal cannot ask for a secret"),
        (b"open ses\x03", 130, "\ninterrupted\r\n"),
    ],
)
def test_a_terminal_is_asked_and_shows_nothing(locked: Path, answer: bytes, status: int, expected: str) -> None:
    words = [sys.executable, "-c", PROGRAM, str(locked)]
    question = f"Passphrase of {locked}: "
    found, written = answer_at_terminal(words, question, answer, {"NO_COLOR": "1", "COLUMNS": "500"})
    assert (found, expected in written) == (status, True), written
    assert question in written
    assert "open " not in written
    assert "Traceback" not in written


def test_a_path_does_not_command_the_terminal(locked: Path) -> None:
    hostile = locked.rename(locked.with_name("a\x1b[31m\nb"))
    _, written = answer_at_terminal([sys.executable, "-c", PROGRAM, str(hostile)], "a\\x1b[31m\\nb: ", b"\n", {})
    assert "\x1b[31m" not in written

"""A directory that somebody else has prepared: no link is followed, nothing hangs, nothing forges output."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from cli_samples import Cs, list_unchecked, seal, verify
from cs_cli.errors import CliError
from cs_cli.terminal.console import Console
from cs_cli.untrusted import parse_object
from cs_cli.verification.checks import Result
from cs_cli.verification.companions import check_info
from cs_cli.verification.documents import take, take_objects
from cs_cli.verification.files import StagedFiles
from cs_cli.verification.folder import verify_folder
from cs_cli.verification.statements import Trust

on_unix = pytest.mark.only("on Unix", "it has links, pipes and free names")
FILES = (
    "demo",
    "demo.bundle.tar.zst",
    "demo.runtime.lock",
    "demo.packages.txt",
    "demo.notices.txt",
    "demo.cdx.json",
    "demo.info.json",
    "demo.provenance.json",
    "demo.sha256",
)


def kinds(result: Result) -> set[tuple[str, str]]:
    return {(one.file, one.error.kind) for one in result.checks if one.error is not None}


@on_unix
@pytest.mark.parametrize("name", FILES)
def test_a_link_in_a_directory_is_not_followed(name: str, dist: Path, tmp_path: Path) -> None:
    (dist / name).rename(tmp_path / "elsewhere")
    (dist / name).symlink_to(tmp_path / "elsewhere")
    assert (name, "not-a-file") in kinds(verify(dist))


@on_unix
@pytest.mark.parametrize("name", FILES)
def test_a_pipe_does_not_block(name: str, dist: Path) -> None:
    (dist / name).unlink()
    os.mkfifo(dist / name)
    assert (name, "not-a-file") in kinds(verify(dist))


@on_unix
def test_directories_sockets_and_dangling_links_are_refused(dist: Path) -> None:
    for name in FILES[1:4]:
        (dist / name).unlink()
    (dist / FILES[1]).mkdir()
    (dist / FILES[2]).symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(dist / FILES[3]))
        found = kinds(verify(dist))
    assert {(name, "not-a-file") for name in FILES[1:4]} <= found


@on_unix
def test_a_link_that_belongs_to_no_build_is_only_named(dist: Path) -> None:
    (dist / "latest").symlink_to("/")
    result = verify(dist)
    assert result.problems == ()
    assert list_unchecked(result) == ["latest: not a file of a build"]


@on_unix
def test_names_never_command_the_terminal(dist: Path, cs: Cs) -> None:
    evil = "\x1b]0;owned\x07\nok: forged\u202e\udcff"
    (dist / evil).write_text("")
    (dist / f"{evil}.sha256").write_bytes(os.fsencode(f"{'0' * 64}  {evil}\n"))
    for words in ((), ("--json",), ("--error-format", "json")):
        outcome = cs("verify", dist, *words)
        for text in (outcome.out, outcome.err):
            assert not {"\x1b", "\x07", "\u202e", "\udcff"} & set(text)
            assert not any(line.startswith("ok: forged") for line in text.splitlines())
    assert (f"{evil}.sha256", "checksums-damaged") in kinds(verify(dist))


@pytest.mark.parametrize("name", ["..", ".", "../demo", "a\\b", "C:x", "a\x07b", "\x1b[2J", "/etc/passwd"])
def test_a_checksum_file_names_files_of_its_directory_only(name: str, dist: Path) -> None:
    checksums = dist / "demo.sha256"
    checksums.write_text(checksums.read_text() + f"{'0' * 64}  {name}\n")
    assert ("demo.sha256", "checksums-damaged") in kinds(verify(dist))


def test_two_builds_cannot_claim_one_another(dist: Path) -> None:
    (dist / "other.sha256").write_text((dist / "demo.sha256").read_text())
    assert kinds(verify(dist)) == {("other.sha256", "checksums-damaged")}


def test_a_file_that_is_replaced_while_it_is_checked_is_noticed(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone who can write to the directory could show one file to each check."""

    def replace_meanwhile(*words: Any) -> None:
        (dist / "new").write_bytes((dist / "demo.packages.txt").read_bytes())
        (dist / "new").replace(dist / "demo.packages.txt")
        check_info(*words)

    monkeypatch.setattr("cs_cli.verification.folder.check_info", replace_meanwhile)
    result, _ = verify_folder(dist, Trust(), Console(quiet=True))
    assert kinds(result) == {("demo.packages.txt", "file-changed")}


def test_what_is_parsed_is_what_was_hashed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    files = StagedFiles(tmp_path)
    files.hash("a")
    (tmp_path / "a").write_bytes(b"two")
    with pytest.raises(CliError) as caught:
        files.read("a")
    assert caught.value.kind == "file-changed"


BOMBS = {
    "deep": b"[" * 100_000,
    "deep-objects": b'{"a":' * 100_000,
    "wide": b'{"files": [' + b"{}," * 600_000 + b"{}]}",
    "twice": b'{"identity": 1, "identity": 2}',
    "nested-twice": b'{"inputs": {"a": 1, "a": 2}}',
    "long-number": b'{"package_count": ' + b"9" * 100_000 + b"}",
    "exponent": b'{"files": [{"name": "demo", "size_bytes": 1e999, "sha256": "x"}]}',
    "nan": b'{"package_count": NaN}',
    "surrogate": b'{"runtime": "\\ud800"}',
    "null": b"null",
    "not-text": b"\xff",
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("name", ["demo.info.json", "demo.cdx.json", "demo.provenance.json"])
def test_no_document_is_a_bomb(name: str, data: bytes, dist: Path, cs: Cs) -> None:
    (dist / name).write_bytes(data)
    seal(dist / "demo.sha256")
    outcome = cs("verify", dist, "--json")
    checks = json.loads(outcome.out)["results"][0]["checks"]
    wrong = [one["error"] for one in checks if one["file"] == name and one["ok"] is False]
    assert outcome.status == 1
    assert wrong
    assert all(len(one["message"]) < 1000 and one["kind"] != "internal" for one in wrong)


def test_values_of_the_wrong_type_are_refused() -> None:
    document = {"a": {"b": True, "c": "x", "d": [1]}}
    for kind, keys in (
        (int, ("a", "b")),
        (str, ("a", "b")),
        (str, ("a", "x")),
        (str, ("a", "c", "d")),
        (dict, ("a", "c")),
    ):
        with pytest.raises(ValueError, match=r"'a\."):
            take(document, kind, *keys)
    with pytest.raises(ValueError, match="is not a list of objects"):
        take_objects(document, "a", "d")


def test_a_key_that_is_there_twice_is_named_without_its_length() -> None:
    key = "k" * 100_000
    with pytest.raises(ValueError, match="appears twice") as caught:
        parse_object(f'{{"{key}": 1, "{key}": 2}}'.encode())
    assert len(str(caught.value)) < 200

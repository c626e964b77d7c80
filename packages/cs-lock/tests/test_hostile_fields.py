"""What a lock says in any field: it is harmless where it ends up, or it is refused with its place in the file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs_lock import LockError, RuntimeLock, derive, python_of, read_lock

IDENTITY = ["name", "version", "build", "build_number", "subdir", "noarch", "arch", "platform", "file_name", "channel"]
NUMBERS = ["size", "legacy_bz2_size", "timestamp", "indexed_timestamp"]
DIGESTS = ["sha256", "md5", "legacy_bz2_md5", "attestations_sha256"]
TEXTS = ["license", "license_family", "features", "python_site_packages_path", "depends", "constrains", "flags"]
OTHERS = ["track_features", "purls", "extra_depends", "run_exports", "unknown", "files", "paths_data"]
FIELDS = [*IDENTITY, *NUMBERS, *DIGESTS, *TEXTS, *OTHERS]
LISTS = frozenset({"depends", "constrains", "flags", "purls"})
GROUPS = frozenset({"extra_depends", "run_exports"})

HOSTILE = (
    "1\t2\nevil\t3",
    "../../x",
    "..",
    ".",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "C:\\x",
    "x\0y",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x85",
    "line\rline",
    "line\u2028line",
    "x" * 300,
    "1e999",
    ".inf",
    ".nan",
    "-1",
    str(1 << 63),
    str((1 << 64) - 1),
    "9" * 5000,
    "https://h.example/\nx",
    "file:///etc/passwd",
    "",
    " ",
)
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

LOCK = """\
version: 6
environments:
  default:
    channels:
    - url: {channel}
    packages:
      linux-64:
      - conda: {url}
packages:
- conda: {url}
  sha256: {sha256}
{rest}"""
URL = "https://conda.example.com/forge/linux-64/python-3.12.1-h0_0.conda"


def render(path: Path, *, rest: str = "", url: str = URL, channel: str = "https://conda.example.com/forge/") -> Path:
    text = LOCK.format(url=json.dumps(url), channel=json.dumps(channel), rest=rest, sha256="ab" * 32)
    path.write_text(text, encoding="utf-8")
    return path


def check(path: Path) -> None:
    """Derive what would ship, and look where each field ends up."""
    try:
        lock = derive(read_lock(path), environment="default")
    except LockError as error:
        refusal = error
    else:
        check_shipped(lock, path)
        return
    places = [refusal.line, *(problem.line for problem in refusal.problems)]
    # A dependency that is not there is that of a package, not of a line.
    assert any(places) or {problem.kind for problem in refusal.problems} == {"missing-dependency"}


def check_shipped(lock: RuntimeLock, path: Path) -> None:
    rendered = lock.render()
    for record in lock.packages("linux-64"):
        for text in (record.name, record.version, record.build, record.subdir, record.file_name, record.url):
            assert text
            assert not _BREAKS.search(text)
            assert not re.search(r"\s", text)
        for text in (record.name, record.version, record.build, record.subdir, record.file_name):
            assert not re.search(r"[/\\]", text)
        assert len(f"{record.identity}.json".encode()) <= 255
        assert len(record.file_name.encode()) <= 255
        assert not _BREAKS.search(record.channel or "")
        assert 0 <= (record.size_bytes or 0) < 1 << 63
        document = json.dumps(record.to_record_json(), allow_nan=False, ensure_ascii=False)
        assert not _ESCAPES.search(document)
        assert not {"files", "paths_data"} & record.to_record_json().keys()
    python = python_of(lock.packages("linux-64"))
    assert python is None or not {"", ".", ".."} & set(python[1].split("/"))
    for channel in lock.channels:
        assert not _BREAKS.search(channel.url)
    path.write_bytes(rendered)
    assert derive(read_lock(path), environment="default").render() == rendered


def entry(field: str, value: str) -> str:
    quoted = json.dumps(value)
    if field in LISTS:
        return f"  {field}:\n  - {quoted}\n"
    if field in GROUPS:
        return f"  {field}:\n    weak:\n    - {quoted}\n"
    return f"  {field}: {quoted}\n"


@pytest.mark.parametrize("value", HOSTILE, ids=[ascii(value)[:24] for value in HOSTILE])
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_ships_what_it_must_not(field: str, value: str, tmp_path: Path) -> None:
    check(render(tmp_path / "pixi.lock", rest=entry(field, value)))


@pytest.mark.parametrize("value", HOSTILE, ids=[ascii(value)[:24] for value in HOSTILE])
def test_no_address_ships_what_it_must_not(value: str, tmp_path: Path) -> None:
    check(render(tmp_path / "pixi.lock", url=f"https://h.example/{value}/linux-64/a-1-0.conda"))
    check(render(tmp_path / "pixi.lock", url=f"https://h.example/linux-64/a-{value}-0.conda"))
    check(render(tmp_path / "pixi.lock", url=f"https://h.example/linux-64/a-1-{value}.conda"))
    check(render(tmp_path / "pixi.lock", channel=f"https://h.example/{value}"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(field=st.sampled_from(FIELDS), value=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_neither_does_any_text(field: str, value: str, tmp_path: Path) -> None:
    check(render(tmp_path / "pixi.lock", rest=entry(field, value)))


def test_a_control_character_is_refused_with_its_place(tmp_path: Path) -> None:
    path = render(tmp_path / "pixi.lock", rest='  license: "\\e]0;title\\a"\n')
    with pytest.raises(LockError, match=r"a value contains the control character U\+001B") as caught:
        read_lock(path)
    assert (caught.value.path, caught.value.line, caught.value.column) == (path, 12, 12)


@pytest.mark.parametrize("value", ["\x9b", "\x85", "\x80"])
def test_one_that_stands_there_itself_is_refused_too(value: str, tmp_path: Path) -> None:
    path = render(tmp_path / "pixi.lock", rest=f"  license: a{value}b\n")
    with pytest.raises(LockError, match="it contains control characters") as caught:
        read_lock(path)
    assert (caught.value.line, caught.value.column) == (12, 13)


def test_a_licence_of_several_lines_may_ship(tmp_path: Path) -> None:
    path = render(tmp_path / "pixi.lock", rest="  license: |\n    one\n    two\n")
    assert derive(read_lock(path), environment="default").packages("linux-64")[0].license == "one\ntwo\n"

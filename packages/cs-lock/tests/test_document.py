from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cs_lock import LockError, read_lock
from cs_lock._document import MAX_LINES, MAX_SIZE_BYTES

Write = Callable[[str | bytes], Path]

HEAD = "version: 6\nenvironments:\n  default:\n    channels: []\n    packages: {}\npackages:\n"
ANCHORS = "version: 6\na: &a [x]\n" + "".join(f"a{i}: &a{i} [*a, *a, *a]\n" for i in range(40))
ALIASED_MAPPINGS = "a: &a {x: 1}\n" + "".join(f"b{i}: *a\n" for i in range(1000))
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", "empty"),
    "only_blanks": (b" \n\n  \n", "empty"),
    "only_comments": (b"# nothing\n", "not-a-lock"),
    "null": (b"null\n", "not-a-lock"),
    "a_list": (b"- version: 6\n", "not-a-lock"),
    "a_word": (b"lock\n", "not-a-lock"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00\x00", "binary"),
    "utf_16": ("version: 6\n".encode("utf-16"), "not-utf-8"),
    "latin_1": ("version: 6\nname: caf\xe9\n".encode("latin-1"), "not-utf-8"),
    "git_conflict": ("<<<<<<< HEAD\nversion: 6\n=======\nversion: 5\n>>>>>>> b\n", "invalid-yaml"),
    "git_conflict_inside": (HEAD + "<<<<<<< HEAD\n- conda: a\n=======\n- conda: b\n>>>>>>> b\n", "invalid-yaml"),
    "git_lfs_pointer": ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "git-lfs-pointer"),
    "truncated_in_quotes": (HEAD + "- conda: 'https://x", "invalid-yaml"),
    "truncated_in_flow": (HEAD + "- {conda: x, depends: [a", "invalid-yaml"),
    "truncated_before_packages": ("version: 6\nenvironments:\n", "invalid-value"),
    "tabs": ("version:\t6\n\tenvironments: {}\n", "invalid-yaml"),
    "duplicate_keys": (HEAD + "- conda: x\n  conda: y\n", "duplicate-key"),
    "duplicate_top_level": (HEAD + "[]\nversion: 6\n", "invalid-yaml"),
    "two_documents": (HEAD + "- conda: x\n---\nversion: 6\n", "several-documents"),
    "anchor_bomb": (ANCHORS, "anchors"),
    "aliased_mappings": (ALIASED_MAPPINGS, "anchors"),
    "merge_bomb": ("a: &a {x: 1}\nb:\n  <<: *a\n", "anchors"),
    "deep_flow": ("version: 6\na: " + "[" * 100_000, "too-deep"),
    "deep_maps": ("version: 6\na: " + "{a: " * 100_000, "too-deep"),
    "deep_blocks": ("".join(f"{' ' * i}a:\n" for i in range(3000)), "too-deep"),
    "deep_items": ("- " * 100_000 + "a\n", "too-deep"),
    "deep_dashes_in_mapping": ("a:\n" + "- " * 5000 + "b: &c\n", "too-deep"),
    "spaces": ("version: 6\na: b" + " " * 2_000_000 + "\t\n", "invalid-value"),
    "digits": (HEAD + "- conda: https://x/linux-64/a-1-" + "1" * 1_000_000 + "x.conda\n", "fine"),
    "dashes": (HEAD + "- conda: https://x/linux-64/" + "a-" * 500_000 + ".conda\n", "fine"),
    "python_tag": ("version: !!python/object/apply:os.system [id]\n", "unsupported-version"),
    "no_version": ("environments: {}\npackages: []\n", "not-a-lock"),
    "version_word": ("version: six\n", "unsupported-version"),
    "version_zero": ("version: 0\n", "unsupported-version"),
    "version_three": ("version: 3\nmetadata: {}\n", "unsupported-version"),
    "version_eight": ("version: 8\nenvironments: {}\npackages: []\n", "unsupported-version"),
    "version_huge": ("version: " + "9" * 100_000 + "\n", "unsupported-version"),
    "environments_list": ("version: 6\nenvironments: []\npackages: []\n", "invalid-value"),
    "packages_text": ("version: 6\nenvironments: {}\npackages: none\n", "invalid-value"),
    "package_text": ("version: 6\nenvironments: {}\npackages:\n- none\n", "invalid-value"),
    "package_without_location": ("version: 6\nenvironments: {}\npackages:\n- sha256: 00\n", "invalid-value"),
    "unknown_subdir": ("version: 7\nplatforms:\n- name: moon-64\nenvironments: {}\npackages: []\n", "unknown-subdir"),
    "platform_twice": (
        "version: 7\nplatforms:\n- name: win-64\n- name: win-64\nenvironments: {}\npackages: []\n",
        "duplicate-platform",
    ),
}

# Reads a file with 600 MB of address space and 20 seconds, and prints the error's kind.
READ_BOUNDED = """
import resource, sys
from cs_lock import LockError, derive, read_lock
resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
try:
    source = read_lock(sys.argv[1])
    for name in source.environments:
        source.environment(name)
    print("fine")
except LockError as error:
    str(error)
    print(error.kind)
"""


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_lock_gives_one_error_in_bounded_time_and_memory(fault: str, write_text: Write) -> None:
    content, kind = BROKEN[fault]
    path = write_text(content)
    if kind == "fine":
        assert read_lock(path).environments == ("default",)
        return
    with pytest.raises(LockError) as caught:
        read_lock(path)
    assert caught.value.kind == kind, caught.value
    assert caught.value.path == path
    assert len(str(caught.value)) < 5000


@pytest.mark.only("on Unix", "it has resource limits")
@pytest.mark.parametrize(
    "fault", ["anchor_bomb", "deep_flow", "deep_blocks", "deep_items", "spaces", "digits", "dashes"]
)
def test_hostile_lock_cannot_exhaust_or_crash_the_process(fault: str, write_text: Write) -> None:
    content, kind = BROKEN[fault]
    command = [sys.executable, "-c", READ_BOUNDED, str(write_text(content))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, kind), run.stderr


@pytest.mark.only("on Unix", "it has resource limits")
def test_lock_of_a_million_lines_is_read_in_bounded_memory(write_text: Write) -> None:
    path = write_text(HEAD.replace("packages:\n", "packages: []\nx:\n", 1) + "- a\n" * 1_000_000)
    run = subprocess.run([sys.executable, "-c", READ_BOUNDED, str(path)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "fine"), run.stderr


def test_says_where_text_stops_being_utf_8(write_text: Write) -> None:
    with pytest.raises(LockError, match="not UTF-8 text") as caught:
        read_lock(write_text(b"version: 6\nname: caf\xe9\n"))
    assert (caught.value.line, caught.value.column, caught.value.actual) == (2, 10, "byte 0xe9")


def test_says_where_a_control_character_stands(write_text: Write) -> None:
    with pytest.raises(LockError, match="control characters") as caught:
        read_lock(write_text(b"version: 6\nname: a\x00b\n"))
    assert (caught.value.line, caught.value.column) == (2, 8)


def test_reads_crlf_and_a_byte_order_mark(write_text: Write) -> None:
    path = write_text(b"\xef\xbb\xbf" + (HEAD[:-1] + " []\n").replace("\n", "\r\n").encode())
    assert read_lock(path).environments == ("default",)


def test_missing_lock_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="cannot read the lock: No such file") as caught:
        read_lock(tmp_path / "pixi.lock")
    assert caught.value.kind == "missing"
    assert caught.value.hint == "lock the workspace first, with the tool that owns its manifest"


def test_refuses_directories_and_pipes(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="not a regular file"):
        read_lock(tmp_path)
    if sys.platform == "win32":
        return
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(LockError, match="not a regular file"):
        read_lock(pipe)


def test_refuses_files_that_are_too_large_without_reading_them_whole(tmp_path: Path) -> None:
    path = tmp_path / "pixi.lock"
    with path.open("wb") as file:
        file.truncate(MAX_SIZE_BYTES * 100)
    with pytest.raises(LockError, match="larger than 64 MiB") as caught:
        read_lock(path)
    assert caught.value.kind == "too-large"


def test_refuses_too_many_lines(write_text: Write) -> None:
    with pytest.raises(LockError, match="more than 2000000 lines"):
        read_lock(write_text(b"\n" * (MAX_LINES + 1)))


FIRST_LAYOUT = "version: {}\nmetadata:\n  content_hash: {{}}\npackage: []\n"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_pixi_lock_of_the_first_versions_is_recognised(version: int, write_text: Write) -> None:
    with pytest.raises(LockError) as caught:
        read_lock(write_text(FIRST_LAYOUT.format(version)))
    assert caught.value.kind == "unsupported-version"
    assert caught.value.message == f"version {version} of the lock format is too old (4 to 7 can be read)"
    assert caught.value.hint == "run `pixi lock`"


@pytest.mark.parametrize("name", ["conda-lock.yml", "conda.lock"])
def test_a_lock_of_the_conda_lock_tool_is_recognised(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FIRST_LAYOUT.format(1))
    with pytest.raises(LockError, match="lock of the conda-lock tool") as caught:
        read_lock(tmp_path / name)
    assert caught.value.kind == "legacy-conda-lock"


def test_a_merge_conflict_is_found_where_it_begins(write_text: Write) -> None:
    with pytest.raises(LockError, match="the lock has the marks of a merge conflict") as caught:
        read_lock(write_text(HEAD + "<<<<<<< HEAD\n- conda: a\n=======\n- conda: b\n>>>>>>> b\n"))
    assert (caught.value.kind, caught.value.line, caught.value.column) == ("invalid-yaml", 7, 1)

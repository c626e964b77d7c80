"""Three users on one machine: root, a victim, and an attacker who plants what looks like a runtime's own."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = 0
ATTACKER = 2001
VICTIM = 2002
PWNED = "PWNED"

FOOTER_LENGTH = 512
IDENTITY = slice(32, 64)
"""Where the identity is in the footer: docs/reference/stamp-format.md."""


def become(user: int, *, umask: str = "022") -> tuple[str, ...]:
    """Words before a command that run it as a user, with the group of the same number and no other."""
    words = ["sh", "-c", f'umask {umask}; exec "$@"', "sh"]
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words)


def read_identity(runtime: Path) -> str:
    """The identity of a runtime's stamp, which is public."""
    with runtime.open("rb") as file:
        file.seek(-FOOTER_LENGTH, os.SEEK_END)
        return file.read()[IDENTITY].hex()


def give(directory: Path, user: int) -> None:
    """Let a user own a directory and all that is in it."""
    for path in [directory, *directory.rglob("*")]:
        os.chown(path, user, user, follow_symlinks=False)


def forge(directory: Path, runtime: Path, *, user: int = ATTACKER) -> None:
    """Plant a prefix that says it was made by the stamp of ``runtime``; its delegate says that it has run."""
    for name in ("bin", "conda-meta", "envs/prod/conda-meta", "pkgs/cached"):
        (directory / name).mkdir(parents=True)
    marker = {"schema_version": 1, "stamp": read_identity(runtime), "runtime": "demo", "runtime_version": "6.6"}
    (directory / ".demo.json").write_text(json.dumps(marker, separators=(",", ":")))
    for name in ("bin/tool", "bin/conda", "envs/prod/tool"):
        (directory / name).write_text(f"#!/bin/sh\necho {PWNED} $(id -u)\n")
        (directory / name).chmod(0o755)
    give(directory, user)


def plant_previous(parent: Path, runtime: Path) -> None:
    """What an upgrade would have kept."""
    forge(parent / ".demo.previous", runtime)


def plant_finished(parent: Path, runtime: Path) -> None:
    """A staging directory that only waits for its rename."""
    forge(parent / ".demo.staging", runtime)


def plant_unfinished(parent: Path, runtime: Path) -> None:
    """A staging directory as a killed run leaves it."""
    forge(parent / ".demo.staging", runtime)
    (parent / ".demo.staging" / ".demo.staging").mkdir()
    give(parent / ".demo.staging", ATTACKER)


def plant_empty(parent: Path, runtime: Path) -> None:
    """Empty directories."""
    for name in (".demo.previous", ".demo.staging"):
        (parent / name).mkdir()
        give(parent / name, ATTACKER)


def plant_empty_previous(parent: Path, runtime: Path) -> None:
    """An empty directory in the place of the previous prefix."""
    (parent / ".demo.previous").mkdir()
    give(parent / ".demo.previous", ATTACKER)


def plant_links(parent: Path, runtime: Path) -> None:
    """Links to a forged prefix."""
    forge(parent / "elsewhere", runtime)
    for name in (".demo.previous", ".demo.staging"):
        (parent / name).symlink_to("elsewhere")
        os.chown(parent / name, ATTACKER, ATTACKER, follow_symlinks=False)


NEIGHBOURS: dict[str, Callable[[Path, Path], None]] = {
    "previous": plant_previous,
    "finished staging": plant_finished,
    "unfinished staging": plant_unfinished,
    "empty": plant_empty,
    "empty previous": plant_empty_previous,
    "links": plant_links,
}


def make_sticky(parent: Path) -> Path:
    """As /tmp is."""
    parent.mkdir()
    parent.chmod(0o1777)
    return parent / "demo"


def make_open(parent: Path) -> Path:
    """Everybody may exchange what is in it."""
    parent.mkdir()
    parent.chmod(0o777)
    return parent / "demo"


def make_group(parent: Path) -> Path:
    """The attacker's group may exchange what is in it."""
    parent.mkdir()
    os.chown(parent, ROOT, ATTACKER)
    parent.chmod(0o2775)
    return parent / "demo"


def make_nested(parent: Path) -> Path:
    """A directory of the attacker's in one like /tmp."""
    make_sticky(parent)
    inner = parent / "inner"
    inner.mkdir()
    inner.chmod(0o777)
    os.chown(inner, ATTACKER, ATTACKER)
    return inner / "demo"


PLACES: dict[str, Callable[[Path], Path]] = {
    "sticky": make_sticky,
    "open": make_open,
    "group": make_group,
    "nested": make_nested,
}


def put_pipe(marker: Path) -> None:
    """A pipe without a writer."""
    os.mkfifo(marker)


def put_endless(marker: Path) -> None:
    """A link to a device without end."""
    marker.symlink_to("/dev/zero")


def put_link(marker: Path) -> None:
    """A link to the right file."""
    kept = marker.with_name("kept.json")
    marker.with_name("was.json").rename(kept)
    marker.symlink_to(kept.name)


def put_directory(marker: Path) -> None:
    """A directory."""
    marker.mkdir()


def put_hole(marker: Path) -> None:
    """Two gigabytes of zeros."""
    marker.touch()
    os.truncate(marker, 2 << 30)


def put_socket(marker: Path) -> None:
    """A socket."""
    here = os.open(marker.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(f"/proc/self/fd/{here}/{marker.name}")
    os.close(here)


MARKERS: dict[str, Callable[[Path], None]] = {
    "pipe": put_pipe,
    "endless": put_endless,
    "link": put_link,
    "directory": put_directory,
    "hole": put_hole,
    "socket": put_socket,
}


def walk(directory: Path) -> Iterator[Path]:
    """A directory and all below it, links not followed."""
    yield directory
    if directory.is_dir() and not directory.is_symlink():
        for entry in directory.iterdir():
            yield from walk(entry)


def read_begin(path: Path) -> bytes:
    """As much of a file as tells it from another."""
    with path.open("rb") as file:
        return file.read(1 << 16)


def describe(directory: Path, *, user: int | None = None) -> dict[str, tuple[object, ...]]:
    """What is below a directory, itself included; of one user if one is given. Of files the begin is read."""
    found: dict[str, tuple[object, ...]] = {}
    for path in walk(directory):
        status = path.lstat()
        if user not in (None, status.st_uid):
            continue
        content = read_begin(path) if stat.S_ISREG(status.st_mode) else b""
        target = str(path.readlink()) if path.is_symlink() else None
        modified = None if path == directory else status.st_mtime_ns
        found[str(path)] = (status.st_mode, status.st_ino, status.st_uid, status.st_size, modified, content, target)
    return found

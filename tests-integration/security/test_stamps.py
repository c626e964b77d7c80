"""Three readers of a stamp accept the same files and refuse the same files.

They are ``cs verify``'s reader (Python), the full program (``demo bootstrap``) and the fast path (``demo word``, in a
home where the published runtime has installed its prefix). They see stamps that were changed at random and made to
hold together again.
"""

from __future__ import annotations

import json
import random
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cs_stamp import StampError, verify_stamp
from support.commands import Home
from support.workshop import Workshop

TAGS = ("header", "plan", "lock", "bytecode", "bundle", "launch")
FOOTER = 512
DAMAGED = 78
ROUNDS = 20
"""Rounds of one stamp for each kind of change: a second for two."""

JSON_TOKENS = (
    *("null", "true", "0", "-1", "1.5", "1e400", "-0", "9223372036854775807", "9223372036854775808", "9" * 4400),
    *(
        '""',
        '"."',
        '".."',
        '"a/b"',
        r'"a\\b"',
        r'"\n"',
        r'"\u0000"',
        r'"\u007f"',
        r'"\ud800"',
        '"\u0085"',
        '"x"',
        '"é"',
    ),
    *("[]", "{}", '{"a":1,"a":1}', '{"b":1,"a":1}', "[" * 40 + "]" * 40, "NaN", "nul", '"\t"', "[1,]"),
    *('"wheel"', '"six"', '"a--b"', '"a.whl"', '"a.conda"'),
    *('"embedded"', '"external"', '"shipped"', '"self"', '"full"', '"user-data"', '"win-64"', '"conda"'),
)

PYTHON = {"version": "3.11.7", "site_packages_path": "lib/python3.11/site-packages"}
WHEEL = {
    "kind": "wheel",
    "version": "1.0",
    "url": "https://files.example/six-1.0-py3-none-any.whl",
    "file_name": "six-1.0-py3-none-any.whl",
    "sha256": "44" * 32,
    "md5": None,
    "size": None,
    "direct_url": None,
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A runtime in pieces, to be put together again."""

    template: bytes
    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, runtime: Path) -> Stamp:
        data = runtime.read_bytes()
        (length,) = struct.unpack_from("<Q", data, len(data) - FOOTER + 24)
        start, parts = len(data) - length, []
        for index in range(len(TAGS)):
            offset, size = struct.unpack_from("<QQ", data, len(data) - FOOTER + 64 + 56 * index + 8)
            parts.append(data[start + offset : start + offset + size])
        return cls(data[:start], tuple(parts))

    def replace(self, tag: str, data: bytes) -> Stamp:
        parts = list(self.parts)
        parts[TAGS.index(tag)] = data
        return Stamp(self.template, tuple(parts))

    def assemble(self, edit: Callable[[bytearray], None] = lambda _: None) -> bytes:
        """Put the runtime together; digests and identity follow from the parts, the footer's own also from the edit."""
        footer, offset = bytearray(FOOTER), 0
        footer[:16] = b"\x89CONDA-SHIP\r\n\x1a\n\0"
        struct.pack_into("<II", footer, 16, 1, len(TAGS))
        digests = [sha256(part).digest() for part in self.parts]
        for index, (tag, part) in enumerate(zip(TAGS, self.parts, strict=True)):
            struct.pack_into("<8sQQ32s", footer, 64 + 56 * index, tag.encode(), offset, len(part), digests[index])
            offset += len(part)
        struct.pack_into("<Q", footer, 24, offset + FOOTER)
        footer[32:64] = sha256(b"".join(digests[:4]) + digests[5]).digest()
        edit(footer)
        footer[480:] = sha256(footer[:480]).digest()
        return self.template + b"".join(self.parts) + bytes(footer)


def change_json(stamp: Stamp, tag: str, dice: random.Random) -> bytes:
    """Change one value, or put another key in."""
    document: dict[str, Any] = json.loads(stamp.parts[TAGS.index(tag)])
    target: Any = document
    if tag == "plan" and dice.random() < 0.8:
        target = dice.choice(document["packages"])
    return change_document(stamp, tag, document, target, dice)


def change_wheel(stamp: Stamp, _: str, dice: random.Random) -> bytes:
    """Add wheels to the plan, and change one value of one of them, or of the plan."""
    document: dict[str, Any] = json.loads(stamp.parts[TAGS.index("plan")])
    wheels = [{**WHEEL, "name": name} for name in ("six", document["packages"][0]["name"])]
    document |= {"schema_version": 2, "python": document["python"] or PYTHON}
    document["packages"] += wheels
    target = dice.choice([*wheels, wheels[0], document])
    return change_document(stamp, "plan", document, target, dice)


def change_document(stamp: Stamp, tag: str, document: dict[str, Any], target: Any, dice: random.Random) -> bytes:
    """Change one value of a document, or put another key in.

    :param target: the part of the document that is changed.
    """
    key = dice.choice([*target, "aaa", "kind", "zzz"])
    if dice.random() < 0.1 and key in target:
        del target[key]
        return stamp.replace(tag, json.dumps(document, sort_keys=True).encode()).assemble()
    if dice.random() < 0.3:
        target[key] = change_form(target.get(key))
        return stamp.replace(tag, json.dumps(document, sort_keys=True).encode()).assemble()
    target[key] = "@@@"
    text = json.dumps(document, sort_keys=dice.random() < 0.95, separators=(",", ":"), ensure_ascii=False)
    return stamp.replace(tag, text.replace('"@@@"', dice.choice(JSON_TOKENS)).encode()).assemble()


def change_form(value: Any) -> Any:
    """Return an object as the list of its values, and a word as an object: some readers take both for the same."""
    match value:
        case dict():
            return [*value.values()]
        case [{**first}, *rest]:
            return [[*first.values()], *rest]
        case str():
            return {value: None}
    return [value]


def change_launch(stamp: Stamp, _: str, dice: random.Random) -> bytes:
    """Change a byte, or one of the strings and its length with it."""
    block = bytearray(stamp.parts[5])
    if dice.random() < 0.5:
        block[dice.randrange(len(block))] ^= 1 << dice.randrange(8)
        return stamp.replace("launch", bytes(block)).assemble()
    strings, position = [], 12
    while position < len(block):
        (size,) = struct.unpack_from("<H", block, position)
        strings.append(bytes(block[position + 2 : position + 2 + size]))
        position += size + 3
    strings[dice.randrange(len(strings))] = dice.choice([b"", b"x", b"../../bin/id", b"\xff", b"status"])
    packed = b"".join(struct.pack("<H", len(string)) + string + b"\0" for string in strings)
    return stamp.replace("launch", bytes(block[:12]) + packed).assemble()


def change_footer(stamp: Stamp, _: str, dice: random.Random) -> bytes:
    """Change a bit, or a whole number, of what the footer's digest is taken of."""

    def edit(footer: bytearray) -> None:
        if dice.random() < 0.5:
            footer[dice.randrange(16, 480)] ^= 1 << dice.randrange(8)
        else:
            place = dice.choice([24, *(64 + 56 * index + 8 * field for index in range(6) for field in (1, 2))])
            struct.pack_into("<Q", footer, place, dice.choice([0, 1, 3585, (1 << 30) + 1, 1 << 63, (1 << 64) - 1]))

    return stamp.assemble(edit)


def change_bytes(stamp: Stamp, _: str, dice: random.Random) -> bytes:
    """Cut, lengthen or change the end of the file, and digest nothing again."""
    data = bytearray(stamp.assemble())
    match dice.randrange(3):
        case 0:
            del data[-dice.randrange(1, 4096) :]
        case 1:
            data += dice.randbytes(dice.randrange(1, 64))
        case _:
            data[-dice.randrange(1, FOOTER + len(stamp.parts[5]))] ^= 1 << dice.randrange(8)
    return bytes(data)


CHANGES: dict[str, Callable[[Stamp, str, random.Random], bytes]] = {
    "header": change_json,
    "plan": change_json,
    "wheel": change_wheel,
    "launch": change_launch,
    "footer": change_footer,
    "bytes": change_bytes,
}


def read(runtime: Path) -> StampError | None:
    """Whether Python refuses the stamp, and why."""
    try:
        verify_stamp(runtime)
    except StampError as error:
        return error
    return None


@pytest.fixture
def published(home: Home, plain_workshop: Workshop) -> Stamp:
    runtime = plain_workshop.build()
    assert home.run(runtime, "word").stdout == f"{home.prefix} word\n"
    return Stamp.of(runtime)


@pytest.mark.parametrize("kind", CHANGES)
def test_all_readers_agree(kind: str, published: Stamp, home: Home, tmp_path: Path) -> None:
    dice, refused = random.Random(f"stamps {kind}"), 0
    for number in range(ROUNDS):
        runtime = tmp_path / f"changed-{number}"
        runtime.write_bytes(CHANGES[kind](published, kind, dice))
        runtime.chmod(0o755)
        error = read(runtime)
        full, later = home.run(runtime, "--path", str(tmp_path / "other"), "bootstrap"), home.run(runtime, "word")
        if error is None:
            assert full.returncode != DAMAGED, (number, full)
        # On a user's machine no program reads the lock, and of the bundle only the archives are compared.
        elif error.part not in ("lock", "bundle"):
            refused += 1
            assert full.returncode == DAMAGED, (number, str(error), full)
            # A later run needs no plan. A changed plan changes the identity, so the run installs.
            assert (later.returncode, later.stdout) == (DAMAGED, ""), (number, str(error), later)
        shutil.rmtree(tmp_path / "other", ignore_errors=True)
        runtime.unlink()
    assert refused > ROUNDS // 4


def test_an_edited_launch_part_runs_nothing_and_verifies_nowhere(published: Stamp, home: Home, tmp_path: Path) -> None:
    runtime = tmp_path / "edited"
    delegate = published.parts[5].index(b"bin/")
    (size,) = struct.unpack_from("<H", published.parts[5], delegate - 2)
    elsewhere = b"../../../../../../../usr/bin/id"
    launch = published.parts[5]
    launch = launch[: delegate - 2] + struct.pack("<H", len(elsewhere)) + elsewhere + launch[delegate + size :]
    runtime.write_bytes(published.replace("launch", launch).assemble())
    runtime.chmod(0o755)
    assert "it contradicts the header" in str(read(runtime))
    completed = home.run(runtime)
    assert (completed.returncode, completed.stdout) == (DAMAGED, ""), completed
    assert "it contradicts the header" in completed.stderr

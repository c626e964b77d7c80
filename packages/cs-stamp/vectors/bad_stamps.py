"""Files that readers refuse for their bytes or their footer; ``bad_parts`` has those with a part that is wrong."""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import sha256

from bad_parts import bad_parts
from samples import TEMPLATE, Stamp, flip, full_stamp
from signed_files import Bad

from cs_stamp._layout import FOOTER_SIZE_BYTES, MAGIC, PART_LIMITS_BYTES, PART_TAGS


def bad_files() -> Bad:
    """Return name, error kind, damaged part, description and bytes of every file that readers refuse."""
    files: Bad = {}
    stamp = full_stamp()
    good = TEMPLATE + stamp.assemble()
    for tag, position in _middles(stamp).items():
        about = f"one bit in the middle of the {tag} is flipped"
        files[f"flipped-byte-in-{tag}"] = ("damaged", tag, about, flip(good, position))
    end = len(good)
    files |= {
        "flipped-byte-in-magic": ("not-stamped", None, "no magic, no stamp", flip(good, end - FOOTER_SIZE_BYTES)),
        "flipped-byte-in-footer-digest": ("damaged", "footer", "the footer's digest is wrong", flip(good, end - 1)),
        "flipped-byte-in-footer-behind-trailing-bytes": (
            "damaged",
            "footer",
            "the search meets the magic but no digest that matches",
            flip(good, end - 200) + b"signature",
        ),
        "no-stamp": ("not-stamped", None, "a template", TEMPLATE),
        "empty-file": ("not-stamped", None, "no bytes at all", b""),
        "bare-magic": ("damaged", "footer", "the magic and nothing behind it", TEMPLATE + MAGIC),
        "truncated-in-footer": ("damaged", "footer", "the last 100 bytes are missing", good[:-100]),
        "truncated-in-bundle": ("not-stamped", None, "cut before the footer", good[: _middles(stamp)["bundle"]]),
        "truncated-at-the-front": ("damaged", "footer", "the first 200 bytes are missing", good[200:]),
    }
    return files | _bad_footers(stamp) | bad_parts(stamp)


def _bad_footers(stamp: Stamp) -> dict[str, tuple[str, str | None, str, bytes]]:
    def edited(edit: Callable[[bytearray], None]) -> bytes:
        return TEMPLATE + stamp.assemble(edit)

    def entry(index: int) -> int:
        return 64 + 56 * index

    def swap_lock_and_plan(footer: bytearray) -> None:
        plan, lock = slice(entry(1), entry(2)), slice(entry(2), entry(3))
        footer[plan], footer[lock] = footer[lock], footer[plan]

    def add(position: int, value: int) -> Callable[[bytearray], None]:
        def edit(footer: bytearray) -> None:
            (old,) = struct.unpack_from("<Q", footer, position)
            struct.pack_into("<Q", footer, position, (old + value) % (1 << 64))

        return edit

    def put(layout: str, position: int, value: int) -> Callable[[bytearray], None]:
        return lambda footer: struct.pack_into(layout, footer, position, value)

    edits: dict[str, tuple[str, Callable[[bytearray], None]]] = {
        "parts-out-of-order": ("the entries of plan and lock have changed places", swap_lock_and_plan),
        "gap-between-parts": ("the plan starts a byte late", add(entry(1) + 8, 1)),
        "parts-overlap": ("the lock starts a byte early", add(entry(2) + 8, (1 << 64) - 1)),
        "part-past-end": ("the launch part is said to reach into the footer", add(entry(5) + 16, 1)),
        "part-length-overflows": (
            "the bundle is said to be 2^64 - 1 bytes long",
            put("<Q", entry(4) + 16, (1 << 64) - 1),
        ),
        "first-part-not-at-zero": ("the header's offset is not 0", add(entry(0) + 8, 1)),
        "stamp-length-too-long": ("the stamp is said to begin before the file", put("<Q", 24, 1 << 40)),
        "stamp-length-zero": ("the stamp is said to be empty", put("<Q", 24, 0)),
        "five-parts": ("the number of part entries is 5", put("<I", 20, 5)),
        "unknown-part": ("a part has another tag", put("<B", entry(3), ord("x"))),
        "reserved-not-zero": ("a reserved byte is set", put("<B", 479, 1)),
        "identity-of-another-launch-part": (
            "the identity leaves the launch part out",
            lambda footer: footer.__setitem__(slice(32, 64), sha256(_first_digests(footer)).digest()),
        ),
        "identity-not-of-the-parts": ("the identity follows from other parts", put("<B", 32, 0xAA)),
    }
    files: dict[str, tuple[str, str | None, str, bytes]] = {
        name: ("damaged", "footer", about, edited(edit)) for name, (about, edit) in edits.items()
    }
    for tag, limit in PART_LIMITS_BYTES.items():
        edit = put("<Q", entry(PART_TAGS.index(tag)) + 16, limit + 1)
        files[f"{tag}-beyond-its-limit"] = ("damaged", tag, f"{limit + 1} bytes are claimed", edited(edit))
    files["unknown-version"] = ("unsupported-version", "footer", "format version 2", edited(put("<I", 16, 2)))
    return files


def _first_digests(footer: bytearray) -> bytes:
    return b"".join(bytes(footer[64 + 56 * index + 24 : 64 + 56 * (index + 1)]) for index in range(4))


def _middles(stamp: Stamp) -> dict[str, int]:
    middles, position = {}, len(TEMPLATE)
    for tag in PART_TAGS:
        middles[tag] = position + len(stamp.parts[tag]) // 2
        position += len(stamp.parts[tag])
    return {**middles, "footer": position + 200}

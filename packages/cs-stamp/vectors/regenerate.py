"""Write the test vectors of the stamp format anew.

Run it with ``nox -s vectors``. The same release gives the same bytes; a test compares them. Both test suites, Python's
and Rust's, read ``vectors.json`` and the files next to it, and share nothing else.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from signed_files import Bad, Good, bad_macos, bad_windows, good_macos, good_windows, write_macho
from tiny_executables import ARM

from cs_stamp import (
    Header,
    Mark,
    Plan,
    PlannedPackage,
    PlanPython,
    PlanRequirement,
    StampError,
    read_stamp,
    write_stamp,
)
from cs_stamp.footer import find_footer, plan_footer
from cs_stamp.header import CHOICES
from cs_stamp.launch import launch_block
from cs_stamp.layout import FOOTER_DIGEST_OFFSET, FOOTER_SIZE_BYTES, MAGIC, PART_LIMITS_BYTES, PART_TAGS

TEMPLATE = b"#!/bin/false\nnot a program: the vectors are about what stands behind it\n"
LOCK = b"version: 7\nplatforms:\n- name: linux-64\nenvironments: {}\npackages: []\n"
BUNDLE = b"not a bundle: these vectors are about the stamp alone\n"
BYTECODE = b"not compiled modules either\n"
PROVENANCE = "made by packages/cs-stamp/vectors/regenerate.py; no bytes come from anywhere else"

HEADER = Header(
    builder="cs-cli 0.1.0",
    runtime="demo",
    runtime_version="1.2.3",
    artifact_name="demo",
    layout="online",
    platform="linux-64",
    delegate="python",
    delegate_path=None,
    docs_url=None,
    install_scheme="conda-home",
    install_name="demo",
    installer=None,
    condarc=None,
    freeze_base=False,
    bytecode="on-import",
    commands="direct",
    on_upgrade="replace",
    activation="path",
    channels=("https://conda.example/main",),
    bundle_file_name=None,
    installed_size_bytes=None,
    installed_file_count=None,
    prefix_limit_bytes=None,
)
PACKAGES = (
    PlannedPackage(
        name="python",
        version="3.11.7",
        build="h1_0",
        subdir="linux-64",
        url="https://conda.example/main/linux-64/python-3.11.7-h1_0.conda",
        file_name="python-3.11.7-h1_0.conda",
        sha256="11" * 32,
        md5="22" * 16,
        size_bytes=1234567,
        requested_spec="python >=3.11",
        record={
            "name": "python",
            "version": "3.11.7",
            "build": "h1_0",
            "build_number": 0,
            "subdir": "linux-64",
            "depends": [],
            "fn": "python-3.11.7-h1_0.conda",
            "url": "https://conda.example/main/linux-64/python-3.11.7-h1_0.conda",
            "channel": "https://conda.example/main",
        },
    ),
    PlannedPackage(
        name="greeter",
        version="1.0",
        build="py_0",
        subdir="noarch",
        url="https://conda.example/main/noarch/greeter-1.0-py_0.tar.bz2",
        file_name="greeter-1.0-py_0.tar.bz2",
        sha256="33" * 32,
        noarch="python",
        record={"name": "greeter", "depends": ["python"], "summary": "grüßt"},
    ),
)
REQUIREMENTS = (
    PlanRequirement(
        package="python", spec="__glibc >=2.17,<3.0.a0", name="__glibc", is_needed=True, versions=(">=2.17", "<3.0")
    ),
    PlanRequirement(package="zlib", spec="__cuda >=12", name="__cuda", is_needed=False, versions=(">=12",)),
    PlanRequirement(package="zlib", spec="__archspec 1 x86_64_v3", name="__archspec", is_needed=True, x86_64_level=3),
)
PLAN = Plan(
    platform="linux-64",
    requested_specs=("greeter", "python >=3.11"),
    python=PlanPython(version="3.11.7", site_packages_path="lib/python3.11/site-packages"),
    packages=PACKAGES,
)
MARKS = (
    Mark(name="cs-template", version="0.1.0", stamp_formats=(1,)),
    Mark(name="n" * 31, version="v" * 31, stamp_formats=(1,)),
    Mark(name="cs-template", version="9.0rc1", stamp_formats=(1, 2, 3, 4, 5, 6, 7, 0xFFFFFFFF)),
)
HEADER_SIZES = {"pe-signed-5-zeros": 0x200, "macho-signed-15-zeros": 0x260}
"""Bytes of headers in files for Windows and macOS."""
EMBEDDED = replace(HEADER, layout="embedded", bytecode="shipped", artifact_name="demoz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The parts of a stamp, to be put together correctly or incorrectly."""

    parts: dict[str, bytes]

    def assemble(self, edit_footer: Callable[[bytearray], None] = lambda _: None) -> bytes:
        """Put the parts together; an edited footer gets a digest that matches again."""
        digests = {tag: sha256(data).digest() for tag, data in self.parts.items()}
        footer = bytearray(plan_footer({tag: len(data) for tag, data in self.parts.items()}, digests).to_bytes())
        edit_footer(footer)
        footer[FOOTER_DIGEST_OFFSET:] = sha256(footer[:FOOTER_DIGEST_OFFSET]).digest()
        return b"".join(self.parts[tag] for tag in PART_TAGS) + bytes(footer)

    def replace_part(self, tag: str, data: bytes) -> Stamp:
        """Return the stamp with another part."""
        return Stamp(parts={**self.parts, tag: data})


def make_stamp(
    header: Header, plan: Plan = PLAN, *, bytecode: bytes = b"", bundle: bytes = b"", lock: bytes = LOCK
) -> Stamp:
    """Return the parts of a stamp."""
    parts = {
        "header": header.to_bytes(),
        "plan": plan.to_bytes(),
        "lock": lock,
        "bytecode": bytecode,
        "bundle": bundle,
    }
    return Stamp(parts={**parts, "launch": launch_block(header)})


def full_stamp() -> Stamp:
    """Return a stamp with every part present."""
    return make_stamp(EMBEDDED, bytecode=BYTECODE, bundle=BUNDLE)


def good_files() -> Good:
    """Return name, description and bytes of every file that readers accept."""
    online, full = TEMPLATE + make_stamp(HEADER).assemble(), TEMPLATE + full_stamp().assemble()
    external = replace(HEADER, layout="external", bundle_file_name="demo.bundle.tar.zst", installed_size_bytes=1 << 33)
    busy = replace(
        HEADER,
        runtime="my-tool.x",
        install_name="my-tool-1.2.3-0123456789abcdef",
        install_scheme="user-data",
        commands="self",
        activation="full",
        on_upgrade="keep",
        bytecode="bootstrap",
        freeze_base=True,
        docs_url="https://docs.example/",
        installer="homebrew",
        condarc="channels:\n- https://conda.example/größe\n",
        installed_file_count=37184,
        delegate_path="condabin/python",
        prefix_limit_bytes=255,
    )
    conda = replace(HEADER, runtime="conda", install_name="conda", delegate="conda")
    windows = replace(HEADER, platform="win-64")
    script = replace(windows, delegate="conda", delegate_path="condabin/conda.bat")
    unknown = make_stamp(HEADER)
    header = {**json.loads(unknown.parts["header"]), "zz_future": {"a": [1, None]}}
    unknown = unknown.replace_part("header", json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
    local = replace(
        PACKAGES[1], url=None, record={**PACKAGES[1].record, "url": f"file:///local/noarch/{PACKAGES[1].file_name}"}
    )
    carrying = make_stamp(HEADER, replace(PLAN, packages=(PACKAGES[0], local)), bundle=BUNDLE)
    asking = replace(PLAN, requirements=REQUIREMENTS)
    no_python = replace(PLAN, python=None, packages=(), requested_specs=())
    return {
        "online": ("neither bytecode nor bundle", online),
        "online-carrying": ("a package without a URL, carried in a bundle part", TEMPLATE + carrying.assemble()),
        "external": ("names a sibling bundle; a size beyond 32 bits", TEMPLATE + make_stamp(external).assemble()),
        "embedded": ("every part is present", full),
        "every-option": ("every header field away from its default", TEMPLATE + make_stamp(busy).assemble()),
        "conda": ("a runtime named conda has no prefix variable", TEMPLATE + make_stamp(conda).assemble()),
        "windows": (
            "a runtime for Windows",
            TEMPLATE + make_stamp(windows, replace(PLAN, platform="win-64")).assemble(),
        ),
        "windows-script": (
            "a runtime for Windows whose delegate, conda, is a script that the builder found",
            TEMPLATE + make_stamp(script, replace(PLAN, platform="win-64")).assemble(),
        ),
        "requirements": (
            "packages that ask something of the machine",
            TEMPLATE + make_stamp(HEADER, asking).assemble(),
        ),
        "no-packages": ("a plan without python and packages", TEMPLATE + make_stamp(HEADER, no_python).assemble()),
        "empty-template": ("the stamp alone", make_stamp(HEADER).assemble()),
        "unknown-header-key": ("readers ignore keys that they do not know", TEMPLATE + unknown.assemble()),
        "trailing-bytes-signed": ("a signature was appended", full + b"signature" * 100),
        "trailing-one-byte": ("one byte was appended", full + b"\n"),
        "trailing-bytes-holding-the-magic": (
            "appended bytes hold the magic, twice, without a digest that matches",
            full + MAGIC + bytes(FOOTER_SIZE_BYTES) + MAGIC + b"cut short",
        ),
        "two-stamps-last-wins": ("a stamp behind a stamp", online + full_stamp().assemble()),
    }


def signed_files() -> tuple[Good, Bad]:
    """Return the files for Windows and macOS that readers accept, and those that they refuse."""
    stamps = {}
    for platform in ("win-64", "osx-64", "osx-arm64"):
        header, plan = replace(HEADER, platform=platform), replace(PLAN, platform=platform)
        stamps[platform] = (header, plan, make_stamp(header, plan).assemble())
    other = make_stamp(replace(HEADER, runtime_version="6.6.6")).assemble()

    def write(cpu: int) -> bytes:
        header, plan, _ = stamps["osx-arm64" if cpu == ARM else "osx-64"]
        return write_macho(cpu, header, plan, LOCK)

    windows, macos = stamps["win-64"][2], stamps["osx-64"][2]
    good = good_windows(windows, other) | good_macos(macos, other, write)
    return good, bad_windows(windows, other) | bad_macos(macos, other)


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
    return files | _bad_footers(stamp) | _bad_parts(stamp)


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


def _bad_parts(stamp: Stamp) -> dict[str, tuple[str, str | None, str, bytes]]:
    header: dict[str, Any] = json.loads(stamp.parts["header"])
    plan: dict[str, Any] = json.loads(stamp.parts["plan"])
    missing = {key: value for key, value in header.items() if key != "delegate"}
    short_digest = {**plan, "packages": [{**plan["packages"][0], "sha256": "11"}]}
    contents = {
        "header-not-json": ("header", "the header is YAML", b"runtime: demo\n"),
        "header-not-an-object": ("header", "the header is a JSON list", b"[]"),
        "header-not-utf8": ("header", "the header is Latin-1", '{"runtime":"größe"}'.encode("latin-1")),
        "header-missing-key": ("header", "there is no delegate", render(missing)),
        "header-wrong-type": ("header", "freeze_base is a string", render({**header, "freeze_base": "no"})),
        "header-unknown-layout": ("header", "the layout is one of no release", render({**header, "layout": "floppy"})),
        "header-empty": ("header", "the header has no bytes", b""),
        "plan-not-json": ("plan", "the plan is cut in its middle", stamp.parts["plan"][:100]),
        "plan-missing-key": (
            "plan",
            "there are no packages",
            render({k: v for k, v in plan.items() if k != "packages"}),
        ),
        "plan-short-digest": ("plan", "a package's sha256 has two digits", render(short_digest)),
        **_ambiguous_parts(header, plan),
        **_other_forms(header, plan),
        "plan-build-with-a-path": (
            "plan",
            "a build string leads elsewhere",
            render({**plan, "packages": [{**plan["packages"][0], "build": "../../x"}]}),
        ),
        "plan-version-with-a-line-end": (
            "plan",
            "a version has a line end",
            render({**plan, "packages": [{**plan["packages"][0], "version": "1\n2"}]}),
        ),
        "plan-md5-in-capitals": (
            "plan",
            "a digest is in capitals",
            render({**plan, "packages": [{**plan["packages"][0], "md5": "AA" * 16}]}),
        ),
        **_wrong_requirements(plan),
        "plan-of-another-platform": ("plan", "the header is for linux-64", render({**plan, "platform": "osx-64"})),
        "launch-empty": ("launch", "the launch part has no bytes", b""),
        **_contradicting_launches(),
        "launch-unknown-version": ("launch", "version 2", struct.pack("<I", 2) + stamp.parts["launch"][4:]),
        "launch-string-past-end": ("launch", "the last string is cut", stamp.parts["launch"][:-9]),
        "launch-too-long": ("launch", "3585 bytes", stamp.parts["launch"].ljust(3585, b"\0")),
    }
    return {
        name: ("damaged", tag, about, TEMPLATE + stamp.replace_part(tag, data).assemble())
        for name, (tag, about, data) in contents.items()
    }


def _wrong_requirements(plan: dict[str, Any]) -> dict[str, tuple[str, str, bytes]]:
    """Return plans with a requirement that breaks a rule."""
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "without-an-operator": ("a comparison has no operator", {"versions": ["2.17"]}),
        "of-a-pre-release": ("a comparison has letters in its version", {"versions": ["<3.0.a0"]}),
        "of-ten-digits": ("a number of a version has ten digits", {"versions": [">=1234567890"]}),
        "of-nine-numbers": ("a version has nine numbers", {"versions": [">=1.2.3.4.5.6.7.8.9"]}),
        "of-level-one": ("a level that every processor has", {"x86_64_level": 1}),
        "of-level-five": ("a level that no processor has", {"x86_64_level": 5}),
        "with-a-line-end": ("a spec has two lines", {"spec": "__glibc\n>=2"}),
        "of-a-path": ("a package's name is a path", {"package": "../python"}),
        "needed-by-number": ("a number stands for a boolean", {"is_needed": 1}),
    }
    one = REQUIREMENTS[0].to_dict()
    vectors = {
        f"plan-requirement-{name}": ("plan", why, render({**plan, "requirements": [{**one, **change}]}))
        for name, (why, change) in changes.items()
    }
    values = {**plan, "requirements": [[*one.values()]]}
    missing = {**plan, "requirements": [{key: value for key, value in one.items() if key != "x86_64_level"}]}
    return {
        **vectors,
        "plan-requirement-as-a-list": ("plan", "values without their keys", render(values)),
        "plan-requirement-without-a-level": ("plan", "a requirement lacks a key", render(missing)),
        "plan-requirements-null": ("plan", "null stands for no requirements", render({**plan, "requirements": None})),
    }


def _ambiguous_parts(header: dict[str, Any], plan: dict[str, Any]) -> dict[str, tuple[str, str, bytes]]:
    """Return what JSON readers could take differently, in keys that no reader knows."""
    values = {
        "large-number": ("an integer of more than 64 bits", str(1 << 63)),
        "long-number": ("an integer of 5,000 digits", "9" * 5000),
        "fraction": ("a number that is not an integer", "1.5"),
        "deep": ("33 levels", "[" * 32 + "]" * 32),
        "repeated-key": ("a key stands twice", '{"a":1,"a":2}'),
        "unsorted-keys": ("keys are out of order", '{"b":1,"a":2}'),
        "surrogate": ("half of a pair", '"\\ud800"'),
        "not-a-number": ("NaN", "NaN"),
    }
    parts: dict[str, tuple[str, str, bytes]] = {}
    for tag, part in (("header", header), ("plan", plan)):
        text = render({**part, "zz_unknown": None}).decode()
        for name, (about, value) in values.items():
            replaced = text.replace('"zz_unknown":null', f'"zz_unknown":{value}')
            parts[f"{tag}-{name}"] = (tag, about, replaced.encode())
    parts["header-control-character"] = ("header", "a name rings the bell", render({**header, "delegate": "a\a"}))
    return parts


def _other_forms(header: dict[str, Any], plan: dict[str, Any]) -> dict[str, tuple[str, str, bytes]]:
    """Return lists of values in place of objects, and objects in place of words, as some readers take them."""
    package = PACKAGES[0].to_dict()
    python = [plan["python"][key] for key in ("version", "site_packages_path")]
    values: dict[str, tuple[str, str, Any]] = {
        "header-as-a-list": ("header", "values without their keys", [header[key] for key in HEADER.to_dict()]),
        "plan-as-a-list": ("plan", "values without their keys", [plan[key] for key in PLAN.to_dict()]),
        "plan-python-as-a-list": ("plan", "values without their keys", {**plan, "python": python}),
        "plan-package-as-a-list": ("plan", "values without their keys", {**plan, "packages": [[*package.values()]]}),
        "plan-noarch-as-an-object": (
            "plan",
            "a word stands as a key",
            {**plan, "packages": [{**package, "noarch": {"generic": None}}]},
        ),
    }
    for key in CHOICES:
        name = f"header-{key.replace('_', '-')}-as-an-object"
        values[name] = ("header", "a word stands as a key", {**header, key: {header[key]: None}})
    return {name: (tag, about, render(value)) for name, (tag, about, value) in values.items()}


def _contradicting_launches() -> dict[str, tuple[str, str, bytes]]:
    """Return launch parts that are well formed, and contradict the header."""
    others = {
        "another-delegate": ("the delegate is another", replace(EMBEDDED, delegate="other")),
        "another-prefix": ("the prefix is another", replace(EMBEDDED, install_name="other")),
        "another-runtime": ("the runtime is another", replace(EMBEDDED, runtime="other")),
        "another-activation": ("a flag is set", replace(EMBEDDED, activation="full")),
        "other-words": ("the runtime's own words are others", replace(EMBEDDED, commands="self")),
    }
    launches = {
        f"launch-with-{name}": ("launch", about, launch_block(header)) for name, (about, header) in others.items()
    }
    delegate = launch_block(EMBEDDED).replace(b"bin/python", b"../../id.x")
    return {**launches, "launch-out-of-the-prefix": ("launch", "the delegate is not in the prefix", delegate)}


def render(value: dict[str, Any]) -> bytes:
    """Render JSON as the header and the plan have it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _middles(stamp: Stamp) -> dict[str, int]:
    middles, position = {}, len(TEMPLATE)
    for tag in PART_TAGS:
        middles[tag] = position + len(stamp.parts[tag]) // 2
        position += len(stamp.parts[tag])
    return {**middles, "footer": position + 200}


def flip(data: bytes, position: int, bit: int = 0) -> bytes:
    """Return the bytes with one bit of one of them flipped."""
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


def describe_good(path: Path, about: str) -> dict[str, Any]:
    """Return what the index says about a file that readers accept."""
    with read_stamp(path) as stamp:
        launch = stamp.read_part("launch")
        return {
            "file": f"good/{path.name}",
            "about": about,
            "identity": stamp.identity,
            "stamp_offset": stamp.stamp_offset,
            "trailing_size_bytes": stamp.trailing_size_bytes,
            "parts": {
                tag: {"offset": part.offset, "size_bytes": part.size_bytes, "sha256": part.sha256}
                for tag, part in stamp.parts.items()
            },
            "header": stamp.header.to_dict(),
            "plan": stamp.read_plan().to_dict(),
            "launch": {"flags": struct.unpack_from("<I", launch, 4)[0], "strings": _launch_strings(launch)},
        }


def describe_damage(name: str, data: bytes, header_size: int) -> dict[str, Any]:
    """Return what the index says about a file with one bit of its headers flipped, and about its beginnings.

    Kinds of errors are given with the first bit, or the first size, from which on they are found.
    """
    bits = (flip(data, bit // 8, bit % 8) for bit in range(8 * header_size))
    return {
        "file": f"good/{name}.bin",
        "flipped_bits": _describe_runs(bits),
        "truncated_to": _describe_runs(data[:size] for size in range(len(data))),
    }


def _describe_runs(files: Iterable[bytes]) -> list[tuple[int, str]]:
    runs: list[tuple[int, str]] = []
    for index, data in enumerate(files):
        try:
            find_footer(io.BytesIO(data))
            kind = "accepted"
        except StampError as error:
            kind = error.kind
        if not runs or runs[-1][1] != kind:
            runs.append((index, kind))
    return runs


def describe_mark(mark: Mark) -> dict[str, Any]:
    """Return what the index says about the mark of a template: its fields, and its bytes in hex."""
    return {
        "name": mark.name,
        "version": mark.version,
        "stamp_formats": list(mark.stamp_formats),
        "hex": mark.to_bytes().hex(),
    }


def _launch_strings(block: bytes) -> list[str]:
    strings, position = [], 12
    for _ in range(6):
        (size,) = struct.unpack_from("<H", block, position)
        strings.append(block[position + 2 : position + 2 + size].decode())
        position += size + 3
    return strings


def regenerate(directory: Path) -> None:
    """Write every vector and the index below a directory."""
    for name in ("good", "bad"):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir(parents=True)
    good, bad = [], []
    good_signed, bad_signed = signed_files()
    for name, (about, data) in sorted((good_files() | good_signed).items()):
        path = directory / "good" / f"{name}.bin"
        path.write_bytes(data)
        good.append(describe_good(path, about))
    for name, (kind, part, about, data) in sorted((bad_files() | bad_signed).items()):
        (directory / "bad" / f"{name}.bin").write_bytes(data)
        bad.append({"file": f"bad/{name}.bin", "about": about, "error": {"kind": kind, "part": part}})
    index = {
        "schema_version": 1,
        "provenance": PROVENANCE,
        "good": good,
        "bad": bad,
        "damage": [describe_damage(name, good_signed[name][1], size) for name, size in HEADER_SIZES.items()],
        "marks": [describe_mark(mark) for mark in MARKS],
    }
    text = json.dumps(index, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (directory / "vectors.json").write_text(text, encoding="utf-8", newline="\n")
    check_writer(good)


def check_writer(good: list[dict[str, Any]]) -> None:
    """Check that the writer makes the same file as the parts put together here."""
    with tempfile.TemporaryDirectory() as name:
        template, out, bundle, bytecode = (Path(name) / item for item in ("template", "out", "bundle", "bytecode"))
        for path, data in ((template, TEMPLATE), (bundle, BUNDLE), (bytecode, BYTECODE)):
            path.write_bytes(data)
        info = write_stamp(template, out, header=EMBEDDED, plan=PLAN, lock=LOCK, bundle=bundle, bytecode=bytecode)
        if out.read_bytes() != good_files()["embedded"][1]:
            raise SystemExit("write_stamp and these vectors disagree")
        if info.identity not in {vector["identity"] for vector in good}:
            raise SystemExit("write_stamp and these vectors have different identities")


if __name__ == "__main__":
    regenerate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)

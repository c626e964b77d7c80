"""Stamps that readers accept."""

from __future__ import annotations

import json
from dataclasses import replace

from samples import (
    BUNDLE,
    HEADER,
    LOCK,
    PACKAGES,
    PLAN,
    REQUIREMENTS,
    TEMPLATE,
    WHEELS,
    full_stamp,
    make_stamp,
)
from signed_files import Bad, Good, bad_macos, bad_windows, good_macos, good_windows, write_macho
from tiny_executables import ARM

from cs_stamp.layout import FOOTER_SIZE_BYTES, MAGIC


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
        source_revision="0123456789abcdef0123456789abcdef01234567-dirty",
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
    wheels = replace(PLAN, wheels=WHEELS)
    local_wheel = replace(PLAN, wheels=(WHEELS[0], replace(WHEELS[1], url=None, direct_url=None)))
    no_python = replace(PLAN, python=None, packages=(), requested_specs=())
    return {
        "online": ("neither bytecode nor bundle", online),
        "online-carrying": ("a package without a URL, carried in a bundle part", TEMPLATE + carrying.assemble()),
        "wheels": ("one wheel has the name of a conda package", TEMPLATE + make_stamp(HEADER, wheels).assemble()),
        "online-carrying-a-wheel": (
            "a wheel without a URL, carried in a bundle part",
            TEMPLATE + make_stamp(HEADER, local_wheel, bundle=BUNDLE).assemble(),
        ),
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

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

from cs_stamp import Header, Plan
from cs_stamp._layout import FOOTER_SIZE_BYTES, MAGIC

BUSY = replace(
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
"""No field has its default."""


def good_files() -> Good:
    """Return name, description and bytes of every file that readers accept."""
    return _headers() | _windows() | _plans() | _local_archives() | _odd_files()


def _stamped(header: Header, plan: Plan = PLAN, *, bundle: bytes = b"") -> bytes:
    """Return the template with a stamp."""
    return TEMPLATE + make_stamp(header, plan, bundle=bundle).assemble()


def _headers() -> Good:
    external = replace(HEADER, layout="external", bundle_file_name="demo.bundle.tar.zst", installed_size_bytes=1 << 33)
    conda = replace(HEADER, runtime="conda", install_name="conda", delegate="conda")
    return {
        "online": ("neither bytecode nor bundle", _stamped(HEADER)),
        "external": ("names a sibling bundle; a size beyond 32 bits", _stamped(external)),
        "embedded": ("every part is present", TEMPLATE + full_stamp().assemble()),
        "every-option": ("every header field away from its default", _stamped(BUSY)),
        "conda": ("a runtime named conda has no prefix variable", _stamped(conda)),
    }


def _windows() -> Good:
    windows, plan = replace(HEADER, platform="win-64"), replace(PLAN, platform="win-64")
    script = replace(windows, delegate="conda", delegate_path="condabin/conda.bat")
    about_script = "a runtime for Windows whose delegate, conda, is a script that the builder found"
    return {
        "windows": ("a runtime for Windows", _stamped(windows, plan)),
        "windows-script": (about_script, _stamped(script, plan)),
    }


def _plans() -> Good:
    asking, wheels = replace(PLAN, requirements=REQUIREMENTS), replace(PLAN, wheels=WHEELS)
    empty = replace(PLAN, python=None, packages=(), requested_specs=())
    return {
        "requirements": ("packages that ask something of the machine", _stamped(HEADER, asking)),
        "wheels": ("one wheel has the name of a conda package", _stamped(HEADER, wheels)),
        "no-packages": ("a plan without python and packages", _stamped(HEADER, empty)),
    }


def _local_archives() -> Good:
    python, greeter = PACKAGES
    local = replace(greeter, url=None, record={**greeter.record, "url": f"file:///local/noarch/{greeter.file_name}"})
    local_wheel = replace(WHEELS[1], url=None, direct_url=None)
    package, wheel = replace(PLAN, packages=(python, local)), replace(PLAN, wheels=(WHEELS[0], local_wheel))
    about_package = "a package without a URL, carried in a bundle part"
    about_wheel = "a wheel without a URL, carried in a bundle part"
    return {
        "online-carrying": (about_package, _stamped(HEADER, package, bundle=BUNDLE)),
        "online-carrying-a-wheel": (about_wheel, _stamped(HEADER, wheel, bundle=BUNDLE)),
    }


def _odd_files() -> Good:
    """Return files with something that a reader does not look for, before or behind the stamp or in it."""
    stamp, full = make_stamp(HEADER), full_stamp().assemble()
    header = {**json.loads(stamp.parts["header"]), "zz_future": {"a": [1, None]}}
    unknown = stamp.replace_part("header", json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
    magic_twice = MAGIC + bytes(FOOTER_SIZE_BYTES) + MAGIC + b"cut short"
    about_magic = "appended bytes hold the magic, twice, without a digest that matches"
    return {
        "empty-template": ("the stamp alone", stamp.assemble()),
        "unknown-header-key": ("readers ignore keys that they do not know", TEMPLATE + unknown.assemble()),
        "trailing-bytes-signed": ("a signature was appended", TEMPLATE + full + b"signature" * 100),
        "trailing-one-byte": ("one byte was appended", TEMPLATE + full + b"\n"),
        "trailing-bytes-holding-the-magic": (about_magic, TEMPLATE + full + magic_twice),
        "two-stamps-last-wins": ("a stamp behind a stamp", _stamped(HEADER) + full),
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

"""Wheels that bring a template to machines of other platforms; see
``docs/development/decisions/templates-for-other-platforms.md``.

``python -m foreign.portable DIRECTORY`` makes one of each of the template's wheels in a directory, on any system.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import zipfile
from pathlib import Path

from .errors import ForeignError
from .targets import TARGETS

_TIME = (1980, 1, 1, 0, 0, 0)
_TAGS = {
    "linux-64": r"(many|musl)?linux\w*_x86_64",
    "linux-aarch64": r"(many|musl)?linux\w*_aarch64",
    "osx-64": r"macosx_\w+_x86_64",
    "osx-arm64": r"macosx_\w+_arm64",
    "win-64": r"win_amd64",
    "win-arm64": r"win_arm64",
}
"""The tags of a platform's own wheel, by conda's name of the platform."""
_WHEEL = "Wheel-Version: 1.0\nGenerator: conda-ship\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_portable(wheel: Path, directory: Path) -> Path:
    """Make ``cs-template-PLATFORM`` of a platform's own wheel: the same template, which every machine may install.

    The same wheel gives the same bytes.

    :raises ForeignError: if the wheel does not hold one template for a known platform.
    """
    platform = find_platform(wheel.name)
    version = wheel.name.split("-")[1]
    name = f"cs-template-{platform}"
    stem = f"{name.replace('-', '_')}-{version}"
    files = _collect(wheel, platform, f"{stem}.dist-info", name)
    rows = [f"{path},{_digest(data)},{len(data)}" for path, data in files.items()]
    record = f"{stem}.dist-info/RECORD"
    files[record] = "".join(f"{row}\n" for row in [*rows, f"{record},,"]).encode()
    out = directory / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, _TIME)
            entry.external_attr = (0o100755 if path.startswith("cs_templates/") else 0o100644) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return out


def find_platform(wheel_name: str) -> str:
    """Tell which platform a wheel is tagged for."""
    tags = wheel_name.removesuffix(".whl").rpartition("-")[2].split(".")
    for platform, pattern in _TAGS.items():
        if all(re.fullmatch(pattern, tag) for tag in tags):
            return platform
    raise ForeignError(f"{wheel_name} is not tagged for one platform")


def _collect(wheel: Path, platform: str, info: str, name: str) -> dict[str, bytes]:
    """Read what the new wheel takes over, by its path there."""
    (target,) = [one for one in TARGETS if one.subdir == platform]
    program = f"cs-template{target.program_suffix}"
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(wheel) as archive:
        for path in sorted(archive.namelist()):
            inner = path.partition("/")[2]
            if path.endswith(f".data/scripts/{program}"):
                files[f"cs_templates/{platform}/{program}"] = archive.read(path)
            elif path.partition("/")[0].endswith(".dist-info") and inner.startswith(("licenses/", "sboms/")):
                files[f"{info}/{inner}"] = archive.read(path)
            elif path.endswith(".dist-info/METADATA"):
                metadata = archive.read(path).decode()
                files[f"{info}/METADATA"] = re.sub(r"(?m)^Name: .*$", f"Name: {name}", metadata, count=1).encode()
    if f"cs_templates/{platform}/{program}" not in files or f"{info}/METADATA" not in files:
        raise ForeignError(f"{wheel.name} has no {program}")
    return {**files, f"{info}/WHEEL": _WHEEL.encode()}


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def main(directory: Path) -> None:
    """Make the wheels of a directory and print their paths.

    :raises ForeignError: if the directory has none of the template's wheels.
    """
    wheels = sorted(directory.glob("cs_template-*.whl"))
    if not wheels:
        raise ForeignError(f"{directory} has no wheel of the template")
    for wheel in wheels:
        print(make_portable(wheel, directory))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except ForeignError as error:
        sys.exit(f"error: {error}")

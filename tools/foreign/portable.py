"""Wheels that bring a template to machines of other platforms; see
``docs/development/decisions/templates-for-other-platforms.md``.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from pathlib import Path

from .errors import ForeignError
from .targets import Target, find_target

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
    target = find_wheel_target(wheel.name)
    version = wheel.name.split("-")[1]
    name = f"cs-template-{target.subdir}"
    stem = f"{name.replace('-', '_')}-{version}"
    files = _collect(wheel, target, f"{stem}.dist-info", name)
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


def find_wheel_target(wheel_name: str) -> Target:
    """Tell which platform a wheel is tagged for."""
    for platform, pattern in _TAGS.items():
        if all(re.fullmatch(pattern, tag) for tag in list_tags(wheel_name)):
            return find_target(platform)
    raise ForeignError(f"{wheel_name} is not tagged for one platform")


def list_tags(wheel_name: str) -> list[str]:
    """Return the platform tags in the name of a wheel."""
    return wheel_name.removesuffix(".whl").rpartition("-")[2].split(".")


def read_template(wheel: Path, target: Target) -> bytes:
    """Return the executable in a platform's own wheel.

    :raises ForeignError: if it has none.
    """
    with zipfile.ZipFile(wheel) as archive:
        for path in archive.namelist():
            if path.endswith(f".data/scripts/{target.program}"):
                return archive.read(path)
    raise ForeignError(f"{wheel.name} has no {target.program}")


def _collect(wheel: Path, target: Target, info: str, name: str) -> dict[str, bytes]:
    """Read what the new wheel takes over, by its path there."""
    files = {f"cs_templates/{target.subdir}/{target.program}": read_template(wheel, target)}
    with zipfile.ZipFile(wheel) as archive:
        for path in sorted(archive.namelist()):
            inner = path.partition("/")[2]
            if path.partition("/")[0].endswith(".dist-info") and inner.startswith(("licenses/", "sboms/")):
                files[f"{info}/{inner}"] = archive.read(path)
            elif path.endswith(".dist-info/METADATA"):
                metadata = archive.read(path).decode()
                files[f"{info}/METADATA"] = re.sub(r"(?m)^Name: .*$", f"Name: {name}", metadata, count=1).encode()
    return {**files, f"{info}/WHEEL": _WHEEL.encode()}


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

"""The file names of wheels and sdists."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ._errors import LockError

_LIMIT_BYTES = 250
"""A file name has at most 255 bytes; the tags of a name grow with the third power of its length."""
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!~=-]*\.whl")
"""What every file system and a bundle take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelName:
    """What the file name of a wheel says.

    :ivar name: of the project, in its normal form (PEP 503).
    :ivar version: in its normal form (PEP 440).
    :ivar pythons: pairs of Python tag and ABI tag, such as ``("cp312", "abi3")``.
    :ivar platforms: platform tags, such as ``manylinux_2_17_x86_64``.
    """

    name: str
    version: str
    pythons: frozenset[tuple[str, str]]
    platforms: frozenset[str]


def read_wheel_name(file_name: str) -> WheelName:
    """Read the file name of a wheel.

    :param file_name: such as ``Flask_Ext-2.0-py3-none-any.whl``.
    :raises LockError: ``invalid-file-name`` if it is not the file name of a wheel.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    expected = f"NAME-VERSION-PYTHON-ABI-PLATFORM.whl, {_LIMIT_BYTES} bytes at most"
    try:
        if len(file_name) > _LIMIT_BYTES or not _SAFE.fullmatch(file_name):
            raise InvalidWheelFilename(file_name)
        name, version, _, tags = parse_wheel_filename(file_name)
    except InvalidWheelFilename as error:
        message = f"{file_name!r} is not the file name of a wheel"
        raise LockError(message, kind="invalid-file-name", expected=expected) from error
    return WheelName(
        name=str(name),
        version=str(version),
        pythons=frozenset((tag.interpreter, tag.abi) for tag in tags),
        platforms=frozenset(tag.platform for tag in tags),
    )


def find_wheel_version(file_name: str) -> str:
    """Return the version in the file name of a wheel; empty if it is not one."""
    try:
        return read_wheel_name(file_name).version
    except LockError:
        return ""

"""The file names of wheels and sdists."""

from __future__ import annotations

import re

from .errors import LockError

_LIMIT_BYTES = 250
"""A file name has at most 255 bytes; the tags of a name grow with the third power of its length."""
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!~=-]*\.whl")
"""What every file system and a bundle take."""


def read_wheel_name(file_name: str) -> tuple[str, str]:
    """Return what the file name of a wheel says.

    :param file_name: such as ``Flask_Ext-2.0-py3-none-any.whl``.
    :returns: the project's name in its normal form, and its version.
    :raises LockError: ``invalid-file-name`` if it is not the file name of a wheel.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    expected = f"NAME-VERSION-PYTHON-ABI-PLATFORM.whl, {_LIMIT_BYTES} bytes at most"
    try:
        if len(file_name) > _LIMIT_BYTES or not _SAFE.fullmatch(file_name):
            raise InvalidWheelFilename(file_name)
        name, version, _, _ = parse_wheel_filename(file_name)
    except InvalidWheelFilename as error:
        message = f"{file_name!r} is not the file name of a wheel"
        raise LockError(message, kind="invalid-file-name", expected=expected) from error
    return str(name), str(version)

"""Does a wheel fit a platform and its Python?"""

from __future__ import annotations

from collections.abc import Iterable

from ._python import find_python, is_free_threaded
from ._records import PackageRecord
from ._wheel_names import read_wheel_name
from ._wheel_tags import fits_platform, fits_python


def wheel_fits(file_name: str, subdir: str, records: Iterable[PackageRecord]) -> bool:
    """Tell whether the tags of a wheel fit a platform, and the Python among its packages.

    :param file_name: of the wheel.
    :param subdir: of the platform.
    :param records: conda packages of the platform; without a Python among them, only the platform counts.
    :raises LockError: ``invalid-file-name`` if it is not the file name of a wheel.
    """
    stated, python = read_wheel_name(file_name), find_python(records)
    if not fits_platform(stated.platforms, subdir):
        return False
    return python is None or fits_python(stated.pythons, python.version, is_free_threaded=is_free_threaded(python))

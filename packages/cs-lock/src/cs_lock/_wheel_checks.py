"""Rules for wheels that ship."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ._dependencies import list_names
from ._errors import LockError, Problem
from ._names import pypi_label
from ._platforms import Platform
from ._python import find_python, is_cpython, is_free_threaded
from ._records import PackageRecord
from ._selection import Selection
from ._wheel_names import WheelName, read_wheel_name
from ._wheel_tags import fits_platform, fits_python
from ._wheels import Wheel

_LOCK_AGAIN = "lock the workspace again"
_PLURALS = {
    "wrong-platform": "have a wheel for another platform",
    "wrong-python": "have a wheel for another Python",
}
_BUILD_AGAIN = (
    "build the wheel again, for this platform and the environment's Python",
    "build the wheels again, for their platform and the environment's Python",
)


def check_wheels(selection: Selection) -> list[Problem]:
    """Check the wheels of a platform: names, versions, tags, and that there is a Python for them."""
    python = find_python(selection.records)
    problems = _check_python(selection, python)
    for wheel in selection.wheels:
        problems += check_wheel(wheel, selection.platform, python)
    return problems


def check_wheel(wheel: Wheel, platform: Platform, python: PackageRecord | None) -> list[Problem]:
    """Check one wheel by itself.

    :param python: that of the platform.
    """
    try:
        stated = read_wheel_name(wheel.file_name)
    except LockError as error:
        return [_describe(wheel, platform, error.kind, error.message, _LOCK_AGAIN)]
    hint, plural_hint = _BUILD_AGAIN if wheel.url is None else (_LOCK_AGAIN, None)
    return [
        replace(_describe(wheel, platform, kind, message, hint), plural=_PLURALS.get(kind), plural_hint=plural_hint)
        for kind, message in (*_check_identity(wheel, stated), *_check_tags(wheel, stated, platform, python))
    ]


def _check_identity(wheel: Wheel, stated: WheelName) -> Iterable[tuple[str, str]]:
    """Compare a file name with the lock."""
    from packaging.version import Version

    if stated.name != wheel.name:
        yield "wheel-mismatch", f"{wheel.file_name} is a wheel of {stated.name}, not of the PyPI package {wheel.name}"
    if wheel.version and Version(stated.version) != Version(wheel.version):
        yield "wheel-mismatch", f"{wheel.file_name} is not version {wheel.version} of the PyPI package {wheel.name}"


def _check_tags(
    wheel: Wheel, stated: WheelName, platform: Platform, python: PackageRecord | None
) -> Iterable[tuple[str, str]]:
    if not fits_platform(stated.platforms, platform.subdir):
        yield "wrong-platform", f"{wheel.file_name} is not for {platform.subdir}"
    if python is not None:
        without_lock = is_free_threaded(python)
        if not fits_python(stated.pythons, python.version, is_free_threaded=without_lock):
            what = "free-threaded Python" if without_lock else "Python"
            yield "wrong-python", f"{wheel.file_name} is not for {what} {python.version}"


def _check_python(selection: Selection, python: PackageRecord | None) -> list[Problem]:
    """Check that there is a CPython to install the wheels into; one without an archive is a problem by itself."""
    names = [wheel.name for wheel in selection.wheels]
    names += [entry.name for entry in selection.pending if entry.kind == "pypi"]
    is_told = "python" in {entry.name for entry in selection.pending} | {one.label for one in selection.damaged}
    if not names or is_told or (python is not None and is_cpython(python)):
        return []
    count = "a PyPI package" if len(names) == 1 else f"{len(names)} PyPI packages"
    message = f"{count} cannot be installed without CPython: {list_names(sorted(names))}"
    hint = "add python to the workspace's conda dependencies, and lock it again"
    takers = selection.takers
    if "python" in takers:
        hint = f"python was dropped because {takers['python']!r} is in 'exclude': keep it"
    return [
        Problem(
            kind="no-python",
            message=message,
            platform=selection.platform.name,
            package=pypi_label(min(names)),
            hint=hint,
        )
    ]


def check_wheel_names(selections: Iterable[Selection]) -> list[Problem]:
    """Check that no two different wheels have one file name: a bundle is flat, and local ones are beside the lock."""
    local: dict[str, Wheel] = {}
    problems = []
    for selection in selections:
        owners: dict[str, Wheel] = {}
        for wheel in selection.wheels:
            owner = (local if wheel.is_local else owners).setdefault(wheel.file_name, wheel)
            if owner.sha256 != wheel.sha256 or owner.name != wheel.name:
                message = f"two different wheels are called {wheel.file_name}"
                hint = "build the wheel once, for all platforms" if wheel.is_local else _LOCK_AGAIN
                problems.append(_describe(wheel, selection.platform, "duplicate-file-name", message, hint))
    return problems


def _describe(wheel: Wheel, platform: Platform, kind: str, message: str, hint: str) -> Problem:
    return Problem(
        kind=kind,
        message=message,
        platform=platform.name,
        package=pypi_label(wheel.name),
        key=wheel.source.key,
        hint=hint,
    )

"""What the markers of requirements (PEP 508) mean on a platform that ``cs`` does not run on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ._python import python_of
from ._records import PackageRecord

_SYSTEMS = {
    "linux": ("posix", "linux", "Linux"),
    "osx": ("posix", "darwin", "Darwin"),
    "win": ("nt", "win32", "Windows"),
}
_MACHINES = {"linux-64": "x86_64", "osx-64": "x86_64", "win-64": "AMD64", "linux-32": "i686", "win-32": "x86"}


def marker_values(subdir: str, records: Iterable[PackageRecord]) -> Mapping[str, str]:
    """Return all variables of markers: none is left to the machine that ``cs`` runs on.

    :param subdir: conda subdir of the platform.
    :param records: the conda packages of the environment: the Python is among them.
    """
    system, _, machine = subdir.partition("-")
    os_name, sys_platform, platform_system = _SYSTEMS.get(system, _SYSTEMS["linux"])
    python = python_of(records)
    version = python[0] if python else "3"
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": version,
        "os_name": os_name,
        "platform_machine": _MACHINES.get(subdir, machine.upper() if system == "win" else machine),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": platform_system,
        "platform_version": "",
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": sys_platform,
    }

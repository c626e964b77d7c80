"""What ``cs inspect --diff`` compares with: the packages of an earlier build, or of another lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from cs_lock import SUBDIRS, RuntimeLock, derive, read_lock

from ..companions.files import SUFFIXES
from ..errors import CliError
from ..options import InspectOptions
from ..project.derivation import derive_project
from ..untrusted import DOCUMENT_LIMIT_BYTES, read_document, read_limited
from .diff import Comparison, compare_packages
from .packages import ListedPackage, list_packages
from .summary import Inspection, PlatformSummary, inspect_derivation

_FLAG = "--diff"
_RUNTIME_ENVIRONMENT = "default"
_FIELDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierPlatform:
    """The packages of a platform, as something earlier has them.

    :ivar name: the workspace's name of the platform, or ``None``.
    :ivar subdir: its conda subdir; ``None`` if it is not known either.
    """

    name: str | None
    subdir: str | None
    packages: tuple[ListedPackage, ...]


def compare_with(inspection: Inspection, path: Path, options: InspectOptions) -> Comparison:
    """Compare what would ship with what an earlier file has, on the platforms of both.

    :param path: a package list, an ``info.json``, a runtime, a runtime lock or a source lock.
    :raises CliError: ``not-comparable`` if it is not one of these, or not for a platform that is shown.
    :raises LockError: if a lock is damaged.
    """
    earlier = read_earlier(path, options)
    pairs = list(_pair(inspection.platforms, earlier))
    if not pairs:
        found = ", ".join(one.name or one.subdir or "unknown" for one in earlier) or "no platform"
        raise _refuse(path, f"has the packages of {found}, which the environment does not ship for")
    sizes = {one.sha256: one.size_bytes for platform, _ in pairs for one in list_packages(platform) if one.sha256}
    return Comparison(
        earlier=str(path),
        platforms=tuple(
            compare_packages(platform.name, _add_sizes(other.packages, sizes), list_packages(platform))
            for platform, other in pairs
        ),
    )


def _add_sizes(packages: Iterable[ListedPackage], sizes: dict[str, int | None]) -> Iterator[ListedPackage]:
    """Add sizes that the list does not have: of the archives that still ship."""
    for one in packages:
        yield replace(one, size_bytes=sizes.get(one.sha256 or "")) if one.size_bytes is None else one


def _pair(
    platforms: Sequence[PlatformSummary], earlier: Sequence[EarlierPlatform]
) -> Iterator[tuple[PlatformSummary, EarlierPlatform]]:
    """Find for each platform the earlier one of its name, else the only one of its subdir."""
    for platform in platforms:
        named = [one for one in earlier if one.name == platform.name]
        alike = [one for one in earlier if one.name is None and one.subdir in (platform.subdir, None)]
        alike = alike or [one for one in earlier if one.subdir == platform.subdir]
        shared = sum(one.subdir == platform.subdir for one in platforms)
        if named:
            yield platform, named[0]
        elif len(alike) == 1 and shared == 1 and (alike[0].subdir or len(platforms) == 1):
            yield platform, alike[0]


def read_earlier(path: Path, options: InspectOptions) -> list[EarlierPlatform]:
    """Read the packages of an earlier build, or of another lock.

    :raises CliError: ``not-comparable`` if it is not one of them.
    """
    if not path.exists():
        raise _refuse(path, "does not exist")
    if path.is_dir():
        infos = sorted(path.glob(f"*{SUFFIXES['info']}"))
        if not infos:
            raise _refuse(path, "is a directory without a build")
        return [one for info in infos for one in _read_info(info, options)]
    if not path.is_file():  # a pipe may never end
        raise _refuse(path, "is not a regular file")
    if path.name.endswith(SUFFIXES["info"]):
        return _read_info(path, options)
    if path.name.endswith(SUFFIXES["packages"]):
        return [_read_list(path)]
    if path.suffix in (".lock", ".yml", ".yaml"):
        return _read_lock(path, options)
    return [_read_runtime(path)]


def _read_info(path: Path, options: InspectOptions) -> list[EarlierPlatform]:
    """Read the lock beside an ``info.json``, else the package list."""
    stem = path.name.removesuffix(SUFFIXES["info"])
    lock, packages = (path.with_name(f"{stem}{SUFFIXES[role]}") for role in ("lock", "packages"))
    name = _read_platform(path)
    if lock.is_file():
        return [one for one in _read_lock(lock, options) if name in (None, one.name)]
    if packages.is_file():
        return [replace(_read_list(packages), name=name)]
    raise _refuse(path, f"names no packages, and neither {lock.name} nor {packages.name} is beside it")


def _read_platform(info: Path) -> str | None:
    try:
        name = read_document(info)["lock_platform"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def _read_list(path: Path) -> EarlierPlatform:
    try:
        lines = read_limited(path, DOCUMENT_LIMIT_BYTES).decode().split("\n")
        rows = [line.split("\t") for line in lines if line]
        places = [urlsplit(row[3]).path for row in rows if len(row) == _FIELDS]
    except (OSError, ValueError) as error:
        raise _refuse(path, f"cannot be read: {error}") from error
    if len(places) < len(rows):
        raise _refuse(path, "is not a package list of cs build")
    stem = path.name.removesuffix(SUFFIXES["packages"])
    subdirs = {place.split("/")[-2] for place in places if "/" in place.lstrip("./")}
    known = sorted(subdirs & SUBDIRS - {"noarch"})
    return EarlierPlatform(
        name=_read_platform(path.with_name(f"{stem}{SUFFIXES['info']}")),
        subdir=known[0] if len(known) == 1 else None,
        packages=tuple(map(_read_row, rows)),
    )


def _read_row(row: Sequence[str]) -> ListedPackage:
    name, version, build, url, sha256 = row
    is_wheel = urlsplit(url).path.endswith(".whl")
    return ListedPackage(
        key=f"{'pypi' if is_wheel else 'conda'}:{name}",
        kind="pypi" if is_wheel else "conda",
        name=name,
        version=version,
        build=build,
        size_bytes=None,
        license=None,
        sha256=sha256,
    )


def _read_lock(path: Path, options: InspectOptions) -> list[EarlierPlatform]:
    """Read a lock: what would ship from it with the settings of today."""
    source = read_lock(path)
    if source.environments == (_RUNTIME_ENVIRONMENT,):
        return list(_list_platforms(derive(source, environment=_RUNTIME_ENVIRONMENT, strict=False)))
    derivation = derive_project(replace(options, source_lock=path, lock_check=False), strict=False)
    return list(map(_to_earlier, inspect_derivation(derivation, platform=None).platforms))


def _list_platforms(lock: RuntimeLock) -> Iterator[EarlierPlatform]:
    for one in lock.platforms:
        summary = PlatformSummary(
            name=one.name, subdir=one.subdir, packages=lock.packages(one.name), wheels=lock.wheels(one.name)
        )
        yield _to_earlier(summary)


def _to_earlier(platform: PlatformSummary) -> EarlierPlatform:
    return EarlierPlatform(name=platform.name, subdir=platform.subdir, packages=list_packages(platform))


def _read_runtime(path: Path) -> EarlierPlatform:
    from cs_stamp import PlannedPackage, StampError, read_stamp

    try:
        with read_stamp(path) as stamp:
            plan = stamp.read_plan()
    except (StampError, OSError) as error:
        raise _refuse(
            path, f"is not a runtime, a lock or a package list: {getattr(error, 'message', error)}"
        ) from error
    packages = [
        ListedPackage(
            key=f"{'conda' if isinstance(one, PlannedPackage) else 'pypi'}:{one.name}",
            kind="conda" if isinstance(one, PlannedPackage) else "pypi",
            name=one.name,
            version=one.version,
            build=one.build if isinstance(one, PlannedPackage) else one.file_name.removesuffix(".whl").split("-", 2)[2],
            size_bytes=one.size_bytes,
            license=None,
            sha256=one.sha256,
        )
        for one in plan.archives
    ]
    return EarlierPlatform(name=None, subdir=plan.platform, packages=tuple(packages))


def _refuse(path: Path, reason: str) -> CliError:
    return CliError(
        f"{path} {reason}",
        kind="not-comparable",
        expected="a package list, info.json, runtime lock or runtime of an earlier build, or another source lock",
        flag=_FLAG,
    )

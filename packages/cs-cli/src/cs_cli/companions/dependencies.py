"""Which package of a runtime needs which other: a graph of both kinds, with a start."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cs_lock import (
    PackageRecord,
    PendingEntry,
    Wheel,
    is_conditional,
    list_pypi_names,
    marker_values,
    normalize_pypi_name,
    parse_dependency_name,
    parse_requirement_name,
)

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from cs_manifest import RequestedSpec

Package = PackageRecord | Wheel


@dataclass(frozen=True, slots=True)
class DependencyGraph:
    """Packages by their keys: ``conda:NAME`` or ``pypi:NAME``.

    :ivar needs: what each package needs of the others.
    :ivar requested: what the workspace asks for, with the features that do.
    :ivar roots: the same, and what nothing asks for and nothing needs: everything is reached from them.
    :ivar broken: packages that need something that does not ship, because it is excluded.
    """

    needs: Mapping[str, frozenset[str]]
    requested: Mapping[str, tuple[str, ...]]
    roots: frozenset[str]
    broken: frozenset[str]


def key_of(package: Package) -> str:
    """Return the key of a package."""
    return f"{'conda' if isinstance(package, PackageRecord) else 'pypi'}:{package.name}"


def connect_packages(
    records: Sequence[PackageRecord],
    wheels: Sequence[Wheel],
    requested: Iterable[RequestedSpec],
    subdir: str,
    pending: Sequence[PendingEntry] = (),
) -> DependencyGraph:
    """Connect the packages of a platform.

    A wheel needs Python and what its requirements name, as far as their markers hold on the platform. Extras count if
    the workspace or another package asks for them. A project that is not a wheel is the conda package that contains it.

    :param requested: what the workspace asks for on the platform.
    :param subdir: conda subdir of the platform.
    :param pending: packages that need an archive of this machine.
    """
    present = {*map(key_of, records), *map(key_of, wheels), *(entry.label for entry in pending)}
    find = _make_finder(records, present)
    requested = tuple(requested)
    needs = {key_of(one): set(_list_depends(one, present)) for one in records}
    needs |= {one.label: {f"conda:{name}" for name in one.depends} for one in pending if one.kind == "conda"}
    required = {one.name: one.record.requires_dist for one in pending if one.record is not None}
    required |= {wheel.name: wheel.requires_dist for wheel in wheels}
    if required:
        asked = [spec.spec for spec in requested if spec.kind == "pypi"]
        needs |= _connect_projects(required, asked, marker_values(subdir, records), find)
    graph = {key: frozenset((found & present) - {key}) for key, found in needs.items()}
    wanted: dict[str, dict[str, None]] = {}
    for one in requested:
        if (key := find(one.name) if one.kind == "pypi" else f"conda:{one.name}") in present:
            wanted.setdefault(key, {})[one.feature] = None
    broken = frozenset(key for key, found in needs.items() if not found <= present)
    roots = frozenset({*wanted, *_list_unreached(graph, wanted)})
    return DependencyGraph(graph, {key: tuple(features) for key, features in wanted.items()}, roots, broken)


def _list_depends(record: PackageRecord, present: Container[str]) -> Iterator[str]:
    """Yield what a conda package needs: not the virtual packages, nor what it needs under a condition that fails."""
    for spec in record.depends:
        key = f"conda:{parse_dependency_name(spec)}"
        if not key.startswith("conda:__") and (key in present or not is_conditional(spec)):
            yield key


def _make_finder(records: Sequence[PackageRecord], present: set[str]) -> Callable[[str], str]:
    """Return what finds a project of PyPI: the wheel, else the conda package that contains it or has its name."""
    providers = {name: key_of(record) for record in records for name in list_pypi_names(record.purls)}

    def find(project: str) -> str:
        name = normalize_pypi_name(project)
        return f"pypi:{name}" if f"pypi:{name}" in present else providers.get(name, f"conda:{name}")

    return find


def _connect_projects(
    required: Mapping[str, Iterable[str]],
    asked: Iterable[str],
    values: Mapping[str, str],
    find: Callable[[str], str],
) -> dict[str, set[str]]:
    read = {name: [one for text in texts if (one := _parse(text))] for name, texts in required.items()}
    extras: dict[str, set[str]] = {}
    for one in (*filter(None, map(_parse, asked)), *(one for some in read.values() for one in some)):
        extras.setdefault(normalize_pypi_name(one.name), {""}).update(one.extras)
    return {
        f"pypi:{name}": {"conda:python"}
        | {find(one.name) for one in some if any(_holds(one, extra, values) for extra in extras.get(name, ("",)))}
        for name, some in read.items()
    }


@lru_cache(maxsize=16384)
def _parse(text: str) -> Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement:
        # It can be installed anyway: what is known of it is the name.
        name = parse_requirement_name(text)
        return Requirement(name) if name else None


def _holds(requirement: Requirement, extra: str, values: Mapping[str, str]) -> bool:
    """Tell whether a requirement counts; one that cannot be judged does."""
    if requirement.marker is None:
        return True
    try:
        return bool(requirement.marker.evaluate({**values, "extra": extra}))
    except Exception:  # undefined names and comparisons, and whatever is wrong with a version
        return True


def _list_unreached(graph: Mapping[str, frozenset[str]], start: Iterable[str]) -> set[str]:
    """List the fewest packages from which everything is reached that cannot be reached from the start."""
    reached, unreached = _reach(graph, start), set[str]()
    needed = {other for found in graph.values() for other in found}
    # First those that nothing needs; what is left then are circles.
    for key in sorted(graph, key=lambda key: (key in needed, key)):
        if key not in reached:
            unreached.add(key)
            reached |= _reach(graph, [key])
    return unreached


def _reach(graph: Mapping[str, frozenset[str]], start: Iterable[str]) -> set[str]:
    reached, ahead = set[str](), [*start]
    while ahead:
        if (key := ahead.pop()) not in reached:
            reached.add(key)
            ahead += graph.get(key, ())
    return reached

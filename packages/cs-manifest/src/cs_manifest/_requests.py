"""The dependencies that the features of an environment request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ._credentials import CREDENTIALS_HINT, find_addresses, holds_credentials, holds_extras
from ._environment import Feature, list_feature_platforms, list_python_groups, names_platform, read_environment
from ._platforms import KNOWN_SUBDIRS, Platform, match_selector, read_platforms
from ._specs import (
    SpecKind,
    classify_conda,
    is_conditional,
    normalize_conda_name,
    normalize_pypi_name,
    render_conda,
    render_pypi,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ._positions import KeyPath
    from ._project import Project

    _Reader = Callable[[Project, Feature], Iterator["_Entry"]]

# In this order; the later one of a name wins. All are installed into the environment.
_CONDA_TABLES = ("dependencies", "host-dependencies", "build-dependencies")
_PYPI_TABLE = "pypi-dependencies"
_OPTIONS_TABLE = "pypi-options"
_CONSTRAINTS_TABLE = "constraints"
_WORKSPACE_TABLES = {
    "workspace", "project", "environments", "feature", *_CONDA_TABLES, _PYPI_TABLE, _CONSTRAINTS_TABLE,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSpec:
    """A dependency that a feature asks for by name.

    :ivar name: package name, normalised.
    :ivar spec: match spec (``conda``), requirement (``pypi``) or location (``source``).
    :ivar kind: where the package comes from.
    :ivar feature: the feature that asks; ``default`` for the workspace's own tables.
    :ivar target: the target selector that it is under, such as ``unix``; ``None`` when it has none.
    :ivar platforms: names of the platforms that it applies to; ``None`` for all of the environment's.
    :ivar is_conditional: whether it has a condition (``when``), which only the solver can evaluate.
    :ivar key: key path of the entry, as in TOML.
    """

    name: str
    spec: str
    kind: SpecKind
    feature: str
    target: str | None
    platforms: tuple[str, ...] | None
    is_conditional: bool
    key: KeyPath

    @property
    def is_virtual(self) -> bool:
        """Whether it is for a virtual package, such as ``__glibc``: the machine provides it, no lock contains it."""
        return self.name.startswith("__")

    def holds_for(self, platform: str) -> bool:
        """Tell whether it applies to the platform of this name."""
        return self.platforms is None or platform in self.platforms


def requested_specs(
    project: Project, environment: str, platforms: Iterable[Platform] | None = None
) -> tuple[RequestedSpec, ...]:
    """List what an environment's features request, before any solve.

    :param project: from ``cs_manifest.discover``.
    :param environment: name of an environment of the manifest.
    :param platforms: those to list requests for, e.g. those of a lock; default: the environment's own.
    :returns: in the order of the features and their tables; several features may request the same name.
    :raises ManifestError: when the environment or a feature is not there, or an entry cannot be understood.
    """
    return _list_specs(project, environment, platforms, _read_requests)


def constrained_specs(
    project: Project, environment: str, platforms: Iterable[Platform] | None = None
) -> tuple[RequestedSpec, ...]:
    """List the ``[constraints]`` of an environment's features: limits on packages that nothing needs to request.

    Pixi's constraints limit the version of a package that something else requires; they do not install it.
    Parameters, result and errors are those of ``requested_specs``.
    """
    return _list_specs(project, environment, platforms, _read_constraints)


def _list_specs(
    project: Project, environment: str, platforms: Iterable[Platform] | None, read: _Reader
) -> tuple[RequestedSpec, ...]:
    if not describes_workspace(project):
        return ()
    described = read_environment(project, environment)
    wanted = tuple(described.platforms if platforms is None else platforms)
    if platforms is None and not wanted:
        wanted = tuple(Platform(name=subdir, subdir=subdir) for subdir in KNOWN_SUBDIRS)
    found: list[RequestedSpec] = []
    for feature in described.features:
        found += _place_entries(project, feature, wanted, list(read(project, feature)))
    overrides = _read_overrides(project, described.features)
    return tuple(
        replace(one, spec=overrides[one.name]) if one.kind == "pypi" and one.name in overrides else one for one in found
    )


def _read_overrides(project: Project, features: Iterable[Feature]) -> dict[str, str]:
    """Read the requirements that stand for every other one on a PyPI project (``dependency-overrides`` of Pixi).

    :returns: by the project's name; just the name where several features want something different.
    """
    found: dict[str, set[str]] = {}
    for key in (project.key("workspace"), *(feature.key for feature in features)):
        for package, value in project.document.table((*key, _OPTIONS_TABLE, "dependency-overrides")).items():
            name = normalize_pypi_name(package)
            try:
                found.setdefault(name, set()).add(render_pypi(name, value))
            except ValueError:  # Pixi says what is wrong with it
                found.setdefault(name, set()).add(name)
    return {name: texts.pop() if len(texts) == 1 else name for name, texts in found.items()}


def describes_workspace(project: Project) -> bool:
    """Tell whether a manifest defines more than what to ship; if not, only the lock lists the environments."""
    return not _WORKSPACE_TABLES.isdisjoint(project.table())


def combine_specs(specs: Iterable[RequestedSpec], platform: str) -> dict[str, str]:
    """Write one match spec for each conda package that is requested on a platform.

    :param specs: from ``requested_specs``.
    :param platform: name of the platform.
    :returns: match specs by package name, sorted. Versions that several features ask for are joined by commas; where
        one of them has more than a version (a build, a channel), the first of those is used alone.
    """
    found: dict[str, list[str]] = {}
    for spec in specs:
        if spec.kind == "conda" and spec.holds_for(platform):
            found.setdefault(spec.name, []).append(spec.spec)
    return {name: _combine(name, found[name]) for name in sorted(found)}


def _combine(name: str, specs: list[str]) -> str:
    for spec in specs:
        words = spec.split(" ")
        if words[0] != name or len(words) > 2 or "[" in spec:
            return spec
    versions = list(dict.fromkeys(spec.partition(" ")[2] for spec in specs if spec != name))
    if len(versions) > 1:
        versions = [f"({version})" if "|" in version else version for version in versions]
    return f"{name} {','.join(versions)}" if versions else name


def _place_entries(
    project: Project, feature: Feature, platforms: tuple[Platform, ...], entries: list[_Entry]
) -> Iterator[RequestedSpec]:
    names_allowed = list_feature_platforms(project, feature)
    declared = read_platforms(project)
    allowed = tuple(one for one in platforms if names_allowed is None or names_platform(names_allowed, one, declared))
    places = _choose_entries(entries, allowed)
    for index, entry in enumerate(entries):
        names = places.get(index)
        if names is None:
            continue
        yield RequestedSpec(
            name=entry.name,
            spec=entry.spec,
            kind=entry.kind,
            feature=feature.name,
            target=entry.target,
            platforms=None if len(names) == len(platforms) else names,
            is_conditional=entry.is_conditional,
            key=entry.key,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    spec: str
    kind: SpecKind
    target: str | None
    key: KeyPath
    is_conditional: bool = False


def _choose_entries(entries: list[_Entry], platforms: tuple[Platform, ...]) -> dict[int, tuple[str, ...]]:
    """Find the platforms that each entry applies to: the most specific target of a name wins, then the later."""
    chosen: dict[int, tuple[str, ...]] = {}
    for platform in platforms:
        best: dict[tuple[str, bool], tuple[int, int]] = {}
        for index, entry in enumerate(entries):
            rank = 1 if entry.target is None else match_selector(entry.target, platform) * 2
            name = (entry.name, entry.kind == "pypi")
            if rank and (rank, index) > best.get(name, (0, 0)):
                best[name] = (rank, index)
        for _, index in sorted(best.values()):
            chosen[index] = (*chosen.get(index, ()), platform.name)
    return chosen


def _read_requests(project: Project, feature: Feature) -> Iterator[_Entry]:
    yield from _read_targets(project, feature, (*_CONDA_TABLES, _PYPI_TABLE))
    yield from _read_pyproject(project, feature)


def _read_constraints(project: Project, feature: Feature) -> Iterator[_Entry]:
    return _read_targets(project, feature, (_CONSTRAINTS_TABLE,))


def _read_targets(project: Project, feature: Feature, names: tuple[str, ...]) -> Iterator[_Entry]:
    yield from _read_tables(project, feature.table, feature.key, names, target=None)
    targets = project.document.table((*feature.key, "target"))
    for selector in targets:
        key = (*feature.key, "target", selector)
        yield from _read_tables(project, project.document.table(key), key, names, target=selector)


def _read_tables(
    project: Project, table: Mapping[str, Any], key: KeyPath, names: tuple[str, ...], *, target: str | None
) -> Iterator[_Entry]:
    for name in names:
        if name not in table:
            continue
        for package in project.document.table((*key, name)):
            yield _read_entry(project, (*key, name, package), target)


def _read_entry(project: Project, key: KeyPath, target: str | None) -> _Entry:
    table, package = str(key[-2]), str(key[-1])
    value: Any = project.document.table(key[:-1])[package]
    try:
        if table == _PYPI_TABLE:
            name = normalize_pypi_name(package)
            return _Entry(name=name, spec=render_pypi(name, value), kind="pypi", target=target, key=key)
        name = normalize_conda_name(package)
        value = _inherit(project, name, value)
        spec, kind = render_conda(name, value), classify_conda(value)
        if kind == "conda":
            _check_addresses(project, key, spec)
        return _Entry(
            name=name,
            spec=spec,
            kind=kind,
            target=target,
            key=key,
            is_conditional=is_conditional(value),
        )
    except ValueError as error:
        raise project.document.error(
            f"must be {error}", kind="value-type", key=key, expected=str(error), actual=value
        ) from None


def _check_addresses(project: Project, key: KeyPath, spec: str) -> None:
    """Refuse credentials in a spec: it ships, in the plan and in the history of the prefix."""
    for address, _ in find_addresses(spec):
        if holds_credentials(address) or holds_extras(address):
            raise project.document.error(
                f"an address that ships contains credentials, a query or a fragment: {address}",
                kind="credentials",
                key=key,
                expected="an address alone",
                hint=CREDENTIALS_HINT,
            )


def _inherit(project: Project, name: str, value: Any) -> Any:
    """Replace ``{ workspace = true }`` by the entry of ``[workspace.dependencies]``, with the fields added to it."""
    if not isinstance(value, dict) or "workspace" not in value:
        return value
    pool = {normalize_conda_name(key): entry for key, entry in project.table("workspace", "dependencies").items()}
    if value["workspace"] is not True or name not in pool:
        raise ValueError("a package of [workspace.dependencies] for `workspace = true`")
    base = pool[name] if isinstance(pool[name], dict) else {"version": pool[name]}
    return base | {field: item for field, item in value.items() if field != "workspace"}


def _read_pyproject(project: Project, feature: Feature) -> Iterator[_Entry]:
    """Add what Pixi reads from the standard tables of a pyproject."""
    if project.kind.value != "pyproject-pixi":
        return
    if feature.key == project.key():
        table = project.document.table(("project",))
        python = table.get("requires-python")
        if isinstance(python, str) and not _mentions(feature, "python"):
            key = ("project", "requires-python")
            yield _Entry(name="python", spec=render_conda("python", python), kind="conda", target=None, key=key)
        yield from _read_requirements(table.get("dependencies"), ("project", "dependencies"))
    for group in list_python_groups(project):
        if normalize_pypi_name(group) != normalize_pypi_name(feature.name):
            continue
        for table_key in (("project", "optional-dependencies"), ("dependency-groups",)):
            yield from _read_requirements(project.document.table(table_key).get(group), (*table_key, group))


def _mentions(feature: Feature, name: str) -> bool:
    return any(name in feature.table.get(table, ()) for table in _CONDA_TABLES)


def _read_requirements(requirements: Any, key: KeyPath) -> Iterator[_Entry]:
    import re

    for index, requirement in enumerate(requirements if isinstance(requirements, list) else ()):
        match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement) if isinstance(requirement, str) else None
        if match is not None:
            name = normalize_pypi_name(match.group(1))
            yield _Entry(name=name, spec=requirement.strip(), kind="pypi", target=None, key=(*key, index))

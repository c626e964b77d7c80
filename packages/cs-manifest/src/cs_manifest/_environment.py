"""The environments of a workspace, and the features that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._platforms import KNOWN_SUBDIRS, Platform, read_platforms
from ._specs import normalize_pypi_name
from ._suggestions import did_you_mean, sort_by_nearness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._errors import ManifestError
    from ._positions import KeyPath
    from ._project import Project

DEFAULT = "default"
# Keys of an environment's table that are not a feature's.
_ENVIRONMENT_KEYS = {"features", "solve-group", "no-default-feature"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A named set of dependencies.

    :ivar name: its name; ``default`` for the top level of the workspace.
    :ivar key: key path of its table.
    :ivar table: its table.
    """

    name: str
    key: KeyPath
    table: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as the manifest names it; a higher priority goes first."""

    name: str
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An environment as the manifest defines it.

    :ivar features: what it is made of, the more important first.
    :ivar platforms: where it can be solved; empty when the workspace declares none.
    :ivar channels: in order of priority, each once.
    :ivar solve_group: environments of one group are solved together.
    """

    name: str
    features: tuple[Feature, ...]
    platforms: tuple[Platform, ...]
    channels: tuple[Channel, ...]
    solve_group: str | None


def list_environments(project: Project) -> tuple[str, ...]:
    """Name the environments of a workspace, sorted; ``default`` always exists."""
    return tuple(sorted({DEFAULT, *project.table("environments")}))


def read_environment(project: Project, name: str) -> Environment:
    """Read an environment of the manifest.

    :param name: its name.
    :raises ManifestError: when it or one of its features is not there, or a table has the wrong form.
    """
    table = _read_table(project, name)
    features = _collect_features(project, name, table)
    return Environment(
        name=name,
        features=features,
        platforms=_restrict_platforms(project, features),
        channels=_collect_channels(project, features),
        solve_group=table.get("solve-group"),
    )


def _read_table(project: Project, name: str) -> Mapping[str, Any]:
    environments = project.table("environments")
    if name not in environments:
        if name == DEFAULT:
            return {}
        known = sort_by_nearness(name, list_environments(project))
        raise project.document.error(
            f"there is no environment {name!r}",
            kind="environment-not-found",
            key=project.key("environments"),
            expected="one of " + ", ".join(known),
            actual=name,
            hint=did_you_mean(name, known) or f"the environments are: {', '.join(known)}",
        )
    value = environments[name]
    if isinstance(value, list):
        return {"features": value}
    if isinstance(value, dict):
        return value
    raise _wrong_form(project, ("environments", name), "a list of features, or a table with features", value)


def _wrong_form(project: Project, key: tuple[str | int, ...], expected: str, actual: object) -> ManifestError:
    return project.document.error(
        f"must be {expected}", kind="value-type", key=project.key(*key), expected=expected, actual=actual
    )


def _collect_features(project: Project, name: str, table: Mapping[str, Any]) -> tuple[Feature, ...]:
    names = table.get("features", [])
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise _wrong_form(project, ("environments", name, "features"), "a list of feature names", names)
    features = [_find_feature(project, name, feature) for feature in names if feature != DEFAULT]
    if set(table) - _ENVIRONMENT_KEYS:
        # Pixi: the environment's own table is a feature that goes before the others.
        features.insert(0, Feature(name=name, key=project.key("environments", name), table=table))
    if table.get("no-default-feature") is not True or DEFAULT in names:
        features.append(Feature(name=DEFAULT, key=project.key(), table=project.table()))
    return tuple(features)


def _find_feature(project: Project, environment: str, name: str) -> Feature:
    features = project.table("feature")
    if name in features:
        return Feature(name=name, key=project.key("feature", name), table=project.table("feature", name))
    if normalize_pypi_name(name) in map(normalize_pypi_name, list_python_groups(project)):
        return Feature(name=name, key=project.key("feature", name), table={})
    known = sort_by_nearness(name, features)
    raise project.document.error(
        f"there is no feature {name!r}",
        kind="feature-not-found",
        key=project.key("environments", environment),
        expected="a feature of the workspace",
        actual=name,
        hint=did_you_mean(name, known) or _list_features(project, name, known),
    )


def _list_features(project: Project, name: str, known: list[str]) -> str:
    return f"the features are: {', '.join(known)}" if known else f"define it in [{_dotted(project)}feature.{name}]"


def _dotted(project: Project) -> str:
    return "".join(f"{part}." for part in project.table_prefix)


def list_python_groups(project: Project) -> tuple[str, ...]:
    """Name the extras and dependency groups of a pyproject; Pixi takes each for a feature of that name."""
    if project.kind.value != "pyproject-pixi":
        return ()
    extras = project.document.table(("project", "optional-dependencies"))
    return (*extras, *project.document.table(("dependency-groups",)))


def _restrict_platforms(project: Project, features: tuple[Feature, ...]) -> tuple[Platform, ...]:
    platforms = list(read_platforms(project))
    declared = tuple(platforms)
    lists = [names for names in (list_feature_platforms(project, feature) for feature in features) if names is not None]
    # Pixi: a feature may add a platform that the workspace itself does not list.
    known = {name for platform in declared for name in (platform.name, platform.subdir)}
    for name in dict.fromkeys(name for names in lists for name in names):
        if name in KNOWN_SUBDIRS and name not in known:
            platforms.append(Platform(name=name, subdir=name))
    return tuple(platform for platform in platforms if all(names_platform(one, platform, declared) for one in lists))


def list_feature_platforms(project: Project, feature: Feature) -> tuple[str, ...] | None:
    """Return the platforms of a feature; ``None`` means all."""
    allowed = feature.table.get("platforms")
    if feature.key == project.key() or allowed is None:
        return None
    if not isinstance(allowed, list):
        raise project.document.error(
            "must be a list of platforms",
            kind="value-type",
            key=(*feature.key, "platforms"),
            expected="a list",
            actual=allowed,
        )
    names = [entry.get("name", entry.get("platform")) if isinstance(entry, dict) else entry for entry in allowed]
    return tuple(name for name in names if isinstance(name, str))


def names_platform(names: Iterable[str], platform: Platform, declared: Iterable[Platform]) -> bool:
    """Tell whether a list names a platform: by its name, or by a subdir that no other platform has as its name."""
    own = {one.name for one in declared}
    return any(name == platform.name or (name == platform.subdir and name not in own) for name in names)


def _collect_channels(project: Project, features: tuple[Feature, ...]) -> tuple[Channel, ...]:
    """Gather the channels of the features; one without channels of its own inherits the workspace's."""
    inherited = _read_channels(project, project.table("workspace"), project.key("workspace"))
    inherited += _read_channels(project, project.table("project"), project.key("project"))
    found: dict[str, Channel] = {}
    for feature in features:
        own = feature.key != project.key() and "channels" in feature.table
        for channel in _read_channels(project, feature.table, feature.key) if own else inherited:
            if channel.name not in found or channel.priority > found[channel.name].priority:
                found.setdefault(channel.name, channel)
                found[channel.name] = channel
    return tuple(sorted(found.values(), key=lambda channel: -channel.priority))


def _read_channels(project: Project, table: Mapping[str, Any], key: KeyPath) -> list[Channel]:
    entries = table.get("channels", [])
    channels = []
    for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        value = {"channel": entry} if isinstance(entry, str) else entry
        name = value.get("channel", value.get("name")) if isinstance(value, dict) else None
        priority = value.get("priority", 0) if isinstance(value, dict) else None
        if not isinstance(name, str) or not isinstance(priority, int):
            raise project.document.error(
                "must be a channel, or a table with channel and priority",
                kind="value-invalid",
                key=(*key, "channels", index),
                expected="a channel, or a table",
                actual=entry,
            )
        channels.append(Channel(name=name, priority=priority))
    return channels

"""The lock that ships: one environment, after exclusions, checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from ._candidates import Candidates
from ._credentials import redact_url
from ._document import pause_collection
from ._environments import Channel, SourceEnvironment
from ._errors import LockError, Problem, merge_platforms
from ._exclusions import Exclusion
from ._local_archives import LocalArchive
from ._locations import is_local_channel, lower_scheme
from ._names import labels_of
from ._pending import PendingEntry
from ._platforms import Platform, match_platforms
from ._records import PackageRecord
from ._refusals import refuse_entries
from ._selection import Requested, Selection, reform_selections, requested_names, select_packages
from ._settling import normalize_label, settle_selection
from ._source import SourceLock
from ._suggestions import sort_by_nearness
from ._validation import check_exclude, validate
from ._wheels import Wheel

RUNTIME_ENVIRONMENT = "default"

Check = Callable[[Sequence[Selection]], list[Problem]]
"""Finds everything that is wrong with what would ship."""


class RuntimeLock:
    """One environment of a source lock, as it ships.

    :ivar environment: its name in the source lock; in the rendered lock it is ``default``.
    :ivar platforms: the platforms that it ships for, sorted by name.
    :ivar channels: the one with the highest priority first; without directories, which others cannot reach.
    :ivar exclusions: the effect of each excluded name on each platform.
    :ivar problems: all problems, errors first; ``derive`` returns a lock with errors only if asked to.
    """

    def __init__(
        self, environment: str, channels: tuple[Channel, ...], selections: Sequence[Selection], check: Check
    ) -> None:
        self.environment = environment
        self.channels: tuple[Channel, ...] = tuple(
            replace(channel, url=redact_url(lower_scheme(channel.url)))
            for channel in channels
            if not is_local_channel(channel.url)
        )
        selections = reform_selections(selections)
        self.platforms: tuple[Platform, ...] = tuple(selection.platform for selection in selections)
        self.exclusions: tuple[Exclusion, ...] = tuple(e for selection in selections for e in selection.exclusions)
        self.problems: tuple[Problem, ...] = tuple(sorted(check(selections), key=lambda problem: problem.severity))
        self._all_channels = channels
        self._check = check
        self._selections = {selection.platform.name: selection for selection in selections}
        self._rendered: bytes | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{one.name}: {len(self._selections[one.name].records)} packages" for one in self.platforms)
        return f"RuntimeLock({self.environment!r}, {{{counts}}}, problems={len(self.problems)})"

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that do not keep the environment from shipping."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that keep the environment from shipping."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def sha256(self) -> str:
        """SHA-256 of the rendered lock, hex."""
        return sha256(self.render()).hexdigest()

    def packages(self, platform: str | Platform) -> tuple[PackageRecord, ...]:
        """Return the conda packages that ship on a platform.

        :param platform: a platform or its name, or a subdir that one platform has.
        :returns: the packages in install order, each after those that it needs, ties by name.
        :raises LockError: if the lock does not ship for it.
        """
        return self._selection(platform).records

    def _selection(self, platform: str | Platform) -> Selection:
        name = platform.name if isinstance(platform, Platform) else platform
        if name not in self._selections:
            name = find_platform(name, self.platforms, self.environment).name
        return self._selections[name]

    def wheels(self, platform: str | Platform) -> tuple[Wheel, ...]:
        """Return the wheels that ship on a platform, without those that ``pending`` lists.

        :param platform: a platform or its name, or a subdir that one platform has.
        :returns: the wheels in install order, each after those that it needs, ties by name.
        :raises LockError: if the lock does not ship for it.
        """
        return self._selection(platform).wheels

    def pending(self, platform: str | Platform) -> tuple[PendingEntry, ...]:
        """Return the entries that need an archive of this machine before the lock can be written.

        :param platform: a platform or its name, or a subdir that one platform has.
        :returns: the entries, sorted by label.
        :raises LockError: if the lock does not ship for it.
        """
        return self._selection(platform).pending

    def lost(self, platform: str | Platform) -> tuple[PendingEntry, ...]:
        """Return the entries of packages that ship from files of this machine, if these cannot be read.

        The lock pins them by their digests, and can be written without them.

        :param platform: a platform or its name, or a subdir that one platform has.
        :returns: the entries, sorted by label.
        :raises LockError: if the lock does not ship for it.
        """
        return self._selection(platform).lost

    def settle(self, archives: Mapping[str, LocalArchive], *, platform: str | Platform | None = None) -> RuntimeLock:
        """Return the lock with archives in place of pending entries; those that are not named stay pending.

        :param archives: for each label (``NAME``, ``pypi:NAME`` or ``conda:NAME``), what ships in its place.
        :param platform: settle the entries of this platform only; otherwise of all that have the label.
        :returns: the lock; its ``problems`` say what is wrong with the archives and everything else together.
        :raises LockError: ``unknown-label`` if no entry is pending under a label, or ``unshippable`` with all archives
            that are not of the package that they stand for.
        """
        chosen = {normalize_label(label): archive for label, archive in archives.items()}
        names = {one.name for one in self.platforms} if platform is None else {self._selection(platform).platform.name}
        self._require_pending(chosen, names)
        selections, problems = [], []
        for name, selection in self._selections.items():
            settled, refused = settle_selection(selection, chosen) if name in names else (selection, [])
            selections.append(settled)
            problems += refused
        if problems:
            raise _unshippable(self.environment, merge_platforms(problems))
        return RuntimeLock(self.environment, self._all_channels, selections, self._check)

    def restrict(self, platforms: Iterable[str]) -> RuntimeLock:
        """Return the lock for some of its platforms.

        :param platforms: their names, or subdirs that one platform has.
        :raises LockError: if the lock does not ship for one of them.
        """
        selections = {selection.platform.name: selection for selection in map(self._selection, platforms)}
        chosen = [selections[name] for name in self._selections if name in selections]
        return RuntimeLock(self.environment, self._all_channels, chosen, self._check)

    def describe_pending(self) -> tuple[Problem, ...]:
        """Describe every pending entry as the problem that it is if nothing settles it, requested ones first."""
        return tuple(refuse_entries((name, one) for name, chosen in self._selections.items() for one in chosen.pending))

    def _require_pending(self, labels: Iterable[str], platforms: Collection[str]) -> None:
        pending = {entry.label for name in platforms for entry in self._selections[name].pending}
        for label in sorted(set(labels) - pending):
            raise LockError(
                f"nothing in the lock waits for an archive as {label}",
                kind="unknown-label",
                expected=f"one of: {', '.join(sorted(pending))}" if pending else "no archive at all",
                actual=label,
                hint="what the lock pins by its digest ships as it is",
            )

    def render(self) -> bytes:
        """Write the lock.

        :returns: rattler-lock YAML, version 7, the same bytes for the same source lock and options.
        :raises LockError: when the lock has errors, or entries that are pending.
        """
        if refused := (*self.errors, *self.describe_pending()):
            raise _unshippable(self.environment, refused)
        if self._rendered is None:
            from ._rendering import render_lock

            packages = {selection.platform: selection.records for selection in self._selections.values()}
            wheels = {selection.platform: selection.wheels for selection in self._selections.values()}
            self._rendered = render_lock(RUNTIME_ENVIRONMENT, self.channels, packages, wheels)
        return self._rendered


def derive(
    source: SourceLock,
    *,
    environment: str,
    exclude: Iterable[str] = (),
    require: Iterable[str] = (),
    requested: Requested = None,
    platforms: Iterable[str] | None = None,
    features: Mapping[str, str] | None = None,
    strict: bool = True,
) -> RuntimeLock:
    """Derive the runtime lock of one environment.

    :param source: the workspace's lock.
    :param environment: name of the environment that ships.
    :param exclude: names of packages to drop, with everything that only they need.
    :param require: names of packages that must ship.
    :param requested: names that the workspace itself asks for, for all platforms or by platform; these stay even
        if only a dropped package needs them. If ``None``: every package that no other needs.
    :param platforms: platform names or subdirs to ship for; default: all that the environment was solved for.
    :param features: for package names, the workspace's feature that asks for it; used in messages. Names here and in
        ``exclude``, ``require`` and ``requested`` mean both kinds; ``conda:NAME`` and ``pypi:NAME`` mean one.
    :param strict: raise if something keeps the environment from shipping; otherwise only list it in ``problems``.
    :returns: the runtime lock.
    :raises LockError: if the lock is damaged, or, if ``strict``, with everything in ``problems``.
    """
    exclude, require = tuple(exclude), tuple(require)
    by_label = {label: feature for name, feature in (features or {}).items() for label in labels_of(name)}
    with pause_collection():
        chosen = source.environment(environment)
        selections = [
            _select(source, chosen, platform, exclude, requested, by_label)
            for platform in _choose_platforms(source, chosen, platforms)
        ]
        # A platform that is left out later may be the one that has the package.
        unmatched = check_exclude(exclude, selections)

        def check(selections: Sequence[Selection]) -> list[Problem]:
            key = f"environments.{environment}.channels"
            found = validate(chosen.channels, key, selections, exclude=exclude, require=require, features=by_label)
            return source.place_problems([*found, *unmatched])

        lock = RuntimeLock(environment, chosen.channels, selections, check)
    if strict and lock.errors:
        raise _unshippable(environment, lock.errors, source)
    return lock


def find_platform(name: str, platforms: Sequence[Platform], environment: str) -> Platform:
    """Find a platform by its name, or by a subdir that only one has.

    :raises LockError: if there is none; it names those that exist.
    """
    matches = match_platforms(name, platforms)
    if len(matches) == 1:
        return matches[0]
    names = sort_by_nearness(name, [platform.name for platform in platforms])
    message = f"the environment {environment!r} is not solved for {name!r}"
    if matches:
        message = f"the environment {environment!r} has several platforms for {name!r}"
        names = [platform.name for platform in matches]
    raise LockError(
        message, kind="missing-platform", expected=f"one of: {', '.join(names) or 'none at all'}", actual=repr(name)
    )


def _choose_platforms(source: SourceLock, chosen: SourceEnvironment, names: Iterable[str] | None) -> list[Platform]:
    try:
        if not chosen.is_solved:
            raise _describe_empty(source, chosen.name)
        if names is None:
            return list(chosen.platforms)
        found = {find_platform(name, chosen.platforms, chosen.name) for name in names}
    except LockError as error:
        source.place(error)
        raise
    return sorted(found, key=lambda platform: platform.name)


def _describe_empty(source: SourceLock, environment: str) -> LockError:
    """Describe an environment without packages, and name those that have some."""
    others = ", ".join(source.solved_environments)
    return LockError(
        f"the environment {environment!r} has no packages: it has no dependencies",
        kind="empty-environment",
        key=f"environments.{environment}.packages",
        expected=f"an environment with packages: {others or 'the lock has none'}",
        hint="choose one that has packages" if others else "add dependencies to the workspace, and lock it",
    )


def _select(
    source: SourceLock,
    chosen: SourceEnvironment,
    platform: Platform,
    exclude: tuple[str, ...],
    requested: Requested,
    features: Mapping[str, str],
) -> Selection:
    candidates = Candidates(source, chosen, platform)
    return select_packages(candidates, exclude, requested_names(requested, platform), features, source.path.parent)


def _unshippable(environment: str, errors: Sequence[Problem], source: SourceLock | None = None) -> LockError:
    only = errors[0] if len(errors) == 1 else None
    count = "one problem" if only else f"{len(errors)} problems"
    return LockError(
        f"the environment {environment!r} cannot ship: {count}",
        kind="unshippable",
        path=source.path if source else None,
        line=only.line if only else None,
        column=only.column if only else None,
        key=only.key if only else None,
        problems=errors,
    )

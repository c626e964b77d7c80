"""Dependencies between the packages that ship."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from ._errors import Problem
from ._names import has_extra, labels_of, parse_requirement_name, pypi_label
from ._records import PackageRecord, parse_dependency_name, parse_dependency_names
from ._suggestions import did_you_mean

_LOCK_AGAIN = ("lock the workspace again; a lock that lacks packages cannot be installed", None)
_BUILD_AGAIN = (
    "the archive was built for another environment: lock the workspace again, and then build the archive again",
    "the archives were built for another environment: lock the workspace again, and then build the archives again",
)
_ADD_ALL = "add them to the workspace's dependencies and lock again, or remove them from 'require'"
_SHOWN = 3


def list_names(names: Sequence[str], limit: int = _SHOWN) -> str:
    """Write names as a list, the ones beyond the limit as their number: ``a, b, c and 2 more``.

    :param limit: how many are named.
    """
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


def check_required(
    require: Iterable[str], present: AbstractSet[str], gone: Mapping[str, str], platform: str
) -> list[Problem]:
    """Check that packages that must ship do.

    :param require: their names: of a conda or a PyPI package, unless one starts with ``conda:`` or ``pypi:``.
    :param present: labels that ship.
    :param gone: for each label that was dropped, the excluded label that took it along.
    """
    problems = []
    for name in sorted(set(require)):
        if labels_of(name) & present:
            continue
        taker = next((gone[label] for label in sorted(labels_of(name)) if label in gone), None)
        guess = did_you_mean(name, {label.removeprefix("pypi:") for label in present})
        advice = "add it to the workspace's dependencies and lock again, or remove it from 'require'"
        hint, plural_hint = f"{guess} {advice}" if guess else advice, None if guess else _ADD_ALL
        if taker is not None:
            reason = f"dropped because {taker!r} is in 'exclude'"
            hint, plural_hint = f"it was {reason}", f"they were {reason}"
        message = f"the required package {name!r} is not in the environment"
        label = name.lower().removeprefix("conda:")
        problem = _describe("missing-required", message, platform, label, hint)
        plural = "are required, but not in the environment"
        problems.append(replace(problem, plural=plural, plural_hint=plural_hint))
    return problems


def check_dependencies(
    records: Iterable[PackageRecord], present: AbstractSet[str], excluded: AbstractSet[str], platform: str
) -> list[Problem]:
    """Check that everything that a conda package needs is there, virtual, or dropped on purpose.

    :param present: labels that ship.
    :param excluded: labels that do not ship because someone said so, whether the lock has them or not.
    """
    problems = []
    for record in records:
        if parse_dependency_names(record.depends) <= present:
            continue
        for spec in record.depends:
            name = parse_dependency_name(spec)
            if name not in present and name not in excluded and not name.startswith("__") and not is_conditional(spec):
                what = f"{spec!r}, which is not in the lock"
                hint, plural_hint = _BUILD_AGAIN if record.is_local else _LOCK_AGAIN
                problem = _describe("missing-dependency", f"{record.name} needs {what}", platform, record.name, hint)
                problems.append(replace(problem, plural=f"need {what}", plural_hint=plural_hint))
    return problems


def check_lost(
    records: Iterable[PackageRecord],
    requirements: Mapping[str, Sequence[str]],
    excluded: AbstractSet[str],
    platform: str,
) -> list[Problem]:
    """Warn of packages that ship although something that they need was dropped on purpose.

    What an extra requires does not count: most extras are not installed.

    :param requirements: for the label of each PyPI package that ships, what it requires (PEP 508).
    :param excluded: labels that do not ship because someone said so, whether the lock has them or not.
    """
    if not excluded:
        return []
    needs = {one.name: _name_needed(one.depends) for one in records}
    needs |= {label: _name_required(texts) for label, texts in requirements.items()}
    return [
        Problem(
            kind="lost-dependency",
            severity="warning",
            message=f"{label} needs {list_names(lost, len(lost))}, which 'exclude' drops",
            platform=platform,
            package=label,
            hint="check that what needs an excluded package works without it",
            plural=f"need {list_names(lost, len(lost))}, which 'exclude' drops",
        )
        for label, needed in needs.items()
        if (lost := sorted(excluded & set(needed)))
    ]


def _name_needed(specs: Iterable[str]) -> Iterator[str]:
    """Yield the names of what match specs ask for without a condition."""
    return (parse_dependency_name(spec) for spec in specs if not is_conditional(spec))


def _name_required(texts: Iterable[str]) -> Iterator[str]:
    """Yield the labels of what requirements (PEP 508) name, without those of extras."""
    names = (parse_requirement_name(text) for text in texts if not has_extra(text))
    return (pypi_label(name) for name in names if name is not None)


def check_noarch(
    records: Iterable[PackageRecord], names: AbstractSet[str], gone: Mapping[str, str], platform: str
) -> list[Problem]:
    """Check that there is a Python for the noarch packages that can only be installed into one.

    :param names: of what ships.
    :param gone: for each name that was dropped, the excluded name that took it along.
    """
    homeless = sorted(record.name for record in records if record.noarch == "python")
    if not homeless or "python" in names:
        return []
    count = "a noarch Python package" if len(homeless) == 1 else f"{len(homeless)} noarch Python packages"
    message = f"{count} cannot be installed without Python: {list_names(homeless)}"
    hint = "add python to the workspace's dependencies and lock it again"
    if "python" in gone:
        hint = f"python was dropped because {gone['python']!r} is in 'exclude': keep it"
    return [_describe("noarch-without-python", message, platform, homeless[0], hint)]


def _describe(kind: str, message: str, platform: str, package: str, hint: str) -> Problem:
    return Problem(kind=kind, message=message, platform=platform, package=package, hint=hint)


def is_conditional(spec: str) -> bool:
    """Tell whether a match spec holds only under a condition, which the solver has judged already."""
    return "; if " in spec or "when=" in spec

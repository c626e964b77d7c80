"""How two things differ: values by key, and packages by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cs_stamp import Plan

from ..terminal.escaping import dump_json

_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference.

    :ivar key: what differs.
    :ivar expected: what the source gives; ``None`` if it does not have it.
    :ivar actual: what was found.
    """

    key: str
    expected: str | None
    actual: str | None

    @property
    def text(self) -> str:
        """Say how it differs, without the values."""
        if self.expected is None:
            return "the source does not have this"
        return "only the source has this" if self.actual is None else "the source gives another value"


def compare_values(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what differs between two mappings, sorted by key."""
    for key in sorted(expected.keys() | actual.keys()):
        if key not in expected or key not in actual or expected[key] != actual[key]:
            yield Difference(key=key, expected=_show(expected, key), actual=_show(actual, key))


def compare_entries(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what differs between packages by name; of one that both have, only the keys that differ."""
    for one in compare_values(expected, actual):
        if one.expected is None or one.actual is None:
            yield one
        else:
            inner = compare_values(expected[one.key], actual[one.key])
            yield from (Difference(key=f"{one.key}.{x.key}", expected=x.expected, actual=x.actual) for x in inner)


def _show(values: Mapping[str, Any], key: str) -> str | None:
    if key not in values:
        return None
    value = values[key]
    if isinstance(value, str):
        return value[:_LENGTH]
    return dump_json({"": value}, indent=None)[len('{"": ') : -1][:_LENGTH]


def describe_plan(plan: Plan) -> dict[str, Any]:
    """Return a plan with its packages by kind and name, to be compared."""
    document = plan.to_dict()
    packages = {f"{one.get('kind', 'conda')}:{one['name']}": one for one in document.pop("packages")}
    rest = {key: {"value": value} for key, value in document.items()}
    return {**rest, **packages}

"""Which licences must not ship (``deny-licenses``), by the rules of SPDX expressions (SPDX 2.3, annex D)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import CliError
from .stated import StatedLicense, normalize_expression

UNKNOWN = "unknown"
"""Stands for the licences that are not SPDX expressions."""

_OPERATORS = re.compile(r"[()]| (?:AND|OR) ")
_GNU = re.compile(r"(?:AGPL|GFDL|GPL|LGPL)-\d+\.\d+")
_WITH_EXCEPTIONS = {
    "GPL-2.0-with-GCC-exception": "GPL-2.0-only WITH GCC-exception-2.0",
    "GPL-2.0-with-autoconf-exception": "GPL-2.0-only WITH Autoconf-exception-2.0",
    "GPL-2.0-with-bison-exception": "GPL-2.0-only WITH Bison-exception-2.2",
    "GPL-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
    "GPL-2.0-with-font-exception": "GPL-2.0-only WITH Font-exception-2.0",
    "GPL-3.0-with-GCC-exception": "GPL-3.0-only WITH GCC-exception-3.1",
    "GPL-3.0-with-autoconf-exception": "GPL-3.0-only WITH Autoconf-exception-3.0",
}
"""What deprecated identifiers stand for, by the SPDX list."""


@dataclass(frozen=True, slots=True)
class LicensePolicy:
    """The licences that must not ship.

    :ivar denied: in the form of :func:`_modernize`; an entry may have added several.
    :ivar denies_unknown: whether a licence that is not an SPDX expression, or not stated at all, must not ship.
    """

    denied: frozenset[str] = frozenset()
    denies_unknown: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether everything may ship."""
        return not self.denied and not self.denies_unknown

    def denies(self, license: StatedLicense | None) -> bool:
        """Tell whether a package with this licence must not ship.

        Of licences that are joined by OR, one that may ship is enough; of those joined by AND, none may be denied.
        """
        if license is None or license.expression is None:
            return self.denies_unknown
        return bool(self.denied) and self._denies_expression(license.expression)

    def _denies_expression(self, expression: str) -> bool:
        if not _OPERATORS.search(expression):
            return _modernize(expression) in self.denied
        # Imported on use: most licences are single ones.
        from license_expression import Licensing

        licensing = Licensing()
        return self._denies_node(licensing.parse(expression), licensing.OR)

    def _denies_node(self, node: Any, alternatives: type) -> bool:
        if node.isliteral:
            return _modernize(node.render()) in self.denied
        parts = (self._denies_node(part, alternatives) for part in node.args)
        return all(parts) if isinstance(node, alternatives) else any(parts)


def read_policy(entries: Iterable[str]) -> LicensePolicy:
    """Read ``deny-licenses``.

    :raises CliError: ``value-invalid`` at the first entry that is neither ``unknown`` nor one licence of the SPDX list,
        perhaps with an exception.
    """
    names = tuple(entries)
    denied = {form for name in names if name != UNKNOWN for form in _list_forms(name)}
    return LicensePolicy(frozenset(denied), UNKNOWN in names)


def _list_forms(name: str) -> Iterator[str]:
    """Yield what an entry denies: without ``-only`` or ``-or-later``, both."""
    normal = normalize_expression(name)
    if normal is None or _OPERATORS.search(normal):
        raise CliError(
            f"{name!r} is not a licence of the SPDX list",
            kind="value-invalid",
            expected=f"one licence, such as GPL-3.0 or 'GPL-3.0-only WITH GCC-exception-3.1', or {UNKNOWN}",
            actual=name,
            hint=_suggest(name),
        )
    yield _modernize(normal)
    base, separator, exception = normal.partition(" WITH ")
    if not base.endswith(("+", "-only", "-or-later")):
        yield _modernize(f"{base}+{separator}{exception}")


def _modernize(license: str) -> str:
    """Write one licence without deprecated identifiers: ``GPL-3.0`` means ``GPL-3.0-only``.

    :param license: in its normal form, perhaps with an exception.
    """
    base, separator, exception = _WITH_EXCEPTIONS.get(license, license).partition(" WITH ")
    if _GNU.fullmatch(base.removesuffix("+")):
        base = base.removesuffix("+") + ("-or-later" if base.endswith("+") else "-only")
    # The name after LicenseRef- is the only one that case does not change.
    return f"{base.lower() if base.startswith('LicenseRef-') else base}{separator}{exception}"


def _suggest(name: str) -> str | None:
    """Suggest an identifier of the SPDX list for the part of an entry that is wrong."""
    from license_expression import get_license_index

    from cs_lock import did_you_mean

    base, _, exception = name.partition(" WITH ")
    is_exception = bool(exception) and normalize_expression(base) is not None
    entries = [one for one in get_license_index() if bool(one.get("is_exception")) == is_exception]
    keys = {key for one in entries for key in (one.get("spdx_license_key"), *one.get("other_spdx_license_keys", ()))}
    usable = sorted(key for key in keys if key and (is_exception or normalize_expression(key)))
    if versions := [key for key in usable if re.fullmatch(rf"{re.escape(base)}-[0-9.]+", key, re.IGNORECASE)]:
        return f"name each version: {', '.join(versions)}"
    return did_you_mean(exception if is_exception else base, usable)

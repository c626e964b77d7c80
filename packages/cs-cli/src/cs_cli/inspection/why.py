"""``cs inspect --why NAME``: what asks for a package, and by which way it gets into the runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cs_bundle import format_bytes
from cs_lock import Exclusion, did_you_mean, list_names

from ..errors import CliError
from ..problem_text import name_platforms
from ..terminal.lines import Block, Hanging, Line, Piece, paint, whole
from .packages import ListedPackage, list_packages
from .reasons import Chain, Reasons
from .summary import Inspection, PlatformSummary

_SHOWN = 8
_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Why a package ships on a platform.

    :ivar chains: the shortest one from each requested package that leads to it, the shortest first.
    :ivar features: those that ask for it.
    :ivar needed_by: keys of the packages that need it.
    :ivar owned: keys of the packages that only it brings.
    :ivar owned_size_bytes: of the archives of all these, as far as they are known.
    """

    platform: str
    package: ListedPackage
    chains: tuple[Chain, ...]
    features: tuple[str, ...]
    needed_by: Chain
    owned: Chain
    owned_size_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {
            "platform": self.platform,
            "key": self.package.key,
            "version": self.package.version,
            "size_bytes": self.package.size_bytes,
            "features": list(self.features),
            "needed_by": list(self.needed_by),
            "chains": [list(chain) for chain in self.chains],
            "owned": list(self.owned),
            "owned_size_bytes": self.owned_size_bytes,
        }


def ask_why(inspection: Inspection, name: str, reasons: Mapping[str, Reasons]) -> list[Answer]:
    """Explain why a package ships, on each platform that has it.

    :param name: of packages of both kinds, or with ``conda:`` or ``pypi:`` before it of one.
    :param reasons: of the packages, by platform.
    :raises CliError: ``package-not-found`` or ``package-excluded`` if no platform has it.
    """
    answers = [answer for one in inspection.platforms for answer in _explain(one, name, reasons[one.name])]
    if not answers:
        raise _not_found(inspection, name)
    return answers


def _explain(platform: PlatformSummary, name: str, reasons: Reasons) -> Iterator[Answer]:
    packages = {one.key: one for one in list_packages(platform)}
    return (_answer(packages, reasons, key) for key in sorted(_list_keys(name) & packages.keys()))


def _list_keys(name: str) -> set[str]:
    """List the keys that a name may stand for."""
    from cs_lock import normalize_pypi_name

    kind, separator, rest = name.lower().partition(":")
    if separator and kind in ("conda", "pypi"):
        return {f"conda:{rest}" if kind == "conda" else f"pypi:{normalize_pypi_name(rest)}"}
    return {f"conda:{name.lower()}", f"pypi:{normalize_pypi_name(name)}"}


def _answer(packages: dict[str, ListedPackage], reasons: Reasons, key: str) -> Answer:
    owned = reasons.owned[key]
    return Answer(
        platform=reasons.platform,
        package=packages[key],
        chains=reasons.explain(key),
        features=reasons.graph.requested.get(key, ()),
        needed_by=reasons.needed_by[key],
        owned=owned,
        owned_size_bytes=sum(packages[one].size_bytes or 0 for one in (key, *owned)),
    )


def _not_found(inspection: Inspection, name: str) -> CliError:
    """Say that a package does not ship: it is excluded, or the name is wrong."""
    excluded = next((one for one in inspection.exclusions if _list_keys(name) & _list_dropped(one)), None)
    if excluded is None:
        known = {one.name for platform in inspection.platforms for one in list_packages(platform)}
        hint = did_you_mean(name, sorted(known))
        return CliError(f"no package {name!r} ships", kind="package-not-found", hint=hint, flag="--why")
    reason = f"only {excluded.name} needs it, which is in 'exclude'"
    if _list_keys(name) & _list_keys_of_label(excluded.name):
        reason = "it is in 'exclude'"
    return CliError(f"{name} does not ship: {reason}", kind="package-excluded", flag="--why")


def _list_dropped(exclusion: Exclusion) -> set[str]:
    return {key for label in (exclusion.name, *exclusion.removed) for key in _list_keys_of_label(label)}


def _list_keys_of_label(label: str) -> set[str]:
    return {label if label.startswith("pypi:") else f"conda:{label}"}


def render_answers(answers: Sequence[Answer], inspection: Inspection, *, is_long: bool) -> Iterator[Block]:
    """Render answers; platforms with the same one share it.

    :param is_long: show every chain.
    """
    alike: dict[tuple[Block, ...], list[Answer]] = {}
    for answer in answers:
        alike.setdefault(tuple(_render_reasons(answer, is_long=is_long)), []).append(answer)
    for number, (reasons, group) in enumerate(alike.items()):
        if number:
            yield ""
        yield _render_head(group, inspection.platforms)
        yield from reasons


def _render_head(group: Sequence[Answer], platforms: Sequence[PlatformSummary]) -> Line:
    package = group[0].package
    versions = list_names(list(dict.fromkeys(one.package.version or "?" for one in group)))
    sizes = sorted({one.package.size_bytes for one in group if one.package.size_bytes is not None})
    size = f", {' to '.join(dict.fromkeys(format_bytes(one) for one in (sizes[0], sizes[-1])))}" if sizes else ""
    kind = ", from PyPI" if package.kind == "pypi" else ""
    where = name_platforms([one.platform for one in group], [one.name for one in platforms])
    return paint(package.name, "bold"), f" {versions}{size}{kind}", paint(where, "dim")


def _render_reasons(answer: Answer, *, is_long: bool) -> Iterator[Block]:
    own = [chain for chain in answer.chains if len(chain) == 1]
    chains = [chain for chain in answer.chains if len(chain) > 1]
    for _ in own:
        features = f" (feature {list_names(answer.features)})" if answer.features else ""
        text = (
            f"the workspace asks for it{features}" if answer.features else "nothing needs it, and nothing asks for it"
        )
        yield Hanging(("  ", text), 4)
    shown = chains if is_long else _leave_out(chains)
    for chain in shown:
        yield Hanging(("  ", *_render_chain(chain)), 4)
    if others := [_strip(chain[0]) for chain in chains if chain not in shown]:
        text = f"and through these {list_names(others, _NAMED)}  "
        yield Hanging(("  ", text, paint("(-v)", "dim")), 4)
    if len(answer.needed_by) > 1:
        names = [_strip(key) for key in answer.needed_by]
        text = list_names(names, len(names) if is_long else _NAMED)
        yield Hanging(("  ", paint(f"needed by {len(names)}: ", "dim"), text), 4)
    if answer.owned:
        names = [_strip(key) for key in answer.owned]
        text = list_names(names, len(names) if is_long else _NAMED)
        yield Hanging(("  ", paint(f"only it brings {len(names)} more: ", "dim"), text), 4)


def _leave_out(chains: Sequence[Chain]) -> list[Chain]:
    """Leave out chains that lead through the start of another one, and all but the first few of the others."""
    starts = {chain[0] for chain in chains}
    return [chain for chain in chains if not starts.intersection(chain[1:])][:_SHOWN]


def _render_chain(chain: Chain) -> Iterator[str | Piece]:
    for number, key in enumerate(chain):
        if number:
            yield " > "
        yield paint(_strip(key), "cyan") if number == 0 else whole(_strip(key))


def _strip(key: str) -> str:
    return key.removeprefix("conda:")

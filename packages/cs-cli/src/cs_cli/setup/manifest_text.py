"""Add a table to a manifest, and leave every other byte as it is.

The table goes to the end of the file, where TOML allows it whatever comes before. Only if ``tool`` is an inline table,
it must go into that one. tomlkit renders the table, and reads the result to check that nothing else has changed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CliError

if TYPE_CHECKING:
    from tomlkit.items import Item

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NAME = "conda-ship"
_MOST_BRACES = 100


def render_table(values: Mapping[str, object]) -> list[str]:
    """Render ``[tool.conda-ship]`` as lines, without their ends."""
    return [f"[tool.{_NAME}]", *(f"{key} = {_render(value).as_string()}" for key, value in values.items())]


def add_table(data: bytes, values: Mapping[str, object], path: Path) -> bytes:
    """Add ``[tool.conda-ship]`` to a manifest that does not have it.

    :param data: the manifest: TOML in UTF-8, perhaps with a byte order mark.
    :param values: by key.
    :param path: of the manifest, for the error.
    :raises CliError: ``manifest-not-editable`` if the result would say anything else besides.
    """
    mark = _BYTE_ORDER_MARK if data.startswith(_BYTE_ORDER_MARK) else b""
    text = data.removeprefix(mark).decode()
    for extended in itertools.chain([_append(text, values)], _put_inside(text, values)):
        if _adds_only(text, extended, values):
            return mark + extended.encode()
    raise CliError(
        f"[tool.{_NAME}] cannot be added without changing the rest",
        kind="manifest-not-editable",
        path=path,
        hint="add these keys by hand: " + "; ".join(render_table(values)[1:]),
    )


def _append(text: str, values: Mapping[str, object]) -> str:
    """Add the table at the end, with the line ends that most lines have."""
    end = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    gap = end if text and not text.endswith("\n") else ""
    gap += end if text.strip() and not text.endswith(("\n\n", "\n\r\n")) else ""
    return text + gap + "".join(f"{line}{end}" for line in render_table(values))


def _put_inside(text: str, values: Mapping[str, object]) -> Iterator[str]:
    """Add the table to an inline table, in each place where one may end; which is the right one, the check tells.

    tomlkit could do this, but does not keep the spaces before the brace.
    """
    entry = f"{_NAME} = {_render(values).as_string()}"
    for brace in itertools.islice(re.finditer(r"\s*}", text), _MOST_BRACES):
        for comma in (", ", " "):
            yield f"{text[: brace.start()]}{comma}{entry}{text[brace.start() :]}"


def _render(value: object) -> Item:
    import tomlkit

    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    return tomlkit.item(value)


def _adds_only(text: str, extended: str, values: Mapping[str, object]) -> bool:
    """Tell whether a text is another one with the table, and nothing else."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        before, after = (tomlkit.parse(one).unwrap() for one in (text, extended))
        table = after["tool"].pop(_NAME)
    except (TOMLKitError, KeyError, TypeError, ValueError, AttributeError):
        return False
    if not after["tool"] and "tool" not in before:
        del after["tool"]
    return bool(table == values and _order(before) == _order(after))


def _order(value: Any) -> Any:
    """Make values comparable: tables whatever their order, and NaN."""
    if isinstance(value, dict):
        return {key: _order(value[key]) for key in sorted(value)}
    return [_order(one) for one in value] if isinstance(value, list) else repr(value)

"""Take typed values out of parsed JSON, with the key path in every error."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import FieldError
from ._layout import JSON_DEPTH_LIMIT, JSON_INTEGERS

JsonObject = Mapping[str, Any]


def join_key(parent: str, key: str) -> str:
    """Return the path of a key under another."""
    return f"{parent}.{key}" if parent else key


def refuse_value(key: str, expected: str, actual: object) -> FieldError:
    """Return the error for a value of the wrong type or outside its choices."""
    shown = json.dumps(actual, ensure_ascii=False, default=repr)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return FieldError(f"expected {expected}, found {shown}", key=key, expected=expected, actual=shown)


def take_object(value: object, key: str) -> JsonObject:
    """Return the value if it is a JSON object."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise refuse_value(key, "an object", value)
    return value


def take(data: JsonObject, key: str, parent: str = "") -> Any:
    """Return the value of a key that must be there."""
    try:
        return data[key]
    except KeyError:
        path = join_key(parent, key)
        raise FieldError("the key is missing", key=path) from None


def take_string(data: JsonObject, key: str, parent: str = "") -> str:
    """Return a string that is valid UTF-8 when written."""
    value = take(data, key, parent)
    if not isinstance(value, str):
        raise refuse_value(join_key(parent, key), "a string", value)
    return require_text(value, join_key(parent, key))


def require_text(value: str, key: str) -> str:
    """Return the string if UTF-8 can say it: a lone surrogate cannot be written."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refuse_value(key, "text that can be encoded as UTF-8", ascii(value)) from None
    return value


def take_name(data: JsonObject, key: str, parent: str = "") -> str:
    """Return a string that is not empty, one path component without control characters, and no dot directory."""
    value = take_line(data, key, parent)
    if not value or value in {".", ".."} or any(mark in value for mark in "/\\"):
        raise refuse_value(join_key(parent, key), "a single name without a path", value)
    return value


def take_optional_name(data: JsonObject, key: str, parent: str = "") -> str | None:
    """Return a name or None; the key must be there."""
    return None if take(data, key, parent) is None else take_name(data, key, parent)


def take_optional_path(data: JsonObject, key: str, parent: str = "") -> str | None:
    """Return a relative path, names with ``/`` between them and no drive, or None; the key is required."""
    if take(data, key, parent) is None:
        return None
    path = take_line(data, key, parent)
    if any(part in {"", ".", ".."} or "\\" in part or ":" in part for part in path.split("/")):
        raise refuse_value(join_key(parent, key), "a path relative to the prefix", path)
    return path


def take_line(data: JsonObject, key: str, parent: str = "") -> str:
    """Return a string without control characters, ends of lines among them."""
    value = take_string(data, key, parent)
    if any(ord(mark) < 32 or ord(mark) == 127 for mark in value):
        raise refuse_value(join_key(parent, key), "text without control characters", value)
    return value


def take_optional_line(data: JsonObject, key: str, parent: str = "") -> str | None:
    """Return a string without control characters or None; the key must be there."""
    return None if take(data, key, parent) is None else take_line(data, key, parent)


def take_optional_string(data: JsonObject, key: str, parent: str = "") -> str | None:
    """Return a string or None; the key must be there."""
    return None if take(data, key, parent) is None else take_string(data, key, parent)


def take_bool(data: JsonObject, key: str, parent: str = "") -> bool:
    """Return a boolean."""
    value = take(data, key, parent)
    if not isinstance(value, bool):
        raise refuse_value(join_key(parent, key), "true or false", value)
    return value


def take_optional_size(data: JsonObject, key: str, parent: str = "") -> int | None:
    """Return an integer of 0 or more that 64 bits can hold, or None."""
    value = take(data, key, parent)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise refuse_value(join_key(parent, key), "an integer of 0 or more, or null", value)
    return value


def take_choice(data: JsonObject, key: str, choices: Sequence[str], parent: str = "") -> str:
    """Return a string that is one of the choices."""
    value = take_string(data, key, parent)
    if value not in choices:
        raise refuse_value(join_key(parent, key), "one of " + ", ".join(choices), value)
    return value


def take_strings(data: JsonObject, key: str, parent: str = "") -> tuple[str, ...]:
    """Return a list of strings as a tuple."""
    path = join_key(parent, key)
    return tuple(
        require_text(item, f"{path}[{index}]") if isinstance(item, str) else _refuse_item(path, index, item)
        for index, item in enumerate(take_list(data, key, parent))
    )


def _refuse_item(path: str, index: int, item: object) -> str:
    raise refuse_value(f"{path}[{index}]", "a string", item)


def take_list(data: JsonObject, key: str, parent: str = "") -> Sequence[Any]:
    """Return a list."""
    value = take(data, key, parent)
    if not isinstance(value, (list, tuple)):
        raise refuse_value(join_key(parent, key), "a list", value)
    return value


def take_digest(data: JsonObject, key: str, digits: int, parent: str = "") -> str:
    """Return a lower-case hex digest of the given number of digits."""
    value = take_string(data, key, parent)
    if len(value) != digits or not set(value) <= set("0123456789abcdef"):
        raise refuse_value(join_key(parent, key), f"{digits} lower-case hex digits", value)
    return value


def render_json(value: JsonObject) -> bytes:
    """Render canonical JSON: UTF-8, keys sorted, no spaces, no numbers but integers of 64 bits."""
    try:
        _check_values(value)
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except FieldError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise FieldError(f"the value cannot be written as JSON: {error}") from error


def parse_json(data: bytes) -> JsonObject:
    """Parse a JSON object of a stamp: keys in order and each once, integers of 64 bits, of limited depth.

    :raises FieldError: if the bytes are no such object.
    """
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_require_order,
            parse_int=_parse_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
        _check_values(value)
    except FieldError:
        raise
    except (ValueError, RecursionError) as error:
        raise FieldError(f"not a JSON document: {error}") from error
    return take_object(value, "the document")


def _require_order(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for (key, _), (following, _) in itertools.pairwise(pairs):
        if key >= following:
            raise FieldError(f"the key {following!r} is out of order")
    return dict(pairs)


def _parse_integer(text: str) -> int:
    # Twenty characters hold every integer of 64 bits; no more are turned into a number.
    if text == "-0" or len(text) > 20:
        _refuse_number(text)
    return int(text)


def _refuse_number(text: str) -> Any:
    raise FieldError(f"{text[:40]} is not a 64-bit integer")


def _check_values(value: object) -> None:
    """Look at every value and key, level by level: whether every reader takes it for the same."""
    level: list[object] = [value]
    for depth in itertools.count():
        if not level:
            return
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += (*item.keys(), *item.values())
            elif isinstance(item, (list, tuple)):
                inner += item
            elif isinstance(item, str):
                item.encode()
            elif isinstance(item, float) or (isinstance(item, int) and item not in JSON_INTEGERS):
                _refuse_number(str(item))
        if depth >= JSON_DEPTH_LIMIT and any(isinstance(item, (dict, list, tuple)) for item in level):
            raise FieldError(f"arrays and objects are more than {JSON_DEPTH_LIMIT} deep")
        level = inner

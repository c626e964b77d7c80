"""Single values of JSON documents that anyone may have written."""

from __future__ import annotations

from typing import Any, TypeVar

Value = TypeVar("Value")


def take(document: object, kind: type[Value], *keys: str) -> Value:
    """Return a value of a document.

    :param keys: the way to it, from object to object.
    :raises ValueError: if it is missing, or not of this type.
    """
    value, name = document, ".".join(keys)
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise ValueError(f"the key {name!r} is missing")
        value = value[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"the value of {name!r} is not of the type {kind.__name__}")
    return value


def take_objects(document: object, *keys: str) -> list[dict[str, Any]]:
    """Return a list of objects of a document.

    :raises ValueError: if it is missing, or not such a list.
    """
    items: list[Any] = take(document, list, *keys)
    if not all(isinstance(item, dict) for item in items):
        raise ValueError(f"{'.'.join(keys)!r} is not a list of objects")
    return items

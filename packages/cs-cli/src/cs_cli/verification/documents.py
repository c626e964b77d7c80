"""JSON documents that anyone may have written, and single values of them."""

from __future__ import annotations

from typing import Any, TypeVar

from ..untrusted import parse_document

_VALUES = 1_000_000
"""Most values of a document: as Python objects they take about 100 MB."""

Value = TypeVar("Value")


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    :raises ValueError: if it is not one, has a key twice, or more values than memory should be spent on.
    """
    if sum(map(data.count, (b",", b"{", b"["))) > _VALUES:
        raise ValueError(f"it has more than {_VALUES} values")
    document = parse_document(data, unique_keys=True)
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")
    return document


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

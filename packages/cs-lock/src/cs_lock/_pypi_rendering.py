"""The entries of wheels in a lock, as rattler writes them."""

from __future__ import annotations

from collections.abc import Sequence

from ._scalars import quote_digest, quote_scalar, render_texts
from ._wheels import Wheel


def locate(wheel: Wheel) -> str:
    """Return the location of a wheel in a runtime lock: ``./FILE`` for a local one, which is beside the lock.

    A URL that the workspace itself names has ``direct+`` in front of it: rattler tells it from an index's by that.
    """
    if wheel.url is None:
        return f"./{wheel.file_name}"
    return f"direct+{wheel.url}" if wheel.source.origin == "url" else wheel.url


def render_wheel(wheel: Wheel) -> list[str]:
    """Write a wheel's entry of ``packages``."""
    index = None if wheel.is_local else wheel.source.index
    return render_entry(
        locate(wheel), wheel.name, wheel.version, wheel.sha256, index, wheel.requires_dist, wheel.requires_python
    )


def render_entry(
    location: str,
    name: str,
    version: str,
    sha256: str,
    index: str | None,
    requires_dist: Sequence[str],
    requires_python: str | None,
) -> list[str]:
    """Write an entry of ``packages`` for a PyPI package."""
    fields = [("name", name), ("version", version)]
    lines = [f"- pypi: {quote_scalar(location)}", *(f"  {key}: {quote_scalar(value)}" for key, value in fields)]
    lines.append(f"  sha256: {quote_digest(sha256)}")
    if index:
        lines.append(f"  index: {quote_scalar(index)}")
    lines += render_texts("requires_dist", requires_dist)
    if requires_python:
        lines.append(f"  requires_python: {quote_scalar(requires_python)}")
    return lines

"""``cs inspect --list``: every package of every platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from cs_bundle import format_bytes

from ..terminal.console import format_count
from ..terminal.lines import Block, Column, Line, Table, paint, whole
from .packages import ListedPackage, list_packages
from .summary import PlatformSummary

Order = Literal["name", "size"]
ORDERS: tuple[Order, ...] = ("name", "size")

_COLUMNS = (
    Column("Name"),
    Column("Version"),
    Column("Size", right=True),
    Column("Kind", optional=True),
    Column("Licence", optional=True),
    Column("Build", optional=True),
)


def render_list(
    platforms: Sequence[PlatformSummary], order: Order, wheel_licenses: Mapping[str, str | None]
) -> Iterator[Block]:
    """Render a table for each platform, with a line of what it adds up to.

    :param wheel_licenses: what wheels that could be read state, by file name.
    """
    for number, platform in enumerate(platforms):
        if number:
            yield ""
        if len(platforms) > 1:
            yield (paint(platform.name, "bold cyan"),)
        packages = sort_packages(list_packages(platform, wheel_licenses), order)
        yield Table(_COLUMNS, tuple(map(_render_package, packages)))
        yield _render_total(platform)


def sort_packages(packages: Sequence[ListedPackage], order: Order) -> list[ListedPackage]:
    """Sort packages by name, or by size: the largest first, those of unknown size last."""
    by_name = sorted(packages, key=lambda one: (one.name, one.kind))
    return (
        by_name
        if order == "name"
        else sorted(by_name, key=lambda one: -1 if one.size_bytes is None else -one.size_bytes)
    )


def _render_package(package: ListedPackage) -> tuple[Line, ...]:
    texts = (
        package.name,
        package.version or "?",
        "?" if package.size_bytes is None else format_bytes(package.size_bytes),
        package.kind,
        package.license or "?",
        package.build or "(not built yet)",
    )
    return tuple((whole(text),) for text in texts)


def _render_total(platform: PlatformSummary) -> Line:
    count, size = format_count(platform.package_count, "package"), format_bytes(platform.download_size_bytes)
    unknown = f", and {platform.unsized_count} of unknown size" if platform.unsized_count else ""
    return (paint(f"{count}, {size}{unknown}", "dim"),)

"""``STEM.notices.txt``: the texts of the licences of what the staged files contain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cs_stamp import PlannedArchive

from ..licenses.texts import LicenseFile
from ..terminal.escaping import escape_line
from .inventory import Component, Inventory
from .template_notices import NOTICES_NAME

LARGEST_NOTICES = 128 << 20
"""Bytes of all texts together; those that exceed it are named and left out."""

RULE = "=" * 80
"""Stands before each text."""

_THIN_RULE = "-" * 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """A file of a package with a text."""

    package: str
    file: str


def render_notices(
    inventory: Inventory, texts: Mapping[str, Sequence[LicenseFile]], template_notices: bytes | None
) -> bytes:
    """Render the notices: those of the template, then each text once, with all packages that have it.

    :param texts: of the packages that the staged files contain, by the archive's name.
    :param template_notices: as they came with the template; ``None`` if it came without them.
    """
    contained = [one for one in inventory.components if one.file_name in texts]
    others = [one for one in inventory.components if one.file_name not in texts]
    owners: dict[bytes, list[_Owner]] = {}
    faults: list[str] = []
    for component in sorted(contained, key=label_package):
        for file in texts[component.file_name]:
            if file.fault is None and file.text:
                owners.setdefault(file.text, []).append(_Owner(package=label_package(component), file=file.name))
            else:
                faults.append(f"{label_package(component)}: {file.name} ({file.fault or 'empty'})")
    left_out = _limit(owners)
    parts: list[Iterable[bytes]] = [
        _render_head(inventory, has_template=template_notices is not None),
        _render_list("The packages, with the licences that they state:", map(_state, contained)),
        _render_list(
            "These packages have no text of a licence in their archives:",
            (_state(one) for one in contained if not texts[one.file_name]),
        ),
        _render_list("These files were not copied:", [*faults, *left_out]),
        _render_list(
            "These packages are not contained. The runtime downloads them from their publishers, who provide the "
            "texts:",
            map(_state, others),
        ),
        [] if template_notices is None else _render_text(template_notices, [_name_template(inventory)]),
        *(_render_text(text, some) for text, some in owners.items()),
    ]
    return b"\n".join(line for part in parts for line in part) + b"\n"


def _limit(owners: dict[bytes, list[_Owner]]) -> list[str]:
    """Remove the texts that would make the file too large, and name their files."""
    size, left_out = 0, []
    for text in list(owners):
        if size + len(text) <= LARGEST_NOTICES:
            size += len(text)
        else:
            left_out += [f"{one.package}: {one.file} (the notices would be too large)" for one in owners.pop(text)]
    return left_out


def _name_template(inventory: Inventory) -> _Owner:
    return _Owner(package=f"{inventory.template_name} {inventory.template_version}", file=NOTICES_NAME)


def _render_head(inventory: Inventory, *, has_template: bool) -> Iterator[bytes]:
    yield compose_title(inventory.name, inventory.version).encode()
    yield b""
    yield b"The texts are copied from the archives of the packages. Each appears once."
    template = _name_template(inventory)
    if has_template:
        yield f"The notices of the template, {template.package}, are the first.".encode()
    else:
        yield f"The template, {template.package}, came without {template.file}: its notices are not here.".encode()


def _render_list(head: str, items: Iterable[str]) -> Iterator[bytes]:
    if lines := sorted(items):
        yield from (b"", head.encode(), b"")
        yield from (f"  {line}".encode() for line in lines)


def _render_text(text: bytes, owners: Iterable[_Owner]) -> Iterator[bytes]:
    yield from (b"", RULE.encode())
    yield from (f"{one.package}: {one.file}".encode() for one in owners)
    yield from (_THIN_RULE.encode(), b"", text)


def compose_title(runtime: str, version: str) -> str:
    """Return the first line of the notices of a runtime."""
    return f"Notices of {runtime} {version}"


def label_package(package: Component | PlannedArchive) -> str:
    """Name a package, as the lists of the notices do."""
    return escape_line(f"{package.name} {package.version}")


def _state(component: Component) -> str:
    stated = escape_line(component.license.label) if component.license else "not stated"
    return f"{label_package(component)}: {stated}"

"""The texts of the licences of what is linked into the template, and their place in its wheel.

The licences oblige everyone who distributes the template to distribute these texts, too. They come from the sources
that cargo compiles and from the documentation of the compiler, so they are collected when a wheel is built.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import subprocess
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

NOTICES_NAME = "cs-template.notices.txt"
"""The file's name in ``dist-info/licenses``; ``cs build`` looks for it there, or next to a template."""

_NOT_STATED = "not stated"
_RULE = "=" * 80
_THIN_RULE = "-" * 80
_TEXT_NAME = re.compile(r"(licen[cs]es?|unlicen[cs]e|copying|copyright|notices?|authors)([-._].*)?", re.IGNORECASE)
_CODE = {".c", ".h", ".html", ".json", ".py", ".rs", ".sh", ".toml", ".yml"}
_GCC = "libgcc: GPL-3.0-or-later WITH GCC-exception-3.1"
_SYSTEM_LIBRARIES = {
    "-linux-gnu": ("GNU C Library, if the executable is static: LGPL-2.1-or-later", _GCC),
    "-windows-gnu": ("mingw-w64 runtime: ZPL-2.1 AND MIT AND LicenseRef-public-domain", _GCC),
    "-windows-gnullvm": ("mingw-w64 runtime: ZPL-2.1 AND MIT AND LicenseRef-public-domain",),
}
"""What the linker may add, by the end of the target's name."""


class NoticesError(Exception):
    """A text that must be distributed with the template cannot be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A crate or a library in the executable.

    :ivar label: name and version.
    :ivar expression: SPDX expression, as stated.
    :ivar texts: of its licences, by the path in its sources.
    :ivar authors: as stated, joined.
    """

    label: str
    expression: str
    texts: Mapping[str, str]
    authors: str = ""

    @property
    def alternatives(self) -> frozenset[str]:
        """The licences of which one is enough."""
        return frozenset(re.split(r"\s+OR\s+|\s*/\s*", self.expression))


def collect_notices(project: Path, target: str) -> str:
    """Return the notices of the template for a target.

    :param project: directory of its ``Cargo.toml``.
    :param target: Rust's name of the target.
    :raises NoticesError: if a crate states a licence whose text no crate has.
    """
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={target}"]
    metadata = json.loads(_read_output(command, project))
    release = re.search(r"(?m)^release: (.+)$", _read_output(["rustc", "-vV"], project))
    sysroot = Path(_read_output(["rustc", "--print=sysroot"], project).strip())
    library = read_standard_library(sysroot / "share" / "doc", release[1] if release else "")
    return render_notices(target, [*read_crates(metadata), library])


def _read_output(command: list[str], directory: Path) -> str:
    return subprocess.run(command, cwd=directory, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def read_crates(metadata: Mapping[str, Any]) -> list[Part]:
    """Read the crates that are linked into the executable of a workspace: the root first, the others sorted.

    :param metadata: what ``cargo metadata`` prints for one platform.
    """
    packages = {package["id"]: package for package in metadata["packages"]}
    root = metadata["resolve"]["root"]
    # The other members of the workspace are under the licence of the root, and in its directory.
    linked = _find_linked(metadata["resolve"], packages) - set(metadata["workspace_members"])
    others = sorted((_read_crate(packages[one]) for one in linked), key=lambda part: part.label)
    own = Path(packages[root]["manifest_path"]).with_name("LICENSE")
    return [_describe(packages[root], {own.name: read_text(own)}), *others]


def _find_linked(resolve: Mapping[str, Any], packages: Mapping[str, Any]) -> set[str]:
    """Follow the normal dependencies from the root; procedural macros and what they need run in the compiler only."""
    nodes = {node["id"]: node for node in resolve["nodes"]}
    found: set[str] = set()
    waiting = [resolve["root"]]
    while waiting:
        one = waiting.pop()
        if one in found or any("proc-macro" in target["kind"] for target in packages[one]["targets"]):
            continue
        found.add(one)
        for needed in nodes[one]["deps"]:
            if any(kind["kind"] is None for kind in needed["dep_kinds"]):
                waiting.append(needed["pkg"])
    return found


def _read_crate(package: Mapping[str, Any]) -> Part:
    """Read the texts in a crate's sources, those of code of others in them too."""
    directory = Path(package["manifest_path"]).parent
    paths = {path for path in directory.rglob("*") if path.is_file() and _has_license(path)}
    if package["license_file"] is not None:
        paths.add(directory / package["license_file"])
    named = {path.relative_to(directory).as_posix(): path for path in paths if path.is_relative_to(directory)}
    return _describe(package, {name: read_text(named[name]) for name in sorted(named)})


def _has_license(path: Path) -> bool:
    is_named = _TEXT_NAME.fullmatch(path.name) or path.parent.name.lower() in ("licenses", "licences")
    return bool(is_named) and path.suffix.lower() not in _CODE


def _describe(package: Mapping[str, Any], texts: Mapping[str, str]) -> Part:
    label = f"{package['name']} {package['version']}"
    authors = ", ".join(package["authors"])
    return Part(label=label, expression=package["license"] or _NOT_STATED, texts=texts, authors=authors)


def read_text(path: Path) -> str:
    """Read a text with ``\\n`` at the ends of lines, no spaces before them and no empty lines around it."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return "\n".join(line.rstrip() for line in re.split(r"\r\n|\r|\n|\f", text)).strip("\n")


def read_standard_library(documents: Path, release: str) -> Part:
    """Read the notices of Rust's standard library where rustup or Debian has installed them.

    :param documents: ``share/doc`` of the compiler. If it has none, the library is named by its expression.
    """
    texts: dict[str, str] = {}
    page = documents / "rust" / "COPYRIGHT-library.html"
    if page.is_file():
        texts[page.name] = render_page(page.read_text(encoding="utf-8"))
        named = sorted((page.parent / "licenses").glob("*.txt"))
        texts |= {path.name: read_text(path) for path in named if path.stem in texts[page.name]}
    for path in sorted(documents.glob("libstd-rust*-dev/copyright")):
        texts.setdefault(path.name, read_text(path))
    label = f"Rust standard library {release}"
    return Part(label=label, expression="Apache-2.0 OR MIT", texts=texts, authors="The Rust Project Developers")


class _PageReader(HTMLParser):
    """Turns a page into lines: what is preformatted stays, other spaces are joined."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self._is_formatted = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._is_formatted = self._is_formatted or tag == "pre"
        if tag in ("p", "pre", "summary", "li", "h1", "h2", "h3", "title"):
            self.lines += [""] if tag == "li" else ["", ""]

    def handle_endtag(self, tag: str) -> None:
        self._is_formatted = self._is_formatted and tag != "pre"

    def handle_data(self, data: str) -> None:
        if not self._is_formatted:
            data = re.sub(r"\s+", " ", data)
            data = data if self.lines[-1] else data.lstrip()
        first, *more = data.split("\n")
        self.lines[-1] += first
        self.lines += more


def render_page(page: str) -> str:
    """Turn a page of HTML into a text."""
    reader = _PageReader()
    reader.feed(page)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in reader.lines)).strip("\n")


def render_notices(target: str, parts: Iterable[Part]) -> str:
    """Render the notices: each text once, with everything that has it.

    :param parts: the template itself is the first.
    :raises NoticesError: if a crate has no text, and no other crate has one of its licences.
    """
    parts = list(parts)
    owners: dict[str, list[str]] = {}
    for part in parts:
        for name, text in part.texts.items():
            if text:
                owners.setdefault(text, []).append(f"{part.label}: {name}")
    with_texts = [part for part in parts if any(part.texts.values())]
    lines = [
        f"Notices of {parts[0].label} for {target}",
        "",
        "The texts are copied from the sources of what is linked into it. Each appears once. The sources of a crate",
        "are at https://crates.io/crates/NAME.",
        *_render_list("The parts, with the licences that they state:", (f"{_state(part)}" for part in parts)),
        *_render_list(
            "These have no text of a licence in their sources. Another part has the text of the same licence:",
            (_refer(part, with_texts) for part in parts if part not in with_texts),
        ),
        *_render_list("The linker adds parts of these libraries, whose texts are not here:", _list_system(target)),
        *(line for text, some in owners.items() for line in ("", _RULE, *some, _THIN_RULE, "", text)),
    ]
    return "\n".join(lines) + "\n"


def _render_list(head: str, items: Iterable[str]) -> Iterator[str]:
    if lines := list(items):
        yield from ("", head, "", *(f"  {line}" for line in lines))


def _state(part: Part) -> str:
    return f"{part.label}: {part.expression}"


def _refer(part: Part, others: Iterable[Part]) -> str:
    """Name a part with the text of a licence that is enough for this one."""
    for other in others:
        if part.expression != _NOT_STATED and other.alternatives <= part.alternatives:
            return f"{_state(part)}{part.authors and f', by {part.authors}'}: see {other.label}"
    raise NoticesError(
        f"{_state(part)}: its sources have no text of a licence, and no other crate has one under these terms; "
        "use another version or another crate"
    )


def _list_system(target: str) -> tuple[str, ...]:
    return next((names for end, names in _SYSTEM_LIBRARIES.items() if target.endswith(end)), ())


def add_notices(wheel: Path, notices: str) -> None:
    """Add the notices to a wheel as a licence file (PEP 639).

    maturin takes licence files from the directory of the project only, and nothing is written there.

    :raises NoticesError: if the wheel names no licence file yet.
    """
    with zipfile.ZipFile(wheel) as archive:
        files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        entries = archive.infolist()
    record = next(name for name in files if name.endswith(".dist-info/RECORD"))
    info = record.removesuffix("/RECORD")
    metadata, place = f"{info}/METADATA", f"{info}/licenses/{NOTICES_NAME}"
    added = {metadata: _name_notices(files[metadata]), place: notices.encode()}
    files |= {**added, record: _record(files[record], added)}
    like = copy.copy(next(entry for entry in entries if entry.filename == metadata))
    like.filename = place
    changed = wheel.with_suffix(".changed")
    with zipfile.ZipFile(changed, "w") as archive:
        for entry in (*entries[:-1], like, entries[-1]):
            archive.writestr(entry, files[entry.filename])
    changed.replace(wheel)


def _name_notices(metadata: bytes) -> bytes:
    line = rb"\g<0>License-File: " + NOTICES_NAME.encode() + b"\n"
    changed, count = re.subn(rb"(?m)^License-File: .*\n", line, metadata, count=1)
    if not count:
        raise NoticesError("the wheel has no licence of its own")
    return changed


def _record(record: bytes, added: Mapping[str, bytes]) -> bytes:
    """Write the rows of files that are new or have changed; the row of ``RECORD`` itself stays the last."""
    rows = [row for row in record.decode().splitlines() if row.partition(",")[0] not in added]
    new = [f"{path},{_digest(data)},{len(data)}" for path, data in added.items()]
    return "".join(f"{row}\n" for row in [*rows[:-1], *new, *rows[-1:]]).encode()


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

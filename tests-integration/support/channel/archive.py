"""Write ``.conda`` and ``.tar.bz2`` package archives as conda-build does."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import stat
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import zstandard

from ..tested_platform import PLATFORM

PLACEHOLDER = "/opt/placehold" + "_placehold" * 20 + "_placehold_p"
"""The prefix that packages are built for: long, as conda-build's are, so that real prefixes fit over it."""

_ARCHITECTURES = {"64": "x86_64", "32": "x86"}

MTIME = 1_700_000_000
"""Seconds since the epoch of every generated file: a fixed time keeps archives reproducible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One path of a package.

    :param path: relative to the prefix, ``/`` between parts.
    :param content: bytes, or a file to read them from; ignored for links.
    :param link: target of a symbolic link.
    :param file_mode: ``"text"`` or ``"binary"`` when the content holds :data:`PLACEHOLDER`.
    """

    path: str
    content: bytes | Path = b""
    executable: bool = False
    link: str | None = None
    hard_link: str | None = None
    file_mode: str | None = None
    mtime: int = MTIME

    def open(self) -> IO[bytes]:
        return self.content.open("rb") if isinstance(self.content, Path) else io.BytesIO(self.content)

    @property
    def size_bytes(self) -> int:
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Everything that goes into one archive."""

    name: str
    version: str
    entries: list[Entry]
    build: str = "0"
    build_number: int = 0
    subdir: str = PLATFORM
    depends: list[str] = field(default_factory=list)
    noarch: str | None = None
    entry_points: list[str] = field(default_factory=list)
    license: str = "BSD-3-Clause"
    python_site_packages_path: str | None = None
    extra_info: dict[str, bytes] = field(default_factory=dict)
    old_style: bool = False

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"

    def index(self) -> dict[str, Any]:
        system, _, machine = self.subdir.partition("-")
        index: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.build_number,
            "subdir": self.subdir,
            "depends": self.depends,
            "license": self.license,
            "timestamp": MTIME * 1000,
            "arch": None if self.noarch else _ARCHITECTURES.get(machine, machine),
            "platform": None if self.noarch else system,
        }
        if self.noarch:
            index["noarch"] = self.noarch
        if self.python_site_packages_path:
            index["python_site_packages_path"] = self.python_site_packages_path
        return index


def write_package(package: Package, channel: Path, *, suffix: str = ".conda", level: int = 3) -> Path:
    """Write one archive into the channel's subdir.

    :param suffix: ``.conda`` or ``.tar.bz2``.
    :param level: zstd's level; conda-build uses 19.
    """
    directory = channel / package.subdir
    directory.mkdir(parents=True, exist_ok=True)
    out = directory / (package.stem + suffix)
    partial = out.with_name(out.name + ".part")
    write = _write_conda if suffix == ".conda" else _write_tar_bz2
    write(package, partial, level)
    return partial.replace(out)


def _write_conda(package: Package, out: Path, level: int) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        add_member(archive, "metadata.json", json.dumps({"conda_pkg_format_version": 2}).encode())
        with archive.open(_member(f"pkg-{package.stem}.tar.zst"), "w", force_zip64=True) as stream:
            _write_zstd_tar(stream, package.entries, level)
        info = io.BytesIO()
        _write_zstd_tar(info, info_entries(package), level)
        add_member(archive, f"info-{package.stem}.tar.zst", info.getvalue())


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (2023, 11, 14, 0, 0, 0))


def add_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Store a member of a ``.conda`` file, with a fixed time."""
    archive.writestr(_member(name), content)


def _write_zstd_tar(stream: IO[bytes], entries: list[Entry], level: int) -> None:
    # The window of level 19, which conda-build uses: it decides how much memory unpacking takes.
    parameters = zstandard.ZstdCompressionParameters.from_level(level, window_log=23)
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    with (
        compressor.stream_writer(stream, closefd=False) as compressed,
        tarfile.open(fileobj=compressed, mode="w|") as tar,
    ):
        _add_entries(tar, entries)


def _write_tar_bz2(package: Package, out: Path, _level: int) -> None:
    with bz2.open(out, "wb") as compressed, tarfile.open(fileobj=compressed, mode="w|") as tar:
        _add_entries(tar, info_entries(package))
        _add_entries(tar, package.entries)


def _add_entries(tar: tarfile.TarFile, entries: list[Entry]) -> None:
    for entry in entries:
        member = tarfile.TarInfo(entry.path)
        member.mtime = entry.mtime
        member.mode = 0o775 if entry.executable else 0o664
        if entry.link is not None or entry.hard_link is not None:
            member.type = tarfile.SYMTYPE if entry.link is not None else tarfile.LNKTYPE
            member.linkname = entry.link or entry.hard_link or ""
            tar.addfile(member)
            continue
        member.size = entry.size_bytes
        with entry.open() as content:
            tar.addfile(member, content)


def info_entries(package: Package) -> list[Entry]:
    """The ``info/`` folder: see conda's package specification."""
    files = {
        "index.json": to_json(package.index()),
        "files": "".join(f"{entry.path}\n" for entry in package.entries).encode(),
        "about.json": to_json({"license": package.license, "summary": f"{package.name}, repacked for tests"}),
    }
    if package.old_style:
        files["has_prefix"] = _has_prefix(package.entries)
    else:
        files["paths.json"] = to_json({"paths": [path_record(entry) for entry in package.entries], "paths_version": 1})
    if package.noarch:
        files["link.json"] = to_json(_link(package))
    files.update(package.extra_info)
    return [Entry(path=f"info/{name}", content=content) for name, content in files.items()]


def _link(package: Package) -> dict[str, Any]:
    noarch: dict[str, Any] = {"type": package.noarch}
    if package.entry_points:
        noarch["entry_points"] = package.entry_points
    return {"noarch": noarch, "package_metadata_version": 1}


def _has_prefix(entries: list[Entry]) -> bytes:
    lines = [f"{PLACEHOLDER} {entry.file_mode} {entry.path}\n" for entry in entries if entry.file_mode]
    return "".join(lines).encode()


def path_record(entry: Entry) -> dict[str, Any]:
    """Return the entry's record in ``paths.json``."""
    record: dict[str, Any] = {"_path": entry.path, "path_type": "softlink" if entry.link is not None else "hardlink"}
    record["sha256"], record["size_in_bytes"] = _digest(entry)
    if entry.file_mode:
        record.update(prefix_placeholder=PLACEHOLDER, file_mode=entry.file_mode)
    return record


def _digest(entry: Entry) -> tuple[str, int]:
    if entry.link is not None:  # as conda-build records a link whose target it does not follow
        return hashlib.sha256(b"").hexdigest(), 0
    digest, size = hashlib.sha256(), 0
    with entry.open() as content:
        while block := content.read(1 << 20):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def to_json(value: object) -> bytes:
    """Write a file of ``info/``."""
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def entry_from_file(path: str, source: Path, *, file_mode: str | None = None) -> Entry:
    """Describe a file on this machine as an entry, symbolic links as links."""
    status = source.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Entry(path=path, link=str(source.readlink()))
    return Entry(
        path=path,
        content=source,
        executable=bool(status.st_mode & 0o100),
        file_mode=file_mode,
        mtime=int(status.st_mtime),
    )

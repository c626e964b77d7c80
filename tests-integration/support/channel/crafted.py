"""Write archives that no build tool would: odd members, lists that lie, records for them without a solve."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import zstandard

from .archive import MTIME, Entry, Package, add_member, info_entries, path_record, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd(Entry):
    """An entry that says more than a build tool's would.

    :param mode: permission bits, instead of those that ``executable`` gives.
    :param kind: type byte of tar.
    :param member: path in the archive when it is another than the listed one.
    :param stated_size_bytes: size in tar's header when it lies.
    :param pax: additional pax headers.
    :param listed: whether ``paths.json`` has it.
    :param record: fields of its record in ``paths.json`` to set; ``None`` removes one.
    :param in_archive: whether the archive has it.
    """

    mode: int | None = None
    kind: bytes | None = None
    member: str | None = None
    stated_size_bytes: int | None = None
    pax: Mapping[str, str] = field(default_factory=dict)
    listed: bool = True
    record: Mapping[str, Any] = field(default_factory=dict)
    in_archive: bool = True


def folder(path: str, *, listed: bool = True, mode: int = 0o755) -> Odd:
    """Describe a directory."""
    return Odd(path=path, kind=tarfile.DIRTYPE, mode=mode, listed=listed, record={"path_type": "directory"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A package and how its archive is written.

    :param tar_format: ``tarfile``'s constant: pax or GNU long names.
    :param info_last: whether ``info/`` stands behind the files (``.tar.bz2`` only).
    :param info: files of ``info/`` to replace; ``None`` removes one.
    :param info_mtime: seconds since the epoch of every file of ``info/``.
    :param edit_payload: changes the tar of the files, before compression.
    :param compress: compresses the tar of the files.
    :param edit: changes the finished archive's bytes.
    """

    package: Package
    suffix: str = ".conda"
    tar_format: int = tarfile.PAX_FORMAT
    info_last: bool = False
    info: Mapping[str, bytes | None] = field(default_factory=dict)
    info_mtime: int = MTIME
    edit_payload: Callable[[bytes], bytes] | None = None
    compress: Callable[[bytes], bytes] | None = None
    edit: Callable[[bytes], bytes] | None = None

    @property
    def file_name(self) -> str:
        return self.package.stem + self.suffix

    def content(self) -> bytes:
        """Return the archive's bytes."""
        build = self._conda if self.suffix == ".conda" else self._tar_bz2
        content = build()
        return self.edit(content) if self.edit else content

    def _conda(self) -> bytes:
        compress = self.compress or zstandard.ZstdCompressor(level=3).compress
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            add_member(archive, "metadata.json", json.dumps({"conda_pkg_format_version": 2}).encode())
            add_member(archive, f"pkg-{self.package.stem}.tar.zst", compress(self._payload()))
            info = write_tar(self._info(), self.tar_format)
            add_member(archive, f"info-{self.package.stem}.tar.zst", zstandard.ZstdCompressor().compress(info))
        return out.getvalue()

    def _tar_bz2(self) -> bytes:
        info, files = self._info(), list(self.package.entries)
        entries = [*files, *info] if self.info_last else [*info, *files]
        tar = write_tar(entries, self.tar_format)
        return bz2.compress(self.edit_payload(tar) if self.edit_payload else tar, 1)

    def _payload(self) -> bytes:
        tar = write_tar(self.package.entries, self.tar_format)
        return self.edit_payload(tar) if self.edit_payload else tar

    def _info(self) -> list[Entry]:
        entries = {entry.path: entry for entry in info_entries(self.package)}
        if not self.package.old_style:
            entries["info/paths.json"] = Entry(path="info/paths.json", content=self._paths_json())
        entries["info/files"] = Entry(path="info/files", content=self._files())
        for name, content in self.info.items():
            entries.pop(f"info/{name}", None)
            if content is not None:
                entries[f"info/{name}"] = Entry(path=f"info/{name}", content=content)
        return [replace(entry, mtime=self.info_mtime) for entry in entries.values()]

    def _paths_json(self) -> bytes:
        paths = [record_of(entry) for entry in self.package.entries if is_listed(entry)]
        return to_json({"paths": paths, "paths_version": 1})

    def _files(self) -> bytes:
        return "".join(f"{entry.path}\n" for entry in self.package.entries if is_listed(entry)).encode()


def is_listed(entry: Entry) -> bool:
    """Tell whether ``paths.json`` has the entry."""
    return not isinstance(entry, Odd) or entry.listed


def record_of(entry: Entry) -> dict[str, Any]:
    """Return the entry's record in ``paths.json``."""
    record = path_record(entry)
    changes = entry.record if isinstance(entry, Odd) else {}
    record.update(changes)
    if record["path_type"] == "directory":
        record.pop("sha256")
        record.pop("size_in_bytes")
    return {key: value for key, value in record.items() if value is not None}


def write_tar(entries: Iterable[Entry], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    """Write a tar, lies and all."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format, encoding="utf-8") as tar:
        for entry in entries:
            if not isinstance(entry, Odd) or entry.in_archive:
                _add(tar, entry)
    return out.getvalue()


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    content = b"" if _target(entry) is not None else entry.open().read()
    member = _describe(entry)
    member.size = _stated_size(entry, content)
    if member.size == len(content):
        tar.addfile(member, io.BytesIO(content) if content else None)
    else:
        _add_lie(tar, member, content)


def _describe(entry: Entry) -> tarfile.TarInfo:
    """Return the header of an entry, without its size."""
    odd = entry if isinstance(entry, Odd) else Odd(path=entry.path)
    member = tarfile.TarInfo(odd.member or entry.path)
    member.mtime = entry.mtime
    member.mode = (0o775 if entry.executable else 0o664) if odd.mode is None else odd.mode
    member.pax_headers = dict(odd.pax)
    member.type = odd.kind or _type(entry)
    member.linkname = _target(entry) or ""
    return member


def _target(entry: Entry) -> str | None:
    return entry.hard_link if entry.link is None else entry.link


def _type(entry: Entry) -> bytes:
    if entry.link is not None:
        return tarfile.SYMTYPE
    return tarfile.REGTYPE if entry.hard_link is None else tarfile.LNKTYPE


def _stated_size(entry: Entry, content: bytes) -> int:
    stated = entry.stated_size_bytes if isinstance(entry, Odd) else None
    return len(content) if stated is None else stated


def _add_lie(tar: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    """Write a member whose size is not the stated one, which ``tarfile`` itself does not."""
    assert tar.fileobj is not None
    tar.fileobj.write(member.tobuf(tar.format or tarfile.PAX_FORMAT, tar.encoding or "utf-8", "surrogateescape"))
    tar.fileobj.write(content.ljust(-(-len(content) // 512) * 512, b"\0"))


def write_channel(archives: Iterable[Archive], channel: Path) -> list[dict[str, Any]]:
    """Write archives into a channel folder.

    :returns: a repodata record for each, in the same order, with ``file:`` URLs.
    """
    return [_write(archive, channel) for archive in archives]


def _write(archive: Archive, channel: Path) -> dict[str, Any]:
    path = channel / archive.package.subdir / archive.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = archive.content()
    path.write_bytes(content)
    return {
        **{key: value for key, value in archive.package.index().items() if value is not None},
        "fn": archive.file_name,
        "url": path.as_uri(),
        "channel": channel.as_uri() + "/",
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "size": len(content),
    }

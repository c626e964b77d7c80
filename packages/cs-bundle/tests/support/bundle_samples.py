"""Archives and bundles that the tests share, good ones and broken ones."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import zstandard

from cs_bundle import WantedArchive

SIZES_BYTES = {
    "abc-1.0-0.tar.bz2": 131_072 - 512,
    "_mutex-0.1-main.conda": 0,
    "numpy-2.0-py311_0.conda": 300_001,
    "zlib-1.3-0.conda": 513,
}


def make_archives(directory: Path) -> dict[str, Path]:
    """Write archives of several sizes; their content means nothing to a bundle."""
    directory.mkdir(parents=True, exist_ok=True)
    generator = random.Random(7)
    for name, size in SIZES_BYTES.items():
        (directory / name).write_bytes(generator.randbytes(size))
    return {name: directory / name for name in SIZES_BYTES}


def expect(paths: Iterable[Path]) -> list[WantedArchive]:
    """Return what a lock would say of the archives."""
    return [
        WantedArchive(file_name=path.name, sha256=sha256(path.read_bytes()).hexdigest(), size_bytes=path.stat().st_size)
        for path in paths
    ]


def request(path: Path, url: str) -> WantedArchive:
    """Return the request for an archive."""
    data = path.read_bytes()
    return WantedArchive(url=url, file_name=path.name, sha256=sha256(data).hexdigest(), size_bytes=len(data))


def make_tar(entries: Iterable[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.GNU_FORMAT) -> bytes:
    """Return a tar of the entries."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, data in entries:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def make_entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """Return a tar entry of any type."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def compress(path: Path, tar: bytes) -> Path:
    """Write a tar as a foreign bundle."""
    path.write_bytes(zstandard.ZstdCompressor().compress(tar))
    return path

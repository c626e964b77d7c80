"""The bytecode part of a runtime: compiled modules and nothing else."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from cs_stamp import Plan

from ..archives.tars import BoundedMember, iterate_members
from ..errors import CliError

_BLOCK_BYTES = 1 << 20


def check_bytecode(part: BinaryIO, plan: Plan, *, path: Path) -> int:
    """Check that a bytecode part contains only compiled modules of the plan's Python, in canonical order.

    It does not check which package a module belongs to: for that it would have to unpack every archive.

    :param part: the tar.zst.
    :param path: what to call it in errors.
    :returns: number of compiled modules.
    :raises CliError: ``bytecode-damaged``.
    """
    count, last = 0, ""
    for member, _ in _members(part, path):
        fault = _find_fault(member, plan)
        if fault is None and member.name <= last:
            fault = "is out of order, or a duplicate"
        if fault is not None:
            message = f"the entry {member.name!r} of the bytecode {fault}"
            raise CliError(message, kind="bytecode-damaged", path=path, hint="build the runtime again")
        count, last = count + 1, member.name
    return count


def hash_modules(part: BinaryIO, path: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the SHA-256 of each compiled module.

    :param path: what to call the part in errors.
    :raises CliError: ``bytecode-damaged``.
    """
    for member, tar in _members(part, path):
        digest, file = sha256(), tar.extractfile(member)
        while file is not None and (block := file.read(_BLOCK_BYTES)):
            digest.update(block)
        yield member.name, digest.hexdigest()


def _members(part: BinaryIO, path: Path) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    import zstandard

    try:
        with (
            zstandard.ZstdDecompressor().stream_reader(part) as stream,
            tarfile.open(fileobj=stream, mode="r|", tarinfo=BoundedMember) as tar,
        ):
            for member in iterate_members(tar):
                yield member, tar
    except (zstandard.ZstdError, tarfile.TarError, EOFError, RecursionError) as error:
        raise CliError(f"the bytecode cannot be read: {error}", kind="bytecode-damaged", path=path) from error


def _find_fault(member: tarfile.TarInfo, plan: Plan) -> str | None:
    directory, _, name = member.name.rpartition("/")
    if not member.isreg():
        return "is not a file"
    if plan.python is None or not member.name.startswith(f"{plan.python.site_packages_path}/"):
        return "is outside the site-packages of the environment's Python"
    if ".." in member.name.split("/") or not directory.endswith("/__pycache__") or not name.endswith(".pyc"):
        return "is not a compiled module"
    return None

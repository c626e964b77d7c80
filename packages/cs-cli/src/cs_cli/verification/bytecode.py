"""The bytecode part of a runtime: compiled modules and nothing else."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cs_stamp import Plan

from ..archives.tars import BoundedMember, iterate_members
from ..errors import CliError


def check_bytecode(part: BinaryIO, plan: Plan, *, path: Path) -> int:
    """Check that a bytecode part contains only compiled modules of the plan's Python, in canonical order.

    It does not check which package a module belongs to: for that it would have to unpack every archive.

    :param part: the tar.zst.
    :param path: what to call it in errors.
    :returns: number of compiled modules.
    :raises CliError: ``bytecode-damaged``.
    """
    count, last = 0, ""
    for member in _members(part, path):
        fault = _find_fault(member, plan)
        if fault is None and member.name <= last:
            fault = "is out of order, or a duplicate"
        if fault is not None:
            message = f"the entry {member.name!r} of the bytecode {fault}"
            raise CliError(message, kind="bytecode-damaged", path=path, hint="build the runtime again")
        count, last = count + 1, member.name
    return count


def _members(part: BinaryIO, path: Path) -> Iterator[tarfile.TarInfo]:
    import zstandard

    try:
        with (
            zstandard.ZstdDecompressor().stream_reader(part) as stream,
            tarfile.open(fileobj=stream, mode="r|", tarinfo=BoundedMember) as tar,
        ):
            yield from iterate_members(tar)
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

"""Stamp a template: copy it and append the parts and the footer."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Protocol

from ._copying import Digest, append_data, append_file
from ._errors import (
    FieldError,
    NotStampedError,
    StampError,
    StampTooLargeError,
    StampWriteError,
    TemplateStampedError,
)
from ._footer import Footer, find_footer, plan_footer
from ._header import Header
from ._launch import launch_block
from ._layout import COPY_CHUNK_BYTES, PART_LIMITS_BYTES, PART_TAGS
from ._paths import StrPath
from ._plan import Plan
from ._sealing import Seal, open_seal, require_size


@dataclass(frozen=True, slots=True, kw_only=True)
class StampInfo:
    """A written runtime.

    :ivar identity: lower-case hex identity of the stamp.
    :ivar size_bytes: size of the runtime.
    :ivar sha256: hex digest of the runtime, the whole file.
    :ivar template_size_bytes: how much of the template is kept, which is also where the stamp starts: all but the
        signature of a macOS executable.
    :ivar template_sha256: hex digest of the template.
    :ivar part_sizes_bytes: size of each part by its tag, 0 for an absent one.
    :ivar part_sha256: hex digest of each part by its tag.
    """

    path: Path
    identity: str
    size_bytes: int
    sha256: str
    template_size_bytes: int
    template_sha256: str
    part_sizes_bytes: dict[str, int]
    part_sha256: dict[str, str]


class PartWriter(Protocol):
    """A function that writes a part straight into the runtime, so that it needs no file of its own."""

    def __call__(self, file: BinaryIO, digest: Digest, /) -> tuple[int, str]:
        """Append the part.

        :param file: the runtime, unbuffered, at the place where the part starts.
        :param digest: the runtime's own; has to take every byte that is appended.
        :returns: size of the part in bytes and its hex SHA-256. Wrong ones give a runtime that every reader refuses.
        """
        ...


def write_stamp(
    template: StrPath,
    out: StrPath,
    *,
    header: Header,
    plan: Plan,
    lock: bytes,
    bytecode: StrPath | None = None,
    bundle: StrPath | PartWriter | None = None,
) -> StampInfo:
    """Write a runtime: a copy of the template, followed by header, plan, lock, bytecode and bundle.

    The runtime is written next to ``out`` and put in its place by one rename, with mode 0755: a failure or an
    interruption leaves what was found. The same input gives the same bytes. The stamp ends where the bytes end that
    a signature of the platform covers; an executable for macOS gets an ad hoc one.

    :param lock: the runtime lock, the bytes of ``STEM.runtime.lock``.
    :param bytecode: tar.zst of compiled modules; goes with ``header.bytecode == "shipped"`` and only with it.
    :param bundle: bundle in canonical form, or what writes one into the runtime; holds the archives of
        ``Plan.bundled``: goes with ``header.layout == "embedded"``, with an ``online`` runtime that carries local
        archives, and with nothing else.
    :raises FieldError: if header, plan and files contradict each other.
    :raises StampTooLargeError: if a part exceeds the format's limit, or the runtime that of its platform.
    :raises TemplateStampedError: if the template is a runtime already.
    :raises ExecutableLayoutError: if the template has no place for a stamp.
    :raises StampWriteError: if a file cannot be read or written.
    """
    template = Path(template)
    out = Path(out)
    bytecode = None if bytecode is None else Path(bytecode)
    if isinstance(bundle, str | PathLike):
        bundle = Path(bundle)
    _check_agreement(header, plan, bytecode, bundle)
    small = {"header": header.to_bytes(), "plan": plan.to_bytes(), "lock": lock}
    for tag, data in small.items():
        _check_limit(tag, len(data))
    seal = _open_template(template, out, header.artifact_name)
    require_size(template, plan, header.layout)
    try:
        with replacing(out) as file:
            template_sha256 = _copy_template(template, file, seal)
            footer = _append_parts(file, seal, header, small, (bytecode, bundle))
            seal.check_size(seal.kept_size_bytes + footer.stamp_length)
            runtime_sha256 = seal.close(file)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise StampWriteError(f"cannot write the runtime: {error}", path=out) from error
    return StampInfo(
        path=out,
        identity=footer.identity.hex(),
        size_bytes=size,
        sha256=runtime_sha256,
        template_size_bytes=seal.kept_size_bytes,
        template_sha256=template_sha256,
        part_sizes_bytes={tag: footer.part(tag).size_bytes for tag in PART_TAGS},
        part_sha256={tag: footer.part(tag).sha256.hex() for tag in PART_TAGS},
    )


def _copy_template(template: Path, out: BinaryIO, seal: Seal) -> str:
    """Copy what is kept of the template, and return the hex SHA-256 of all of it."""
    digest = sha256()
    append_file(template, out, [digest, seal], limit_bytes=seal.kept_size_bytes)
    with template.open("rb") as file:
        file.seek(seal.kept_size_bytes)
        while data := file.read(COPY_CHUNK_BYTES):
            digest.update(data)
    return digest.hexdigest()


def _append_parts(
    file: BinaryIO,
    seal: Seal,
    header: Header,
    small: dict[str, bytes],
    large: tuple[Path | None, Path | PartWriter | None],
) -> Footer:
    sizes = {tag: len(data) for tag, data in small.items()}
    digests = {tag: sha256(data).digest() for tag, data in small.items()}
    append_data(b"".join(small.values()), file, [seal])
    for tag, source in zip(("bytecode", "bundle"), large, strict=True):
        sizes[tag], digests[tag] = _append_part(file, seal, source)
    launch = launch_block(header)
    sizes["launch"], digests["launch"] = len(launch), sha256(launch).digest()
    footer = plan_footer(sizes, digests)
    append_data(launch + footer.to_bytes(), file, [seal])
    return footer


def _append_part(file: BinaryIO, digest: Digest, source: Path | PartWriter | None) -> tuple[int, bytes]:
    part = sha256()
    if source is None:
        return 0, part.digest()
    if isinstance(source, Path):
        return append_file(source, file, [part, digest]), part.digest()
    size, part_sha256 = source(file, digest)
    return size, bytes.fromhex(part_sha256)


def _check_agreement(header: Header, plan: Plan, bytecode: Path | None, bundle: Path | PartWriter | None) -> None:
    if header.platform != plan.platform:
        raise FieldError(
            f"the header says {header.platform}, the plan {plan.platform}",
            key="platform",
            expected=header.platform,
            actual=plan.platform,
        )
    if (bundle is not None) != (header.layout == "embedded" or bool(plan.bundled(header.layout))):
        raise FieldError(f"{header.layout} {'must not have' if bundle else 'needs'} a bundle", key="layout")
    if (bytecode is not None) != (header.bytecode == "shipped"):
        raise FieldError(
            f"{header.bytecode} {'must not have' if bytecode else 'needs'} a bytecode part",
            key="bytecode",
        )


def _check_limit(tag: str, size_bytes: int) -> None:
    limit = PART_LIMITS_BYTES[tag]
    if size_bytes > limit:
        raise StampTooLargeError(
            f"the {tag} would take {size_bytes} bytes; the limit is {limit}",
            part=tag,
            expected=f"at most {limit} bytes",
            actual=f"{size_bytes} bytes",
        )


def _open_template(template: Path, out: Path, identifier: str) -> Seal:
    try:
        if out.exists() and out.samefile(template):
            raise StampWriteError("the runtime would replace its own template", path=out, hint="write it elsewhere")
        refuse_stamped(template)
        return open_seal(template, identifier)
    except OSError as error:
        raise StampWriteError(f"cannot read the template: {error}", path=template) from error


def refuse_stamped(template: Path) -> None:
    """Refuse a template that has a stamp, damaged or not.

    :raises TemplateStampedError: if it does.
    """
    with template.open("rb") as file:
        try:
            find_footer(file)
        except NotStampedError:
            return
        except StampError as error:
            raise _stamped(template) from error
    raise _stamped(template)


def _stamped(template: Path) -> TemplateStampedError:
    return TemplateStampedError(
        "this template is a stamped runtime already", path=template, hint="use the plain `cs-template` executable"
    )


@contextlib.contextmanager
def replacing(out: Path) -> Iterator[BinaryIO]:
    """Hand out a new executable that takes the place of a path when the block ends without an error.

    A random name, opened exclusively: two builds into one directory do not meet. No fsync: a build can be repeated.
    ``cs_bundle._replacing`` does the same for files that are not executable.
    """
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(6)}.tmp")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        # By its name, not by a descriptor: the writer of a part can name the file that did not fit.
        with open(temporary, "w+b", buffering=0, opener=lambda path, _: os.open(path, flags, 0o700)) as file:
            yield file
        temporary.chmod(0o755)
        temporary.replace(out)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

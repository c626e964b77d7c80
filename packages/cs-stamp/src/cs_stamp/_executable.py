"""Tell from its first bytes what an executable runs on."""

from __future__ import annotations

import struct
from pathlib import Path

from ._errors import NotExecutableError, TemplateError

_ELF_MACHINES = {
    # (machine, class, byte order): conda subdirs; the numbers are those of the ELF specification's e_machine.
    (3, 1, "<"): ("linux-32",),
    (20, 1, ">"): ("linux-ppc",),
    (21, 2, ">"): ("linux-ppc64",),
    (21, 2, "<"): ("linux-ppc64le",),
    (22, 2, ">"): ("linux-s390x",),
    (40, 1, "<"): ("linux-armv6l", "linux-armv7l"),
    (62, 2, "<"): ("linux-64",),
    (183, 2, "<"): ("linux-aarch64",),
    (243, 1, "<"): ("linux-riscv32",),
    (243, 2, "<"): ("linux-riscv64",),
    (258, 2, "<"): ("linux-loongarch64",),
}
_ELF_FREEBSD = {(62, 2, "<"): ("freebsd-64",)}
_ELF_OSABI_FREEBSD = 9
_ELF_EXECUTABLE_TYPES = {2, 3}

_MACHO_CPUS = {0x01000007: "osx-64", 0x0100000C: "osx-arm64"}
_MACHO_EXECUTE = 2
_MACHO_MAX_ARCHITECTURES = 16

_PE_MACHINES = {0x014C: "win-32", 0x8664: "win-64", 0xAA64: "win-arm64"}
_PE_EXECUTABLE_IMAGE, _PE_DLL = 0x0002, 0x2000

EXECUTABLE_PLATFORMS = frozenset(
    subdir for table in (_ELF_MACHINES, _ELF_FREEBSD) for subdirs in table.values() for subdir in subdirs
).union(_MACHO_CPUS.values(), _PE_MACHINES.values())
"""Every conda subdir whose executables are known here."""

TEMPLATE_PLATFORMS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "win-arm64")
"""The conda subdirs that there are templates for."""

_HEAD_SIZE_BYTES = 1 << 16


def executable_platform(path: Path) -> tuple[str, ...]:
    """Return the conda subdirs that an executable runs on, several for a universal one.

    :raises NotExecutableError: if the file is not an ELF, Mach-O or PE program of a conda platform.
    :raises TemplateError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_SIZE_BYTES)
    except OSError as error:
        raise TemplateError(f"cannot read the executable: {error.strerror or error}", path=path) from error
    try:
        subdirs = _read_platforms(head)
    except struct.error:
        subdirs = ()
    if not subdirs:
        raise NotExecutableError(
            "this is not an executable for a platform that conda knows",
            path=path,
            expected="an ELF, Mach-O or PE executable",
            actual=f"a file that starts with {head[:4].hex(' ') or 'nothing'}",
            hint="use a `cs-template` executable",
        )
    return subdirs


def _read_platforms(head: bytes) -> tuple[str, ...]:
    if head.startswith(b"\x7fELF"):
        return _read_elf(head)
    if head.startswith(b"MZ"):
        return _read_pe(head)
    if head.startswith((b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")):
        return _read_fat_macho(head)
    if head.startswith(b"\xcf\xfa\xed\xfe"):
        return _read_macho(head)
    return ()


def _read_elf(head: bytes) -> tuple[str, ...]:
    order = {1: "<", 2: ">"}.get(head[5], "<")
    kind, machine = struct.unpack_from(order + "HH", head, 16)
    if kind not in _ELF_EXECUTABLE_TYPES:
        return ()
    table = _ELF_FREEBSD if head[7] == _ELF_OSABI_FREEBSD else _ELF_MACHINES
    return table.get((machine, head[4], order), ())


def _read_macho(head: bytes) -> tuple[str, ...]:
    cpu, _, kind = struct.unpack_from("<III", head, 4)
    return (_MACHO_CPUS[cpu],) if kind == _MACHO_EXECUTE and cpu in _MACHO_CPUS else ()


def _read_fat_macho(head: bytes) -> tuple[str, ...]:
    # A Java class file has the same magic; its "count" is a version of 45 or more.
    (count,) = struct.unpack_from(">I", head, 4)
    if count > _MACHO_MAX_ARCHITECTURES:
        return ()
    size = 32 if head[3] == 0xBF else 20
    cpus = (struct.unpack_from(">I", head, 8 + index * size)[0] for index in range(count))
    return tuple(_MACHO_CPUS[cpu] for cpu in cpus if cpu in _MACHO_CPUS)


def _read_pe(head: bytes) -> tuple[str, ...]:
    (offset,) = struct.unpack_from("<I", head, 0x3C)
    if head[offset : offset + 4] != b"PE\0\0":
        return ()
    machine, flags = struct.unpack_from("<H16xH", head, offset + 4)
    if not flags & _PE_EXECUTABLE_IMAGE or flags & _PE_DLL:
        return ()
    return (_PE_MACHINES[machine],) if machine in _PE_MACHINES else ()

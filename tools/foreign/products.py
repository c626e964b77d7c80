"""Whether an executable keeps what its wheel promises: LIEF reads it, from its headers to what it asks of the system.

A template that links here may still ask for a library that users do not have, or for a newer system.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import lief

from cs_stamp import SignatureError, TemplateError, read_mark, require_target, verify_signature

from .errors import ForeignError
from .targets import Target

_ELF = {"linux-64": lief.ELF.ARCH.X86_64, "linux-aarch64": lief.ELF.ARCH.AARCH64}
_MACHO = {"osx-64": lief.MachO.Header.CPU_TYPE.X86_64, "osx-arm64": lief.MachO.Header.CPU_TYPE.ARM64}
_PE = {"win-64": lief.PE.Header.MACHINE_TYPES.AMD64, "win-arm64": lief.PE.Header.MACHINE_TYPES.ARM64}

_APPLE_LIBRARY = re.compile(r"/usr/lib/[\w.]+\.dylib|/System/Library/Frameworks/.+")
_WINDOWS_LIBRARIES = (
    *("advapi32", "bcrypt", "bcryptprimitives", "combase", "crypt32", "kernel32", "msvcrt", "ntdll", "ole32"),
    *("oleaut32", "secur32", "shell32", "user32", "userenv", "ws2_32", r"api-ms-win-(core|crt)-[\w-]+"),
)
"""Libraries that every Windows 10 has. Those of Visual C++ (``vcruntime140.dll``) are not among them."""
_WINDOWS_LIBRARY = re.compile(rf"({'|'.join(_WINDOWS_LIBRARIES)})\.dll", re.IGNORECASE)


def check_product(path: Path, target: Target) -> None:
    """Check an executable for a target, before it goes into a wheel.

    :raises ForeignError: with one sentence, if it is not what the target's tags promise.
    """
    lief.logging.disable()  # it writes to stderr about what it then reports as a value
    system = target.subdir.partition("-")[0]
    for problem in chain(_CHECKS[system](path, target), _check_mark(path, target)):
        raise ForeignError(f"the template for {target.subdir} {problem}")


def _check_mark(path: Path, target: Target) -> Iterable[str]:
    """Read the mark as ``cs build`` does."""
    try:
        require_target(read_mark(path), (target.subdir,), path)
    except TemplateError as error:
        yield f"would be refused: {error.message}"


def _check_elf(path: Path, target: Target) -> Iterable[str]:
    binary = lief.ELF.parse(path)
    if binary is None or binary.header.machine_type != _ELF[target.subdir]:
        yield "is not an executable for it"
        return
    loaded = [binary.interpreter] if binary.has_interpreter else []
    if loaded or binary.libraries:
        yield f"is not linked statically: it asks for {', '.join(map(str, (*loaded, *binary.libraries)))}"
    for version in (note.version for note in binary.notes if isinstance(note, lief.ELF.NoteAbi)):
        if version is not None and tuple(version[:2]) > target.oldest_system:
            yield f"asks for Linux {_dotted(version)} instead of {_dotted(target.oldest_system)}"


def _check_macho(path: Path, target: Target) -> Iterable[str]:
    universal = lief.MachO.parse(path)
    binary = universal.at(0) if universal is not None and universal.size == 1 else None
    if binary is None or binary.header.cpu_type != _MACHO[target.subdir]:
        yield "is not an executable for it alone"
        return
    is_in_order, fault = lief.MachO.check_layout(binary)
    if not is_in_order:
        yield f"has parts in the wrong places: {fault}"
    version = tuple(binary.build_version.minos[:2]) if binary.build_version is not None else ()
    if version != target.oldest_system:
        yield f"asks for macOS {_dotted(version) or 'of any version'} instead of {_dotted(target.oldest_system)}"
    yield from _name_others((str(library.name) for library in binary.libraries), _APPLE_LIBRARY, "macOS")
    if binary.has_code_signature:
        yield from _check_pages(path)
    elif target.subdir == "osx-arm64":
        yield "is not signed, so macOS would not start it"


def _check_pages(path: Path) -> Iterable[str]:
    """Compare every page with its hash in the signature."""
    try:
        verify_signature(path)
    except SignatureError as error:
        yield f"does not start: {error.message}"


def _check_pe(path: Path, target: Target) -> Iterable[str]:
    binary = lief.PE.parse(path)
    if binary is None or binary.header.machine != _PE[target.subdir]:
        yield "is not an executable for it"
        return
    if binary.optional_header.subsystem != lief.PE.OptionalHeader.SUBSYSTEM.WINDOWS_CUI:
        yield "is not a console program"
    is_in_order, fault = lief.PE.check_layout(binary)
    if not is_in_order:
        yield f"has parts in the wrong places: {fault}"
    certificates = binary.data_directory(lief.PE.DataDirectory.TYPES.CERTIFICATE_TABLE)
    if certificates is not None and certificates.size:
        yield "is signed already: a publisher signs the stamped runtime"
    names = (one.name for one in (*binary.imports, *binary.delay_imports))
    yield from _name_others(map(str, names), _WINDOWS_LIBRARY, "Windows")


def _name_others(names: Iterable[str], known: re.Pattern[str], system: str) -> Iterable[str]:
    """Report the libraries that do not come with the system."""
    others = sorted({name for name in names if not known.fullmatch(name)})
    if others:
        yield f"asks for libraries that {system} does not have: {', '.join(others)}"


def _dotted(version: Iterable[int]) -> str:
    return ".".join(map(str, version))


_CHECKS: dict[str, Callable[[Path, Target], Iterable[str]]] = {
    "linux": _check_elf,
    "osx": _check_macho,
    "win": _check_pe,
}

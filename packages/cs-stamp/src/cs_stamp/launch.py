"""The launch part: what a later run needs, and no more."""

from __future__ import annotations

import os
import re
import struct

from .errors import DamagedStampError, StampTooLargeError
from .header import Header
from .layout import PART_LIMITS_BYTES

LAUNCH_VERSION = 1
STRING_COUNT = 8

FLAG_COMMANDS_SELF = 1 << 0
FLAG_ACTIVATION_FULL = 1 << 1
FLAG_USER_DATA = 1 << 2
FLAG_RUNTIME_IS_CONDA = 1 << 3

# The fast path stands aside for these. It is safe to list a word too many: the full program decides then.
_KEPT_WORDS = ("bootstrap", "status", "shell", "rollback", "uninstall", "help")
_KEPT_LETTERS = ("-q", "-v", "-qq", "-qv", "-vq", "-vv")
# --help and --version are the delegate's own.
_KEPT_OPTIONS = ("-h", "-V", *_KEPT_LETTERS, "--path", "--progress", "--")
_CONDA_WORDS = ("activate", "deactivate", "init")


def launch_block(header: Header, identity: bytes) -> bytes:
    """Render the launch part of a runtime.

    :param identity: the stamp's identity, 32 raw bytes.
    :returns: the part, at most 3584 bytes.
    :raises StampTooLargeError: if names are so long that the part exceeds its limit.
    """
    strings = [string.encode() for string in _launch_strings(header, identity)]
    block = struct.pack("<IIHH", LAUNCH_VERSION, _launch_flags(header), len(strings), 0)
    limit = PART_LIMITS_BYTES["launch"]
    size = len(block) + sum(len(string) + 3 for string in strings)
    if size > limit:
        raise StampTooLargeError(
            f"the launch part would take {size} bytes, {limit} is the limit",
            part="launch",
            expected=f"at most {limit} bytes",
            actual=f"{size} bytes",
            hint="shorten the runtime, install or delegate name",
        )
    return block + b"".join(struct.pack("<H", len(string)) + string + b"\0" for string in strings)


def name_variable(runtime: str, suffix: str) -> str:
    """Return the environment variable of a runtime: ``DEMO_PREFIX`` for ``demo`` and ``PREFIX``."""
    return re.sub(r"[^A-Z0-9]", "_", runtime.upper()) + "_" + suffix


def literal_path(path: str) -> str:
    """Return what a runtime on this system, which expands variables in paths, takes for this very absolute path."""
    text = path.replace("$", "$$")
    return text.replace("%", "%%") if os.name == "nt" else text


def _launch_flags(header: Header) -> int:
    return (
        (FLAG_COMMANDS_SELF if header.commands == "self" else 0)
        | (FLAG_ACTIVATION_FULL if header.activation == "full" else 0)
        | (FLAG_USER_DATA if header.install_scheme == "user-data" else 0)
        | (FLAG_RUNTIME_IS_CONDA if header.runtime == "conda" else 0)
    )


def _launch_strings(header: Header, identity: bytes) -> tuple[str, ...]:
    directory = "conda" if header.install_scheme == "user-data" else ".conda"
    return (
        header.runtime,
        f"{directory}/{header.install_name}",
        _delegate_path(header),
        f".{header.runtime}.json",
        f'{{"schema_version":1,"stamp":"{identity.hex()}"',
        "" if header.runtime == "conda" else name_variable(header.runtime, "PREFIX"),
        name_variable(header.runtime, "QUIET"),
        "\n".join(_kept_words(header)),
    )


def _delegate_path(header: Header) -> str:
    # On Windows an executable may be in any of seven directories: there the string holds the bare file name.
    return f"{header.delegate}.exe" if header.platform.startswith("win-") else f"bin/{header.delegate}"


def _kept_words(header: Header) -> tuple[str, ...]:
    if header.commands == "self":
        return ("self",)
    return _KEPT_WORDS + _KEPT_OPTIONS + (_CONDA_WORDS if header.delegate == "conda" else ())


def check_launch(block: bytes, identity: str) -> None:
    """Check that a launch part has its form and belongs to the stamp.

    :param identity: the stamp's identity, lower-case hex.
    :raises DamagedStampError: if it has not, or does not.
    """
    try:
        strings = _parse_strings(block)
    except (struct.error, ValueError) as error:
        raise _damaged(str(error)) from error
    if strings[4] != f'{{"schema_version":1,"stamp":"{identity}"'.encode():
        raise _damaged("it belongs to another stamp")


def _parse_strings(block: bytes) -> list[bytes]:
    version, _, count, reserved = struct.unpack_from("<IIHH", block)
    if (version, count, reserved) != (LAUNCH_VERSION, STRING_COUNT, 0):
        raise ValueError(f"it is of version {version} with {count} strings")
    strings: list[bytes] = []
    position = 12
    for _ in range(count):
        (size,) = struct.unpack_from("<H", block, position)
        end = position + 2 + size
        if block[end : end + 1] != b"\0":
            raise ValueError("a string has no end")
        strings.append(block[position + 2 : end])
        position = end + 1
    if position != len(block):
        raise ValueError("it is longer than its strings")
    return strings


def _damaged(why: str) -> DamagedStampError:
    return DamagedStampError(f"the launch of this runtime is damaged: {why}", part="launch")

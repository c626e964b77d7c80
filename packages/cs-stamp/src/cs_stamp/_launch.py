"""The launch part: what later runs need, and no more."""

from __future__ import annotations

import os
import re
import struct

from ._errors import DamagedStampError, StampTooLargeError
from ._header import Header
from ._layout import PART_LIMITS_BYTES

LAUNCH_VERSION = 1

FLAG_ACTIVATION_FULL = 1 << 0
FLAG_USER_DATA = 1 << 1

# The fast path leaves these to the full program; docs/reference/stamp-format.md lists them.
_KEPT_WORDS = ("bootstrap", "status", "verify", "shell", "rollback", "uninstall", "help")
_KEPT_LETTERS = ("-q", "-v", "-qq", "-qv", "-vq", "-vv")
# --help and --version are the delegate's own.
_KEPT_OPTIONS = ("-h", "-V", *_KEPT_LETTERS, "--path", "--progress", "--")
_CONDA_WORDS = ("activate", "deactivate", "init")
_CONDA_NAMES = ("conda", "conda.exe", "conda.bat", "conda.cmd")


def launch_block(header: Header) -> bytes:
    """Render the launch part of a runtime.

    :returns: the part, at most 3584 bytes.
    :raises StampTooLargeError: if names are so long that the part exceeds its limit.
    """
    strings = [string.encode() for string in _launch_strings(header)]
    block = struct.pack("<IIHH", LAUNCH_VERSION, _launch_flags(header), len(strings), 0)
    limit = PART_LIMITS_BYTES["launch"]
    size = len(block) + sum(len(string) + 3 for string in strings)
    if size > limit:
        raise StampTooLargeError(
            f"the launch part would take {size} bytes; the limit is {limit}",
            part="launch",
            expected=f"at most {limit} bytes",
            actual=f"{size} bytes",
            hint="shorten the runtime, install or delegate name",
        )
    return block + b"".join(struct.pack("<H", len(string)) + string + b"\0" for string in strings)


def name_variable(runtime: str, suffix: str) -> str:
    """Return the environment variable of a runtime: ``DEMO_PREFIX`` for ``demo`` and ``PREFIX``."""
    return re.sub(r"[^A-Za-z0-9]", "_", runtime).upper() + "_" + suffix


def literal_path(path: str) -> str:
    """Return what a runtime on this system, which expands variables in paths, takes for this very absolute path."""
    text = path.replace("$", "$$")
    return text.replace("%", "%%") if os.name == "nt" else text


def _launch_flags(header: Header) -> int:
    full_activation = FLAG_ACTIVATION_FULL if header.activation == "full" else 0
    user_data = FLAG_USER_DATA if header.install_scheme == "user-data" else 0
    return full_activation | user_data


def _launch_strings(header: Header) -> tuple[str, ...]:
    directory = "conda" if header.install_scheme == "user-data" else ".conda"
    return (
        f"{directory}/{header.install_name}",
        _delegate_path(header),
        f".{header.runtime}.json",
        '{"schema_version":1,"stamp":"',
        # CONDA_PREFIX names the active environment.
        "" if header.runtime == "conda" else name_variable(header.runtime, "PREFIX"),
        "\n".join(_kept_words(header)),
    )


def _delegate_path(header: Header) -> str:
    if header.delegate_path is not None:
        return header.delegate_path
    # The build did not look for it. On Windows it may be in any of seven directories, with any of three endings.
    return header.delegate if header.platform.startswith("win-") else f"bin/{header.delegate}"


def _is_conda(header: Header) -> bool:
    return _delegate_path(header).rpartition("/")[2] in _CONDA_NAMES


def _kept_words(header: Header) -> tuple[str, ...]:
    if header.commands == "self":
        return ("self",)
    return _KEPT_WORDS + _KEPT_OPTIONS + (_CONDA_WORDS if _is_conda(header) else ())


def check_launch(block: bytes, header: Header) -> None:
    """Check that a launch part says what follows from the header.

    :raises DamagedStampError: if it does not.
    """
    if block != launch_block(header):
        raise DamagedStampError(
            "the launch part of this runtime is damaged: it contradicts the header",
            part="launch",
            hint="download or build the runtime again",
        )

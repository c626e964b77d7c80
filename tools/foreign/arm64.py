"""Run a command in namespaces of its own, in which Linux starts programs for arm64 with qemu: nothing changes outside.

``binfmt_misc``, the table by which Linux finds the interpreter of an executable, belongs to the user namespace since
Linux 6.7. All users are mapped, so that tests that play other users can.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import kits
from .enter import NO_TABLE
from .errors import ForeignError

# An ELF executable or shared object for arm64. The flags of the rule: F, the interpreter is opened at once, whatever is
# mounted later; P, it gets argv[0].
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a command to its end.

    :returns: its exit status.
    :raises ForeignError: if this machine cannot do that.
    """
    qemu = kits.provide("qemu") / "usr/bin/qemu-aarch64-static"
    rule = f":qemu-aarch64:M::{_MAGIC}:{_MASK}:{qemu}:PF"
    entered, say_entered = os.pipe()
    wait, go = os.pipe()
    program = str(Path(__file__).with_name("enter.py"))
    words = ["unshare", "--user", "--mount", sys.executable, program, str(say_entered), str(wait), rule, *command]
    process = subprocess.Popen(words, env=variables, pass_fds=(say_entered, wait))
    os.close(say_entered)
    os.close(wait)
    if os.read(entered, 1):
        _map_users(process.pid)
    os.close(go)
    os.close(entered)
    status = process.wait()
    if status == NO_TABLE:
        raise ForeignError("arm64 programs do not run here: that needs Linux 6.7 or newer, and user namespaces")
    return status


def _map_users(process: int) -> None:
    """Give a process in a new user namespace the same users as outside; without privilege, only its own, as root."""
    directory = Path("/proc") / str(process)
    if os.geteuid() == 0:
        maps = {"uid_map": "0 0 65536", "gid_map": "0 0 65536"}
    else:
        maps = {"setgroups": "deny", "uid_map": f"0 {os.geteuid()} 1", "gid_map": f"0 {os.getegid()} 1"}
    for name, text in maps.items():
        (directory / name).write_text(text)

"""Stop a command at its system calls, as ``strace`` does, so that it can be killed exactly before or after one of them.

For Linux on x86-64; ``ptrace`` needs no privilege for a process's own children.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .commands import Home

# Those that change what other processes find on the disk, by their numbers on x86-64. Writing into files that are new
# is not one: no process looks at them before something else has happened.
CHANGES = {
    18: "pwrite64", 73: "flock", 74: "fsync", 82: "rename", 83: "mkdir", 84: "rmdir", 86: "link", 87: "unlink",
    88: "symlink", 258: "mkdirat", 263: "unlinkat", 264: "renameat", 265: "linkat", 266: "symlinkat", 306: "syncfs",
    316: "renameat2",
}  # fmt: skip

TRACEME, GETREGS, SYSCALL, SETOPTIONS = 0, 12, 24, 0x4200
TRACE_SYSGOOD, TRACE_CLONE, EXIT_KILL = 1, 8, 0x100000
SYSCALL_STOP = signal.SIGTRAP | 0x80
ALL_THREADS = 0x40000000
ORIGINAL_RAX = 15  # its place among the 27 registers


@dataclass
class Tracing:
    """One traced command.

    :param seen: the changing system calls so far, of all threads.
    :param inside: threads that are inside of a system call.
    """

    process: int
    seen: list[str] = field(default_factory=list)
    inside: set[int] = field(default_factory=set)

    def stops(self) -> Iterator[tuple[int, bool]]:
        """Let it run from one changing system call to the next; ends when the command has.

        :returns: the number of the call, and whether it is done: each comes twice.
        """
        numbers: dict[int, int] = {}
        while True:
            thread, status = os.waitpid(-1, ALL_THREADS)
            if not os.WIFSTOPPED(status):
                if thread == self.process:
                    self.status = os.waitstatus_to_exitcode(status)
                    return
                continue
            forwarded = 0
            if os.WSTOPSIG(status) == SYSCALL_STOP:
                is_done = thread in self.inside
                self.inside ^= {thread}
                name = None if is_done else CHANGES.get(_read_call(thread))
                if name is not None:
                    numbers[thread] = len(self.seen)
                    self.seen.append(name)
                if thread in numbers:
                    yield numbers[thread], is_done
                    if is_done:
                        del numbers[thread]
            elif os.WSTOPSIG(status) not in (signal.SIGTRAP, signal.SIGSTOP):
                forwarded = os.WSTOPSIG(status)
            _resume(thread, forwarded)

    def kill(self) -> None:
        """Kill it where it stands."""
        os.kill(self.process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, ALL_THREADS)


def _ptrace(request: int, thread: int, data: object = None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.restype = ctypes.c_long
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    return int(library.ptrace(request, thread, None, data))


def _read_call(thread: int) -> int:
    registers = (ctypes.c_ulonglong * 27)()
    _ptrace(GETREGS, thread, ctypes.addressof(registers))
    return int(registers[ORIGINAL_RAX])


def _resume(thread: int, forwarded: int) -> None:
    _ptrace(SYSCALL, thread, forwarded)  # fails when the thread has been killed meanwhile; waitpid tells


def start_traced(command: Sequence[str | Path], home: Home) -> Tracing:
    """Start a command as the home's user; it stands still before its first instruction."""
    words = [str(word) for word in command]
    process = os.fork()
    if process == 0:
        _become(words, home)
    os.waitpid(process, 0)
    _ptrace(SETOPTIONS, process, TRACE_SYSGOOD | TRACE_CLONE | EXIT_KILL)
    _resume(process, 0)
    return Tracing(process)


def _become(words: list[str], home: Home) -> None:
    """Turn this forked process into the command."""
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        os.chdir(home.directory)
        _ptrace(TRACEME, 0)
        os.execve(words[0], words, home.environment)
    finally:
        os._exit(127)

"""A DNS server, and machines with a name service of their own, for one command each."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# What Debian's desktops have for hosts, and Debian's servers and RHEL for users.
HOSTILE_NSSWITCH = """\
passwd: systemd sss files
group: systemd sss files
hosts: sss mdns4_minimal [NOTFOUND=return] files dns
services: sss
"""
NO_SUCH_NAME = 3
SERVER_FAILURE = 2

CALLS = "trace=open,openat,connect,execve,fork,vfork,clone,clone3"
BIRTH = re.compile(r"(fork|vfork|clone3?)\(.* = \d+$")
UNFINISHED = " <unfinished ...>"
RESUMED = re.compile(r"<\.\.\. \w+ resumed>")

Reply = str | int
"""An IPv4 address, ``tcp:ADDRESS`` for an answer that does not fit into a datagram, or a response code."""


@dataclass
class DnsServer:
    """Answers from a table; other names do not exist."""

    address: str
    names: dict[str, Reply] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, query: bytes, is_datagram: bool) -> bytes:
        name, end = _read_name(query)
        is_ipv4 = query[end : end + 2] == b"\0\x01"
        self.asked.append(name)
        reply = self.names.get(name, NO_SUCH_NAME)
        head, question = query[:2], query[12 : end + 4]
        if isinstance(reply, int):
            return head + struct.pack("!HHHHH", 0x8180 | reply, 1, 0, 0, 0) + question
        if reply.startswith("tcp:") and is_datagram:
            return head + struct.pack("!HHHHH", 0x8380, 1, 0, 0, 0) + question
        record = b"\xc0\x0c\0\x01\0\x01\0\0\0\x01\0\x04" + socket.inet_aton(reply.removeprefix("tcp:"))
        return head + struct.pack("!HHHHH", 0x8180, 1, is_ipv4, 0, 0) + question + record * is_ipv4


def _read_name(query: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    return ".".join(labels), at + 1


@contextlib.contextmanager
def serve_names() -> Iterator[DnsServer]:
    """Serve at an address of this machine that nothing else uses, at the port that resolv.conf means."""
    server = DnsServer(f"127.{random.randrange(1, 250)}.{random.randrange(250)}.{random.randrange(1, 250)}")

    class Datagrams(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, reply_to = self.request
            reply_to.sendto(server.answer(query, True), self.client_address)

    class Connections(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = server.answer(self.rfile.read(struct.unpack("!H", self.rfile.read(2))[0]), False)
            self.wfile.write(struct.pack("!H", len(answer)) + answer)

    place = (server.address, 53)
    with socketserver.UDPServer(place, Datagrams) as udp, socketserver.TCPServer(place, Connections) as tcp:
        for each in (udp, tcp):
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            udp.shutdown()
            tcp.shutdown()


@contextlib.contextmanager
def serve_socks(target: tuple[str, int]) -> Iterator[int]:
    """Serve a SOCKS 5 proxy on this machine that leads everything to one place.

    :returns: its port.
    """

    class Connections(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(512)
            self.request.sendall(b"\5\0")  # no password, please
            self.request.recv(512)
            self.request.sendall(b"\5\0\0\1" + bytes(6))
            with socket.create_connection(target) as other:
                back = threading.Thread(target=_copy, args=(other, self.request), daemon=True)
                back.start()
                _copy(self.request, other)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connections) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


@dataclass
class Machine:
    """An ``/etc`` with a name service of its own; commands see nothing else there.

    :param directory: where the files are.
    """

    directory: Path

    def write(self, name: str, text: str) -> None:
        etc = self.directory / "etc"
        etc.mkdir(exist_ok=True)
        (etc / name).write_text(text)

    @property
    def trace(self) -> Path:
        return self.directory / "trace"

    def wrap(self, *command: str | Path, user: int = 0) -> Sequence[str]:
        """Run a command there as a user, with its calls noted for :meth:`own_calls`."""
        self.trace.write_text("")
        self.trace.chmod(0o666)
        enter = 'mount --make-rprivate / && mount --bind "$0" /etc && exec "$@"'
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        trace = ["strace", "-f", "-qq", "-e", CALLS, "-o", self.trace]
        words = ["unshare", "-m", "sh", "-c", enter, self.directory / "etc", *become, *trace, *command]
        return [str(word) for word in words]

    def own_calls(self, program: Path) -> list[str]:
        """What the program itself did, with its threads: neither the programs that it started, nor their children."""
        calls = list(_join_calls(self.trace.read_text()))
        since = {who: len(calls) for who, _ in calls}  # from which line on a process is another program
        for number, (who, call) in enumerate(calls):
            if call.startswith("execve(") and call.endswith("= 0") and f'"{program}"' not in call:
                since[who] = min(since[who], number)
            elif BIRTH.match(call) and since[who] < number:
                since[call.rsplit(maxsplit=1)[1]] = 0
        own = [call for number, (who, call) in enumerate(calls) if number < since[who]]
        assert any(call.startswith("open") for call in own), "nothing was traced"
        return own


def _join_calls(trace: str) -> Iterator[tuple[str, str]]:
    """List each call with its process, where it ended: strace writes a call in two parts if others come in between."""
    begun: dict[str, str] = {}
    for who, text in (line.split(maxsplit=1) for line in trace.splitlines()):
        if text.endswith(UNFINISHED):
            begun[who] = text.removesuffix(UNFINISHED)
        elif resumed := RESUMED.match(text):
            yield who, begun.pop(who, "") + text[resumed.end() :]
        else:
            yield who, text

"""A proxy on loopback that leads to encrypted servers."""

from __future__ import annotations

import contextlib
import socket
import threading

from listener import Listener


class Tunnel(Listener):
    """A proxy that answers ``CONNECT`` and passes on what comes; ``asked`` has each first line.

    :param login: the ``Proxy-Authorization`` to insist on.
    """

    def __init__(self, login: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._login = login

    def _serve(self, client: socket.socket, number: int) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(1 << 12)
            lines = head.decode().split("\r\n")
            self.asked.append(lines[0])
            if f"proxy-authorization: {self._login}".lower() not in [line.lower() for line in lines]:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = lines[0].split()[1].rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(server, client))
                back.start()
                _pass_on(client, server)
                back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)

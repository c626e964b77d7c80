"""A server on loopback that speaks HTTP/2 alone, and misbehaves on request."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from archive_server import CERTIFICATE
from listener import Listener


@dataclass(slots=True)
class Stream:
    """How a path is answered.

    :ivar statuses: answers to give first, each with ``data`` as its body.
    :ivar resets: byte counts after which to reset the stream, one a request.
    :ivar redirect: where to send everybody.
    :ivar says_goodbye: end the connection after the answer, as servers do after some hundred requests.
    :ivar hangs: never answer.
    :ivar is_last: answer only when a path that hangs has been asked for.
    :ivar garbage: send this instead of frames, and close.
    """

    data: bytes = b""
    statuses: list[int] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)
    redirect: str = ""
    says_goodbye: bool = False
    hangs: bool = False
    is_last: bool = False
    garbage: bytes = b""


class Http2Server(Listener):
    """A server of ``streams`` by path; ``requests`` has each request, and the connection that it came over."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[str, Stream] = {}
        self.requests: list[tuple[int, dict[str, str]]] = []
        self.is_hanging = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(CERTIFICATE)
        self._context.set_alpn_protocols(["h2"])
        self.url = f"https://{self.address}"

    @property
    def connections(self) -> int:
        """Return over how many connections requests came."""
        return len({number for number, _ in self.requests})

    def _serve(self, client: socket.socket, number: int) -> None:
        try:
            with self._context.wrap_socket(client, server_side=True) as encrypted:
                self._open.append(encrypted)
                assert encrypted.selected_alpn_protocol() == "h2"
                _Conversation(self, encrypted, number).hold()
        except (OSError, h2.exceptions.ProtocolError):
            pass  # clients go when they have enough


class _Conversation:
    def __init__(self, server: Http2Server, connection: ssl.SSLSocket, number: int) -> None:
        self._server = server
        self._socket = connection
        self._number = number
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._bodies: dict[int, tuple[memoryview, bool]] = {}
        self._is_over = False
        self._is_heard = True

    def hold(self) -> None:
        self._h2.initiate_connection()
        self._flush()
        while not self._is_over and (data := self._socket.recv(1 << 16)):
            for event in self._h2.receive_data(data) if self._is_heard else ():
                if isinstance(event, h2.events.RequestReceived):
                    assert event.headers is not None
                    assert event.stream_id is not None
                    self._answer(event.stream_id, {str(name): str(value) for name, value in event.headers})
            for stream_id in list(self._bodies):
                self._go_on(stream_id)
            self._flush()

    def _flush(self) -> None:
        self._socket.sendall(self._h2.data_to_send())

    def _answer(self, stream_id: int, headers: dict[str, str]) -> None:
        self._server.requests.append((self._number, headers))
        stream = self._server.streams.get(headers[":path"])
        if stream is None:
            return self._send(stream_id, 404, b"none")
        if stream.hangs:
            return self._server.is_hanging.set()
        if stream.is_last:
            self._server.is_hanging.wait()
        if stream.garbage:
            self._is_over = True
            return self._socket.sendall(stream.garbage)
        if stream.redirect:
            return self._send(stream_id, 302, b"over there", location=stream.redirect)
        if stream.statuses:
            return self._send(stream_id, stream.statuses.pop(0), stream.data)
        start = int(headers.get("range", "bytes=0-")[6:].rstrip("-"))
        extra = {"content-range": f"bytes {start}-{len(stream.data) - 1}/{len(stream.data)}"} if start else {}
        cut = stream.resets.pop(0) if stream.resets else None
        self._send(stream_id, 206 if start else 200, stream.data[start:], cut, etag='"one"', **extra)
        if stream.says_goodbye:
            self._h2.close_connection(last_stream_id=stream_id)
            self._is_heard = False  # closing now would take back what was sent
        return None

    def _send(self, stream_id: int, status: int, data: bytes, cut: int | None = None, **headers: str) -> None:
        fields = {":status": str(status), "content-length": str(len(data)), **headers}
        self._h2.send_headers(stream_id, [(name.replace("_", "-"), value) for name, value in fields.items()])
        self._bodies[stream_id] = (memoryview(data[:cut]), cut is not None)
        self._go_on(stream_id)

    def _go_on(self, stream_id: int) -> None:
        """Send as much as the client has room for."""
        rest, is_broken = self._bodies.pop(stream_id)
        while rest and (room := self._h2.local_flow_control_window(stream_id)):
            size = min(len(rest), room, self._h2.max_outbound_frame_size)
            self._h2.send_data(stream_id, bytes(rest[:size]))
            rest = rest[size:]
        if rest:
            self._bodies[stream_id] = (rest, is_broken)
        elif is_broken:
            self._h2.reset_stream(stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
        else:
            self._h2.end_stream(stream_id)

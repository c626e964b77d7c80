"""A server's response while it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import httpx2
from h2.exceptions import H2Error

_SHORT_BYTES = 1 << 14
_SHORT_CHUNKS = 4


class Answer:
    """A response whose body is still to be read; the code that opened it closes it.

    :ivar status: the status code.
    :ivar headers: of the response; names in any case.
    """

    def __init__(self, response: httpx2.Response, disconnect: Callable[[], None]) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self._response = response
        self._disconnect = disconnect
        self._is_complete = False

    def iterate(self, *, decoded: bool = False) -> Iterator[bytes]:
        """Yield the body as it comes.

        :param decoded: undo a ``Content-Encoding``.
        :raises httpx2.HTTPError: if the rest does not come.
        """
        try:
            yield from self._response.iter_bytes() if decoded else self._response.iter_raw()
        except H2Error as error:
            raise http2_failure() from error
        self._is_complete = True

    def read(self, limit_bytes: int) -> bytes:
        """Return the decoded body, and of a longer one a little more than the limit, and close.

        :raises httpx2.HTTPError: if it does not come.
        """
        data = bytearray()
        try:
            for chunk in self.iterate(decoded=True):
                data += chunk
                if len(data) > limit_bytes:
                    break
        finally:
            self.close()
        return bytes(data)

    def discard(self) -> None:
        """Close, and keep the connection for the next request if the body is short."""
        length = self.headers.get("Content-Length", "")
        try:
            if length.isdecimal() and int(length) <= _SHORT_BYTES:
                for _ in islice(self.iterate(), _SHORT_CHUNKS):
                    pass
        except httpx2.HTTPError:
            pass  # the rest, which is not needed, did not arrive
        finally:
            self.close()

    def close(self) -> None:
        """Close; a connection with unread data is not used again."""
        try:
            self._response.close()
        finally:
            if not self._is_complete:
                # Of a stream that is left early httpcore2 tells the server nothing: its data would go on coming, and
                # would use up the window that all streams of the connection share.
                self._disconnect()


def http2_failure() -> httpx2.RemoteProtocolError:
    """Describe what h2 refuses: its own message may contain the headers that were sent."""
    return httpx2.RemoteProtocolError("the HTTP/2 connection failed")

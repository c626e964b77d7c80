"""Connections: one set a thread, proxies, certificates."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import weakref
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx2
from h2.exceptions import H2Error

from ._answers import Answer, http2_failure
from ._credentials import Credentials
from ._errors import FetchError, RefusedError
from ._oci import Registries
from ._proxies import find_proxy, parse_proxy, read_proxies
from ._reasons import ROUTE, TIMEOUTS_S
from ._redirects import LIMIT, find_redirect
from ._urls import host_of, origin_of

_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "cs-bundle"}


class Connections:
    """Connections through the right proxy, with the right certificates and credentials.

    Certificates are those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` if set, else the system's own. Proxies are those of
    ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``.

    A thread may have one response open at a time. Threads share no connection: an HTTP/2 connection of httpcore2 is not
    safe in several (https://github.com/pydantic/httpx2/pull/1153).
    """

    def __init__(self, environ: Mapping[str, str], credentials: Credentials) -> None:
        self._environ = environ
        self._credentials = credentials
        self._lock = threading.RLock()
        self._aborted = threading.Event()
        self._transports: dict[tuple[int, str], httpx2.HTTPTransport] = {}
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._proxies = read_proxies(environ)
        self._registries = Registries(self._follow, credentials)

    def open(self, url: str, headers: Mapping[str, str], *, sha256: str) -> tuple[Answer, str]:
        """Open a response whose body is still to be read; the caller closes it.

        A redirect to another host does not take the credentials along.

        :param url: an ``http``, ``https`` or ``oci`` address.
        :param sha256: of what is asked for, in hex: registries look for it by that.
        :returns: the response, and the address that gave it.
        :raises httpx2.HTTPError: if there is no response.
        :raises RefusedError: if a response is not acceptable.
        :raises FetchError: if the configuration makes one impossible.
        """
        if urlsplit(url).scheme.lower() == "oci":
            return self._registries.open(url, sha256, headers)
        address, authorization = self._credentials.authorize(url)
        return self._follow(address, headers, authorization)

    def _follow(self, address: str, headers: Mapping[str, str], authorization: Mapping[str, str]) -> tuple[Answer, str]:
        for _ in range(LIMIT + 1):
            answer = self._request(address, {**headers, **authorization})
            target = _closing_on_error(answer, address)
            if target is None:
                return answer, address
            answer.discard()
            if origin_of(target) != origin_of(address):
                authorization = {}
            address = target
        raise RefusedError(f"{host_of(address)} redirects more than {LIMIT} times", kind="redirect")

    def _request(self, address: str, headers: Mapping[str, str]) -> Answer:
        proxy = find_proxy(address, self._proxies)
        transport = self._find_transport(proxy)
        extensions = {"timeout": TIMEOUTS_S, "trace": self._take_note, ROUTE: proxy}
        try:
            request = httpx2.Request("GET", address, headers={**_HEADERS, **headers}, extensions=extensions)
            return Answer(transport.handle_request(request), transport.close)
        except httpx2.LocalProtocolError as error:
            if _is_http2_failure(error):
                raise http2_failure() from None
            raise _unsendable() from None
        except httpx2.RequestError as error:
            error.request = request
            raise
        except (httpx2.InvalidURL, ValueError):
            raise _unsendable() from None

    def _take_note(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember each new socket while it is in use."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            stream = info["return_value"]
            with self._lock:
                self._sockets.add(stream.get_extra_info("socket"))
            if self._aborted.is_set():
                stream.close()

    def abort(self) -> None:
        """Wake up every thread that waits for a server."""
        self._aborted.set()
        with self._lock:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    # Not on an SSLSocket: shutting it down breaks the thread that reads from it.
                    socket.socket.shutdown(one, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            transport.close()

    def _find_transport(self, proxy: str) -> httpx2.HTTPTransport:
        key = threading.get_ident(), proxy
        with self._lock:
            if key not in self._transports:
                self._transports[key] = httpx2.HTTPTransport(
                    verify=self._tls, http2=True, proxy=parse_proxy(proxy, self._make_tls) if proxy else None
                )
            return self._transports[key]

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._make_tls()

    def _make_tls(self) -> ssl.SSLContext:
        return load_certificates(self._environ)


def _closing_on_error(answer: Answer, address: str) -> str | None:
    try:
        return find_redirect(answer, address)
    except RefusedError:
        answer.close()
        raise


def _is_http2_failure(error: httpx2.LocalProtocolError) -> bool:
    inner = error.__cause__
    return inner is not None and any(isinstance(argument, H2Error) for argument in inner.args)


def _unsendable() -> RefusedError:
    # The error's text contains what could not be sent, credentials included.
    return RefusedError("the request cannot be sent", kind="address")


def load_certificates(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Load the certificates of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` if set, else the system's own.

    :raises FetchError: if they cannot be loaded.
    """
    file, directory = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or directory:
        return _load_named(file or None, directory or None)
    return httpx2.create_ssl_context(trust_env=False)


def _load_named(file: str | None, directory: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file, capath=directory)
    except (OSError, ssl.SSLError) as error:
        raise FetchError(
            f"cannot load certificates from {file or directory}: {error}",
            kind="certificates",
            hint="correct SSL_CERT_FILE or SSL_CERT_DIR",
        ) from error

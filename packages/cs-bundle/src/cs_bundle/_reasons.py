"""What went wrong with a connection, in plain words; the words of libraries are few, and some are those of a server."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

import httpx2

from ._proxies import name_proxy
from ._urls import host_of

TIMEOUTS_S: dict[str, float | None] = {"connect": 20.0, "read": 60.0, "write": 60.0, "pool": None}

ROUTE = "cs-proxy"
"""Extension of a request that holds the address of the proxy that it goes through."""

_NAMELESS = {getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_FAIL")} - {None}
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_BROKEN = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE}

CHECK_NETWORK = "check the network connection; behind a proxy set HTTPS_PROXY"
_CHECK_PROXY = "correct HTTPS_PROXY or HTTP_PROXY, or list hosts that need no proxy in NO_PROXY"
_CHECK_TLS = "if a company proxy inspects connections, name the file with its certificates in SSL_CERT_FILE"
_CHECK_CLOCK = "if this machine's clock is wrong, correct it; else tell the owner of the server"


class Reason(NamedTuple):
    """Why there was no answer.

    :ivar text: what happened, with the host or proxy.
    :ivar kind: of the error that it becomes.
    :ivar is_final: whether another attempt would fail in the same way.
    """

    text: str
    hint: str
    kind: str = "network"
    is_final: bool = False


def find_reason(error: httpx2.HTTPError, url: str) -> Reason:
    """Say why a request failed.

    :param url: what was asked for, if the error does not know its request.
    """
    host, proxy = _find_route(error, url)
    peer = name_proxy(proxy) if proxy else host
    hint = _CHECK_PROXY if proxy else CHECK_NETWORK
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _explain_certificate(cause, host)
        if isinstance(cause, ssl.SSLError):
            return Reason(f"no encrypted connection to {host}: {_name_fault(cause)}", _CHECK_TLS)
        if isinstance(cause, socket.gaierror):
            return Reason(_explain_name(cause, peer), hint)
        if isinstance(cause, OSError) and (text := _explain_system(cause, peer)):
            return Reason(text, hint)
    return Reason(_explain_library(error, peer), hint)


def _find_route(error: httpx2.HTTPError, url: str) -> tuple[str, str]:
    """Return the host that was asked, and the address of the proxy, if it was asked through one."""
    try:
        request = error.request
    except RuntimeError:  # what fails while an answer arrives does not know its request
        return host_of(url), ""
    return host_of(str(request.url)), request.extensions.get(ROUTE, "")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _explain_certificate(error: ssl.SSLCertVerificationError, host: str) -> Reason:
    what = error.verify_message or "it cannot be checked"
    is_old = "expired" in what or "not yet valid" in what
    text = f"the certificate of {host} is not trusted: {what}".rstrip(".")
    return Reason(text, _CHECK_CLOCK if is_old else _CHECK_TLS, kind="certificates", is_final=True)


def _name_fault(error: ssl.SSLError) -> str:
    reason: str | None = getattr(error, "reason", None)
    return reason.replace("_", " ").lower() if reason else "TLS failed"


def _explain_name(error: socket.gaierror, peer: str) -> str:
    if error.errno in _NAMELESS:
        return f"{peer} has no address: the name is not known"
    return f"cannot look up {peer}: the DNS server does not answer"


def _explain_system(error: OSError, peer: str) -> str | None:
    if isinstance(error, ConnectionRefusedError):
        return f"{peer} refused the connection"
    if error.errno in _BROKEN:
        return f"{peer} broke off the connection"
    if error.errno in _UNREACHABLE:
        return f"there is no way to {peer} from this network"
    return None


def _explain_library(error: httpx2.HTTPError, peer: str) -> str:
    text = str(error)
    match error:
        case httpx2.ConnectTimeout():
            return f"{peer} did not answer in {TIMEOUTS_S['connect']:.0f} s"
        case httpx2.TimeoutException():
            return f"nothing came from {peer} for {TIMEOUTS_S['read']:.0f} s"
        case httpx2.RemoteProtocolError() if text.startswith(("peer closed connection", "Server disconnected")):
            return f"{peer} closed the connection early"
        case httpx2.ConnectError():
            return f"cannot connect to {peer}{_quote(text)}"
        case _:
            return f"the connection to {peer} failed{_quote(text)}"


def _quote(text: str) -> str:
    """Quote another library's words, unless they are those of an object."""
    return f": {text.rstrip('.')}" if text and text[0] not in "<([{" and "\n" not in text else ""

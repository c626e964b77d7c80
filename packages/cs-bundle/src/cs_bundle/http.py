"""Connections: pools, proxies, certificates."""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import threading
import weakref
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError, ProxySchemeUnknown

from .credentials import Credentials, render_basic
from .errors import FetchError, RefusedError
from .oci import Registries
from .redirects import LIMIT, find_redirect
from .urls import host_of, origin_of

_CONNECT_TIMEOUT_S = 20.0
_READ_TIMEOUT_S = 60.0


class Connections:
    """Open responses through the right proxy, with the right certificates and credentials.

    Certificates are those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` if set, else the system's own. Proxies are those of
    ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        credentials: Credentials,
        *,
        size: int,
        read_timeout_s: float = _READ_TIMEOUT_S,
    ) -> None:
        self._environ = environ
        self._credentials = credentials
        self._size = size
        self._timeout = urllib3.Timeout(connect=_CONNECT_TIMEOUT_S, read=read_timeout_s)
        self._lock = threading.Lock()
        self._aborted = threading.Event()
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._responses: weakref.WeakSet[urllib3.BaseHTTPResponse] = weakref.WeakSet()
        self._proxies = read_proxies(environ)
        self._registries = Registries(self._follow, credentials)

    def open(self, url: str, headers: Mapping[str, str], *, sha256: str) -> tuple[urllib3.BaseHTTPResponse, str]:
        """Open a response whose body is still to be read; the caller closes it.

        A redirect to another host does not take the credentials along.

        :param url: an ``http``, ``https`` or ``oci`` address.
        :param sha256: of what is asked for, in hex: registries look for it by that.
        :returns: the response, and the address that gave it.
        :raises urllib3.exceptions.HTTPError: if there is no response.
        :raises RefusedError: if a response is not acceptable.
        :raises FetchError: if the configuration makes one impossible.
        """
        if urlsplit(url).scheme.lower() == "oci":
            return self._registries.open(url, sha256, headers)
        address, authorization = self._credentials.authorize(url)
        return self._follow(address, headers, authorization)

    def _follow(
        self, address: str, headers: Mapping[str, str], authorization: Mapping[str, str]
    ) -> tuple[urllib3.BaseHTTPResponse, str]:
        for _ in range(LIMIT + 1):
            response = self._request(address, {**headers, **authorization})
            target = _closing_on_error(response, address)
            if target is None:
                return response, address
            response.close()
            if origin_of(target) != origin_of(address):
                authorization = {}
            address = target
        raise RefusedError("redirect", f"{host_of(address)} redirects more than {LIMIT} times")

    def _request(self, address: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        try:
            response = self._find_pool(address).request(
                "GET",
                address,
                headers={"Accept-Encoding": "identity", "User-Agent": "cs-bundle", **headers},
                preload_content=False,
                decode_content=False,
                redirect=False,
                timeout=self._timeout,
                retries=False,
            )
        except HTTPError:
            raise
        except ValueError:
            # What cannot be sent stands in the error's text, credentials as well.
            raise RefusedError("address", "the request cannot be sent") from None
        self._responses.add(response)
        if self._aborted.is_set():
            self.abort()
        return response

    def abort(self) -> None:
        """Wake up every thread that waits for the rest of a response."""
        self._aborted.set()
        for response in list(self._responses):
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                response.shutdown()

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.clear()

    def _find_pool(self, url: str) -> urllib3.PoolManager:
        proxy = self._find_proxy(url)
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = self._make_pool(proxy)
            return self._pools[proxy]

    def _find_proxy(self, url: str) -> str:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        if bypasses_proxy(parts.hostname or "", port, self._proxies.get("no", "")):
            return ""
        return self._proxies.get(parts.scheme) or self._proxies.get("all") or ""

    def _make_pool(self, proxy: str) -> urllib3.PoolManager:
        if not proxy:
            return urllib3.PoolManager(maxsize=self._size, ssl_context=self._tls)
        try:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            userinfo, at, host_port = parts.netloc.rpartition("@")
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise _unusable_proxy("a proxy variable does not hold a valid address")
        user, _, password = userinfo.partition(":")
        login = render_basic(unquote(user), unquote(password))["Authorization"] if at else None
        try:
            return urllib3.ProxyManager(
                f"{parts.scheme}://{host_port}",
                proxy_headers=None if login is None else {"Proxy-Authorization": login},
                maxsize=self._size,
                ssl_context=self._tls,
                proxy_ssl_context=self._tls,
            )
        except (ProxySchemeUnknown, LocationValueError, ValueError):
            raise _unusable_proxy(f"cannot use the proxy {parts.scheme}://{host_port}") from None

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        file, directory = self._environ.get("SSL_CERT_FILE"), self._environ.get("SSL_CERT_DIR")
        if file or directory:
            return _load_certificates(file or None, directory or None)
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _closing_on_error(response: urllib3.BaseHTTPResponse, address: str) -> str | None:
    try:
        return find_redirect(response, address)
    except RefusedError:
        response.close()
        raise


def _unusable_proxy(why: str) -> FetchError:
    names = "http_proxy, https_proxy, all_proxy"
    return FetchError(why, kind="proxy", hint=f"set {names} to the address of an http or https proxy, or unset them")


def _load_certificates(file: str | None, directory: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file, capath=directory)
    except (OSError, ssl.SSLError) as error:
        raise FetchError(
            f"cannot load certificates from {file or directory}: {error}",
            kind="certificates",
            hint="correct SSL_CERT_FILE or SSL_CERT_DIR",
        ) from error


def read_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies by scheme, and ``no``: the lower-case variable wins over the upper-case one."""
    names = ("http", "https", "all", "no")
    # A web server sets HTTP_PROXY from a request's header: in such a process only the lower-case one counts.
    upper = {name: "" if name == "http" and "REQUEST_METHOD" in environ else f"{name.upper()}_PROXY" for name in names}
    found = {name: environ.get(f"{name}_proxy") or environ.get(upper[name]) or "" for name in names}
    return {name: value for name, value in found.items() if value}


def bypasses_proxy(host: str, port: int | None, no_proxy: str) -> bool:
    """Tell whether ``no_proxy`` lists a host: itself, with its port, a domain or a network that it belongs to."""
    address = _parse_address(host)
    for entry in (item.strip().lower() for item in no_proxy.split(",")):
        domain = entry.removeprefix("*").removeprefix(".")
        if entry == "*" or (domain and domain in (host, f"{host}:{port}")):
            return True
        # No part of an address is a domain, as for the runtime.
        if _holds_address(entry, address) if address else domain and host.endswith(f".{domain}"):
            return True
    return False


def _parse_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _holds_address(network: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False

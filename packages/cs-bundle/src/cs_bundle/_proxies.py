"""Which proxy leads to an address."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

import httpx2

from ._credentials import render_basic
from ._errors import FetchError


def find_proxy(url: str, proxies: Mapping[str, str]) -> str:
    """Return the proxy for an address, or nothing.

    :param proxies: what ``read_proxies`` returned.
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    if bypasses_proxy(parts.hostname or "", port, proxies.get("no", "")):
        return ""
    return proxies.get(parts.scheme) or proxies.get("all") or ""


def parse_proxy(proxy: str, make_tls: Callable[[], ssl.SSLContext]) -> httpx2.Proxy:
    """Read the address of a proxy, with its login.

    :param make_tls: makes the context for the connection to an ``https`` proxy.
    :raises FetchError: if it is not one of an ``http`` or ``https`` proxy; the login is not shown.
    """
    parts = _split(proxy)
    userinfo, at, host_port = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    if parts.scheme not in ("http", "https"):
        raise _unusable(f"cannot use the proxy {parts.scheme}://{host_port}")
    try:
        return httpx2.Proxy(
            f"{parts.scheme}://{host_port}",
            headers=_rename(render_basic(unquote(user), unquote(password))) if at else None,
            ssl_context=make_tls() if parts.scheme == "https" else None,
        )
    except (httpx2.InvalidURL, ValueError):
        raise _unusable(f"cannot use the proxy {parts.scheme}://{host_port}") from None


def _split(proxy: str) -> SplitResult:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _unusable("a proxy variable does not contain a valid address")
    return parts


def name_proxy(proxy: str) -> str:
    """Name a proxy without its login.

    :param proxy: an address that ``parse_proxy`` takes.
    """
    return f"the proxy {_split(proxy).netloc.rpartition('@')[2]}"


def _rename(login: Mapping[str, str]) -> dict[str, str]:
    return {"Proxy-Authorization": login["Authorization"]}


def _unusable(why: str) -> FetchError:
    names = "http_proxy, https_proxy, all_proxy"
    return FetchError(why, kind="proxy", hint=f"set {names} to the address of an http or https proxy, or unset them")


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

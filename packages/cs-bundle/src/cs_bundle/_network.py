"""What downloads use: proxies and certificates; and whether a server can be reached. Needs the extra ``fetch``."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ._errors import FetchError
from ._urls import redact_url
from ._wanted import WantedArchive


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Where the certificates are from that servers are checked with.

    :ivar source: the variable that names them, or ``system``.
    :ivar path: what the variable says.
    :ivar count: how many there are; ``None`` if the system looks them up one by one.
    :ivar expired_count: how many of them are expired.
    """

    source: str
    path: Path | None
    count: int | None
    expired_count: int = 0


def list_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies that downloads use, by scheme or ``all``, and the exceptions as ``no``; logins are masked.

    :raises FetchError: if one cannot be used.
    """
    from ._proxies import parse_proxy, read_proxies

    proxies = read_proxies(environ)
    for scheme, proxy in proxies.items():
        if scheme != "no":
            parse_proxy(proxy, ssl.create_default_context)
    return {
        scheme: proxy if scheme == "no" else redact_url(proxy if "://" in proxy else f"http://{proxy}")
        for scheme, proxy in proxies.items()
    }


def find_certificates(environ: Mapping[str, str]) -> Certificates:
    """Load the certificates that downloads use, and count them.

    :raises FetchError: if they cannot be loaded.
    """
    from ._http import load_certificates

    context = load_certificates(environ)
    names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)]
    source = " and ".join(names) or "system"
    path = Path(environ[names[0]]) if names else None
    if "SSL_CERT_DIR" in names and not Path(environ["SSL_CERT_DIR"]).is_dir():
        message = f"cannot load certificates from {environ['SSL_CERT_DIR']}: it is not a directory"
        raise FetchError(message, kind="certificates", hint="correct SSL_CERT_DIR")
    if "SSL_CERT_DIR" in names or type(context) is not ssl.SSLContext:
        return Certificates(source=source, path=path, count=None)
    ends = [str(one.get("notAfter", "")) for one in context.get_ca_certs()]
    expired = sum(bool(end) and ssl.cert_time_to_seconds(end) < time.time() for end in ends)
    return Certificates(source=source, path=path, count=len(ends), expired_count=expired)


def reach(url: str, environ: Mapping[str, str]) -> None:
    """Ask a server for a file, through proxies and with credentials as a download does; the file is not read.

    :param url: an ``http`` or ``https`` address.
    :raises FetchError: if the server does not answer, or refuses.
    """
    import httpx2

    from ._credentials import load_credentials
    from ._errors import RefusedError
    from ._failures import TryAgainError, explain_failure
    from ._http import Connections
    from ._reasons import CHECK_NETWORK

    request = WantedArchive(url=url, file_name=url.rpartition("/")[2], sha256="")
    connections = Connections(environ, load_credentials(environ))
    try:
        answer, _ = connections.open(url, {}, sha256="")
        answer.close()
    except httpx2.HTTPError as error:
        explained = explain_failure(request, error)
        if not isinstance(explained, TryAgainError):
            raise explained from None
        message = f"cannot reach {redact_url(url)}: {explained.reason}"
        raise FetchError(message, kind="network", url=url, hint=CHECK_NETWORK) from None
    except RefusedError as error:
        raise FetchError(f"cannot reach {redact_url(url)}: {error}", kind=error.kind, url=url) from None
    finally:
        connections.close()
    if answer.status >= 400:
        message = f"{redact_url(url)}: the server answers {answer.status}"
        raise FetchError(message, kind="http-status", url=url, actual=str(answer.status))

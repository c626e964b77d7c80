"""Show addresses without what must stay secret.

``cs_lock`` judges addresses by the same rules, and this package imports none of its siblings: what follows
``redact_url`` is a copy of ``cs_lock._credentials``, as far as it masks. The tests of ``cs_cli`` hold both against each
other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote, urlsplit

HIDDEN = "***"
"""Stands where a secret was."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2}[^\s'\"<>]*")
_PUNCTUATION = re.compile(r"[:.,;)]*$")

_MAX_DECODINGS = 8
_TOLD_SCHEMES = frozenset({"http", "https", "oci", "file", "ftp", "s3", "git+http", "git+https", "direct+https"})

# What nearly every URL of a lock looks like: nothing in it has a second meaning.
_CLEAN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]+://[A-Za-z0-9.-]+(?::[0-9]+)?"
    r"(?:/(?![tT]/.)(?!\.{1,2}(?:/|$))[A-Za-z0-9._+!~=,-]*)*"
)
_IGNORED = re.compile(r"[\x00-\x20\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?=.)", re.DOTALL)
_FORM = re.compile(r"([/\\]*)([^/?#]*)([^?#]*)", re.DOTALL)
_SLASHES = re.compile(r"[/\\]+")
_PORT = re.compile(r":(?![0-9]*$)")
_PLAIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]+)([^?#]*)([?#].*)?", re.DOTALL)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_DOTS = re.compile(r"/\.{1,2}(?:[/?#]|$)")


def redact_text(text: str) -> str:
    """Redact every address in a text, such as another library's message."""

    def redact(match: re.Match[str]) -> str:
        url = _PUNCTUATION.sub("", match.group())
        return redact_url(url) + match.group()[len(url) :]

    return _URL.sub(redact, text)


def host_of(url: str) -> str:
    """Return host and port of an address, for messages."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the server"
    except ValueError:
        return "the server"


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address: credentials for one origin do not go to another one.

    :raises ValueError: if it is not an address.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(scheme)


def redact_url(url: str) -> str:
    """Hide user, password, token, query and fragment of an address, however they are spelled.

    :param url: an address; a path or another text comes back unchanged.
    """
    if _CLEAN.fullmatch(url) or not _names_host(url):
        return url
    return _mask(url) if any(map(_is_exposed, _decode(url))) else url


def _names_host(text: str) -> bool:
    """Tell whether a text is a URL, or the rest of one after its scheme."""
    bare = _IGNORED.sub("", text)
    return _SCHEME.match(bare) is not None or (bare[:1] in ("/", "\\") and bare[1:2] in ("/", "\\"))


def _decode(url: str) -> Iterator[str | None]:
    """Yield a URL as it is and after each round of decoding; ``None`` at last when that does not end."""
    form = _IGNORED.sub("", url)
    for _ in range(_MAX_DECODINGS):
        yield form
        # What a library drops from the URL, a server drops from what it decodes.
        decoded = _IGNORED.sub("", unquote(form, "latin-1"))
        if decoded == form or _is_file(form):
            return
        form = decoded
    yield None


def _is_file(form: str) -> bool:
    """Tell whether a URL is that of a file: it is not sent to anyone, and a directory may be called ``t``."""
    return form[:5].lower() == "file:"


def _is_exposed(form: str | None) -> bool:
    """Tell whether one form of a URL contains what must not be shown."""
    if form is None:
        return True
    scheme = _SCHEME.match(form)
    match = _FORM.match(form, scheme.end() if scheme else 0)
    assert match is not None  # every part of the pattern may be empty
    slashes, authority, path = match.groups()
    # A backslash ends the authority for some libraries and belongs to the user's name for others.
    host = _SLASHES.split(authority)[0]
    if "@" in authority or (slashes and _PORT.search(host.rpartition("]")[2])) or "?" in form or "#" in form:
        return True
    segments = [part for part in _SLASHES.split(authority + path)[1:] if part not in ("", ".")]
    tokens = [segment for before, segment in pairwise(segments) if before in ("t", "T") and segment != ".."]
    return bool(tokens) and not _is_file(form)


def _is_placeholder(segment: str) -> bool:
    return unquote(segment).lower() == "<token>"


def _mask(url: str) -> str:
    """Mask what a URL must not hold; of one that is awkwardly spelled, only the scheme stays."""
    match = _PLAIN.fullmatch(url)
    if match is None or not _is_plainly_spelled(url):
        scheme = url.partition(":")[0].lower()
        return f"{scheme}://{HIDDEN}" if scheme in _TOLD_SCHEMES else HIDDEN
    scheme, authority, path, tail = match.groups()
    _, separator, host = authority.rpartition("@")
    if _PORT.search(host.rpartition("]")[2]):
        return f"{scheme}://{HIDDEN}"
    user = f"{HIDDEN}@" if separator else ""
    return f"{scheme}://{user}{host}{_mask_tokens(path)}{tail[0] + HIDDEN if tail else ''}"


def _is_plainly_spelled(url: str) -> bool:
    """Tell whether all characters with a meaning in a URL are written as themselves."""
    if _IGNORED.search(url) or "\\" in url or _DOTS.search(url):
        return False
    codes = [int(code or "0", 16) for code in _ESCAPE.findall(url)]
    return all(code > 0x20 and chr(code) not in "/\\?#@:%.tT\x7f" for code in codes)


def _mask_tokens(path: str) -> str:
    """Mask what follows ``/t/``, unless it is a placeholder."""
    before, segments = "", path.split("/")
    for index, segment in enumerate(segments):
        if segment and before in ("t", "T") and not _is_placeholder(segment):
            segments[index] = HIDDEN
        before = segment or before
    return "/".join(segments)

"""Secrets in URLs, in every spelling, and the URL without them.

HTTP libraries decode, take backslashes for slashes, drop dots, empty segments and line ends, and take schemes of any
case. So a URL is judged in every form that they may give it, and messages about it contain none of the secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

Exposure = Literal["user", "token", "query", "fragment", "encoding", "placeholder"]

MASK = "***"
_MAX_DECODINGS = 8
_TOLD_SCHEMES = frozenset({"http", "https", "oci", "file", "ftp", "s3", "git+http", "git+https", "direct+https"})

# What nearly every URL of a lock looks like: nothing in it has a second meaning.
_CLEAN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]+://[A-Za-z0-9.-]+(?::[0-9]+)?"
    r"(?:/(?![tT]/.)(?!\.{1,2}(?:/|$))[A-Za-z0-9._+!~=,-]*)*"
)
_IGNORED = re.compile(r"[\x00-\x20\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?=.)", re.DOTALL)
_HOST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+:)?//[^/\\]")
_FORM = re.compile(r"([/\\]*)([^/?#]*)([^?#]*)", re.DOTALL)
_SLASHES = re.compile(r"[/\\]+")
_PORT = re.compile(r":(?![0-9]*$)")
_PLAIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]+)([^?#]*)([?#].*)?", re.DOTALL)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_DOTS = re.compile(r"/\.{1,2}(?:[/?#]|$)")

_FOUND: dict[Exposure, str] = {
    "user": "a user name or password",
    "token": "a token",
    "query": "a query, which may be a secret",
    "fragment": "a fragment, which may be a secret",
    "encoding": "percent signs encoded over and over, which may hide a secret",
    "placeholder": "the placeholder <TOKEN>, where a token was",
}
_AUTH_FILE = "in the file that RATTLER_AUTH_FILE names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found in a URL.

    :ivar exposure: the worst that it holds; ``placeholder`` is a token that someone has taken out; ``None`` when the
        URL may ship.
    :ivar redacted: the URL, with ``***`` for whatever was found.
    """

    exposure: Exposure | None
    redacted: str

    @property
    def kind(self) -> str:
        """The problem's stable identifier."""
        return "token-placeholder" if self.exposure == "placeholder" else "credentials"

    def describe(self, owner: str) -> str:
        """Say what was found, without it.

        :param owner: whose URL it is, such as ``the package``.
        """
        return f"{owner}'s URL contains {_FOUND[self.exposure] if self.exposure else 'nothing'}: {self.redacted}"

    @property
    def hint(self) -> str:
        """What to do about it."""
        if self.exposure == "placeholder":
            return f"remove /t/<TOKEN> from the URL in the workspace, lock again, and keep the token {_AUTH_FILE}"
        revoke = ", revoke it" if self.exposure in ("user", "token") else ""
        return f"remove it from the URL in the workspace, lock again{revoke}, and keep credentials {_AUTH_FILE}"


def redact_url(url: str) -> str:
    """Hide user, password, token, query and fragment of a URL, however they are spelled.

    :param url: a URL; a path or another text comes back unchanged.
    """
    return judge_url(url).redacted


@lru_cache(maxsize=65536)
def judge_url(url: str) -> Verdict:
    """Find what must not ship in a URL: a user, a password, ``/t/TOKEN``, a query, a fragment.

    :param url: of an archive or a channel; a path holds none of these.
    """
    if _CLEAN.fullmatch(url) or not _names_host(url):
        return Verdict(exposure=None, redacted=url)
    has_host = _HOST.match(_IGNORED.sub("", url)) is not None
    found = {exposure for form in _decode(url) for exposure in _find_exposures(form, has_host=has_host)}
    worst = next((exposure for exposure in _FOUND if exposure in found), None)
    return Verdict(exposure=worst, redacted=_mask(url) if worst else url)


def _names_host(text: str) -> bool:
    """Tell whether a text is a URL, or the rest of one after its scheme."""
    bare = _IGNORED.sub("", text)
    return _SCHEME.match(bare) is not None or (bare[:1] in ("/", "\\") and bare[1:2] in ("/", "\\"))


def _decode(url: str) -> Iterator[str | None]:
    """Yield a URL as it is and after each round of decoding; ``None`` at last when that does not end."""
    from urllib.parse import unquote

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


def _find_exposures(form: str | None, *, has_host: bool) -> Iterator[Exposure]:
    """Find what one form of a URL contains.

    :param has_host: whether a host comes first for every library; unless there are exactly two slashes, some take that
        part for the host and others for the beginning of the path.
    """
    if form is None:
        yield "encoding"
        return
    scheme = _SCHEME.match(form)
    match = _FORM.match(form, scheme.end() if scheme else 0)
    assert match is not None  # every part of the pattern may be empty
    slashes, authority, path = match.groups()
    # A backslash ends the authority for some libraries and belongs to the user's name for others.
    host = _SLASHES.split(authority)[0]
    if "@" in authority or (slashes and _PORT.search(host.rpartition("]")[2])):
        yield "user"
    if "?" in form:
        yield "query"
    if "#" in form:
        yield "fragment"
    if not _is_file(form):
        parts = _SLASHES.split(authority + path)[1 if has_host else 0 :]
        segments = [part for part in parts if part not in ("", ".")]
        for before, segment in pairwise(segments):
            if before in ("t", "T") and segment != "..":
                yield "placeholder" if _is_placeholder(segment) else "token"


def _is_placeholder(segment: str) -> bool:
    from urllib.parse import unquote

    return unquote(segment).lower() == "<token>"


def _mask(url: str) -> str:
    """Mask what a URL must not hold; of one that is awkwardly spelled, only the scheme stays."""
    match = _PLAIN.fullmatch(url)
    if match is None or not _is_plainly_spelled(url):
        scheme = url.partition(":")[0].lower()
        return f"{scheme}://{MASK}" if scheme in _TOLD_SCHEMES else MASK
    scheme, authority, path, tail = match.groups()
    _, separator, host = authority.rpartition("@")
    if _PORT.search(host.rpartition("]")[2]):
        return f"{scheme}://{MASK}"
    user = f"{MASK}@" if separator else ""
    return f"{scheme}://{user}{host}{_mask_tokens(path)}{tail[0] + MASK if tail else ''}"


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
            segments[index] = MASK
        before = segment or before
    return "/".join(segments)

"""Archives in an OCI registry, ``oci://HOST/CHANNEL/SUBDIR/FILE``, as ``channel-mirrors`` publishes them.

Names are those of rattler's tools: a package is a repository, its version and build are a tag, and its archive is a
layer, whose digest is the archive's own. So the lock's SHA-256 names the blob, and the manifest is asked for only where
a registry fetches a blob from elsewhere when its manifest is pulled.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from ._answers import Answer
from ._credentials import Credentials
from ._errors import RefusedError
from ._urls import origin_of

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_MEDIA_TYPES = {".conda": "application/vnd.conda.package.v2", ".tar.bz2": "application/vnd.conda.package.v1"}
_DOCUMENT_LIMIT_BYTES = 4 << 20
_PARAMETER = re.compile(r'([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w-]*)(?:\s+(?=[A-Za-z])|\s*$)(?!\s*=)")
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobReference:
    """Where the registry keeps one archive.

    :ivar host: of the registry, with its port.
    :ivar repository: ``channel-mirrors/conda-forge/linux-64/zlib``.
    :ivar tag: ``1.3.1-hb9d3cd8_2``.
    """

    host: str
    repository: str
    tag: str
    media_type: str

    @property
    def manifest_url(self) -> str:
        """Address of the manifest."""
        return f"https://{self.host}/v2/{self.repository}/manifests/{self.tag}"

    def blob_url(self, digest: str) -> str:
        """Return the address of a blob.

        :param digest: ``sha256:`` and hex.
        """
        return f"https://{self.host}/v2/{self.repository}/blobs/{digest}"


def parse_reference(url: str) -> BlobReference:
    """Say where an ``oci`` address leads to.

    :raises RefusedError: if its last component is not ``NAME-VERSION-BUILD`` and an archive's suffix.
    """
    parts = urlsplit(url)
    folder, _, file_name = parts.path.strip("/").rpartition("/")
    suffix = next((suffix for suffix in _MEDIA_TYPES if file_name.endswith(suffix)), "")
    words = file_name.removesuffix(suffix).rsplit("-", 2)
    if not suffix or len(words) != 3:
        raise RefusedError("the file is not named NAME-VERSION-BUILD.conda or .tar.bz2", kind="registry")
    name, version, build = words
    # No component of a repository may start with `_`, and no tag may hold these characters.
    name = f"zzz{name}" if name.startswith("_") else name
    tag = f"{version}-{build}".replace("+", "__p__").replace("!", "__e__").replace("=", "__eq__")
    return BlobReference(
        host=parts.netloc.rpartition("@")[2],
        repository=f"{folder}/{name}" if folder else name,
        tag=tag,
        media_type=_MEDIA_TYPES[suffix],
    )


class Follow(Protocol):
    """A function that asks for an address and follows its redirects."""

    def __call__(
        self, address: str, headers: Mapping[str, str], authorization: Mapping[str, str], /
    ) -> tuple[Answer, str]:
        """Return the last answer, and the address that gave it."""
        ...


@dataclass(frozen=True, slots=True)
class _Challenge:
    """Where a registry gives tokens."""

    realm: str
    service: str | None


class Registries:
    """Registries of blobs, and how each of them wants to be asked."""

    def __init__(self, follow: Follow, credentials: Credentials) -> None:
        self._follow = follow
        self._credentials = credentials
        self._lock = threading.Lock()
        # Of each registry that has asked for a login: where it gives tokens, or None if it takes the login itself.
        self._challenges: dict[str, _Challenge | None] = {}
        self._tokens: dict[BlobReference, dict[str, str]] = {}

    def open(self, url: str, sha256: str, headers: Mapping[str, str]) -> tuple[Answer, str]:
        """Open the blob of an archive.

        :param sha256: the archive's digest, in hex.
        :returns: the answer, whatever its status, and the address that gave it.
        :raises RefusedError: if an answer of the registry makes no sense.
        """
        reference = parse_reference(url)
        answer, address = self._ask(reference, reference.blob_url(f"sha256:{sha256}"), headers)
        if answer.status != 404:
            return answer, address
        answer.discard()
        answer, address = self._ask(reference, reference.manifest_url, {"Accept": _MANIFEST})
        if answer.status != 200:
            return answer, address
        digest = _find_layer(_read_document(answer), reference.media_type)
        return self._ask(reference, reference.blob_url(digest), headers)

    def _ask(self, reference: BlobReference, address: str, headers: Mapping[str, str]) -> tuple[Answer, str]:
        """Ask a registry, and once more with a login if it wants one."""
        authorization = self._tokens.get(reference)
        if authorization is None:
            authorization, refusal = self._log_in(reference)
            if refusal is not None:
                return refusal
        answer, final = self._follow(address, headers, authorization)
        # A challenge of another host, which a redirect led to, is not answered with this one's credentials.
        if answer.status != 401 or origin_of(final) != origin_of(address) or not self._learn(reference, answer):
            return answer, final
        answer.discard()
        authorization, refusal = self._log_in(reference)
        return refusal or self._follow(address, headers, authorization)

    def _learn(self, reference: BlobReference, answer: Answer) -> bool:
        """Remember how a registry wants to be asked; tell whether that is known to us."""
        for scheme, parameters in _parse_challenges(answer.headers.get_list("WWW-Authenticate")):
            realm = parameters.get("realm", "")
            if scheme == "bearer" and realm.lower().startswith("https://"):  # a login goes there: never in the clear
                challenge = _Challenge(realm, parameters.get("service"))
            elif scheme == "basic" and self._own(reference):
                challenge = None
            else:
                continue
            with self._lock:
                self._challenges[reference.host] = challenge
                self._tokens.pop(reference, None)
            return True
        return False

    def _own(self, reference: BlobReference) -> dict[str, str]:
        return self._credentials.headers_for(urlsplit(f"//{reference.host}").hostname or "")

    def _log_in(self, reference: BlobReference) -> tuple[dict[str, str], tuple[Answer, str] | None]:
        """Return the header for a repository, and the token service's answer if it gives no token."""
        own = self._own(reference)
        if own.get("Authorization", "").startswith("Bearer "):
            return own, None  # a token of the registry already
        with self._lock:
            asked = reference.host in self._challenges
            challenge = self._challenges.get(reference.host)
        if challenge is None:
            return (own if asked else {}), None
        answer, final = self._follow(_token_address(challenge, reference), {}, own)
        if answer.status != 200:
            return {}, (answer, final)
        header = {"Authorization": f"Bearer {_take_token(_read_document(answer))}"}
        with self._lock:
            self._tokens[reference] = header
        return header, None


def _parse_challenges(headers: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield schemes in lower case and their parameters (RFC 9110, 11.6.1)."""
    for header in headers:
        found = list(_SCHEME.finditer(header))
        for start, end in itertools.zip_longest(found, found[1:]):
            text = header[start.end() : None if end is None else end.start()]
            yield start[1].lower(), {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(text)}


def _token_address(challenge: _Challenge, reference: BlobReference) -> str:
    fields = {} if challenge.service is None else {"service": challenge.service}
    query = urlencode({**fields, "scope": f"repository:{reference.repository}:pull"}, quote_via=quote)
    return f"{challenge.realm}{'&' if urlsplit(challenge.realm).query else '?'}{query}"


def _read_document(answer: Answer) -> Mapping[str, Any]:
    data = answer.read(_DOCUMENT_LIMIT_BYTES)
    try:
        document = json.loads(data) if len(data) <= _DOCUMENT_LIMIT_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, Mapping):
        raise RefusedError("the registry's answer is not a JSON object", kind="registry")
    return document


def _take_token(document: Mapping[str, Any]) -> str:
    token = document.get("token") or document.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise RefusedError("the registry's answer contains no token", kind="registry")
    return token


def _find_layer(manifest: Mapping[str, Any], media_type: str) -> str:
    layers = manifest.get("layers")
    for layer in layers if isinstance(layers, list) else ():
        digest = layer.get("digest") if isinstance(layer, Mapping) and layer.get("mediaType") == media_type else None
        if isinstance(digest, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            return digest
    raise RefusedError(f"the registry's manifest has no layer of type {media_type}", kind="registry")

"""Where PyPI packages and source packages are: the forms of location that locks use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from ._credentials import Verdict, judge_url, redact_url
from ._errors import LockError
from ._locations import find_file_name, find_scheme, is_host_url, lower_scheme
from ._names import normalize_pypi_name
from ._pypi_records import Form, Origin

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar")

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REVISION = re.compile(r"(.*/[^/@]+)@([^/@]+)")
_SSH_USER = re.compile(r"(ssh://)[A-Za-z0-9._-]+@", re.IGNORECASE)
_GIT_KEYS = frozenset({"subdirectory", "rev", "branch", "tag", "lfs"})
_FRAGMENT_KEYS = frozenset({"subdirectory", "sha256", "egg"})
_UNUSABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
_LOCK_AGAIN = "lock the workspace again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a location says; the fields are those of ``cs_lock.PypiRecord``."""

    origin: Origin
    form: Form
    url: str | None = None
    file_name: str | None = None
    sha256: str = ""
    subdirectory: str | None = None
    commit: str | None = None
    requested_revision: str | None = None


def read_place(location: str, name: str | None, key: str) -> Place:
    """Read a location.

    :param location: a URL, perhaps with ``direct+`` or ``git+`` in front of it, or a path.
    :param name: of the project, if it is known: an index may sort its files into folders such as ``/t/torch/``.
    :param key: key path of the entry, for messages.
    :raises LockError: ``git-not-pinned``, ``unknown-distribution``, ``unknown-scheme``, ``invalid-url`` or
        ``credentials``.
    """
    bare = location.removeprefix("direct+")
    if bare.startswith("git+"):
        return _read_repository(bare.removeprefix("git+"), key)
    scheme = find_scheme(bare)
    if scheme in ("http", "https"):
        return _read_url(lower_scheme(bare), "url" if bare != location else "index", name, key)
    if scheme not in (None, "file"):
        message = f"packages cannot be fetched by {scheme}: {redact_url(bare)}"
        raise LockError(message, kind="unknown-scheme", key=key, hint="use an https URL")
    _refuse_secrets(judge_url(bare), key)
    file_name = find_file_name(bare.rstrip("/"))
    form = find_form(file_name)
    return Place(origin="file", form=form, file_name=file_name) if form else Place(origin="directory", form="tree")


def find_form(file_name: str) -> Form | None:
    """Tell a wheel and an sdist by their file names; ``None`` for anything else."""
    if file_name.endswith(".whl"):
        return "wheel"
    return "sdist" if file_name.endswith(SDIST_SUFFIXES) else None


def judge_file_url(url: str, name: str | None) -> Verdict:
    """Find what must not ship in the URL of a file of an index.

    :param name: of the project; its folder within a folder ``t`` is not a token.
    """
    head, _, rest = url.partition("/t/")
    if name and rest and normalize_pypi_name(rest.partition("/")[0]) == normalize_pypi_name(name):
        url = f"{head}/{rest}"
    return judge_url(url)


def _read_url(url: str, origin: Origin, name: str | None, key: str) -> Place:
    """Read the URL of a file; a fragment with its digest or its folder is not part of it."""
    url, _, fragment = url.partition("#")
    fields = _split_fields(fragment)
    if fragment and not (fields and fields.keys() <= _FRAGMENT_KEYS):
        url = f"{url}#{fragment}"
    _refuse_secrets(judge_file_url(url, name), key)
    if not is_host_url(url):
        raise LockError(f"{url!r} is not a valid URL", kind="invalid-url", key=key)
    file_name = find_file_name(url)
    form = find_form(file_name)
    if form is None:
        message = f"{file_name or url!r} is neither a wheel nor an sdist"
        expected = f"a file that ends in .whl, {', '.join(SDIST_SUFFIXES)}"
        raise LockError(message, kind="unknown-distribution", key=key, expected=expected, hint=_LOCK_AGAIN)
    sha256 = fields.get("sha256", "").lower()
    return Place(
        origin=origin,
        form=form,
        url=url,
        file_name=file_name,
        sha256=sha256 if _SHA256.fullmatch(sha256) else "",
        subdirectory=fields.get("subdirectory"),
    )


def _read_repository(location: str, key: str) -> Place:
    """Read the location of a git repository: ``URL?rev=…&subdirectory=…#COMMIT``, or ``URL@COMMIT#subdirectory=…``."""
    url, _, fragment = location.partition("#")
    url, _, query = url.partition("?")
    fields = _split_fields(query)
    if not fields.keys() <= _GIT_KEYS:
        url = f"{url}?{query}"
    if not _COMMIT.fullmatch(fragment):
        fields |= _split_fields(fragment)
        fragment = ""
    if match := _REVISION.fullmatch(url):
        url, revision = match.groups()
        fields.setdefault("rev", revision)
    url = lower_scheme(url)
    # The user of an ssh URL is an account such as git, and what lets it in is a key.
    _refuse_secrets(judge_url(_SSH_USER.sub(r"\1", url)), key)
    revision = fields.get("rev") or fields.get("tag") or fields.get("branch")
    commit = fragment or (revision or "")
    if not _COMMIT.fullmatch(commit):
        _refuse_unpinned(url, key)
    if _UNUSABLE.search(url):
        raise LockError(f"{url!r} is not a valid URL", kind="invalid-url", key=key)
    return Place(
        origin="git",
        form="tree",
        url=url,
        subdirectory=fields.get("subdirectory"),
        commit=commit,
        requested_revision=revision,
    )


def _split_fields(text: str) -> dict[str, str]:
    """Split a query, or a fragment like one."""
    if not text:
        return {}
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text))


def _refuse_unpinned(url: str, key: str) -> NoReturn:
    message = f"the lock names no commit of the git repository {redact_url(url)}"
    raise LockError(message, kind="git-not-pinned", key=key, expected="#COMMIT, 40 hex digits", hint=_LOCK_AGAIN)


def _refuse_secrets(verdict: Verdict, key: str) -> None:
    if verdict.exposure:
        raise LockError(verdict.describe("the package"), kind=verdict.kind, key=key, hint=verdict.hint)

"""The machine: the package cache, the network's settings, and environment variables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from cs_bundle import find_certificates, format_bytes, list_proxies, measure_free, redact_text
from cs_lock import did_you_mean

from ..archives.cache_directory import locate_cache
from ..cache.survey import survey_cache
from ..commandline.variables import VARIABLES
from ..errors import PASSPHRASE_VARIABLE
from ..terminal.console import format_count
from .findings import Finding

LITTLE_BYTES = 2_000_000_000
"""Less free space than this is worth a warning: large environments take more."""

_PREFIX = "CONDA_SHIP_"
_KNOWN = {*(name for name in VARIABLES if name.startswith(_PREFIX)), f"{_PREFIX}PREFIX", f"{_PREFIX}EXECUTABLE"}
"""Those of ``cs``, of runtimes, and of the ``conda ship`` shortcut."""

_FILES = ("RATTLER_AUTH_FILE", "NETRC")
_SHOWN_ELSEWHERE = ("TERM", "COLORTERM", "COLUMNS", "HTTPS_PROXY", "NO_PROXY")
_OTHERS = [name for name in VARIABLES if name not in {*_KNOWN, *_SHOWN_ELSEWHERE}]


def look_at_cache(given: Path | None) -> Iterator[Finding]:
    """Look at the package cache: is it readable and writable, how large is it, is there room for more?"""
    path = locate_cache(given)
    survey = survey_cache(path)
    free = measure_free(path)
    room = "" if free is None else f"; {format_bytes(free)} free"
    content = f"{format_count(survey.archive_count, 'archive')}, {format_bytes(survey.size_bytes)}"
    yield Finding(
        topic="cache",
        state="ok",
        message=f"{path}: {content if survey.entries else 'empty'}{room}",
        details={**survey.to_dict(), "free_size_bytes": free},
    )
    place = next((one for one in (path, *path.parents) if one.exists()), path)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield Finding(
            topic="cache",
            state="problem",
            message=f"{place}: no permission to write there",
            hint="set CONDA_SHIP_CACHE_DIR to a directory where you can write",
        )
    elif free is not None and free < LITTLE_BYTES:
        yield Finding(
            topic="cache",
            state="warning",
            message=f"only {format_bytes(free)} are free on the disk of the package cache",
            hint="`cs cache clean` removes packages that were downloaded for earlier builds",
        )


def look_at_proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the variables that name proxies."""
    proxies = list_proxies(environ)
    names = {"no": "not for", "all": "everything"}
    shown = [f"{names.get(scheme, scheme)} {address}" for scheme, address in proxies.items()]
    message = "; ".join(shown) or "none"
    yield Finding(topic="proxies", state="ok", message=message, details={"proxies": proxies})


def look_at_certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Load the certificates that servers are checked with."""
    found = find_certificates(environ)
    where = "those of the system" if found.source == "system" else f"those of {found.source}: {found.path}"
    count = "" if found.count is None else f", {format_count(found.count, 'certificate')}"
    expired = f", {found.expired_count} of them expired" if found.expired_count else ""
    is_useless = found.count is not None and found.count == found.expired_count
    yield Finding(
        topic="certificates",
        state="problem" if is_useless else "ok",
        message=f"{where}{count}{expired}",
        hint="install ca-certificates, or name a file of certificates with SSL_CERT_FILE" if is_useless else None,
        details={
            "source": found.source,
            "path": None if found.path is None else str(found.path),
            "count": found.count,
            "expired_count": found.expired_count,
        },
    )


def look_at_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """List the variables that ``cs`` reads, and those that look as if it did."""
    own = sorted(name for name in environ if name.startswith(_PREFIX))
    names = [*(name for name in own if name in _KNOWN), *(name for name in _OTHERS if environ.get(name))]
    known = {name: _show(name, environ[name]) for name in names}
    message = ", ".join(f"{name}={value}" for name, value in known.items()) or "none set"
    yield Finding(topic="variables", state="ok", message=message, details={"variables": known})
    for name in own:
        if name not in _KNOWN:
            yield Finding(
                topic="variables",
                state="warning",
                message=f"cs does not know the variable {name}",
                hint=did_you_mean(name, sorted(_KNOWN)) or "unset it",
            )
    for name in _FILES:
        if environ.get(name) and not Path(environ[name]).is_file():
            yield Finding(
                topic="variables",
                state="problem",
                message=f"{name} names a file that does not exist: {environ[name]}",
                hint="correct it, or unset it",
            )


def _show(name: str, value: str) -> str:
    return "***" if name == PASSPHRASE_VARIABLE else redact_text(value)

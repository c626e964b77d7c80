"""Where an archive or a channel is: on the network, or a file of the machine that made the lock."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from ._platforms import SUBDIRS

_ARCHIVE = re.compile(r"(.+)-([^-]+)-([^-]+)\.(?:conda|tar\.bz2)")
_SAFE_ARCHIVE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!~=-]*-[A-Za-z0-9._+!~=]+-[A-Za-z0-9._+!~=]+\.(?:conda|tar\.bz2)")
# One letter before a colon is a Windows drive. Readers of URLs skip line ends and tabs.
_SCHEME = re.compile(r"[\x00-\x20]*([A-Za-z][\t\r\nA-Za-z0-9+.-]+):")
_FILE_URL = re.compile(r"[\x00-\x20]*file:(?://([^/?#]*))?([^?#]*)", re.IGNORECASE)
_DRIVE = re.compile(r"/[A-Za-z]:/")
_CHANNEL_PATH = re.compile(r"\.{1,2}(?:[/\\]|$)|[~/\\]|[A-Za-z]:[/\\]")

# A scheme, a host that may be one, a port with at most 16 bits, and no blanks.
_PORT = r"(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_HOST_URL = re.compile(
    rf"(?:https?|oci)://(?:[\w.~-]+|\[[0-9A-Fa-f:.]+\])(?::{_PORT})?(?:/[^\x00-\x20\x7f-\xa0\\\u2028\u2029]*)?"
)


def find_scheme(location: str) -> str | None:
    """Return the scheme of a URL in lower case, ``None`` for a path."""
    if location.startswith("https://"):
        return "https"
    match = _SCHEME.match(location)
    return "".join(match.group(1).split()).lower() if match else None


def lower_scheme(url: str) -> str:
    """Return a URL with its scheme in lower case, as every reader of it understands."""
    scheme, separator, rest = url.partition(":")
    return scheme.lower() + separator + rest


def is_host_url(url: str) -> bool:
    """Tell whether a URL, with its scheme in lower case, is one that an archive can be fetched from."""
    return _HOST_URL.fullmatch(url) is not None


def is_local_archive(location: str) -> bool:
    """Tell whether an archive's location is a path or a ``file:`` URL."""
    return find_scheme(location) in (None, "file")


def is_local_channel(channel: str) -> bool:
    """Tell whether a channel is a directory, by rattler's rule: a bare name is not."""
    scheme = find_scheme(channel)
    return scheme == "file" or (scheme is None and _CHANNEL_PATH.match(channel) is not None)


def find_file(location: str, directory: Path) -> Path:
    """Find the file that a local location names.

    :param location: path or ``file:`` URL.
    :param directory: of the lock; relative paths start there.
    """
    if find_scheme(location) is None:
        return directory / location
    from urllib.parse import unquote

    match = _FILE_URL.match(location)
    host, path = match.groups() if match else (None, location)
    path = unquote(path)
    if host and host.lower() != "localhost":
        path = f"//{host}{path}"
    return directory / (path[1:] if _DRIVE.match(path) else path)


def is_archive_name(file_name: str) -> bool:
    """Tell whether a file name is of the form NAME-VERSION-BUILD.conda, safe on every file system and in a bundle."""
    return _SAFE_ARCHIVE.fullmatch(file_name) is not None


def find_file_name(location: str) -> str:
    """Return the last part of a location, percent-decoded if it is a URL."""
    if find_scheme(location) is None:
        return location.replace("\\", "/").rpartition("/")[2]
    file_name = location.partition("?")[0].partition("#")[0].rpartition("/")[2]
    if "%" in file_name:
        from urllib.parse import unquote

        return unquote(file_name)
    return file_name


@lru_cache(maxsize=1024)
def _derive_folder(head: str) -> tuple[str | None, str | None]:
    """Derive subdir and channel from the part of a location before the file name."""
    base, _, folder = head.rpartition("/")
    subdir = folder if folder in SUBDIRS or folder == "noarch" else None
    is_remote = "://" in base and find_scheme(head) != "file"
    return subdir, f"{base.rstrip('/')}/" if is_remote else None


def derive_location_fields(location: str) -> dict[str, str | None]:
    """Derive what an archive's location says about the package.

    :param location: URL or path.
    :returns: ``file_name``, ``name``, ``version``, ``build``, ``subdir``, ``channel``; ``None`` if it does not say it.
    """
    file_name = find_file_name(location)
    match = _ARCHIVE.fullmatch(file_name)
    name, version, build = match.groups() if match else (None, None, None)
    is_path = find_scheme(location) is None
    path = location.replace("\\", "/") if is_path else location.partition("?")[0].partition("#")[0]
    subdir, channel = _derive_folder(path.rpartition("/")[0])
    return {
        "file_name": file_name if match else None,
        "name": name,
        "version": version,
        "build": build,
        "subdir": subdir if match else None,
        "channel": channel,
    }


def choose_subdir(stated: str | None, folder: str | None, location: str) -> str | None:
    """Choose between an entry's subdir and the directory that its archive is in.

    The directory in a channel is right: pixi's first formats stated a platform's subdir for packages of ``noarch``, and
    later ones kept it. The name of a user's own directory means less than the stated subdir.

    :param stated: the entry's subdir.
    :param folder: as ``derive_location_fields`` found it.
    """
    if stated and is_local_archive(location) and folder != "noarch":
        return stated
    return folder or stated


def derive_rattler_fields(location: str) -> dict[str, str | None]:
    """Derive the fields that rattler derives from a location when it reads a lock: a lock may leave out only these.

    Rattler takes a subdir only from an ``http`` URL, and no name from a percent-encoded file name.
    """
    derived = derive_location_fields(location)
    if find_scheme(location) not in ("http", "https"):
        derived["subdir"] = None
    if "%" in location.rpartition("/")[2]:
        derived.update(file_name=None, name=None, version=None, build=None)
    return derived

"""The revision of the repository that a workspace is in, as a release may name it."""

from __future__ import annotations

import ipaddress
import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cs_lock import judge_url
from cs_manifest import Project, read_revision

_CEILINGS = "GIT_CEILING_DIRECTORIES"
_SCP = re.compile(r"(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9.-]+):(?!/?/)([A-Za-z0-9._~/+-]+)")
_URL = re.compile(r"(https?|ssh|git)://(?:([^@/]*)@)?([A-Za-z0-9.-]+)(:[0-9]+)?(/[A-Za-z0-9._~/+-]+)")
_FORGES = frozenset({"github.com", "gitlab.com", "codeberg.org", "bitbucket.org"})
"""Hosts whose repositories have the same path in every address, with and without ``.git``."""

_PRIVATE_DOMAINS = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa", ".lan")
"""Ends of names that are never public: RFC 6761, 6762, 8375, and what ICANN keeps free for this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRevision:
    """The revision of a workspace.

    :ivar commit: hex id.
    :ivar is_dirty: whether a tracked file differs from the commit, or manifest or lock are not tracked.
    :ivar directory: path of the workspace in the repository, with ``/``; empty for its top.
    :ivar repository: address that others can use: without a credential, and not of this machine; ``None`` if unknown.
    """

    commit: str
    is_dirty: bool
    directory: str = ""
    repository: str | None = None

    @property
    def text(self) -> str:
        """The commit, with ``-dirty`` after it if it is not all."""
        return name_revision(self.commit, is_dirty=self.is_dirty)

    @property
    def uri(self) -> str | None:
        """``git+URL@COMMIT``, as SPDX and SLSA write it."""
        return None if self.repository is None else f"git+{self.repository}@{self.commit}"


def name_revision(commit: str, *, is_dirty: bool | None) -> str:
    """Name a commit, with ``-dirty`` after it if it is not all."""
    return f"{commit}-dirty" if is_dirty else commit


def find_revision(project: Project) -> SourceRevision | None:
    """Ask git for the revision of a workspace.

    :returns: ``None`` if its manifest is not in a repository, or git cannot say.
    """
    manifest = project.manifest_path
    found = read_revision(manifest.parent, [manifest, project.source_lock_path])
    if found is None:
        return None
    return SourceRevision(
        commit=found.commit,
        is_dirty=found.is_dirty,
        directory=found.directory,
        repository=None if found.origin is None else publish_address(found.origin),
    )


def is_in_repository(directory: Path, environ: Mapping[str, str]) -> bool:
    """Tell whether a directory looks as if it is in a git repository; git is not asked.

    :param environ: where ``GIT_CEILING_DIRECTORIES`` is looked for: git looks neither in those nor above.
    """
    ceilings = {os.path.realpath(one) for one in environ.get(_CEILINGS, "").split(os.pathsep) if one}
    real = Path(os.path.realpath(directory))
    above = itertools.takewhile(lambda path: str(path) not in ceilings, real.parents)
    return any((path / ".git").exists() for path in (real, *above))


def publish_address(origin: str) -> str | None:
    """Turn the address of a remote into one that others can use.

    User names and passwords are left out. Of the large public forges it is the ``https`` address, however the
    repository was cloned, so that the same commit gives the same text.

    :param origin: a URL, or ``[USER@]HOST:PATH`` as SSH has it.
    :returns: ``None`` for a path, an address of this machine or network, and one that may hide a secret.
    """
    if match := _URL.fullmatch(origin):
        scheme, user, host, port, path = match.groups()
    elif match := _SCP.fullmatch(origin):
        (user, host, path), scheme, port = match.groups(), "ssh", None
        path = f"/{path}"
    else:
        return None
    if not _is_public(host.lower()) or ".." in path.split("/"):
        return None
    if host.lower() in _FORGES and port is None:
        return _require_clean(f"https://{host.lower()}{path.rstrip('/').removesuffix('.git')}")
    login = "git@" if scheme == "ssh" and user == "git" else ""
    address = _require_clean(f"{scheme}://{host}{port or ''}{path}")
    return address and address.replace("://", f"://{login}", 1)


def _require_clean(address: str) -> str | None:
    return address if judge_url(address).exposure is None else None


def _is_public(host: str) -> bool:
    """Tell whether a host is one that others may know: not an alias, not this machine, not a private address."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.rstrip(".").endswith(_PRIVATE_DOMAINS)

"""A certificate authority that no system trusts."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Authority:
    """What ``openssl`` has made.

    :ivar certificate: of the authority. A client that trusts it trusts the server.
    :ivar server: certificate and key of a server on 127.0.0.1.
    """

    certificate: Path
    server: Path


def make_authority(directory: Path) -> Authority:
    """Make an authority, and have it sign a server's certificate."""
    directory.mkdir()
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    key = ("-newkey", "rsa:2048", "-nodes")
    _call(directory, "req", "-x509", *key, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    _call(directory, "req", *key, "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr")
    signed_by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    _call(directory, "x509", "-req", "-in", "server.csr", *signed_by, "-extfile", "names", "-out", "server.crt")
    server = directory / "server.pem"
    server.write_bytes((directory / "server.crt").read_bytes() + (directory / "server.key").read_bytes())
    return Authority(certificate=directory / "ca.pem", server=server)


def _call(directory: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)

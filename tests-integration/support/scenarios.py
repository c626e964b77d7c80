"""What is the same for users of every system."""

from __future__ import annotations

from pathlib import Path

from .commands import Home
from .windows import WindowsHome

User = Home | WindowsHome


def check_private_authority(user: User, runtime: Path, certificate: Path) -> None:
    """See that a server whose certificate only the user trusts is used if a variable says so, and else refused.

    :param runtime: takes its packages from that server.
    :param certificate: of the authority that has signed the server's.
    """
    refused = user.run(runtime, "bootstrap")
    assert refused.returncode == 69, refused.stderr
    assert "certificate" in refused.stderr
    assert "SSL_CERT_FILE" in refused.stderr
    assert not user.prefix.exists()
    user.extra["SSL_CERT_FILE"] = user.spell(certificate)
    completed = user.run(runtime, "bootstrap")
    assert completed.returncode == 0, completed.stderr
    assert (user.prefix / "conda-meta" / "history").is_file()

"""How Windows runtimes reach a channel: by a proxy, and with certificates of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.certificates import make_authority
from support.scenarios import check_private_authority
from support.servers import serve
from support.windows import REFUSED, WindowsHome
from support.workshop import Workshop

Build = Callable[..., Path]


def test_a_proxy_is_used(build: Build, windows_workshop: Workshop, windows_home: WindowsHome) -> None:
    server = windows_workshop.server
    with serve(server.directory) as proxy:
        windows_home.extra["http_proxy"] = f"http://127.0.0.1:{proxy.port}"
        completed = windows_home.run(build(layout='"online"'), "bootstrap")
        assert completed.returncode == 0, completed.stderr
        assert proxy.asked
        assert all(asked.path.startswith(server.url) for asked in proxy.asked)


def test_without_a_network_a_run_says_so(build: Build, windows_home: WindowsHome) -> None:
    windows_home.extra["http_proxy"] = "http://127.0.0.1:1"
    completed = windows_home.run(build(layout='"online"'), "bootstrap")
    assert completed.returncode == 69, completed.stderr
    assert not windows_home.prefix.exists()


@pytest.mark.tools("openssl")
def test_a_private_authority_is_trusted_when_it_is_named(
    build: Build, windows_workshop: Workshop, windows_home: WindowsHome
) -> None:
    build()  # so that the package cache of cs has the packages
    authority = make_authority(windows_home.directory / "authority")
    with serve(windows_workshop.server.directory, certificate=authority.server) as secure:
        runtime = windows_workshop.served_by(secure).build(without=sorted(REFUSED), layout='"online"')
        check_private_authority(windows_home, runtime, authority.certificate)

"""How Windows runtimes reach a channel: by a proxy, and with certificates of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.servers import serve
from support.windows import WindowsHome
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

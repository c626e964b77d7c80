"""Look at pages in a real browser: headless Chromium, driven by Playwright, without a network.

A test asks for the fixture ``browser`` and opens pages with it. Each page fails its test if it reaches for anything
outside this machine, or if the browser reports an error::

    def test_the_page_fits_a_phone(browser: Browser, path: Path) -> None:
        with browser.open(path.as_uri(), width=PHONE, scheme="dark") as page:
            assert find_overflow(page) == []

Pages look the same on every system, so these tests run on one only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest
from steady import skip_elsewhere

if TYPE_CHECKING:  # only Linux on x86-64 has it: see requirements/integration.in
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import ConsoleMessage, Page, Request

PHONE = 390
"""The width of a phone in pixels."""

DESKTOP = 1280
"""The width of a window on a desktop in pixels."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What systems call the browser. Debian's package is ``chromium``."""

_PICTURES = "SCREENSHOTS"
_HERE = frozenset(("127.0.0.1", "localhost", ""))
_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--font-render-hinting=none",
    "--hide-scrollbars",
)

Scheme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that runs, and opens pages."""

    chromium: Chromium

    @contextlib.contextmanager
    def open(
        self,
        url: str,
        *,
        width: int = DESKTOP,
        height: int = 844,
        scheme: Scheme = "light",
        reduced_motion: bool = False,
        media: Literal["print", "screen"] = "screen",
        scripts: bool = True,
    ) -> Iterator[Page]:
        """Open a page in a profile of its own; the end of the block looks at what the browser has reported.

        :param url: of a file (:meth:`pathlib.Path.as_uri`), or of a server on this machine.
        :param width: of the window in pixels; ``height`` is that of a phone.
        :param scheme: the colours that the user prefers.
        :param media: what the page is drawn for.
        :param scripts: whether JavaScript is on.
        :raises AssertionError: the page asked another machine for something, or there was an error.
        """
        context = self.chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce" if reduced_motion else "no-preference",
            java_script_enabled=scripts,
            service_workers="block",
            locale="en-GB",
            timezone_id="UTC",
        )
        try:
            page = context.new_page()
            reports = _listen(page)
            page.emulate_media(media=media)
            page.goto(url)
            yield page
            assert not reports, "\n".join(reports)
        finally:
            context.close()


def _listen(page: Page) -> list[str]:
    """Collect what a page does wrong while it is open."""
    reports: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            reports.append(f"{said.type}: {said.text}")

    def see(asked: Request) -> None:
        if not _is_here(asked.url):
            reports.append(f"asks for {asked.url}")

    page.on("pageerror", lambda error: reports.append(f"error: {error}"))
    page.on("websocket", lambda socket: reports.append(f"asks for {socket.url}"))
    page.on("console", hear)
    page.on("request", see)
    return reports


def _is_here(url: str) -> bool:
    return (urlsplit(url).hostname or "") in _HERE


@contextlib.contextmanager
def start_browser() -> Iterator[Browser]:
    """Start the browser, or skip the test where there is none.

    While it runs, :func:`asyncio.run` does not work in this thread: end it with the module of tests.
    """
    skip_elsewhere("on Linux on x86-64", "a page looks the same everywhere")
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Its own sandbox does not start for root, nor in a container; this project made the pages.
        chromium = playwright.chromium.launch(
            executable_path=executable, chromium_sandbox=False, args=list(_ARGUMENTS), handle_sigint=False
        )
        try:
            yield Browser(chromium)
        finally:
            chromium.close()


def find_overflow(page: Page) -> list[str]:
    """Name the elements that make a page scroll sideways; what scrolls in a box of its own does not."""
    found: list[str] = page.evaluate(_FIND_OVERFLOW)
    return found


_FIND_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const clips = (element) => {
    for (let up = element.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
    return false;
  };
  const names = [...document.body.querySelectorAll("*")]
    .filter((one) => Math.ceil(one.getBoundingClientRect().right) > width && !clips(one))
    .map((one) => `${one.localName}.${one.getAttribute("class") || ""}: ${one.textContent.trim().slice(0, 60)}`);
  return names.length ? names : [`the page is ${document.documentElement.scrollWidth} pixels wide`];
}"""


def find_violations(page: Page) -> list[str]:
    """List what axe-core finds wrong for people who use a keyboard, a screen reader or strong contrast."""
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in violations for node in one["nodes"]]


def take_picture(page: Page, name: str, *, whole: bool = True) -> None:
    """Write a picture of a page for people to look at, if ``SCREENSHOTS`` names a folder.

    :param whole: the page from top to bottom instead of what the window shows.
    """
    folder = os.environ.get(_PICTURES)
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)

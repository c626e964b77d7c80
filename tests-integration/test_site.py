"""The built site: its links, its navigation, and each page in a browser, as on a phone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from steady import skip_elsewhere

from support.browser import DESKTOP, PHONE, Browser, find_overflow, find_violations, take_picture
from support.pages import ROOT
from support.servers import Server, serve
from support.site_pages import Page, read_pages

NAMES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
MARKDOWN = re.compile(
    r"```|\*\*|\]\(|^#+ |^ *\| |^ *===|^ *!!! |--8<--|\{ ?[#.]|:(?:attr|class|data|exc|func|meth|mod):", re.MULTILINE
)

FOUND = {
    "troubleshoot": "troubleshooting",
    "docker": "containers",
    "migrate": "migrate",
    "air-gapped": "air-gapped",
    "glossary": "concepts",
    "codesign": "sign",
    "quarantine": "first-launch",
    "SmartScreen": "first-launch",
    "proxy": "behind-a-firewall",
    "proxies": "behind-a-firewall",
    "offline": "air-gapped",
    "on-upgrade": "configuration",
    "install": "installation",
}
"""What people type, and a part of the address that one of the first results has."""

THEME = ("landmark-unique", "scrollable-region-focusable", "empty-table-header")
"""What axe finds in the theme's own parts."""


FIND_SCROLLING_TABLES = """() => [...document.querySelectorAll(".md-content table")].filter((table) => {
  let box = table.parentElement;
  while (box && getComputedStyle(box).overflowX === "visible") box = box.parentElement;
  return box && box.scrollWidth > box.clientWidth + 1;
}).map((table) => table.textContent.trim().slice(0, 60))"""
"""Tables that cannot be seen whole."""


@pytest.fixture(scope="session")
def site(fast_directory: Path) -> Path:
    """The site, built once."""
    skip_elsewhere("on Linux on x86-64", "the site is the same everywhere")
    directory = fast_directory / "site"
    subprocess.run([sys.executable, ROOT / "tools" / "build_site.py", directory], check=True)
    return directory


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    """Its pages."""
    return read_pages(site)


@pytest.fixture(scope="session")
def server(site: Path) -> Iterator[Server]:
    """The site, served."""
    with serve(site) as server:
        yield server


def list_navigation(entry: Any) -> Iterator[str]:
    """Name the pages of a part of the navigation."""
    if isinstance(entry, str):
        yield entry
    for child in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from list_navigation(child)


def test_every_page_is_once_in_the_navigation() -> None:
    configuration = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(list_navigation(configuration["nav"])) == NAMES


def test_every_link_leads_to_a_file_and_an_anchor(site: Path, pages: dict[str, Page]) -> None:
    lost = []
    for page in pages.values():
        for link in page.links:
            target = page.resolve(link)
            if target is not None and not leads_somewhere(site, pages, *target):
                lost.append(f"{page.path}: {link}")
    assert lost == []


def leads_somewhere(site: Path, pages: dict[str, Page], path: str, anchor: str) -> bool:
    """Whether a file of the site exists, and has an anchor."""
    if path in pages:
        return not anchor or anchor in pages[path].anchors or anchor == "__skip"
    return (site / path).is_file()


def test_no_markdown_is_left(pages: dict[str, Page]) -> None:
    assert len(pages) > len(NAMES)
    assert {page.path: found for page in pages.values() if (found := MARKDOWN.findall(page.prose))} == {}


def test_the_schemas_are_on_the_site(site: Path) -> None:
    shipped = {path.name for path in (ROOT / "packages" / "cs-cli" / "src" / "cs_cli" / "schemas").iterdir()}
    assert {name for name in shipped if name.endswith(".json")} == {path.name for path in site.rglob("*.schema.json")}


def address(server: Server, name: str) -> str:
    """Return where a page of ``docs`` is served."""
    return f"{server.url}/{name.removesuffix('.md').removesuffix('index')}/".replace("//", "/").replace(":/", "://")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_a_phone_and_asks_no_other_host(name: str, browser: Browser, server: Server) -> None:
    with browser.open(address(server, name), width=PHONE, scheme="dark") as page:
        take_picture(page, f"phone-dark-{name.replace('/', '-')}")
        assert find_overflow(page) == []
        assert page.evaluate(FIND_SCROLLING_TABLES) == []


@pytest.mark.parametrize("name", ["index.md", "tutorials/first-runtime.md", "reference/configuration.md"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_can_be_read_by_everybody(name: str, scheme: Any, browser: Browser, server: Server) -> None:
    with browser.open(address(server, name), width=DESKTOP, scheme=scheme) as page:
        take_picture(page, f"desktop-{scheme}-{name.replace('/', '-')}")
        assert [one for one in find_violations(page) if not one.startswith(THEME)] == []


def test_colours_follow_the_reader(browser: Browser, server: Server) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        with browser.open(f"{server.url}/", scheme=scheme) as page:
            colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_commands_can_be_copied(browser: Browser, server: Server) -> None:
    with browser.open(address(server, "tutorials/first-runtime.md")) as page:
        blocks = page.locator(".highlight")
        assert blocks.count() > 3
        buttons = page.locator(".language-console .md-code__button")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        buttons.first.click()
        page.get_by_text("Copied to clipboard").wait_for()
        commands = "pixi init cows\ncd cows\npixi add python cowpy"
        assert page.evaluate("navigator.clipboard.readText()") == commands
        assert page.locator(".highlight .md-code__button").count() == blocks.count()


@pytest.mark.parametrize("words", FOUND)
def test_search_finds_what_people_type(words: str, browser: Browser, server: Server) -> None:
    with browser.open(f"{server.url}/") as page:
        page.locator(".md-search__button").click()
        page.get_by_role("combobox").fill(words)
        page.locator(f'[role=option][href*="{FOUND[words]}"]').first.wait_for()

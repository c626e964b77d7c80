"""The browser that tests look at pages with sees what it is there to see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.browser import PHONE, Browser, Scheme, find_overflow, find_violations, take_picture
from support.servers import serve

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a page and return its address."""

    def write_page(body: str, head: str = "") -> str:
        page = tmp_path / "page.html"
        start = "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title>"
        page.write_text(f"{start}{head}<main><h1>A page</h1>{body}</main></html>", encoding="utf-8")
        return page.as_uri()

    return write_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_seen_at_a_width_and_in_a_colour_scheme(browser: Browser, write: Write, scheme: Scheme) -> None:
    with browser.open(write(""), width=PHONE, scheme=scheme) as page:
        assert page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches && innerWidth") == PHONE


@pytest.mark.parametrize(
    "body",
    [
        "<img src='http://a.example/a.png' alt='A'>",
        "<img src='http://192.0.2.1/a.png' alt='A'>",
        "<script>fetch('https://a.example/').catch(() => 0)</script>",
        "<script>new WebSocket('wss://a.example/')</script>",
        "<style>@import 'http://a.example/a.css';</style>",
    ],
)
def test_a_page_that_asks_another_machine_fails(browser: Browser, write: Write, body: str) -> None:
    with pytest.raises(AssertionError, match=r"asks for"), browser.open(write(body)) as page:
        page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("body", ["<script>nothing()</script>", "<script>console.error('no')</script>"])
def test_an_error_of_a_page_fails(browser: Browser, write: Write, body: str) -> None:
    with pytest.raises(AssertionError, match="error"), browser.open(write(body)):
        pass


def test_a_page_of_this_machine_is_shown(browser: Browser, write: Write, tmp_path: Path) -> None:
    write("<script>document.title = 'Run'</script>")
    with serve(tmp_path) as server:
        server.fault = lambda request: "favicon" in request.path and request.send(204)
        with browser.open(f"{server.url}/page.html") as page:
            assert page.title() == "Run"


def test_what_is_too_wide_for_the_window_is_found(browser: Browser, write: Write) -> None:
    wide = "<p style='width: 900px'>wide</p>"
    with browser.open(write(f"<div style='overflow: auto'>{wide}</div>"), width=PHONE) as page:
        assert find_overflow(page) == []
    with browser.open(write(wide), width=PHONE) as page:
        assert find_overflow(page) == ["p.: wide"]
    with browser.open(write(wide)) as page:
        assert find_overflow(page) == []


def test_what_a_screen_reader_cannot_read_is_found(browser: Browser, write: Write) -> None:
    with browser.open(write("<p>Text</p>")) as page:
        assert find_violations(page) == []
    with browser.open(write("<input type=text>")) as page:
        assert [found.split(":")[0] for found in find_violations(page)] == ["label"]


def test_a_picture_is_taken_for_those_who_ask(
    browser: Browser, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with browser.open(write("")) as page:
        take_picture(page, "one")
        monkeypatch.setenv("SCREENSHOTS", str(tmp_path))
        take_picture(page, "two")
    assert [path.name for path in tmp_path.glob("*.png")] == ["two.png"]

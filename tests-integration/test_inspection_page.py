"""The page of ``cs inspect --html`` in a browser: what it shows, for whom, and how it takes keys."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.browser import DESKTOP, PHONE, Browser, Scheme, find_overflow, find_violations, take_picture
from support.channel.index import PypiEntry
from support.commands import Command
from support.workspaces import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHANNEL = "https://conda.example/forge"
WIDTHS = (320, PHONE, 768, DESKTOP)
MANY = 1000
TILE = "#treemap [role=option]"

MakePage = Callable[..., Path]


def make_record(name: str, *depends: str, size: int, **fields: Any) -> dict[str, Any]:
    """Return the record of a package that nobody has."""
    subdir = "noarch" if fields.get("noarch") else "linux-64"
    return {
        "name": name,
        "version": "1.0",
        "build": "0",
        "build_number": 0,
        "subdir": subdir,
        "url": f"{CHANNEL}/{subdir}/{name}-1.0-0.conda",
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "depends": list(depends),
        "license": "MIT",
        "size": size,
        **fields,
    }


FEW = [
    make_record("python", "openssl", "sqlite", size=36_700_000, license="Python-2.0"),
    make_record("openssl", "certificates", size=3_200_000, license="Apache-2.0"),
    make_record("certificates", size=131_000, license="ISC", noarch="generic"),
    make_record("sqlite", "icu", size=958_900),
    make_record("icu", size=12_700_000),
    make_record("tool", "python", "solver", "requests", size=1_300_000, license="BSD-3-Clause", noarch="python"),
    make_record("solver", "python", "fmt", size=700_000),
    make_record("fmt", size=200_000),
    make_record("requests", "python", "certificates", size=58_600, license="Apache-2.0", noarch="python"),
]


def make_many(count: int) -> list[dict[str, Any]]:
    """Return so many packages, of sizes as channels have them: few are large."""
    chance = random.Random(16)
    names = [f"package-{number}" for number in range(count)]
    return [
        make_record(
            name,
            *(chance.choice(names[:number]) for _ in range(min(number, chance.randrange(5)))),
            size=int(chance.paretovariate(0.7) * 20_000) % 60_000_000,
            license=chance.choice(["MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-only", "LicenseRef-Own"]),
            **({"noarch": "python"} if chance.random() < 0.5 else {}),
        )
        for number, name in enumerate(names)
    ]


@pytest.fixture
def make_page(tmp_path: Path, cs: Callable[..., Command]) -> MakePage:
    """Write a workspace and the page about it."""

    def make(
        records: Sequence[Any] = FEW,
        *,
        specs: tuple[str, ...] = ("python", "tool"),
        platforms: Sequence[str] = ("linux-64",),
        options: Sequence[str] = (),
        **ship: str,
    ) -> Path:
        settings = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"tool"', **ship}
        workspace = Workspace(
            directory=tmp_path / "workspace",
            specs=specs,
            channel_url=CHANNEL,
            form="pixi.toml",
            lock_version="pixi-6",
            ship=settings,
            platforms=tuple(platforms),
        )
        directory = workspace.write({"ship": dict.fromkeys(platforms, records)})
        page = tmp_path / "page.html"
        cs("inspect", "--html", page, *options, cwd=directory, check=False)
        return page

    return make


def list_rows(page: Page, section: str = "#packages") -> list[str]:
    """Return the first column of a table, as far as it is shown."""
    rows = page.locator(f"{section} tbody tr:visible th")
    return [text.removesuffix(" requested") for text in rows.all_inner_texts()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_read_it_at_any_width(browser: Browser, make_page: MakePage, width: int, scheme: Scheme) -> None:
    path = make_page(exclude='["solver"]', **{"deny-licenses": '["Apache-2.0"]'})
    with browser.open(path.as_uri(), width=width, scheme=scheme) as page:
        page.locator(TILE).first.click()
        for grouping in ("package", "owner"):
            page.locator(f"input[value={grouping}]").check()
            take_picture(page, f"inspect-{width}-{scheme}-{grouping}")
            assert find_overflow(page) == []
            assert find_violations(page) == []


def test_it_shows_what_ships(browser: Browser, make_page: MakePage) -> None:
    path = make_page(exclude='["solver"]', **{"deny-licenses": '["Apache-2.0"]'})
    with browser.open(path.as_uri()) as page:
        assert page.title() == "demo 1.0: what ships"
        assert page.locator("h1").inner_text() == "demo 1.0"
        assert list_rows(page) == ["python", "icu", "openssl", "tool", "sqlite", "certificates", "requests"]
        assert "tool needs solver, which is excluded." in page.locator("#exclusions").inner_text()
        assert "1 package that only it needed left too" in page.locator("#exclusions").inner_text()
        assert page.locator("#licenses tbody tr").first.inner_text().startswith("Apache-2.0 denied")
        assert page.locator("#verdict").inner_text().startswith("Cannot ship")
        assert page.locator("#problems li.error").count() == 1


RICH = PypiEntry(
    location="https://files.pythonhosted.org/packages/rich-14.0.0-py3-none-any.whl",
    name="rich",
    version="14.0.0",
    sha256="0" * 64,
)
"""A wheel, whose size no lock has."""


@pytest.mark.parametrize(
    ("records", "columns"),
    [
        ([*FEW, RICH], ["Platform", "Packages", "Download", "Largest"]),
        (FEW, ["Platform", "Packages", "Download", "Runtime file", "Largest"]),
    ],
)
def test_sizes_that_nobody_knows_have_no_column(
    browser: Browser, make_page: MakePage, records: list[Any], columns: list[str]
) -> None:
    with browser.open(make_page(records, layout='"embedded"').as_uri()) as page:
        assert page.locator("#platforms thead th").all_inner_texts() == columns
        assert page.get_by_text("~ is an estimate").is_visible() == ("Runtime file" in columns)


def test_a_package_says_why_it_is_here(browser: Browser, make_page: MakePage) -> None:
    with browser.open(make_page().as_uri()) as page:
        page.locator("#packages").get_by_role("link", name="icu").click()
        details = page.locator("#details")
        assert details.locator("ol.chain li").all_inner_texts() == [
            "python (the workspace asks for it)",
            "sqlite",
            "icu",
        ]
        assert page.evaluate("document.activeElement.textContent") == "icu"
        assert page.url.endswith("#linux-64/conda%3Aicu")
        details.get_by_role("link", name="sqlite").click()
        assert "Without it, 1 other package would go too: 13.7\u00a0MB together." in details.inner_text()
        page.go_back()
        assert details.locator("h3").inner_text() == "icu"


def test_an_address_leads_to_a_package(browser: Browser, make_page: MakePage) -> None:
    with browser.open(f"{make_page().as_uri()}#linux-64/conda%3Aopenssl") as page:
        assert page.locator("#details h3").inner_text() == "openssl"
        assert page.locator(f"{TILE}[aria-selected=true]").get_attribute("aria-label") == "openssl, 3.2\u00a0MB"


@pytest.mark.parametrize("address", ["#linux-64/conda%3Anothing", "#%E0%A4%A/x", "#packages", "#/"])
def test_an_address_of_nothing_is_ignored(browser: Browser, make_page: MakePage, address: str) -> None:
    with browser.open(make_page().as_uri() + address) as page:
        assert page.locator("#details h3").inner_text() == "No package selected"


def test_the_table_is_sorted_and_filtered(browser: Browser, make_page: MakePage) -> None:
    with browser.open(make_page().as_uri()) as page:
        page.get_by_role("button", name="Package").click()
        assert list_rows(page)[:3] == ["certificates", "fmt", "icu"]
        assert page.locator("#packages th[aria-sort]").get_attribute("aria-sort") == "ascending"
        page.get_by_role("button", name="With what only it needs").click()
        assert list_rows(page)[:3] == ["python", "sqlite", "icu"]
        page.get_by_role("searchbox").fill("APACHE open")
        assert list_rows(page) == ["openssl"]
        assert page.get_by_role("status").inner_text() == "1 of 9 packages"
        page.get_by_role("searchbox").fill("nothing like it")
        assert list_rows(page) == []


MEASURE = """() => [...document.querySelectorAll("#treemap .tile")].map((tile) => {
  const {left, top, width, height} = tile.getBoundingClientRect();
  return {at: tile.dataset.at, name: tile.getAttribute("aria-label"), left, top, width, height};
})"""


@pytest.mark.parametrize("grouping", ["package", "owner"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_map_is_true_to_scale(browser: Browser, make_page: MakePage, width: int, grouping: str) -> None:
    with browser.open(make_page(make_many(200), specs=("package-199",)).as_uri(), width=width) as page:
        page.locator(f"input[value={grouping}]").check()
        tiles = page.evaluate(MEASURE)
        box = page.locator("#treemap").bounding_box()
        packages = page.evaluate("shown.packages.map(({name, size, total}) => ({name, size, total}))")
    assert box is not None
    for tile in tiles:
        assert box["x"] - 1 <= tile["left"] <= tile["left"] + tile["width"] <= box["x"] + box["width"] + 1
        assert box["y"] - 1 <= tile["top"] <= tile["top"] + tile["height"] <= box["y"] + box["height"] + 1
    if grouping == "package":
        whole = sum(one["size"] for one in packages)
        for tile in tiles:
            if tile["at"] is not None and min(tile["width"], tile["height"]) > 10:
                share = packages[int(tile["at"])]["size"] / whole
                assert tile["width"] * tile["height"] == pytest.approx(share * box["width"] * box["height"], rel=0.05)


def test_it_is_used_with_keys_alone(browser: Browser, make_page: MakePage) -> None:
    with browser.open(make_page().as_uri()) as page:
        reached = []
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        for stop in ("What ships", "What makes it large", "platform", "python36.7\u00a0MB", "filter", "Version", "icu"):
            assert stop in reached, reached
        page.locator(TILE).first.focus()
        names = []
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "Home"):
            page.keyboard.press(key)
            names.append(page.locator("#details h3").inner_text())
            assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
        assert names[:3] == ["icu", "openssl", "icu"]
        assert names[4] == "python"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "details-title"


FOCUS = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


def test_what_has_the_focus_is_seen(browser: Browser, make_page: MakePage) -> None:
    with browser.open(make_page().as_uri()) as page:
        for _ in range(25):
            page.keyboard.press("Tab")
            assert page.evaluate(FOCUS), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_platforms_are_chosen(browser: Browser, make_page: MakePage) -> None:
    path = make_page(platforms=("linux-64", "linux-aarch64"))
    with browser.open(path.as_uri()) as page:
        page.locator("#packages").get_by_role("link", name="icu").click()
        page.get_by_label("Platform", exact=True).select_option("linux-aarch64")
        assert page.get_by_role("listbox", name="linux-aarch64").count() == 1
        assert page.locator("#details h3").inner_text() == "No package selected"
        page.get_by_role("button", name="linux-64").click()
        assert page.get_by_label("Platform", exact=True).input_value() == "linux-64"


HOSTILE = "</script><img src=x onerror=alert(1)><b>\u202egnp\u05d0\u05d1"


def test_what_others_wrote_is_text(browser: Browser, make_page: MakePage) -> None:
    records = [{**one, "license": HOSTILE} for one in FEW]
    with browser.open(make_page(records).as_uri()) as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.locator("#packages").get_by_role("link", name="icu").click()
        shown = HOSTILE.replace("\u202e", "\\u202e")
        assert shown in page.locator("#details").inner_text()
        assert shown in page.locator("#licenses").inner_text()
        assert page.locator("img").count() == 0
        assert find_overflow(page) == []


def test_wheels_have_no_size(browser: Browser, make_page: MakePage) -> None:
    with browser.open(make_page([*FEW, RICH]).as_uri()) as page:
        assert page.locator("#packages tr", has_text="rich").inner_text().split("\t")[:3] == [
            "rich",
            "14.0.0",
            "unknown",
        ]
        assert "1 package of unknown size left out" in page.locator("figcaption").inner_text()


def test_a_thousand_packages_are_few_elements_and_few_bytes(browser: Browser, make_page: MakePage) -> None:
    path = make_page(make_many(MANY), specs=(f"package-{MANY - 1}",))
    assert path.stat().st_size < 400 * MANY
    with browser.open(path.as_uri(), width=PHONE) as page:
        assert len(list_rows(page)) == MANY
        assert page.locator("#treemap .tile").count() < 300
        assert page.locator("*").count() < 25 * MANY
        page.locator("input[value=owner]").check()
        page.get_by_role("searchbox").fill("package-77")
        assert len(list_rows(page)) == 11
        assert find_overflow(page) == []
        take_picture(page, "inspect-many", whole=False)


def test_it_can_be_printed(browser: Browser, make_page: MakePage) -> None:
    with browser.open(make_page().as_uri(), scheme="dark", media="print") as page:
        assert not page.get_by_role("searchbox").is_visible()
        assert not page.get_by_role("navigation").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert list_rows(page)[0] == "python"


def test_without_scripts_it_says_where_to_look(browser: Browser, make_page: MakePage) -> None:
    with browser.open(make_page().as_uri(), scripts=False) as page:
        assert "cs inspect" in page.locator("noscript").inner_text()
        assert page.locator("h1").inner_text() == "demo 1.0"

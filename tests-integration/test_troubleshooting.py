"""The page on troubleshooting quotes messages: each is one of the sources', and the most common ones are printed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.commands import Command, Home
from support.pages import read_page
from support.tested_platform import FOR_THIS_MACHINE

ROOT = Path(__file__).parents[1]
PAGE = "docs/how-to/troubleshooting.md"
_HEADING = re.compile(r"^### (.*) \{#([a-z0-9-]+)\}$", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \| .*?(?:\]\(\.\./reference/errors\.md#([a-z0-9-]+)\)\) )?\|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_RUST_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def find_quotes() -> Iterator[tuple[str, str]]:
    """Find the messages that the page quotes, each with its anchor, or the kind that it links to."""
    page = read_page(PAGE)
    yield from ((kind or quote, quote) for quote, kind in _ROW.findall(page))
    for heading, anchor in _HEADING.findall(page):
        for quote in _CODE.findall(heading):
            yield anchor, quote


QUOTES = list(find_quotes())


def find_python_strings() -> Iterator[str]:
    """Find the texts of our Python packages; ``{}`` stands for what a text is filled with."""
    for path in ROOT.glob("packages/*/src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)


def find_rust_strings() -> Iterator[str]:
    """Find the texts of the template's crates, with their lines joined."""
    for path in ROOT.glob("templates/cs-template/**/src/**/*.rs"):
        for text in _RUST_STRING.findall(path.read_text(encoding="utf-8")):
            yield re.sub(r"\\\n\s*", "", text)


@pytest.fixture(scope="module")
def texts() -> str:
    """Every text of the sources."""
    return "\n".join((*find_python_strings(), *find_rust_strings()))


@pytest.mark.parametrize(("anchor", "quote"), QUOTES)
def test_each_quoted_message_is_in_the_sources(anchor: str, quote: str, texts: str) -> None:
    pattern = "[^\n]*".join(re.escape(part.strip()) for part in quote.split("…"))
    assert re.search(pattern, texts), f"no source has this message any more: {quote!r} ({anchor}, in {PAGE})"


def test_the_page_quotes_each_message_once() -> None:
    assert len(QUOTES) > 30
    assert len({anchor for anchor, _ in QUOTES}) == len({quote for _, quote in QUOTES}) == len(QUOTES)


MISTAKES = {
    "manifest-not-found": (("inspect", "--root", "/"), None),
    "key-missing": (("inspect",), lambda workspace: edit(workspace, "[tool.conda-ship]", "[tool.another]")),
    "lock-not-found": (("inspect",), lambda workspace: (workspace / "conda.lock").unlink()),
    "stale-lock": (("build",), lambda workspace: edit(workspace, 'click = "*"', 'click = "<1"')),
    "environment-not-found": (("build", "--source-environment", "shp"), None),
    "platform-missing": (("build", "--platform", "osx-arm64"), None),
    "key-unknown": (("inspect",), lambda workspace: edit(workspace, "delegate =", "delagate =")),
    "update-unsupported": (("inspect",), lambda workspace: edit(workspace, "", "[tool.conda-ship.update]\n")),
    "noarch-without-python": (("build", "--exclude", "python"), None),
    "lost-dependency": (("build", "--exclude", "markupsafe", "--dry-run"), None),
    "delegate-missing": (("build", "--delegate", "weather"), None),
    "not-a-template": (("build", "--template", "/bin/true"), None),
    "license-denied": (("build", "--deny-licenses", "BSD-3-Clause"), None),
    "output-is-input": (("build", "--out-dir", ".", "--artifact-name", "conda.toml"), None),
    "offline": (("build", "--offline", "--cache-dir", "none"), None),
    "not-stamped": (("verify", "conda.toml"), None),
}


def edit(workspace: Path, old: str, new: str) -> None:
    """Replace a text of the manifest; without one, add to its end."""
    manifest = workspace / "conda.toml"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")


@pytest.mark.parametrize("anchor", MISTAKES)
def test_a_mistake_is_answered_with_the_message_that_the_page_quotes(
    anchor: str, make_workspace: Callable[..., Path], cs: Callable[..., Command]
) -> None:
    arguments, spoil = MISTAKES[anchor]
    workspace = make_workspace()
    if spoil is not None:
        spoil(workspace)
    completed = cs(*arguments, cwd=workspace, check=False)
    printed = completed.stdout + completed.stderr
    assert any(says(quote, printed) for where, quote in QUOTES if where == anchor), printed
    if completed.returncode:
        stderr = cs(*arguments, "--error-format", "json", cwd=workspace, check=False).stderr
        error = json.loads(stderr.splitlines()[-1])
        assert anchor in {one["kind"] for one in (error, *error.get("problems", ()))}, "the row links to another kind"


def says(quote: str, printed: str) -> bool:
    """Whether the output contains a quoted message."""
    return re.search(".*".join(map(re.escape, quote.split("…"))), printed, re.DOTALL) is not None


@pytest.mark.only(FOR_THIS_MACHINE, "its Python is the delegate")
def test_a_runtime_answers_with_the_messages_that_the_page_quotes(
    make_workspace: Callable[..., Path], cs: Callable[..., Command], home: Home, tmp_path: Path
) -> None:
    workspace = make_workspace(layout='"external"')
    cs("build", cwd=workspace)
    runtime, bundle = workspace / "dist" / "demo", workspace / "dist" / "demo.bundle.tar.zst"
    cut = tmp_path / "cut"
    cut.write_bytes(bundle.read_bytes()[:100_000])
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "file").touch()
    long_path = tmp_path / "/".join(["a" * 200] * 2)
    answers = {
        "bundle-damaged": home.run(runtime, "bootstrap", "--bundle", cut),
        "foreign": home.run(runtime, "--path", occupied, "bootstrap"),
        "path-too-long": home.run(runtime, "--path", long_path, "bootstrap"),
    }
    installed = home.run(runtime, "bootstrap")
    assert installed.returncode == 0, installed.stderr
    (home.prefix / "bin" / "python").unlink()
    answers["lost-delegate"] = home.run(runtime, "-c", "1")
    answers["altered"] = home.run(runtime, "verify")
    bundle.unlink()
    answers["network-off"] = home.run(runtime, "bootstrap", "--force", "--offline")
    stamped = bytearray(runtime.read_bytes())
    half = tmp_path / "half"
    half.write_bytes(stamped[:-100])
    half.chmod(0o755)
    answers["incomplete"] = home.run(half, "status")
    quotes = dict(QUOTES)
    for anchor, answer in answers.items():
        assert answer.returncode not in (0, 101), anchor
        assert says(quotes[anchor], answer.stderr), answer.stderr

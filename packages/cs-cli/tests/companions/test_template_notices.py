"""The notices of the template are in those of a runtime."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli_samples import Cs, Workspace, make_template

NAME = "cs-template.notices.txt"
TEXT = "Notices of cs-template\n\n  zstd 1.0: BSD-3-Clause\n\n" + "=" * 80 + "\nzstd 1.0: LICENSE\n"
HEAD = "=" * 80 + f"\ncs-template 0.1.0: {NAME}\n" + "-" * 80 + f"\n\n{TEXT}"
MISSING = f"\nThe template, cs-template 0.1.0, came without {NAME}: its notices are not here.\n"


def build(cs: Cs, *words: str | Path) -> str:
    """Build, let ``cs verify`` check the result, and return the notices."""
    outcome = cs("build", *words)
    assert outcome.status == 0, outcome.err
    assert cs("verify", "dist").status == 0
    return Path("dist/demoz.notices.txt").read_text(encoding="utf-8")


def install(directory: Path, name: str, template: str, *, notices: str = TEXT) -> Path:
    """Install a wheel of a template as pip does, and return the template.

    :param template: its path from ``site-packages``.
    """
    site = directory / "lib" / "site-packages"
    info = f"{name.replace('-', '_')}-0.1.0.dist-info"
    (site / info / "licenses").mkdir(parents=True)
    (site / info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 0.1.0\n", encoding="utf-8")
    (site / info / "licenses" / NAME).write_text(notices, encoding="utf-8")
    rows = (template, f"{info}/METADATA", f"{info}/licenses/{NAME}", f"{info}/RECORD")
    (site / info / "RECORD").write_text("".join(f"{row},,\n" for row in rows), encoding="utf-8")
    path = (site / template).resolve()
    path.parent.mkdir(parents=True)
    return make_template(path)


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("cs-template", "../../bin/cs-template"),
        ("cs-template-linux-64", "cs_templates/linux-64/cs-template"),
    ],
)
def test_an_installed_template_has_those_of_its_distribution(
    name: str, template: str, workspace: Workspace, cs: Cs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path / "prefix", name, template)
    monkeypatch.syspath_prepend(tmp_path / "prefix" / "lib" / "site-packages")
    text = build(cs, "--template", path)
    first = text.index("=" * 80)
    assert text[first:].startswith(HEAD.rstrip("\n"))
    assert "came without" not in text


def test_another_template_does_not_get_those_of_the_installed_one(
    workspace: Workspace, cs: Cs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path / "prefix", "cs-template", "../../bin/cs-template")
    monkeypatch.syspath_prepend(tmp_path / "prefix" / "lib" / "site-packages")
    copied = tmp_path / "copied" / path.name
    copied.parent.mkdir()
    shutil.copy2(path, copied)
    assert MISSING in build(cs, "--template", copied)


def test_those_next_to_a_template_count_first(
    workspace: Workspace, cs: Cs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path / "prefix", "cs-template", "../../bin/cs-template", notices="Others")
    monkeypatch.syspath_prepend(tmp_path / "prefix" / "lib" / "site-packages")
    path.with_name(NAME).write_bytes(TEXT.replace("\n", "\r\n").encode() + b"\x1b[1m")
    text = build(cs, "--template", path)
    assert HEAD.rstrip("\n") in text
    assert "Others" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("content", [None, b"", b"\0\1\2"])
def test_a_template_without_notices_is_named(
    content: bytes | None, workspace: Workspace, template: Path, cs: Cs
) -> None:
    if content is not None:
        template.with_name(NAME).write_bytes(content)
    assert MISSING in build(cs)
    assert NAME not in build(cs).partition("=" * 80)[2]


def test_the_same_template_gives_the_same_bytes(workspace: Workspace, template: Path, cs: Cs) -> None:
    template.with_name(NAME).write_text(TEXT, encoding="utf-8")
    assert build(cs) == build(cs)
    outcome = cs("verify", "--rebuild", ".", "dist")
    assert outcome.status == 0, outcome.err


def test_they_are_not_overwritten(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    path = make_template(tmp_path / "other")
    path.with_name(NAME).write_text(TEXT, encoding="utf-8")
    outcome = cs("build", "--template", path, "--artifact-name", "cs-template", "--out-dir", tmp_path)
    assert outcome.status == 1
    assert f"this would overwrite the notices of the template, {path.with_name(NAME)}" in outcome.err
    assert path.with_name(NAME).read_text(encoding="utf-8") == TEXT

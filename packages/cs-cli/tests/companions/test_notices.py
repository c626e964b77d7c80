"""The notices."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_projects import add_pypi
from cli_samples import Channel, Cs, Workspace, make_wheel, make_workspace, wheel_files
from cs_bundle import hash_file
from cs_cli.companions import notices

TEXT = b"Permission is granted\n"


@pytest.fixture
def licensed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a written workspace: two packages and a wheel have the same text, another package has none."""
    channel = Channel(tmp_path / "channel")
    for name, info in {
        "python": {"info/licenses/LICENSE": TEXT, "info/licenses/NOTICE": b"by me"},
        "same": {"info/licenses/COPYING": TEXT.replace(b"\n", b"\r\n")},
        "bare": {},
    }.items():
        version = "3.11.7" if name == "python" else "1.0"
        channel.add(name, {f"bin/{name}": b"#!"}, version=version, info=info)
    workspace = make_workspace(tmp_path / "workspace", channel)
    workspace.specs = ("python",)
    members = wheel_files({"demo-1.0.dist-info/licenses/LICENSE": TEXT}, headers="License-Expression: MIT\n")
    wheel = make_wheel(tmp_path / "demo-1.0-py3-none-any.whl", members)
    add_pypi(workspace, wheel.as_uri(), "demo", version="1.0", sha256=hash_file(wheel))
    monkeypatch.chdir(workspace.write())
    return workspace


def build(cs: Cs, *words: str) -> str:
    """Build and return the notices."""
    outcome = cs("build", *words)
    assert outcome.status == 0, outcome.err
    (path,) = Path("dist").glob("*.notices.txt")
    info = json.loads(next(Path("dist").glob("*.info.json")).read_bytes())
    assert [one["name"] for one in info["files"] if one["role"] == "notices"] == [path.name]
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("layout", ["embedded", "external"])
def test_each_text_appears_once_with_everything_that_has_it(
    layout: str, licensed: Workspace, template: Path, cs: Cs
) -> None:
    text = build(cs, "--layout", layout)
    assert text.count("Permission is granted") == text.count("by me") == 1
    head = "demo 1.0: licenses/LICENSE\npython 3.11.7: licenses/LICENSE\nsame 1.0: licenses/COPYING\n" + "-" * 80
    assert f"{head}\n\nPermission is granted\n" in text
    assert "no text of a licence in their archives:\n\n  bare 1.0: BSD-3-Clause\n" in text
    assert "  demo 1.0: MIT\n" in text
    assert "not contained" not in text


def test_an_online_runtime_has_those_of_what_it_carries(licensed: Workspace, template: Path, cs: Cs) -> None:
    add_pypi(
        licensed,
        "https://files.pythonhosted.org/six-1.0-py3-none-any.whl",
        "six",
        version="1.0",
        sha256="a" * 64,
    )
    licensed.write()
    text = build(cs, "--layout", "online")
    head, tail = text.split("These packages are not contained.")
    assert "demo 1.0: licenses/LICENSE" in tail
    assert "  six 1.0: not stated\n" in tail.partition("=" * 80)[0]
    assert "six" not in head


def test_what_exceeds_the_limit_is_named(
    licensed: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "LARGEST_NOTICES", len(TEXT))
    text = build(cs)
    assert "by me" not in text
    assert "These files were not copied:\n\n  python 3.11.7: licenses/NOTICE (the notices would be too large)\n" in text


def test_a_text_that_is_too_large_does_not_push_out_smaller_ones(
    licensed: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "LARGEST_NOTICES", len("by me"))
    text = build(cs)
    assert "by me" in text
    assert "Permission is granted" not in text


def test_the_same_packages_give_the_same_bytes(licensed: Workspace, template: Path, cs: Cs) -> None:
    assert build(cs) == build(cs)


def test_a_damaged_licence_is_a_damaged_archive(licensed: Workspace, template: Path, cs: Cs, tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    data = path.read_bytes().replace(b"LICENSE", b"LICENSF", 1)  # the local header; the directory has the other name
    at = data.index(b"LICENSF") + len(b"LICENSF")
    path.write_bytes(data[:at] + bytes(8) + data[at + 8 :])
    for record in licensed.environments["ship"]["linux-64"]:
        if "pypi" in record:
            record["sha256"] = hash_file(path)
    licensed.write()
    outcome = cs("build", "--error-format", "json")
    assert (outcome.status, json.loads(outcome.err.splitlines()[-1])["kind"]) == (1, "archive-damaged")

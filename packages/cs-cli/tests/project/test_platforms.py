"""Platforms, by name, by subdir, by triple."""

from __future__ import annotations

import pytest

import cs_cli.project.platforms
from cs_cli.errors import CliError, exit_status_of
from cs_cli.project.platforms import TRIPLES, choose_platform
from cs_lock import Platform

LINUX = Platform(name="linux-64", subdir="linux-64")
CUDA = Platform(name="linux-64-cuda", subdir="linux-64")
MAC = Platform(name="macs", subdir="osx-arm64")


@pytest.mark.parametrize(
    ("platforms", "wanted", "target", "chosen"),
    [
        ((LINUX, MAC), None, None, LINUX),
        ((LINUX, CUDA), "linux-64-cuda", None, CUDA),
        ((LINUX, CUDA), "linux-64", None, LINUX),
        ((CUDA, MAC), "linux-64", None, CUDA),
        ((LINUX, MAC), "osx-arm64", None, MAC),
        ((LINUX, MAC), None, "aarch64-apple-darwin", MAC),
        ((LINUX, CUDA), "linux-64-cuda", "x86_64-unknown-linux-gnu", CUDA),
        ((LINUX, MAC), "macs", "aarch64-apple-darwin", MAC),
    ],
)
def test_one_platform_is_chosen(
    platforms: tuple[Platform, ...], wanted: str | None, target: str | None, chosen: Platform
) -> None:
    assert choose_platform(platforms, wanted, target) == chosen


@pytest.mark.parametrize(
    ("platforms", "wanted", "target", "kind", "message", "status"),
    [
        ((LINUX,), "osx-64", None, "platform-missing", "not solved for osx-64", 2),
        ((MAC,), None, None, "platform-missing", "not solved for linux-64, this machine's platform", 1),
        ((CUDA, Platform(name="old", subdir="linux-64")), None, None, "platform-ambiguous", "several platforms for", 1),
        ((LINUX,), None, "x86_64-linux", "target-unknown", "no template for the target 'x86_64-linux'", 2),
        ((LINUX, MAC), "linux-64", "aarch64-apple-darwin", "target-conflict", "is for osx-arm64, not for linux-64", 2),
        ((LINUX,), None, "aarch64-apple-darwin", "platform-missing", "not solved for osx-arm64", 2),
    ],
)
def test_what_cannot_be_chosen_is_explained(
    platforms: tuple[Platform, ...], wanted: str | None, target: str | None, kind: str, message: str, status: int
) -> None:
    with pytest.raises(CliError, match=message) as caught:
        choose_platform(platforms, wanted, target)
    assert caught.value.kind == kind
    assert exit_status_of(caught.value) == status


def test_a_mistyped_triple_gets_a_suggestion() -> None:
    with pytest.raises(CliError) as caught:
        choose_platform((LINUX,), None, "x86_64-unknown-linux-gnux")
    assert caught.value.hint == "did you mean 'x86_64-unknown-linux-gnu'?"
    with pytest.raises(CliError) as caught:
        choose_platform((LINUX,), None, "osx-arm64")
    assert caught.value.hint == "that is a platform: give it with --platform"


@pytest.mark.parametrize(
    ("system", "machine", "subdir"),
    [
        ("linux", "x86_64", "linux-64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("linux", "arm64", "linux-aarch64"),
        ("darwin", "arm64", "osx-arm64"),
        ("win32", "AMD64", "win-64"),
        ("win32", "ARM64", "win-arm64"),
        ("freebsd", "riscv64", "freebsd-riscv64"),
    ],
)
def test_this_machine_is_named_as_conda_does(
    system: str, machine: str, subdir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.platform", system)
        patch.setattr("platform.machine", lambda: machine)
        assert cs_cli.project.platforms.host_platform() == subdir


def test_every_triple_has_a_subdir_of_its_system() -> None:
    systems = {"linux": "linux", "apple": "osx", "windows": "win"}
    assert all(
        any(word in triple and subdir.startswith(name) for word, name in systems.items())
        for triple, subdir in TRIPLES.items()
    )

"""The template's build backend tells cargo and maturin what each system needs, unless the user says it already."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

BACKEND = Path(__file__).parents[1] / "templates" / "cs-template" / "packaging" / "static_backend.py"
SET = (
    *("CARGO_BUILD_TARGET", "CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "MATURIN_PEP517_ARGS"),
    *("MACOSX_DEPLOYMENT_TARGET", "CS_TEMPLATE_STATIC"),
)
STATIC = "-Ctarget-feature=+crt-static"
LINUX, MUSL = "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"
MAC, MSVC = "aarch64-apple-darwin", "x86_64-pc-windows-msvc"

Build = Callable[..., dict[str, str]]


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Build:
    """Return a function that builds on a host, and returns the variables that maturin sees."""

    def build_wheel(host: str, **settings: str) -> dict[str, str]:
        seen: dict[str, str] = {}

        def build_with_maturin(*_: object) -> str:
            seen.update(os.environ)
            return "x.whl"

        def collect_notices(_: Path, target: str) -> str:
            return f"notices for {target}"

        def add_notices(wheel: Path, notices: str) -> None:
            assert (wheel, notices) == (Path("dist", "x.whl"), f"notices for {seen['CARGO_BUILD_TARGET']}")
            seen["noticed"] = "yes"

        notices = SimpleNamespace(collect_notices=collect_notices, add_notices=add_notices)
        monkeypatch.setitem(sys.modules, "crate_notices", notices)
        monkeypatch.setitem(sys.modules, "maturin", SimpleNamespace(build_wheel=build_with_maturin))
        spec = importlib.util.spec_from_file_location("static_backend", BACKEND)
        assert spec is not None
        assert spec.loader is not None
        backend = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(backend)
        monkeypatch.setattr(backend, "_rustc_host", lambda: host)
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", {**{k: v for k, v in os.environ.items() if k not in SET}, **settings})
            assert backend.build_wheel("dist") == "x.whl"
        assert seen.pop("noticed") == "yes"
        return seen

    return build_wheel


@pytest.mark.parametrize("host", [LINUX, "aarch64-unknown-linux-gnu", MSVC, "aarch64-pc-windows-msvc"])
def test_the_c_library_is_linked_statically(host: str, build: Build) -> None:
    seen = build(host)
    assert seen["CARGO_BUILD_TARGET"] == host
    assert STATIC in seen["CARGO_ENCODED_RUSTFLAGS"].split("\x1f")


@pytest.mark.parametrize("host", [MAC, MUSL])
def test_elsewhere_it_is_linked_as_the_system_does(host: str, build: Build) -> None:
    assert STATIC not in build(host)["CARGO_ENCODED_RUSTFLAGS"]


@pytest.mark.parametrize("host", [LINUX, MSVC, MAC])
def test_no_directory_of_the_machine_is_named(host: str, build: Build) -> None:
    seen = build(host, CARGO_HOME="/home/someone/cargo")
    assert "--remap-path-prefix=/home/someone/cargo=cargo" in seen["CARGO_ENCODED_RUSTFLAGS"].split("\x1f")


def test_only_a_static_executable_is_tagged_for_other_distributions(build: Build) -> None:
    assert build(LINUX)["MATURIN_PEP517_ARGS"] == "--compatibility manylinux_2_17"
    dynamic = build(LINUX, CS_TEMPLATE_STATIC="0")
    assert STATIC not in dynamic["CARGO_ENCODED_RUSTFLAGS"]
    for seen in (dynamic, build(LINUX, RUSTFLAGS="-Copt-level=1"), build(MSVC), build(MAC)):
        assert "MATURIN_PEP517_ARGS" not in seen


def test_a_mac_of_any_version_builds_for_the_oldest(build: Build) -> None:
    assert build(MAC)["MACOSX_DEPLOYMENT_TARGET"] == "11.0"
    assert "MACOSX_DEPLOYMENT_TARGET" not in build(LINUX)


@pytest.mark.parametrize(
    ("host", "name", "value"),
    [
        (LINUX, "CARGO_BUILD_TARGET", MAC),
        (LINUX, "CARGO_ENCODED_RUSTFLAGS", "-Copt-level=1"),
        (LINUX, "RUSTFLAGS", "-Copt-level=1"),
        (LINUX, "MATURIN_PEP517_ARGS", "--compatibility linux"),
        (MAC, "MACOSX_DEPLOYMENT_TARGET", "14.0"),
    ],
)
def test_what_the_user_sets_stays(host: str, name: str, value: str, build: Build) -> None:
    assert build(host, **{name: value})[name] == value


def test_flags_of_the_user_are_not_overridden_by_encoded_ones(build: Build) -> None:
    assert "CARGO_ENCODED_RUSTFLAGS" not in build(LINUX, RUSTFLAGS="-Copt-level=1")

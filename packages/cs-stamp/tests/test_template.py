"""Choosing a template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_executables import add_certificates, make_certificate

from cs_stamp import (
    TEMPLATE_PLATFORMS,
    ExecutableLayoutError,
    Mark,
    NotExecutableError,
    NotTemplateError,
    PlatformUnsupportedError,
    Template,
    TemplateFormatError,
    TemplateNotFoundError,
    TemplatePlatformError,
    TemplateStampedError,
    executable_platform,
    select_template,
    write_stamp,
)
from cs_stamp.layout import FORMAT_VERSION
from executable_samples import ARM, MARK, X86, make_elf, make_fat_macho, make_macho, make_pe
from stamp_samples import make_header, make_plan


def make_template(directory: Path, data: bytes | None = None, name: str = "cs-template") -> Path:
    """Write a template with its mark and return its path."""
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_bytes((make_elf(62) if data is None else data) + MARK.to_bytes())
    return path


def select(**changes: Any) -> Template:
    """Select a template for linux-64 on linux-64."""
    return select_template(**{"environ": {}, "platform": "linux-64", "host_platform": "linux-64", **changes})


def test_the_option_wins(tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine")
    make_template(tmp_path / "bin")
    variables = {"CONDA_SHIP_TEMPLATE": str(make_template(tmp_path / "other"))}
    chosen = select(explicit=explicit, scripts_directory=tmp_path / "bin", environ=variables)
    assert (chosen.path, chosen.origin, chosen.platforms) == (explicit, "option", ("linux-64",))


def test_the_variable_comes_before_the_installed_one(tmp_path: Path) -> None:
    installed, other = make_template(tmp_path / "bin"), make_template(tmp_path / "other")
    chosen = select(scripts_directory=tmp_path / "bin", environ={"CONDA_SHIP_TEMPLATE": str(other)})
    assert (chosen.path, chosen.origin) == (other, "environment")
    chosen = select(scripts_directory=tmp_path / "bin", environ={"CONDA_SHIP_TEMPLATE": ""})
    assert (chosen.path, chosen.origin) == (installed, "installed")


def test_on_windows_the_installed_one_has_a_suffix(tmp_path: Path) -> None:
    installed = make_template(tmp_path / "Scripts", make_pe(0x8664), "cs-template.exe")
    chosen = select(scripts_directory=tmp_path / "Scripts", platform="win-64", host_platform="win-64")
    assert chosen.path == installed


def test_without_any_the_message_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(TemplateNotFoundError) as caught:
        select(scripts_directory=tmp_path)
    assert str(caught.value) == f"no template found beside cs in {tmp_path}, and CONDA_SHIP_TEMPLATE is not set"
    assert caught.value.hint == "install the cs-template package, or set CONDA_SHIP_TEMPLATE"


def test_a_named_template_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateNotFoundError, match=r"there is no such template$"):
        select(explicit=tmp_path / "missing")
    with pytest.raises(TemplateNotFoundError, match="this is not a file, named by CONDA_SHIP_TEMPLATE"):
        select(environ={"CONDA_SHIP_TEMPLATE": str(tmp_path)})


def test_a_cross_build_needs_the_option(tmp_path: Path) -> None:
    make_template(tmp_path / "bin")
    variables = {"CONDA_SHIP_TEMPLATE": str(make_template(tmp_path / "other"))}
    with pytest.raises(TemplateNotFoundError, match="a build for osx-64 on linux-64 needs a template for osx-64"):
        select(scripts_directory=tmp_path / "bin", environ=variables, platform="osx-64")


@pytest.mark.parametrize(("cpu", "platform"), [(X86, "osx-64"), (ARM, "osx-arm64")])
def test_a_cross_build_takes_a_fitting_template(cpu: int, platform: str, tmp_path: Path) -> None:
    explicit = tmp_path / "mine"
    explicit.write_bytes(make_macho(cpu, payload=MARK.to_bytes()))
    assert select(explicit=explicit, platform=platform).platforms == (platform,)


def test_a_universal_template_is_refused(tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine", make_fat_macho(X86, ARM))
    with pytest.raises(ExecutableLayoutError, match="it is a universal executable, which has no place for a stamp"):
        select(explicit=explicit, platform="osx-arm64")


def test_a_signed_template_for_windows_is_refused(tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine", add_certificates(make_pe(), make_certificate(b"")))
    with pytest.raises(ExecutableLayoutError, match="it is signed, and a stamp breaks the signature"):
        select(explicit=explicit, platform="win-64")


def test_a_template_for_another_platform_is_refused(tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine", make_elf(183))
    with pytest.raises(TemplatePlatformError, match="this template runs on linux-aarch64, the build is for linux-64"):
        select(explicit=explicit)


def test_a_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotExecutableError):
        select(explicit=make_template(tmp_path / "mine", b"#!/bin/sh\n"))


def test_a_stamped_template_is_refused(tmp_path: Path) -> None:
    plain = make_template(tmp_path / "mine")
    write_stamp(plain, tmp_path / "runtime", header=make_header(), plan=make_plan(), lock=b"")
    with pytest.raises(TemplateStampedError, match="runtime") as caught:
        select(explicit=tmp_path / "runtime")
    assert "use the plain `cs-template` executable" in str(caught.value.hint)


@pytest.mark.parametrize("program", ["/bin/ls", sys.executable, "/lib/x86_64-linux-gnu/libc.so.6"])
def test_a_program_without_a_mark_is_refused(program: str) -> None:
    path = Path(program)
    if not path.is_file():
        pytest.skip(f"there is no {program} here")
    (platform, *_) = executable_platform(path)
    with pytest.raises(NotTemplateError, match="this is not a conda-ship template") as caught:
        select(explicit=path, platform=platform)
    assert (caught.value.kind, caught.value.path) == ("not-a-template", path)


@pytest.mark.parametrize(
    ("formats", "advice"), [((2,), "a newer cs or an older"), ((2, 3), "a newer cs or an older"), ((0xFFFFFFFF,), "cs")]
)
def test_a_template_for_other_stamps_is_refused_with_both_versions(
    formats: tuple[int, ...], advice: str, tmp_path: Path
) -> None:
    path = tmp_path / "cs-template"
    path.write_bytes(make_elf(62) + Mark(name="cs-template", version="9.1", stamp_formats=formats).to_bytes())
    said = ", ".join(map(str, formats))
    with pytest.raises(TemplateFormatError, match=f"cs-template 9.1 reads stamps of format {said}; ") as caught:
        select(explicit=path)
    assert f"this release writes format {FORMAT_VERSION}" in caught.value.message
    assert advice in str(caught.value.hint)


def test_a_template_that_reads_several_formats_is_taken_and_described(tmp_path: Path) -> None:
    mark = Mark(name="somebodys-template", version="2.0", stamp_formats=(FORMAT_VERSION, FORMAT_VERSION + 6))
    path = tmp_path / "cs-template"
    path.write_bytes(make_elf(62) + mark.to_bytes())
    assert select(explicit=path).mark == mark


@pytest.mark.parametrize("platform", ["emscripten-wasm32", "wasi-wasm32", "noarch", "zos-z"])
@pytest.mark.parametrize("is_named", [False, True])
def test_there_are_no_runtimes_for_platforms_without_executables(platform: str, is_named: bool, tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine") if is_named else None
    with pytest.raises(PlatformUnsupportedError, match=f"^runtimes cannot be built for {platform}") as caught:
        select(explicit=explicit, platform=platform)
    assert "--template" not in str(caught.value)
    assert caught.value.expected == "one of " + ", ".join(TEMPLATE_PLATFORMS)


def test_somebody_elses_template_serves_a_platform_that_has_none_of_ours(tmp_path: Path) -> None:
    with pytest.raises(PlatformUnsupportedError):
        select(platform="linux-ppc64le")
    assert select(explicit=make_template(tmp_path / "mine", make_elf(21)), platform="linux-ppc64le").mark == MARK

"""Choosing a template."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_executables import add_certificates, make_certificate

from cs_stamp import (
    TEMPLATE_PLATFORMS,
    ExecutableLayoutError,
    NotExecutableError,
    NotTemplateError,
    PlatformUnsupportedError,
    Template,
    TemplateFormatError,
    TemplateNotFoundError,
    TemplatePlatformError,
    TemplateStampedError,
    installed_directories,
    installed_scripts,
    locate_template,
    select_template,
    write_stamp,
)
from cs_stamp._executable import executable_platform
from cs_stamp._layout import FORMAT_VERSION
from cs_stamp._template_places import name_in_directory
from executable_samples import ARM, MARK, X86, make_elf, make_fat_macho, make_macho, make_mark, make_pe, write_template
from stamp_samples import make_header, make_plan


def make_template(directory: Path, data: bytes | None = None, name: str = "cs-template") -> Path:
    """Write a template, with a mark for the platform of its program unless it has one, and return its path."""
    directory.mkdir(exist_ok=True)
    return write_template(directory / name, make_elf(62) if data is None else data)


def select(**changes: Any) -> Template:
    """Select a template for linux-64 on linux-64."""
    return select_template(**{"environ": {}, "platform": "linux-64", "host_platform": "linux-64", **changes})


def test_the_option_wins(tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine")
    make_template(tmp_path / "bin")
    variables = {"CONDA_SHIP_TEMPLATE": str(make_template(tmp_path / "other"))}
    chosen = select(explicit=explicit, scripts_directories=[tmp_path / "bin"], environ=variables)
    assert (chosen.path, chosen.origin, chosen.platforms) == (explicit, "option", ("linux-64",))


def test_the_variable_comes_before_the_installed_one(tmp_path: Path) -> None:
    installed, other = make_template(tmp_path / "bin"), make_template(tmp_path / "other")
    chosen = select(scripts_directories=[tmp_path / "bin"], environ={"CONDA_SHIP_TEMPLATE": str(other)})
    assert (chosen.path, chosen.origin) == (other, "environment")
    chosen = select(scripts_directories=[tmp_path / "bin"], environ={"CONDA_SHIP_TEMPLATE": ""})
    assert (chosen.path, chosen.origin) == (installed, "installed")


def test_on_windows_the_installed_one_has_a_suffix(tmp_path: Path) -> None:
    installed = make_template(tmp_path / "Scripts", make_pe(0x8664), "cs-template.exe")
    chosen = select(scripts_directories=[tmp_path / "Scripts"], platform="win-64", host_platform="win-64")
    assert chosen.path == installed


def test_without_any_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(TemplateNotFoundError) as caught:
        select(scripts_directories=[tmp_path])
    assert str(caught.value) == "no template for linux-64 is installed"
    assert caught.value.hint == (
        "run `pip install cs-template`, `uv tool install cs-cli --with cs-template`, `pipx inject cs-cli cs-template` "
        "(as cs was installed), or set CONDA_SHIP_TEMPLATES to a directory of templates"
    )
    with pytest.raises(TemplateNotFoundError) as caught:
        select(platform="win-64", environ={"CONDA_SHIP_TEMPLATES": str(tmp_path)})
    assert caught.value.message.endswith(f", and CONDA_SHIP_TEMPLATES names a directory without one: {tmp_path}")
    assert caught.value.hint is not None
    assert "`uv tool install cs-cli --with cs-template-win-64`" in caught.value.hint
    assert caught.value.expected == "win-64/cs-template.exe"


def test_a_named_template_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateNotFoundError, match=r"the template does not exist$"):
        select(explicit=tmp_path / "missing")
    with pytest.raises(TemplateNotFoundError, match="this is not a file") as caught:
        select(environ={"CONDA_SHIP_TEMPLATE": str(tmp_path)})
    assert caught.value.hint == "correct or unset CONDA_SHIP_TEMPLATE"
    with pytest.raises(TemplateNotFoundError, match="this directory has no template for linux-64"):
        select(explicit=tmp_path)


FOREIGN_PROGRAMS = (Path("/bin/ls"), Path(sys.executable), Path("/lib/x86_64-linux-gnu/libc.so.6"))
PROGRAMS = {
    "linux-64": make_elf(62),
    "linux-aarch64": make_elf(183),
    "osx-64": make_macho(X86, payload=make_mark("osx-64").to_bytes()),
    "osx-arm64": make_macho(ARM, payload=make_mark("osx-arm64").to_bytes()),
    "win-64": make_pe(0x8664),
    "win-arm64": make_pe(0xAA64),
}


def make_directory(directory: Path, *platforms: str) -> Path:
    """Write a directory of templates and return it."""
    for platform in platforms:
        within = name_in_directory(platform)
        (directory / within).parent.mkdir(parents=True)
        make_template(directory / within.parent, PROGRAMS[platform], within.name)
    return directory


def test_what_is_for_this_machine_serves_no_other_platform(tmp_path: Path) -> None:
    make_template(tmp_path / "bin")
    variables = {"CONDA_SHIP_TEMPLATE": str(make_template(tmp_path / "other"))}
    for platform in set(TEMPLATE_PLATFORMS) - {"linux-64"}:
        with pytest.raises(TemplateNotFoundError, match=f"no template for {platform} is installed"):
            select(scripts_directories=[tmp_path / "bin"], environ=variables, platform=platform)


@pytest.mark.parametrize("host", TEMPLATE_PLATFORMS)
@pytest.mark.parametrize("platform", TEMPLATE_PLATFORMS)
def test_a_directory_serves_every_platform_on_every_host(platform: str, host: str, tmp_path: Path) -> None:
    wheels = make_directory(tmp_path / "wheels", *TEMPLATE_PLATFORMS)
    own = make_directory(tmp_path / "own", *TEMPLATE_PLATFORMS)
    wanted: dict[str, Any] = {"platform": platform, "host_platform": host}
    found = select(directories=[tmp_path, wheels], **wanted)
    assert (found.path, found.origin) == (wheels / name_in_directory(platform), "installed")
    found = select(directories=[wheels], environ={"CONDA_SHIP_TEMPLATES": str(own)}, **wanted)
    assert (found.path, found.origin) == (own / name_in_directory(platform), "environment")
    found = select(explicit=own, directories=[wheels], **wanted)
    assert (found.path, found.origin) == (own / name_in_directory(platform), "option")


def test_a_directory_that_lacks_the_platform_leaves_it_to_the_wheels(tmp_path: Path) -> None:
    wheels = make_directory(tmp_path / "wheels", "win-64")
    own = make_directory(tmp_path / "own", "osx-64")
    found = select(directories=[wheels], environ={"CONDA_SHIP_TEMPLATES": str(own)}, platform="win-64")
    assert found.path == wheels / "win-64" / "cs-template.exe"


def test_the_template_beside_cs_comes_before_a_wheel_and_after_a_directory_that_is_named(tmp_path: Path) -> None:
    installed, wheels = make_template(tmp_path / "bin"), make_directory(tmp_path / "wheels", "linux-64")
    own = make_directory(tmp_path / "own", "linux-64")
    places: dict[str, Any] = {"scripts_directories": [tmp_path / "bin"], "directories": [wheels]}
    assert select(**places).path == installed
    assert select(environ={"CONDA_SHIP_TEMPLATES": str(own)}, **places).path == own / "linux-64" / "cs-template"


@pytest.mark.parametrize(
    "present", [("mine", "named", "bin", "wheel"), ("named", "bin", "wheel"), ("bin", "wheel"), ("wheel",), ()]
)
@pytest.mark.parametrize("host", ["linux-64", "osx-arm64"])
def test_a_template_is_located_where_it_is_selected(present: tuple[str, ...], host: str, tmp_path: Path) -> None:
    paths = {"mine": "mine/t", "named": "named/linux-64/cs-template", "bin": "bin/cs-template"}
    paths["wheel"] = "wheel/linux-64/cs-template"
    for one in present:
        (tmp_path / paths[one]).parent.mkdir(parents=True)
        write_template(tmp_path / paths[one], make_elf(62))
    environ = {"CONDA_SHIP_TEMPLATES": str(tmp_path / "named")}
    if "mine" in present:
        environ["CONDA_SHIP_TEMPLATE"] = str(tmp_path / "mine/t")
    where: dict[str, Any] = {"directories": (tmp_path / "wheel",), "environ": environ, "host_platform": host}
    located = locate_template(scripts_directories=[tmp_path / "bin"], platform="linux-64", **where)
    if located is None:
        with pytest.raises(TemplateNotFoundError):
            select(scripts_directories=[tmp_path / "bin"], **where)
    else:
        assert located == select(scripts_directories=[tmp_path / "bin"], **where).path


@pytest.mark.only("on Unix", "Windows makes links for administrators alone")
def test_a_link_to_cs_finds_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The uv and pipx tools put one on the ``PATH``, and so does the page on the installation."""
    installed = make_template(tmp_path)
    (tmp_path / "cs").touch()
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "cs").symlink_to(tmp_path / "cs")
    monkeypatch.setattr("sys.argv", [str(tmp_path / "path" / "cs")])
    assert select(scripts_directories=installed_scripts()).path == installed


@pytest.mark.parametrize("program", ["path/cs.exe", "site-packages/cs_cli/__main__.py"])
def test_a_copy_of_cs_and_its_module_find_the_template(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, uv copies programs; ``python -m cs_cli`` is one as well."""
    installed = make_template(tmp_path / "Scripts")
    monkeypatch.setattr("sys.argv", [str(tmp_path / program)])
    monkeypatch.setattr("sysconfig.get_path", {"scripts": str(tmp_path / "Scripts")}.get)
    assert select(scripts_directories=installed_scripts()).path == installed


def test_wheels_of_several_platforms_share_a_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed_directories() == ()
    sites = [tmp_path / name for name in ("one", "two")]
    for site, platform in zip(sites, ("win-64", "osx-arm64"), strict=True):
        make_directory(site / "cs_templates", platform)
        monkeypatch.syspath_prepend(site)
    found = {select(directories=installed_directories(), platform=one).path for one in ("win-64", "osx-arm64")}
    names = [name_in_directory(platform) for platform in ("win-64", "osx-arm64")]
    assert found == {site / "cs_templates" / name for site, name in zip(sites, names, strict=True)}
    assert "cs_templates" not in sys.modules


@pytest.mark.parametrize(("cpu", "platform"), [(X86, "osx-64"), (ARM, "osx-arm64")])
def test_a_cross_build_takes_a_fitting_template(cpu: int, platform: str, tmp_path: Path) -> None:
    explicit = tmp_path / "mine"
    explicit.write_bytes(make_macho(cpu, payload=make_mark(platform).to_bytes()))
    assert select(explicit=explicit, platform=platform).platforms == (platform,)


def test_a_universal_template_is_refused(tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine", make_fat_macho(X86, ARM))
    with pytest.raises(ExecutableLayoutError, match="it is a universal executable, which has no place for a stamp"):
        select(explicit=explicit, platform="osx-arm64")


def test_a_signed_template_for_windows_is_refused(tmp_path: Path) -> None:
    explicit = make_template(
        tmp_path / "mine", add_certificates(make_pe(payload=make_mark("win-64").to_bytes()), make_certificate(b""))
    )
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


@pytest.mark.parametrize("path", [path for path in FOREIGN_PROGRAMS if path.is_file()], ids=str)
def test_a_program_without_a_mark_is_refused(path: Path) -> None:
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
    path.write_bytes(make_elf(62) + replace(MARK, version="9.1", stamp_formats=formats).to_bytes())
    said = ", ".join(map(str, formats))
    with pytest.raises(TemplateFormatError, match=f"cs-template 9.1 reads stamps of format {said}; ") as caught:
        select(explicit=path)
    assert f"this release writes format {FORMAT_VERSION}" in caught.value.message
    assert advice in str(caught.value.hint)


def test_a_template_that_reads_several_formats_is_taken_and_described(tmp_path: Path) -> None:
    mark = replace(MARK, name="somebodys-template", stamp_formats=(FORMAT_VERSION, FORMAT_VERSION + 6))
    path = tmp_path / "cs-template"
    path.write_bytes(make_elf(62) + mark.to_bytes())
    assert select(explicit=path).mark == mark


@pytest.mark.parametrize("target", [*set(TEMPLATE_PLATFORMS) - {"linux-64"}, "linux", "linux-64-static", "Linux-64"])
def test_a_template_whose_mark_names_another_platform_is_refused(target: str, tmp_path: Path) -> None:
    path = tmp_path / "cs-template"
    path.write_bytes(make_elf(62) + make_mark(target).to_bytes())
    with pytest.raises(TemplatePlatformError) as caught:
        select(explicit=path)
    assert caught.value.message == f"the mark of this template says {target}, but the executable runs on linux-64"
    assert (caught.value.expected, caught.value.actual) == ("linux-64", target)


def test_a_mark_without_a_target_is_not_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "cs-template"
    path.write_bytes(make_elf(62) + MARK.to_bytes()[:104] + bytes(24))
    with pytest.raises(NotTemplateError, match="this is not a conda-ship template"):
        select(explicit=path)


def test_a_template_is_described_by_its_bytes(tmp_path: Path) -> None:
    path = make_template(tmp_path / "mine")
    found, data = select(explicit=path), path.read_bytes()
    assert (found.size_bytes, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("platform", ["emscripten-wasm32", "wasi-wasm32", "noarch", "zos-z"])
@pytest.mark.parametrize("is_named", [False, True])
def test_there_are_no_runtimes_for_platforms_without_executables(platform: str, is_named: bool, tmp_path: Path) -> None:
    explicit = make_template(tmp_path / "mine") if is_named else None
    with pytest.raises(PlatformUnsupportedError, match=f"^runtimes cannot be built for {platform}") as caught:
        select(explicit=explicit, platform=platform)
    assert "--template" not in str(caught.value)
    assert caught.value.expected == "one of " + ", ".join(TEMPLATE_PLATFORMS)


def test_a_third_party_template_serves_a_platform_without_one_of_conda_ship(tmp_path: Path) -> None:
    with pytest.raises(PlatformUnsupportedError):
        select(platform="linux-ppc64le")
    assert (
        select(explicit=make_template(tmp_path / "mine", make_elf(21)), platform="linux-ppc64le").mark.target
        == "linux-ppc64le"
    )

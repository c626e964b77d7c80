"""The examples for package managers: rendered, then read and used by the tools that they are for, where these exist."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import render
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cs_stamp import TEMPLATE_PLATFORMS
from support.commands import Command, Home, run_command
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM

EXAMPLES = Path(__file__).parents[1] / "examples"
PROJECT = tomllib.loads((EXAMPLES / "project.toml").read_text(encoding="utf-8"))

pytestmark = [pytest.mark.only(FOR_THIS_MACHINE), pytest.mark.only("on Linux", "packages for it are made")]


def write_build(dist: Path, platform: str, *, name: str = "demo", version: str = "2.1") -> None:
    """Write files as a build for a platform leaves them."""
    dist.mkdir(exist_ok=True)
    stem = f"{name}z-{platform}"
    suffix = ".exe" if platform.startswith("win-") else ""
    names = {"runtime": stem + suffix, "sbom": f"{stem}.cdx.json", "notices": f"{stem}.notices.txt"}
    for file in (*names.values(), f"{stem}.provenance.json"):
        (dist / file).write_text(f"#!/bin/sh\necho {file}\n")
    files = [{"role": role, "name": file} for role, file in names.items()]
    info = {"runtime": name, "runtime_version": version, "artifact_name": f"{name}z", "platform": platform}
    (dist / f"{stem}.info.json").write_text(json.dumps({**info, "files": files}))
    staged = sorted((*names.values(), f"{stem}.provenance.json", f"{stem}.info.json"))
    lines = [f"{hashlib.sha256((dist / file).read_bytes()).hexdigest()}  {file}\n" for file in staged]
    (dist / f"{stem}.sha256").write_text("".join(lines))


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A release for every platform."""
    for platform in TEMPLATE_PLATFORMS:
        write_build(tmp_path / "dist", platform)
    return tmp_path / "dist"


@pytest.fixture
def packaging(dist: Path) -> Path:
    """The examples, rendered for it."""
    assert render.main([str(dist), "--out-dir", str(dist.parent / "packaging")]) == 0
    return dist.parent / "packaging"


def read_digests(dist: Path) -> dict[str, str]:
    """Return the digest of every file, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.iterdir()}


def read_yaml(packaging: Path, pattern: str) -> dict[str, Any]:
    """Read the one YAML file with a name."""
    (path,) = packaging.rglob(pattern)
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def read_texts(packaging: Path) -> str:
    """Read all that was rendered."""
    return "".join(path.read_text(encoding="utf-8") for path in packaging.rglob("*") if path.is_file())


# In Ruby and YAML, the address and then the digest; in the Dockerfile the other way round.
BEFORE = re.compile(r'v2\.1/([\w.-]+)"\s+(?:sha256|InstallerSha256):?\s+"([0-9A-Fa-f]{64})"')
AFTER = re.compile(r"sha256:([0-9a-f]{64}) \S+ \S+v2\.1/([\w.-]+)")


def test_every_digest_is_that_of_the_file_it_stands_with(dist: Path, packaging: Path) -> None:
    digests, text = read_digests(dist), read_texts(packaging)
    pairs = [(name, digest.lower()) for name, digest in BEFORE.findall(text)]
    pairs += [(name, digest) for digest, name in AFTER.findall(text)]
    assert len(pairs) == len(re.findall("[0-9A-Fa-f]{64}", text)) > 20
    assert all(digests[name] == digest for name, digest in pairs)


def test_no_field_is_left(packaging: Path) -> None:
    assert len([path for path in packaging.rglob("*") if path.is_file()]) == 13
    assert not re.search("@{|^@", read_texts(packaging), re.MULTILINE)


@pytest.mark.parametrize("chosen", [("linux-64",), ("osx-arm64", "win-arm64"), ("linux-aarch64", "osx-64")])
def test_a_release_for_some_platforms_names_no_other(tmp_path: Path, chosen: tuple[str, ...]) -> None:
    for platform in chosen:
        write_build(tmp_path / "dist", platform)
    assert render.main([str(tmp_path / "dist"), "--out-dir", str(tmp_path / "out")]) == 0
    assert set(re.findall("v2.1/demoz-([a-z]+-[a-z0-9]+)", read_texts(tmp_path / "out"))) == set(chosen)
    assert (tmp_path / "out" / "winget").exists() == any(one.startswith("win") for one in chosen)
    assert (tmp_path / "out" / "nfpm").exists() == any(one.startswith("linux") for one in chosen)


def run_render(capsys: pytest.CaptureFixture[str], dist: Path) -> str:
    """Render what must be refused; return the message."""
    assert render.main([str(dist), "--out-dir", str(dist.parent / "packaging")]) == 1
    assert not (dist.parent / "packaging").exists()
    return capsys.readouterr().err


def test_a_changed_file_is_refused(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (dist / "demoz-osx-64").open("a") as stream:
        stream.write("#")
    assert run_render(capsys, dist) == "error: demoz-osx-64: changed since it was built\n"


def test_checksums_that_name_another_folder_are_refused(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dist / "demoz-osx-64.sha256").write_text(f"{'0' * 64}  ../secret\n")
    assert "is not a checksum of a file in this folder" in run_render(capsys, dist)


def test_builds_of_two_releases_or_of_one_platform_are_refused(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_build(dist, "osx-64", version="2.2")
    assert "the builds differ in one of runtime, runtime_version, artifact_name" in run_render(capsys, dist)
    write_build(dist, "osx-64")
    shutil.copy(dist / "demoz-osx-64.info.json", dist / "twin.info.json")
    shutil.copy(dist / "demoz-osx-64.sha256", dist / "twin.sha256")
    assert "two builds are for osx-64" in run_render(capsys, dist)


@pytest.mark.parametrize(("field", "platform"), [("runtime", "linux-64"), ("runtime_version", "win-64")])
def test_a_name_that_leads_elsewhere_is_refused(
    field: str, platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_build(tmp_path / "dist", platform)
    path = next((tmp_path / "dist").glob("*.info.json"))
    info = json.loads(path.read_text()) | {field: "a/../../../../../../../b"}
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(json.dumps(info))
    checksums = next((tmp_path / "dist").glob("*.sha256"))
    checksums.write_text(checksums.read_text().replace(before, hashlib.sha256(path.read_bytes()).hexdigest()))
    assert "leads out of the output directory" in run_render(capsys, tmp_path / "dist")


def test_a_folder_without_a_build_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dist").mkdir()
    assert "no build found here" in run_render(capsys, tmp_path / "dist")


@given(st.text(min_size=1).filter(lambda text: not render.UNSAFE.search(text)))
def test_a_value_stays_one_value_of_yaml(value: str) -> None:
    assert yaml.safe_load(render.replace_fields('"@{x}"', {"x": value}, "here")) == value


@pytest.mark.parametrize("value", ['"', "'", "`id`", "$(id)", "#{exec}", "a\\", "a\nRUN b", "\x1b[2J", "\u2028"])
def test_a_value_that_could_end_its_quotes_is_refused(value: str) -> None:
    with pytest.raises(render.RenderError, match=r"^here: x is "):
        render.replace_fields('"@{x}"', {"x": value}, "here")


def test_a_field_that_nothing_gives_is_named_with_its_line() -> None:
    with pytest.raises(render.RenderError, match=r"^formula:2: nothing gives y$"):
        render.expand("@{x}\n@{y}\n", {"x": "1"}, "formula")


@pytest.mark.tools("ruby")
def test_the_formula_is_ruby_with_a_block_for_each_platform(packaging: Path) -> None:
    done = run_command(["ruby", "-wc", packaging / "homebrew" / "demo.rb"])
    assert (done.returncode, done.stdout.strip()) == (0, "Syntax OK"), done.stderr


def test_the_formula_names_a_download_and_an_sbom_for_each_platform(packaging: Path) -> None:
    text = (packaging / "homebrew" / "demo.rb").read_text(encoding="utf-8")
    assert text.count("\n      url ") == text.count("\n      sha256 ") == 4
    assert text.count('\n      resource "sbom" do') == 4
    assert re.search(r"^class Demo < Formula$", text, re.MULTILINE)


# Required by the schemas 1.10.0 of https://github.com/microsoft/winget-cli, with the patterns of the values.
IDENTIFIER = r"[^.\s\\/:*?\"<>|\x01-\x1f]{1,32}(\.[^.\s\\/:*?\"<>|\x01-\x1f]{1,32}){1,7}"
COMMON = {
    "PackageIdentifier": IDENTIFIER,
    "PackageVersion": r"[^\\/:*?\"<>|\x01-\x1f]+",
    "ManifestVersion": r"1\.10\.0",
}
LOCALE = "([a-zA-Z]{2,3})(-[a-zA-Z]{1,8})*"


@pytest.mark.parametrize(
    ("pattern", "required"),
    [
        ("Example.Demo.yaml", {"DefaultLocale": LOCALE, "ManifestType": "version"}),
        ("*.installer.yaml", {"ManifestType": "installer", "InstallerType": "portable"}),
        (
            "*.locale.en-US.yaml",
            {
                "PackageLocale": LOCALE,
                "Publisher": ".{2,256}",
                "PackageName": ".{2,256}",
                "License": ".{3,512}",
                "ShortDescription": ".{3,256}",
                "ManifestType": "defaultLocale",
                "PackageUrl": "https://.+",
            },
        ),
    ],
)
def test_the_winget_manifests_have_what_their_schemas_require(
    packaging: Path, pattern: str, required: dict[str, str]
) -> None:
    manifest = read_yaml(packaging / "winget", pattern)
    for name, value in {**COMMON, **required}.items():
        assert re.fullmatch(value, manifest[name]), name


def test_the_winget_installers_are_those_for_windows(dist: Path, packaging: Path) -> None:
    digests = read_digests(dist)
    installers = read_yaml(packaging / "winget", "*.installer.yaml")["Installers"]
    assert [one["Architecture"] for one in installers] == ["x64", "arm64"]
    for one in installers:
        assert one["InstallerSha256"] == digests[one["InstallerUrl"].rpartition("/")[2]].upper()
    assert (packaging / "winget/manifests/e/Example/Demo/2.1/Example.Demo.yaml").is_file()


def test_the_dockerfile_downloads_by_checksum_and_runs_as_a_user(dist: Path, packaging: Path) -> None:
    import dockerfile

    digests = read_digests(dist)
    commands = dockerfile.parse_file(str(packaging / "docker" / "Dockerfile"))
    assert [one.value for one in commands if one.cmd.upper() == "FROM"] == [
        *(("scratch", "AS", "download-amd64"), ("scratch", "AS", "download-arm64")),
        *(("download-${TARGETARCH}", "AS", "download"), ("debian:13-slim",)),
    ]
    added = [one for one in commands if one.cmd.upper() == "ADD"]
    assert len(added) == 4
    for one in added:
        assert f"--checksum=sha256:{digests[one.value[0].rpartition('/')[2]]}" in one.flags
    last = [one.cmd.upper() for one in commands]
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert [one.value for one in commands if one.cmd.upper() in ("RUN", "ENTRYPOINT")][-2:] == [
        *(("demo", "bootstrap"), ("demo",)),
    ]


def test_the_recipe_has_the_sources_of_each_platform(packaging: Path) -> None:
    from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe

    recipe = Stage0Recipe.from_file(packaging / "conda" / "recipe.yaml")
    for platform in TEMPLATE_PLATFORMS:
        config = RenderConfig(platform=PlatformConfig(target_platform=platform))
        (variant,) = recipe.render(render_config=config)
        sources = variant.recipe.to_dict()["source"]
        assert {one["url"].rpartition("demoz-")[2].partition(".")[0] for one in sources} == {platform}
        assert len(sources) == 3


@pytest.fixture
def built(make_workspace: Callable[..., Path], cs: Callable[..., Command]) -> Path:
    """A real build for this machine, staged for a release, with the examples rendered beside it."""
    workspace = make_workspace()
    cs("build", "--target-label", PLATFORM, cwd=workspace)
    project = workspace / "project.toml"
    text = (EXAMPLES / "project.toml").read_text(encoding="utf-8")
    place = (workspace / "dist").as_uri()
    project.write_text(re.sub('download = ".*"', f'download = "{place}/{{file}}"', text), encoding="utf-8")
    words = [str(workspace / "dist"), "--project", str(project), "--out-dir", str(workspace / "packaging")]
    assert render.main(words) == 0
    return workspace


@pytest.mark.tools("dpkg-deb")
def test_the_debian_package_installs_the_very_runtime_and_it_runs(built: Path, home: Home) -> None:
    config = built / "packaging" / "nfpm" / f"{PLATFORM}.yaml"
    nfpm = Path(sys.executable).with_name("nfpm")
    for packager in ("deb", "rpm"):
        places = ("--config", config, "--target", built / f"demo.{packager}")
        done = run_command([nfpm, "package", "--packager", packager, *places])
        assert done.returncode == 0, done.stderr
    assert (built / "demo.rpm").read_bytes()[:4] == bytes.fromhex("edabeedb")
    root = built / "root"
    done = run_command(["dpkg-deb", "-x", built / "demo.deb", root])
    assert done.returncode == 0, done.stderr
    stem = built / "dist" / f"demoz-{PLATFORM}"
    assert (root / "usr/bin/demo").read_bytes() == stem.read_bytes()
    documents = {path.name: path.read_bytes() for path in (root / "usr/share/doc/demo").iterdir()}
    companions = {"demo.cdx.json": ".cdx.json", "demo.provenance.json": ".provenance.json", "copyright": ".notices.txt"}
    assert documents == {name: Path(f"{stem}{suffix}").read_bytes() for name, suffix in companions.items()}
    # As the formula and the recipe test it, and as the Dockerfile prepares it.
    for words in (["status", "--json"], ["bootstrap"], ["status", "--json"]):
        done = home.run(root / "usr/bin/demo", *words)
        assert done.returncode == 0, done.stderr
    assert '"1.0"' in done.stdout
    assert home.run(root / "usr/bin/demo", "-c", "print(6 * 7)").stdout == "42\n"


def test_the_conda_package_contains_the_very_runtime(built: Path, tmp_path: Path) -> None:
    from rattler_build import Package, Stage0Recipe

    recipe = Stage0Recipe.from_file(built / "packaging" / "conda" / "recipe.yaml")
    (result,) = recipe.run_build(output_dir=tmp_path / "channel", channels=[])
    package = Package.from_file(result.packages[0])
    assert (package.name, package.version, package.depends) == ("demo", "1.0", [])
    assert set(package.files) == {"bin/demo", "share/doc/demo/sbom.cdx.json"}


def test_the_constructor_input_takes_the_very_files(built: Path) -> None:
    construct = read_yaml(built / "packaging" / "constructor" / PLATFORM, "construct.yaml")
    assert {"name", "version", "channels", "specs"} <= set(construct)
    files = {source: target for one in construct["extra_files"] for source, target in one.items()}
    assert set(files.values()) == {"bin/demo", "share/doc/demo/sbom.cdx.json"}
    assert all(Path(source).is_file() for source in files)

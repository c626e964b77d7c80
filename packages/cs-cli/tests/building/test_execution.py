"""Building, from the command line to the staged files."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

import pytest
from tiny_executables import make_pe

import cs_cli.building.execution
from cli_projects import add_pypi, use_own_python
from cli_samples import (
    Channel,
    Cs,
    Workspace,
    build_options,
    contents,
    make_elf,
    make_template,
    make_wheel,
    wheel_files,
)
from cs_bundle import hash_file
from cs_cli.project.derivation import derive_project
from cs_stamp import read_stamp, verify_stamp

COMPANIONS = ["cdx.json", "info.json", "notices.txt", "packages.txt", "provenance.json", "runtime.lock", "sha256"]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("embedded", ["demoz", *(f"demoz.{name}" for name in COMPANIONS)]),
        ("online", ["demo", *(f"demo.{name}" for name in COMPANIONS)]),
        ("external", sorted(["demo", "demo.bundle.tar.zst", *(f"demo.{name}" for name in COMPANIONS)])),
    ],
)
def test_every_layout_stages_its_files(
    layout: str, expected: list[str], workspace: Workspace, template: Path, cs: Cs
) -> None:
    outcome = cs("build", "--layout", layout)
    assert outcome.status == 0, outcome.err
    assert names(Path("dist")) == expected
    assert outcome.out.startswith(f"Built dist/{expected[0]}  ")
    assert ("its packages: dist/demo.bundle.tar.zst" in outcome.out) == (layout == "external")
    assert cs("verify", "dist").status == 0


def test_info_describes_build_and_inputs(workspace: Workspace, template: Path, cs: Cs) -> None:
    Path("rc.yml").write_text("channels: []\n")
    printed = json.loads(cs("build", "--condarc-file", "rc.yml", "--json", "-q").out)
    (document,) = printed["builds"]
    info = json.loads(Path("dist/demoz.info.json").read_bytes())
    warnings = printed["warnings"]
    said = cs("build", "--condarc-file", "rc.yml").err.splitlines()
    assert [f"warning: {text}" for text in warnings] == [line for line in said if line.startswith("warning: ")]
    assert document == info
    assert (printed["out_dir"], printed["failures"]) == ("dist", [])
    with read_stamp(Path("dist/demoz")) as stamp:
        assert info["identity"] == stamp.identity
        assert info["parts"]["bundle"] == stamp.parts["bundle"].size_bytes
        assert (stamp.header.installed_file_count, stamp.header.installed_size_bytes) == (4, 350 + 2 + 6 + 27)
    assert info["inputs"] == {
        "manifest": {"name": "conda.toml", "sha256": hash_file(Path("conda.toml"))},
        "source_lock": {"name": "conda.lock", "sha256": hash_file(Path("conda.lock"))},
        "condarc": {"name": "rc.yml", "sha256": hash_file(Path("rc.yml"))},
        "template": {
            "name": "cs-template",
            "version": "0.1.0",
            "target": "linux-64",
            "sha256": hash_file(template),
        },
    }
    assert {file["role"] for file in info["files"]} == {"runtime", "lock", "packages", "sbom", "notices"}


def test_two_builds_are_byte_identical(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    cs("build", "--out-dir", "one")
    monkeypatch.setenv("CONDA_SHIP_CACHE_DIR", "another-cache")
    cs("build", "--out-dir", "two")
    assert contents(Path("one")) == contents(Path("two"))
    assert json.loads(Path("one/demoz.cdx.json").read_bytes())["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_a_source_date_that_is_none_is_an_error_before_anything_is_fetched(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    outcome = cs("build", *flags)
    assert outcome.status == 1
    assert outcome.err.startswith("error: SOURCE_DATE_EPOCH is not a valid Unix timestamp")
    assert not Path("dist").exists()


def test_a_build_of_another_layout_with_the_same_stem_leaves_nothing_stale(
    workspace: Workspace, template: Path, cs: Cs
) -> None:
    cs("build", "--layout", "external")
    Path("dist/notes.txt").write_text("mine")
    cs("build", "--artifact-name", "demo")
    assert names(Path("dist")) == sorted(["demo", "notes.txt", *(f"demo.{name}" for name in COMPANIONS)])


def test_only_what_a_build_staged_is_stale(workspace: Workspace, template: Path, cs: Cs) -> None:
    Path("dist").mkdir()
    Path("dist/demoz.exe").write_text("from elsewhere")
    cs("build")
    assert Path("dist/demoz.exe").read_text() == "from elsewhere"


@pytest.mark.parametrize(
    ("beyond", "stale"),
    [(("other", "demozz"), {"demoz.exe"}), (("../other",), set()), (("/other",), set())],
    ids=["other-names", "above", "absolute"],
)
def test_a_checksum_file_lists_nothing_beyond_its_stem(
    beyond: tuple[str, ...], stale: set[str], workspace: Workspace, template: Path, cs: Cs
) -> None:
    Path("other").write_text("mine")
    Path("dist").mkdir()
    for name in ("demoz.exe", "other", "demozz"):
        Path("dist", name).write_text("mine")
    digest = hash_file(Path("other"))
    listed = ("demoz.exe", *beyond)
    Path("dist/demoz.sha256").write_text("".join(f"{digest}  {name}\n" for name in listed))
    assert cs("build").status == 0
    kept = {"demoz.exe", "other", "demozz", "../other"} - stale
    assert {name for name in kept | stale if Path("dist", name).exists()} == kept


def test_what_has_changed_since_it_was_staged_stays(workspace: Workspace, template: Path, cs: Cs) -> None:
    cs("build", "--layout", "external")
    Path("dist/demo.bundle.tar.zst").write_text("mine")
    cs("build", "--artifact-name", "demo")
    assert Path("dist/demo.bundle.tar.zst").read_text() == "mine"


@pytest.mark.parametrize("command", ["build", "run"])
@pytest.mark.parametrize(
    ("layout", "warm"),
    [("embedded", False), ("embedded", True), ("external", False), ("external", True), ("online", True)],
)
def test_a_missing_delegate_is_found_before_anything_is_written(
    layout: str, warm: bool, command: str, workspace: Workspace, template: Path, cs: Cs
) -> None:
    if warm:
        cs("build", "--out-dir", "elsewhere")
    outcome = cs(command, "--delegate", "pyton", "--layout", layout)
    assert outcome.status == 1
    assert "no package of the environment provides the delegate 'pyton' on linux-64" in outcome.err
    assert "did you mean 'python'?" in outcome.err
    assert not Path("dist").exists()


def test_an_entry_point_can_be_the_delegate(workspace: Workspace, template: Path, cs: Cs) -> None:
    assert cs("build", "--delegate", "hello").status == 0


def test_a_damaged_cache_is_mended(workspace: Workspace, template: Path, cs: Cs, tmp_path: Path) -> None:
    cs("build")
    good = contents(Path("dist"))
    archive = next((tmp_path / "cache").glob("*/*/python-*.conda"))
    damage(archive)
    outcome = cs("build")
    assert outcome.status == 0
    assert "in the cache is damaged; fetching it again" in outcome.err
    assert contents(Path("dist")) == good
    assert "fetching" not in cs("build").err


def test_a_wheel_that_brings_a_file_of_the_runtime_is_refused(workspace: Workspace, template: Path, cs: Cs) -> None:
    use_own_python(workspace)
    workspace.write()
    wheel = make_wheel(
        Path("evil-1.0-py3-none-any.whl"), wheel_files({"evil-1.0.data/data/.demo.json": b"{}"}, name="evil")
    )
    add_pypi(workspace, f"./{wheel}", "evil", sha256=hash_file(wheel))
    workspace.write()
    for layout in ("online", "external", "embedded"):
        outcome = cs("build", "--layout", layout)
        assert outcome.status == 1
        assert "evil-1.0.data/data/.demo.json is not a file that a wheel may install" in outcome.err
        assert "this is the very archive that the lock names" in outcome.err
        assert "again" not in outcome.err
        assert not Path("dist").exists()


def test_a_channel_that_lost_an_archive_is_an_error(workspace: Workspace, template: Path, cs: Cs) -> None:
    for path in (workspace.channel.directory / "linux-64").glob("python-*"):
        path.unlink()
    outcome = cs("build")
    assert outcome.status == 1
    assert "python-3.11.7-0.conda" in outcome.err
    assert not Path("dist").exists()


def test_a_channel_with_another_archive_is_an_error(workspace: Workspace, template: Path, cs: Cs) -> None:
    damage(next((workspace.channel.directory / "linux-64").glob("python-*")))
    outcome = cs("build", "--error-format", "json")
    assert (outcome.status, json.loads(outcome.err.splitlines()[-1])["kind"]) == (1, "sha256-mismatch")
    assert not Path("dist").exists()


def test_offline_needs_the_cache(workspace: Workspace, template: Path, cs: Cs) -> None:
    workspace.channel.records[0]["conda"] = workspace.channel.records[0]["conda"].replace(
        "file://", "https://localhost"
    )
    workspace.write()
    outcome = cs("build", "--offline")
    assert outcome.status == 1
    assert "is not in the cache, and downloads are off" in outcome.err


def test_a_full_disk_leaves_the_previous_build(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    cs("build")
    before = contents(Path("dist"))
    write = os.write

    def fail(descriptor: int, data: bytes) -> int:
        if ".cs-staging-" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", fail)
    outcome = cs("build")
    assert outcome.status == 1
    assert re.fullmatch(
        r"error: dist: not enough disk space, [\d.]+ kB needed, [\d.]+ [kMG]B free\n"
        r"  hint: remove files there: a quota, or the number of files, is used up, or choose another directory with "
        r"--out-dir\n  more: \S+#disk-full\n",
        outcome.err,
    )
    assert "Traceback" not in outcome.err
    assert contents(Path("dist")) == before


def test_an_interruption_leaves_the_previous_build(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    cs("build")
    before = contents(Path("dist"))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cs_cli.building.execution, "_write_companions", interrupt)
    outcome = cs("build")
    assert (outcome.status, outcome.err.splitlines()[-1]) == (130, "interrupted")
    assert contents(Path("dist")) == before


@pytest.mark.only("for users other than root", "root may write anywhere")
def test_an_unwritable_folder_is_an_error(workspace: Workspace, template: Path, cs: Cs) -> None:
    Path("dist").mkdir(mode=0o555)
    outcome = cs("build")
    assert outcome.status == 1
    assert "error: dist: cannot stage artifacts: Permission denied" in outcome.err


def test_an_output_folder_that_is_a_file_is_an_error(workspace: Workspace, template: Path, cs: Cs) -> None:
    Path("dist").write_text("a file")
    outcome = cs("build")
    assert outcome.status == 1
    assert "cannot create the output directory" in outcome.err
    assert Path("dist").read_text() == "a file"


def test_what_packages_ask_of_the_machine_is_in_the_plan(
    workspace: Workspace, channel: Channel, template: Path, cs: Cs
) -> None:
    asking = channel.add("asking", {}, "__glibc >=2.28,<3.0.a0", "__unix")
    workspace.environments["ship"]["linux-64"].append(asking)
    workspace.write()
    assert cs("build").status == 0
    with read_stamp(Path("dist/demoz")) as stamp:
        (requirement,) = stamp.read_plan().requirements
    assert (requirement.package, requirement.name, requirement.versions) == ("asking", "__glibc", (">=2.28", "<3.0"))


def test_a_dry_run_writes_nothing(workspace: Workspace, template: Path, cs: Cs, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    outcome = cs("build", "--dry-run")
    assert "Checked: conda.toml and conda.lock match, every package can ship" in outcome.out
    assert "Would build dist/demoz  about " in outcome.out
    assert "linux-64, embedded, 3 packages" in outcome.out
    assert all(f"dist/demoz.{name}" in outcome.out for name in COMPANIONS)
    assert outcome.out.endswith("Nothing was written.\n")
    document = json.loads(cs("build", "--dry-run", "--json").out)
    (planned,) = document["builds"]
    assert planned["platform"] == "linux-64"
    assert sorted(planned["files"]) == ["demoz", *(f"demoz.{name}" for name in COMPANIONS)]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_template_that_is_a_runtime_is_refused(workspace: Workspace, template: Path, cs: Cs) -> None:
    cs("build")
    outcome = cs("build", "--template", "dist/demoz")
    assert outcome.status == 1
    assert "this template is a stamped runtime already" in outcome.err


def test_no_template_is_an_error_that_says_how_to_get_one(workspace: Workspace, cs: Cs) -> None:
    outcome = cs("build")
    assert outcome.status == 1
    assert "no template for linux-64 is installed" in outcome.err


@pytest.fixture
def platforms(workspace: Workspace, channel: Channel) -> Workspace:
    """Return a workspace that is solved for Windows and a platform with a name of its own, too."""
    windows = channel.add("python", {"python.exe": b"MZ"}, subdir="win-64", version="3.11.7")
    hello = next(record for record in channel.records if "hello" in record["conda"])
    both = workspace.environments["ship"]
    both["win-64"] = [windows, hello]
    both["linux-64-cuda"] = list(both["linux-64"])
    workspace.write()
    return workspace


def test_a_cross_build_needs_a_template(
    platforms: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = cs("build", "--platform", "win-64")
    assert outcome.status == 1
    assert "no template for win-64 is installed" in outcome.err
    assert "run `pip install cs-template-win-64`" in outcome.err
    make_template(Path("templates/win-64/cs-template.exe"), make_pe())
    assert cs("build", "--platform", "win-64", "--template", "templates").status == 0
    monkeypatch.setenv("CONDA_SHIP_TEMPLATES", "templates")
    assert cs("build", "--platform", "win-64").status == 0


def test_a_cross_build_with_its_template_gives_an_exe(platforms: Workspace, template: Path, cs: Cs) -> None:
    make_template(Path("template.exe"), make_pe())
    outcome = cs("build", "--target", "x86_64-pc-windows-msvc", "--template", "template.exe")
    assert outcome.status == 0, outcome.err
    assert "demoz-x86_64-pc-windows-msvc.exe" in names(Path("dist"))
    assert verify_stamp(Path("dist/demoz-x86_64-pc-windows-msvc.exe")).header.platform == "win-64"
    assert cs("verify", "dist").status == 0


def test_four_gigabytes_for_windows_are_refused_before_one_is_downloaded(
    platforms: Workspace, template: Path, cs: Cs
) -> None:
    make_template(Path("template.exe"), make_pe())
    record = platforms.environments["ship"]["win-64"][0]
    record["size"], record["conda"] = 4 << 30, "http://127.0.0.1:9/main/win-64/python-3.11.7-0.conda"
    platforms.write()
    outcome = cs("build", "--platform", "win-64", "--template", "template.exe", "--layout", "embedded")
    assert outcome.status == 1
    assert "Windows only starts executables smaller than 4 GiB" in outcome.err
    assert 'set `layout = "external"`' in outcome.err
    outcome = cs("build", "--platform", "win-64", "--template", "template.exe", "--layout", "external")
    assert "4 GiB" not in outcome.err


def test_a_template_for_another_machine_is_refused(platforms: Workspace, template: Path, cs: Cs) -> None:
    make_template(template, make_elf(machine=183))
    outcome = cs("build")
    assert outcome.status == 1
    assert "this template runs on linux-aarch64, the build is for linux-64" in outcome.err


def test_a_platform_with_a_name_of_its_own_can_be_built(platforms: Workspace, template: Path, cs: Cs) -> None:
    assert cs("build", "--platform", "linux-64-cuda", "--target-label", "cuda").status == 0
    info = json.loads(Path("dist/demoz-cuda.info.json").read_bytes())
    assert (info["platform"], info["lock_platform"]) == ("linux-64", "linux-64-cuda")


@pytest.mark.parametrize("label", ["../x", "a b", ".x", "x" * 65])
def test_a_label_that_cannot_be_part_of_a_file_name_is_wrong_usage(
    label: str, workspace: Workspace, template: Path, cs: Cs
) -> None:
    outcome = cs("build", f"--target-label={label}")
    assert outcome.status == 2
    assert "this label cannot be part of a file name" in outcome.err


def test_a_build_warns_once_of_all_that_need_an_excluded_package(
    workspace: Workspace, channel: Channel, template: Path, cs: Cs
) -> None:
    workspace.environments["ship"]["linux-64"] += [channel.add(name, {}, "libz") for name in ("one", "two")]
    workspace.ship["exclude"] = '["libz"]'
    workspace.write()
    short, long = (cs("build", "--dry-run", *flags).err.splitlines() for flags in ((), ("-v",)))
    (line,) = [line for line in short if "libz, which 'exclude' drops" in line]
    assert line == "warning: 3 packages need libz, which 'exclude' drops: python*, one, two (* requested) (-v)"
    texts = json.loads(cs("build", "--dry-run", "--json", "-q").out)["warnings"]
    for name in ("python", "one", "two"):
        message = f"{name} needs libz, which 'exclude' drops"
        assert f"warning: {message}" in long
        assert sum(message in text for text in texts) == 1


@pytest.mark.parametrize("words", [["build"], ["build", "--dry-run"], ["run"], ["inspect"]])
def test_every_warning_of_the_lock_is_shown(words: list[str], workspace: Workspace, template: Path, cs: Cs) -> None:
    workspace.ship["exclude"] = '["numpy", "libz", "scipy"]'
    workspace.write()
    warnings = derive_project(build_options()).lock.warnings
    assert {problem.package for problem in warnings} > {"numpy", "scipy"}
    outcome = cs(*words)
    said = outcome.out if words == ["inspect"] else outcome.err
    assert [problem.message for problem in warnings if problem.message not in said] == []
    assert said.count("warning: ") >= len(warnings)


@pytest.mark.parametrize("layout", ["online", "embedded"])
def test_a_program_that_is_not_a_template_is_refused_before_anything_is_fetched(
    layout: str, workspace: Workspace, cs: Cs, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_bytes(make_elf())
    outcome = cs("build", "--layout", layout, "--template", program, "--error-format", "json")
    document = json.loads(outcome.err.splitlines()[-1])
    assert (outcome.status, document["kind"], document["path"]) == (1, "not-a-template", str(program))
    assert not (tmp_path / "cache").exists()
    assert not Path("dist").exists()


def test_quiet_keeps_the_path_of_the_runtime(workspace: Workspace, template: Path, cs: Cs) -> None:
    outcome = cs("build", "-q")
    assert (outcome.status, outcome.out, outcome.err) == (0, "dist/demoz\n", "")


def test_a_platform_without_executables_cannot_be_built_for(
    workspace: Workspace, channel: Channel, template: Path, cs: Cs
) -> None:
    python = channel.add("python", {"bin/python.js": b""}, subdir="emscripten-wasm32", version="3.11.7")
    hello = next(record for record in channel.records if "hello" in record["conda"])
    workspace.environments["ship"]["emscripten-wasm32"] = [python, hello]
    workspace.write()
    outcome = cs("build", "--platform", "emscripten-wasm32")
    assert outcome.status == 1
    assert "error: runtimes cannot be built for emscripten-wasm32" in outcome.err
    assert "--template" not in outcome.err

"""``cs verify``: what is right, and what is wrong."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_executables import add_certificates, make_certificate, make_macho, make_pe

from cli_keys import make_key, write_public_key
from cli_samples import Cs, Workspace, list_passed, list_unchecked, make_elf, seal, verify
from cs_bundle import hash_file
from cs_cli.errors import CliError, Diagnosed, describe_error
from cs_cli.verification.checksums import read_checksums
from cs_cli.verification.files import StagedFiles
from cs_stamp import Template, read_stamp, write_stamp
from executable_samples import MARK, make_mark

Build = Callable[..., Path]


@pytest.fixture
def build(workspace: Workspace, template: Path, cs: Cs) -> Build:
    """Stage a layout and return the folder."""

    def stage(layout: str = "embedded", *flags: str) -> Path:
        outcome = cs("build", "--layout", layout, *flags)
        assert outcome.status == 0, outcome.err
        return Path("dist")

    return stage


def seal_documents(folder: Path, stem: str, *, also_info: bool = True) -> None:
    """Make info, statement and checksums agree with the files again, as someone would who knows the format."""
    info_path = folder / f"{stem}.info.json"
    if also_info:
        info = json.loads(info_path.read_bytes())
        for file in info["files"]:
            path = folder / file["name"]
            file["size_bytes"], file["sha256"] = path.stat().st_size, hash_file(path)
        info_path.write_text(json.dumps(info))
    statement_path = folder / f"{stem}.provenance.json"
    statement = json.loads(statement_path.read_bytes())
    for subject in statement["subject"]:
        subject["digest"]["sha256"] = hash_file(folder / subject["name"])
    statement_path.write_text(json.dumps(statement))
    seal(folder / f"{stem}.sha256")


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def only_problem(folder: Path) -> Diagnosed:
    problems = verify(folder).problems
    assert [str(problem) for problem in problems] == [str(problems[0])]
    return problems[0]


@pytest.mark.parametrize("layout", ["embedded", "external", "online"])
def test_what_was_staged_is_right(layout: str, build: Build) -> None:
    result = verify(build(layout))
    assert (result.problems, list_unchecked(result)) == ((), [])
    archives = [line for line in list_passed(result) if line.endswith(" archives")]
    assert (
        archives
        == {
            "embedded": ["demoz: 3 archives"],
            "external": ["demo.bundle.tar.zst: 3 archives"],
            "online": ["demo: 3 archives"],  # the channel is a folder, so they are carried
        }[layout]
    )


def test_several_builds_in_one_folder_are_all_checked(build: Build) -> None:
    build("embedded")
    result = verify(build("external"))
    locks = {"demoz.runtime.lock: lock matches the runtime", "demo.runtime.lock: lock matches the runtime"}
    assert locks <= set(list_passed(result))
    assert (result.problems, list_unchecked(result)) == ((), [])


@pytest.mark.parametrize("layout", ["embedded", "external"])
def test_one_runtime_can_be_checked_alone(layout: str, build: Build) -> None:
    runtime = build(layout) / ("demoz" if layout == "embedded" else "demo")
    assert any(line.endswith("3 archives") for line in list_passed(verify(runtime)))


def test_a_runtime_whose_bundle_is_elsewhere_is_right_by_itself(build: Build, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copy(build("external") / "demo", alone)
    result = verify(alone)
    answers = [(one.check, one.ok) for one in result.checks]
    assert answers == [("stamp", True), ("template", True), ("archives", None), ("subject", None)]
    assert list_unchecked(result)[0] == "demo.bundle.tar.zst: not beside the runtime"


def test_a_signature_behind_the_stamp_is_no_damage(build: Build, tmp_path: Path) -> None:
    alone = Path(shutil.copy(build() / "demoz", tmp_path / "alone"))
    with alone.open("ab") as file:
        file.write(b"signature")
    result = verify(alone)
    assert result.problems == ()
    assert "alone: 9 bytes follow the stamp: this format has no signature to cover them" in list_unchecked(result)


@pytest.mark.parametrize("part", ["header", "plan", "lock", "bundle", "launch"])
def test_a_flipped_byte_of_a_runtime_is_named_by_its_part(part: str, build: Build) -> None:
    runtime = build() / "demoz"
    with read_stamp(runtime) as stamp:
        offset = stamp.parts[part].offset + stamp.parts[part].size_bytes // 2
    flip(runtime, offset)
    assert f"the {part} of this runtime is damaged" in str(only_problem(runtime))


def test_a_flipped_byte_of_the_template_is_a_wrong_checksum(build: Build) -> None:
    folder = build()
    flip(folder / "demoz", 40)
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert (error.kind, error.path) == ("checksum-mismatch", folder / "demoz")


def test_a_damaged_bundle_is_a_wrong_checksum(build: Build) -> None:
    folder = build("external")
    flip(folder / "demo.bundle.tar.zst", 5000)
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert (error.kind, error.path) == ("checksum-mismatch", folder / "demo.bundle.tar.zst")


def test_a_damaged_bundle_beside_a_runtime_is_named_with_its_archive(build: Build) -> None:
    folder = build("external")
    data = (folder / "demo.bundle.tar.zst").read_bytes()
    flip(folder / "demo.bundle.tar.zst", data.index(b"python-3.11.7-0") + 600)
    error = only_problem(folder / "demo")
    assert "the SHA-256 of the archive python-3.11.7-0.conda does not match the lock" in str(error)


def test_a_bundle_of_another_build_is_refused_even_when_its_checksum_is_right(build: Build, tmp_path: Path) -> None:
    folder = build("external")
    other = build("external", "--out-dir", "other", "--exclude", "hello")
    del other
    shutil.copy("other/demo.bundle.tar.zst", folder)
    seal_documents(folder, "demo")
    assert "archives of the lock are missing from the bundle: hello-1.0-pyhd_0.conda" in str(only_problem(folder))


def test_another_lock_is_refused_even_when_its_checksum_is_right(build: Build) -> None:
    folder = build()
    (folder / "demoz.runtime.lock").write_text("version: 7\n")
    seal_documents(folder, "demoz")
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert (error.kind, error.path) == ("lock-mismatch", folder / "demoz.runtime.lock")


def test_a_file_that_is_missing_is_named(build: Build) -> None:
    folder = build()
    (folder / "demoz.packages.txt").unlink()
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert (error.kind, error.path) == ("file-missing", folder / "demoz.packages.txt")


def test_an_artifact_that_no_checksum_covers_is_refused(build: Build) -> None:
    folder = build()
    (folder / "demoz.bundle.tar.zst").write_text("stray")
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert (error.kind, error.path) == ("file-unlisted", folder / "demoz.bundle.tar.zst")


def test_files_that_are_no_artifacts_are_left_alone_and_named(build: Build) -> None:
    folder = build()
    (folder / "demo-1.0.whl").write_text("from elsewhere")
    result = verify(folder)
    assert (result.problems, list_unchecked(result)) == ((), ["demo-1.0.whl: not a file of a build"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("identity", "0" * 64),
        ("runtime", "other"),
        ("runtime_version", "2.0"),
        ("layout", "online"),
        ("platform", "osx-64"),
        ("delegate", "conda"),
        ("package_count", 4),
        ("wheel_count", 1),
    ],
)
def test_info_that_says_something_else_is_refused(key: str, value: object, build: Build) -> None:
    folder = build()
    path = folder / "demoz.info.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), key: value}))
    seal_documents(folder, "demoz", also_info=False)
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert (error.kind, error.key, error.actual) == ("info-mismatch", key, str(value))


@pytest.mark.parametrize("change", [{"size_bytes": 1}, {"sha256": "0" * 64}, {"name": "absent"}])
def test_info_about_other_files_is_refused(change: dict[str, object], build: Build) -> None:
    folder = build()
    path = folder / "demoz.info.json"
    info = json.loads(path.read_bytes())
    info["files"][0].update(change)
    path.write_text(json.dumps(info))
    seal_documents(folder, "demoz", also_info=False)
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert (error.kind, error.key) == ("info-mismatch", "files")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100_000])
def test_info_that_is_none_is_refused(text: str, build: Build) -> None:
    folder = build()
    (folder / "demoz.info.json").write_text(text)
    seal_documents(folder, "demoz", also_info=False)
    error = only_problem(folder)
    assert isinstance(error, CliError)
    assert error.kind == "info-damaged"


def test_everything_that_is_wrong_is_told_at_once(build: Build, cs: Cs) -> None:
    folder = build()
    (folder / "demoz.packages.txt").unlink()
    (folder / "demoz.cdx.json").write_text("{}")
    outcome = cs("verify", "dist")
    assert outcome.status == 1
    assert "error: dist: 2 problems found" in outcome.err
    assert "demoz.packages.txt: the file is listed but missing" in outcome.err
    assert "ok: demoz: checksum" in outcome.out
    assert "checks passed" not in outcome.out


def test_the_last_line_is_the_verdict(build: Build, cs: Cs) -> None:
    *lines, verdict = cs("verify", build()).out.splitlines()
    passed, unchecked = (sum(line.startswith(f"{state}: ") for line in lines) for state in ("ok", "not checked"))
    assert passed + unchecked == len(lines)
    assert verdict == f"all {passed} checks passed; not checked: {unchecked}"


def test_json_has_checks_and_problems(build: Build, cs: Cs) -> None:
    good = json.loads(cs("verify", build(), "--json").out)
    assert (good["schema_version"], good["ok"]) == (1, True)
    Path("dist/demoz.cdx.json").write_text("{}")
    outcome = cs("verify", "dist", "--json")
    document = json.loads(outcome.out)
    assert (outcome.status, outcome.err) == (1, "")
    wrong = [check for check in document["results"][0]["checks"] if check["ok"] is False]
    assert [(one["file"], one["check"], one["error"]["kind"]) for one in wrong] == [
        ("demoz.cdx.json", "checksum", "checksum-mismatch")
    ]


def test_quiet_says_nothing_when_all_is_right(build: Build, cs: Cs) -> None:
    outcome = cs("verify", build(), "-q")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")


def test_a_path_that_is_not_there_is_wrong_usage(tmp_path: Path, cs: Cs) -> None:
    outcome = cs("verify", tmp_path / "absent")
    assert outcome.status == 2
    assert "no such file or directory" in outcome.err


def test_a_folder_without_a_build_is_an_error(tmp_path: Path, cs: Cs) -> None:
    outcome = cs("verify", tmp_path)
    assert outcome.status == 1
    assert "no build found here (no `*.sha256` file)" in outcome.err


def test_a_file_that_is_no_runtime_says_so(template: Path, cs: Cs) -> None:
    outcome = cs("verify", template)
    assert outcome.status == 1
    assert "this is not a conda-ship runtime: no stamp found" in outcome.err


@pytest.mark.parametrize(
    "text",
    ["x", "0" * 64 + " one-space", "0" * 63 + "  short", "0" * 64 + "  ../demo", "0" * 64 + "  "],
    ids=["no-digest", "one-space", "short-digest", "name-with-a-folder", "no-name"],
)
def test_a_line_that_is_no_checksum_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "demo.sha256"
    path.write_text(f"{'0' * 64}  good\n{text}\n")
    with pytest.raises(CliError, match="line 2 is not a checksum") as caught:
        read_checksums(StagedFiles(path.parent), path.name)
    assert caught.value.kind == "checksums-damaged"


def test_a_name_listed_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo.sha256").write_text(f"{'0' * 64}  demo\n" * 2)
    with pytest.raises(CliError, match="line 2 is not a checksum"):
        read_checksums(StagedFiles(tmp_path), "demo.sha256")


def test_checksums_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "demo.sha256").write_bytes(b"\xff\xfe")
    with pytest.raises(CliError, match="not a file written by cs build"):
        read_checksums(StagedFiles(tmp_path), "demo.sha256")


def test_checksums_without_end_are_refused_in_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "demo.sha256").open("wb") as file:
        file.truncate(20 << 30)
    with pytest.raises(CliError, match="it is larger than 1048576 bytes"):
        read_checksums(StagedFiles(tmp_path), "demo.sha256")


@pytest.mark.parametrize("name", ["demo.packages.txt", "demo.more"])
def test_a_large_file_of_another_size_is_not_hashed(name: str, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build("external")
    with (folder / name).open("ab") as file:
        file.truncate(20 << 30)
    checksums = folder / "demo.sha256"
    if name not in checksums.read_text():
        checksums.write_text(f"{checksums.read_text()}{'0' * 64}  {name}\n")
    hashed: list[str] = []

    def hash_small(path: Path, *_: object) -> str:
        hashed.append(path.name)
        return hash_file(path)

    monkeypatch.setattr("cs_cli.verification.files.hash_file", hash_small)
    errors = verify(folder).problems
    assert any("the file has changed since it was built" in str(error) for error in errors)
    assert name not in hashed


def test_a_lock_that_grew_is_not_read(build: Build) -> None:
    folder = build("online")
    lock = folder / "demo.runtime.lock"
    with lock.open("ab") as file:
        file.truncate(3 << 20)
    seal_documents(folder, "demo")
    assert "the lock does not match the runtime" in str(only_problem(folder))


def flip_bit(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_any_flipped_bit_of_the_checksums_changes_what_is_read(build: Build) -> None:
    path = build("external") / "demo.sha256"
    good, digests = path.read_bytes(), read_checksums(StagedFiles(path.parent), path.name)
    for bit in range(len(good) * 8):
        path.write_bytes(flip_bit(good, bit))
        with contextlib.suppress(CliError):
            assert read_checksums(StagedFiles(path.parent), path.name) != digests, bit


def test_flipped_bits_of_the_checksums_are_found(build: Build) -> None:
    path = build("external") / "demo.sha256"
    good = path.read_bytes()
    for bit in range(0, len(good) * 8, 9):  # one of each byte, each of the eight in turn
        path.write_bytes(flip_bit(good, bit))
        assert verify(path.parent).problems, bit
    path.write_bytes(good.removesuffix(b"\n"))
    assert verify(path.parent).problems


@pytest.mark.parametrize("layout", ["online", "embedded"])
def test_a_stamp_on_something_that_is_no_template_is_found(
    layout: str, build: Build, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template.write_bytes(make_elf())
    monkeypatch.setattr("cs_cli.building.preparation.select_template", accept)
    error = only_problem(build(layout))
    assert "the stamped executable is not a conda-ship template" in str(error)
    assert describe_error(error)["kind"] == "not-a-template"


def test_a_template_for_other_stamps_is_found(build: Build, template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = replace(MARK, version="9.0", stamp_formats=(2,))
    template.write_bytes(make_elf() + mark.to_bytes())
    monkeypatch.setattr("cs_cli.building.preparation.select_template", accept)
    error = only_problem(build("online"))
    assert "cs-template 9.0 reads stamps of format 2; this release writes format 1" in str(error)


def test_a_template_for_another_platform_is_found(
    build: Build, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template.write_bytes(make_elf() + make_mark("linux-aarch64").to_bytes())
    monkeypatch.setattr("cs_cli.building.preparation.select_template", accept)
    error = only_problem(build("online"))
    assert error.kind == "template-platform"
    assert "the mark of this template says linux-aarch64" in str(error)


def accept(*, environ: Mapping[str, str], **_: Any) -> Template:
    """Take the template for one, whatever it is."""
    path = Path(environ["CONDA_SHIP_TEMPLATE"])
    size = path.stat().st_size
    return Template(path=path, origin="option", platforms=("linux-64",), size_bytes=size, mark=MARK)


def test_checksums_without_a_runtime_are_refused(tmp_path: Path) -> None:
    (tmp_path / "demo.sha256").write_text("")
    error = only_problem(tmp_path)
    assert "it lists no runtime" in str(error)


def put_in_place_of_the_template(runtime: Path, program: bytes) -> None:
    """Stamp another program with the parts of a runtime."""
    with read_stamp(runtime) as stamp:
        header, plan, lock = stamp.header, stamp.read_plan(), stamp.read_lock()
        bundle = stamp.read_part("bundle")
    template, archives = runtime.with_name("template"), runtime.with_name("archives")
    template.write_bytes(program)
    archives.write_bytes(bundle)
    write_stamp(template, runtime, header=header, plan=plan, lock=lock, bundle=archives if bundle else None)


def test_the_pages_of_a_macos_executable_are_compared_with_its_signature(build: Build) -> None:
    runtime = build("online") / "demo"
    put_in_place_of_the_template(runtime, make_macho(payload=MARK.to_bytes()))
    assert "demo: signature covers the stamp (ad hoc)" in list_passed(verify(runtime))
    flip(runtime, 0x3000)
    error = only_problem(runtime)
    assert error.kind == "signature"
    assert "the bytes from 12288 on were changed after signing" in str(error)


def test_a_certificate_table_may_hold_signatures_only(build: Build) -> None:
    runtime = build("online") / "demo"
    put_in_place_of_the_template(runtime, make_pe(payload=MARK.to_bytes()))
    plain, certificate = runtime.read_bytes(), make_certificate(b"nobody signed this")
    assert not any("signature" in check for check in list_passed(verify(runtime)))
    runtime.write_bytes(add_certificates(plain, certificate))
    assert "demo: signature covers the stamp (certificates not checked)" in list_passed(verify(runtime))
    runtime.write_bytes(add_certificates(plain, certificate + plain[-2000:]))
    assert only_problem(runtime).kind == "signature"


def test_a_signature_of_the_platform_changes_the_digest(build: Build, tmp_path: Path) -> None:
    """Signing comes after the build: the file is checked by itself, unless a key says whose files count."""
    runtime = build("online") / "demo"
    put_in_place_of_the_template(runtime, make_pe(payload=MARK.to_bytes()))
    runtime.write_bytes(add_certificates(runtime.read_bytes(), make_certificate(b"signed")))
    result = verify(runtime)
    assert result.problems == ()
    signed = "demo: signed for its platform since it was built, which changes the digest"
    assert list_unchecked(result) == [signed]
    key = write_public_key(tmp_path / "key.pub", make_key())
    assert [error.kind for error in verify(runtime, "--key", key).problems] == ["checksum-mismatch"]


def test_a_stamp_that_no_signature_covers_is_reported(build: Build) -> None:
    runtime = build("online") / "demo"
    put_in_place_of_the_template(runtime, make_pe(payload=MARK.to_bytes()))
    runtime.write_bytes(runtime.read_bytes() + b"appended")
    assert only_problem(runtime).kind == "misplaced"

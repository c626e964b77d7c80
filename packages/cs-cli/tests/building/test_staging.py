"""All files or none."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli_samples import Cs, Workspace, make_template
from cs_bundle import BundleWriteError, DiskFullError
from cs_cli.building.staging import staging_directory
from cs_cli.errors import CliError


def snapshot(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory, hidden ones too."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return a folder that holds an earlier build."""
    directory = tmp_path / "dist"
    directory.mkdir()
    (directory / "demo").write_text("old runtime")
    (directory / "demo.sha256").write_text("old checksums")
    return directory


def write_new(staging: Path) -> None:
    (staging / "demo").write_text("new runtime")
    (staging / "demo.info.json").write_text("new info")
    (staging / "demo.sha256").write_text("new checksums")


def test_files_appear_together_at_the_end(dist: Path) -> None:
    with staging_directory(dist) as staging:
        write_new(staging)
        assert (dist / "demo").read_text() == "old runtime"
    assert snapshot(dist) == {
        "demo": b"new runtime",
        "demo.info.json": b"new info",
        "demo.sha256": b"new checksums",
    }


def test_folders_are_made_when_needed(tmp_path: Path) -> None:
    with staging_directory(tmp_path / "a" / "b") as staging:
        write_new(staging)
    assert (tmp_path / "a" / "b" / "demo").exists()


def fail_in_the_middle(dist: Path, error: BaseException) -> None:
    with staging_directory(dist) as staging:
        write_new(staging)
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("broken"), OSError(errno.ENOSPC, "No space left")])
def test_a_failure_leaves_what_was_there(error: BaseException, dist: Path, tmp_path: Path) -> None:
    before = snapshot(dist)
    with pytest.raises((KeyboardInterrupt, ValueError, DiskFullError)):
        fail_in_the_middle(dist, error)
    assert snapshot(dist) == before
    assert sorted(path.name for path in dist.iterdir()) == ["demo", "demo.sha256"]


def test_folders_that_were_made_in_vain_go_again(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), staging_directory(tmp_path / "a" / "b"):
        raise ValueError("broken")
    assert list(tmp_path.iterdir()) == []


def stage_wrapped(dist: Path, error: OSError) -> None:
    """Fail as a library does that describes errors in its own way."""
    with staging_directory(dist, needed_bytes=1234):
        try:
            raise error
        except OSError as cause:
            raise BundleWriteError("cannot write 4", path=dist / "temporary") from cause


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_an_error_that_says_so(number: int, dist: Path) -> None:
    with pytest.raises(DiskFullError, match=r"not enough disk space, 1\.2 kB needed, .* free") as caught:
        stage_wrapped(dist, OSError(number, "full"))
    assert (caught.value.path, caught.value.expected) == (dist, "1.2 kB")


def test_room_is_looked_for_before_the_block_begins(dist: Path) -> None:
    before = snapshot(dist)
    with pytest.raises(DiskFullError, match="not enough disk space"), staging_directory(dist, needed_bytes=1 << 62):
        pytest.fail("begun")
    assert snapshot(dist) == before
    assert sorted(path.name for path in dist.iterdir()) == ["demo", "demo.sha256"]


@pytest.mark.parametrize("failing", ["demo", "demo.info.json", "demo.sha256"])
def test_a_publishing_that_fails_takes_everything_back(
    failing: str, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(dist)
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name == failing and ".previous" not in str(self):
            raise OSError(errno.EIO, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(CliError, match="Input/output error"), staging_directory(dist) as staging:
        write_new(staging)
    monkeypatch.undo()
    assert snapshot(dist) == before


def test_a_folder_in_the_place_of_a_file_is_an_error_and_stays(dist: Path) -> None:
    (dist / "demo.info.json").mkdir()
    before = snapshot(dist)
    with pytest.raises(CliError, match="cannot stage artifacts") as caught, staging_directory(dist) as staging:
        write_new(staging)
    assert caught.value.path == dist / "demo.info.json"
    assert "move it away" in str(caught.value.hint)
    assert snapshot(dist) == before
    assert (dist / "demo.info.json").is_dir()


def test_stale_files_go_with_the_publishing(dist: Path) -> None:
    (dist / "demo.bundle.tar.zst").write_text("of another layout")
    with staging_directory(dist, list_stale=lambda: ["demo", "demo.bundle.tar.zst", "gone"]) as staging:
        write_new(staging)
    assert sorted(snapshot(dist)) == ["demo", "demo.info.json", "demo.sha256"]


def test_stale_files_come_back_when_the_publishing_fails(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (dist / "a.stale").write_text("a")
    (dist / "b.stale").write_text("b")
    before = snapshot(dist)
    unlink = Path.unlink

    def fail(self: Path, missing_ok: bool = False) -> None:
        if self.name == "b.stale":
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(CliError), staging_directory(dist, list_stale=lambda: ["a.stale", "b.stale"]) as staging:
        write_new(staging)
    monkeypatch.undo()
    assert snapshot(dist) == before


def test_what_a_killed_build_left_is_removed_by_the_next(dist: Path) -> None:
    abandoned = dist / ".cs-staging-0123abcd"
    abandoned.mkdir()
    (abandoned / "demo").write_text("half a runtime")
    with staging_directory(dist) as staging:
        write_new(staging)
    assert not abandoned.exists()


def test_file_systems_without_hard_links_work_too(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with staging_directory(dist) as staging:
        write_new(staging)
    assert (dist / "demo").read_text() == "new runtime"


def test_an_unwritable_place_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(CliError, match="cannot create the output directory") as caught,
        staging_directory(tmp_path / "file" / "dist"),
    ):
        pass
    assert caught.value.path == tmp_path / "file"


@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_an_output_folder_that_is_none_is_said_to_be_none(kind: str, tmp_path: Path) -> None:
    taken = tmp_path / "dist"
    if kind == "file":
        taken.write_text("mine")
    else:
        taken.symlink_to(tmp_path / "nowhere")
    with (
        pytest.raises(CliError, match="a file that is not a directory has this name") as caught,
        staging_directory(taken),
    ):
        pytest.fail("begun")
    assert (caught.value.path, caught.value.hint) == (taken, "choose another directory with --out-dir")
    assert os.path.lexists(taken)


def test_a_second_build_waits_for_the_first(dist: Path) -> None:
    waiting, order = threading.Event(), []

    def build_second() -> None:
        with staging_directory(dist, on_wait=waiting.set) as staging:
            order.append("second")
            (staging / "demo").write_text("second")

    with staging_directory(dist) as staging:
        thread = threading.Thread(target=build_second)
        thread.start()
        assert waiting.wait(60)
        order.append("first")
        (staging / "demo").write_text("first")
    thread.join(60)
    assert order == ["first", "second"]
    assert (dist / "demo").read_text() == "second"
    assert sorted(path.name for path in dist.iterdir()) == ["demo", "demo.sha256"]


PROGRAM = """
import sys, time
from pathlib import Path
from cs_cli.terminal.interrupts import interrupt_on_signals
from cs_cli.building.staging import staging_directory
interrupt_on_signals()
with staging_directory(Path(sys.argv[1])) as staging:
    (staging / "demo").write_text("half")
    print("ready", flush=True)
    time.sleep(3600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_signals_leave_what_was_there(number: signal.Signals, dist: Path) -> None:
    before = snapshot(dist)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(dist)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    process.wait(60)
    process.stdout.close()
    if number == signal.SIGKILL:  # nothing can be done at once: the next build does it
        with pytest.raises(ValueError, match="failed"), staging_directory(dist):
            raise ValueError("failed")
    assert snapshot(dist) == before


def test_a_signal_while_publishing_comes_too_late(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link: Callable[..., None] = os.link

    def interrupt(*arguments: object) -> None:
        signal.raise_signal(signal.SIGINT)
        link(*arguments)

    monkeypatch.setattr(os, "link", interrupt)
    with staging_directory(dist) as staging:
        write_new(staging)
    assert (dist / "demo").read_text() == "new runtime"
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def test_a_full_folder_for_temporary_files_is_named_instead(dist: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(DiskFullError, match="not enough disk space") as caught, staging_directory(dist):
        raise OSError(errno.ENOSPC, "full", str(elsewhere / "runtime"))
    assert caught.value.path == elsewhere
    assert "TMPDIR" in str(caught.value.hint)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that is a disk of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=False)
    if mounted.returncode != 0:
        pytest.skip("needs mounts")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.root
@pytest.mark.parametrize("seen_before", [True, False])
@pytest.mark.parametrize("layout", ["embedded", "external", "online"])
def test_a_real_disk_that_is_full(
    small_disk: Path,
    workspace: Workspace,
    template: Path,
    cs: Cs,
    monkeypatch: pytest.MonkeyPatch,
    seen_before: bool,
    layout: str,
) -> None:
    """With and without the look at the free space: ENOSPC is reported in the same words."""
    assert cs("build", "--layout", layout, "--out-dir", small_disk).status == 0
    before = snapshot(small_disk)
    with template.open("ab") as file:
        file.write(bytes(200_000))
    make_template(template, template.read_bytes())
    if not seen_before:
        monkeypatch.setattr("cs_cli.building.staging.check_room", lambda *_: None)
        monkeypatch.setattr("cs_bundle._writer.check_room", lambda *_: None)
    outcome = cs("build", "--layout", layout, "--out-dir", small_disk)
    assert outcome.status == 1
    assert outcome.err.splitlines()[-3].startswith(f"error: {small_disk}: not enough disk space, ")
    assert outcome.err.splitlines()[-2] == "  hint: free some space there, or choose another directory with --out-dir"
    assert snapshot(small_disk) == before

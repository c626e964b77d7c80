"""Bundles that are missing, damaged, made by others, too full or not full enough."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from support.commands import Command, Home
from support.inspection import assert_complete, list_names, unpack_bundle
from support.workshop import Workshop

BUNDLE = "demo.bundle.tar.zst"
ARCHIVES = ["bulk-1.0-0.conda", "tool-1.0-0.conda"]
TAR = pytest.mark.tools("tar", "zstd")


@dataclass
class Delivery:
    """An external runtime and its bundle, in a folder of the test's own."""

    runtime: Path
    home: Home

    @property
    def bundle(self) -> Path:
        return self.runtime.with_name(BUNDLE)

    @property
    def folder(self) -> Path:
        return self.runtime.with_name("archives")

    def bootstrap(self, *arguments: str | Path) -> Command:
        return self.home.run(self.runtime, "bootstrap", *arguments)

    def unpack(self) -> Path:
        """Unpack the bundle into a folder, and take the bundle away."""
        self.folder.mkdir()
        unpack_bundle(self.bundle, self.folder)
        self.bundle.unlink()
        return self.folder

    def pack(self, *options: str) -> None:
        """Pack the folder's files as anybody would."""
        names = list_names(self.folder)
        command = ["tar", "--zstd", *options, "-cf", str(self.bundle), "-C", str(self.folder), *names]
        subprocess.run(command, check=True)

    def assert_installed(self, completed: Command) -> None:
        assert completed.returncode == 0, completed.stderr
        assert_complete(self.home.prefix, packages=2)
        assert list_names(self.home.prefix.parent) == ["demo"]

    def assert_refused(self, completed: Command, status: int, *words: str) -> None:
        assert completed.returncode == status, completed.stderr
        for word in words:
            assert word in completed.stderr
        assert list_names(self.home.directory) == []
        assert list_names(self.runtime.parent.parent) == ["delivery", "home"]


@pytest.fixture
def delivery(tmp_path: Path, home: Home, plain_workshop: Workshop) -> Delivery:
    """An external runtime next to its bundle."""
    built = plain_workshop.build(layout='"external"')
    directory = tmp_path / "delivery"
    directory.mkdir()
    shutil.copy2(built, directory / "demo")
    shutil.copy2(built.with_name(BUNDLE), directory / BUNDLE)
    return Delivery(directory / "demo", home)


def test_a_bundle_beside_the_runtime_is_all_it_needs(delivery: Delivery) -> None:
    delivery.assert_installed(delivery.bootstrap("--offline"))


def test_without_its_bundle_and_network_it_says_where_to_put_it(delivery: Delivery) -> None:
    delivery.bundle.unlink()
    completed = delivery.bootstrap("--offline")
    delivery.assert_refused(completed, 66, f"Put {BUNDLE} next to {delivery.runtime}", "--offline")


def test_without_its_bundle_it_downloads(delivery: Delivery) -> None:
    delivery.bundle.unlink()
    delivery.assert_installed(delivery.bootstrap())


@pytest.mark.parametrize("option", ["--bundle", "DEMO_BUNDLE"])
def test_a_bundle_that_is_not_there_is_named(option: str, delivery: Delivery) -> None:
    missing = delivery.runtime.with_name("nowhere.tar.zst")
    if option == "--bundle":
        completed = delivery.bootstrap("--bundle", missing)
    else:
        delivery.home.extra[option] = str(missing)
        completed = delivery.bootstrap()
    delivery.assert_refused(completed, 66, str(missing))


def flip(position: Callable[[bytes], int]) -> Callable[[bytes], bytes]:
    """Damage that flips one bit."""

    def damage(content: bytes) -> bytes:
        at = position(content)
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return damage


def decompress(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(content)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte of an archive is flipped": flip(lambda content: len(content) // 2),
    "a byte of the first tar header is flipped": flip(lambda content: content.index(b"bulk-1.0") + 2),
    "a byte of the last tar header is flipped": flip(lambda content: content.rindex(b"tool-1.0-0.conda\0") + 2),
    "a byte of the frame header is flipped": flip(lambda _: 1),
    "the second half is missing": lambda content: content[: len(content) // 2],
    "the last byte is missing": lambda content: content[:-1],
    "it is empty": lambda _: b"",
    "it is a page of text": lambda _: b"<html>Please log in</html>",
    "it is a tar without compression": decompress,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_bundle_is_refused_and_nothing_is_left(damage: str, delivery: Delivery) -> None:
    delivery.bundle.write_bytes(DAMAGES[damage](delivery.bundle.read_bytes()))
    completed = delivery.bootstrap()
    what = ARCHIVES[0] if damage == "a byte of an archive is flipped" else BUNDLE
    delivery.assert_refused(completed, 66, what)
    assert len(completed.stderr.splitlines()) <= 2


@pytest.mark.parametrize("options", [(), ("--format=pax",), ("--format=gnu",), ("--numeric-owner", "--sort=name")])
@TAR
def test_a_bundle_that_tar_has_made_is_as_good(options: tuple[str, ...], delivery: Delivery) -> None:
    delivery.unpack()
    delivery.pack(*options)
    delivery.assert_installed(delivery.bootstrap("--offline"))


@TAR
def test_archives_that_nobody_needs_are_ignored(delivery: Delivery) -> None:
    folder = delivery.unpack()
    (folder / "extra-9-0.conda").write_bytes(b"not even an archive")
    delivery.assert_installed(delivery.bootstrap("--offline", "--bundle", folder))
    delivery.home.run(delivery.runtime, "uninstall", "-y")
    delivery.pack()
    delivery.assert_installed(delivery.bootstrap("--offline"))


def test_other_files_and_links_in_a_folder_are_passed_over(delivery: Delivery) -> None:
    folder = delivery.unpack()
    (folder / "readme.txt").write_text("hello")
    (folder / "subfolder").mkdir()
    (folder / "link.conda").symlink_to(ARCHIVES[0])
    (folder / "dangling-1-0.conda").symlink_to("nowhere")
    delivery.assert_installed(delivery.bootstrap("--offline", "--bundle", folder))


def test_an_archive_behind_a_link_does_not_count(delivery: Delivery) -> None:
    folder = delivery.unpack()
    (folder / ARCHIVES[0]).rename(delivery.runtime.with_name("moved.conda"))
    (folder / ARCHIVES[0]).symlink_to("../moved.conda")
    completed = delivery.bootstrap("--offline", "--bundle", folder)
    delivery.assert_refused(completed, 66, f"1 of 2 packages needed are not in {folder}: {ARCHIVES[0]}")


def test_a_bundle_that_lacks_packages_is_completed_from_the_network(delivery: Delivery) -> None:
    folder = delivery.unpack()
    (folder / ARCHIVES[1]).unlink()
    completed = delivery.bootstrap("--bundle", folder)
    delivery.assert_installed(completed)
    assert f"1 package not in {folder}: {ARCHIVES[1]}; downloading" in completed.stderr


def test_offline_a_bundle_that_lacks_packages_is_refused(delivery: Delivery) -> None:
    folder = delivery.unpack()
    for archive in ARCHIVES:
        (folder / archive).unlink()
    delivery.home.extra["DEMO_OFFLINE"] = "1"
    completed = delivery.bootstrap("--bundle", folder)
    delivery.assert_refused(completed, 66, "2 of 2 packages needed", *ARCHIVES, "DEMO_OFFLINE")


def test_a_damaged_archive_in_a_folder_is_refused(delivery: Delivery) -> None:
    archive = delivery.unpack() / ARCHIVES[0]
    archive.write_bytes(flip(lambda content: len(content) // 2)(archive.read_bytes()))
    completed = delivery.bootstrap("--bundle", archive.parent)
    delivery.assert_refused(completed, 66, ARCHIVES[0])


def make_entry(name: str, kind: bytes, *, target: str = "", content: bytes = b"") -> tuple[tarfile.TarInfo, bytes]:
    """Make an entry that no bundle may have."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, target, len(content)
    return entry, content


HOSTILE = {
    "a parent directory": make_entry("../evil.conda", tarfile.REGTYPE, content=b"evil"),
    "an absolute path": make_entry("/evil.conda", tarfile.REGTYPE, content=b"evil"),
    "a nested path": make_entry("nested/evil.conda", tarfile.REGTYPE, content=b"evil"),
    "a symbolic link": make_entry("evil.conda", tarfile.SYMTYPE, target="/etc/passwd"),
    "a hard link": make_entry("evil.conda", tarfile.LNKTYPE, target=ARCHIVES[0]),
    "a device": make_entry("evil.conda", tarfile.CHRTYPE),
    "a named pipe": make_entry("evil.conda", tarfile.FIFOTYPE),
    "a second copy": make_entry(ARCHIVES[0], tarfile.REGTYPE, content=b"evil"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_bundle_that_reaches_elsewhere_is_refused(what: str, delivery: Delivery) -> None:
    folder = delivery.unpack()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in ARCHIVES:
            tar.add(folder / name, arcname=name)
        entry, content = HOSTILE[what]
        tar.addfile(entry, io.BytesIO(content))
    delivery.bundle.write_bytes(zstandard.compress(packed.getvalue()))
    shutil.rmtree(folder)
    delivery.assert_refused(delivery.bootstrap(), 66, BUNDLE)
    assert list_names(delivery.runtime.parent) == ["demo", BUNDLE]


FOOTER_LENGTH = 512
PARTS = ("header", "plan", "lock", "bytecode", "bundle", "launch")


def find_part(content: bytes, name: str) -> int:
    """Find the middle of a part of the stamp, as ``docs/reference/stamp-format.md`` lays it out."""
    footer = content[-FOOTER_LENGTH:]
    (stamp_length,) = struct.unpack_from("<Q", footer, 24)
    offset, length = struct.unpack_from("<QQ", footer, 64 + 56 * PARTS.index(name) + 8)
    return len(content) - int(stamp_length) + int(offset) + int(length) // 2


FLIPS: dict[str, tuple[int, Callable[[bytes], int], str]] = {
    "header": (78, lambda content: find_part(content, "header"), "header"),
    "plan": (78, lambda content: find_part(content, "plan"), "plan"),
    "lock": (78, lambda content: find_part(content, "lock"), "lock"),
    "launch": (78, lambda content: find_part(content, "launch"), "launch"),
    "footer": (78, lambda content: len(content) - FOOTER_LENGTH // 2, "footer"),
    "an archive": (66, lambda content: find_part(content, "bundle"), ARCHIVES[0]),
    "a name in the bundle": (66, lambda content: content.rindex(b"tool-1.0-0.conda\0") + 1, "bundle"),
}


@pytest.mark.parametrize("place", FLIPS)
def test_a_flipped_byte_of_an_embedded_runtime_is_refused(
    place: str, home: Home, plain_workshop: Workshop, tmp_path: Path
) -> None:
    status, position, words = FLIPS[place]
    damaged = tmp_path / "demoz"
    damaged.write_bytes(flip(position)(plain_workshop.build().read_bytes()))
    damaged.chmod(0o755)
    completed = home.run(damaged, "bootstrap")
    assert completed.returncode == status, completed.stderr
    assert words in completed.stderr
    assert list_names(home.directory) == []


def test_a_truncated_runtime_is_refused(home: Home, plain_workshop: Workshop, tmp_path: Path) -> None:
    damaged = tmp_path / "demoz"
    damaged.write_bytes(plain_workshop.build().read_bytes()[:-4000])
    damaged.chmod(0o755)
    completed = home.run(damaged, "word")
    assert completed.returncode == 78, completed.stderr
    assert list_names(home.directory) == []

"""The notices of the template: texts of what is linked into it, in its wheel."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest
from crate_notices import (
    NOTICES_NAME,
    NoticesError,
    Part,
    add_notices,
    collect_notices,
    read_standard_library,
    render_notices,
    render_page,
)
from foreign.portable import make_portable

LINUX, WINDOWS = "x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"
INFO = "cs_template-1.2.dist-info"
TEXT = "Permission is granted\n"
DEPENDENCIES = """
[dependencies]
linked = { path = "../linked" }
bare = { path = "../bare" }
[dev-dependencies]
only-tests = { path = "../only-tests" }
[build-dependencies]
only-build = { path = "../only-build" }
[target.'cfg(windows)'.dependencies]
only-windows = { path = "../only-windows" }
"""
NEEDS = '[dependencies]\nmacros = { path = "../macros" }\nindirect = { path = "../indirect" }\n'
LIBRARY = Part(label="Rust standard library 1.2", expression="Apache-2.0 OR MIT", texts={"MIT.txt": "Of Rust"})

needs_cargo = pytest.mark.tools("cargo")


def write_crate(directory: Path, more: str = "", *, license: str = "MIT", **files: str) -> Path:
    """Write a crate without code.

    :param more: sections of its manifest.
    :param files: its other files by their paths, with ``__`` for a slash.
    """
    package = f'[package]\nname = "{directory.name}"\nversion = "1.0.0"\nlicense = "{license}"\nauthors = ["A. Thor"]\n'
    for name, text in {"Cargo.toml": f"{package}{more}", "src__lib.rs": "", **files}.items():
        path = directory / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project that has a crate of each kind."""
    vendored = {"LICENSE": TEXT, "zlib__COPYING": "Altered\r\nversions\f \r\n", "src__license.rs": "code"}
    write_crate(tmp_path / "linked", NEEDS, **vendored)
    write_crate(tmp_path / "indirect", license="Zlib", UNLICENSE="\ufeffPermission is granted  \r\n")
    write_crate(tmp_path / "macros", "[lib]\nproc-macro = true\n", LICENSE=TEXT)
    write_crate(tmp_path / "bare", license="BSL-1.0 OR MIT")
    for name in ("only-tests", "only-build", "only-windows"):
        write_crate(tmp_path / name, LICENSE=TEXT)
    root = write_crate(tmp_path / "root", DEPENDENCIES, license="ISC", LICENSE="Own\n")
    subprocess.run(["cargo", "generate-lockfile", "--offline", "--quiet"], cwd=root, check=True)
    return root


def list_parts(text: str) -> list[str]:
    """Return what the notices list as parts, without the standard library."""
    section = text.partition("licences that they state:\n\n")[2].partition("\n\n")[0]
    return [line.strip() for line in section.splitlines() if "Rust standard library" not in line]


@needs_cargo
def test_exactly_what_is_linked_is_listed(project: Path) -> None:
    linked = ["root 1.0.0: ISC", "bare 1.0.0: BSL-1.0 OR MIT", "indirect 1.0.0: Zlib", "linked 1.0.0: MIT"]
    assert list_parts(collect_notices(project, LINUX)) == linked
    assert list_parts(collect_notices(project, WINDOWS)) == [*linked, "only-windows 1.0.0: MIT"]


@needs_cargo
def test_each_text_appears_once_with_everything_that_has_it(project: Path) -> None:
    text = collect_notices(project, LINUX)
    rule = "=" * 80
    assert f"{rule}\nroot 1.0.0: LICENSE\n{'-' * 80}\n\nOwn\n" in text
    owners = f"{rule}\nindirect 1.0.0: UNLICENSE\nlinked 1.0.0: LICENSE\n{'-' * 80}\n\nPermission is granted\n\n"
    assert owners in text
    assert f"{rule}\nlinked 1.0.0: zlib/COPYING\n{'-' * 80}\n\nAltered\nversions\n\n" in text
    assert "license.rs" not in text
    assert str(project.parent) not in text


@needs_cargo
def test_the_same_sources_give_the_same_bytes(project: Path) -> None:
    assert collect_notices(project, LINUX) == collect_notices(project, LINUX)


@needs_cargo
def test_a_crate_without_a_text_refers_to_one_under_the_same_licence(project: Path) -> None:
    text = collect_notices(project, LINUX)
    assert "\n  bare 1.0.0: BSL-1.0 OR MIT, by A. Thor: see linked 1.0.0\n" in text


@pytest.mark.parametrize("expression", ["ISC AND MIT", "Apache-2.0", "not stated"])
def test_a_licence_whose_text_nothing_has_stops_the_build(expression: str) -> None:
    bare = Part(label="bare 1.0", expression=expression, texts={"LICENSE": ""})
    others = [Part(label=name, expression=name, texts={"LICENSE": name}) for name in ("ISC", "MIT", "not stated")]
    with pytest.raises(NoticesError, match=f"^bare 1.0: {expression}: its sources have no text of a licence"):
        render_notices(LINUX, [*others, bare, LIBRARY])


def test_the_standard_library_brings_its_notices(tmp_path: Path) -> None:
    folder = tmp_path / "rust"
    (folder / "licenses").mkdir(parents=True)
    (folder / "COPYRIGHT-library.html").write_text("<p>Under <b>MIT</b></p>", encoding="utf-8")
    for name in ("MIT", "GPL-2.0-only"):
        (folder / "licenses" / f"{name}.txt").write_text(f"Text of {name}\n", encoding="utf-8")
    part = read_standard_library(tmp_path, "1.2")
    assert part.texts == {"COPYRIGHT-library.html": "Under MIT", "MIT.txt": "Text of MIT"}


def test_debians_notices_count_too(tmp_path: Path) -> None:
    (tmp_path / "libstd-rust-web-dev").mkdir()
    (tmp_path / "libstd-rust-web-dev" / "copyright").write_text("Of Rust\n", encoding="utf-8")
    assert read_standard_library(tmp_path, "1.2").texts == {"copyright": "Of Rust"}


def test_a_standard_library_without_notices_is_named(tmp_path: Path) -> None:
    part = read_standard_library(tmp_path, "1.2")
    other = Part(label="own 1.0", expression="MIT", texts={"LICENSE": "Own"})
    text = render_notices(LINUX, [other, part])
    reference = "Rust standard library 1.2: Apache-2.0 OR MIT, by The Rust Project Developers: see own 1.0"
    assert f"\n  {reference}\n" in text


def test_a_page_becomes_a_text() -> None:
    page = "<title>T</title>\n<h1>Of\n  all</h1><p><b>By:</b> me &amp; you</p><pre>a\n  b\n\n\nc</pre><li>one<li>two"
    assert render_page(page) == "T\n\nOf all\n\nBy: me & you\n\na\n  b\n\nc\none\ntwo"


def digest(data: bytes) -> str:
    """Write a digest as in RECORD."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a wheel as maturin makes them."""
    path = tmp_path / "cs_template-1.2-py3-none-win_amd64.whl"
    files = {
        "cs_template-1.2.data/scripts/cs-template.exe": b"MZ",
        f"{INFO}/METADATA": b"Metadata-Version: 2.4\nName: cs-template\nLicense-File: LICENSE\n\nText\n",
        f"{INFO}/licenses/LICENSE": b"Own\n",
    }
    rows = "".join(f"{name},{digest(data)},{len(data)}\n" for name, data in files.items())
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**files, f"{INFO}/RECORD": f"{rows}{INFO}/RECORD,,\n".encode()}.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if "scripts" in name else 0o100644) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return path


def test_the_wheel_has_the_notices_as_a_licence_file(wheel: Path) -> None:
    add_notices(wheel, "Texts\n")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{INFO}/licenses/{NOTICES_NAME}") == b"Texts\n"
        assert (
            f"License-File: LICENSE\nLicense-File: {NOTICES_NAME}\n\nText" in archive.read(f"{INFO}/METADATA").decode()
        )
        *rows, last = archive.read(f"{INFO}/RECORD").decode().splitlines()
        names = [name for name in archive.namelist() if not name.endswith("/RECORD")]
        expected = [f"{name},{digest(archive.read(name))},{len(archive.read(name))}" for name in names]
        assert (sorted(rows), last) == (sorted(expected), f"{INFO}/RECORD,,")
        modes = {entry.external_attr >> 16 for entry in archive.infolist() if "scripts" not in entry.filename}
        assert modes == {0o100644}
    assert list(wheel.parent.iterdir()) == [wheel]


def test_a_portable_wheel_has_them_too(wheel: Path) -> None:
    add_notices(wheel, "Texts\n")
    with zipfile.ZipFile(make_portable(wheel, wheel.parent)) as archive:
        assert archive.read(f"cs_template_win_64-1.2.dist-info/licenses/{NOTICES_NAME}") == b"Texts\n"


def test_a_wheel_without_a_licence_of_its_own_is_refused(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("METADATA", "RECORD"):
            archive.writestr(f"{INFO}/{name}", "Name: cs-template\n")
    with pytest.raises(NoticesError, match="the wheel has no licence of its own"):
        add_notices(wheel, "Texts\n")
    assert list(wheel.parent.iterdir()) == [wheel]

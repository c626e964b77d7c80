"""No staged file names a place, a person or a secret of the machine that built it, whatever the inputs are.

The law: every input that can have local paths or credentials has some, and no byte that is staged has any of them, in
whatever is packed into whatever. An input with a secret that would ship is refused instead.
"""

from __future__ import annotations

import base64
import bz2
import contextlib
import hashlib
import io
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard
from python_projects import PythonProject

from cli_keys import make_key, write_key
from cli_projects import add_pypi, use_own_python
from cli_samples import Cs, Workspace, info_files, make_conda, make_wheel, wheel_files

SECRET = "s3kr1t-t0k3n"
HOME, USER, HOST = "home-of-jane", "user-jane-doe", "host-of-jane"
URL = f"https://{USER}:{SECRET}@private.example/t/{SECRET}/channel"
_ZSTD, _ZIP, _BZ2 = b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh"


def unpack(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield data and everything that is packed into it: zstd, bzip2, tars, zips and the payload of an envelope."""
    yield data
    if depth > 6:
        return
    inner = [*_unpack_zstd(data), *_unpack_zip(data), *_unpack_tar(data), *_unpack_payload(data)]
    if data.startswith(_BZ2):
        inner.append(bz2.decompress(data))
    for one in inner:
        yield from unpack(one, depth + 1)


def _unpack_zstd(data: bytes) -> Iterator[bytes]:
    at = data.find(_ZSTD)
    while at >= 0:
        with contextlib.suppress(zstandard.ZstdError):  # four bytes that happen to be the same
            yield zstandard.ZstdDecompressor().stream_reader(data[at:]).read(1 << 26)
        at = data.find(_ZSTD, at + 1)


def _unpack_zip(data: bytes) -> Iterator[bytes]:
    if data.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            yield from map(container.read, container.namelist())


def _unpack_tar(data: bytes) -> Iterator[bytes]:
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                if member.isreg() and (file := tar.extractfile(member)) is not None:
                    yield file.read()


def _unpack_payload(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"{"):
        document = json.loads(data)
        if isinstance(document, dict) and isinstance(document.get("payload"), str):
            yield base64.b64decode(document["payload"])


def spell(text: str) -> set[bytes]:
    """Return a text in the forms in which a file can have it."""
    return {text.encode(), text.encode("utf-16-le"), quote(text, safe="").encode(), base64.b64encode(text.encode())}


def find_leaks(directory: Path, texts: list[str]) -> set[tuple[str, str]]:
    """Return the names of files with the texts that are in them."""
    return {
        (path.name, text)
        for path in directory.iterdir()
        for blob in unpack(path.read_bytes())
        for text in texts
        if any(form in blob for form in spell(text))
    }


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the environment be full of them, and return what must not be staged."""
    (tmp_path / HOME).mkdir(exist_ok=True)
    (tmp_path / HOME / ".netrc").write_text(f"machine private.example login {USER} password {SECRET}\n")
    (tmp_path / "auth.json").write_text(json.dumps({"private.example": {"BearerToken": SECRET}}))
    for name, value in {
        "HOME": str(tmp_path / HOME),
        "USER": USER,
        "LOGNAME": USER,
        "USERNAME": USER,
        "HOSTNAME": HOST,
        "PIP_INDEX_URL": f"https://{USER}:{SECRET}@index.example/simple",
        "CONDA_TOKEN": SECRET,
        "CONDA_SHIP_SIGN_PASSPHRASE": SECRET,
        "RATTLER_AUTH_FILE": str(tmp_path / "auth.json"),
        "GIT_AUTHOR_NAME": USER,
        "GIT_AUTHOR_EMAIL": f"{USER}@{HOST}",
        "GIT_COMMITTER_NAME": USER,
        "GIT_COMMITTER_EMAIL": f"{USER}@{HOST}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("platform.node", lambda: HOST)
    monkeypatch.setattr("socket.gethostname", lambda: HOST)
    return [str(tmp_path), tmp_path.name, HOME, USER, HOST, SECRET]


@pytest.fixture
def full_workspace(workspace: Workspace, tmp_path: Path, offline_pip: None) -> Path:
    """Return a workspace with an input of each kind."""
    use_own_python(workspace)
    records = workspace.environments["ship"]["linux-64"]
    shelf = tmp_path / HOME / "shelf"
    records.append(_add_archive(shelf))
    wheel = make_wheel(
        shelf / "demo-1.0-py3-none-any.whl",
        wheel_files({"demo.py": b"", "demo-1.0.dist-info/licenses/LICENSE": b"mine"}, headers="License: MIT\n"),
    )
    add_pypi(workspace, wheel.as_uri(), "demo", version="1.0", sha256=_hash(wheel))
    add_pypi(
        workspace, "https://files.pythonhosted.org/six-1.0-py3-none-any.whl", "six", version="1.0", sha256="a" * 64
    )
    add_pypi(workspace, "./tool", "tool")
    add_pypi(workspace, "./other", "other")
    make_wheel(
        tmp_path / HOME / "folder" / "other-1.0-py3-none-any.whl",
        wheel_files({"other.py": b""}, name="other"),
    )
    workspace.ship["archives"] = json.dumps(str(tmp_path / HOME / "folder"))
    workspace.ship["condarc-file"] = '"demo.condarc"'
    workspace.write()
    (workspace.directory / "demo.condarc").write_text("channels: [conda-forge]\n")
    PythonProject().write(workspace.directory / "tool")
    PythonProject(name="other", version="1.0").write(workspace.directory / "other")
    return workspace.directory


def _add_archive(shelf: Path) -> dict[str, object]:
    path = shelf / "linux-64" / "localone-1.0-0.conda"
    files = {"bin/localone": b"#!"}
    index = {"name": "localone", "version": "1.0", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": []}
    make_conda(path, {**info_files(files), "info/index.json": json.dumps(index).encode()}, files)
    return {"conda": path.as_uri(), "sha256": _hash(path), "depends": [], "size": path.stat().st_size}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def commit(workspace: Path) -> None:
    """Put a workspace under version control, with a remote that has credentials."""
    for words in (
        ("init", "-q"),
        ("remote", "add", "origin", f"https://{USER}:{SECRET}@git.example/demo.git"),
        ("add", "."),
        ("commit", "-q", "-m", f"by {USER}"),
    ):
        subprocess.run(["git", *words], cwd=workspace, check=True)


@pytest.mark.tools("git")
@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
def test_no_staged_byte_says_where_it_was_built_or_by_whom(
    layout: str, full_workspace: Path, template: Path, cs: Cs, texts: list[str], tmp_path: Path
) -> None:
    commit(full_workspace)
    words = ["--exclude", "six"] if layout != "online" else []
    key = write_key(tmp_path / HOME / "key.pem", make_key(), passphrase=SECRET.encode())
    words += ["--sbom", "spdx", "--sign", str(key), "--manifest", str(full_workspace / "conda.toml")]
    outcome = cs("build", "--layout", layout, *words)
    assert outcome.status == 0, outcome.err
    listed = next(Path("dist").glob("*.packages.txt")).read_text()
    assert all(f"\t./{name}-" in listed for name in ("localone", "demo", "tool", "other"))
    assert find_leaks(Path("dist"), texts) == set()


PLACES = {
    "channel of the manifest": ("conda.toml", "channels = [", f'channels = ["{URL}", '),
    "requested spec": ("conda.toml", 'python = "*"', f'python = {{ version = "*", channel = "{URL}" }}'),
    "address in the lock": ("conda.lock", "- conda: file://", f"- conda: {URL}/linux-64/x?"),
    "channel in the lock": ("conda.lock", "- url: file://", f"- url: {URL}#"),
    "dependency in the lock": ("conda.lock", "depends: []", f"depends: ['python[channel=\"{URL}\"]']"),
    "address of documentation": ("conda.toml", 'delegate = "python"', f'delegate = "python"\ndocs-url = "{URL}"'),
    "condarc": ("demo.condarc", "channels: [conda-forge]", f"channels: [{URL}]"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("layout", ["online", "embedded"])
def test_an_input_with_a_secret_is_refused_or_does_not_ship_it(
    place: str, layout: str, workspace: Workspace, template: Path, cs: Cs, texts: list[str]
) -> None:
    workspace.ship["condarc-file"] = '"demo.condarc"'
    workspace.write()
    Path("demo.condarc").write_text("channels: [conda-forge]\n")
    name, old, new = PLACES[place]
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))
    outcome = cs("build", "--layout", layout, "--sbom", "spdx")
    assert SECRET not in outcome.out + outcome.err
    if outcome.status == 0:
        assert find_leaks(Path("dist"), texts) == set()
    else:
        assert not Path("dist").exists()


def test_the_search_finds_what_is_packed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = make_conda(tmp_path / "x-1-0.conda", {}, {"f": SECRET.encode()})
    packed = zstandard.compress(path.read_bytes())
    (tmp_path / "a" / "file").write_bytes(b"something " + packed)
    (tmp_path / "a" / "file.json").write_text(json.dumps({"payload": base64.b64encode(USER.encode()).decode()}))
    assert find_leaks(tmp_path / "a", [SECRET, USER, HOST]) == {("file", SECRET), ("file.json", USER)}

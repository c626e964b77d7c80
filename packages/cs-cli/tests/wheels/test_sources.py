"""Wheels of other people's source: sdists, git repositories, source packages of conda."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from python_projects import PythonProject
from repositories import commit_all, git

from cli_projects import add_pypi, use_own_python
from cli_samples import Cs, Workspace, info_files, make_conda
from cs_stamp import Plan, read_stamp

Built = Callable[..., Plan]


@pytest.fixture
def workshop(workspace: Workspace, template: Path, offline_pip: None, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace whose environment has Python alone, and in which everything may be built."""
    monkeypatch.setattr("cs_cli.building.machine._plan_conda", lambda *_: None)
    use_own_python(workspace)
    workspace.ship["build-wheels"] = '"all"'
    return workspace


@pytest.fixture
def built(workshop: Workspace, cs: Cs) -> Built:
    """Build a workspace and return the runtime's plan."""

    def build(*words: str) -> Plan:
        workshop.write()
        outcome = cs("build", *words)
        assert outcome.status == 0, outcome.err
        with read_stamp(Path("dist/demoz")) as stamp:
            return stamp.read_plan()

    return build


def list_dependencies(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what provenance says that a build read."""
    found: list[dict[str, Any]] = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return found


def list_files(directory: Path) -> dict[str, bytes]:
    """Return the files below a directory."""
    found = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in found}


def make_sdist(path: Path, files: Mapping[str, bytes], top: str = "tool-1.5/") -> str:
    """Write an sdist and return its digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(f"{top}{name}", data)
    else:
        with tarfile.open(path, "w:gz") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(f"{top}{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Return a function that serves a directory on this machine, and returns its address."""
    with contextlib.ExitStack() as stack:

        def start(directory: Path) -> str:
            handler = functools.partial(QuietHandler, directory=str(directory))
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of a request."""


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, bytes]:
    """Return the files of a project."""
    return list_files(PythonProject().write(tmp_path / "elsewhere"))


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
@pytest.mark.parametrize("top", ["tool-1.5/", ""])
def test_an_sdist_is_built_into_a_wheel(
    workshop: Workspace, built: Built, sources: dict[str, bytes], suffix: str, top: str
) -> None:
    sha256 = make_sdist(Path(f"tool-1.5{suffix}"), sources, top)
    add_pypi(workshop, f"./tool-1.5{suffix}", "tool", version="1.5", sha256=sha256)
    wheel = built().wheels[0]
    assert (wheel.name, wheel.version, wheel.url, wheel.direct_url) == ("tool", "1.5", None, None)


def test_another_sdist_than_the_locked_one_is_refused_before_it_is_unpacked(
    workshop: Workspace, cs: Cs, sources: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sdist(Path("tool-1.5.tar.gz"), sources)
    add_pypi(workshop, "./tool-1.5.tar.gz", "tool", version="1.5", sha256="0" * 64)
    workshop.write()
    monkeypatch.setattr("cs_cli.wheels.sources._extract", None)
    outcome = cs("build", "--error-format", "json")
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "sha256-mismatch"


def test_an_sdist_from_the_network_needs_a_digest(workshop: Workspace, cs: Cs) -> None:
    add_pypi(workshop, "https://example.com/tool-1.5.tar.gz", "tool", version="1.5")
    workshop.write()
    outcome = cs("build", "--error-format", "json")
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "missing-sha256"


def test_an_sdist_that_leads_out_of_itself_is_refused(workshop: Workspace, cs: Cs, tmp_path: Path) -> None:
    sha256 = make_sdist(Path("tool-1.5.tar.gz"), {"../../../evil": b""})
    add_pypi(workshop, "./tool-1.5.tar.gz", "tool", version="1.5", sha256=sha256)
    workshop.write()
    outcome = cs("build", "--error-format", "json")
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "archive-damaged"
    assert not list(tmp_path.rglob("evil"))


def test_an_sdist_that_unpacks_to_too_much_is_refused(
    workshop: Workspace, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cs_cli.wheels.sources.most_bytes", lambda _: 100)
    sha256 = make_sdist(Path("tool-1.5.tar.gz"), {"big": b"x" * 101})
    add_pypi(workshop, "./tool-1.5.tar.gz", "tool", version="1.5", sha256=sha256)
    workshop.write()
    outcome = cs("build")
    assert outcome.status == 1
    assert "it unpacks to too many files, or too large ones" in outcome.err


def make_outer_repository(directory: Path) -> Path:
    """Make the sources in ``elsewhere`` a submodule of another repository, and return that one."""
    inner, outer = directory / "elsewhere", directory / "outer"
    outer.mkdir()
    commit_all(inner)
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.as_uri(), "sub")
    git(outer, "commit", "-qm", "two")
    return outer


@pytest.mark.tools("git")
def test_a_repository_is_built_at_its_commit(workshop: Workspace, built: Built, tmp_path: Path) -> None:
    repository = PythonProject(version="1.5").write(tmp_path / "repository" / "sub").parent
    commit = commit_all(repository)
    PythonProject(version="2.0").write(repository / "sub")
    git(repository, "commit", "-qam", "two")
    add_pypi(workshop, f"git+{repository.as_uri()}?subdirectory=sub#{commit}", "tool", version="9")
    assert built().wheels[0].version == "1.5"
    (info,) = Path("dist").glob("*.info.json")
    assert json.loads(info.read_bytes())["local_archives"][0]["source"]["location"] == "repository"
    statement = json.loads(Path("dist/demoz.provenance.json").read_bytes())
    (source,) = [one for one in list_dependencies(statement) if one["annotations"]["role"] == "source"]
    assert (source["name"], source["digest"]) == ("pypi:tool", {"gitCommit": commit})
    assert source["annotations"]["builds"]["name"] == "tool-1.5-py3-none-any.whl"
    assert "uri" not in source  # it is of this machine
    for path in Path("dist").glob("*.json"):
        assert quote(str(repository), safe="") not in quote(path.read_text(), safe="")


@pytest.mark.tools("git")
def test_submodules_are_checked_out(
    workshop: Workspace, built: Built, sources: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    outer = make_outer_repository(tmp_path)
    add_pypi(
        workshop, f"git+{outer.as_uri()}?subdirectory=sub#{git(outer, 'rev-parse', 'HEAD')}", "tool", version="1.5"
    )
    assert built().wheels[0].name == "tool"


@pytest.mark.tools("git")
def test_a_repository_of_the_network_reads_none_of_this_machine(
    workshop: Workspace, cs: Cs, serve: Callable[[Path], str], sources: dict[str, bytes], tmp_path: Path
) -> None:
    outer = make_outer_repository(tmp_path)
    git(outer, "update-server-info")
    add_pypi(
        workshop,
        f"git+{serve(outer)}/.git?subdirectory=sub#{git(outer, 'rev-parse', 'HEAD')}",
        "tool",
        version="1.5",
    )
    workshop.write()
    outcome = cs("build")
    assert outcome.status == 1
    assert "transport 'file' not allowed" in outcome.err


@pytest.mark.tools("git")
@pytest.mark.parametrize("is_submodule", [False, True])
def test_an_address_that_is_a_command_is_not_run(
    is_submodule: bool, workshop: Workspace, cs: Cs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:file")
    mark, program = tmp_path / "mark", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    location, commit = f"ext::{program}", "a" * 40
    if is_submodule:
        outer = tmp_path / "outer"
        outer.mkdir()
        git(outer, "init", "-q")
        (outer / ".gitmodules").write_text(f'[submodule "s"]\n\tpath = sub\n\turl = {location}\n')
        git(outer, "add", ".")
        git(outer, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
        git(outer, "commit", "-qm", "one")
        location, commit = outer.as_uri(), git(outer, "rev-parse", "HEAD")
    add_pypi(workshop, f"git+{location}#{commit}", "tool", version="1")
    workshop.write()
    outcome = cs("build")
    assert outcome.status == 1
    assert "tool: git failed: fatal: transport 'ext' not allowed" in outcome.err
    assert not mark.exists()


@pytest.mark.tools("git")
def test_a_repository_that_cannot_be_cloned_says_why(workshop: Workspace, cs: Cs, tmp_path: Path) -> None:
    add_pypi(workshop, f"git+{(tmp_path / 'missing').as_uri()}#{'a' * 40}", "tool", version="1")
    workshop.write()
    outcome = cs("build")
    assert outcome.status == 1
    assert "tool: git failed: " in outcome.err


@pytest.mark.parametrize(
    ("names", "hint"), [(["one"], "put a matching wheel"), (["one", "two"], "put matching wheels")]
)
def test_the_way_out_is_right_for_one_package_and_for_several(
    workshop: Workspace, cs: Cs, names: list[str], hint: str
) -> None:
    for name in names:
        add_pypi(workshop, f"https://example.com/{name}-1.5.tar.gz", name, version="1.5", sha256="0" * 64)
    del workshop.ship["build-wheels"]
    workshop.write()
    ways = f'{hint} into a directory, and set `archives = "DIR"`, or set `build-wheels = "all"`'
    for outcome in (cs("inspect"), cs("build", "--dry-run")):
        assert outcome.status == 1
        assert f"  hint: {ways}\n" in outcome.out + outcome.err


@pytest.mark.parametrize("kind", ["sdist", "git"])
def test_others_source_is_built_only_on_request(workshop: Workspace, cs: Cs, kind: str) -> None:
    locations = {"sdist": "https://example.com/tool-1.5.tar.gz", "git": f"git+https://example.com/tool#{'a' * 40}"}
    add_pypi(workshop, locations[kind], "tool", version="1.5", sha256="0" * 64)
    del workshop.ship["build-wheels"]
    workshop.write()
    outcome = cs("build", "--error-format", "json")
    error = json.loads(outcome.err.splitlines()[-1])
    assert error["kind"] == "pypi-source"
    assert 'build-wheels = "all"' in error["hint"]
    assert "exclude" not in error["hint"]


def make_archive(path: Path, name: str, *depends: str, subdir: str = "linux-64") -> None:
    """Write a conda package with an index."""
    index = {"name": name, "version": "2.0", "build": "0", "build_number": 0, "subdir": subdir}
    document = json.dumps({**index, "depends": list(depends), "license": "MIT"}).encode()
    make_conda(path, {**info_files({"bin/native": b"x"}), "info/index.json": document}, {"bin/native": b"x"})


@pytest.fixture
def source_package(workshop: Workspace) -> Workspace:
    """Let the environment need a conda package that the lock knows only as source."""
    workshop.environments["ship"]["linux-64"].append({"conda": "./native", "name": "native", "depends": ["python"]})
    return workshop


def test_a_conda_archive_stands_for_a_source_package(source_package: Workspace, built: Built) -> None:
    make_archive(Path("pkgs/native-2.0-0.conda"), "native", "python >=3")
    make_archive(Path("pkgs/native-2.0-win.conda"), "native", subdir="win-64")
    package = next(one for one in built("--archives", "pkgs").packages if one.name == "native")
    assert (package.file_name, package.version, package.url) == ("native-2.0-0.conda", "2.0", None)
    (document,) = Path("dist").glob("*.cdx.json")
    component = next(one for one in json.loads(document.read_bytes())["components"] if one["name"] == "native")
    assert {"name": "cs:source", "value": "file:pkgs/native-2.0-0.conda"} in component["properties"]


def test_other_dependencies_than_the_locked_ones_are_a_warning(source_package: Workspace, cs: Cs) -> None:
    make_archive(Path("pkgs/native-2.0-0.conda"), "native")
    source_package.write()
    outcome = cs("build", "--archives", "pkgs")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("native-2.0-0.conda does not need python, although the lock says so") == 1
    assert "native-2.0-0.conda does not need python" in cs("inspect", "--json", "--archives", "pkgs").out


def test_a_source_package_without_an_archive_says_how_to_make_one(source_package: Workspace, cs: Cs) -> None:
    source_package.write()
    outcome = cs("build", "--error-format", "json")
    error = json.loads(outcome.err.splitlines()[-1])
    assert error["kind"] == "missing-archive"
    assert "pixi publish --target-dir DIR --path ./native" in error["hint"]


def test_an_archive_made_for_another_environment_is_refused(source_package: Workspace, cs: Cs) -> None:
    make_archive(Path("pkgs/native-2.0-0.conda"), "native", "numpy")
    source_package.write()
    outcome = cs("build", "--archives", "pkgs", "--error-format", "json")
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "missing-dependency"
    assert "building" not in outcome.err
    assert cs("inspect", "--archives", "pkgs").status == 1

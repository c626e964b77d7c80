"""Compiled modules of noarch packages: left to Python, made at the first run, or brought along."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.channel.crafted import Archive, write_channel
from support.channel.host_python import SITE_PACKAGES
from support.channel.pieces import noarch_python, plain
from support.commands import SCRIPTS, Home, run_command
from support.servers import serve
from support.tested_platform import PLATFORM
from support.workspaces import Workspace

TAG = sys.implementation.cache_tag
COMPILED = ("bootstrap", "shipped")

MODULES = {
    "__init__": "",
    "raises": "def fail():\n    raise RuntimeError('here')\n",
    "warns": 'pattern = "\\d"\nassert (1, "always true")\n',
    "ünïcode": "# -*- coding: utf-8 -*-\nvalue = 'grüße'\n",
    "replaced": "value = 'first'\n",
    "brought": "value = 'source'\n",
}
BROKEN = {
    "python2": b"print 'x'\n",
    "encoding": b"# -*- coding: nonsense -*-\n",
    "bytes": b"value = '\xff'\n",
    "nul": b"value = 1\0\n",
    "deep": b"(" * 10_000 + b")" * 10_000,
    "template": b"import {{ module }}\n",
}
OWN_BYTECODE = b"this package has brought its own, right or wrong"

LOOK = """
import importlib.machinery, importlib.util, json, pathlib, struct, sys, types
prefix, names = sys.argv[1], json.load(sys.stdin)
def same(one, other):
    if one.co_code != other.co_code or one.co_filename != other.co_filename: return False
    pairs = zip([c for c in one.co_consts if isinstance(c, types.CodeType)],
                [c for c in other.co_consts if isinstance(c, types.CodeType)])
    return all(same(a, b) for a, b in pairs)
import marshal, warnings
warnings.simplefilter("ignore")
report = {}
for name in names:
    path = f"{prefix}/{name}"
    source = pathlib.Path(path).read_bytes()
    compiled = pathlib.Path(importlib.util.cache_from_source(path))
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except Exception as error:
        report[name] = "left out" if not compiled.exists() else "compiled, but it cannot be"
        continue
    if not compiled.exists():
        report[name] = "missing"
        continue
    data = compiled.read_bytes()
    magic, flags, digest = data[:4], struct.unpack("<I", data[4:8])[0], data[8:16]
    if magic != importlib.util.MAGIC_NUMBER: report[name] = "not of this Python"
    elif flags != 1: report[name] = f"flags {flags}"
    elif digest != importlib.util.source_hash(source): report[name] = "not of this source"
    else:
        loader = importlib.machinery.SourceFileLoader("x", path)
        report[name] = "current" if same(loader.get_code("x"), code) else "other code"
print(json.dumps(report))
"""
"""Runs in the prefix's Python: what Python would find, module by module."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """An installed prefix, and the home of its user."""

    home: Home
    runtime: Path

    @property
    def path(self) -> Path:
        return self.home.prefix

    def records(self) -> dict[str, dict[str, Any]]:
        """Records of the noarch python packages by name."""
        records = [json.loads(path.read_bytes()) for path in (self.path / "conda-meta").glob("*.json")]
        return {record["name"]: record for record in records if record.get("noarch") == "python"}

    def modules(self) -> list[str]:
        """Modules of noarch python packages, relative to the prefix."""
        files = [path for record in self.records().values() for path in record["files"]]
        return sorted(path for path in files if path.endswith(".py") and path.startswith(SITE_PACKAGES))

    def compiled(self) -> dict[str, str]:
        """SHA-256 of every compiled module below site-packages, by its path."""
        return {
            path.relative_to(self.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.path / SITE_PACKAGES).rglob("*.pyc")
        }


@pytest.fixture(scope="module")
def odd_records(
    channel_directory: Path, records: list[dict[str, Any]], fast_directory: Path
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """URL and records of a channel with the tiny channel's packages, and with packages of odd modules."""
    directory = fast_directory / "odd-channel"
    for record in records:
        target = directory / record["subdir"] / record["fn"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((channel_directory / record["subdir"] / record["fn"]).read_bytes())
    extra = write_channel([odd(), rival()], directory)
    with serve(directory) as server:
        moved = [
            {**one, "url": f"{server.url}/{one['subdir']}/{one['fn']}", "channel": server.url}
            for one in [*records, *extra]
        ]
        yield server.url, sorted(moved, key=lambda record: str(record["name"]))


def odd() -> Archive:
    """A noarch package with modules that do not compile, and with bytecode of its own."""
    root = "site-packages/odd"
    entries = [plain(f"{root}/{name}.py", text) for name, text in MODULES.items()]
    entries += [plain(f"{root}/{name}.py", content) for name, content in BROKEN.items()]
    entries += [plain(f"{root}/__pycache__/brought.{TAG}.pyc", OWN_BYTECODE), plain(f"{root}/data.py.txt", "no module")]
    entries += [plain("python-scripts/odd-script.py", "print('not in site-packages')\n", executable=True)]
    return Archive(package=noarch_python("odd", entries))


def rival() -> Archive:
    """A noarch package that replaces a module of the other one."""
    replaced = plain("site-packages/odd/replaced.py", "value = 'second'\n")
    return Archive(package=noarch_python("odd-rival", [replaced], "odd"), suffix=".tar.bz2")


@pytest.fixture(scope="module")
def build(
    odd_records: tuple[str, list[dict[str, Any]]], fast_directory: Path, cache_directory: Path
) -> Callable[..., Path]:
    """Build a runtime with the installed ``cs``."""
    url, records = odd_records

    def make(mode: str, name: str, **environment: str) -> Path:
        directory = fast_directory / "bytecode" / name
        ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"', "layout": '"embedded"'}
        names = (
            "odd-rival",
            *(str(record["name"]) for record in records if record["name"] in ("click", "jinja2", "cowsay")),
        )
        workspace = Workspace(directory=directory, specs=names, channel_url=url, ship={**ship, "bytecode": f'"{mode}"'})
        workspace.write({"ship": {PLATFORM: records}})
        settings = {**os.environ, "CONDA_SHIP_CACHE_DIR": str(cache_directory), **environment}
        completed = run_command([SCRIPTS / "cs", "build", "-q"], cwd=directory, env=settings)
        assert completed.returncode == 0, completed.stderr
        return directory / "dist" / "demoz"

    return make


@pytest.fixture(scope="module")
def installed(build: Callable[..., Path], fast_directory: Path) -> Callable[[str], Prefix]:
    """Install with one of the settings, once for all tests; ``PYTHONDONTWRITEBYTECODE`` is set and must not matter."""
    prefixes: dict[str, Prefix] = {}

    def install(mode: str) -> Prefix:
        if mode not in prefixes:
            directory = fast_directory / f"home-{mode}"
            directory.mkdir()
            home = Home(directory, {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "/nowhere", "PYTHONHASHSEED": "7"})
            runtime = build(mode, mode, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="random")
            completed = home.run(runtime, "bootstrap")
            assert completed.returncode == 0, completed.stderr
            home.extra.clear()
            prefixes[mode] = Prefix(home, runtime)
        return prefixes[mode]

    return install


def test_on_import_leaves_compiling_to_python(installed: Callable[[str], Prefix]) -> None:
    prefix = installed("on-import")
    compiled = {path for record in prefix.records().values() for path in record["files"] if path.endswith(".pyc")}
    assert compiled == {f"{SITE_PACKAGES}/odd/__pycache__/brought.{TAG}.pyc"}
    assert prefix.home.run(prefix.runtime, "-c", "import cowsay").returncode == 0
    assert (prefix.path / SITE_PACKAGES / "cowsay" / "__pycache__" / f"__init__.{TAG}.pyc").is_file()


@pytest.mark.parametrize("mode", COMPILED)
def test_nothing_is_left_to_compile(mode: str, installed: Callable[[str], Prefix]) -> None:
    """All that ``python -m compileall`` makes is there and right; it takes hash-based files for stale itself."""
    prefix = installed(mode)
    modules = prefix.modules()
    completed = prefix.home.run(
        prefix.path / "bin" / "python", "-I", "-B", "-c", LOOK, prefix.path, stdin=None, input=json.dumps(modules)
    )
    assert completed.returncode == 0, completed.stderr
    report: dict[str, str] = json.loads(completed.stdout)
    inside = f"{SITE_PACKAGES}/odd"
    own = report.pop(f"{inside}/brought.py")
    assert own == "not of this Python"
    assert {name for name, state in report.items() if state == "left out"} == {f"{inside}/{name}.py" for name in BROKEN}
    assert set(report.values()) == {"current", "left out"}
    assert len(report) > 50


@pytest.mark.parametrize("mode", COMPILED)
def test_records_list_the_compiled_modules(mode: str, installed: Callable[[str], Prefix]) -> None:
    prefix = installed(mode)
    listed = {}
    for name, record in prefix.records().items():
        kinds = {path["_path"]: path["path_type"] for path in record["paths_data"]["paths"]}
        assert sorted(kinds) == sorted(record["files"])
        listed.update({path: (name, kind) for path, kind in kinds.items() if path.endswith(".pyc")})
    assert listed.keys() == {path for path in prefix.compiled() if path in listed or "/markupsafe/" not in path}
    assert listed.pop(f"{SITE_PACKAGES}/odd/__pycache__/brought.{TAG}.pyc") == ("odd", "hardlink")
    assert {kind for _, kind in listed.values()} == {"pyc_file"}
    assert listed[f"{SITE_PACKAGES}/odd/__pycache__/replaced.{TAG}.pyc"][0] == "odd-rival"


@pytest.mark.parametrize("mode", COMPILED)
def test_python_uses_them_and_writes_no_others(mode: str, installed: Callable[[str], Prefix]) -> None:
    prefix = installed(mode)
    before = prefix.compiled()
    program = "import click, jinja2, cowsay, odd.warns, odd.replaced, odd.ünïcode; print(odd.replaced.value)"
    completed = prefix.home.run(prefix.runtime, "--", "-v", "-c", program)
    assert completed.stdout == "second\n", completed.stderr[-2000:]
    assert prefix.compiled() == before
    wrote = [line for line in completed.stderr.splitlines() if "wrote" in line and SITE_PACKAGES in line]
    assert wrote == []
    assert f"code object from '{prefix.path}/{SITE_PACKAGES}/jinja2/__pycache__/__init__.{TAG}.pyc'" in completed.stderr


@pytest.mark.parametrize("mode", COMPILED)
def test_tracebacks_name_the_file_in_the_prefix(mode: str, installed: Callable[[str], Prefix]) -> None:
    prefix = installed(mode)
    completed = prefix.home.run(prefix.runtime, "-c", "import odd.raises; odd.raises.fail()")
    assert f'File "{prefix.path}/{SITE_PACKAGES}/odd/raises.py", line 2, in fail' in completed.stderr
    assert "raise RuntimeError('here')" in completed.stderr


@pytest.mark.parametrize("mode", COMPILED)
def test_a_package_keeps_the_bytecode_that_it_brought(mode: str, installed: Callable[[str], Prefix]) -> None:
    path = installed(mode).path / SITE_PACKAGES / "odd" / "__pycache__" / f"brought.{TAG}.pyc"
    assert path.read_bytes() == OWN_BYTECODE


@pytest.mark.parametrize("mode", COMPILED)
def test_no_trace_of_the_staging_directory_is_left(mode: str, installed: Callable[[str], Prefix]) -> None:
    prefix = installed(mode)
    for path in (prefix.path / SITE_PACKAGES).rglob("*.pyc"):
        content = path.read_bytes()
        assert b".staging" not in content, path
        assert b"cs-bytecode" not in content, path


def test_two_builds_of_shipped_bytecode_are_the_same(
    build: Callable[..., Path], installed: Callable[[str], Prefix]
) -> None:
    first = installed("shipped").runtime
    second = build("shipped", "again", PYTHONHASHSEED="1", TMPDIR=str(first.parent.parent))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.tools("strace")
def test_shipped_modules_are_there_before_any_python_has_run(
    installed: Callable[[str], Prefix], tmp_path: Path
) -> None:
    """The runtime puts them in place; the prefix's Python is not started."""
    prefix = installed("shipped")
    home = tmp_path / "home"
    home.mkdir()
    trace = tmp_path / "trace"
    user = Home(home)
    completed = user.run("strace", "-f", "-e", "trace=execve", "-o", trace, prefix.runtime, "-q", "bootstrap")
    assert completed.returncode == 0, completed.stderr
    assert "/bin/python" not in trace.read_text()
    assert Prefix(user, prefix.runtime).compiled() == {
        path: digest for path, digest in prefix.compiled().items() if path.startswith(SITE_PACKAGES)
    }

"""The same project as a conda package and as a wheel, and projects that are built in other ways."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

import pytest
from python_projects import PythonProject

from support.channel.archive import Entry, Package, write_package
from support.channel.host_python import SHORT
from support.channel.index import hash_file
from support.channel.locks import SourceEntry
from support.channel.wheels import pack_wheels
from support.commands import Home
from support.inspection import read_records
from support.pypi.bench import Bench, assert_what_was_planned, list_distributions, list_planned
from support.pypi.crafting import Member, Recipe
from support.tested_platform import FOR_THIS_MACHINE

pytestmark = pytest.mark.only(FOR_THIS_MACHINE, "projects are built in its Python")

MODULE = b"from importlib.metadata import version\n\n\ndef main():\n    print('mytool', version('mytool'))\n"


def pack_conda(bench: Bench) -> dict[str, Any]:
    """Make the tool, version 1.0, a conda package in an archive folder, and return what a workspace needs for it."""
    recipe = Recipe(
        name="mytool",
        files=(Member("mytool/__init__.py", MODULE), Member("mytool/only_conda.py", b"")),
        metadata={"entry_points.txt": b"[console_scripts]\nmytool = mytool:main\n"},
    )
    wheels = bench.directory / "wheels"
    wheels.mkdir()
    (package,) = pack_wheels([recipe.write(wheels)], bench.directory / "packing")
    write_package(package, bench.directory / "shelf")
    source = SourceEntry(
        name="mytool", version="1.0", build=package.build, subdir="noarch", path="./recipe", depends=["python"]
    )
    return {"more": [source], "archives": f'"{bench.directory / "shelf" / "noarch"}"'}


def build_conda(bench: Bench, name: str, **settings: Any) -> Path:
    """Build a runtime whose tool, version 1.0, is a conda package."""
    return bench.build(name, delegate='"mytool"', **pack_conda(bench), **settings)


def build_wheel(bench: Bench, name: str, **settings: Any) -> Path:
    """Build a runtime whose tool, version 2.0, is the workspace's own project."""
    project = PythonProject(name="mytool", version="2.0")
    return bench.build(name, project=project, delegate='"mytool"', **settings)


@pytest.mark.parametrize("is_conda_first", [True, False])
def test_a_tool_may_turn_from_a_conda_package_into_a_wheel_and_back(
    is_conda_first: bool, bench: Bench, home: Home
) -> None:
    makers = [build_conda, build_wheel] if is_conda_first else [build_wheel, build_conda]
    first, second = (make(bench, f"w{at}", runtime_version=f'"{at}"') for at, make in enumerate(makers, 1))
    versions = ["1.0", "2.0"] if is_conda_first else ["2.0", "1.0"]

    def check(runtime: Path, version: str) -> None:
        completed = home.run(runtime)
        assert (completed.returncode, completed.stdout) == (0, f"mytool {version}\n"), completed.stderr
        assert list_distributions(home.prefix, home).count(f"mytool {version}") == 1
        is_conda = version == "1.0"
        assert ("mytool" in {record["name"] for record in read_records(home.prefix)}) == is_conda
        assert any(home.prefix.rglob("only_conda.py")) == is_conda

    check(first, versions[0])
    check(second, versions[1])
    assert home.run(second, "rollback").returncode == 0
    check(first, versions[0])
    assert home.run(second, "bootstrap", "--force").returncode == 0
    check(second, versions[1])
    assert home.run(second, "uninstall", "-y").returncode == 0
    assert not home.prefix.exists()


def test_a_wheel_takes_the_place_of_a_conda_package_with_the_same_project(bench: Bench, home: Home) -> None:
    runtime = build_wheel(bench, "both", **pack_conda(bench))
    assert home.run(runtime).stdout == "mytool 2.0\n"
    assert_what_was_planned(runtime.parent.parent, home.prefix, home)
    assert "mytool" in {record["name"] for record in read_records(home.prefix)}
    assert not list(home.prefix.rglob("only_conda.py"))


HEADERS = Path(sysconfig.get_path("include"))
EXTENSION = """
#include <Python.h>

static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, "Return it."}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native", NULL, -1, methods};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&module); }
"""
SETUP = "from setuptools import Extension, setup\n\nsetup(ext_modules=[Extension('native', ['native.c'])])\n"


def pack_headers(directory: Path) -> dict[str, Any]:
    """Make the headers of this Python a conda package, and return its record."""
    files = sorted(path for path in HEADERS.rglob("*") if path.is_file())
    entries = [Entry(path=f"include/{HEADERS.name}/{path.relative_to(HEADERS)}", content=path) for path in files]
    package = Package(name="python-headers", version="1.0", entries=entries)
    path = write_package(package, directory)
    return {**package.index(), "url": path.as_uri(), "sha256": hash_file(path), "size": path.stat().st_size}


@pytest.mark.tools("gcc")
def test_a_c_extension_is_built_with_the_headers_of_the_environment(bench: Bench, home: Home) -> None:
    if not (HEADERS / "Python.h").is_file():
        pytest.skip("needs the headers of Python")
    bench.conda = [*bench.conda, pack_headers(bench.directory / "headers")]
    files = {"native.c": EXTENSION, "setup.py": SETUP}
    project = PythonProject(name="mytool", backend="setuptools", files=files)
    runtime = bench.build(project=project, delegate='"mytool"', build_wheels='"all"')
    tag = f"cp{SHORT.replace('.', '')}"
    (name,) = [row for row in list_planned(runtime.parent.parent) if row[0].startswith("mytool ")]
    assert name[1].startswith(f"{tag}-{tag}-linux_")
    assert home.run(runtime).stdout == "mytool 1.5\n"
    python = home.prefix / "bin" / "python"
    asked = home.run(python, "-I", "-c", "import native; print(native.answer(), native.__file__)")
    assert asked.stdout.startswith(f"42 {home.prefix}"), asked.stderr
    assert_what_was_planned(runtime.parent.parent, home.prefix, home)

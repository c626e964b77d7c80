from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cs_lock import derive, read_lock
from cs_lock._foreign import read_foreign
from cs_lock._names import normalize_pypi_name


@pytest.mark.parametrize(
    ("entry", "kind", "location", "name"),
    [
        ({"name": "Flask_Ext"}, "pypi", "https://x.org/Flask_Ext-2.0.whl", "flask-ext"),
        ({}, "pypi", "https://x.org/Flask_Ext-2.0-py3-none-any.whl#sha256=00", "flask-ext"),
        ({}, "pypi", "git+https://x.org/psf/requests.git@0106ace", "requests"),
        ({}, "pypi", "./packages/mine/", "mine"),
        ({}, "source", "child[87dc0b8a] @ ../children", "child"),
        ({"name": "Core"}, "source", "../monorepo", "core"),
        ({}, "conda", "./a-b-1.0-h0_0.conda", "a-b"),
    ],
)
def test_finds_a_name(entry: dict[str, str], kind: Any, location: str, name: str) -> None:
    assert read_foreign(entry, kind, location, "packages[0]").name == name


def test_finds_needs_in_the_words_of_the_ecosystem() -> None:
    entry = {"requires_dist": ["Jinja2 >=3", "a.b[extra] ; extra == 'x'", ";"], "depends": ["python >=3", "Lib"]}
    assert read_foreign(entry, "pypi", "x", "k").depends == ("jinja2", "a-b")
    assert read_foreign(entry, "source", "x", "k").depends == ("python", "lib")


def test_normalizes_names() -> None:
    assert normalize_pypi_name("A_.b--C") == "a-b-c"


def test_excluding_a_pypi_package_takes_along_what_only_it_needs(
    write_lock: Callable[..., Any], package: Callable[..., Any]
) -> None:
    flask = {"pypi": "https://x.org/flask-2.whl", "name": "flask", "requires_dist": ["Jinja2 >=3"]}
    jinja = {"pypi": "https://x.org/jinja2-3.whl", "name": "jinja2"}
    source = read_lock(write_lock({"default": {"linux-64": [package("a")]}}, foreign=[flask, jinja]))
    lock = derive(source, environment="default", exclude=["flask"])
    assert [(e.name, e.removed) for e in lock.exclusions] == [("pypi:flask", ("pypi:jinja2",))]


def test_pypi_references_of_conda_workspaces_have_no_record(
    write_lock: Callable[..., Any], package: Callable[..., Any]
) -> None:
    path = write_lock({"default": {"linux-64": [package("a")]}}, 1)
    text = path.read_text()
    line = next(line for line in text.splitlines() if "- conda:" in line)
    path.write_text(text.replace(line, line + "\n" + line.split("-")[0] + "- pypi: https://x.org/mine-1.0.whl", 1))
    (problem,) = derive(read_lock(path), environment="default", strict=False).errors
    assert (problem.kind, problem.package, problem.key) == (
        "missing-package",
        "pypi:mine",
        "environments.default.packages.linux-64[1]",
    )


def test_an_archive_with_credentials_is_named_without_them() -> None:
    for location in (
        "https://u:secret@x.org",
        "https://x.org/t/secret",
        "git+https://x.org/p?secret",
        "pypi://x#secret",
    ):
        assert "secret" not in read_foreign({}, "pypi", location, "k").name

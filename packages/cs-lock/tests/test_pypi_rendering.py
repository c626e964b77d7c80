"""A runtime lock with wheels is the one that rattler would write."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rattler import LockFile

from cs_lock import LockError, derive, read_lock
from cs_lock._pypi_requirements import is_complicated
from lock_samples import build_package, render_source
from pypi_samples import (
    COMMIT,
    FILES,
    built,
    conda_archive,
    derive_wheels,
    digest,
    entries_of,
    in_version,
    located,
    python,
    wheel,
    write_as_rattler,
)

Make = Callable[..., Any]
VERSIONS = [1, 4, 5, 6, 7]
MARKED = [
    "b[x,y] (>=1,<2) ; python_version < '3.8' and extra == 'z'",
    "c<2,>=1; sys_platform == \"win32\" and (python_version >= '3.8' or extra == 'dev')",
    "d @ https://x.org/d-1.whl ; platform_python_implementation != 'PyPy' and python_version in '2.7 3.6'",
    "e == 1.0.0-alpha1",
]


@pytest.mark.parametrize("version", VERSIONS)
def test_wheels_come_after_conda_packages_as_rattler_writes_them(
    version: int, write_lock: Make, package: Make, tmp_path: Path
) -> None:
    foreign = [
        wheel("Z_z", *MARKED, requires_python="<4,>=3.8"),
        wheel("a", version="1.0-alpha", tag="cp312-cp312-manylinux_2_17_x86_64", index="https://X.org"),
        located("direct+https://x.org/b-1.0-py3-none-any.whl", "b", sha256=digest("b")),
    ]
    foreign[1]["pypi"] = f"{FILES}/a-1.0a0-py3-none-any.whl"
    path = write_lock(
        {"default": {"linux-64": [python(package)]}}, version, foreign=[in_version(one, version) for one in foreign]
    )
    rendered = derive_wheels(path).render()
    assert write_as_rattler(rendered, tmp_path) == rendered
    document = yaml.safe_load(rendered)
    locations = [next(iter(one.items())) for one in document["environments"]["default"]["packages"]["linux-64"]]
    assert locations == [
        ("conda", "https://conda.example.com/forge/linux-64/python-3.12.4-h1_0_cpython.conda"),
        ("pypi", "direct+https://x.org/b-1.0-py3-none-any.whl"),
        ("pypi", f"{FILES}/Z_z-1.0-py3-none-any.whl"),
        ("pypi", f"{FILES}/a-1.0a0-py3-none-any.whl"),
    ]
    assert [next(iter(one.items())) for one in document["packages"]] == locations
    entry = document["packages"][3]
    assert (entry["name"], entry["version"]) == ("a", "1.0a0")
    assert entry.get("index") == ("https://x.org/" if version > 5 or version == 1 else None)
    tmp_path.joinpath("again.lock").write_bytes(rendered)
    assert derive_wheels(tmp_path / "again.lock").render() == rendered


@pytest.mark.parametrize("version", VERSIONS)
def test_local_archives_are_beside_the_lock(version: int, write_lock: Make, package: Make, tmp_path: Path) -> None:
    foreign = [
        located(".", "app", "lib-x>1", editable=True, sha256=digest("x")),
        located(f"git+https://x.org/r.git?rev=main#{COMMIT}", "lib-x"),
        wheel("plain"),
    ]
    foreign = [in_version(one, version) for one in foreign]
    path = write_lock({"default": {"linux-64": [python(package)]}}, version, foreign=foreign)
    lock = derive_wheels(path)
    assert [entry.label for entry in lock.pending("linux-64")] == ["pypi:app", "pypi:lib-x"]
    app = built("app", "lib-x (>1) ; python_version<'4'", "other @ file:///home/anna/other", version="2.0.dev1")
    settled = lock.settle({"pypi:app": app, "pypi:Lib_X": built("lib-x")})
    assert not settled.pending("linux-64")
    assert not settled.errors
    assert [one.name for one in settled.wheels("linux-64")] == ["lib-x", "app", "plain"]
    rendered = settled.render()
    assert write_as_rattler(rendered, tmp_path) == rendered
    assert b"anna" not in rendered
    assert b"git+" not in rendered
    assert entries_of(settled)[1] == {
        "pypi": "./app-2.0.dev1-py3-none-any.whl",
        "name": "app",
        "version": "2.0.dev1",
        "sha256": app.sha256,
        "requires_dist": ["lib-x>1 ; python_full_version < '4'", "other"],
    }
    origin = '{"url":"https://x.org/r.git","vcs_info":{"commit_id":"COMMIT","requested_revision":"main","vcs":"git"}}'
    assert settled.wheels("linux-64")[0].direct_url == origin.replace("COMMIT", COMMIT)


@pytest.mark.parametrize(
    "location", [f"git+https://x.org/r.git#{COMMIT}", "direct+https://x.org/p-1.0.tar.gz", "direct+https://x.org/p.whl"]
)
def test_nobody_says_where_a_ready_made_wheel_comes_from(location: str, write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [python(package)]}}, 7, foreign=[located(location, "p")])
    lock = derive_wheels(path)
    direct_urls = [
        lock.settle({"pypi:p": built("p", is_built=is_built)}).wheels("linux-64")[0].direct_url
        for is_built in (True, False)
    ]
    assert direct_urls[0] is not None
    assert direct_urls[1] is None


def test_local_conda_packages_and_wheels_ship_together(write_lock: Make, package: Make, tmp_path: Path) -> None:
    foreign = [{"conda_source": "tool[87dc0b8a] @ .", "depends": ["python"]}, located("./p", "p")]
    path = write_lock({"default": {"linux-64": [python(package)]}}, 7, foreign=foreign)
    lock = derive_wheels(path)
    settled = lock.settle({"tool": conda_archive("tool", "python >=3")}).settle({"pypi:p": built("p")})
    assert [record.name for record in settled.packages("linux-64")] == ["python", "tool"]
    rendered = settled.render()
    assert write_as_rattler(rendered, tmp_path) == rendered
    assert entries_of(settled)[0]["conda"] == "./tool-1.0-h0_0.conda"
    assert settled.packages("linux-64")[1].find_file(tmp_path) == Path("/home/anna/dist/tool-1.0-h0_0.conda")


def test_nothing_is_rendered_while_something_is_pending(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=[located(".", "app")])
    with pytest.raises(LockError) as caught:
        derive_wheels(path).render()
    assert [problem.kind for problem in caught.value.problems] == ["pypi-source"]


@pytest.mark.parametrize("requirement", ["a===foo", "", "a>=1.*", "a b"])
def test_requirements_that_rattler_cannot_read_are_refused(requirement: str, write_lock: Make, package: Make) -> None:
    foreign = [wheel("bad", "fine>1", requirement), wheel("good", "fine>1")]
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=foreign)
    (problem,) = derive_wheels(path, strict=False).errors
    assert (problem.kind, problem.package) == ("invalid-value", "pypi:bad")
    assert problem.message == f"the PyPI package bad has a requires_dist that cannot be read: {requirement!r}"
    assert problem.key == "packages[1].requires_dist"
    assert derive_wheels(path, exclude=["bad"]).problems == ()


def test_a_python_specifier_that_rattler_cannot_read_is_refused(write_lock: Make, package: Make) -> None:
    foreign = [wheel("bad", requires_python="3.8")]
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=foreign)
    (problem,) = derive_wheels(path, strict=False).errors
    assert problem.message == "the PyPI package bad has a requires_python that cannot be read: '3.8'"


def nested(operators: tuple[str, str], count: int) -> str:
    inner, outer = operators
    return f" {outer} ".join(f"(extra == 'a{i:02}' {inner} extra == 'b{i:02}')" for i in range(count))


@pytest.mark.parametrize("operators", [("or", "and"), ("and", "or")])
def test_a_marker_that_rattler_takes_minutes_for_is_refused(
    operators: tuple[str, str], write_lock: Make, package: Make
) -> None:
    path = write_lock(
        {"default": {"linux-64": [python(package)]}}, 6, foreign=[wheel("bad", f"b; {nested(operators, 12)}")]
    )
    (problem,) = derive_wheels(path, strict=False).errors
    assert (problem.kind, problem.package) == ("invalid-value", "pypi:bad")
    assert problem.message.startswith("the PyPI package bad: the marker of a requirement is too complicated")
    assert is_complicated("(" * 100_000 + nested(operators, 12))


def test_long_markers_of_real_packages_are_read() -> None:
    extras = " or ".join(f"extra == 'a{i}'" for i in range(60))
    assert not is_complicated(f"(python_version >= '3.8' or os_name == 'nt') and ({extras})")
    machines = "platform_machine == 'x' or (" * 10 + "platform_machine == 'y'" + ")" * 10
    assert not is_complicated(f"python_version < '3.13' and ({machines})")
    # SQLAlchemy's, as uv writes it; rattler reads it at once.
    each = " or ".join(f"(python_full_version < '3.14' and platform_machine == 'm{i}')" for i in range(20))
    assert not is_complicated(each)
    assert not is_complicated(f"({each}) and extra == 'asyncio'")


@pytest.mark.parametrize("operators", [("or", "and"), ("and", "or")])
@pytest.mark.parametrize("simple", ["os_name == 'nt'", "(os_name == 'nt' or python_version < '3')"])
@pytest.mark.parametrize("joined", ["or", "and"])
def test_simple_comparisons_hide_no_complicated_marker(operators: tuple[str, str], simple: str, joined: str) -> None:
    assert is_complicated(f"{simple} {joined} ({nested(operators, 12)})")
    assert is_complicated(f"({nested(operators, 12)}) {joined} {simple}")
    assert is_complicated(nested(operators, 12).replace("extra ==", "platform_version in"))


# Rattler writes y and the like without quotes, which YAML 1.1 reads as booleans.
_NAMES = st.from_regex(r"p[a-z0-9]{0,6}", fullmatch=True)
_VERSIONS = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}((a|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?", fullmatch=True)
_SPECIFIERS = st.sampled_from(["", ">=1", "<2,>=1", "!=1.5.*", "~=1.4", "==1.0.0-alpha", " (>=2)"])
_CLAUSES = st.sampled_from(
    [
        *("extra == 'x'", 'extra=="y"', "os_name != 'nt'", "python_version>='3.8'", "python_version < '3.12'"),
        *("sys_platform == 'linux'", "platform_machine in 'x86_64 arm64'", "implementation_name=='cpython'"),
    ]
)
_WORDS = st.sampled_from([" and ", " or "])
_TERMS = st.tuples(_CLAUSES, _WORDS, _CLAUSES).map(lambda parts: f"({''.join(parts)})") | _CLAUSES
_MARKERS = st.tuples(_TERMS, _WORDS, _TERMS).map("".join) | _TERMS
_REQUIREMENTS = st.tuples(_NAMES, st.sampled_from(["", "[e]", "[f,e]"]), _SPECIFIERS, st.none() | _MARKERS).map(
    lambda parts: "".join(parts[:3]) + (f" ; {parts[3]}" if parts[3] else "")
)
_PLACES = st.sampled_from([FILES, "direct+https://x.org/d", "https://x.org/a%20b/../c", "HTTPS://X.org:443"])
_INDEXES = st.sampled_from([None, "https://pypi.org/simple", "https://X.org", "https://x.org:443/a/../b/"])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(_PLACES, _NAMES, _VERSIONS, st.lists(_REQUIREMENTS, max_size=4), _INDEXES),
        max_size=5,
        unique_by=lambda one: one[1],
    ),
    st.sampled_from(VERSIONS),
)
def test_every_lock_with_wheels_reads_back_in_rattler_and_here(
    packages: list[tuple[str, str, str, list[str], str | None]], version: int
) -> None:
    foreign = [
        wheel(name, *requires, version=release, pypi=f"{place}/{name}-{release}-py3-none-any.whl", index=index)
        for place, name, release, requires, index in packages
    ]
    foreign = [in_version({k: v for k, v in one.items() if v is not None}, version) for one in foreign]
    text = render_source({"default": {"linux-64": [python(build_package)]}}, version, foreign=foreign)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pixi.lock")
        path.write_text(text, encoding="utf-8")
        lock = derive(read_lock(path), environment="default")
        rendered = lock.render()
        assert write_as_rattler(rendered, Path(directory)) == rendered
        environment = LockFile.from_path(Path(directory, "rattler.lock")).environment("default")
        assert environment is not None
        (read,) = environment.pypi_packages().values()
        assert {one.name: (one.requires_dist, one.version) for one in read} == {
            one.name: (list(one.requires_dist), one.version) for one in lock.wheels("linux-64")
        }
        path.write_bytes(rendered)
        assert derive(read_lock(path), environment="default").render() == rendered

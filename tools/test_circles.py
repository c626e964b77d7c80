"""Circles are found in crates and packages."""

from __future__ import annotations

from pathlib import Path

import pytest
from circles import find_circles, main, read_crate, read_package


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return directory


def circles_of_crate(directory: Path, files: dict[str, str]) -> list[list[str]]:
    found = find_circles(read_crate(write(directory, files)))
    return [["::".join(module) for module in circle] for circle in found]


def circles_of_package(directory: Path, files: dict[str, str]) -> list[list[str]]:
    found = find_circles(read_package(write(directory / "p", {"__init__.py": "", **files})))
    return [[".".join(module) for module in circle] for circle in found]


def test_this_repository_has_no_circles(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "back",
    [
        "use crate::one::One;\n",
        "use super::one::One;\n",
        "use crate::{\n    one::{One, Other},\n    three,\n};\n",
        "fn f() {\n    crate::one::f()\n}\n",
        "use crate::One;\n",  # as the root calls it
        "mod inner {\n    use super::super::one::One;\n}\n",
    ],
)
def test_a_path_to_another_module_of_the_crate_closes_a_circle(tmp_path: Path, back: str) -> None:
    files = {"lib.rs": "mod one;\nmod three;\nmod two;\n\npub use one::One;\n", "three.rs": ""}
    one = {"one.rs": "use crate::two::Two;\n"}
    assert circles_of_crate(tmp_path, files | one | {"two.rs": back}) == [["one", "two"]]


@pytest.mark.parametrize(
    "harmless",
    [
        "// see crate::one::One\n",
        "use std::one::One;\n",
        "#[cfg(test)]\nmod tests {\n    use crate::one::One;\n}\n",
        '#[cfg(all(test, unix))]\n#[path = "x.rs"]\nmod tests {\n    use crate::one::One;\n}\n',
        "mod inner {\n    use super::two_itself;\n}\n",
        "use crate::three::one;\n",
    ],
)
def test_what_names_no_other_module_closes_no_circle(tmp_path: Path, harmless: str) -> None:
    files = {"main.rs": "mod one;\n", "one.rs": "use crate::two::Two;\n", "three.rs": ""}
    assert circles_of_crate(tmp_path, files | {"two.rs": harmless}) == []


def test_a_name_that_the_root_exports_by_a_star_is_found(tmp_path: Path) -> None:
    files = {"lib.rs": "pub use one::*;\n", "one.rs": "use crate::two::Two;\n", "two.rs": "use crate::One;\n"}
    assert circles_of_crate(tmp_path, files) == [["one", "two"]]


def test_a_module_and_one_below_it_can_be_a_circle(tmp_path: Path) -> None:
    files = {"lib.rs": "", "a/mod.rs": "mod b;\nfn f() {\n    b::f();\n}\n", "a/b.rs": "use super::A;\n"}
    assert circles_of_crate(tmp_path, files) == [["a", "a::b"]]
    assert circles_of_crate(tmp_path, {"a/b.rs": ""}) == []


def test_longer_circles_are_found_whole_and_each_one_by_itself(tmp_path: Path) -> None:
    uses = {"a": "b", "b": "c", "c": "a", "d": "e", "e": "d", "f": "a"}
    files = {f"{one}.rs": f"use crate::{other}::X;\n" for one, other in uses.items()}
    assert circles_of_crate(tmp_path, files) == [["a", "b", "c"], ["d", "e"]]


@pytest.mark.parametrize(
    "back",
    [
        "from .one import x\n",
        "from . import one\n",
        "import p.one\n",
        "from p import one\n",
        "def f():\n    import p.one\n",
    ],
)
def test_an_import_of_another_module_of_the_package_closes_a_circle(tmp_path: Path, back: str) -> None:
    files = {"one.py": "from .two import x\n", "two.py": back}
    assert circles_of_package(tmp_path, files) == [["p.one", "p.two"]]


def test_packages_within_packages_are_told_apart(tmp_path: Path) -> None:
    files = {
        "a/__init__.py": "from .one import x\n",
        "a/one.py": "from ..two import x\n",
        "two.py": "from .a import x\n",
    }
    assert circles_of_package(tmp_path, files) == [["p.a", "p.a.one", "p.two"]]


@pytest.mark.parametrize("name", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_imports_for_type_checkers_close_no_circle(tmp_path: Path, name: str) -> None:
    files = {"one.py": "from .two import x\n", "two.py": f"if {name}:\n    from .one import x\n"}
    assert circles_of_package(tmp_path, files) == []

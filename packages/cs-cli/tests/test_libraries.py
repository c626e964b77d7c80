"""What the libraries know of ``cs``: nothing."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

PACKAGES = Path(__file__).parents[2]
LIBRARIES = ("cs-bundle", "cs-lock", "cs-manifest", "cs-stamp")
FLAG = re.compile(r"--(?!help\b)[a-z]{2}[a-z-]*|exit (?:code|status)|exit_(?:code|status)")
OF_THE_RUNTIME = {("_launch.py", "--path"), ("_launch.py", "--progress")}
"""A stamp holds the words that the runtime keeps for itself."""
OF_UV = {("_template.py", "--with")}
"""The hint where no template is installed has the command for each installer."""
CALLERS = {"_checkout.py", "_isolation.py"}
"""They run git and pip, with the flags of these."""


def test_no_library_names_a_flag_or_an_exit_status() -> None:
    sources = [path for name in LIBRARIES for path in (PACKAGES / name).glob("src/*/**/*.py")]
    assert sources
    found = {
        (path.name, words)
        for path in sources
        if path.name not in CALLERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for words in FLAG.findall(node.value)
    }
    assert found == OF_THE_RUNTIME | OF_UV


@pytest.mark.parametrize("name", [*LIBRARIES, "cs-cli", "conda-ship-plugin"])
def test_a_package_imports_itself_relatively(name: str) -> None:
    package = name.replace("-", "_")
    found = [
        f"{path.name}:{node.lineno}"
        for path in (PACKAGES / name).glob("src/*/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == package
    ]
    assert [place for place in found if not place.startswith("__main__.py")] == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_imports_no_other(name: str) -> None:
    others = {other.replace("-", "_") for other in (*LIBRARIES, "cs-cli") if other != name}
    imported = {
        module.split(".")[0]
        for path in (PACKAGES / name).glob("src/*/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else []
        )
    }
    assert imported & others == set()


def parse_sources(names: tuple[str, ...] = (*LIBRARIES, "cs-cli", "conda-ship-plugin")) -> dict[Path, ast.Module]:
    paths = [path for name in names for path in sorted((PACKAGES / name).glob("src/*/**/*.py"))]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def test_cs_uses_only_what_a_library_makes_public() -> None:
    roots = tuple(f"{name.replace('-', '_')}." for name in LIBRARIES)
    found = [
        f"{path.name}:{node.lineno}: {node.module}"
        for path, tree in parse_sources(("cs-cli",)).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith(roots)
    ]
    assert found == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_public_function_is_used_by_cs_or_shown_to_readers(name: str) -> None:
    library = importlib.import_module(name.replace("-", "_"))
    names = [one for one in library.__all__ if inspect.isfunction(getattr(library, one)) or one.isupper()]
    pages = [*PACKAGES.glob("*/README.md"), *PACKAGES.parent.glob("docs/**/*.md")]
    sources = [*PACKAGES.glob("cs-cli/src/**/*.py"), *pages]
    words = set(re.findall(r"\w+", "".join(path.read_text(encoding="utf-8") for path in sources)))
    assert [one for one in names if one not in words] == []


def find_fields(tree: ast.Module) -> list[str]:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    statements = [one for node in classes for one in node.body if isinstance(one, ast.AnnAssign)]
    return [one.target.id for one in statements if isinstance(one.target, ast.Name)]


def test_a_field_that_counts_bytes_says_so() -> None:
    """Locks and stamps say ``size``; ``legacy_bz2_size`` is a field of conda's records, which keep their names."""
    fields = {name for tree in parse_sources().values() for name in find_fields(tree)}
    assert "size_bytes" in fields
    assert {name for name in fields if re.fullmatch(r"(.*_)?size", name)} == {"legacy_bz2_size"}


def find_constructors(tree: ast.Module) -> list[tuple[str, ast.arguments]]:
    classes = [one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name.endswith("Error")]
    made = [(one.name, item) for one in classes for item in one.body if isinstance(item, ast.FunctionDef)]
    return [(name, item.args) for name, item in made if item.name == "__init__"]


def test_every_error_is_made_of_a_message_then_of_facts_by_name() -> None:
    found = {name: made for tree in parse_sources().values() for name, made in find_constructors(tree)}
    assert {"BundleError", "CliError", "LockError", "ManifestError", "RefusedError", "ShipError"} <= set(found)
    del found["TryAgainError"]  # wraps one of them, and never leaves cs_bundle
    for name, made in found.items():
        assert [one.arg for one in made.args] == ["self", "message"], name
        assert made.kwonlyargs[0].arg == "kind", name


def list_public_functions(name: str) -> list[tuple[str, Any]]:
    """List what can be called of a library: its functions, and the methods of its classes."""
    library = importlib.import_module(name.replace("-", "_"))
    public = [(one, getattr(library, one)) for one in library.__all__]
    classes = [(one, value) for one, value in public if inspect.isclass(value)]
    methods = [
        (f"{one}.{method}", function)
        for one, value in classes
        for method, function in inspect.getmembers(value, callable)
        if not method.startswith("_") and hasattr(function, "__annotations__")
    ]
    return [(one, value) for one, value in public if inspect.isfunction(value)] + methods


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_function_takes_a_path_as_text_too(name: str) -> None:
    found = {
        (function, parameter.name)
        for function, value in list_public_functions(name)
        for parameter in inspect.signature(value).parameters.values()
        if re.search(r"\bPath\b", str(parameter.annotation))
    }
    assert found == set()


@pytest.mark.parametrize("name", LIBRARIES)
def test_only_what_a_library_offers_has_a_public_name(name: str) -> None:
    """Completion shows what can be used, and nothing that may change without notice."""
    folder = PACKAGES / name / "src" / name.replace("-", "_")
    assert [path.name for path in folder.glob("*.py") if not path.name.startswith("_")] == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_can_be_explored(name: str) -> None:
    """Neither a star import nor ``hasattr`` raises, and everything offered is documented."""
    package = name.replace("-", "_")
    names: dict[str, Any] = {}
    exec(f"from {package} import *", names)
    library = importlib.import_module(package)
    assert set(library.__all__) <= set(names)
    assert not hasattr(library, "no_such_name")
    assert set(library.__all__) <= set(dir(library))
    offered = [one for one in library.__all__ if inspect.isclass(names[one]) or inspect.isfunction(names[one])]
    assert [one for one in offered if not inspect.getdoc(names[one])] == []

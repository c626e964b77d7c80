"""Find circles among the modules of each crate and each package.

To understand one module of a circle, one must read them all.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

Module = tuple[str, ...]
Graph = Mapping[Module, set[Module]]

ROOT = Path(__file__).resolve().parent.parent

# Code is formatted: what begins at the start of a line ends there. Tests may use whatever they like.
_RUST_TESTS = re.compile(r"^#\[cfg\((?:all\()?test\b[^\n]*\n(?:#\[[^\n]*\n)*mod \w+ \{.*?^\}", re.M | re.S)
_RUST_INLINE = re.compile(r"^(?:pub(?:\(\w+\))? )?mod \w+ \{.*?^\}", re.M | re.S)
_RUST_TREE = re.compile(r"((?:\w+::)+)\{([^{}]*)\}")
_RUST_EXPORTS = re.compile(r"^pub(?:\(\w+\))? use ([^;]+);", re.M)
_RUST_PATH = re.compile(r"(?<![\w:])(?:\w+::)+(?:\w+|\*)")


def find_circles(graph: Graph) -> list[list[Module]]:
    """Return the groups of modules that all need each other."""
    reached = {module: _reach(graph, module) for module in graph}
    circles = {frozenset(other for other in reached[one] if one in reached[other]) for one in graph}
    return sorted(sorted(circle) for circle in circles if circle)


def _reach(graph: Graph, start: Module) -> set[Module]:
    reached: set[Module] = set()
    ahead = [start]
    while ahead:
        ahead += (found := graph[ahead.pop()] - reached)
        reached |= found
    return reached


def read_crate(source: Path) -> Graph:
    """Return which modules of a crate use which, by the paths that their code names."""
    files = {_name_rust(file.relative_to(source)): file for file in source.rglob("*.rs") if file.name != "tests.rs"}
    texts = {module: _read_rust(file) for module, file in files.items()}
    exports = {module: _list_exports(text) for module, text in texts.items()}

    def resolve(module: Module, path: str) -> Module | None:
        first, *rest = path.split("::")
        base = {"crate": (), "super": module[:-1]}.get(first, module)
        if first not in ("crate", "self", "super"):
            if (*module, first) not in files:
                return None
            rest = [first, *rest]
        for name in rest:
            if name != "super" and (*base, name) not in files:
                exported = exports[base].get(name, exports[base].get("*"))
                return (exported and resolve(base, exported)) or base
            base = base[:-1] if name == "super" else (*base, name)
        return base

    found = {module: {resolve(module, path) for path in _RUST_PATH.findall(text)} for module, text in texts.items()}
    return {module: {other for other in others if other not in (None, module)} for module, others in found.items()}


def _name_rust(file: Path) -> Module:
    parts = file.with_suffix("").parts
    return parts[:-1] if parts[-1] in ("mod", "lib", "main") else parts


def _read_rust(file: Path) -> str:
    text = _RUST_TESTS.sub("", re.sub(r"//[^\n]*", "", file.read_text(encoding="utf-8")))
    text = _RUST_INLINE.sub(lambda inline: re.sub(r"\bsuper::((?:super::)*)", r"self::\1", inline[0]), text)
    while text != (spread := _RUST_TREE.sub(_spread, text)):
        text = spread
    return text


def _spread(tree: re.Match[str]) -> str:
    """Spell out ``a::{b, c::d}`` as ``a::b, a::c::d``."""
    return ", ".join(tree[1] + branch.strip() for branch in tree[2].split(",") if branch.strip())


def _list_exports(text: str) -> dict[str, str]:
    paths = [path.strip() for paths in _RUST_EXPORTS.findall(text) for path in paths.split(",")]
    return {path.split("::")[-1].split(" as ")[-1]: path.split(" as ")[0] for path in paths}


def read_package(source: Path) -> Graph:
    """Return which modules of a package import which, for type checkers alone excepted."""
    files = {_name_python(file.relative_to(source.parent)): file for file in source.rglob("*.py")}

    def resolve(name: Module) -> Module | None:
        return next((name[:end] for end in range(len(name), 0, -1) if name[:end] in files), None)

    graph: dict[Module, set[Module]] = {}
    for module, file in files.items():
        package = module if file.name == "__init__.py" else module[:-1]
        imported = _list_imports(ast.parse(file.read_bytes()), package)
        graph[module] = {found for name in imported if (found := resolve(name)) not in (None, module)}
    return graph


def _name_python(file: Path) -> Module:
    parts = file.with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _list_imports(node: ast.AST, package: Module) -> Iterator[Module]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (tuple(name.name.split(".")) for name in node.names)
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        base = (*base, *(node.module.split(".") if node.module else ()))
        yield from ((*base, name.name) for name in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _list_imports(child, package)


def main() -> int:
    """Print every circle of this repository; 1 when there is one."""
    template = ROOT / "templates" / "cs-template"
    graphs = {crate.parent.name: read_crate(crate) for crate in [template / "src", *template.glob("crates/*/src")]}
    packages = [init.parent for init in ROOT.glob("packages/*/src/*/__init__.py")]
    graphs |= {package.name: read_package(package) for package in packages}
    circles = [(name, circle) for name, graph in sorted(graphs.items()) for circle in find_circles(graph)]
    for name, circle in circles:
        print(f"{name}: these modules need each other:", ", ".join("::".join(module) or "(root)" for module in circle))
    return 1 if circles else 0


if __name__ == "__main__":
    sys.exit(main())

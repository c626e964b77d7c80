"""Write ``requirements/*.txt``: what each nox session installs, with digests, for every platform.

``python tools/pin.py [--upgrade]``, with ``uv`` installed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DIRECTORY = ROOT / "requirements"
OURS = {path.parent.name: path for path in ROOT.glob("packages/*/pyproject.toml")}
TEMPLATE = "cs-template"


def list_needs(package: str, extras: Sequence[str]) -> Iterator[str]:
    """Yield what one of our packages needs from the package index, with some of its extras."""
    project = tomllib.loads(OURS[package].read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    for text in wanted:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        if name in OURS:
            yield from list_needs(name, sorted(requirement.extras))
        elif name != TEMPLATE:
            yield text


def collect() -> dict[str, list[str]]:
    """Return what each file pins, by its name."""
    everything = [need for package in OURS for need in list_needs(package, ())]
    files = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in DIRECTORY.glob("*.in")}
    for name in ("typing", "integration"):
        files[name] += everything
    files["lint"] += list_needs("cs-manifest", ())
    return files | {f"tests-{package}": list(list_needs(package, ["test"])) for package in OURS}


def compile_file(needs: Sequence[str], output: Path, *options: str) -> None:
    """Resolve requirements for all platforms and write them."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--output-file", str(output), *options, "-"]
    subprocess.run(command, input="\n".join(needs), text=True, check=True)


def main(arguments: Sequence[str]) -> None:
    """Pin each file to what is chosen for all of them together."""
    files = collect()
    with tempfile.TemporaryDirectory() as scratch:
        together = Path(scratch) / "together.txt"
        together.write_text("\n".join(path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*.txt")))
        compile_file([need for needs in files.values() for need in needs], together, *arguments)
        for name, needs in sorted(files.items()):
            compile_file(needs, DIRECTORY / f"{name}.txt", "--constraints", str(together))


if __name__ == "__main__":
    main(sys.argv[1:])

"""``bytecode = "shipped"``: compile the modules of noarch packages at build time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from cs_bundle import write_bundle
from cs_stamp import write_stamp

from .console import Console
from .errors import CliError
from .plan import BuildPlan, compose_header
from .platforms import host_platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .build import Materials

_LEVEL = 19
_SHARES = 8
"""Processes that the modules are dealt out to: a fixed number, so that the result does not depend on the machine."""

# Runs in the environment's own Python. What marshal writes depends on what the process compiled before and on the hash
# seed: each share is compiled by a process of its own, in a fixed order, with a fixed seed.
_COMPILER = """
import importlib.util, pathlib, py_compile, sys
prefix = pathlib.Path(sys.argv[1])
for name in sys.stdin.buffer.read().decode().split("\\0"):
    target = importlib.util.cache_from_source(str(prefix / name))
    try:
        py_compile.compile(str(prefix / name), target, dfile=name, doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except (py_compile.PyCompileError, ValueError, RecursionError, UnicodeError):
        pass  # such a module fails at import in the same way
"""


def compile_bytecode(
    plan: BuildPlan, materials: Materials, archives: list[Path], staging: Path, console: Console
) -> Path:
    """Compile the modules of every noarch python package into ``staging/.bytecode``.

    The template itself installs the packages into a temporary prefix; the Python among them compiles.

    :returns: a tar.zst of ``__pycache__`` files, relative to the prefix, sorted, as the stamp's ``bytecode`` part.
    :raises CliError: ``bytecode-platform`` for another platform than this machine's, ``bytecode-failed`` otherwise.
    """
    if plan.subdir != host_platform():
        raise CliError(
            "bytecode-platform",
            f"bytecode for {plan.subdir} cannot be compiled on {host_platform()}",
            key="tool.conda-ship.bytecode",
            hint='build on that platform, or set bytecode = "bootstrap"',
        )
    console.say("compiling the modules of noarch packages")
    out = staging / ".bytecode"
    with tempfile.TemporaryDirectory(prefix="cs-bytecode-") as work:
        prefix = Path(work) / "prefix"
        _install(plan, materials, archives, Path(work), prefix)
        modules = sorted(_noarch_modules(prefix, plan))
        _compile(prefix, modules, plan)
        compiled = sorted(_compiled_name(module, plan) for module in modules)
        _pack(prefix, (name for name in compiled if (prefix / name).is_file()), out)
    return out


def _install(plan: BuildPlan, materials: Materials, archives: list[Path], work: Path, prefix: Path) -> None:
    bundle = write_bundle(work / "bundle", archives)
    header = replace(compose_header(plan, None), layout="embedded", bytecode="on-import", bundle_file_name=None)
    runtime = work / "runtime"
    write_stamp(
        materials.template.path, runtime, header=header, plan=plan.package_plan, lock=plan.lock, bundle=bundle.path
    )
    header_word = ["self"] if plan.derivation.config.commands == "self" else []
    command = [str(runtime), *header_word, "-q", "--path", str(prefix), "bootstrap"]
    completed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        raise CliError("bytecode-failed", f"cannot install the packages to compile them: {completed.stderr.strip()}")


def _noarch_modules(prefix: Path, plan: BuildPlan) -> Iterator[str]:
    """Yield the modules of noarch python packages, relative to the prefix."""
    for package in plan.package_plan.packages:
        if package.noarch == "python":
            record = prefix / "conda-meta" / f"{package.name}-{package.version}-{package.build}.json"
            files: list[str] = json.loads(record.read_bytes())["files"]
            yield from (name for name in files if name.endswith(".py") and "site-packages/" in name)


def _compile(prefix: Path, modules: list[str], plan: BuildPlan) -> None:
    shares = [share for share in (modules[start::_SHARES] for start in range(_SHARES)) if share]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONHASHSEED"] = "0"
    python = prefix / ("python.exe" if plan.subdir.startswith("win-") else "bin/python")
    running: list[subprocess.Popen[bytes]] = []
    try:
        for start in range(0, len(shares), os.cpu_count() or 1):
            running = [
                _start(python, prefix, share, environment) for share in shares[start : start + (os.cpu_count() or 1)]
            ]
            for process in running:
                if process.wait() != 0:
                    raise CliError("bytecode-failed", f"{python} failed with status {process.returncode}")
    finally:
        for process in running:
            process.kill()
            process.wait()


def _start(python: Path, prefix: Path, share: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [str(python), "-B", "-X", "utf8", "-c", _COMPILER, str(prefix)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, stdout=sys.stderr)
    if process.stdin is not None:
        process.stdin.write("\0".join(share).encode())
        process.stdin.close()
    return process


def _pack(prefix: Path, names: Iterable[str], out: Path) -> None:
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    with (
        out.open("wb") as file,
        compressor.stream_writer(file) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in names:
            content = (prefix / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))


def _compiled_name(module: str, plan: BuildPlan) -> str:
    """Name the compiled file of a module, as PEP 3147 does for CPython."""
    version = plan.package_plan.python.version if plan.package_plan.python else ""
    directory, _, name = module.rpartition("/")
    return f"{directory}/__pycache__/{name.removesuffix('.py')}.cpython-{''.join(version.split('.')[:2])}.pyc"

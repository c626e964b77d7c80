"""The usual slips, and the first lines of what ``cs`` says to each: read them as somebody who has just begun."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli_samples import Cs, Workspace
from cs_cli.commandline.table import load_commands

Spoil = Callable[[], None]


@dataclass(frozen=True)
class Slip:
    """What somebody types or writes by mistake.

    :ivar words: of the command line.
    :ivar lines: the first lines of the answer.
    :ivar spoil: spoils the workspace.
    """

    words: str
    lines: tuple[str, ...]
    spoil: Spoil = field(default=lambda: None)


def edit(pattern: str, new: str, name: str = "conda.toml") -> Spoil:
    """Replace a text of a file."""

    def spoil() -> None:
        path = Path(name)
        text = path.read_text(encoding="utf-8")
        assert re.search(pattern, text, re.MULTILINE), text
        path.write_text(re.sub(pattern, new, text, count=1, flags=re.MULTILINE), encoding="utf-8")

    return spoil


def write(text: str | bytes, name: str = "conda.toml") -> Spoil:
    """Write another file."""

    def spoil() -> None:
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    return spoil


def both(first: Spoil, second: Spoil) -> Spoil:
    """Make two mistakes."""

    def spoil() -> None:
        first()
        second()

    return spoil


def add(line: str) -> Spoil:
    """Add a line to the settings."""
    return edit("^layout", f"{line}\nlayout")


SLIPS = {
    "a directory that is not there": Slip(
        "inspect --root nope", ("error: nope: no such directory", "  hint: give the project's directory with --root")
    ),
    "a file instead of a directory": Slip("inspect --root conda.toml", ("error: conda.toml: is not a directory",)),
    "a manifest that is not there": Slip("inspect --manifest foo.toml", ("error: foo.toml: no such file",)),
    "a misspelt manifest": Slip(
        "inspect --manifest conda.tml", ("error: conda.tml: no such file", "  hint: did you mean 'conda.toml'?")
    ),
    "a manifest without a workspace": Slip(
        "inspect --manifest empty/pixi.toml",
        ("error: empty/pixi.toml: is not the manifest of a workspace: it has no [workspace] table",),
        write("", "empty/pixi.toml"),
    ),
    "a lock that is not there": Slip(
        "inspect --source-lock no.lock",
        ("error: no.lock: the source lock does not exist", "  hint: give another one with --source-lock"),
    ),
    "no lock": Slip(
        "build",
        ("error: conda.lock: the source lock of conda.toml is missing",),
        lambda: Path("conda.lock").unlink(),
    ),
    "a misspelt environment": Slip(
        "build --source-environment shp",
        (
            "error: --source-environment: the workspace has no environment 'shp'",
            "  hint: did you mean 'ship'?",
        ),
    ),
    "an environment that is nothing like the others": Slip(
        "build --source-environment prod",
        (
            "error: --source-environment: the workspace has no environment 'prod'",
            "  hint: the environments are: ship",
        ),
    ),
    "a misspelt environment in the manifest": Slip(
        "inspect",
        (
            "error: conda.toml:14:22: tool.conda-ship.source-environment: the workspace has no environment 'shipp'",
            '   14 │ source-environment = "shipp"',
            "      │                      ^^^^^^^",
            "  hint: did you mean 'ship'?",
        ),
        edit('"ship"\nruntime', '"shipp"\nruntime'),
    ),
    "an underscore in a platform": Slip(
        "build --platform linux_64",
        (
            "error: --platform: the environment has no platform 'linux_64'",
            "  hint: did you mean 'linux-64'?",
        ),
    ),
    "half a platform": Slip(
        "build --platform osx",
        (
            "error: --platform: the environment has no platform 'osx'",
            "  expected: one of linux-64",
            "  hint: name another one with --platform",
        ),
    ),
    "the directory of the workspace": Slip(
        "build .",
        ("error: unexpected argument '.'", "  hint: for the workspace there: cs build --root .; see cs build --help"),
    ),
    "the manifest": Slip(
        "inspect ./conda.toml",
        (
            "error: unexpected argument './conda.toml'",
            "  hint: for the workspace there: cs inspect --manifest ./conda.toml; see cs inspect --help",
        ),
    ),
    "a platform that nobody locked": Slip(
        "build --platform osx-arm64",
        (
            "error: --platform: the environment is not solved for osx-arm64",
            "  expected: one of linux-64",
            "  hint: add this platform to the workspace and lock it again, or name another one with --platform",
        ),
    ),
    "a misspelt triple": Slip(
        "build --target x86_64-linux-gnu",
        (
            "error: --target: no template for the target 'x86_64-linux-gnu'",
            "  hint: did you mean 'x86_64-unknown-linux-gnu'?",
        ),
    ),
    "a misspelt value of a flag": Slip(
        "build --layout onlin",
        (
            "error: --layout: must be one of online, external, embedded",
            "  found: 'onlin'",
            "  hint: did you mean 'online'?",
        ),
    ),
    "a misspelt value": Slip(
        "inspect",
        (
            "error: conda.toml:18:10: tool.conda-ship.layout: must be one of online, external, embedded",
            '   18 │ layout = "embeded"',
            "      │          ^^^^^^^^^",
            "  hint: did you mean 'embedded'?",
        ),
        edit('"embedded"', '"embeded"'),
    ),
    "a misspelt key": Slip(
        "inspect",
        (
            "error: conda.toml:17:1: tool.conda-ship.delagate: unknown key",
            '   17 │ delagate = "python"',
            "      │ ^^^^^^^^",
            "  hint: did you mean 'delegate'?",
        ),
        edit("^delegate", "delagate"),
    ),
    "an underscore in the table": Slip(
        "inspect",
        (
            "error: conda.toml:13:7: tool.conda_ship: unknown table",
            "   13 │ [tool.conda_ship]",
            "      │       ^^^^^^^^^^",
            "  hint: did you mean [tool.conda-ship]?",
        ),
        edit(r"\[tool.conda-ship\]", "[tool.conda_ship]"),
    ),
    "the table in the wrong place": Slip(
        "inspect",
        (
            "error: conda.toml:13:2: conda-ship: unknown table",
            "   13 │ [conda-ship]",
            "      │  ^^^^^^^^^^",
            "  hint: did you mean [tool.conda-ship]?",
        ),
        edit(r"\[tool.conda-ship\]", "[conda-ship]"),
    ),
    "a number without quotes": Slip(
        "inspect",
        (
            "error: conda.toml:17:12: tool.conda-ship.delegate: must be a string",
            "   17 │ delegate = 1.0",
            "      │            ^^^",
            "  hint: put the value in quotes",
        ),
        edit("^delegate = .*", "delegate = 1.0"),
    ),
    "a lock without anything in it": Slip(
        "inspect",
        (
            "error: conda.lock: this is not a lock: it has no version",
            "  expected: a conda.lock or pixi.lock",
            "  hint: restore the file from version control, or lock the workspace again",
        ),
        write("{}", "conda.lock"),
    ),
    "no table": Slip(
        "build",
        (
            "error: conda.toml: tool.conda-ship: this table is missing; runtime, delegate and source-environment "
            "are required",
            "  hint: run `cs init`, or add this to conda.toml, with your values:",
            "",
            "    [tool.conda-ship]",
            '    runtime = "demo"',
            '    delegate = "demo"',
            '    source-environment = "ship"',
            '    runtime-version = "1.0.0"',
        ),
        edit(r"\[tool.conda-ship\](?s:.*)", ""),
    ),
    "two keys are missing": Slip(
        "build",
        (
            "error: conda.toml:13:7: tool.conda-ship: runtime and delegate are required",
            "   13 │ [tool.conda-ship]",
            "      │       ^^^^^^^^^^",
            "  hint: add this to [tool.conda-ship], with your values:",
            "",
            '    runtime = "demo"',
            '    delegate = "demo"',
        ),
        edit('^runtime = "demo"\n(.*\n)delegate.*\n', r"\1"),
    ),
    "one key is missing": Slip(
        "build",
        (
            "error: conda.toml:13:7: tool.conda-ship.delegate: this key is required",
            "   13 │ [tool.conda-ship]",
            "      │       ^^^^^^^^^^",
            "  expected: executable in the prefix that the runtime starts, with the user's arguments",
            '  hint: add `delegate = "..."` to [tool.conda-ship]',
        ),
        edit("^delegate.*\n", ""),
    ),
    "a number instead of a text": Slip(
        "inspect",
        (
            "error: conda.toml:15:11: tool.conda-ship.runtime: must be a string",
            "   15 │ runtime = 3",
            "      │           ^",
        ),
        edit('^runtime = "demo"', "runtime = 3"),
    ),
    "a text instead of a list": Slip(
        "inspect",
        (
            "error: conda.toml:18:11: tool.conda-ship.exclude: must be a list of package names",
            '   18 │ exclude = "hello"',
            "      │           ^^^^^^^",
        ),
        add('exclude = "hello"'),
    ),
    "no quotes": Slip(
        "inspect",
        (
            "error: conda.toml:15:11: is not valid TOML: invalid value",
            "   15 │ runtime = demo",
            "      │           ^^^^",
            '  hint: put text in quotes: "demo"',
        ),
        edit('^runtime = "demo"', "runtime = demo"),
    ),
    "a quote is missing": Slip(
        "inspect",
        (
            "error: conda.toml:15:16: is not valid TOML: a text is not closed before the line ends",
            '   15 │ runtime = "demo',
            "      │                ^",
            "  hint: add the missing quote",
        ),
        edit('^runtime = "demo"', 'runtime = "demo'),
    ),
    "a key twice": Slip(
        "inspect",
        (
            "error: conda.toml:17:1: tool.conda-ship.runtime: is defined twice, first on line 15",
            '   17 │ runtime = "x"',
            "      │ ^^^^^^^",
            "  hint: remove or merge one of the two",
        ),
        edit("^delegate", 'runtime = "x"\ndelegate'),
    ),
    "a manifest of Notepad": Slip(
        "inspect",
        ("error: conda.toml:1:1: is UTF-16, not UTF-8", "  hint: save the file as UTF-8"),
        write("[workspace]".encode("utf-16")),
    ),
    "a password in an address": Slip(
        "inspect",
        (
            "error: conda.toml:18:12: tool.conda-ship.docs-url: must be an address without user, password or token: "
            "it ships, and users see it",
            '   18 │ docs-url = "https://***@host/x"',
            "      │            ^^^^^^^^^^^^^^^^^^^^",
        ),
        add('docs-url = "https://user:sekrit@host/x"'),
    ),
    "a condarc that is not there": Slip(
        "inspect",
        (
            "error: conda.toml:18:16: tool.conda-ship.condarc-file: no such file: no.yaml",
            '   18 │ condarc-file = "no.yaml"',
            "      │                ^^^^^^^^^",
            "  hint: correct the path: it is relative to the manifest",
        ),
        add('condarc-file = "no.yaml"'),
    ),
    "a condarc that is not YAML": Slip(
        "inspect",
        (
            "error: c.yaml:2:2: tool.conda-ship.condarc-file: is not valid YAML: did not find expected ',' or ']'",
            "   2 │ c: d",
            "     │  ^",
        ),
        both(add('condarc-file = "c.yaml"'), write("a: [b\nc: d\n", "c.yaml")),
    ),
    "a misspelt licence": Slip(
        "inspect --deny-licenses MTI",
        ("error: --deny-licenses: 'MTI' is not a licence of the SPDX list",),
    ),
    "a feature that is not there": Slip(
        "inspect",
        (
            "error: conda.toml:11:1: environments.ship: there is no feature 'shipp'",
            '   11 │ ship = { features = ["shipp"], no-default-feature = true }',
            "      │ ^^^^",
            "  hint: did you mean 'ship'?",
        ),
        edit(r'\["ship"\]', '["shipp"]'),
    ),
    "a stale lock": Slip(
        "build",
        (
            "error: conda.lock: the lock does not match the manifest",
            "  - conda.toml:8: the manifest asks for 'attrs', but the lock has no attrs",
            '   8 │ attrs = "*"',
            "     │ ^^^^^",
            "  hint: run `conda workspace lock`, or use --no-lock-check to ship what is locked",
            "  more: https://conda-ship.github.io/conda-ship/reference/errors/#stale-lock",
        ),
        edit("^hello", 'attrs = "*"\nhello'),
    ),
    "a merge conflict in the lock": Slip(
        "inspect",
        (
            "error: conda.lock:2:1: the lock has the marks of a merge conflict",
            "   2 │ <<<<<<< HEAD",
            "     │ ^",
            "  hint: take one side of it, and lock the workspace again",
        ),
        write("version: 1\n<<<<<<< HEAD\na: b\n=======\na: c\n>>>>>>> x\n", "conda.lock"),
    ),
    "a lock of a later format": Slip(
        "inspect",
        (
            "error: conda.lock:1:10: version: this version of the lock format is not supported",
            "   1 │ version: 99",
            "     │          ^^",
        ),
        write("version: 99\nenvironments: {}\npackages: []\n", "conda.lock"),
    ),
    "an excluded python": Slip(
        "build --exclude python",
        (
            "error: conda.lock: the environment 'ship' cannot ship: one problem",
            "  - a noarch Python package cannot be installed without Python: hello",
            "    hint: python was dropped because 'python' is in 'exclude': keep it",
        ),
    ),
    "a misspelt delegate": Slip(
        "build -q --delegate pyhton",
        ("error: --delegate: no package of the environment provides the delegate 'pyhton' on linux-64",),
    ),
    "another program as a template": Slip(
        "build --template /bin/sh", ("error: /bin/sh: this is not a conda-ship template",)
    ),
    "a template that is not there": Slip("build --template nope", ("error: nope: the template does not exist",)),
    "no output directory": Slip(
        "build --out-dir=",
        ("error: --out-dir: the path is empty", "  hint: for the current directory, give a dot: ."),
    ),
    "a file as an output directory": Slip(
        "build --out-dir conda.toml",
        ("error: conda.toml: cannot create the output directory: a file that is not a directory has this name",),
    ),
    "an output directory below a file": Slip(
        "build --out-dir conda.toml/dist",
        ("error: conda.toml: cannot create the output directory: a file that is not a directory has this name",),
    ),
    "a file as a cache": Slip(
        "build -q --cache-dir conda.toml",
        (
            "error: conda.toml: cannot write to the cache: Not a directory",
            "  hint: choose another directory with CONDA_SHIP_CACHE_DIR or --cache-dir",
        ),
    ),
    "constraints that are not there": Slip(
        "build --build-constraints nope", ("error: --build-constraints: no such file: nope",)
    ),
    "a folder without a build": Slip("verify .", ("error: .: no build found here (no `*.sha256` file)",)),
    "a lock instead of a runtime": Slip(
        "verify conda.lock", ("error: conda.lock: this is not a conda-ship runtime: no stamp found",)
    ),
    "a path that is not there": Slip("verify nope", ("error: nope: no such file or directory",)),
    "a key that is not there": Slip("build --sign nope.pem", ("error: nope.pem: the key does not exist",)),
    "a label with a slash": Slip(
        "build --target-label a/b", ("error: --target-label: this label cannot be part of a file name",)
    ),
}


@pytest.mark.usefixtures("template")
@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_answered_in_plain_words(
    name: str, workspace: Workspace, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    slip = SLIPS[name]
    slip.spoil()
    outcome = cs(*slip.words.split())
    assert outcome.status in (1, 2)
    start = outcome.err.index("error: ")
    assert outcome.err[start:].splitlines()[: len(slip.lines)] == list(slip.lines), outcome.err
    assert "Traceback" not in outcome.err
    assert "fetch" not in outcome.err[:start]
    assert "sekrit" not in outcome.err + outcome.out
    assert str(workspace.directory) not in outcome.err


def list_path_flags() -> list[tuple[str, str]]:
    """List the flags whose value is a path, each with its command."""
    return [
        (command.name, flag.name)
        for command in load_commands()
        for flag in command.flags
        if flag.completion in ("file", "directory")
    ]


@pytest.mark.parametrize(("command", "flag"), list_path_flags())
def test_no_flag_takes_an_empty_path(command: str, flag: str, cs: Cs) -> None:
    outcome = cs(*command.split(), f"{flag}=")
    assert outcome.status == 2
    assert outcome.err.splitlines()[0] == f"error: {flag}: the path is empty"

"""Whatever comes from outside, nothing of it commands a terminal or forges a line; and it goes through one module."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from copy import copy
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cli_samples import Workspace, inspect_options
from cs_cli import main
from cs_cli.companions.files import render_json
from cs_cli.error_text import render_error
from cs_cli.errors import CliError
from cs_cli.inspection.details import render_details
from cs_cli.inspection.report import render_inspection
from cs_cli.inspection.summary import BytecodeCost, DelegateCheck, Inspection, PlatformSummary, inspect_derivation
from cs_cli.project.derivation import derive_project
from cs_cli.terminal.console import Console, print_json, print_lines
from cs_cli.terminal.escaping import escape_line
from cs_cli.terminal.lines import Block, paint
from cs_cli.verification.checks import Fault, Result, Verification
from cs_lock import Channel, Exclusion, Problem
from terminals import COLORS, show, to_plain

PACKAGES = Path(__file__).parents[2]
SOURCES = list(PACKAGES.glob("*/src/*/**/*.py"))
HOSTILE = "\x1b]0;owned\a\x9b31m\u202eevil\nerror: forged\r\t\x7f\u2028\udc9b"
BIDIRECTIONAL = {"\u061c", "\u200e", "\u200f", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
ANYTHING = st.text(st.characters() | st.sampled_from(sorted({*HOSTILE, *BIDIRECTIONAL})), min_size=1)


def is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in BIDIRECTIONAL


def assert_harmless(text: str) -> None:
    assert not [character for character in text if is_unsafe(character) and character != "\n"]


def written(print_something: Callable[[], None]) -> str:
    """Return what is written to stdout and stderr."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(out):
        print_something()
    return out.getvalue()


@example(HOSTILE)
@given(ANYTHING)
def test_a_line_stays_one_line_and_commands_nothing(text: str) -> None:
    for say in (Console().say, Console().warn, lambda line: print_lines([line])):
        said = written(partial(say, text))
        assert said.endswith("\n")
        assert_harmless(said)
        assert said.count("\n") == 1


@example(HOSTILE)
@given(ANYTHING)
def test_colours_are_the_only_commands(text: str) -> None:
    line = (text, paint(text, "bold red"))
    painted = show(line)
    assert set(COLORS.findall(painted)) == {"\x1b[1;31m", "\x1b[0m"}
    assert_harmless(COLORS.sub("", painted))
    assert_harmless("".join(to_plain([line])))


@example(HOSTILE)
@given(ANYTHING)
def test_json_says_the_same(text: str) -> None:
    document = {"key": text, text: ["key", {"inner": text}]}
    for indent in (None, 2):
        printed = written(partial(print_json, document, indent=indent))
        assert_harmless(printed)
        assert json.loads(printed) == document
        assert printed.count("\n") == (1 if indent is None else 1 + json.dumps(document, indent=2).count("\n"))
    assert json.loads(render_json(document)) == document
    assert_harmless(render_json(document).decode())


def all_fields(text: str) -> CliError:
    problem = Problem(kind="x", severity="error", message=text, platforms=(text,), hint=text)
    fields: dict[str, Any] = {"path": Path(text), "key": text, "expected": text, "actual": text, "hint": text}
    error = CliError(text, kind="k", **fields, problems=[problem, Fault(error=CliError(text, kind="k", **fields))])
    error.lines = [text]  # type: ignore[attr-defined]
    return error


@example(HOSTILE)
@given(ANYTHING)
def test_no_error_forges_a_line(text: str) -> None:
    said = written(lambda: print_lines(render_error(all_fields(text))))
    assert_harmless(said)
    assert said.count("\n") == written(lambda: print_lines(render_error(all_fields("x")))).count("\n")


def spoil(inspection: Inspection, text: str) -> Inspection:
    """Put a text wherever an inspection holds one from outside."""
    platforms = tuple(
        PlatformSummary(
            name=text,
            subdir=text,
            packages=tuple(replace(record, name=text, license=text, url=text) for record in platform.packages),
        )
        for platform in inspection.platforms
    )
    exclusion = Exclusion(platform=text, name=text, removed=(text,), kept=(), broken=())
    lock = copy(inspection.derivation.lock)
    lock.exclusions = (exclusion,)
    lock.channels = (Channel(url=text),)
    config = replace(inspection.derivation.config, runtime=text, delegate=text, source_environment=text)
    return replace(
        inspection,
        derivation=replace(inspection.derivation, lock=lock, config=config),
        platforms=platforms,
        bytecode=(BytecodeCost(platform=text, size_bytes=1, basis="estimated"),),
        delegate_checks=(DelegateCheck(platform=text, checked=True, found=text),),
        problems=(Problem(kind="x", severity="error", message=text, platforms=(text,), hint=text),),
    )


def render_all(inspection: Inspection) -> list[Block]:
    """Render everything that is known of an inspection."""
    more = render_details(inspection, unicode=True)
    return render_inspection(inspection, more=more, is_long=True)


@pytest.mark.usefixtures("workspace")
def test_no_inspection_forges_a_line() -> None:
    inspection = inspect_derivation(derive_project(inspect_options(), strict=False), platform=None)

    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @example(HOSTILE)
    @given(ANYTHING)
    def check(text: str) -> None:
        blocks = render_all(spoil(inspection, text))
        lines = to_plain(blocks)
        assert_harmless("".join(lines))
        assert "\n" not in "".join(lines)
        assert len(lines) == len(to_plain(render_all(spoil(inspection, "x"))))
        assert_harmless(COLORS.sub("", show(*blocks)))

    check()


@example(HOSTILE)
@given(ANYTHING)
def test_no_verification_forges_a_line(text: str) -> None:
    result = Result(path=Path(text.replace("\0", "")), kind="folder")
    result.attempt(text, "checksum", lambda: text)
    result.leave(text, "listed", text)
    one, two = Verification(results=(result,)), Verification(results=(result, result))
    said = written(lambda: print_lines([*one.lines, *two.lines]))
    assert_harmless(said)
    assert said.count("\n") == 3 + 5  # two checks of each result, and two verdicts


@pytest.mark.parametrize("text", ["Zoë", "日本語", "עברית", "👩\u200d💻", "e\u0301", r"C:\new", "a\u00a0b", ""])
def test_what_people_write_stays(text: str) -> None:
    assert escape_line(text) == text


def test_what_is_escaped_can_be_read() -> None:
    assert escape_line(HOSTILE) == (r"\x1b]0;owned\x07\x9b31m\u202eevil\nerror: forged\r\t\x7f\u2028\udc9b")


def test_every_unsafe_character_is_escaped_and_no_other() -> None:
    for number in range(0x110000):
        assert (escape_line(chr(number)) != chr(number)) == is_unsafe(chr(number)), hex(number)


def find_outlets(tree: ast.AST) -> Iterable[int]:
    """Find the lines that print, or write to a stream of the process."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "print" or re.fullmatch(r"sys\.(stdout|stderr)(\.buffer)?\.write(lines)?", called):
                yield node.lineno


def test_one_module_prints() -> None:
    outlets = {path.name for path in SOURCES if list(find_outlets(ast.parse(path.read_text(encoding="utf-8"))))}
    assert outlets == {"console.py"}


def test_one_module_knows_rich() -> None:
    assert {path.name for path in SOURCES if re.search(r"(from|import) rich\b", path.read_text("utf-8"))} == {
        "formatted.py"
    }


def test_no_source_writes_an_escape_sequence() -> None:
    for path in SOURCES:
        texts = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
        assert not [text for text in texts if isinstance(text, str) and "\x1b" in text], path


@pytest.mark.usefixtures("workspace")
def test_a_pipe_needs_no_rich() -> None:
    program = "import sys; from cs_cli.main import main; main(['inspect']); sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False).returncode == 0


def test_a_warning_of_a_library_is_shown(monkeypatch: pytest.MonkeyPatch, cs: Any) -> None:
    def inspect(_: object) -> int:
        warnings.warn(HOSTILE, UserWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(main, "load_command", lambda _: SimpleNamespace(run=inspect))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        outcome = cs("inspect")
    assert outcome.err == f"warning: {escape_line(HOSTILE)}\n"


def test_a_hostile_command_line_is_shown(cs: Any, workspace: Workspace) -> None:
    for words in (["inspect", "--platform", HOSTILE.replace("\udc9b", "")], ["\x1b[31m"], ["inspect", "--\x1b[31m"]):
        for form in ([], ["--error-format", "json"]):
            outcome = cs(*words, *form)
            assert outcome.status != 0
            assert_harmless(outcome.out + outcome.err)

"""No lock, manifest, marker, package, stamp or server writes to a terminal, by ``cs`` or by a runtime.

The law: whatever text comes from outside, stdout and stderr hold no control character but the ends of our own lines,
and no line that the program did not write; JSON stays JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cs_stamp import StampError
from support.channel.crafted import Archive, write_channel
from support.channel.pieces import delegate, package, plain
from support.commands import SCRIPTS
from support.installs import Runtime, make_runtime
from support.servers import Answer, serve
from support.terminal import FILE_NAME, HOSTILE, check_harmless, check_json, check_text, run_on_terminal, run_raw
from support.tested_platform import PLATFORM
from support.workspaces import Workspace

YAML_TEXT = json.dumps(HOSTILE)
QUIET_TEXT = "owned"
"""What is left to be read of :data:`HOSTILE`: its place has been reached."""


# --- cs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records(fast_directory: Path) -> list[dict[str, Any]]:
    """One package."""
    return write_channel([delegate()], fast_directory / "outlets-channel")


@pytest.fixture
def workspace(tmp_path: Path, records: list[dict[str, Any]]) -> Path:
    """A workspace of one package, whose channel no server has."""
    ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"awkward-delegate"', "layout": '"online"'}
    url = "https://outlets.example/channel"
    made = Workspace(directory=tmp_path / "w", specs=("awkward-base",), channel_url=url, ship=ship)
    local = [{**record, "url": f"{url}/{record['subdir']}/{record['fn']}"} for record in records]
    return made.write({"ship": {PLATFORM: local}})


def check_cs(workspace: Path) -> str:
    """Run the commands that read a workspace, in each of their forms."""
    environment = {**os.environ, "CONDA_SHIP_CACHE_DIR": str(workspace.parent / "cache")}
    written = ""
    for words in (
        ["inspect"],
        ["inspect", "--json"],
        ["inspect", "--error-format", "json"],
        ["build", "--dry-run", "--offline"],
        ["build", "--dry-run", "--offline", "--json"],
        ["build", "--dry-run", "--offline", "--error-format", "json"],
    ):
        completed = run_raw([SCRIPTS / "cs", *words], cwd=workspace, env=environment)
        written += check_harmless(completed)
        if "--json" in words and completed.stdout:
            check_json(completed.stdout)
    return written


FIELDS = ["name", "version", "build", "license", "subdir", "noarch", "sha256", "md5", "size", "timestamp", "purls"]


@pytest.mark.parametrize("field", [*FIELDS, "conda", "depends", "unknown"])
def test_no_field_of_a_locked_package(field: str, workspace: Path) -> None:
    lock = workspace / "conda.lock"
    text = lock.read_text()
    line = f"  {field}: [{YAML_TEXT}]" if field in ("depends", "purls") else f"  {field}: {YAML_TEXT}"
    packages = text.index("\npackages:")
    head, tail = text[:packages], text[packages:]
    if field == "conda":
        changed = re.sub(
            r"^- conda: (.*)$", lambda match: f"- conda: {json.dumps(match[1] + HOSTILE)}", tail, flags=re.M
        )
    else:
        changed = re.sub(rf"^  {field}: .*\n(?:  - .*\n)*", "", tail, flags=re.M)
        changed = re.sub(r"^(- conda: .*)$", lambda match: f"{match[1]}\n{line}", changed, flags=re.M)
    lock.write_text(head + changed)
    check_cs(workspace)


@pytest.mark.parametrize("place", ["channel", "environment", "platform", "version", "top", "tag", "anchor"])
def test_no_other_text_of_a_lock(place: str, workspace: Path) -> None:
    lock = workspace / "conda.lock"
    text = lock.read_text()
    replacement: dict[str, Callable[[str], str]] = {
        "channel": lambda text: re.sub(r"url: https.*", lambda _: f"url: {YAML_TEXT}", text, count=1),
        "environment": lambda text: text.replace("  ship:", f"  {YAML_TEXT}:", 1),
        "platform": lambda text: text.replace(f"{PLATFORM}:", f"{YAML_TEXT}:"),
        "version": lambda text: re.sub(r"^version: .*", lambda _: f"version: {YAML_TEXT}", text),
        "top": lambda text: f"{text}{YAML_TEXT}: {YAML_TEXT}\n",
        "tag": lambda text: f"{text}x: !%1B%0Aowned [1]\n",
        "anchor": lambda text: f"{text}x: \x9b31m\n",
    }
    changed = replacement[place](text)
    assert changed != text
    lock.write_text(changed)
    check_cs(workspace)


TOML_TEXT = json.dumps(HOSTILE.replace("\x7f", ""))


@pytest.mark.parametrize(
    "line",
    [
        f"{TOML_TEXT} = 1",
        f"docs-url = {TOML_TEXT}",
        f"exclude = [{TOML_TEXT}]",
        f"installer = {TOML_TEXT}",
        f"condarc-file = {TOML_TEXT}",
        f"artifact-name = {TOML_TEXT}",
        f"on-upgrade = {TOML_TEXT}",
        f"[feature.{TOML_TEXT}.dependencies]\nx = {TOML_TEXT}",
        f"[environments.{TOML_TEXT}]\nfeatures = [{TOML_TEXT}]",
        "\x9b31m\u202e = 1",
    ],
)
def test_no_text_of_a_manifest(line: str, workspace: Path) -> None:
    manifest = workspace / "conda.toml"
    manifest.write_text(f"{manifest.read_text()}\n{line}\n")
    check_cs(workspace)


@pytest.mark.parametrize("key", ["runtime", "runtime-version", "delegate", "layout", "source-environment"])
def test_no_value_of_a_manifest(key: str, workspace: Path) -> None:
    manifest = workspace / "conda.toml"
    changed = re.sub(rf"^{key} = .*$", lambda _: f"{key} = {TOML_TEXT}", manifest.read_text(), flags=re.M)
    assert changed != manifest.read_text()
    manifest.write_text(changed)
    assert QUIET_TEXT in check_cs(workspace)


def test_no_suggestion_for_a_manifest(workspace: Path) -> None:
    manifest = workspace / "conda.toml"
    text = manifest.read_text().partition("[tool.conda-ship]")[0]
    manifest.write_text(re.sub(r"^ship = ", lambda _: f"{TOML_TEXT} = ", text, flags=re.M))
    assert QUIET_TEXT in check_cs(workspace)


def test_no_name_of_a_file(workspace: Path) -> None:
    folder = workspace / FILE_NAME
    folder.mkdir()
    for name in (FILE_NAME, os.fsdecode(b"\x9b\xff")):
        (folder / name).write_text("x")
    (folder / "demo.sha256").write_text(f"{'0' * 64}  {FILE_NAME.replace(chr(10), '')}\n")
    for path in (folder, folder / FILE_NAME, folder / "missing"):
        for more in ([], ["--json"], ["--error-format", "json"]):
            completed = run_raw([SCRIPTS / "cs", "verify", path, *more])
            written = check_harmless(completed)
            assert completed.returncode in (1, 2)
            assert QUIET_TEXT in written
    shutil.copy(workspace / "conda.toml", folder)
    # From the directory above: a path below the current one is shown without it.
    assert QUIET_TEXT in check_harmless(run_raw([SCRIPTS / "cs", "inspect", "--root", FILE_NAME], cwd=workspace))


def test_nothing_on_a_terminal(workspace: Path) -> None:
    manifest = workspace / "conda.toml"
    manifest.write_text(re.sub(r"^layout = .*$", lambda _: f"layout = {TOML_TEXT}", manifest.read_text(), flags=re.M))
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "1000"}  # so wide that no line breaks
    written = run_on_terminal([SCRIPTS / "cs", "inspect"], cwd=workspace, env=environment)
    assert QUIET_TEXT in check_text(written)


# --- the runtime ------------------------------------------------------------------------------------------------------


@dataclass
class Bench:
    """Runtimes of crafted packages, and a home for their prefix."""

    directory: Path

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def prefix(self) -> Path:
        return self.home / ".conda" / "demo"

    def make(self, *archives: Archive, version: str = "1.0", **fields: Any) -> Runtime:
        records = write_channel([delegate(), *archives], self.directory / version / "channel")
        channel, directory = self.directory / version / "channel", self.directory / version / "runtime"
        return make_runtime(records, channel, directory, **{"runtime_version": version, **fields})

    def environment(self, runtime: Runtime, **variables: str) -> dict[str, str]:
        settings = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "DEMO_BUNDLE": str(runtime.bundle)}
        return {**settings, "DEMO_OFFLINE": "1", "LC_ALL": "C.UTF-8", **variables}

    def run(self, runtime: Runtime, *words: str, named: Path | None = None, **variables: Any) -> str:
        """Run a runtime and look at what it writes.

        :param named: the runtime's executable under another name.
        """
        self.home.mkdir(exist_ok=True)
        environment = self.environment(runtime, **variables)
        completed = run_raw([named or runtime.executable, *words], env=environment, cwd=self.home)
        if "--json" in words and completed.stdout:
            check_json(completed.stdout)
        if completed.stderr.startswith(b"{"):
            check_json(completed.stderr)
        return check_harmless(completed)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "bench")


FORMS: tuple[dict[str, Any], ...] = ({}, {"DEMO_PROGRESS": "json"})
QUESTIONS: list[Sequence[str]] = [
    ("status",),
    ("-v", "status"),
    ("status", "--json"),
    ("verify",),
    ("-v", "verify"),
    ("verify", "--json"),
    ("help",),
    ("help", "bootstrap"),
    ("-V",),
    ("shell", "nowhere"),
    ("bootstrap",),
    ("rollback",),
    ("uninstall",),
    ("uninstall", "-y"),
]


def ask(bench: Bench, runtime: Runtime, questions: Sequence[Sequence[str]] = QUESTIONS, **more: Any) -> str:
    """Ask everything that can be asked, in sentences and in events."""
    return "".join(bench.run(runtime, *words, **more, **form) for words in questions for form in FORMS)


@pytest.mark.parametrize("key", ["runtime_version", "runtime", "stamp", "channels", "packages"])
def test_no_marker(key: str, bench: Bench) -> None:
    first, second = bench.make(), bench.make(version="2.0", on_upgrade="keep")
    bench.run(first)
    for path in (bench.prefix, bench.prefix.with_name(".demo.previous")):
        if path != bench.prefix:
            shutil.copytree(bench.prefix, path)
        marker = path / ".demo.json"
        text = marker.read_bytes()
        fields = json.loads(text)
        fields[key] = [HOSTILE] if isinstance(fields.get(key), list) else HOSTILE
        marker.write_text(json.dumps(fields))
    for runtime in (first, second):
        ask(bench, runtime, [words for words in QUESTIONS if words[0] != "uninstall"])
        bench.run(runtime)
    ask(bench, second)


def test_no_name_of_an_environment(bench: Bench) -> None:
    runtime = bench.make()
    lines = []
    for name in ("harmless", FILE_NAME):
        bench.run(runtime)
        environment = bench.prefix / "envs" / name / "conda-meta"
        environment.mkdir(parents=True)
        (environment / "history").write_text("")
        assert QUIET_TEXT in bench.run(runtime, "shell", "nowhere") or name == "harmless"
        lines.append(bench.run(runtime, "uninstall", "-y").count("\n"))
    assert lines[0] == lines[1]


@pytest.mark.parametrize("place", ["demo", ".demo.previous", ".demo.staging", "demo/envs"])
def test_no_target_of_a_link(place: str, bench: Bench) -> None:
    first, second = bench.make(), bench.make(version="2.0")
    bench.prefix.parent.mkdir(parents=True)
    if place == "demo/envs":
        bench.run(first)
    target = bench.directory / FILE_NAME
    target.mkdir()
    bench.prefix.parent.joinpath(place).symlink_to(target)
    for runtime in (first, second):
        ask(bench, runtime, [words for words in QUESTIONS if "-y" not in words])
        bench.run(runtime)
        bench.run(runtime, "bootstrap", "--force")
    ask(bench, second)


SCRIPT = 'cd "$PREFIX" && cat share/text >> .messages.txt\ncat share/text\n'


@pytest.mark.parametrize("end", ["exit 0", "exit 3"])
def test_no_script_of_a_package(end: str, bench: Bench) -> None:
    script = plain("bin/.loud-post-link.sh", f"{SCRIPT}{end}\n", executable=True)
    runtime = bench.make(Archive(package=package("loud", [script, plain("share/text", HOSTILE)])))
    written = bench.run(runtime)
    assert QUIET_TEXT in written
    assert all(line.startswith("demo: ") for line in written.splitlines()), written
    assert [line for line in written.splitlines() if line.startswith("demo: loud: forged")]
    bench.run(runtime, "bootstrap", "--force", DEMO_PROGRESS="json")


def test_no_variable_of_a_package(bench: Bench) -> None:
    variables = plain(
        "etc/conda/env_vars.d/loud.json", json.dumps({HOSTILE: [], "PATH": HOSTILE, f"X{HOSTILE}": HOSTILE})
    )
    runtime = bench.make(Archive(package=package("loud", [variables])), activation="full")
    for _ in range(2):
        bench.run(runtime)


def test_no_path_in_a_package(bench: Bench) -> None:
    for number, path in enumerate((f"share/{FILE_NAME}", f"../{FILE_NAME}", f"share/{FILE_NAME}/.."), 1):
        runtime = bench.make(Archive(package=package("loud", [plain(path, "x")])), version=f"{number}.0")
        for words in (("-v",), ("bootstrap", "--force"), ("-v", "status"), ("uninstall", "-y")):
            ask(bench, runtime, [words])


def test_no_name_of_the_executable(bench: Bench) -> None:
    runtime = bench.make()
    named = runtime.executable.with_name(FILE_NAME)
    shutil.copy(runtime.executable, named)
    assert QUIET_TEXT in ask(
        bench, runtime, [*QUESTIONS, ("help", FILE_NAME), ("status", f"--{FILE_NAME}")], named=named
    )
    for topic in ("bootstrap", "status", "shell", "rollback", "uninstall"):
        lines = [bench.run(runtime, "help", topic, named=path).count("\n") for path in (named, runtime.executable)]
        assert lines[0] == lines[1]


@pytest.mark.parametrize(
    "variables",
    [
        {"DEMO_PREFIX": f"/nowhere/{FILE_NAME}"},
        {"DEMO_BUNDLE": f"/nowhere/{FILE_NAME}"},
        {"DEMO_PROGRESS": HOSTILE},
        {"HOME": f"/proc/{FILE_NAME}"},
        {"SHELL": f"/nowhere/{FILE_NAME}"},
        {"CONDA_ENVS_DIRS": f"/nowhere/{FILE_NAME}"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_no_variable_of_the_user(variables: dict[str, Any], bench: Bench) -> None:
    runtime = bench.make()
    for words in [(), ("shell",), *QUESTIONS]:
        if "DEMO_PROGRESS" in variables:
            environment = {"HOME": str(bench.directory), "DEMO_BUNDLE": str(runtime.bundle), **variables}
            check_harmless(run_raw([runtime.executable, *words], env=environment))
        else:
            bench.run(runtime, *words, **variables)


HEADER = {
    "runtime_version": HOSTILE,
    "docs_url": HOSTILE,
    "channels": (f"https://h.example/{HOSTILE}",),
    "installer": HOSTILE,
    "builder": HOSTILE,
    "bundle_file_name": FILE_NAME,
    "runtime": f"d{HOSTILE}",
    "delegate": f"d{HOSTILE}",
}


@pytest.mark.parametrize("field", HEADER)
def test_no_field_of_a_stamp(field: str, bench: Bench) -> None:
    layout: dict[str, Any] = {"layout": "external"} if field == "bundle_file_name" else {}
    value = HEADER[field]
    try:
        runtime = bench.make(**layout, **dict[str, Any]({field: value}))
    except StampError:
        # What the format refuses may be a control character that it does not know.
        keep = re.sub(r"[\x00-\x1f\x7f]", "", value) if isinstance(value, str) else value
        try:
            runtime = bench.make(version="2.0", **{field: keep}, **layout)
        except StampError:
            return
    ask(bench, runtime, [(), *QUESTIONS])


def fault_reason(answer: Answer) -> bool:
    answer.send_response(404, "\x1b]0;owned\x07")
    answer.send_header("Content-Length", "0")
    answer.end_headers()
    return True


def fault_redirect(answer: Answer) -> bool:
    return answer.send(302, {"Location": "ftp://h.example/\xc2\x9b31m\xe2\x80\xae%1b%0aforged: line"})


def fault_realm(answer: Answer) -> bool:
    return answer.send(401, {"WWW-Authenticate": 'Basic realm="\xc2\x9b31m"'}, b"\x1b]0;owned\x07\nforged: line\n")


@pytest.mark.parametrize("fault", [fault_reason, fault_redirect, fault_realm])
def test_no_server(fault: Callable[[Answer], bool], bench: Bench) -> None:
    runtime = bench.make()
    with serve(bench.directory) as server:
        server.fault = fault
        config = bench.home / ".config" / "rattler" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[mirrors]\n"https://awkward.example/channel" = ["{server.url}"]\n')
        for form in FORMS:
            bench.run(runtime, "-v", "bootstrap", DEMO_BUNDLE="", DEMO_OFFLINE="", **form)
        assert server.asked


def test_nothing_of_a_runtime_on_a_terminal(bench: Bench) -> None:
    runtime = bench.make()
    bench.run(runtime)
    environment = bench.prefix / "envs" / FILE_NAME / "conda-meta"
    environment.mkdir(parents=True)
    (environment / "history").write_text("")
    for words, keys in ((["bootstrap", "--force"], ""), (["uninstall"], "no\n"), (["uninstall"], "y\n")):
        written = check_text(
            run_on_terminal([runtime.executable, *words], keys, cwd=bench.home, env=bench.environment(runtime))
        )
        assert ("uninstall" in words) == (QUIET_TEXT in written), words
    assert not bench.prefix.exists()


def test_no_prompt(bench: Bench) -> None:
    runtime = bench.make()
    bench.run(runtime)
    name = f"$(touch ran)`touch ran`{FILE_NAME}"
    (bench.prefix / "envs" / name / "conda-meta").mkdir(parents=True)
    for shell in filter(os.path.exists, ("/bin/sh", "/bin/bash", "/bin/zsh")):
        environment = bench.environment(runtime, SHELL=shell, TERM="dumb")
        written = run_on_terminal([runtime.executable, "shell", name], "exit\n", cwd=bench.home, env=environment)
        assert "(?(touch ran)?touch ran??]" in written, shell
        assert not [part for part in ("\x1b]", "\u202e", "\nforged") if part in written], (shell, written)
        assert not (bench.home / "ran").exists(), shell

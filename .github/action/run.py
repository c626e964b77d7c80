"""The two steps of the action: install ``cs``, then build with it.

Inputs arrive as one JSON object in ``ACTION_INPUTS``. No shell sees them: they become elements of an argument list.
Standard library only, Python 3.11 and later.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

OWN = ("version", "python-version")
"""Inputs for this script; every other one is a flag of ``cs build``, which knows its values and refuses wrong ones."""

OUTPUTS = {
    "runtime": "runtime-path",
    "lock": "lock-path",
    "packages": "packages-path",
    "sbom": "sbom-path",
    "bundle": "bundle-path",
}
FIELDS = {
    "artifact_name": "artifact-name",
    "identity": "identity",
    "layout": "layout",
    "platform": "platform",
    "runtime_version": "runtime-version",
}

# From the repository that the action was checked out of: what its caller pinned is what runs.
SOURCES = (
    "packages/cs-manifest[build]",
    "packages/cs-lock",
    "packages/cs-bundle[fetch]",
    "packages/cs-stamp",
    "templates/cs-template",
    "packages/cs-cli",
)


# Controls, surrogates, separators and what turns the direction of writing: cs escapes them in its own messages, too.
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class ActionError(Exception):
    """The version is not one, or a build left something out."""


def list_requirements(version: str, repository: Path) -> list[str]:
    """List what pip has to install.

    :param version: released version of ``cs-cli``; empty for the sources beside this script.
    """
    if not version:
        return [str(repository / source) for source in SOURCES]
    if not re.fullmatch(r"[0-9][A-Za-z0-9.!+]*", version):
        raise ActionError(f"version: {version!r} is not a version such as 0.1.0")
    return [f"cs-cli=={version}"]


def build_arguments(inputs: Mapping[str, str]) -> list[str]:
    """Turn inputs into flags of ``cs build``, without the empty ones."""
    # One element each: a value that starts with a dash stays a value.
    return [f"--{name}={value.strip()}" for name, value in inputs.items() if name not in OWN and value.strip()]


def find_scripts(environment: Path) -> Path:
    """Return the scripts directory of a virtual environment."""
    return environment / ("Scripts" if os.name == "nt" else "bin")


def install(inputs: Mapping[str, str], repository: Path, environment: Path) -> None:
    """Install ``cs`` into a virtual environment of its own."""
    requirements = list_requirements(inputs.get("version", "").strip(), repository)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = find_scripts(environment) / Path(sys.executable).name
    if not python.exists():
        python = find_scripts(environment) / ("python.exe" if os.name == "nt" else "python")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, *requirements], check=True)


def run_cs(command: Sequence[str]) -> str:
    """Run ``cs``, pass on its messages as they arrive, and annotate the line that its error is about.

    :returns: what it wrote to stdout.
    :raises SystemExit: with its exit status when it failed.
    """
    last = ""
    # A file for stdout: nothing has to read it while stderr is passed on.
    with tempfile.TemporaryFile() as stdout:
        process = subprocess.Popen(
            [*command, "--error-format=json"], stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert process.stderr is not None
        for line in process.stderr:
            last = line.strip() or last
            if not line.startswith("{"):
                print(line, end="", file=sys.stderr, flush=True)
        if process.wait():
            print(render_annotation(last), flush=True)
            raise SystemExit(process.returncode if process.returncode > 0 else 1)
        stdout.seek(0)
        return stdout.read().decode("utf-8")


def render_annotation(line: str) -> str:
    """Write the last line of stderr as a workflow command that shows an error."""
    try:
        error = json.loads(line)
        message = error["message"]
    except (ValueError, TypeError, KeyError):
        return f"::error::{escape_data(show(line) or 'cs failed')}"
    if error.get("key"):
        message = f"{error['key']}: {message}"
    if error.get("hint"):
        message += f" ({error['hint']})"
    problems = (one.get("message", one) if isinstance(one, dict) else one for one in error.get("problems", ()))
    lines = [message, *error.get("lines", ()), *(f"- {problem}" for problem in problems)]
    message = "\n".join(map(show, lines))
    names = {"path": "file", "line": "line", "column": "col"}
    places = [f"{name}={escape_property(show(str(error[field])))}" for field, name in names.items() if error.get(field)]
    return f"::error{' ' if places else ''}{','.join(places)}::{escape_data(message)}"


def show(text: str) -> str:
    """Show control characters and line ends as Python escapes: they could control the log or forge a line."""
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def escape_data(text: str) -> str:
    """Escape a workflow command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Escape a workflow command's property."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def build(inputs: Mapping[str, str], scripts: Path) -> dict[str, str]:
    """Check with a dry run, then build.

    :returns: the outputs of the action.
    """
    command = [str(scripts / ("cs.exe" if os.name == "nt" else "cs")), "build", *build_arguments(inputs), "--json"]
    planned = json.loads(run_cs([*command, "--dry-run"]))
    run_cs(command)
    names = [name for one in planned["builds"] for name in one["files"] if name.endswith(".info.json")]
    if len(names) != len(planned["builds"]):
        raise ActionError(f"the plan names {len(names)} files .info.json for {len(planned['builds'])} builds")
    outputs = join_outputs([collect_outputs(Path(planned["out_dir"]).absolute() / name) for name in names])
    return {**outputs, "cs-path": command[0]}


def join_outputs(builds: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Join the outputs of several builds: one line for each value that they do not have in common."""
    values = {output: dict.fromkeys(one[output] for one in builds if one[output]) for output in builds[0]}
    return {output: "\n".join(lines) for output, lines in values.items()}


def collect_outputs(info_path: Path) -> dict[str, str]:
    """Read the outputs from ``STEM.info.json``; every file that it names must exist."""
    info = json.loads(info_path.read_text(encoding="utf-8"))
    checksums = info_path.with_name(info_path.name.removesuffix(".info.json") + ".sha256")
    outputs = dict.fromkeys(OUTPUTS.values(), "")
    outputs |= {output: str(info[field]) for field, output in FIELDS.items()}
    outputs |= {"dist-path": str(info_path.parent), "info-path": str(info_path), "checksums-path": str(checksums)}
    for file in info["files"]:
        if file["role"] in OUTPUTS:
            outputs[OUTPUTS[file["role"]]] = str(info_path.with_name(file["name"]))
    missing = [path for name, path in outputs.items() if name.endswith("-path") and path and not Path(path).exists()]
    if missing:
        raise ActionError(f"the build did not leave {', '.join(missing)}")
    return outputs


def write_outputs(outputs: Mapping[str, str], file: Path) -> None:
    """Append outputs to ``GITHUB_OUTPUT``; the delimiter cannot be guessed, so no value can end it."""
    delimiter = f"cs-{uuid.uuid4()}"
    with file.open("a", encoding="utf-8") as stream:
        for name, value in outputs.items():
            stream.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def main(step: str) -> None:
    """Carry out one step of the action."""
    inputs = json.loads(os.environ["ACTION_INPUTS"])
    environment = Path(os.environ["RUNNER_TEMP"]) / "conda-ship"
    if step == "install":
        install(inputs, Path(__file__).resolve().parents[2], environment)
    else:
        write_outputs(build(inputs, find_scripts(environment)), Path(os.environ["GITHUB_OUTPUT"]))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except ActionError as error:
        print(f"::error::{escape_data(str(error))}")
        sys.exit(1)
    except subprocess.CalledProcessError as error:
        print(f"::error::{escape_data(f'installing cs failed: pip or venv exited with {error.returncode}')}")
        sys.exit(1)

"""The steps of the action: install ``cs``, build with it, summarize.

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
from typing import Any

from action_text import escape_data, escape_property, show
from job_summary import write_summary

OWN = ("version", "python-version", "attest", "compare-with", "conda-ship-version")
"""Inputs for this script; every other one is a flag of ``cs build``, which knows its values and refuses wrong ones."""

ALIASES = {
    "runtime-name": "runtime",
    "delegate-executable": "delegate",
    "artifact-layout": "layout",
    "exclude-packages": "exclude",
    "install-method": "installer",
}
"""Inputs by the names that conda-ship's own action has for them, and the names here."""

TRIPLES = {
    ("Linux", "X64"): "x86_64-unknown-linux-gnu",
    ("Linux", "ARM64"): "aarch64-unknown-linux-gnu",
    ("macOS", "X64"): "x86_64-apple-darwin",
    ("macOS", "ARM64"): "aarch64-apple-darwin",
    ("Windows", "X64"): "x86_64-pc-windows-msvc",
    ("Windows", "ARM64"): "aarch64-pc-windows-msvc",
}
"""Target triples by ``RUNNER_OS`` and ``RUNNER_ARCH``."""

OUTPUTS = {
    "runtime": "runtime-path",
    "lock": "lock-path",
    "packages": "packages-path",
    "sbom": "sbom-path",
    "spdx": "spdx-path",
    "notices": "notices-path",
    "bundle": "bundle-path",
}
COMPANIONS = {".sha256": "checksums-path", ".provenance.json": "provenance-path"}
"""Files that ``STEM.info.json`` does not list, because they contain its digest, by what follows the stem."""

OUTPUT_ALIASES = {"binary-path": "runtime-path", "package-list-path": "packages-path"}
"""Outputs by the names that conda-ship's own action has for them; ``asset-name`` is the runtime's file name."""

BUILDING = ("platform", "target", "target-label", "template")
"""Inputs that only ``cs build`` has as flags: which of the platforms to build for, and how."""

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


PRIVATE = ("ACTIONS_ID_TOKEN_", "ACTIONS_RUNTIME_")
"""How variables begin with which a process may act as the job: what a build runs of the project does not get them."""


class ActionError(Exception):
    """The version is not one, or a build left something out."""


def read_inputs(text: str) -> dict[str, str]:
    """Read the inputs that are not empty, by their names here.

    :raises ActionError: when a value is given under both of its names.
    """
    given = {name: value.strip() for name, value in json.loads(text).items() if value.strip()}
    inputs: dict[str, str] = {}
    for name, value in given.items():
        if inputs.setdefault(ALIASES.get(name, name), value) != value:
            raise ActionError(f"{name} is an alias of {ALIASES.get(name, name)}, which is also set")
    if inputs.get("attest", "false") not in ("true", "false"):
        raise ActionError(f"attest: {inputs['attest']!r} is not true or false")
    return inputs


def list_requirements(inputs: Mapping[str, str], repository: Path) -> list[str]:
    """List what pip has to install: a release, with the extras that the inputs need, or the sources.

    :param repository: the sources beside this script, for inputs without a version.
    """
    version = inputs.get("version", "")
    if not version:
        extra = "[spdx]" if inputs.get("sbom") == "spdx" else ""
        return [f"{repository / source}{extra * source.endswith('/cs-cli')}" for source in SOURCES]
    if not re.fullmatch(r"[0-9][A-Za-z0-9.!+]*", version):
        raise ActionError(f"version: {version!r} is not a version such as 0.1.0")
    extras = ["templates"] * bool(inputs.keys() & {"platform", "target"}) + ["spdx"] * (inputs.get("sbom") == "spdx")
    return [f"cs-cli{'[' + ','.join(extras) + ']' if extras else ''}=={version}"]


def check_attestation(inputs: Mapping[str, str], variables: Mapping[str, str]) -> None:
    """Refuse what cannot be attested, before minutes of building.

    :param variables: those of the job: the runner sets one if the job may ask for an identity.
    :raises ActionError: when the job lacks a permission, or builds for several platforms.
    """
    if inputs.get("attest") != "true":
        return
    if inputs.get("platform") == "all":
        raise ActionError("attest: an attested SBOM is about one platform: use a matrix of platforms instead of all")
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in variables:
        needed = "permissions: {contents: read, id-token: write, attestations: write}"
        raise ActionError(f"attest: the job may not ask GitHub for an identity: give it {needed}")


def build_arguments(inputs: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    """Turn inputs into flags of ``cs build``.

    Without a label, the files are named after the platform, as those of conda-ship's own action are: jobs for several
    platforms publish into one release.
    """
    flags = {name: value for name, value in inputs.items() if name not in OWN}
    platform = flags.get("platform") or TRIPLES.get((variables.get("RUNNER_OS", ""), variables.get("RUNNER_ARCH", "")))
    if platform and platform != "all" and "target" not in flags:
        flags.setdefault("target-label", platform)
    if flags.get("target-label") == "none":
        del flags["target-label"]
    # One element each: a value that starts with a dash stays a value.
    return [f"--{name}={value}" for name, value in flags.items()]


def page_arguments(inputs: Mapping[str, str], page: Path, platforms: Sequence[str]) -> list[str]:
    """Turn inputs into flags of ``cs inspect``.

    :param page: the file to write.
    :param platforms: the platforms of the lock that were built; the page of several has all that the workspace has.
    """
    flags = {name: value for name, value in inputs.items() if name not in (*OWN, *BUILDING)}
    flags |= {"platform": platforms[0]} if len(platforms) == 1 else {}
    return [f"--{name}={value}" for name, value in flags.items()] + [f"--html={page}"]


def find_scripts(environment: Path) -> Path:
    """Return the scripts directory of a virtual environment."""
    return environment / ("Scripts" if os.name == "nt" else "bin")


def install(inputs: Mapping[str, str], repository: Path, environment: Path) -> None:
    """Install ``cs`` into a virtual environment of its own."""
    requirements = list_requirements(inputs, repository)
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
        words = [*command, "--error-format=json"]
        settings = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        process = subprocess.Popen(
            words, env=settings, stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8"
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


def build(inputs: Mapping[str, str], scripts: Path) -> dict[str, str]:
    """Check with a dry run, then build, then write the page of what ships.

    :returns: the outputs of the action.
    """
    arguments = build_arguments(inputs, os.environ)
    command = [str(scripts / ("cs.exe" if os.name == "nt" else "cs")), "build", *arguments, "--json"]
    planned = json.loads(run_cs([*command, "--dry-run"]))
    run_cs(command)
    names = [name for one in planned["builds"] for name in one["files"] if name.endswith(".info.json")]
    if len(names) != len(planned["builds"]):
        raise ActionError(f"the plan names {len(names)} files .info.json for {len(planned['builds'])} builds")
    paths = [Path(planned["out_dir"]).absolute() / name for name in names]
    infos = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    outputs = join_outputs([collect_outputs(path, info) for path, info in zip(paths, infos, strict=True)])
    # Not beside the files: it does not belong to the release, and no checksum covers it.
    page = Path(os.environ["RUNNER_TEMP"]) / f"{outputs['artifact-name']}.html"
    run_cs([command[0], "inspect", *page_arguments(inputs, page, [info["lock_platform"] for info in infos])])
    return {**outputs, "cs-path": command[0], "page-path": str(page)}


def join_outputs(builds: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Join the outputs of several builds: one line for each value that they do not have in common."""
    values = {output: dict.fromkeys(one[output] for one in builds if one[output]) for output in builds[0]}
    return {output: "\n".join(lines) for output, lines in values.items()}


def collect_outputs(info_path: Path, info: Mapping[str, Any]) -> dict[str, str]:
    """Take the outputs from ``STEM.info.json``; every file that it names must exist.

    :param info: what it contains.
    """
    stem = info_path.name.removesuffix(".info.json")
    files = {OUTPUTS.get(one["role"], one["name"]): info_path.with_name(one["name"]) for one in info["files"]}
    files |= {output: info_path.with_name(stem + suffix) for suffix, output in COMPANIONS.items()}
    files["info-path"] = info_path
    missing = [str(path) for path in files.values() if not path.exists()]
    if missing:
        raise ActionError(f"the build did not leave {', '.join(missing)}")
    outputs = dict.fromkeys(OUTPUTS.values(), "") | {output: str(info[field]) for field, output in FIELDS.items()}
    outputs |= {name: str(path) for name, path in files.items() if name.endswith("-path")}
    outputs |= {alias: outputs[name] for alias, name in OUTPUT_ALIASES.items()}
    everything = "\n".join(map(str, files.values()))
    return {
        **outputs,
        "dist-path": str(info_path.parent),
        "files": everything,
        "asset-name": files["runtime-path"].name,
    }


def write_outputs(outputs: Mapping[str, str], file: Path) -> None:
    """Append outputs to ``GITHUB_OUTPUT``; the delimiter cannot be guessed, so no value can end it."""
    delimiter = f"cs-{uuid.uuid4()}"
    with file.open("a", encoding="utf-8") as stream:
        for name, value in outputs.items():
            stream.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def announce(inputs: Mapping[str, str]) -> None:
    """Say which input of conda-ship's own action has no effect here."""
    if version := inputs.get("conda-ship-version"):
        text = f"conda-ship-version {version} names a release of another builder: this action installs its own"
        print(f"::notice::{escape_data(show(text))}")


def main(step: str) -> None:
    """Carry out one step of the action."""
    inputs = read_inputs(os.environ["ACTION_INPUTS"])
    environment = Path(os.environ["RUNNER_TEMP"]) / "conda-ship"
    if step == "install":
        announce(inputs)
        check_attestation(inputs, os.environ)
        install(inputs, Path(__file__).resolve().parents[2], environment)
    elif step == "build":
        write_outputs(build(inputs, find_scripts(environment)), Path(os.environ["GITHUB_OUTPUT"]))
    else:
        infos = list(map(Path, os.environ["INFO_PATHS"].splitlines()))
        notes = write_summary(infos, inputs.get("compare-with", ""), Path(os.environ["GITHUB_STEP_SUMMARY"]))
        for note in notes:
            print(f"::notice::{escape_data(show(note))}")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except ActionError as error:
        print(f"::error::{escape_data(show(str(error)))}")
        sys.exit(1)
    except subprocess.CalledProcessError as error:
        print(f"::error::{escape_data(f'installing cs failed: pip or venv exited with {error.returncode}')}")
        sys.exit(1)

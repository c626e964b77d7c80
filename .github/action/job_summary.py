"""What a build of the action consists of, and what is new since an earlier release: Markdown on the page of the job.

Names and versions come from a lock: they stay text, whatever they contain. Everything read and written has a limit.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action_text import escape_markdown

READ_LIMIT_BYTES = 16_000_000
SUMMARY_LIMIT_BYTES = 900_000
"""GitHub takes 1 MiB for each step."""

DOWNLOAD_SECONDS = 60

TITLE_FIELDS = ("artifact_name", "runtime_version", "platform", "layout", "identity")

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """One line of ``STEM.packages.txt``; the build of a wheel is its tag."""

    name: str
    version: str
    build: str
    address: str
    sha256: str

    @property
    def key(self) -> tuple[str, bool]:
        """Its name, and whether it is a wheel: conda and PyPI may both have the name."""
        return self.name, self.address.endswith(".whl")

    @property
    def state(self) -> str:
        """Version and build, as in a table."""
        return f"{self.version} {self.build}"


@dataclass(frozen=True, slots=True)
class Release:
    """What is known of one build.

    :ivar info: ``STEM.info.json``; empty if only the list of packages is known.
    :ivar sizes: bytes of each file, by role.
    """

    packages: tuple[Package, ...]
    info: dict[str, Any]
    sizes: dict[str, int]


def write_summary(info_paths: Sequence[Path], compare_with: str, output: Path) -> list[str]:
    """Append the summary of each build.

    :param compare_with: path or tag of an earlier release; ``latest``; or empty.
    :param output: ``GITHUB_STEP_SUMMARY``.
    :returns: why there is no comparison, if one was asked for.
    """
    notes: list[str] = []
    for path in info_paths:
        stem = path.name.removesuffix(".info.json")
        earlier = find_earlier(compare_with, stem) if compare_with else None
        if isinstance(earlier, str):
            notes.append(earlier)
            earlier = None
        now = read_release(path.parent, stem)
        with output.open("a", encoding="utf-8") as stream:
            stream.write(render_summary(now, earlier, compare_with, SUMMARY_LIMIT_BYTES // len(info_paths)))
    return notes


def find_earlier(compare_with: str, stem: str) -> Release | str:
    """Read an earlier release from a path, else download what describes it from GitHub.

    :returns: the release, or why it cannot be compared.
    """
    place = Path(compare_with)
    try:
        if place.is_dir():
            return read_release(place, stem)
        if place.is_file():
            return read_release(place.parent, re.sub(r"\.(packages\.txt|info\.json)$", "", place.name))
        with tempfile.TemporaryDirectory() as directory:
            download(compare_with, stem, Path(directory))
            return read_release(Path(directory), stem)
    except (OSError, ValueError, TypeError, KeyError, subprocess.SubprocessError) as error:
        return f"no comparison with {compare_with}: {error}"


def download(tag: str, stem: str, directory: Path) -> None:
    """Download package list and metadata of a release with GitHub's own tool, which has the token of the job."""
    command = ["gh", "release", "download", f"--dir={directory}", f"--repo={os.environ['GITHUB_REPOSITORY']}"]
    command += [f"--pattern={stem}{suffix}" for suffix in (".packages.txt", ".info.json")]
    command += [] if tag == "latest" else ["--", tag]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip() or f"gh ended with {done.returncode}")


def read_release(directory: Path, stem: str) -> Release:
    """Read the package list of a build, and its metadata if they are there."""
    info = directory / f"{stem}.info.json"
    document = json.loads(read_text(info)) if info.exists() else {}
    if not isinstance(document, dict):
        raise ValueError(f"{info.name} is not a JSON object")
    sizes = {str(one["role"]): int(one["size_bytes"]) for one in document.get("files", ())}
    packages = tuple(parse_packages(read_text(directory / f"{stem}.packages.txt")))
    return Release(packages=packages, info=document, sizes=sizes)


def read_text(path: Path) -> str:
    """Read a file within the limit."""
    with path.open("rb") as stream:
        data = stream.read(READ_LIMIT_BYTES + 1)
    if len(data) > READ_LIMIT_BYTES:
        raise ValueError(f"{path.name} has more than {READ_LIMIT_BYTES} bytes")
    return data.decode("utf-8")


def parse_packages(text: str) -> Iterator[Package]:
    """Parse ``STEM.packages.txt``."""
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        fields = line.split("\t")
        if len(fields) != 5:
            raise ValueError(f"line {number} of the package list does not have five fields")
        yield Package(*fields)


def compare(earlier: Iterable[Package], now: Iterable[Package]) -> Iterator[Row]:
    """List what differs: package, before, now. An archive that changed under the same name is marked."""
    old, new = ({one.key: one for one in packages} for packages in (earlier, now))
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            yield key[0], before.state if before else "", after.state if after else ""
        elif before.sha256 != after.sha256:
            same = "same version, other bytes: " if before.state == after.state else ""
            yield key[0], before.state, same + after.state


def render_summary(now: Release, earlier: Release | None, earlier_name: str, limit_bytes: int) -> str:
    """Render the summary of one build in Markdown."""
    info = now.info
    wheels = sum(one.key[1] for one in now.packages)
    name, version, platform, layout, identity = (escape_markdown(str(info[field])) for field in TITLE_FIELDS)
    parts = [
        f"## {name} {version} for {platform}\n",
        f"{len(now.packages)} packages ({wheels} wheels), layout {layout}, identity {identity}\n",
        render_table(("file", "size", "change"), list_sizes(now, earlier), limit_bytes // 4),
    ]
    if earlier is not None:
        changes = list(compare(earlier.packages, now.packages))
        parts.append(f"### {len(changes)} packages differ from {escape_markdown(earlier_name)}\n")
        parts.append(render_table(("package", "before", "now"), changes, limit_bytes // 4) if changes else "")
    listed = [(one.name, one.version, one.build) for one in now.packages]
    parts.append(f"<details><summary>All {len(listed)} packages</summary>\n")
    parts.append(render_table(("package", "version", "build"), listed, limit_bytes // 4))
    return "\n".join([*parts, "</details>\n", ""])


def list_sizes(now: Release, earlier: Release | None) -> Iterator[Row]:
    """List the files of a build with their sizes, and how these differ from an earlier release's."""
    before = earlier.sizes if earlier is not None else {}
    for one in now.info["files"]:
        change = int(one["size_bytes"]) - before[one["role"]] if one["role"] in before else None
        yield (
            str(one["name"]),
            format_bytes(int(one["size_bytes"])),
            "" if change is None else format_bytes(change, sign="+"),
        )


def format_bytes(count: int, *, sign: str = "") -> str:
    """Format a number of bytes with a decimal unit; with a sign, a difference."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if abs(value) < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:{sign},.{0 if unit == 'B' else 1}f} {unit}"


def render_table(titles: Row, rows: Iterable[Row], limit_bytes: int) -> str:
    """Render a table of as many rows as fit, and say how many are left out."""
    lines, size, left_out = [], 0, 0
    for row in rows:
        line = f"| {' | '.join(map(escape_markdown, row))} |\n"
        size += len(line)
        if size <= limit_bytes:
            lines.append(line)
        else:
            left_out += 1
    note = f"\n{left_out} more are not shown.\n" if left_out else ""
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n{''.join(lines)}{note}"

"""Write package manager files for a release: ``python examples/render.py dist``.

Reads every ``STEM.info.json`` of a folder that ``cs build`` has written, compares each file with its checksum, and
fills the templates next to this script. Copy this folder into your project, and edit ``project.toml``.
Standard library only, Python 3.11 and later.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LINUX = ("linux-64", "linux-aarch64")
DEBIAN_ARCHITECTURES = {"64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
SAME = ("runtime", "runtime_version", "artifact_name")
"""What all builds of one release agree on."""

# Values end up between quotes of Ruby, YAML, shell and Dockerfiles: none may end them or be evaluated.
UNSAFE = re.compile(r"""[\x00-\x1f\x7f-\x9f\u2028\u2029"'`\\$]|#\{""")
FIELD = re.compile(r"@\{([^}]*)\}")
DIRECTIVE = re.compile(r"@(if|each|end)\b(.*)\n?")
DIGEST = re.compile("[0-9a-f]{64}")


class RenderError(Exception):
    """A folder that cannot be rendered, or a template that asks for what nothing gives."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of this folder.

    :ivar output: path of the result; fields in it are replaced.
    :ivar each: platforms to render it for, one after the other; empty for once.
    """

    source: str
    output: str
    each: tuple[str, ...] = ()


WINGET = "winget/manifests/@{publisher_letter}/@{publisher_id}/@{class_name}/@{version}/@{publisher_id}.@{class_name}"
TEMPLATES = {
    "homebrew": (Template("homebrew/formula.rb", "homebrew/@{name}.rb"),),
    "winget": (
        Template("winget/version.yaml", f"{WINGET}.yaml"),
        Template("winget/installer.yaml", f"{WINGET}.installer.yaml"),
        Template("winget/locale.yaml", f"{WINGET}.locale.en-US.yaml"),
    ),
    "nfpm": (Template("nfpm/nfpm.yaml", "nfpm/@{this.platform}.yaml", LINUX),),
    "docker": (Template("docker/Dockerfile", "docker/Dockerfile"),),
    "conda": (Template("rattler-build/recipe.yaml", "conda/recipe.yaml"),),
    "constructor": (
        Template(
            "constructor/construct.yaml",
            "constructor/@{this.platform}/construct.yaml",
            (*LINUX, "osx-64", "osx-arm64", "win-64"),
        ),
    ),
}
NEEDED = {"homebrew": ("linux", "osx"), "winget": ("win",), "nfpm": ("linux",), "docker": ("linux",)}
"""Systems of which a format needs at least one; any other format takes all."""


def read_release(dist: Path, project: Mapping[str, str]) -> dict[str, str]:
    """Read the fields of a release: those of the project, and ``PLATFORM.FIELD`` for each build.

    :raises RenderError: when there is no build, two disagree, or a file does not match its checksum.
    """
    infos = {path: json.loads(path.read_bytes()) for path in sorted(dist.glob("*.info.json"))}
    if not infos:
        raise RenderError(f"{dist}: no build found here (no *.info.json file)")
    releases = {tuple(info[field] for field in SAME) for info in infos.values()}
    if len(releases) > 1:
        raise RenderError(f"{dist}: the builds differ in one of {', '.join(SAME)}")
    name, version, artifact = map(str, releases.pop())
    fields = {**project, "name": name, "version": version, "artifact": artifact, "dist": dist.resolve().as_posix()}
    fields |= {"class_name": name_class(name), "publisher_id": name_class(project["publisher"])}
    fields["publisher_letter"] = fields["publisher_id"][:1].lower()
    for path, info in infos.items():
        platform = str(info["platform"])
        if f"{platform}.file" in fields:
            raise RenderError(f"{dist}: two builds are for {platform}")
        fields |= {f"{platform}.{key}": value for key, value in describe_build(info, path, fields).items()}
    return fields


def name_class(name: str) -> str:
    """Name a Ruby class, as Homebrew does for a formula: ``my-demo`` becomes ``MyDemo``."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def describe_build(info: Mapping[str, Any], path: Path, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of one build, after comparing every file with ``STEM.sha256``."""
    stem = path.name.removesuffix(".info.json")
    checksums = read_checksums(path.with_name(f"{stem}.sha256"))
    for name, sha256 in checksums.items():
        if hash_file(path.with_name(name)) != sha256:
            raise RenderError(f"{name}: changed since it was built")
    platform, name = str(info["platform"]), fields["name"]
    program = name + (".exe" if platform.startswith("win-") else "")
    architecture = DEBIAN_ARCHITECTURES.get(platform.partition("-")[2], platform)
    described = {"platform": platform, "program": program, "debian_arch": architecture}
    roles = {str(one["role"]): str(one["name"]) for one in info["files"]} | {"provenance": f"{stem}.provenance.json"}
    for role, file in roles.items():
        if file in checksums:
            prefix = "" if role == "runtime" else f"{role}."
            url = fields["download"].format(version=fields["version"], file=file)
            digest = checksums[file]
            values = {"file": file, "url": url, "sha256": digest, "SHA256": digest.upper()}
            described |= {f"{prefix}{key}": value for key, value in values.items()}
    return described


def read_checksums(path: Path) -> dict[str, str]:
    """Read ``STEM.sha256``: digests by file name. A name with a folder is refused."""
    checksums = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        sha256, separator, name = line.partition("  ")
        if not (separator and DIGEST.fullmatch(sha256)) or name in ("", ".", "..") or re.search(r"[/\\\x00]", name):
            raise RenderError(f"{path.name}: {line[:100]!r} is not a checksum of a file in this folder")
        checksums[name] = sha256
    return checksums


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def expand(template: str, fields: Mapping[str, str], where: str) -> str:
    """Fill a template.

    ``@{NAME}`` is a field. Lines from ``@if NAME…`` to ``@end`` stay if there is a file for one of the names: a
    platform that was built (``linux-64``), or a role (``this.notices``). Those from ``@each PLATFORM…`` to ``@end``
    are repeated for each platform that was built, with its fields as ``this.FIELD``.

    :raises RenderError: when a field does not exist, or may not stand in a template.
    """
    lines = iter(enumerate(template.splitlines(keepends=True), 1))
    return "".join(_expand_block(lines, fields, where))


def _expand_block(lines: Iterator[tuple[int, str]], fields: Mapping[str, str], where: str) -> Iterator[str]:
    for number, line in lines:
        directive = DIRECTIVE.fullmatch(line)
        if directive is None:
            yield replace_fields(line, fields, f"{where}:{number}")
        elif directive[1] == "end":
            return
        else:
            yield from _expand_directive(directive, _take_block(lines), fields, where)


def _take_block(lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    """Take the lines up to the ``@end`` of this block."""
    block, depth = [], 1
    for number, line in lines:
        directive = DIRECTIVE.fullmatch(line)
        depth += 0 if directive is None else -1 if directive[1] == "end" else 1
        if not depth:
            break
        block.append((number, line))
    return block


def _expand_directive(
    directive: re.Match[str], block: Sequence[tuple[int, str]], fields: Mapping[str, str], where: str
) -> Iterator[str]:
    built = [platform for platform in directive[2].split() if f"{platform}.file" in fields]
    if directive[1] == "if":
        built = built[:1]
    for platform in built:
        inner = select(fields, platform) if directive[1] == "each" else fields
        yield from _expand_block(iter(block), inner, where)


def select(fields: Mapping[str, str], platform: str) -> dict[str, str]:
    """Give the fields of a platform the name ``this`` too."""
    prefix = f"{platform}."
    this = {f"this.{name.removeprefix(prefix)}": value for name, value in fields.items() if name.startswith(prefix)}
    return {**fields, **this}


def replace_fields(text: str, fields: Mapping[str, str], where: str) -> str:
    """Replace every ``@{NAME}`` of a text."""

    def replace(match: re.Match[str]) -> str:
        if match[1] not in fields:
            raise RenderError(f"{where}: nothing gives {match[1]}")
        if UNSAFE.search(fields[match[1]]):
            raise RenderError(
                f"{where}: {match[1]} is {fields[match[1]]!r}: quotes, backslashes and `$` are not allowed"
            )
        return fields[match[1]]

    return FIELD.sub(replace, text)


def render(formats: Sequence[str], fields: Mapping[str, str]) -> dict[str, str]:
    """Render formats.

    :returns: the texts, by path relative to the output folder.
    :raises RenderError: when a path would be outside of it, and as :func:`expand`.
    """
    rendered = {}
    for template in (template for name in formats for template in TEMPLATES[name]):
        text = (HERE / template.source).read_text(encoding="utf-8")
        built = [platform for platform in template.each if f"{platform}.file" in fields]
        for inner in [select(fields, platform) for platform in built] if template.each else [fields]:
            output = replace_fields(template.output, inner, template.source)
            if ".." in Path(output).parts:
                raise RenderError(f"{output}: a name or version leads out of the output directory")
            rendered[output] = expand(text, inner, template.source)
    return rendered


def choose_formats(fields: Mapping[str, str]) -> list[str]:
    """Choose the formats that have something to install."""
    systems = {name.partition("-")[0] for name in fields if name.endswith(".file")}
    return [name for name in TEMPLATES if not systems.isdisjoint(NEEDED.get(name, systems))]


def main(words: Sequence[str]) -> int:
    """Render what the command line names; the exit status is 1 if something is wrong with it."""
    parser = argparse.ArgumentParser(prog="render.py", description="Write package manager files for a release.")
    parser.add_argument("dist", type=Path, help="directory written by cs build")
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"default: all of {', '.join(TEMPLATES)}")
    parser.add_argument("--project", type=Path, default=HERE / "project.toml", metavar="FILE")
    parser.add_argument("--out-dir", type=Path, default=Path("packaging"), metavar="DIR", help="default: packaging")
    arguments = parser.parse_args(words)
    if unknown := set(arguments.formats) - set(TEMPLATES):
        parser.error(f"unknown format: {', '.join(sorted(unknown))}")
    try:
        fields = read_release(arguments.dist, tomllib.loads(arguments.project.read_text(encoding="utf-8")))
        rendered = render(arguments.formats or choose_formats(fields), fields)
    except (RenderError, OSError, KeyError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name, text in rendered.items():
        path = arguments.out_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path.as_posix())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

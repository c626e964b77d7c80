"""Turn wheels into conda packages: pure ones into noarch python, native ones into packages for this platform."""

from __future__ import annotations

import configparser
import email.parser
import os
import py_compile
import subprocess
import sys
import zipfile
from collections.abc import Set
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from ..tested_platform import PLATFORM
from .archive import MTIME, PLACEHOLDER, Entry, Package
from .host_python import SHORT, SITE_PACKAGES


def download_wheels(requirements: list[str], directory: Path) -> list[Path]:
    """Download wheels and what they need, with pip as it is configured here."""
    directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    subprocess.run([*command, "--dest", str(directory), *requirements], check=True)
    return sorted(directory.glob("*.whl"))


def pack_wheels(wheels: list[Path], work: Path) -> list[Package]:
    """Describe each wheel as a package, with the dependencies that are among the others."""
    names = {parse_wheel_filename(wheel.name)[0] for wheel in wheels}
    return [_pack_wheel(wheel, names, work) for wheel in wheels]


def _pack_wheel(wheel: Path, names: Set[str], work: Path) -> Package:
    name, version, build, tags = parse_wheel_filename(wheel.name)
    pure = all(tag.platform == "any" for tag in tags)
    with zipfile.ZipFile(wheel) as archive:
        metadata = _read_dist_info(archive, "METADATA") or ""
        scripts = _read_dist_info(archive, "entry_points.txt") or ""
        entries = _entries(archive, "site-packages" if pure else SITE_PACKAGES)
    console = _console_scripts(scripts)
    if not pure:
        entries += [_native_script(line) for line in console]
        entries += _compiled(entries, work / wheel.stem)
    unique = {entry.path: entry for entry in entries}
    return Package(
        name=name,
        version=str(version),
        build=f"pyhd_{build[0] if build else 0}" if pure else f"py{SHORT.replace('.', '')}_0",
        subdir="noarch" if pure else PLATFORM,
        noarch="python" if pure else None,
        entries=[unique[path] for path in sorted(unique)],
        entry_points=console if pure else [],
        depends=[f"python >={SHORT}" if pure else f"python {SHORT}.*", *_depends(metadata, names - {name})],
    )


def _read_dist_info(archive: zipfile.ZipFile, file_name: str) -> str | None:
    for member in archive.namelist():
        directory, _, rest = member.partition("/")
        if directory.endswith(".dist-info") and rest == file_name:
            return archive.read(member).decode()
    return None


def _entries(archive: zipfile.ZipFile, site_packages: str) -> list[Entry]:
    entries = []
    for member in archive.infolist():
        path = _installed_path(member.filename, site_packages)
        if path is None or member.is_dir():
            continue
        content = archive.read(member)
        text = path.startswith(("bin/", "python-scripts/")) and content.startswith(b"#!python")
        if text:
            content = content.replace(b"#!python", f"#!{PLACEHOLDER}/bin/python".encode(), 1)
        executable = path.startswith(("bin/", "python-scripts/")) or bool(member.external_attr >> 16 & 0o100)
        entries.append(Entry(path=path, content=content, executable=executable, file_mode="text" if text else None))
    return entries


def _installed_path(member: str, site_packages: str) -> str | None:
    directory, _, rest = member.partition("/")
    if not directory.endswith(".data"):
        return f"{site_packages}/{member}"
    scheme, _, path = rest.partition("/")
    scripts = "python-scripts" if site_packages == "site-packages" else "bin"
    roots = {"purelib": site_packages, "platlib": site_packages, "data": "", "scripts": scripts}
    return f"{roots[scheme]}/{path}".lstrip("/") if scheme in roots else None


def _console_scripts(text: str) -> list[str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are case-sensitive
    parser.read_string(text)
    section = parser["console_scripts"] if parser.has_section("console_scripts") else {}
    return [f"{name} = {target.split('[')[0].strip()}" for name, target in section.items()]


def _native_script(line: str) -> Entry:
    name, _, target = (part.strip() for part in line.partition("="))
    module, _, function = target.partition(":")
    text = (
        f"#!{PLACEHOLDER}/bin/python{SHORT}\nimport sys\n\nfrom {module} import {function.split('.')[0]}\n\n"
        f'if __name__ == "__main__":\n    sys.exit({function}())\n'
    )
    return Entry(path=f"bin/{name}", content=text.encode(), executable=True, file_mode="text")


def _compiled(entries: list[Entry], work: Path) -> list[Entry]:
    """The timestamp-based ``.pyc`` files that conda-build adds to packages that are not noarch."""
    compiled = []
    for entry in entries:
        if entry.path.startswith(SITE_PACKAGES) and entry.path.endswith(".py") and isinstance(entry.content, bytes):
            source = work / entry.path
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_bytes(entry.content)
            os.utime(source, (MTIME, MTIME))
            target = source.parent / "__pycache__" / f"{source.stem}.cpython-{SHORT.replace('.', '')}.pyc"
            try:
                py_compile.compile(str(source), str(target), dfile=entry.path, doraise=True)
            except (py_compile.PyCompileError, ValueError):
                continue  # test data that is not Python
            compiled.append(Entry(path=target.relative_to(work).as_posix(), content=target))
    return compiled


def _depends(metadata: str, names: Set[str]) -> list[str]:
    """The wheel's requirements that hold here and that the channel can meet."""
    message = email.parser.Parser().parsestr(metadata, headersonly=True)
    requirements = [Requirement(text) for text in message.get_all("Requires-Dist", [])]
    wanted = {
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    return sorted(wanted & names)

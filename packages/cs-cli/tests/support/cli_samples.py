"""Archives, locks, workspaces and templates that the tests share: small, and built in code."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
import zstandard

from cs_bundle import hash_file
from cs_cli.commandline.parsing import parse_arguments
from cs_cli.options import BuildOptions, InspectOptions, RunOptions, VerifyOptions
from cs_cli.terminal.console import Console
from cs_cli.verification.checks import Result
from cs_cli.verification.verifying import verify_paths
from cs_lock import PypiRecord, Wheel
from executable_samples import write_template

Record = dict[str, Any]


def inspect_options(*words: str) -> InspectOptions:
    """Return what ``cs inspect WORDS`` is asked for."""
    options = parse_arguments(["inspect", *words])
    assert isinstance(options, InspectOptions)
    return options


def build_options(*words: str) -> BuildOptions:
    """Return what ``cs build WORDS`` is asked for."""
    options = parse_arguments(["build", *words])
    assert isinstance(options, BuildOptions)
    return options


def run_options(*words: str) -> RunOptions:
    """Return what ``cs run WORDS`` is asked for."""
    options = parse_arguments(["run", *words])
    assert isinstance(options, RunOptions)
    return options


def verify_options(*words: str | Path) -> VerifyOptions:
    """Return what ``cs verify WORDS`` is asked for."""
    options = parse_arguments(["verify", *map(str, words)])
    assert isinstance(options, VerifyOptions)
    return options


def verify(path: Path, *words: str | Path) -> Result:
    """Check one path, as ``cs verify PATH WORDS`` does."""
    (result,) = verify_paths(verify_options(path, *words), Console(quiet=True)).results
    return result


def list_passed(result: Result) -> list[str]:
    """Return what was found to be right, as lines."""
    return [f"{one.file}: {one.detail}" for one in result.checks if one.ok]


def list_unchecked(result: Result) -> list[str]:
    """Return what was not checked, as lines; that nobody signed a build goes without saying."""
    return [f"{one.file}: {one.detail}" for one in result.checks if one.ok is None and one.detail != "not signed"]


def contents(directory: Path) -> dict[str, bytes]:
    """Return the bytes of the files in a directory, by name."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def seal(checksums: Path) -> None:
    """Make a checksum file agree with the files that it lists, as someone would who can write all of them."""
    names = [line.partition("  ")[2] for line in checksums.read_text().splitlines()]
    checksums.write_text("".join(f"{hash_file(checksums.with_name(name))}  {name}\n" for name in names))


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    status: int
    out: str
    err: str


Cs = Callable[..., Outcome]


def make_elf(machine: int = 62) -> bytes:
    """Return the start of a 64-bit ELF program; 62 is x86-64, 183 is AArch64."""
    ident = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    return ident + struct.pack("<HHI", 3, machine, 1) + bytes(40) + b"a program that cannot run\n"


def make_template(path: Path, program: bytes | None = None) -> Path:
    """Write a template: a program, by default an ELF one for x86-64, with the mark of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_template(path, make_elf() if program is None else program)


def make_tar(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def info_files(
    files: Mapping[str, bytes], *, entry_points: Sequence[str] = (), noarch: str | None = None
) -> dict[str, bytes]:
    """Return the ``info/`` folder of a package."""
    paths = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
        for path, data in files.items()
    ]
    info = {"info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode()}
    if noarch is not None:
        link = {"noarch": {"type": noarch, "entry_points": list(entry_points)}, "package_metadata_version": 1}
        info["info/link.json"] = json.dumps(link).encode()
    return info


def make_conda(path: Path, info: Mapping[str, bytes], files: Mapping[str, bytes]) -> Path:
    """Write a ``.conda`` archive."""
    stem = path.name.removesuffix(".conda")
    path.parent.mkdir(parents=True, exist_ok=True)
    compress = zstandard.ZstdCompressor(level=1).compress
    with zipfile.ZipFile(path, "w") as container:
        container.writestr(zipfile.ZipInfo("metadata.json"), '{"conda_pkg_format_version": 2}')
        container.writestr(zipfile.ZipInfo(f"pkg-{stem}.tar.zst"), compress(make_tar(files)))
        container.writestr(zipfile.ZipInfo(f"info-{stem}.tar.zst"), compress(make_tar(info)))
    return path


def make_tar_bz2(path: Path, info: Mapping[str, bytes], files: Mapping[str, bytes]) -> Path:
    """Write a ``.tar.bz2`` archive."""
    import bz2

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bz2.compress(make_tar({**info, **files}), 1))
    return path


def wheel_files(
    files: Mapping[str, bytes],
    *,
    name: str = "demo",
    version: str = "1.0",
    headers: str = "",
    entry_points: Sequence[str] = (),
) -> dict[str, bytes]:
    """Return the members of a wheel: files, and the directory of its metadata.

    :param headers: more lines of METADATA.
    :param entry_points: of ``console_scripts``, as ``name = module:function``.
    """
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{headers}".encode(),
    }
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if entry_points:
        members[f"{info}/entry_points.txt"] = "\n".join(["[console_scripts]", *entry_points, ""]).encode()
    rows = [(path, f"sha256={_digest(data)}", len(data)) for path, data in members.items()]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([*rows, (f"{info}/RECORD", "", "")])
    members[f"{info}/RECORD"] = text.getvalue().encode()
    return members


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def make_wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a wheel with these members; commands among the data can be executed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if ".data/data/bin/" in name else 0o644) << 16
            container.writestr(info, data, zipfile.ZIP_DEFLATED)
    return path


def locked_wheel(name: str, version: str = "1.0", *, tag: str = "py3-none-any", **fields: Any) -> Wheel:
    """Return a wheel of a lock, from PyPI unless fields say otherwise; fields of its source start with ``source_``."""
    file_name = f"{name.replace('-', '_')}-{version}-{tag}.whl"
    url = f"https://files.pythonhosted.org/packages/{file_name}"
    source = {key.removeprefix("source_"): fields.pop(key) for key in list(fields) if key.startswith("source_")}
    record: dict[str, Any] = {
        "name": name,
        "version": version,
        "origin": "index",
        "form": "wheel",
        "location": url,
        "url": url,
        "file_name": file_name,
        "key": "packages[0]",
    }
    values: dict[str, Any] = {
        "name": name,
        "version": version,
        "file_name": file_name,
        "url": url,
        "sha256": hashlib.sha256(file_name.encode()).hexdigest(),
        "size_bytes": None,
        "requires_dist": (),
        "requires_python": None,
    }
    return Wheel(**{**values, **fields}, source=PypiRecord(**{**record, **source}))


@dataclass
class Channel:
    """A folder of packages, named by ``file`` addresses."""

    directory: Path
    records: list[Record] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.directory.as_uri()

    def add(
        self,
        name: str,
        files: Mapping[str, bytes],
        *depends: str,
        noarch: str | None = None,
        entry_points: Sequence[str] = (),
        subdir: str = "linux-64",
        version: str = "1.0",
        info: Mapping[str, bytes] | None = None,
        **fields: Any,
    ) -> Record:
        """Add a package and return its record.

        :param info: more files about the package, by their paths in the archive.
        """
        subdir = "noarch" if noarch else subdir
        build = "pyhd_0" if noarch == "python" else "0"
        path = self.directory / subdir / f"{name}-{version}-{build}.conda"
        make_conda(path, {**(info or {}), **info_files(files, entry_points=entry_points, noarch=noarch)}, files)
        data = path.read_bytes()
        record = {
            "conda": f"{self.url}/{subdir}/{path.name}",
            "sha256": hashlib.sha256(data).hexdigest(),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "depends": list(depends),
            "license": "BSD-3-Clause",
            "size": len(data),
            **fields,
        }
        self.records.append(record)
        return record


def small_channel(directory: Path) -> Channel:
    """Return a channel with a python, a noarch package with a command, and a library."""
    channel = Channel(directory)
    channel.add("libz", {"lib/libz.so.1": b"library" * 50}, license="Zlib")
    channel.add("python", {"bin/python": b"#!", "lib/python3.11/os.py": b"x = 1\n"}, "libz", version="3.11.7")
    files = {"site-packages/hello/__init__.py": b"def main(): print('hello')\n"}
    channel.add("hello", files, "python", noarch="python", entry_points=["hello = hello:main"])
    return channel


@dataclass
class Workspace:
    """A workspace whose environment ``ship`` holds every package of a channel.

    :ivar ship: lines of ``[tool.conda-ship]``, as TOML values.
    :ivar environments: by name, by platform: records.
    """

    directory: Path
    channel: Channel
    ship: dict[str, str]
    specs: tuple[str, ...]
    environments: dict[str, dict[str, list[Record]]]

    def write(self) -> Path:
        """Write manifest and lock, and return the folder."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "conda.toml").write_text(self._manifest(), encoding="utf-8")
        (self.directory / "conda.lock").write_text(self._lock(), encoding="utf-8")
        return self.directory

    def _manifest(self) -> str:
        platforms = sorted({platform for one in self.environments.values() for platform in one})
        specs = "".join(f'{name} = "*"\n' for name in self.specs)
        ship = "".join(f"{key} = {value}\n" for key, value in self.ship.items())
        environments = "".join(
            f'{name} = {{ features = ["ship"], no-default-feature = true }}\n'
            for name in self.environments
            if name != "default"
        )
        return (
            f'[workspace]\nname = "demo"\nchannels = ["{self.channel.url}"]\nplatforms = {json.dumps(platforms)}\n\n'
            f"[feature.ship.dependencies]\n{specs}\n[environments]\n{environments}\n[tool.conda-ship]\n{ship}"
        )

    def _lock(self) -> str:
        packages = {
            locate(record): record
            for platforms in self.environments.values()
            for records in platforms.values()
            for record in records
        }
        environments = {
            name: {
                "channels": [{"url": f"{self.channel.url}/"}],
                "packages": {
                    platform: [dict([locate(record)]) for record in records] for platform, records in platforms.items()
                },
            }
            for name, platforms in self.environments.items()
        }
        document = {"version": 1, "environments": environments, "packages": list(packages.values())}
        return yaml.safe_dump(document, sort_keys=False)


def locate(record: Record) -> tuple[str, str]:
    """Return the kind of a record in a lock, and its location."""
    return next((kind, record[kind]) for kind in ("conda", "pypi") if kind in record)


def make_workspace(directory: Path, channel: Channel, **ship: str) -> Workspace:
    """Return a workspace on linux-64, with settings changed; underscores stand for hyphens."""
    settings = {
        "source-environment": '"ship"',
        "runtime": '"demo"',
        "runtime-version": '"1.0"',
        "delegate": '"python"',
        "layout": '"embedded"',
    }
    settings.update({key.replace("_", "-"): value for key, value in ship.items()})
    return Workspace(
        directory=directory,
        channel=channel,
        ship=settings,
        specs=("python", "hello"),
        environments={"ship": {"linux-64": list(channel.records)}},
    )

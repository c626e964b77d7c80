"""Install the same records with rattler and with a runtime, without a workspace around them."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cs_bundle import write_bundle
from cs_lock import RuntimeLock, derive, python_of, read_lock
from cs_stamp import Header, Plan, PlannedPackage, PlannedWheel, PlanPython, write_stamp

from .channel import rattling
from .channel.locks import write_lock
from .channel.pieces import DELEGATE
from .commands import Command, run_command
from .prefixes import UMASK
from .tested_platform import PLATFORM, find_template

Record = Mapping[str, Any]
VECTORS = Path(__file__).parents[2] / "packages" / "cs-stamp" / "vectors" / "vectors.json"
CHANNEL_URL = "https://awkward.example/channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A runtime that takes its archives from a folder."""

    executable: Path
    bundle: Path
    home: Path
    extra: dict[str, str] = field(default_factory=dict)
    umask: int = UMASK

    def bootstrap(self, prefix: Path, *words: str) -> Command:
        """Install into a prefix."""
        return self.run("--path", str(prefix), "bootstrap", "--offline", "--bundle", str(self.bundle), *words)

    def run(self, *words: str, prefix: Sequence[str] = ()) -> Command:
        """Run it in a bare environment.

        :param prefix: words before the runtime, for instance ``prlimit`` with its options.
        """
        environment = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        return run_command(
            [*prefix, self.executable, *words], env={**environment, **self.extra}, cwd=self.home, umask=self.umask
        )


def make_runtime(
    records: Sequence[Record],
    archives: Path,
    directory: Path,
    *,
    bytecode: Literal["on-import", "bootstrap"] = "on-import",
    wheels: Sequence[Path] = (),
    embedded: bool = False,
    **fields: Any,
) -> Runtime:
    """Stamp a runtime of these records.

    :param archives: a folder with the archives, in any subdir.
    :param directory: gets the runtime, a flat folder of its archives and a home.
    :param wheels: wheels besides.
    :param embedded: put the archives into the runtime too.
    :param fields: more fields of the header, or other values.
    """
    lock = lock_of(records, directory)
    flat, home, executable = directory / "bundle", directory / "home", directory / "demo"
    for folder in (flat, home):
        folder.mkdir(parents=True, exist_ok=True)
    for archive in (*(archives / record["subdir"] / record["fn"] for record in records), *wheels):
        _link_or_copy(archive, flat / archive.name)
    header = replace(
        plain_header(),
        builder="tests 1",
        platform=PLATFORM,
        runtime_version="1.0",
        delegate=DELEGATE,
        channels=(CHANNEL_URL,),
        bytecode=bytecode,
    )
    header = replace(header, **fields)
    template = find_template()
    assert template is not None
    plan = replace(plan_of(lock), wheels=tuple(map(plan_wheel, wheels)))
    bundle = None
    if embedded:
        header = replace(header, layout="embedded")
        bundle = write_bundle(directory / "bundle.tar.zst", sorted(flat.iterdir())).path
    write_stamp(template, executable, header=header, plan=plan, lock=lock.render(), bundle=bundle)
    return Runtime(executable=executable, bundle=flat, home=home)


def _link_or_copy(source: Path, target: Path) -> None:
    """Have a file under another name, on whatever file system."""
    if target.exists():
        return
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def plan_wheel(path: Path) -> PlannedWheel:
    """Plan a wheel as if it were of an index."""
    name, version, *_ = path.name.split("-")
    return PlannedWheel(
        name=re.sub(r"[-_.]+", "-", name).lower(),
        version=version,
        url=f"https://files.example/{path.name}",
        file_name=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
    )


def plain_header() -> Header:
    """Return the header of the plainest vector."""
    index = json.loads(VECTORS.read_text(encoding="utf-8"))
    return Header.from_dict(next(one["header"] for one in index["good"] if one["file"] == "good/online.bin"))


def lock_of(records: Sequence[Record], directory: Path) -> RuntimeLock:
    """Lock records as a project would, and derive the runtime lock."""
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / "pixi.lock"
    local = [{**record, "url": f"{CHANNEL_URL}/{record['subdir']}/{record['fn']}"} for record in records]
    write_lock(source, {"default": {PLATFORM: local}}, channel_url=CHANNEL_URL, version="pixi-5")
    return derive(read_lock(source), environment="default")


def plan_of(lock: RuntimeLock) -> Plan:
    """Plan what a lock says, as ``cs build`` does."""
    packages = lock.packages(PLATFORM)
    python = python_of(packages)
    return Plan(
        platform=PLATFORM,
        requested_specs=(),
        python=None if python is None else PlanPython(version=python[0], site_packages_path=python[1]),
        packages=tuple(
            PlannedPackage(
                name=package.name,
                version=package.version,
                build=package.build,
                subdir=package.subdir,
                url=package.url,
                file_name=package.file_name,
                sha256=package.sha256 or "",
                md5=package.md5,
                size_bytes=package.size_bytes,
                noarch=package.noarch,
                record=package.to_record_json(),
            )
            for package in packages
        ),
    )


def install_with_rattler(records: Sequence[Record], prefix: Path, directory: Path) -> None:
    """Install records whose URLs are files with py-rattler.

    :param directory: gets the lock and the cache.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = directory / "pixi.lock"
    channel_url = str(records[0]["channel"]).rstrip("/")
    write_lock(lock, {"default": {PLATFORM: records}}, channel_url=channel_url, version="pixi-5")
    assert rattling.install(lock, prefix, cache=directory / "cache", platform=PLATFORM) == len(records)

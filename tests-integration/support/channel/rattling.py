"""Run py-rattler's coroutines, each in a process of its own.

py-rattler 0.28's worker threads let go of Python objects after they have delivered their result. An interpreter that
exits in that moment dies of a segmentation fault: 8 of 80 runs that ended right after ``index_fs``. Nothing says when
they have let go, so the process that calls py-rattler ends without the interpreter's own exit.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class RattlerError(Exception):
    """py-rattler could not do it; with its exception as Python prints it."""


def index(channel: Path) -> None:
    """Write ``repodata.json`` of every subdir."""
    _run("index", channel)


def solve(channel_url: str, specs: list[str], *, platform: str) -> list[Record]:
    """Solve for a platform."""
    records: list[Record] = _run("solve", platform, channel_url, *specs)
    return records


def install(lock: Path, prefix: Path, *, cache: Path, platform: str) -> int:
    """Install the packages of a lock's environment ``default``.

    :returns: how many they are.
    :raises RattlerError: they cannot be installed.
    """
    return int(_run("install", platform, lock, prefix, cache))


def _run(action: str, *arguments: str | Path) -> Any:
    # -P: what is next to this file hides no module that py-rattler imports.
    command = (sys.executable, "-P", __file__, action, *map(str, arguments))
    completed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        raise RattlerError(f"exit status {completed.returncode}: {completed.stderr}")
    return json.loads(completed.stdout.splitlines()[-1])


async def _index(channel: str) -> None:
    from rattler.index import index_fs

    await index_fs(Path(channel), write_zst=False, write_shards=False, force=True)


async def _solve(platform: str, channel_url: str, *specs: str) -> list[Record]:
    import rattler

    records = await rattler.solve(
        [rattler.Channel(channel_url)],
        [rattler.MatchSpec(spec) for spec in specs],
        gateway=rattler.Gateway(),
        platforms=[rattler.Subdir(platform), rattler.Subdir("noarch")],
        virtual_packages=[_virtual("__unix", "0"), _virtual("__linux", "6.1"), _virtual("__glibc", "2.36")],
        timeout=datetime.timedelta(minutes=2),
    )
    return [json.loads(record.to_json()) for record in records]


def _virtual(name: str, version: str) -> Any:
    import rattler
    from rattler.package.build_string import BuildString

    return rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), BuildString("0"))


async def _install(platform: str, lock: str, prefix: str, cache: str) -> int:
    import rattler

    environment = rattler.LockFile.from_path(Path(lock)).environment("default")
    assert environment is not None
    records = environment.conda_repodata_records_for_platform(environment.platforms()[0])
    assert records
    options: dict[str, Any] = {"cache_dir": Path(cache), "platform": rattler.Subdir(platform), "show_progress": False}
    await rattler.install(records, Path(prefix), execute_link_scripts=True, **options)
    return len(records)


_ACTIONS: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {"index": _index, "solve": _solve, "install": _install}


def _main(action: str, *arguments: str) -> int:
    try:
        print(json.dumps(asyncio.run(_ACTIONS[action](*arguments))), flush=True)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    status = _main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)

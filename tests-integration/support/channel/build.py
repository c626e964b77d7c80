"""Build the channel: packages, then ``repodata.json`` by py-rattler."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from one_at_a_time import one_at_a_time

from ..tested_platform import PLATFORM
from . import rattling
from .archive import Package, write_package
from .host_python import VERSION, pack_python
from .index import BUILD_REQUIREMENTS, INSTALLED, write_index
from .special import special_packages
from .wheels import download_wheels, pack_wheels

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "conda-ship"
"""What tests and benchmarks keep from one run to the next."""

FORGOTTEN_AFTER_S = 30 * 24 * 3600
"""A channel that was not used for so long is removed when another one is built."""

TINY = ["click", "idna", "six", "attrs", "packaging", "markupsafe", "jinja2", "cowsay", "cowpy"]

LARGE = [
    *TINY, "babel", "beautifulsoup4", "bokeh", "boto3", "dask", "django", "docutils", "flask", "fonttools", "httpx",
    "hypothesis", "ipython", "jsonschema", "lxml", "matplotlib", "networkx", "numpy", "pandas", "pillow", "plotly",
    "pydantic", "pytest", "requests", "rich", "scikit-learn", "scipy", "seaborn", "sphinx", "sqlalchemy", "statsmodels",
    "sympy", "tornado", "twisted", "typer", "xarray",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """What goes into one of the channels, and how hard it is compressed.

    :param index: what the package index has besides the same wheels; there is none without it.
    """

    requirements: list[str]
    level: int
    index: tuple[str, ...] = ()


MARKER = "built-from.json"
SIZES = {"tiny": Size(TINY, 3, (*BUILD_REQUIREMENTS, *INSTALLED)), "large": Size(LARGE, 12)}


def find_channel(size: str) -> Path | None:
    """Find the channel that this very code has built with this Python.

    :param size: ``tiny`` or ``large``.
    """
    channel, _ = _place(size)
    return channel if (channel / MARKER).is_file() else None


def build_channel(size: str) -> Path:
    """Build a channel, or leave a finished one alone.

    Each recipe has a folder of its own: a run from another checkout may be using a channel at the same time.

    :param size: ``tiny`` or ``large``.
    :returns: the folder.
    """
    channel, recipe = _place(size)
    channel.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(channel.parent / f"{size}.lock"):  # of two test runs, one builds, the other waits
        if find_channel(size) is None:
            with tempfile.TemporaryDirectory(prefix=f".{size}-", dir=channel.parent) as work:
                _build(Path(work), channel, SIZES[size], recipe)
            _forget_old(channel.parent, size)
        os.utime(channel / MARKER)
    return channel


def _place(size: str) -> tuple[Path, str]:
    """Return a channel's folder and the recipe that names it."""
    recipe = json.dumps(
        {"size": size, "platform": PLATFORM, "sources": _digest_sources(), "python": VERSION, "at": sys.base_prefix}
    )
    return CACHE / "channels" / f"{size}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}", recipe


def _forget_old(channels: Path, size: str) -> None:
    for marker in channels.glob(f"{size}-*/{MARKER}"):
        if marker.stat().st_mtime < time.time() - FORGOTTEN_AFTER_S:
            shutil.rmtree(marker.parent)


def _build(work: Path, channel: Path, size: Size, recipe: str) -> None:
    """Build next to the final place and move there: an interrupted build leaves nothing that looks finished."""
    fresh = work / "channel"
    (fresh / "noarch").mkdir(parents=True)
    _write_packages(fresh, size, work)
    index_channel(fresh)
    if size.index:
        write_index(download_wheels([*size.requirements, *size.index], work / "index"), fresh)
    (fresh / MARKER).write_text(recipe)
    shutil.rmtree(channel, ignore_errors=True)
    fresh.rename(channel)


def index_channel(channel: Path) -> None:
    """Write ``repodata.json`` of every subdir."""
    rattling.index(channel)


def _digest_sources() -> str:
    digest = hashlib.sha256()
    for name in ("archive.py", "build.py", "host_python.py", "index.py", "special.py", "wheels.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()


def _write_packages(channel: Path, size: Size, work: Path) -> None:
    wheels = download_wheels(size.requirements, work / "wheels")
    packages: list[tuple[Package, str]] = [(pack_python(work), ".conda")]
    packages += special_packages()
    packages += [(package, ".conda") for package in pack_wheels(wheels, work)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda item: write_package(item[0], channel, suffix=item[1], level=size.level), packages))

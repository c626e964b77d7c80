"""Build the channel: packages, then ``repodata.json`` by py-rattler."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .archive import Package, write_package
from .host_python import VERSION, pack_python
from .rattling import run_rattler
from .special import special_packages
from .wheels import download_wheels, pack_wheels

TINY = ["click", "idna", "six", "attrs", "packaging", "markupsafe", "jinja2", "cowsay"]

LARGE = [
    *TINY, "babel", "beautifulsoup4", "bokeh", "boto3", "dask", "django", "docutils", "flask", "fonttools", "httpx",
    "hypothesis", "ipython", "jsonschema", "lxml", "matplotlib", "networkx", "numpy", "pandas", "pillow", "plotly",
    "pydantic", "pytest", "requests", "rich", "scikit-learn", "scipy", "seaborn", "sphinx", "sqlalchemy", "statsmodels",
    "sympy", "tornado", "twisted", "typer", "xarray",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """What goes into one of the channels, and how hard it is compressed."""

    requirements: list[str]
    level: int


SIZES = {"tiny": Size(TINY, 3), "large": Size(LARGE, 12)}


def build_channel(channel: Path, size: str) -> Path:
    """Build a channel, or leave a finished one alone.

    :param channel: its folder; kept when it was built by this very code with this Python.
    :param size: ``tiny`` or ``large``.
    :returns: the folder.
    """
    recipe = json.dumps({"size": size, "sources": _digest_sources(), "python": VERSION, "at": sys.base_prefix})
    channel.parent.mkdir(parents=True, exist_ok=True)
    with (channel.parent / f"{channel.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once: one builds, the other waits
        marker = channel / "built-from.json"
        if not (marker.is_file() and marker.read_text() == recipe):
            with tempfile.TemporaryDirectory(prefix=f".{channel.name}-", dir=channel.parent) as work:
                _build(Path(work), channel, SIZES[size], recipe)
    return channel


def _build(work: Path, channel: Path, size: Size, recipe: str) -> None:
    """Build beside the final place and move there: an interrupted build leaves nothing that looks finished."""
    fresh = work / "channel"
    (fresh / "noarch").mkdir(parents=True)
    _write_packages(fresh, size, work)
    index_channel(fresh)
    (fresh / "built-from.json").write_text(recipe)
    shutil.rmtree(channel, ignore_errors=True)
    fresh.rename(channel)


def index_channel(channel: Path) -> None:
    """Write ``repodata.json`` of every subdir."""
    from rattler.index import index_fs

    run_rattler(index_fs(channel, write_zst=False, write_shards=False, force=True))


def _digest_sources() -> str:
    digest = hashlib.sha256()
    for name in ("archive.py", "build.py", "host_python.py", "special.py", "wheels.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()


def _write_packages(channel: Path, size: Size, work: Path) -> None:
    wheels = download_wheels(size.requirements, work / "wheels")
    packages: list[tuple[Package, str]] = [(pack_python(work), ".conda")]
    packages += special_packages()
    packages += [(package, ".conda") for package in pack_wheels(wheels, work)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda item: write_package(item[0], channel, suffix=item[1], level=size.level), packages))

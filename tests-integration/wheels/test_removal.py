"""Other tools know the wheels of a prefix, and can remove them without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.commands import Command, run_command
from support.pypi.index import WHERE_THEY_FIT, fetch_wheels
from support.pypi.installing import Site

pytestmark = pytest.mark.only(WHERE_THEY_FIT)

CHECK = """
import importlib.metadata, json, pathlib
found = {}
for one in importlib.metadata.distributions():
    missing = [str(path) for path in one.files if not path.locate().is_file()]
    found[one.metadata["Name"]] = [one.version, one.read_text("INSTALLER"), one.read_text("REQUESTED"), missing]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def wheels(awkward_wheels: list[Path]) -> list[Path]:
    """Awkward wheels, and real ones that are not large."""
    small = [
        wheel for wheel in fetch_wheels() if wheel.stat().st_size < 3_000_000 and not wheel.name.startswith("pip-")
    ]
    assert len(small) > 50
    # No file of entry points may have a comment that pip, which reads them all, does not know.
    return [*(wheel for wheel in awkward_wheels if not wheel.name.startswith("points-")), *small]


@pytest.fixture
def installed(site: Site, wheels: list[Path]) -> dict[str, str]:
    """A prefix with all of them, compiled; the names that they go by, with their versions."""
    site.empty()
    completed = site.bootstrap(wheels, "bootstrap")
    assert completed.returncode == 0, completed.stderr
    assert any(path.endswith(".pyc") for path in site.describe_new())
    found = json.loads(run_command([site.python, "-I", "-B", "-c", CHECK]).stdout)
    assert {name: entry[1:] for name, entry in found.items()} == {name: ["conda-ship", "", []] for name in found}
    assert len(found) == len(wheels)
    return {name: entry[0] for name, entry in found.items()}


def remaining(site: Site) -> list[str]:
    """Files besides Python's own. Neither tool removes all folders that are empty then."""
    return sorted(path for path, (kind, _) in site.describe_new().items() if kind != "empty folder")


def test_pip_lists_and_removes_them(site: Site, installed: dict[str, str]) -> None:
    listed = json.loads(site.pip("list", "--format", "json").stdout)
    assert {one["name"]: one["version"] for one in listed} == installed
    completed = site.pip("uninstall", "-y", *installed)
    assert completed.returncode == 0, completed.stderr
    assert remaining(site) == []


def test_uv_lists_and_removes_them(site: Site, installed: dict[str, str]) -> None:
    listed = json.loads(site.uv("list", "--format", "json").stdout)
    assert len(listed) == len(installed)
    completed = site.uv("uninstall", *installed)
    assert completed.returncode == 0, completed.stderr
    assert remaining(site) == []


def test_pip_finds_nothing_broken(site: Site, wheels: list[Path]) -> None:
    names = ("six-", "idna-", "certifi-", "urllib3-", "requests-", "charset_normalizer-")
    assert site.bootstrap([wheel for wheel in wheels if wheel.name.startswith(names)]).returncode == 0
    checks: list[Callable[..., Command]] = [site.pip, site.uv]
    for check in checks:
        completed = check("check")
        assert completed.returncode == 0, completed.stdout + completed.stderr

"""``cs verify`` checks wheels as it checks conda packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest

from cli_samples import Cs, Workspace, list_passed, verify
from cs_bundle import open_bundle, write_bundle
from cs_stamp import PlannedWheel, PlanPython, read_stamp, write_stamp

WHEELS = {"six-1.0-py3-none-any.whl": b"what an index has", "own-2.0-py3-none-any.whl": b"what the build made"}
Restamp = Callable[..., Path]


@pytest.fixture
def restamp(workspace: Workspace, template: Path, cs: Cs, tmp_path: Path) -> Restamp:
    """Build an embedded runtime, and stamp it again with two wheels: one with an address, one without."""
    outcome = cs("build", "--layout", "embedded")
    assert outcome.status == 0, outcome.err
    built, archives = Path("dist/demoz"), tmp_path / "archives"
    archives.mkdir()
    with read_stamp(built) as stamp:
        header, plan, lock = stamp.header, stamp.read_plan(), stamp.read_lock()
        (tmp_path / "built.bundle").write_bytes(stamp.read_part("bundle"))
    for entry, file in open_bundle(tmp_path / "built.bundle").iterate_archives():
        (archives / entry.file_name).write_bytes(file.read())
    for name, content in WHEELS.items():
        (archives / name).write_bytes(content)

    def stamp_again(layout: Literal["online", "external", "embedded"], bundled: list[str] | None = None) -> Path:
        """Stamp a runtime; with a bundle that has these archives, or in it or beside it all that belong there."""
        wheels = tuple(plan_wheel(name) for name in WHEELS)
        python = PlanPython(version="3.11.7", site_packages_path="lib/python3.11/site-packages")
        packages = tuple(replace(one, url=f"https://conda.example/{one.file_name}") for one in plan.packages)
        mixed = replace(plan, packages=packages, wheels=wheels, python=python)
        folder = tmp_path / layout
        folder.mkdir()
        bundle_name = "demo.bundle.tar.zst" if layout == "external" else None
        own = replace(header, layout=layout, bundle_file_name=bundle_name)
        inside = [one.file_name for one in mixed.bundled(layout)] if bundled is None else bundled
        beside = [one.file_name for one in mixed.archives] if bundled is None else bundled
        bundle = write_bundle(tmp_path / "b", [archives / name for name in inside]).path
        (tmp_path / "template").write_bytes(Path(template).read_bytes())
        write_stamp(
            tmp_path / "template",
            folder / "demo",
            header=own,
            plan=mixed,
            lock=lock,
            bundle=bundle if layout != "external" else None,
        )
        if bundle_name is not None:
            write_bundle(folder / bundle_name, [archives / name for name in beside])
        return folder / "demo"

    return stamp_again


def plan_wheel(file_name: str) -> PlannedWheel:
    name, version, _ = file_name.split("-", 2)
    return PlannedWheel(
        name=name,
        version=version,
        url=f"https://files.example/{file_name}" if name == "six" else None,
        file_name=file_name,
        sha256=sha256(WHEELS[file_name]).hexdigest(),
    )


@pytest.mark.parametrize(
    ("layout", "check"),
    [
        ("embedded", "demo: 5 archives"),
        ("online", "demo: one archive"),
        ("external", "demo.bundle.tar.zst: 5 archives"),
    ],
)
def test_each_layout_contains_the_wheels_that_belong_there(layout: str, check: str, restamp: Restamp) -> None:
    result = verify(restamp(layout))
    assert [str(problem) for problem in result.problems] == []
    assert [line for line in list_passed(result) if line.endswith(("archive", "archives"))] == [check]


@pytest.mark.parametrize("layout", ["online", "external"])
def test_a_wheel_that_is_not_in_its_bundle_is_missing(layout: str, restamp: Restamp) -> None:
    (problem,) = verify(restamp(layout, [])).problems
    assert problem.kind == "missing"
    assert "own-2.0-py3-none-any.whl" in str(problem)


def test_an_online_runtime_contains_no_wheel_that_has_an_address(restamp: Restamp) -> None:
    (problem,) = verify(restamp("online", [*WHEELS])).problems
    assert problem.kind == "unknown-name"
    assert "six-1.0-py3-none-any.whl" in str(problem)


def test_a_changed_wheel_is_named(restamp: Restamp) -> None:
    runtime = restamp("external")
    bundle = runtime.with_name("demo.bundle.tar.zst")
    data = bytearray(bundle.read_bytes())
    data[data.index(WHEELS["six-1.0-py3-none-any.whl"])] ^= 1
    bundle.write_bytes(data)
    (problem,) = verify(runtime).problems
    assert problem.kind == "sha256-mismatch"
    assert "six-1.0-py3-none-any.whl" in str(problem)

"""What packages ask of the machine is compared with it before anything is downloaded."""

from __future__ import annotations

import copy
import json
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rattler import MatchSpec, PackageRecord, VirtualPackage
from rattler.package import BuildString

from support.commands import Command, Home
from support.tested_platform import PLATFORM
from support.workshop import Workshop

Build = Callable[..., Path]

LACKS_MACHINE = 71

pytestmark = pytest.mark.only("on Linux", "its packages ask for glibc and for a kernel")


@pytest.fixture
def build(tiny_workshop: Workshop, tmp_path: Path) -> Build:
    """Build a runtime whose package ``tool`` asks something of the machine."""

    def make(*depends: str, constrains: tuple[str, ...] = (), layout: str = "online", version: str = "1.0") -> Path:
        records: list[dict[str, Any]] = copy.deepcopy(list(tiny_workshop.records))
        (tool,) = [record for record in records if record["name"] == "tool"]
        tool["depends"] = [*tool["depends"], *depends]
        tool["constrains"] = list(constrains)
        directory = tmp_path / f"workshop-{len(list(tmp_path.iterdir()))}"
        shop = replace(tiny_workshop, directory=directory, records=records, built={})
        return shop.build(layout=f'"{layout}"', version=version)

    return make


def explain(completed: Command) -> str:
    """Return the last line of what a runtime said."""
    return completed.stderr.splitlines()[-1]


def test_a_machine_that_is_too_old_is_refused_before_anything_is_downloaded(
    build: Build, home: Home, tiny_workshop: Workshop
) -> None:
    runtime = build("__glibc >=99.1,<100.0.a0")
    asked = len(tiny_workshop.server.asked)
    completed = home.run(runtime)
    assert completed.returncode == LACKS_MACHINE
    found = platform.libc_ver()[1]
    assert explain(completed) == (
        f"demo: error: tool needs `__glibc >=99.1,<100.0.a0`, but this machine has glibc {found}. "
        "To install anyway, run `demo bootstrap --ignore-virtual-packages` or set DEMO_IGNORE_VIRTUAL_PACKAGES=1."
    )
    assert len(tiny_workshop.server.asked) == asked
    assert not list(home.directory.glob(".conda/*"))


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
def test_the_check_can_be_switched_off(layout: str, build: Build, home: Home) -> None:
    runtime = build("__glibc >=99", layout=layout)
    assert home.run(runtime).returncode == LACKS_MACHINE
    allowed = home.run(runtime, "bootstrap", "--ignore-virtual-packages")
    assert allowed.returncode == 0, allowed.stderr
    # What is installed runs; nothing is compared any more.
    assert home.run(runtime).returncode == 0
    home.run(runtime, "uninstall", "-y")
    home.extra["DEMO_IGNORE_VIRTUAL_PACKAGES"] = "1"
    assert home.run(runtime).returncode == 0


@pytest.mark.parametrize(
    ("spec", "variable", "enough", "too_little"),
    [
        ("__glibc >=99", "CONDA_OVERRIDE_GLIBC", "99.5", "2.40"),
        ("__cuda >=12.4", "CONDA_OVERRIDE_CUDA", "12.4", "12.3"),
        ("__linux >=99", "CONDA_OVERRIDE_LINUX", "100", "98"),
        ("__archspec 1 x86_64_v4", "CONDA_OVERRIDE_ARCHSPEC", "x86_64_v4", "x86_64_v3"),
    ],
)
def test_a_variable_of_conda_takes_the_place_of_the_machine(
    spec: str, variable: str, enough: str, too_little: str, build: Build, home: Home
) -> None:
    runtime = build(spec)
    for value in (too_little, ""):
        home.extra[variable] = value
        completed = home.run(runtime)
        assert completed.returncode == LACKS_MACHINE, value
        assert f"tool needs `{spec}`, but this " in explain(completed)
    home.extra[variable] = enough
    assert home.run(runtime).returncode == 0


def test_a_constraint_holds_only_where_the_virtual_package_is(build: Build, home: Home) -> None:
    runtime = build(constrains=("__cuda >=99",))
    home.extra["CONDA_OVERRIDE_CUDA"] = "12.0"
    assert "this machine has CUDA 12.0" in explain(home.run(runtime))
    home.extra["CONDA_OVERRIDE_CUDA"] = ""
    assert home.run(runtime).returncode == 0


def test_an_upgrade_that_asks_for_too_much_leaves_what_runs(build: Build, home: Home) -> None:
    first, second = build(), build("__glibc >=99", version="2.0")
    assert home.run(first).returncode == 0
    completed = home.run(second)
    assert completed.returncode == 0
    assert "tool needs `__glibc >=99`" in completed.stderr


def test_json_events_have_the_status_and_the_sentence(build: Build, home: Home) -> None:
    completed = home.run(build("__glibc >=99"), "bootstrap", "--progress", "json")
    event = json.loads(explain(completed))
    assert (event["event"], event["status"]) == ("error", LACKS_MACHINE)
    assert event["message"].startswith("tool needs `__glibc >=99`, but")


def test_what_the_machine_has_is_judged_as_by_rattler(build: Build, home: Home) -> None:
    virtual = {one.into_generic().name.normalized: one.into_generic() for one in VirtualPackage.detect()}
    for name in ("__glibc", "__linux"):
        version = str(virtual[name].version)
        for operator in (">=", ">", "<=", "<"):
            spec = f"{name} {operator}{version}"
            record = PackageRecord(name, version, BuildString("0"), 0, PLATFORM)
            expected = 0 if MatchSpec(spec).matches(record) else LACKS_MACHINE
            completed = home.run(build(spec))
            assert completed.returncode == expected, (spec, completed.stderr)
            home.run(build(spec), "uninstall", "-y")


def test_the_inspection_says_what_the_machine_must_have(build: Build, cs: Callable[..., Command]) -> None:
    workspace = build("__glibc >=2.17", "__archspec 1 neoverse_n1").parent.parent
    (summary,) = json.loads(cs("inspect", "--json", cwd=workspace).stdout)["platforms"]
    assert [(one["spec"], one["is_checked"]) for one in summary["requirements"]] == [
        ("__glibc >=2.17", True),
        ("__archspec 1 neoverse_n1", False),
    ]
    text = cs("inspect", "-v", cwd=workspace).stdout
    assert f"Needs __glibc >=2.17 (tool) on {PLATFORM}." in text
    assert f"Not checked by the runtime: __archspec 1 neoverse_n1 (tool) on {PLATFORM}." in text

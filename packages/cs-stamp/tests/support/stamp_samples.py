"""Values that the tests share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samples import HEADER

from cs_stamp import Header, Plan, PlannedPackage, PlannedWheel, PlanPython, StampInfo, write_stamp

TEMPLATE_BYTES = b"\x7fELF a template that cannot run\n"


def make_header(**changes: Any) -> Header:
    """Return a header with some fields changed."""
    return replace(HEADER, **changes)


def make_package(name: str = "python", **changes: Any) -> PlannedPackage:
    """Return a planned package with some fields changed."""
    package = PlannedPackage(
        name=name,
        version="1.0",
        build="0",
        subdir="linux-64",
        url=f"https://conda.example/main/linux-64/{name}-1.0-0.conda",
        file_name=f"{name}-1.0-0.conda",
        sha256="ab" * 32,
        record={"name": name, "depends": ["libc"], "build_number": 0},
    )
    return replace(package, **changes)


def make_wheel(name: str = "six", **changes: Any) -> PlannedWheel:
    """Return a planned wheel with some fields changed."""
    file_name = f"{name}-1.0-py3-none-any.whl"
    wheel = PlannedWheel(
        name=name, version="1.0", url=f"https://files.example/{file_name}", file_name=file_name, sha256="cd" * 32
    )
    return replace(wheel, **changes)


def make_plan(*packages: PlannedPackage, **changes: Any) -> Plan:
    """Return a plan of the packages, or of one python."""
    plan = Plan(
        platform="linux-64",
        requested_specs=("python",),
        packages=packages or (make_package(),),
        python=PlanPython(version="3.11.7", site_packages_path="lib/python3.11/site-packages"),
    )
    return replace(plan, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """A directory with a template, a bundle and bytecode in it."""

    directory: Path
    template: Path
    bundle: Path
    bytecode: Path
    out: Path

    def stamp(self, **changes: Any) -> StampInfo:
        """Stamp the template, with defaults for what is not given."""
        arguments: dict[str, Any] = {"header": make_header(), "plan": make_plan(), "lock": b"version: 7\n", **changes}
        return write_stamp(self.template, self.out, **arguments)

    def stamp_full(self, **changes: Any) -> StampInfo:
        """Stamp with every part present."""
        header = make_header(layout="embedded", bytecode="shipped")
        return self.stamp(**{"header": header, "bundle": self.bundle, "bytecode": self.bytecode, **changes})

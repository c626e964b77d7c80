"""The bytecode part."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import zstandard

from cs_cli.errors import CliError
from cs_cli.verification.bytecode import check_bytecode
from cs_stamp import Plan, PlanPython

SITE = "lib/python3.11/site-packages"
GOOD = [f"{SITE}/__pycache__/one.cpython-311.pyc", f"{SITE}/pkg/__pycache__/two.cpython-311.pyc"]


def make_plan(*, python: bool = True) -> Plan:
    where = PlanPython(version="3.11.7", site_packages_path=SITE) if python else None
    return Plan(platform="linux-64", requested_specs=(), packages=(), python=where)


def pack(names: list[str], kind: bytes = tarfile.REGTYPE) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type = kind
            tar.addfile(member)
    return io.BytesIO(zstandard.ZstdCompressor().compress(buffer.getvalue()))


def test_compiled_modules_are_counted() -> None:
    assert check_bytecode(pack(GOOD), make_plan(), path=Path("demo")) == 2
    assert check_bytecode(pack([]), make_plan(python=False), path=Path("demo")) == 0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (list(reversed(GOOD)), "is out of order, or a duplicate"),
        ([GOOD[0], GOOD[0]], "is out of order, or a duplicate"),
        ([f"{SITE}/one.py"], "is not a compiled module"),
        ([f"{SITE}/one.pyc"], "is not a compiled module"),
        ([f"{SITE}/../../../__pycache__/x.pyc"], "is not a compiled module"),
        (["bin/__pycache__/x.pyc"], "is outside the site-packages"),
        (["/etc/__pycache__/x.pyc"], "is outside the site-packages"),
    ],
)
def test_anything_else_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(CliError, match=message) as caught:
        check_bytecode(pack(names), make_plan(), path=Path("demo"))
    assert (caught.value.kind, caught.value.path) == ("bytecode-damaged", Path("demo"))


def test_links_are_refused() -> None:
    with pytest.raises(CliError, match="is not a file"):
        check_bytecode(pack(GOOD, tarfile.SYMTYPE), make_plan(), path=Path("demo"))


def test_modules_without_a_python_are_refused() -> None:
    with pytest.raises(CliError, match="is outside the site-packages"):
        check_bytecode(pack(GOOD), make_plan(python=False), path=Path("demo"))


@pytest.mark.parametrize("data", [b"no zstd", zstandard.ZstdCompressor().compress(b"no tar" * 200)])
def test_what_is_no_tar_is_refused(data: bytes) -> None:
    with pytest.raises(CliError, match="the bytecode cannot be read"):
        check_bytecode(io.BytesIO(data), make_plan(), path=Path("demo"))


def test_a_cut_off_part_is_refused() -> None:
    with pytest.raises(CliError, match="bytecode"):
        check_bytecode(io.BytesIO(pack(GOOD).getvalue()[:-20]), make_plan(), path=Path("demo"))

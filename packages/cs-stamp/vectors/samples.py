"""What the vectors are made of: a small template, header, plan, and the parts of a stamp."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from cs_stamp import Header, Plan, PlannedPackage, PlannedWheel, PlanPython, PlanRequirement
from cs_stamp._footer import plan_footer
from cs_stamp._launch import launch_block
from cs_stamp._layout import FOOTER_DIGEST_OFFSET, PART_TAGS

TEMPLATE = b"#!/bin/false\nnot a program: the vectors are about what stands behind it\n"
LOCK = b"version: 7\nplatforms:\n- name: linux-64\nenvironments: {}\npackages: []\n"
BUNDLE = b"not a bundle: these vectors are about the stamp alone\n"
BYTECODE = b"not compiled modules either\n"

HEADER = Header(
    builder="cs-cli 0.1.0",
    runtime="demo",
    runtime_version="1.2.3",
    artifact_name="demo",
    layout="online",
    platform="linux-64",
    delegate="python",
    delegate_path=None,
    docs_url=None,
    install_scheme="conda-home",
    install_name="demo",
    installer=None,
    condarc=None,
    freeze_base=False,
    bytecode="on-import",
    commands="direct",
    on_upgrade="replace",
    activation="path",
    channels=("https://conda.example/main",),
    bundle_file_name=None,
    installed_size_bytes=None,
    installed_file_count=None,
    prefix_limit_bytes=None,
    source_revision=None,
)
PACKAGES = (
    PlannedPackage(
        name="python",
        version="3.11.7",
        build="h1_0",
        subdir="linux-64",
        url="https://conda.example/main/linux-64/python-3.11.7-h1_0.conda",
        file_name="python-3.11.7-h1_0.conda",
        sha256="11" * 32,
        md5="22" * 16,
        size_bytes=1234567,
        requested_spec="python >=3.11",
        record={
            "name": "python",
            "version": "3.11.7",
            "build": "h1_0",
            "build_number": 0,
            "subdir": "linux-64",
            "depends": [],
            "fn": "python-3.11.7-h1_0.conda",
            "url": "https://conda.example/main/linux-64/python-3.11.7-h1_0.conda",
            "channel": "https://conda.example/main",
        },
    ),
    PlannedPackage(
        name="greeter",
        version="1.0",
        build="py_0",
        subdir="noarch",
        url="https://conda.example/main/noarch/greeter-1.0-py_0.tar.bz2",
        file_name="greeter-1.0-py_0.tar.bz2",
        sha256="33" * 32,
        noarch="python",
        record={"name": "greeter", "depends": ["python"], "summary": "grüßt"},
    ),
)
WHEELS = (
    PlannedWheel(
        name="six",
        version="1.17.0",
        url="https://files.example/packages/b7/six-1.17.0-py2.py3-none-any.whl",
        file_name="six-1.17.0-py2.py3-none-any.whl",
        sha256="44" * 32,
    ),
    # A conda package has the same name.
    PlannedWheel(
        name="greeter",
        version="2.0+local",
        url="https://code.example/greeter-2.0%2Blocal-py3-none-any.whl",
        file_name="greeter-2.0+local-py3-none-any.whl",
        sha256="55" * 32,
        size_bytes=11050,
        direct_url='{"archive_info":{},"url":"https://code.example/greeter-2.0%2Blocal-py3-none-any.whl"}',
    ),
)
REQUIREMENTS = (
    PlanRequirement(
        package="python", spec="__glibc >=2.17,<3.0.a0", name="__glibc", is_needed=True, versions=(">=2.17", "<3.0")
    ),
    PlanRequirement(package="zlib", spec="__cuda >=12", name="__cuda", is_needed=False, versions=(">=12",)),
    PlanRequirement(package="zlib", spec="__archspec 1 x86_64_v3", name="__archspec", is_needed=True, x86_64_level=3),
)
PLAN = Plan(
    platform="linux-64",
    requested_specs=("greeter", "python >=3.11"),
    python=PlanPython(version="3.11.7", site_packages_path="lib/python3.11/site-packages"),
    packages=PACKAGES,
)
EMBEDDED = replace(HEADER, layout="embedded", bytecode="shipped", artifact_name="demoz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The parts of a stamp, to be put together correctly or incorrectly."""

    parts: dict[str, bytes]

    def assemble(self, edit_footer: Callable[[bytearray], None] = lambda _: None) -> bytes:
        """Put the parts together; an edited footer gets a digest that matches again."""
        digests = {tag: sha256(data).digest() for tag, data in self.parts.items()}
        footer = bytearray(plan_footer({tag: len(data) for tag, data in self.parts.items()}, digests).to_bytes())
        edit_footer(footer)
        footer[FOOTER_DIGEST_OFFSET:] = sha256(footer[:FOOTER_DIGEST_OFFSET]).digest()
        return b"".join(self.parts[tag] for tag in PART_TAGS) + bytes(footer)

    def replace_part(self, tag: str, data: bytes) -> Stamp:
        """Return the stamp with another part."""
        return Stamp(parts={**self.parts, tag: data})


def make_stamp(
    header: Header, plan: Plan = PLAN, *, bytecode: bytes = b"", bundle: bytes = b"", lock: bytes = LOCK
) -> Stamp:
    """Return the parts of a stamp."""
    parts = {
        "header": header.to_bytes(),
        "plan": plan.to_bytes(),
        "lock": lock,
        "bytecode": bytecode,
        "bundle": bundle,
    }
    return Stamp(parts={**parts, "launch": launch_block(header)})


def full_stamp() -> Stamp:
    """Return a stamp with every part present."""
    return make_stamp(EMBEDDED, bytecode=BYTECODE, bundle=BUNDLE)


def render(value: dict[str, Any]) -> bytes:
    """Render JSON as the header and the plan have it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def flip(data: bytes, position: int, bit: int = 0) -> bytes:
    """Return the bytes with one bit of one of them flipped."""
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)

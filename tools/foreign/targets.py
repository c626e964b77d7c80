"""The platforms that have a template: one row each, which sessions, tests and workflows read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .errors import ForeignError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What compiles C, archives objects and links, by paths in a kit.

    :ivar kit: the kit that has them, or None: the machine's own.
    :ivar libraries: folder of the kit with libraries that the tools themselves need.
    :ivar zig_target: the target's name, with the oldest version of the system, if zig is compiler and linker.
    """

    kit: str | None
    cc: str = "cc"
    ar: str = "ar"
    libraries: str | None = None
    zig_target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One platform.

    :ivar subdir: conda's name of it.
    :ivar triple: Rust's name of it.
    :ivar wheel_tags: platform tags of the wheel.
    :ivar oldest_system: the first version of macOS, or of the kernel of Linux, that starts its programs.
    :ivar std: whether Debian has the standard library for it, or it is built from source.
    :ivar rustflags: flags of the compiler.
    :ivar variables: more variables of the build.
    :ivar runner: what runs its programs here.
    """

    subdir: str
    triple: str
    wheel_tags: tuple[str, ...]
    tools: Tools
    oldest_system: tuple[int, ...] = ()
    std: Literal["ready", "source"] = "source"
    rustflags: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    runner: Literal["native", "qemu", "wine"] | None = None

    @property
    def program(self) -> str:
        """File name of the template."""
        return "cs-template.exe" if self.subdir.startswith("win-") else "cs-template"


_STRIP = ("-Clink-arg=-s",)
_STATIC = ("-Ctarget-feature=+crt-static",)
_ARM64 = Tools(
    kit="arm64",
    cc="usr/bin/aarch64-linux-gnu-gcc-12",
    ar="usr/bin/aarch64-linux-gnu-ar",
    libraries="usr/lib/x86_64-linux-gnu",
)
_APPLE = {"MACOSX_DEPLOYMENT_TARGET": "11.0", "CARGO_PROFILE_RELEASE_STRIP": "none"}
"""The oldest macOS. Rust strips with a program that Debian lacks; the linker does instead."""
_MINGW = Tools(kit="mingw", cc="usr/bin/x86_64-w64-mingw32-gcc", ar="usr/bin/x86_64-w64-mingw32-ar")

TARGETS = (
    Target(
        subdir="linux-64",
        triple="x86_64-unknown-linux-gnu",
        wheel_tags=("manylinux_2_17_x86_64", "musllinux_1_1_x86_64"),
        oldest_system=(3, 2),
        tools=Tools(kit=None),
        std="ready",
        rustflags=_STATIC,
        runner="native",
    ),
    Target(
        subdir="linux-aarch64",
        triple="aarch64-unknown-linux-gnu",
        wheel_tags=("manylinux_2_17_aarch64", "musllinux_1_1_aarch64"),
        oldest_system=(4, 1),
        tools=_ARM64,
        std="ready",
        rustflags=_STATIC,
        runner="qemu",
    ),
    Target(
        subdir="win-64",
        triple="x86_64-pc-windows-gnu",
        wheel_tags=("win_amd64",),
        tools=_MINGW,
        runner="wine",
    ),
    Target(
        subdir="osx-arm64",
        triple="aarch64-apple-darwin",
        wheel_tags=("macosx_11_0_arm64",),
        oldest_system=(11, 0),
        tools=Tools(kit="zig", zig_target="aarch64-macos.11.0"),
        rustflags=_STRIP,
        variables=_APPLE,
    ),
    Target(
        subdir="osx-64",
        triple="x86_64-apple-darwin",
        wheel_tags=("macosx_11_0_x86_64",),
        oldest_system=(11, 0),
        tools=Tools(kit="zig", zig_target="x86_64-macos.11.0"),
        rustflags=_STRIP,
        variables=_APPLE,
    ),
    Target(
        subdir="win-arm64",
        triple="aarch64-pc-windows-gnullvm",
        wheel_tags=("win_arm64",),
        tools=Tools(kit="zig", zig_target="aarch64-windows-gnu"),
    ),
)


def find_target(subdir: str) -> Target:
    """Return the row of a platform.

    :raises ForeignError: if it has none.
    """
    for target in TARGETS:
        if target.subdir == subdir:
            return target
    raise ForeignError(f"no template for {subdir}: it is one of {', '.join(one.subdir for one in TARGETS)}")

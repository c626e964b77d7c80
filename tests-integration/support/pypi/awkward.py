"""Wheels that careless tools make, and that must be put in place anyway."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from types import MappingProxyType

from .crafting import WHEEL, Member, Recipe, render_row


def _package(name: str) -> Member:
    return Member(f"{name}/__init__.py", f"name = {name!r}\n".encode())


def _recipe(
    name: str,
    *files: Member,
    metadata: Mapping[str, bytes | None] = MappingProxyType({}),
    record: Mapping[str, str | None] = MappingProxyType({}),
) -> Recipe:
    return Recipe(name=name, files=(_package(name), *files), metadata=metadata, record=record)


def _scripts(text: str) -> dict[str, bytes | None]:
    return {"entry_points.txt": text.encode()}


AWKWARD: tuple[Recipe, ...] = (
    _recipe("plain"),
    _recipe("absolute", record={"absolute/__init__.py": "/absolute/__init__.py,sha256=x,12"}),
    _recipe("wrong_hash", record={"wrong_hash/__init__.py": "wrong_hash/__init__.py,sha256=AAAA,3"}),
    _recipe("no_row", Member("no_row/more.py", b"y = 2\n"), record={"no_row/more.py": None}),
    _recipe("no_member", record={"no_member/gone.py": "no_member/gone.py,sha256=x,3"}),
    _recipe(
        "odd_names",
        Member("odd_names/a, b.py", b"1\n"),
        Member('odd_names/say "hi".txt', b"2\n"),
        Member("odd_names/two  spaces .txt", b"3\n"),
        Member("odd_names/Ünïcödé/日本.txt", b"4\n"),
        Member("odd_names/-rf", b"5\n"),
    ),
    Recipe(
        name="crlf",
        files=(_package("crlf"),),
        metadata={"WHEEL": WHEEL.replace("\n", "\r\n").encode()},
        record_text=b"crlf/__init__.py,sha256=x,14\r\ncrlf-1.0.dist-info/RECORD,,\r\n",
    ),
    _recipe("dotted", record={"dotted/__init__.py": "./dotted/__init__.py,sha256=x,16"}),
    _recipe(
        "shebangs",
        Member("DATA/scripts/options", b"#!python -E\nprint(1)\n"),
        Member("DATA/scripts/gui", b"#!pythonw\r\nprint(2)\r\n"),
        Member("DATA/scripts/short", b"#!/x\n", 0o100755),
        Member("DATA/scripts/versioned", b"#!python3.9\nprint(3)\n", 0o100755),
        Member("DATA/scripts/shell", b"#!/bin/sh\necho 4\n"),
        Member("DATA/scripts/binary", bytes(range(256)) * 1000, 0o100755),
        Member("DATA/scripts/no-end", b"#!python"),
        Member("DATA/scripts/empty", b""),
    ),
    _recipe(
        "from_windows",
        Member("DATA/scripts/run", b"#!python\nprint(1)\n", None),
        Member("from_windows/m.py", b"", None),
    ),
    _recipe(
        "beside",
        Member("DATA/scripts/tool", b"#!python\nprint('script')\n"),
        Member("DATA/scripts/tool.exe", b"MZ"),
        Member("DATA/scripts/tool-script.py", b"#!python\n"),
        Member("DATA/scripts/other", b"#!python\n"),
        metadata=_scripts("[console_scripts]\ntool = beside:main\n"),
    ),
    _recipe(
        "points",
        metadata=_scripts(
            "# comment\n[other.group]\nx = points:nothing\n[console_scripts]\nog = points : a.b.c [x,y]\n"
            "two words=points:main\nCase = points:main\n; more\n\n[gui_scripts]\nwindow = points.gui:run\n"
        ),
    ),
    Recipe(
        name="My.Headers",
        project="My.Headers",
        files=(
            Member("my_headers.py", b"x = 1\n"),
            Member("DATA/headers/my.h", b"int x;\n"),
            Member("DATA/headers/deep/er.h", b"int y;\n"),
        ),
    ),
    _recipe(
        "modes",
        Member("modes/link", b"../target", 0o120777),
        Member("modes/setuid", b"s", 0o104755),
        Member("modes/private", b"p", 0o100711),
        Member("modes/read_only", b"r", 0o100444),
        Member("modes/none", b"n", 0),
        Member("modes/all", b"a", 0o100777),
    ),
    _recipe(
        "folders",
        Member("folders/empty/", b"", 0o040755),
        Member("folders/full/", b"", 0o040755),
        Member("folders/full/x.py", b""),
    ),
    _recipe("signed", metadata={"RECORD.jws": b"{}", "RECORD.p7s": b"x"}),
    _recipe(
        "brings",
        metadata={
            "INSTALLER": b"somebody\n",
            "REQUESTED": b"yes",
            "direct_url.json": b'{"url": "file:///home/builder"}',
        },
    ),
    _recipe(
        "cached",
        Member("cached/__pycache__/m.cpython-311.pyc", b"\xa7\r\r\n" + b"\0" * 12),
        Member("cached/m.py", b"y = 1\n"),
    ),
    _recipe(
        "schemes",
        Member("DATA/purelib/schemes/pure.py", b"p = 1\n"),
        Member("DATA/platlib/schemes/plat.py", b"q = 1\n"),
        Member("DATA/data/share/schemes/x.txt", b"d\n"),
        Member("DATA/data/etc/schemes.conf", b"c\n"),
        Member("DATA/data/bin/program", b"#!/bin/sh\n", 0o100755),
        Member("DATA/data/lib/python3.11/beside-site.txt", b"b\n"),
        Member("DATA/purelib/schemes/__init__.py", b"replaced = True\n"),
    ),
    _recipe(
        "stored",
        Member("stored/s.bin", b"\0" * 300_000, method=zipfile.ZIP_STORED),
        Member("stored/z.bin", b"\0" * 3_000_000),
    ),
    Recipe(
        name="space", files=(Member("space/one/__init__.py", b"1\n"), Member("space_one-nspkg.pth", b"import os\n"))
    ),
    _recipe("pip_like", metadata=_scripts("[console_scripts]\npip3 = pip_like:main\npip3.7 = pip_like:main\n")),
    _recipe("multi", metadata={"WHEEL": (b"Wheel-Version: 1.0\nWheel-Version: 2.0\n")}),
    _recipe("ancient", metadata={"WHEEL": b"Wheel-Version: 0.1\n"}),
    _recipe("twice_in_record", record={"x": "twice_in_record/__init__.py,sha256=other,9"}),
    _recipe("many", *(Member(f"many/m{number}.py", b"%d\n" % number) for number in range(3000))),
)
"""Named for what is odd about them."""

NOT_FOR_PIP = ("My.Headers", "beside", "modes", "no_member", "pip_like", "points")
"""pip refuses what these have, puts it elsewhere, or keeps rows of RECORD without a file."""

_KEPT_BY_UV = {
    "beside-1.0.data/scripts/tool",
    "beside-1.0.data/scripts/tool.exe",
    "beside-1.0.data/scripts/tool-script.py",
    "brings-1.0.dist-info/REQUESTED",
    "brings-1.0.dist-info/direct_url.json",
    "schemes/__init__.py",
}
DANGLING = frozenset(
    render_row(member) for recipe in AWKWARD for member in recipe.members() if member.name in _KEPT_BY_UV
)
"""Rows of RECORD that uv keeps though there is no such file, or keeps beside the right one."""

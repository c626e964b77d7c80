"""Collections of packages made to be awkward: tiny, each for something that an installer can get wrong.

:func:`collections` maps the name of a collection to its archives, dependencies first. Every collection can be
installed by itself; ``tests-integration/test_awkward.py`` does so with rattler and with our linker.
"""

from __future__ import annotations

import random
import tarfile
from collections.abc import Callable

from skipped import IS_ROOT

from .archive import MTIME, PLACEHOLDER, Entry, Package
from .crafted import Archive, Odd, folder
from .pieces import binary, delegate, fake_python, hard, link, noarch_python, package, plain, text

SITE_PACKAGES = "lib/python3.11/site-packages"
HOLDER = PLACEHOLDER.encode()
KIB = 1024


def collections() -> dict[str, list[Archive]]:
    """Return every collection by its name."""
    makers: list[Callable[[], list[Archive]]] = [
        clobbering, chain, case, folders, links, hard_links, text_files, binary_files, borders, random_files, noarch,
        free_threaded, messages, activation, old_style, names, modes, empty,
    ]  # fmt: skip
    return {maker.__name__: [delegate(), *maker()] for maker in makers}


def clobbering() -> list[Archive]:
    """Three packages, each depending on the one before, that want the same paths."""

    def both(name: str, *depends: str) -> Package:
        entries = [
            plain("share/three-way", f"from {name}\n"),
            plain("share/same-content", "the same\n"),
            plain(f"share/only-{name}", name),
            text("share/with-prefix", f"{name} in {PLACEHOLDER}\n"),
        ]
        return package(name, [*entries, *extra[name]], *depends)

    extra: dict[str, list[Entry]] = {
        "clobber-a": [
            plain("share/file-then-link", "file of a"),
            link("share/link-then-file", "only-clobber-a"),
            link("share/link-then-link", "only-clobber-a"),
            plain("share/a-and-c", "a"),
            text("share/prefix-then-plain", PLACEHOLDER),
            plain("bin/mode", "a", executable=True),
        ],
        "clobber-b": [
            link("share/file-then-link", "only-clobber-b"),
            plain("share/link-then-file", "file of b"),
            link("share/link-then-link", "only-clobber-b"),
            plain("share/prefix-then-plain", "plain"),
            plain("bin/mode", "b"),
        ],
        "clobber-c": [plain("share/a-and-c", "c")],
    }
    return [
        Archive(package=both("clobber-a")),
        Archive(package=both("clobber-b", "clobber-a"), suffix=".tar.bz2"),
        Archive(package=both("clobber-c", "clobber-b")),
    ]


def chain() -> list[Archive]:
    """Packages that want one path and do not depend on each other, in names and in a cross of dependencies."""
    shared = "share/contested"
    return [
        Archive(package=package("tie-m", [plain(shared, "m"), plain("share/m-and-a", "m")])),
        Archive(package=package("tie-z", [plain(shared, "z"), plain("share/z-and-b", "z")])),
        Archive(package=package("tie-a", [plain(shared, "a"), plain("share/m-and-a", "a")], "tie-z")),
        Archive(package=package("tie-b", [plain("share/z-and-b", "b"), plain("share/b-and-y", "b")], "tie-m")),
        Archive(package=package("tie-y", [plain("share/b-and-y", "y")])),
    ]


LAYERS: dict[str, Callable[[str], list[Entry]]] = {
    "file": lambda name: [plain("share/x", name)],
    "link": lambda name: [link("share/x", f"to-{name}")],
    "below": lambda name: [plain(f"share/x/{name}", name)],
    "two-below": lambda name: [plain(f"share/x/{name}/y", name), plain("share/x/z", name)],
    "link-below": lambda name: [link("share/x/y", f"to-{name}")],
    "hard-link-below": lambda name: [plain("share/first", name), hard("share/x/second", "share/first", name.encode())],
}
"""What a package has at or below ``share/x``."""


def layered_pairs() -> list[tuple[str, str]]:
    """Name the layers that cannot both be there, in both orders."""
    pairs = [(flat, deep) for flat in ("file", "link") for deep in LAYERS if deep.endswith("below")]
    return [*pairs, *((deep, flat) for flat, deep in pairs)]


def layers(*kinds: str) -> list[Archive]:
    """Packages of these layers, each depending on the one before, and the delegate's."""
    names = [f"layer-{letter}" for letter in "abc"[: len(kinds)]]
    made = [delegate()]
    for kind, name, before in zip(kinds, names, [None, *names], strict=False):
        made.append(Archive(package=package(name, LAYERS[kind](name), *([before] if before else []))))
    return made


def lay(archives: list[Archive]) -> dict[str, Entry]:
    """Put packages in place one after the other, each removing what is in its way; what is at or below ``share/x``."""
    placed: dict[str, Entry] = {}
    for entry in (entry for archive in archives for entry in archive.package.entries):
        in_the_way = [path for path in placed if path.startswith(f"{entry.path}/") or entry.path.startswith(f"{path}/")]
        for path in in_the_way:
            del placed[path]
        placed[entry.path] = entry
    return {path: entry for path, entry in placed.items() if path.startswith("share/x")}


def case() -> list[Archive]:
    """Names that differ in case only: all of them exist on this file system."""
    return [
        Archive(
            package=package(
                "case-one",
                [
                    plain("share/Case/File", "1"),
                    plain("share/case/file", "2"),
                    plain("share/CASE", "3"),
                    plain("share/c", ""),
                ],
            )
        ),
        Archive(package=package("case-two", [plain("share/Case/file", "4"), link("share/C", "c")], "case-one")),
    ]


def folders() -> list[Archive]:
    """Directories that archives hold and ``paths.json`` does not list, with modes of their own."""
    entries = [
        folder("var/with-file", listed=False),
        plain("var/with-file/file", "x"),
        folder("var/not-listed", listed=False),
        folder("var/private", mode=0o700, listed=False),
        plain("var/private/file", "x"),
    ]
    if IS_ROOT:  # rattler's cache cannot write into such a directory otherwise
        entries += [folder("var/locked", mode=0o555, listed=False), plain("var/locked/file", "x")]
    more = [folder("opt/not-listed", listed=False), plain("opt/x/y/z/file", "x")]
    return [
        Archive(package=package("folders", entries)),
        Archive(package=package("folders-bz2", more), suffix=".tar.bz2"),
    ]


def links() -> list[Archive]:
    """Symbolic links of every kind."""
    entries = [
        plain("lib/libx.so.1.2.3", "library", executable=True),
        link("lib/libx.so.1.2", "libx.so.1.2.3"),
        link("lib/libx.so.1", "libx.so.1.2"),
        link("lib/libx.so", "libx.so.1"),
        link("share/dangling", "not/there"),
        link("share/absolute", "/etc/hostname"),
        link("share/absolute-dangling", "/nowhere/to/be/found"),
        link("share/into-the-build-prefix", f"{PLACEHOLDER}/lib/libx.so"),
        link("share/to-a-directory", "../lib"),
        link("share/upwards", "../../../outside"),
        link("share/to-itself", "to-itself"),
        link("share/dot", "."),
        link("share/with space", "a target with spaces"),
        link("share/lïnk", "zïel"),
        link("share/long", "x" * 200 + "/" + "y" * 200),
        link("share/behind", "file-that-comes-later"),
        plain("share/file-that-comes-later", "late"),
        plain("share/listed-as-link-with-hash/x", "x"),
        link("share/link-to-file-as-conda-build-says", "file-that-comes-later", record=_as_conda_build(b"late")),
    ]
    return [Archive(package=package("links", entries)), Archive(package=package("links-bz2", [
        plain("share/bz2/file", "x"), link("share/bz2/link", "file"), link("share/bz2/dangling", "no"),
    ]), suffix=".tar.bz2")]  # fmt: skip


def _as_conda_build(target_content: bytes) -> dict[str, object]:
    """What conda-build states of a link: hash and size of the file that it leads to."""
    import hashlib

    return {"sha256": hashlib.sha256(target_content).hexdigest(), "size_in_bytes": len(target_content)}


def hard_links() -> list[Archive]:
    """Hard links within archives: forwards in both kinds, of files with placeholders, in chains."""
    content, prefixed = b"the content\n", f"in {PLACEHOLDER}\n".encode()
    entries = [
        plain("share/first", content),
        hard("share/second", "share/first", content),
        hard("share/third", "share/second", content),
        hard("bin/elsewhere", "share/first", content, executable=True),
        text("share/prefixed", prefixed),
        hard("share/prefixed-too", "share/prefixed", prefixed, file_mode="text"),
        hard("share/prefixed-not", "share/prefixed", prefixed),
    ]
    return [
        Archive(package=package("hard-links", entries)),
        Archive(package=package("hard-links-bz2", [
            plain("share/bz2-first", content), hard("share/bz2-second", "share/bz2-first", content),
        ]), suffix=".tar.bz2"),
        Archive(package=package("hard-links-clobber", [plain("share/first", "other\n")], "hard-links")),
    ]  # fmt: skip


def text_files() -> list[Archive]:
    """Placeholders in text files."""
    long_line = f"#!{PLACEHOLDER}/bin/tool {'-x' * 60}\n"
    entries = [
        text("etc/only", PLACEHOLDER),
        text("etc/several", f"{PLACEHOLDER}:{PLACEHOLDER}/lib;{PLACEHOLDER}{PLACEHOLDER}\n" * 3),
        text("etc/at-the-end", f"x = {PLACEHOLDER}"),
        text("etc/crlf", f"a = {PLACEHOLDER}\r\nb = 2\r\n"),
        text("etc/without", "nothing in it\n"),
        text("etc/empty", ""),
        text("etc/part", PLACEHOLDER[:-1] + "x\n" + PLACEHOLDER[:40]),
        text("etc/overlap", PLACEHOLDER[:30] + PLACEHOLDER),
        text("etc/latin-1", f"gr\xfc\xdfe {PLACEHOLDER}\n".encode("latin-1")),
        text("etc/nul-in-text", b"a\0b " + HOLDER + b"\0c"),
        text("etc/utf-16", f"prefix {PLACEHOLDER}\r\n".encode("utf-16-le")),
        text("bin/sh-script", f"#!{PLACEHOLDER}/bin/sh\necho {PLACEHOLDER}\n", executable=True),
        text("bin/sh-options", f"#! {PLACEHOLDER}/bin/perl -w -T\n", executable=True),
        text("bin/crlf-script", f"#!{PLACEHOLDER}/bin/python\r\nprint(1)\r\n", executable=True),
        text("bin/env", f"#!/usr/bin/env python\n# {PLACEHOLDER}\n", executable=True),
        text("bin/no-newline", f"#!{PLACEHOLDER}/bin/python", executable=True),
        text("bin/long-line", long_line, executable=True),
        text("bin/python", f"#!{PLACEHOLDER}/bin/python3.11\nimport sys\n", executable=True),
        text("bin/python-options", f"#!{PLACEHOLDER}/bin/python3 -Es\nimport sys\n", executable=True),
        text("bin/second-line", f"\n#!{PLACEHOLDER}/bin/python\n", executable=True),
        text("bin/two-in-line", f"#!{PLACEHOLDER}/bin/env {PLACEHOLDER}/bin/python\n", executable=True),
        text("bin/unlike", f'#!/bin/sh\nexec {PLACEHOLDER}/bin/x "$@"\n', executable=True),
        text("bin/bang-only", f"#!\n{PLACEHOLDER}\n", executable=True),
        text("bin/indented", f" #!{PLACEHOLDER}/bin/sh\n", executable=True),
        text("bin/tab", f"#!\t{PLACEHOLDER}/bin/sh\n", executable=True),
        plain("bin/foreign-long", "#!/" + "x" * 200 + "/bin/tool\n", executable=True),
        text("bin/foreign-long-listed", "#!/" + "x" * 200 + "/bin/tool\n" + PLACEHOLDER, executable=True),
    ]
    short = "/home/builder/_h_env"
    other = [text("etc/other-placeholder", f"{short} {PLACEHOLDER}\n", record={"prefix_placeholder": short})]
    return [Archive(package=package("text", entries)), Archive(package=package("text-other", other), suffix=".tar.bz2")]


def binary_files() -> list[Archive]:
    """Placeholders in binary files, where lengths must not change."""
    utf16, utf32 = "utf-16-le", "utf-32-le"
    entries = [
        binary("lib/one", b"\x7fELF\0" + HOLDER + b"/lib\0end"),
        binary("lib/several", b"\0" + HOLDER + b"/a:" + HOLDER + b"/b:" + HOLDER + b"\0" + HOLDER + b"/c\0\0"),
        binary("lib/whole-file", HOLDER),
        binary("lib/at-the-end", b"\0\1\2" + HOLDER + b"/share"),
        binary("lib/at-the-end-with-nul", b"\0\1\2" + HOLDER + b"/share\0"),
        binary("lib/back-to-back", HOLDER * 5 + b"\0" + HOLDER * 2),
        binary("lib/without", bytes(range(256)) * 10),
        binary("lib/empty", b""),
        binary("lib/text-in-fact", f"prefix={PLACEHOLDER}\nlib={PLACEHOLDER}/lib\n"),
        binary("lib/utf-16", b"\1\0" + f"{PLACEHOLDER}/lib\0".encode(utf16) + b"tail"),
        binary("lib/utf-16-several", f"{PLACEHOLDER}/a;{PLACEHOLDER}/b\0{PLACEHOLDER}\0\0".encode(utf16)),
        binary("lib/utf-16-odd", b"\1" + f"{PLACEHOLDER}/lib\0".encode(utf16) + b"tail"),
        binary("lib/utf-16-be", f"{PLACEHOLDER}/lib\0end".encode("utf-16-be")),
        binary("lib/utf-32", f"{PLACEHOLDER}/lib\0end".encode(utf32)),
        binary("lib/mixed", f"{PLACEHOLDER}/w\0".encode(utf16) + HOLDER + b"/n\0" + f"{PLACEHOLDER}\0".encode(utf32)),
        binary("lib/part", HOLDER[:-1] + b"\0" + HOLDER[:20] + HOLDER + b"\0"),
        binary("lib/run.so", b"\x7fELF" + HOLDER + b"\0", executable=True),
        binary("bin/binary-with-shebang", b"#!" + HOLDER + b"/bin/python\n\0" + HOLDER + b"\0", executable=True),
    ]
    return [Archive(package=package("binary", entries)), Archive(package=package("binary-bz2", [
        binary("lib/bz2", b"\0" + HOLDER + b"/lib\0")
    ]), suffix=".tar.bz2")]  # fmt: skip


def borders() -> list[Archive]:
    """Placeholders across the borders at which readers cut files into pieces."""
    entries: list[Entry] = []
    for kib in (64, 128, 256, 512, KIB):
        for shift in (1, len(HOLDER) // 2, len(HOLDER) - 1, len(HOLDER)):
            before = kib * KIB - shift
            entries.append(text(f"share/text-{kib}-{shift}", b"t" * before + HOLDER + b"/x\nrest " + HOLDER))
            entries.append(binary(f"share/binary-{kib}-{shift}", b"b" * before + HOLDER + b"/x\0rest" + HOLDER + b"\0"))
    long_string = b"\0" + HOLDER + b"/" + b"s" * (300 * KIB) + HOLDER + b"\0after"
    entries.append(binary("share/string-over-several-pieces", long_string))
    entries.append(binary("share/string-without-end", HOLDER + b"e" * (300 * KIB)))
    return [Archive(package=package("borders", entries))]


def random_files() -> list[Archive]:
    """Files in which placeholders, parts of them, NULs and noise follow each other at random."""
    source = random.Random(20260511)
    pieces = [HOLDER, HOLDER + b"/lib", HOLDER[:50], HOLDER[100:], b"\0", b"\0\0\0\0", b"\n", b"#!", b":", b"/opt"]

    def binary_content() -> bytes:
        noise = [source.randbytes(source.randrange(40)) for _ in range(3)]
        return b"".join(source.choice([*pieces, *noise]) for _ in range(source.randrange(1, 40)))

    def text_content() -> bytes:
        noise = [b" ", b"-x", "grüße".encode(), b"\t", b"\r\n", b"/usr/bin/env", b"\\ "]
        return b"".join(source.choice([*pieces, *noise]) for _ in range(source.randrange(1, 40)))

    def wide_content() -> bytes:
        strings = "".join(
            f"{source.choice(['', PLACEHOLDER, 'x'])}{source.choice(['/lib', PLACEHOLDER, ';', ''])}\0"
            for _ in range(source.randrange(1, 20))
        )
        return strings.encode(source.choice(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))

    entries: list[Entry] = [binary(f"share/random/binary-{number:03}", binary_content()) for number in range(150)]
    entries += [text(f"share/random/text-{number:03}", text_content()) for number in range(150)]
    entries += [binary(f"share/random/wide-{number:03}", wide_content()) for number in range(50)]
    return [Archive(package=package("random", entries))]


def noarch() -> list[Archive]:
    """Packages of noarch python and generic."""
    module = "def main():\n    print('hello')\n\n\nclass App:\n    run = staticmethod(main)\n"
    entries = [
        plain("site-packages/awk/__init__.py", module),
        plain("site-packages/awk/sub/mod.py", module),
        plain("site-packages/awk/__pycache__/__init__.cpython-311.pyc", b"\xa7\r\r\n shipped bytecode"),
        plain("site-packages/awk/old.pyc", b"\xa7\r\r\n beside its source"),
        plain("site-packages/awk/data/not-a-module.txt", "data"),
        text("site-packages/awk/prefix.py", f"PREFIX = {PLACEHOLDER!r}\n"),
        plain("site-packages/awk-1.0.dist-info/RECORD", ""),
        link("site-packages/awk/linked.py", "__init__.py"),
        plain("python-scripts/env-python", "#!/usr/bin/env python\nimport awk\n", executable=True),
        plain("python-scripts/bare-python", "#!python\nimport awk\n", executable=True),
        text("python-scripts/prefix-python", f"#!{PLACEHOLDER}/bin/python\nimport awk\n", executable=True),
        plain("python-scripts/not-executable", "x = 1\n"),
        plain("share/awk/outside", "stays where it is"),
        plain("etc/site-packages/not-at-the-top", "x"),
    ]
    entry_points = [
        "awk = awk:main",
        "awk-dotted=awk.sub.mod:App.run",
        "awk-spaces   =   awk.sub.mod : main  ",
        "awk.with.dots = awk:main",
        "awk_ünï = awk:main",
    ]
    data = [
        plain("site-packages/generic", "stays"),
        plain("share/awk-data/x", "x"),
        text("share/awk-data/p", PLACEHOLDER),
    ]
    generic = package("awk-data", data, subdir="noarch", noarch="generic")
    rival = noarch_python(
        "awk-rival",
        [plain("site-packages/awk/sub/mod.py", "rival = 1\n"), plain("python-scripts/env-python", "#!/bin/sh\n")],
        "awk",
        entry_points=["awk-rival = awk:main"],
    )
    native = package(
        "awk-native",
        [
            plain(f"{SITE_PACKAGES}/awk/data/not-a-module.txt", "native data"),
            plain("bin/awk-own", "file", executable=True),
        ],
        "awk-rival",
    )
    return [
        fake_python(),
        Archive(package=noarch_python("awk", entries, entry_points=entry_points)),
        Archive(package=generic, suffix=".tar.bz2"),
        Archive(package=rival, suffix=".tar.bz2"),
        Archive(package=native),
    ]


def free_threaded() -> list[Archive]:
    """A Python that says where its site-packages is."""
    tools = noarch_python("ft", [plain("site-packages/ft.py", "x = 1\n")], entry_points=["ft = ft:main"])
    return [fake_python("3.13.1", "lib/python3.13t/site-packages"), Archive(package=tools)]


def messages() -> list[Archive]:
    """Link scripts: for what other packages brought, for the prefix in files, links and binaries, for messages."""
    script = """#!/bin/bash
set -e
cat "$PREFIX/share/needed.txt" > "$PREFIX/share/from-needed.txt"
echo "$PREFIX/lib" > "$PREFIX/share/prefix.txt"
ln -sf "$PREFIX/share/needed.txt" "$PREFIX/share/absolute-link"
ln -sf needed.txt "$PREFIX/share/relative-link"
mkdir -p "$PREFIX/share/made/by/script"
echo "$PKG_NAME $PKG_VERSION $PKG_BUILDNUM" > "$PREFIX/share/made/by/script/package"
chmod 750 "$PREFIX/share/made/by/script/package"
rm "$PREFIX/share/to-be-removed"
echo changed >> "$PREFIX/share/to-be-changed"
sed -i "s|@P@|$PREFIX|" "$PREFIX/share/to-be-filled"
"""
    unlink = "#!/bin/sh\nexit 1\n"
    entries = [
        plain("bin/.scripted-post-link.sh", script, executable=True),
        plain("bin/.scripted-pre-unlink.sh", unlink, executable=True),
        plain("bin/.scripted-pre-link.sh", unlink, executable=True),
        plain("bin/.other-post-link.sh", unlink, executable=True),
        plain("share/to-be-removed", ""),
        plain("share/to-be-changed", "one\n"),
        plain("share/to-be-filled", "at @P@\n", mode=0o640),
    ]
    bare = plain("bin/.bare-script-post-link.sh", 'echo "${BASH_VERSION:+bash}" > "$PREFIX/share/shell"\n')
    no_shebang = package("bare-script", [bare], "scripted")
    return [
        Archive(package=package("needed", [plain("share/needed.txt", "needed\n")])),
        Archive(package=package("scripted", entries, "needed")),
        Archive(package=no_shebang),
    ]


def activation() -> list[Archive]:
    """A link script that needs the variables and activation scripts of other packages."""
    script = """#!/bin/sh
echo "$FROM_JSON $FROM_SCRIPT $CONDA_SHLVL ${PATH%%:*} $CONDA_PREFIX" > "$PREFIX/share/activated"
tool > "$PREFIX/share/tool"
[[ -n $BASH_VERSION ]] && exit 0
"""
    tool = [
        plain("bin/tool", "#!/bin/sh\necho tool\n", executable=True),
        plain("etc/conda/env_vars.d/a.json", '{"FROM_JSON": "first", "OTHER": "1"}'),
        plain("etc/conda/env_vars.d/b.json", '{"FROM_JSON": "second"}'),
        plain("etc/conda/activate.d/a.sh", 'export FROM_SCRIPT="a:$FROM_JSON"\n'),
        plain("etc/conda/activate.d/b.sh", 'export FROM_SCRIPT="b:$FROM_SCRIPT"\n', executable=True),
        plain("etc/conda/activate.d/c.fish", "exit 1\n"),
    ]
    user = [plain("bin/.user-post-link.sh", script, executable=True), plain("share/x")]
    return [Archive(package=package("tool", tool)), Archive(package=package("user", user, "tool"))]


def old_style() -> list[Archive]:
    """Archives from before ``paths.json``, with every kind of list, and with ``info/`` where it may stand."""
    entries = [
        text("etc/text", f"a {PLACEHOLDER}\n"),
        binary("lib/binary", b"\0" + HOLDER + b"/x\0"),
        plain("share/plain", "x"),
        link("share/link", "plain"),
        plain("share/with space", "x"),
        plain("share/no-link", "x"),
        plain("share/no-softlink", "x"),
        plain("share/quoted space", f"b {PLACEHOLDER}\n"),
        plain("share/oldest", "/opt/anaconda1anaconda2" + "anaconda3/bin\n"),
        plain("share/after", f"not listed {PLACEHOLDER}\n"),
    ]
    has_prefix = (
        f"{PLACEHOLDER} text etc/text\n{PLACEHOLDER} binary lib/binary\n"
        f'"{PLACEHOLDER}" text "share/quoted space"\nshare/oldest\n'
    )
    lists = {"has_prefix": has_prefix.encode(), "no_link": b"share/no-link\n", "no_softlink": b"share/no-softlink\n"}
    last = [text("etc/last-text", f"{PLACEHOLDER}\n"), plain("share/last", "x")]
    return [
        Archive(package=package("old", entries, old_style=True), suffix=".tar.bz2", info=lists),
        Archive(package=package("old-last", last, old_style=True), suffix=".tar.bz2", info_last=True),
        Archive(package=package("new-last", [text("etc/new-last", PLACEHOLDER)]), suffix=".tar.bz2", info_last=True),
        Archive(package=package("old-conda", [text("etc/old-conda", PLACEHOLDER)], old_style=True)),
    ]


def names() -> list[Archive]:
    """Names in every script and of every length that the file system takes."""
    composed, decomposed = "\u00e9", "e\u0301"
    long_path = "/".join(["a" * 60] * 8)
    entries = [
        plain(f"share/{composed}", "composed"),
        plain(f"share/{decomposed}", "decomposed"),
        plain("share/日本語/ファイル.txt", "x"),
        plain("share/🐍", "x"),
        plain("share/new\nline", "x"),
        plain('share/tab\tand "quotes" and \\', "x"),
        plain("share/ leading and trailing ", "x"),
        plain("share/-dash", "x"),
        plain("share/..dots..", "x"),
        plain("share/" + "n" * 101, "x"),
        plain("share/" + "m" * 255, "x"),
        plain(f"share/{long_path}/file", "x"),
        link("share/long-link", "l" * 200),
        link(f"share/{long_path}/link", "k" * 200),
        text("share/" + "p" * 150, f"{PLACEHOLDER}\n"),
        hard("share/" + "h" * 150, "share/" + "n" * 101, b"x"),
    ]
    gnu = [
        plain("gnu/" + "n" * 101, "x"),
        plain(f"gnu/{long_path}/file", "x"),
        plain("gnu/日本語/" + "ファイル" * 12, "x"),
        link("gnu/long-link", "l" * 200),
        link("gnu/" + "b" * 150, "k" * 200),
    ]
    ustar = [plain(f"ustar/{'u' * 90}/{'v' * 90}", "x")]
    dotted = [Odd(path="dotted/file", content=b"x", member="./dotted/file")]
    return [
        Archive(package=package("names", entries)),
        Archive(package=package("names-gnu", gnu), tar_format=tarfile.GNU_FORMAT),
        Archive(
            package=package("names-gnu-bz2", [plain("bz2/" + "n" * 101, "x")]),
            suffix=".tar.bz2",
            tar_format=tarfile.GNU_FORMAT,
        ),
        Archive(package=package("names-ustar", ustar), tar_format=tarfile.USTAR_FORMAT),
        Archive(package=package("names-dotted", dotted)),
    ]


def modes() -> list[Archive]:
    """Permission bits and times that are not the usual ones."""
    bits = [0o400, 0o444, 0o555, 0o600, 0o640, 0o644, 0o700, 0o755, 0o777, 0o4755, 0o2755, 0o6755, 0o1777]
    bits += [0o000, 0o111] if IS_ROOT else []  # only root can read them again
    entries: list[Entry] = [plain(f"bin/mode-{mode:04o}", "x", mode=mode) for mode in bits]
    entries += [text(f"bin/prefix-mode-{mode:04o}", PLACEHOLDER, mode=mode) for mode in (0o400, 0o555, 0o755, 0o4755)]
    times = {"epoch": 0, "1980": 315_532_800, "2040": 2_208_988_800, "2200": 7_258_118_400, "usual": MTIME}
    entries += [plain(f"share/time-{name}", "x", mtime=seconds) for name, seconds in times.items()]
    entries += [link(f"share/link-time-{name}", "x", mtime=seconds) for name, seconds in times.items()]
    return [Archive(package=package("modes", entries))]


def empty() -> list[Archive]:
    """Packages of nothing, and files of nothing."""
    meta = Package(name="empty-meta", version="1.0", subdir="noarch", noarch="generic", entries=[])
    return [
        Archive(package=package("empty-conda", [])),
        Archive(package=package("empty-bz2", []), suffix=".tar.bz2"),
        Archive(package=meta),
        Archive(
            package=package(
                "empty-file", [plain("share/empty"), text("share/empty-text", ""), binary("share/empty-bin", "")]
            )
        ),
        Archive(
            package=package("empty-unlisted", [plain("share/not-listed", "x", listed=False), plain("share/one", "x")])
        ),
    ]

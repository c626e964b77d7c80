"""Environments made by chance: packages that share paths, need each other, and hold a bit of everything."""

from __future__ import annotations

import random

from .archive import PLACEHOLDER, Entry
from .crafted import Archive
from .pieces import binary, delegate, fake_python, hard, link, noarch_python, package, plain, text

PLACES = ("bin", "lib", "share/a", "share/a/b", "share/b", "lib/python3.11/site-packages/mod")


def make_environment(seed: int) -> list[Archive]:
    """Return archives of an environment that depends on nothing but the seed."""
    source = random.Random(seed)
    names = source.sample(
        [f"{first}{second}" for first in "abcxyz" for second in ("", "-lib", "2")], source.randrange(2, 9)
    )
    return [delegate(), fake_python(), *(_make_archive(source, name, names) for name in names)]


def _make_archive(source: random.Random, name: str, names: list[str]) -> Archive:
    others = [other for other in names if other != name]
    depends = source.sample(others, source.randrange(min(len(others), 3) + 1))
    suffix = source.choice([".conda", ".tar.bz2"])
    kind = source.choice(["native", "native", "generic", "python"])
    if kind == "python":
        entries = _make_entries(source, name, ("site-packages/mod", "python-scripts", "share/a"))
        point = f"run-{name} = mod.{name.replace('-', '_')}:main"
        return Archive(package=noarch_python(name, entries, *depends, entry_points=[point]), suffix=suffix)
    more = {"subdir": "noarch", "noarch": "generic"} if kind == "generic" else {}
    return Archive(package=package(name, _make_entries(source, name, PLACES), *depends, **more), suffix=suffix)


def _make_entries(source: random.Random, name: str, places: tuple[str, ...]) -> list[Entry]:
    entries: dict[str, Entry] = {}
    for _ in range(source.randrange(1, 12)):
        path = f"{source.choice(places)}/{source.choice('123456')}{source.choice(['.py', '.txt', ''])}"
        entries.setdefault(path, _make_entry(source, name, path, entries))
    return list(entries.values())


def _make_entry(source: random.Random, name: str, path: str, before: dict[str, Entry]) -> Entry:
    firsts = [one for one in before.values() if one.link is None and one.hard_link is None]
    executable = source.random() < 0.3
    match source.randrange(6):
        case 0:
            return link(path, source.choice(["1", "../2.txt", "missing", f"{PLACEHOLDER}/bin/1"]))
        case 1 if firsts:
            first = source.choice(firsts)
            return hard(path, first.path, first.open().read(), executable=first.executable, file_mode=first.file_mode)
        case 2:
            return text(path, f"#!{PLACEHOLDER}/bin/{name}\n{PLACEHOLDER}\n" * 2, executable=executable)
        case 3:
            return binary(path, f"{name}\0{PLACEHOLDER}/lib:{PLACEHOLDER}\0end", executable=executable)
        case _:
            return plain(path, source.choice([name, "the same for all"]), executable=executable)

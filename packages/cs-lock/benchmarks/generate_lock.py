"""Write locks of any size and version, and time what cs_lock does with them.

``python generate_lock.py OUT --packages 10000 --platforms 8 --version 6`` writes a lock;
``python generate_lock.py --time`` prints a table for the sizes of the project's targets.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PLATFORMS = (
    "linux-64",
    "linux-aarch64",
    "linux-ppc64le",
    "linux-s390x",
    "osx-64",
    "osx-arm64",
    "win-64",
    "win-arm64",
)
CHANNEL = "https://conda.anaconda.org/conda-forge"
_WORDS = (
    "core",
    "data",
    "graph",
    "image",
    "json",
    "math",
    "net",
    "parse",
    "plot",
    "run",
    "stat",
    "text",
    "time",
    "tree",
)


def generate_lock(path: Path, packages: int, platforms: Sequence[str] = PLATFORMS, *, version: int = 6) -> Path:
    """Write a lock that looks like one of conda-forge packages.

    A third of the packages are noarch and in every platform's list; the others are spread over the platforms,
    the first of each being its Python.

    :param path: to write
    :param packages: number of records
    :param platforms: their names
    :param version: 1 (conda.lock) or 4 to 7 (pixi.lock)
    :returns: the path
    """
    chance = random.Random(f"{packages} {platforms}")
    shared = [_invent(chance, number, "noarch", []) for number in range(packages // 3)]
    by_platform = {platform: list(shared) for platform in platforms}
    for number in range(packages // 3, packages):
        platform = platforms[number % len(platforms)]
        package = _invent(chance, number, platform, by_platform[platform])
        if len(by_platform[platform]) == len(shared):
            package = _rename(package, "python")
        by_platform[platform].append(package)
    lines = [f"version: {version}"]
    if version == 7:
        lines += ["platforms:", *(f"- name: {platform}" for platform in platforms)]
    lines += ["environments:", "  default:", "    channels:", f"    - url: {CHANNEL}/", "    packages:"]
    records: dict[str, dict[str, object]] = {}
    for platform in platforms:
        lines.append(f"      {platform}:")
        for record in sorted(by_platform[platform], key=lambda record: str(record["url"])):
            lines.append(f"      - conda: {record['url']}")
            records[str(record["url"])] = record
    lines.append("packages:")
    for url in sorted(records):
        lines += _render(records[url], version)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _invent(chance: random.Random, number: int, subdir: str, earlier: Sequence[dict[str, object]]) -> dict[str, object]:
    """Invent a package that needs some of the earlier ones."""
    name = f"{chance.choice(_WORDS)}-{chance.choice(_WORDS)}{number}"
    version = f"{chance.randrange(9)}.{chance.randrange(40)}.{chance.randrange(20)}"
    digest = hashlib.sha256(f"{name}{subdir}".encode()).hexdigest()
    number_of_build = chance.randrange(3)
    build = f"pyhd8ed1ab_{number_of_build}" if subdir == "noarch" else f"h{digest[:7]}_{number_of_build}"
    needs = chance.sample(earlier, min(len(earlier), chance.randrange(1, 12)))
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": number_of_build,
        "subdir": subdir,
        "url": f"{CHANNEL}/{subdir}/{name}-{version}-{build}.conda",
        "sha256": digest,
        "md5": digest[:32],
        "depends": ["__unix", *(f"{need['name']} >={need['version']},<10.0a0" for need in needs)],
        "constrains": [f"{name}-doc <{version}"],
        "license": chance.choice(["MIT", "BSD-3-Clause", "Apache-2.0", "LGPL-2.1-or-later"]),
        "license_family": chance.choice(["MIT", "BSD", "Apache", "LGPL"]),
        "size": chance.randrange(10_000, 40_000_000),
        "timestamp": 1_600_000_000_000 + chance.randrange(10**11),
    }


def _rename(package: dict[str, object], name: str) -> dict[str, object]:
    """Give a package another name: the noarch ones need a Python."""
    url = str(package["url"]).replace(f"/{package['name']}-", f"/{name}-")
    return {**package, "name": name, "url": url}


def _render(record: dict[str, object], version: int) -> list[str]:
    """Write a record as a lock of the version has it."""
    fields = dict(record)
    url = fields.pop("url")
    if version in (4, 5):
        lines = ["- kind: conda"]
        fields["url"] = url
        if record["subdir"] == "noarch":
            fields["noarch"] = "python"
    else:
        lines = [f"- conda: {url}"]
        derived = ["name", "version", "build", "subdir", "build_number"]
        for name in [*derived, "timestamp"] if version == 1 else derived:
            del fields[name]
    for name, value in fields.items():
        if isinstance(value, list):
            lines += [f"  {name}:", *(f"  - {item}" for item in value)]
        else:
            lines.append(f"  {name}: {value}")
    return lines


def measure(path: Path) -> tuple[float, float, float]:
    """Time a fresh process that imports cs_lock, reads the lock, derives, and renders.

    :param path: of a lock
    :returns: seconds for import and reading, for deriving, and for rendering: the best of five
    """
    code = (
        "import sys, time; start = time.perf_counter(); import cs_lock; source = cs_lock.read_lock(sys.argv[1]);"
        "read = time.perf_counter(); lock = cs_lock.derive(source, environment='default', exclude=['none']);"
        "derived = time.perf_counter(); lock.render();"
        "print(read - start, derived - read, time.perf_counter() - derived)"
    )
    runs = []
    for _ in range(5):
        output = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
        runs.append([float(part) for part in output.stdout.split()])
    best = min(runs, key=sum)
    return best[0], best[1], best[2]


def print_table() -> None:
    """Print the times for 100 and 10,000 packages in every version."""
    print(f"{'packages':>9} {'version':>8} {'MB':>6} {'read, ms':>9} {'derive':>7} {'render':>7} {'all':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for packages in (100, 10_000):
            for version in (1, 4, 5, 6, 7):
                path = generate_lock(Path(folder) / "lock", packages, version=version)
                read, derived, rendered = (seconds * 1000 for seconds in measure(path))
                size = path.stat().st_size / 1e6
                times = f"{read:>9.0f} {derived:>7.0f} {rendered:>7.0f} {read + derived + rendered:>7.0f}"
                print(f"{packages:>9} {version:>8} {size:>6.2f} {times}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--packages", type=int, default=10_000)
    parser.add_argument("--platforms", type=int, default=8, help="how many")
    parser.add_argument("--version", type=int, default=6, choices=[1, 4, 5, 6, 7])
    parser.add_argument("--time", action="store_true", help="print a table of times instead")
    options = parser.parse_args()
    if options.time:
        print_table()
    elif options.out:
        started = time.perf_counter()
        generate_lock(options.out, options.packages, PLATFORMS[: options.platforms], version=options.version)
        print(f"{options.out}: {options.out.stat().st_size} bytes in {time.perf_counter() - started:.1f} s")
    else:
        parser.error("say where to write the lock, or --time")


if __name__ == "__main__":
    main()

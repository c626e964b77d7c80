"""Packages of Debian, each pinned by its address and SHA-256, and unpacked instead of installed.

``requirements/debian.toml`` names them and ``requirements/debian.lock`` pins them: ``python -m foreign pin`` writes it.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import ForeignError
from .places import REQUIREMENTS

NAMES = REQUIREMENTS / "debian.toml"
PINS = REQUIREMENTS / "debian.lock"

_HEADER = "# Written by `python -m foreign pin` from debian.toml: kit, SHA-256, address.\n"
_HELPER = "/usr/lib/apt/apt-helper"
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SOURCES = f"""\
deb [signed-by={_KEYS}] http://deb.debian.org/debian bookworm main
deb [signed-by={_KEYS}] http://deb.debian.org/debian-security bookworm-security main
"""
_URI = re.compile(r"'(?P<uri>\S+)' \S+ \d+ SHA256:(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package.

    :ivar kit: the set of packages that it belongs to.
    """

    kit: str
    sha256: str
    uri: str

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return self.uri.rpartition("/")[2]


def read_pins(kit: str, path: Path = PINS) -> list[Pin]:
    """Return the packages of a kit."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")]
    return [Pin(kit=name, sha256=sha256, uri=uri) for name, sha256, uri in lines if name == kit]


def unpack(pins: Iterable[Pin], directory: Path, *, only: Sequence[str] = ()) -> None:
    """Download packages and unpack them, one over the other.

    A program that dpkg would give a plain name as one of several alternatives gets that name here too.

    :param only: paths in the packages, if not everything is needed.
    :raises ForeignError: if the archive no longer has one of them, or has a different file by that name.
    """
    members = [f"./{path}" for path in only]
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        for pin in pins:
            archive = Path(scratch) / pin.file_name
            download(pin, archive)
            with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as tar:
                subprocess.run(["tar", "-x", "-C", str(directory), *members], stdin=tar.stdout, check=True)
            archive.unlink()
    for program in directory.glob("usr/bin/*-win32"):
        program.with_name(program.name.removesuffix("-win32")).symlink_to(program.name)


def download(pin: Pin, archive: Path) -> None:
    """Download one package with apt, which knows the proxies of this machine and checks the digest."""
    command = [_HELPER, "download-file", pin.uri, str(archive), f"SHA256:{pin.sha256}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise ForeignError(f"{_HELPER} is missing: this needs Debian, or a system made from it") from error
    if done.returncode == 0:
        return
    if " 404 " in done.stdout + done.stderr:
        raise ForeignError(f"Debian no longer has {pin.uri}: write new pins with `python -m foreign pin`")
    raise ForeignError(f"cannot download {pin.uri}:\n{done.stderr.strip()}")


def write_pins() -> None:
    """Pin the newest version of each package that ``debian.toml`` names, checked by the signature of the archive."""
    names = read_names(NAMES.read_text(encoding="utf-8"))
    architectures = sorted({architecture for _, _, architecture in names})
    found: dict[tuple[str, str], Pin] = {}
    for architecture in architectures:
        wanted = [(kit, name) for kit, name, one in names if one == architecture]
        found.update({(name, architecture): pin for name, pin in resolve(wanted, architecture)})
    pins = [found[name, architecture] for _, name, architecture in names]
    PINS.write_text(_HEADER + "".join(f"{pin.kit} {pin.sha256} {pin.uri}\n" for pin in pins), encoding="utf-8")


def read_names(text: str) -> list[tuple[str, str, str]]:
    """Return kit, package and architecture of each package named."""
    words = [(kit, word.partition(":")) for kit, names in tomllib.loads(text)["kits"].items() for word in names]
    return [(kit, name, architecture or "amd64") for kit, (name, _, architecture) in words]


def resolve(wanted: Sequence[tuple[str, str]], architecture: str) -> Iterable[tuple[str, Pin]]:
    """Ask apt which file is the newest version of each package, with lists of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        apt = _prepare_apt(Path(scratch), architecture)
        subprocess.run([*apt, "update", "-qq"], check=True)
        for kit, name in wanted:
            done = subprocess.run([*apt, "download", "--print-uris", name], check=True, capture_output=True, text=True)
            match = _URI.match(done.stdout)
            assert match is not None, done.stdout
            yield name, Pin(kit=kit, sha256=match["sha256"], uri=match["uri"])


def _prepare_apt(scratch: Path, architecture: str) -> list[str]:
    """Return a call of apt that leaves the machine's own lists and architectures alone."""
    sources = scratch / "sources.list"
    sources.write_text(_SOURCES, encoding="utf-8")
    for name in ("lists/partial", "cache/archives/partial"):
        (scratch / name).mkdir(parents=True)
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Sandbox::User": "root",
        "Dir::State::Lists": str(scratch / "lists"),
        "Dir::State::status": "/dev/null",
        "Dir::Cache": str(scratch / "cache"),
        "Dir::Etc::SourceList": str(sources),
        "Dir::Etc::SourceParts": "/dev/null",
    }
    return ["apt-get", *(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))]

"""The normal form of a wheel: the same files give the same bytes, with any backend, at any time.

Members are sorted, ``*.dist-info`` last and its ``RECORD`` at the very end; times are 1980-01-01, modes 0644 or 0755.
They are stored: what deflate gives depends on its library, and bundles are not compressed either.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ..archives.wheels import read_wheel
from ..errors import CliError

_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR, _PLAIN, _EXECUTABLE = 0o100000, 0o644, 0o755
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_EDITABLE = "__editable__"


def normalize_wheel(wheel: Path, directory: Path) -> Path:
    """Write the normal form of a wheel.

    :param wheel: as a build backend has made it.
    :param directory: where to write it, under the same name.
    :returns: its path.
    :raises CliError: ``wheel-damaged`` if no runtime could install it, its ``RECORD`` is wrong, or it is the editable
        install of a project.
    """
    out = directory / wheel.name
    try:
        read_wheel(wheel)
        with zipfile.ZipFile(wheel) as source:
            _write(source, out)
    except Exception as error:  # several libraries read it, and a wheel can be broken in any way
        reason = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        message = f"the build backend has made a wheel that cannot ship: {reason}"
        raise CliError(message, kind="wheel-damaged", path=wheel) from error
    return out


def _write(source: zipfile.ZipFile, out: Path) -> None:
    members = {one.filename: one for one in source.infolist() if not one.is_dir()}
    info = next(name for name in members if name.count("/") == 1 and name.endswith(".dist-info/RECORD"))
    info = info.removesuffix("RECORD")
    dropped = {f"{info}{name}" for name in ("RECORD", *_SIGNATURES)}
    stated = _read_record(source.read(f"{info}RECORD"))
    names = sorted(members.keys() - dropped, key=lambda name: (name.startswith(info), name))
    if surplus := sorted(stated.keys() - members.keys()):
        raise ValueError(f"RECORD lists {surplus[0]}, which the wheel does not contain")
    rows: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(out, "w") as target:
        for name in names:
            content = source.read(members[name])
            _refuse_editable(name, content)
            rows.append(_describe(name, content, stated))
            _add(target, name, content, members[name].external_attr >> 16)
        _add(target, f"{info}RECORD", _render([*rows, (f"{info}RECORD", "", "")]), _PLAIN)


def _read_record(content: bytes) -> dict[str, str]:
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    return {row[0].lstrip("/").removeprefix("./"): row[1] if len(row) > 1 else "" for row in rows if row}


def _describe(name: str, content: bytes, stated: dict[str, str]) -> tuple[str, str, str]:
    """Return the row of a member.

    :raises ValueError: if the wheel's own row is missing, or says something else.
    """
    if name not in stated:
        raise ValueError(f"RECORD does not list {name}")
    algorithm, _, digest = stated[name].partition("=")
    if algorithm and _digest(algorithm, content) != digest.rstrip("="):
        raise ValueError(f"the digest in RECORD does not match {name}")
    return name, f"sha256={_digest('sha256', content)}", str(len(content))


def _digest(algorithm: str, content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()


def _render(rows: list[tuple[str, str, str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _add(target: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    member = zipfile.ZipInfo(name, _TIME)
    member.create_system = _UNIX
    member.external_attr = (_REGULAR | (_EXECUTABLE if mode & 0o111 else _PLAIN)) << 16
    target.writestr(member, content)


def _refuse_editable(name: str, content: bytes) -> None:
    """Refuse what makes Python import from the project's directory, which users do not have.

    :raises ValueError: if the member does that.
    """
    path = PurePosixPath(name)
    if path.name.startswith(_EDITABLE):
        raise ValueError(f"{name} belongs to an editable install")
    if path.suffix == ".pth":
        for line in _list_places(content):
            raise ValueError(f"{name} points to {line}, outside the wheel")


def _list_places(content: bytes) -> Iterator[str]:
    """Yield the lines of a ``.pth`` file that point outside site-packages."""
    for line in content.decode("utf-8", "replace").splitlines():
        text = line.strip()
        place = text.replace("\\", "/")
        if text.startswith(("import ", "import\t", "#")):
            continue
        if place.startswith("/") or place[1:2] == ":" or ".." in place.split("/"):
            yield text

"""Make wheels byte by byte, careful ones and careless ones."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
UNIX, DOS = 3, 0


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a wheel.

    :ivar mode: with the kind of file in front: ``0o120777`` is a symbolic link; ``None`` as a zip of Windows has it.
    """

    name: str
    content: bytes = b""
    mode: int | None = 0o100644
    method: int = zipfile.ZIP_DEFLATED

    def info(self) -> zipfile.ZipInfo:
        """Describe it for ``zipfile``."""
        info = zipfile.ZipInfo(self.name, (2020, 2, 2, 2, 2, 2))
        info.create_system = DOS if self.mode is None else UNIX
        info.external_attr = 0 if self.mode is None else self.mode << 16
        info.compress_type = self.method
        return info


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A wheel ``NAME-1.0-py3-none-any.whl``.

    :ivar files: members besides those of ``.dist-info``; ``DATA/`` at the start stands for the wheel's ``.data/``.
    :ivar metadata: files of ``.dist-info`` besides METADATA, WHEEL and RECORD, or in their place; ``None`` leaves one
        out.
    :ivar record: rows of RECORD by path in place of those that would be right; ``None`` leaves a row out.
    :ivar record_text: all of RECORD.
    """

    name: str
    files: tuple[Member, ...] = ()
    metadata: Mapping[str, bytes | None] = field(default_factory=dict)
    record: Mapping[str, str | None] = field(default_factory=dict)
    record_text: bytes | None = None
    project: str = ""

    @property
    def stem(self) -> str:
        """Start of the names of its directories."""
        return f"{self.name}-1.0"

    @property
    def file_name(self) -> str:
        """Name of the archive."""
        return f"{self.stem}-py3-none-any.whl"

    def members(self) -> list[Member]:
        """List all members, RECORD last."""
        texts = {
            "METADATA": f"Metadata-Version: 2.1\nName: {self.project or self.name}\nVersion: 1.0\n".encode(),
            "WHEEL": WHEEL.encode(),
            **self.metadata,
        }
        info = f"{self.stem}.dist-info"
        members = [
            Member(one.name.replace("DATA/", f"{self.stem}.data/", 1), one.content, one.mode, one.method)
            for one in self.files
        ]
        members += [
            Member(f"{info}/{name}", text) for name, text in texts.items() if text is not None and name != "RECORD"
        ]
        if "RECORD" not in texts:
            members.append(Member(f"{info}/RECORD", self.record_text or self._record(members, f"{info}/RECORD")))
        return members

    def _record(self, members: Iterable[Member], own: str) -> bytes:
        rows = {one.name: render_row(one) for one in members if not one.name.endswith("/")}
        rows[own] = f"{own},,"
        rows.update(
            {
                path.replace("DATA/", f"{self.stem}.data/", 1): row
                for path, row in self.record.items()
                if row is not None
            }
        )
        left_out = {path.replace("DATA/", f"{self.stem}.data/", 1) for path, row in self.record.items() if row is None}
        return "".join(f"{row}\n" for path, row in rows.items() if path not in left_out).encode()

    def render(self) -> bytes:
        """Render the archive."""
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for one in self.members():
                archive.writestr(one.info(), one.content)
        return out.getvalue()

    def write(self, directory: Path) -> Path:
        """Write the archive into a folder."""
        path = directory / self.file_name
        path.write_bytes(self.render())
        return path


def render_row(member: Member, path: str | None = None) -> str:
    """Render the row of RECORD that is right for a member."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(member.content).digest()).rstrip(b"=").decode()
    text = path or member.name
    quoted = '"' + text.replace('"', '""') + '"' if set(text) & {",", '"'} else text
    return f"{quoted},sha256={digest},{len(member.content)}"

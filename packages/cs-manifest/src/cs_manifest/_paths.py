"""What the functions of this package take as a path."""

from __future__ import annotations

from os import PathLike
from typing import TypeAlias

StrPath: TypeAlias = str | PathLike[str]

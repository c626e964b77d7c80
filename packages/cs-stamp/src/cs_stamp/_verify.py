"""Check every byte of a stamp."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ._errors import StampError, StampReadError
from ._header import Header
from ._launch import check_launch
from ._layout import PART_TAGS
from ._paths import StrPath
from ._plan import Plan
from ._reader import StampPart, StampReader, damaged_part, read_stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class StampReport:
    """A stamp whose every byte has been checked."""

    path: Path
    identity: str
    header: Header
    plan: Plan
    parts: tuple[StampPart, ...]
    stamp_offset: int
    trailing_size_bytes: int


def verify_stamp(path: StrPath) -> StampReport:
    """Check every byte of a runtime's stamp, and that its parts agree with each other.

    Bytes before the stamp (the template) and after it (a signature) are not covered.

    :raises StampReadError: if the file cannot be read.
    :raises NotStampedError: if it has no stamp.
    :raises UnsupportedVersionError: if the stamp is of another format version.
    :raises DamagedStampError: if a part is damaged; ``part`` says which.
    """
    path = Path(path)
    with read_stamp(path) as reader:
        try:
            return _verify(reader)
        except StampError as error:
            error.path = error.path or path
            raise
        except OSError as error:
            raise StampReadError(f"cannot read the runtime: {error.strerror or error}", path=path) from error


def _verify(reader: StampReader) -> StampReport:
    plan = reader.read_plan()
    for tag in ("lock", "bytecode", "bundle"):
        reader.verify_part(tag)
    check_launch(reader.read_part("launch"), reader.header)
    _check_agreement(reader, plan)
    return StampReport(
        path=reader.path,
        identity=reader.identity,
        header=reader.header,
        plan=plan,
        parts=tuple(reader.parts[tag] for tag in PART_TAGS),
        stamp_offset=reader.stamp_offset,
        trailing_size_bytes=reader.trailing_size_bytes,
    )


def _check_agreement(reader: StampReader, plan: Plan) -> None:
    header = reader.header
    if plan.platform != header.platform:
        raise damaged_part("plan", f"it is for {plan.platform}, but the header is for {header.platform}")
    needs_bundle = header.layout == "embedded" or bool(plan.bundled(header.layout))
    if needs_bundle != bool(reader.parts["bundle"].size_bytes):
        raise damaged_part("bundle", f"its presence contradicts the layout {header.layout} and the plan")
    if (header.bytecode == "shipped") != bool(reader.parts["bytecode"].size_bytes):
        raise damaged_part("bytecode", f"its presence contradicts the bytecode setting {header.bytecode}")

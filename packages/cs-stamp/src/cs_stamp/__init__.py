"""Write, read and verify the stamp of a conda-ship runtime."""

from __future__ import annotations

from .errors import (
    DamagedStampError,
    FieldError,
    NotExecutableError,
    NotStampedError,
    StampError,
    StampReadError,
    StampTooLargeError,
    StampWriteError,
    TemplateError,
    TemplateNotFoundError,
    TemplatePlatformError,
    TemplateStampedError,
    UnsupportedVersionError,
)
from .executable import executable_platform
from .header import Header
from .launch import launch_block
from .plan import Plan, PlannedPackage, PlanPython
from .reader import StampPart, StampReader, read_stamp
from .template import Template, select_template
from .verify import StampReport, verify_stamp
from .writer import PartWriter, StampInfo, write_stamp

__version__ = "0.1.0"

__all__ = [
    "DamagedStampError",
    "FieldError",
    "Header",
    "NotExecutableError",
    "NotStampedError",
    "PartWriter",
    "Plan",
    "PlanPython",
    "PlannedPackage",
    "StampError",
    "StampInfo",
    "StampPart",
    "StampReadError",
    "StampReader",
    "StampReport",
    "StampTooLargeError",
    "StampWriteError",
    "Template",
    "TemplateError",
    "TemplateNotFoundError",
    "TemplatePlatformError",
    "TemplateStampedError",
    "UnsupportedVersionError",
    "executable_platform",
    "launch_block",
    "read_stamp",
    "select_template",
    "verify_stamp",
    "write_stamp",
]

"""Write, read and verify the stamp of a conda-ship runtime."""

from __future__ import annotations

from .errors import (
    DamagedStampError,
    FieldError,
    NotExecutableError,
    NotStampedError,
    NotTemplateError,
    PlatformUnsupportedError,
    StampError,
    StampReadError,
    StampTooLargeError,
    StampWriteError,
    TemplateError,
    TemplateFormatError,
    TemplateNotFoundError,
    TemplatePlatformError,
    TemplateStampedError,
    UnsupportedVersionError,
)
from .executable import executable_platform
from .header import Header
from .launch import launch_block
from .mark import Mark, read_mark, require_format
from .plan import Plan, PlannedPackage, PlanPython
from .reader import StampPart, StampReader, read_stamp
from .template import TEMPLATE_PLATFORMS, Template, select_template
from .verify import StampReport, verify_stamp
from .writer import PartWriter, StampInfo, write_stamp

__version__ = "0.1.0"

__all__ = [
    "TEMPLATE_PLATFORMS",
    "DamagedStampError",
    "FieldError",
    "Header",
    "Mark",
    "NotExecutableError",
    "NotStampedError",
    "NotTemplateError",
    "PartWriter",
    "Plan",
    "PlanPython",
    "PlannedPackage",
    "PlatformUnsupportedError",
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
    "TemplateFormatError",
    "TemplateNotFoundError",
    "TemplatePlatformError",
    "TemplateStampedError",
    "UnsupportedVersionError",
    "executable_platform",
    "launch_block",
    "read_mark",
    "read_stamp",
    "require_format",
    "select_template",
    "verify_stamp",
    "write_stamp",
]

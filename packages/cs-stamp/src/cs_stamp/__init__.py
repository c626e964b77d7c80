"""Write, read and verify the stamp of a conda-ship runtime."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .copying import Digest as Digest
    from .errors import DamagedStampError as DamagedStampError
    from .errors import ExecutableLayoutError as ExecutableLayoutError
    from .errors import FieldError as FieldError
    from .errors import MisplacedStampError as MisplacedStampError
    from .errors import NotExecutableError as NotExecutableError
    from .errors import NotStampedError as NotStampedError
    from .errors import NotTemplateError as NotTemplateError
    from .errors import PlatformUnsupportedError as PlatformUnsupportedError
    from .errors import SignatureError as SignatureError
    from .errors import StampError as StampError
    from .errors import StampReadError as StampReadError
    from .errors import StampTooLargeError as StampTooLargeError
    from .errors import StampWriteError as StampWriteError
    from .errors import TemplateError as TemplateError
    from .errors import TemplateFormatError as TemplateFormatError
    from .errors import TemplateNotFoundError as TemplateNotFoundError
    from .errors import TemplatePlatformError as TemplatePlatformError
    from .errors import TemplateStampedError as TemplateStampedError
    from .errors import UnsupportedVersionError as UnsupportedVersionError
    from .executable import TEMPLATE_PLATFORMS as TEMPLATE_PLATFORMS
    from .header import Header as Header
    from .launch import literal_path as literal_path
    from .mark import Mark as Mark
    from .mark import read_mark as read_mark
    from .mark import require_format as require_format
    from .mark import require_target as require_target
    from .packages import PlannedArchive as PlannedArchive
    from .packages import PlannedPackage as PlannedPackage
    from .packages import PlannedWheel as PlannedWheel
    from .plan import Plan as Plan
    from .plan import PlanPython as PlanPython
    from .plan import PlanRequirement as PlanRequirement
    from .reader import StampPart as StampPart
    from .reader import StampReader as StampReader
    from .reader import read_stamp as read_stamp
    from .sealing import require_size as require_size
    from .signatures import SignatureReport as SignatureReport
    from .signatures import verify_signature as verify_signature
    from .template import Template as Template
    from .template import installed_directories as installed_directories
    from .template import select_template as select_template
    from .unsigned import find_signature_places as find_signature_places
    from .unsigned import is_as_built as is_as_built
    from .verify import StampReport as StampReport
    from .verify import verify_stamp as verify_stamp
    from .writer import PartWriter as PartWriter
    from .writer import StampInfo as StampInfo
    from .writer import write_stamp as write_stamp

__version__ = "0.1.0"

_NAMES = {
    "copying": ("Digest",),
    "errors": (
        "DamagedStampError",
        "ExecutableLayoutError",
        "FieldError",
        "MisplacedStampError",
        "NotExecutableError",
        "NotStampedError",
        "NotTemplateError",
        "PlatformUnsupportedError",
        "SignatureError",
        "StampError",
        "StampReadError",
        "StampTooLargeError",
        "StampWriteError",
        "TemplateError",
        "TemplateFormatError",
        "TemplateNotFoundError",
        "TemplatePlatformError",
        "TemplateStampedError",
        "UnsupportedVersionError",
    ),
    "executable": ("TEMPLATE_PLATFORMS",),
    "header": ("Header",),
    "launch": ("literal_path",),
    "mark": ("Mark", "read_mark", "require_format", "require_target"),
    "packages": ("PlannedArchive", "PlannedPackage", "PlannedWheel"),
    "plan": ("Plan", "PlanPython", "PlanRequirement"),
    "reader": ("StampPart", "StampReader", "read_stamp"),
    "sealing": ("require_size",),
    "signatures": ("SignatureReport", "verify_signature"),
    "template": ("Template", "installed_directories", "select_template"),
    "unsigned": ("find_signature_places", "is_as_built"),
    "verify": ("StampReport", "verify_stamp"),
    "writer": ("PartWriter", "StampInfo", "write_stamp"),
}
"""Public names by the module that has them: each is imported on first use."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return value

"""Write, read and verify the stamp of a conda-ship runtime."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._copying import Digest as Digest
    from ._errors import DamagedStampError as DamagedStampError
    from ._errors import ExecutableLayoutError as ExecutableLayoutError
    from ._errors import FieldError as FieldError
    from ._errors import MisplacedStampError as MisplacedStampError
    from ._errors import NotExecutableError as NotExecutableError
    from ._errors import NotStampedError as NotStampedError
    from ._errors import NotTemplateError as NotTemplateError
    from ._errors import PlatformUnsupportedError as PlatformUnsupportedError
    from ._errors import SignatureError as SignatureError
    from ._errors import StampError as StampError
    from ._errors import StampReadError as StampReadError
    from ._errors import StampTooLargeError as StampTooLargeError
    from ._errors import StampWriteError as StampWriteError
    from ._errors import TemplateError as TemplateError
    from ._errors import TemplateFormatError as TemplateFormatError
    from ._errors import TemplateNotFoundError as TemplateNotFoundError
    from ._errors import TemplatePlatformError as TemplatePlatformError
    from ._errors import TemplateStampedError as TemplateStampedError
    from ._errors import UnsupportedVersionError as UnsupportedVersionError
    from ._executable import TEMPLATE_PLATFORMS as TEMPLATE_PLATFORMS
    from ._header import Header as Header
    from ._launch import literal_path as literal_path
    from ._mark import Mark as Mark
    from ._mark import read_mark as read_mark
    from ._mark import require_format as require_format
    from ._mark import require_target as require_target
    from ._packages import PlannedArchive as PlannedArchive
    from ._packages import PlannedPackage as PlannedPackage
    from ._packages import PlannedWheel as PlannedWheel
    from ._plan import Plan as Plan
    from ._plan import PlanPython as PlanPython
    from ._plan import PlanRequirement as PlanRequirement
    from ._reader import StampPart as StampPart
    from ._reader import StampReader as StampReader
    from ._reader import read_stamp as read_stamp
    from ._sealing import require_size as require_size
    from ._signatures import SignatureReport as SignatureReport
    from ._signatures import verify_signature as verify_signature
    from ._template import Template as Template
    from ._template import select_template as select_template
    from ._template_places import installed_directories as installed_directories
    from ._template_places import installed_scripts as installed_scripts
    from ._template_places import locate_template as locate_template
    from ._unsigned import find_signature_places as find_signature_places
    from ._unsigned import is_as_built as is_as_built
    from ._verify import StampReport as StampReport
    from ._verify import verify_stamp as verify_stamp
    from ._writer import PartWriter as PartWriter
    from ._writer import StampInfo as StampInfo
    from ._writer import write_stamp as write_stamp

__version__ = "0.1.0"

_NAMES = {
    "_copying": ("Digest",),
    "_errors": (
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
    "_executable": ("TEMPLATE_PLATFORMS",),
    "_header": ("Header",),
    "_launch": ("literal_path",),
    "_mark": ("Mark", "read_mark", "require_format", "require_target"),
    "_packages": ("PlannedArchive", "PlannedPackage", "PlannedWheel"),
    "_plan": ("Plan", "PlanPython", "PlanRequirement"),
    "_reader": ("StampPart", "StampReader", "read_stamp"),
    "_sealing": ("require_size",),
    "_signatures": ("SignatureReport", "verify_signature"),
    "_template": ("Template", "select_template"),
    "_template_places": ("installed_directories", "installed_scripts", "locate_template"),
    "_unsigned": ("find_signature_places", "is_as_built"),
    "_verify": ("StampReport", "verify_stamp"),
    "_writer": ("PartWriter", "StampInfo", "write_stamp"),
}
"""Public names by the module that has them: each is imported on first use."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    """Name what can be imported, whether it was used yet or not."""
    return __all__

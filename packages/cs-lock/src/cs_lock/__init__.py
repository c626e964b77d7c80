"""Derive a shippable lock from the lock of a conda or pixi workspace."""

from .credentials import Verdict, judge_url, redact_url
from .dependencies import is_conditional, list_names
from .environments import Channel
from .errors import LockError, Problem, merge_platforms
from .exclusions import Exclusion, KeptPackage, LostDependency, find_dropped
from .local_archives import LocalArchive
from .locations import is_local_archive, is_local_channel
from .markers import marker_values
from .names import list_pypi_names, normalize_pypi_name, parse_requirement_name
from .pending import PendingEntry
from .platforms import SUBDIRS, Platform, match_platforms
from .pypi_records import PypiRecord
from .pypi_satisfaction import find_pypi_mismatches
from .python import python_of
from .records import PackageRecord, parse_dependency_name
from .refusals import refuse_entry
from .requirements import MachineRequirements, Requirement, find_requirements
from .runtime import RuntimeLock, derive
from .satisfaction import Mismatch, find_mismatches, is_channel
from .source import SourceLock, read_lock
from .suggestions import did_you_mean
from .wheel_fit import wheel_fits
from .wheel_names import WheelName, read_wheel_name
from .wheels import Wheel

__all__ = [
    "SUBDIRS",
    "Channel",
    "Exclusion",
    "KeptPackage",
    "LocalArchive",
    "LockError",
    "LostDependency",
    "MachineRequirements",
    "Mismatch",
    "PackageRecord",
    "PendingEntry",
    "Platform",
    "Problem",
    "PypiRecord",
    "Requirement",
    "RuntimeLock",
    "SourceLock",
    "Verdict",
    "Wheel",
    "WheelName",
    "derive",
    "did_you_mean",
    "find_dropped",
    "find_mismatches",
    "find_pypi_mismatches",
    "find_requirements",
    "is_channel",
    "is_conditional",
    "is_local_archive",
    "is_local_channel",
    "judge_url",
    "list_names",
    "list_pypi_names",
    "marker_values",
    "match_platforms",
    "merge_platforms",
    "normalize_pypi_name",
    "parse_dependency_name",
    "parse_requirement_name",
    "python_of",
    "read_lock",
    "read_wheel_name",
    "redact_url",
    "refuse_entry",
    "wheel_fits",
]
__version__ = "0.1.0"

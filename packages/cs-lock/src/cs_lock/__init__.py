"""Derive a shippable lock from the lock of a conda or pixi workspace."""

from ._credentials import Verdict, judge_url, redact_url
from ._dependencies import is_conditional, list_names
from ._environments import Channel
from ._errors import LockError, Problem, merge_platforms
from ._exclusions import Exclusion, KeptPackage, LostDependency
from ._local_archives import LocalArchive
from ._locations import is_local_archive, is_local_channel
from ._markers import marker_values
from ._names import list_pypi_names, normalize_pypi_name, parse_requirement_name
from ._pending import PendingEntry
from ._platforms import SUBDIRS, Platform, match_platforms
from ._pypi_records import PypiRecord
from ._pypi_satisfaction import find_pypi_mismatches
from ._python import python_of
from ._records import PackageRecord, parse_dependency_name
from ._refusals import refuse_entry
from ._requirements import MachineRequirements, Requirement, find_requirements
from ._runtime import RuntimeLock, derive
from ._satisfaction import Mismatch, find_mismatches, is_channel
from ._source import SourceLock, read_lock
from ._suggestions import did_you_mean
from ._wheel_fit import wheel_fits
from ._wheel_names import WheelName, read_wheel_name
from ._wheels import Wheel

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

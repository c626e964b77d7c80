"""Derive a shippable lock from the lock of a conda or pixi workspace."""

from .credentials import Verdict, judge_url, redact_url
from .dependencies import list_names
from .environments import Channel
from .errors import LockError, Problem
from .exclusions import Exclusion, KeptPackage, LostDependency
from .platforms import SUBDIRS, Platform
from .records import PackageRecord, parse_dependency_name
from .runtime import RuntimeLock, derive, python_of
from .satisfaction import Mismatch, find_mismatches, is_channel, satisfies
from .source import SourceLock, read_lock

__all__ = [
    "SUBDIRS",
    "Channel",
    "Exclusion",
    "KeptPackage",
    "LockError",
    "LostDependency",
    "Mismatch",
    "PackageRecord",
    "Platform",
    "Problem",
    "RuntimeLock",
    "SourceLock",
    "Verdict",
    "derive",
    "find_mismatches",
    "is_channel",
    "judge_url",
    "list_names",
    "parse_dependency_name",
    "python_of",
    "read_lock",
    "redact_url",
    "satisfies",
]
__version__ = "0.1.0"

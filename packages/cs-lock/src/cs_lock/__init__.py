"""Derive a shippable lock from the lock of a conda or pixi workspace."""

from cs_lock.credentials import Verdict, judge_url, redact_url
from cs_lock.dependencies import list_names
from cs_lock.environments import Channel
from cs_lock.errors import LockError, Problem
from cs_lock.exclusions import Exclusion, KeptPackage, LostDependency
from cs_lock.platforms import SUBDIRS, Platform
from cs_lock.records import PackageRecord, parse_dependency_name
from cs_lock.runtime import RuntimeLock, derive, python_of
from cs_lock.satisfaction import Mismatch, find_mismatches, is_channel, satisfies
from cs_lock.source import SourceLock, read_lock

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

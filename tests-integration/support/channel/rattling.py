"""Run py-rattler's coroutines."""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")

_SETTLING_S = 0.2
"""py-rattler 0.28's worker threads let go of Python objects after they have delivered their result. An interpreter that
exits in that moment dies of a segmentation fault: 8 of 80 runs that ended right after ``index_fs``. Nothing says when
they have let go: it waits once, at the end."""

atexit.register(time.sleep, _SETTLING_S)


def run_rattler(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine."""
    return asyncio.run(coroutine)

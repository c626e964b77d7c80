"""Run one of py-rattler's coroutines to its end, and a little longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")

_SETTLING_S = 0.2
"""py-rattler 0.28's worker threads let go of Python objects after they have delivered their result. An interpreter that
exits in that moment dies of a segmentation fault: 8 of 80 runs that ended right after ``index_fs``."""


def run_rattler(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine and wait until its worker threads are done with the interpreter."""
    try:
        return asyncio.run(coroutine)
    finally:
        time.sleep(_SETTLING_S)

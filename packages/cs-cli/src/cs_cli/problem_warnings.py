"""What is warned of: in few lines for a person, each by itself in the document of ``--json``."""

from __future__ import annotations

from collections.abc import Iterable

from cs_lock import Problem

from .error_text import render_problem
from .problem_text import Setting, mask_problem, render_problems
from .project.derivation import Derivation
from .terminal.console import Console


def warn_of_problems(problems: Iterable[Problem], derivation: Derivation, console: Console) -> None:
    """Say what could be wrong with what ships."""
    masked = [mask_problem(problem) for problem in problems]
    platforms = tuple(platform.name for platform in derivation.lock.platforms)
    setting = Setting(path=derivation.project.source_lock_path, platforms=platforms)
    texts = [render_problem(problem.to_dict()) for problem in masked]
    console.warn_together(texts, render_problems(masked, setting, is_long=console.verbose))

"""The last lines of an inspection: whether the environment can ship, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cs_lock import list_names

from ..errors import advise
from ..options import ProjectOptions
from ..problem_text import fold_problems
from ..project.platforms import ALL_PLATFORMS, host_platform
from ..terminal.console import format_count
from ..terminal.lines import Line, paint, whole
from .summary import Inspection, PlatformSummary

_EXTRA = '"cs-cli[templates]"'


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What to run next.

    :ivar notes: what to know about it.
    """

    command: str = "cs build"
    notes: tuple[str, ...] = ()

    def describe_notes(self) -> str:
        """Return the notes as they follow what is said of the command."""
        return f" ({'; '.join(self.notes)})" if self.notes else ""


BUILD = NextStep()


def find_next_step(inspection: Inspection, options: ProjectOptions, wanted: str | None = None) -> NextStep:
    """Name the command that builds what was inspected, or as much of it as there are templates for.

    :param inspection: with the sizes of templates.
    :param wanted: the platform that was asked for, if one was.
    """
    from cs_stamp import TEMPLATE_PLATFORMS

    platforms = [one for one in inspection.platforms if one.subdir in TEMPLATE_PLATFORMS]
    ready = [one for one in platforms if one.template_size_bytes is not None]
    words, notes = ["cs build"], list[str]()
    if options.overrides or options.root or options.manifest or options.source_lock or not options.lock_check:
        notes.append("with the same flags")
    if wanted is not None:
        words += ["--platform", wanted]
    elif ready and len(ready) < len(platforms):
        chosen = next((one for one in ready if one.subdir == host_platform()), ready[0])
        words += _select(chosen, inspection)
        notes.append(f"for {chosen.name}; to build for the others, install {_EXTRA}")
    elif len(platforms) > 1:
        words += ["--platform", ALL_PLATFORMS]
    else:
        words += [word for one in platforms for word in _select(one, inspection)]
    if not ready:
        notes.append(f"first install {_EXTRA}, which has the template{'s' * (len(platforms) > 1)}")
    return NextStep(command=" ".join(words), notes=tuple(notes))


def _select(platform: PlatformSummary, inspection: Inspection) -> list[str]:
    """Return the flag that selects a platform; none is needed for the only one of this machine."""
    own = [one.name for one in inspection.platforms if one.subdir == host_platform()]
    return [] if own == [platform.name] else ["--platform", platform.name]


def render_verdict(inspection: Inspection, step: NextStep) -> Iterator[Line]:
    """Say whether the environment can ship, and what to do next if it can."""
    if not inspection.can_ship:
        count = sum(problem.severity == "error" for problem in fold_problems(inspection.problems))
        yield (paint(f"Cannot ship: {format_count(count, 'error')}.", "bold red"),)
        return
    if not inspection.unchecked:
        yield (paint("Ready to ship.", "bold green"),)
    else:
        known = len(inspection.unchecked) < len(inspection.platforms)
        where = f" on {list_names(inspection.unchecked)}" if known else ""
        if any(supply.action == "build" for platform in inspection.platforms for supply in platform.supplies):
            advice = "the build looks for it in the packages that are still to be built"
        else:
            advice = advise("unread-archives")
        yield paint("No errors found,", "bold green"), f" but the delegate was not checked{where}: {advice}."
    yield paint("Next:", "bold"), " ", whole(step.command), step.describe_notes()

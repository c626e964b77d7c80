"""Write the page to a file, which must not be one of the user's that ``cs`` reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from cs_bundle import format_bytes

from ...archives.remembered import write_atomically
from ...errors import CliError
from ...project.protected_inputs import list_inputs, refuse_outputs
from ...terminal.console import format_count
from ...terminal.lines import Line, whole
from ..summary import Inspection
from .document import render_page


def write_page(inspection: Inspection, wheel_licenses: Mapping[str, str | None], path: Path) -> Line:
    """Write the page about an inspection, completely or not at all.

    :param inspection: with its packages grouped by licence.
    :param wheel_licenses: what wheels that could be read state, by file name.
    :param path: a new file, or one that is replaced.
    :returns: a line that says what was written.
    :raises CliError: ``output-is-input`` or ``cannot-write``.
    """
    refuse_outputs(list_inputs(inspection.derivation), files=[path])
    if path.exists() and not path.is_file():
        raise _refuse(path, "it exists and is not a file")
    data = render_page(inspection, wheel_licenses).encode()
    try:
        write_atomically(path, data)
    except OSError as error:
        raise _refuse(path, error.strerror or str(error)) from error
    found = Counter(problem.severity for problem in inspection.problems)
    problems = [format_count(count, severity) for severity, count in sorted(found.items())]
    about = f": {' and '.join(problems)}" if problems else ""
    return "Wrote ", whole(str(path)), f" ({format_bytes(len(data))}){about}."


def _refuse(path: Path, reason: str) -> CliError:
    hint = "name another file with --html"
    return CliError(f"cannot write the page: {reason}", kind="cannot-write", path=path, hint=hint)

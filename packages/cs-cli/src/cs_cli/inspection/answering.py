"""``cs inspect``: answer what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..archives.store import ArchiveStore, archives_of_packages, open_store
from ..delegate.options import describe_taken_options
from ..delegate.search import check_delegates
from ..options import InspectOptions
from ..project.derivation import Derivation, derive_project
from ..project.platforms import ALL_PLATFORMS, pick_platform
from ..terminal.console import Console, print_json, print_lines
from ..terminal.lines import Block, paint
from .sizes import add_wheel_sizes, measure_sizes
from .summary import Inspection, inspect_derivation

if TYPE_CHECKING:
    from .diff import Comparison


def inspect(options: InspectOptions) -> bool:
    """Carry ``cs inspect`` out.

    :returns: whether the environment can ship; one view of the packages is an answer even if it cannot.
    """
    derivation = derive_project(options, strict=False)
    wanted = None if options.platform == ALL_PLATFORMS else options.platform
    platform = pick_platform(derivation.lock.platforms, wanted, flag="--platform").name if wanted else None
    store = open_store(options)
    licenses = _recall_licenses(derivation, options, store)
    lists = options.licenses or options.html is not None
    inspection = inspect_derivation(derivation, platform=platform, wheel_licenses=licenses, lists_licenses=lists)
    if not options.json and (blocks := _render_view(inspection, options, store, licenses or {})) is not None:
        print_lines(blocks)
        return True
    inspection = _complete(inspection, options, store)
    written = list(_write_page(inspection, options, licenses or {}))
    if options.json:
        return _print_document(inspection, options)
    print_lines(written or _render_report(inspection, options))
    return inspection.can_ship


def _complete(inspection: Inspection, options: InspectOptions, store: ArchiveStore) -> Inspection:
    """Add sizes and the place of the delegate."""
    return _check_delegates(measure_sizes(inspection, store, options.out_dir), options, store)


def _recall_licenses(
    derivation: Derivation, options: InspectOptions, store: ArchiveStore
) -> dict[str, str | None] | None:
    """Return the licences of wheels, as far as this machine has them; ``None`` if nobody asks for licences."""
    if not (options.licenses or options.list or options.html) and derivation.license_policy.is_empty:
        return None
    from ..licenses.checks import recall_wheel_licenses

    wheels = [wheel for platform in derivation.lock.platforms for wheel in derivation.lock.wheels(platform)]
    return recall_wheel_licenses(wheels, store, derivation.project.lock_directory)


def _check_delegates(inspection: Inspection, options: InspectOptions, store: ArchiveStore) -> Inspection:
    """Look for the delegate in the cache, and download the rest if asked to."""
    download = options.check_delegate
    if download:
        from ..project.protected_inputs import list_inputs, refuse_outputs

        beside = inspection.derivation.project.lock_directory
        shown = [one for platform in inspection.platforms for one in platform.locked]
        folders = store.folders(archives_of_packages(shown, beside))
        refuse_outputs(list_inputs(inspection.derivation), files=(), folders=folders)
    return check_delegates(inspection, store, Console(quiet=options.quiet, verbose=options.verbose), download=download)


def _compare(inspection: Inspection, options: InspectOptions) -> Comparison | None:
    if options.diff is None:
        return None
    from .earlier import compare_with

    return compare_with(inspection, options.diff, options)


def _write_page(inspection: Inspection, options: InspectOptions, licenses: Mapping[str, str | None]) -> Iterator[Block]:
    """Write the page for a browser, if asked to, and say so."""
    if options.html is not None:
        from .page.writing import write_page

        yield write_page(inspection, licenses, options.html)


def _print_document(inspection: Inspection, options: InspectOptions) -> bool:
    from .document import compose_document
    from .reasons import find_all_reasons
    from .why import ask_why

    reasons = find_all_reasons(inspection)
    answers = None if options.why is None else ask_why(inspection, options.why, reasons)
    comparison = _compare(inspection, options)
    print_json(compose_document(inspection, reasons, answers=answers, comparison=comparison))
    return inspection.can_ship or answers is not None or comparison is not None


def _render_view(
    inspection: Inspection, options: InspectOptions, store: ArchiveStore, licenses: Mapping[str, str | None]
) -> Sequence[Block] | None:
    """Render what ``--list``, ``--why`` or ``--diff`` asks for; ``None`` if it is the report."""
    if not (options.list or options.why or options.diff):
        return None
    inspection = replace(inspection, platforms=tuple(add_wheel_sizes(one, store) for one in inspection.platforms))
    if options.list:
        from .listing import render_list

        return list(render_list(inspection.platforms, options.sort, licenses))
    if options.why is not None:
        from .reasons import find_all_reasons
        from .why import ask_why, render_answers

        answers = ask_why(inspection, options.why, find_all_reasons(inspection))
        return list(render_answers(answers, inspection, is_long=options.verbose))
    from .changes import render_changes, render_markdown

    comparison = _compare(inspection, options)
    assert comparison is not None  # nothing else is left
    return list((render_markdown if options.format == "markdown" else render_changes)(comparison))


def _render_report(inspection: Inspection, options: InspectOptions) -> list[Block]:
    from .licenses import render_licenses
    from .report import render_inspection
    from .verdict import find_next_step

    more: list[Sequence[Block]] = [list(render_licenses(inspection.platforms))]
    if options.verbose:
        import sys

        from ..terminal.streams import takes_unicode
        from .details import render_details

        more += render_details(inspection, unicode=takes_unicode(sys.stdout))
        note = describe_taken_options(inspection.derivation.config)
        more += [[(paint("note:", "bold"), f" {note}")]] if note else []
    step = find_next_step(inspection, options, options.platform)
    return render_inspection(inspection, more=more, is_long=options.verbose, step=step)

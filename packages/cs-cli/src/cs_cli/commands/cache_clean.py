"""``cs cache clean``: remove packages from the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cache.amounts import parse_age, parse_size
from ..commandline.flags import CACHE_DIR, COMMON, JSON
from ..commandline.values import Command, Example, Flag, Group
from ..errors import CACHE_VARIABLE, EXIT_FAILED, CliError
from ..options import CacheCleanOptions


def run_cache_clean(options: CacheCleanOptions) -> int:
    """Remove packages from the cache; the exit status says whether all could be removed."""
    from ..archives.cache_directory import locate_cache
    from ..cache.cleaning import Limits, clean_cache
    from ..cache.confirmation import confirm_removal
    from ..cache.report import describe_clean_up, render_clean_up, warn_of_rest
    from ..terminal.console import Console, print_json, print_lines

    path, console = locate_cache(options.cache_dir), Console(quiet=options.quiet)
    limits = Limits(older_than_s=options.older_than_s, max_size_bytes=options.max_size_bytes)
    if limits.is_everything and not (options.yes or options.dry_run or confirm_removal(path)):
        console.say("nothing removed")
        return 0
    clean_up = clean_cache(path, limits, dry_run=options.dry_run)
    warn_of_rest(clean_up, console)
    if options.json:
        print_json(describe_clean_up(clean_up, console.warnings))
    else:
        print_lines(render_clean_up(clean_up))
    return EXIT_FAILED if clean_up.failed else 0


def _read_with(parse: Callable[[str], Any], flag: str) -> Callable[[str], Any]:
    """Let an error name the flag."""

    def read(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise CliError(str(error), kind="usage", flag=flag) from None

    return read


_LIMITS = (
    Flag(
        name="--older-than",
        attribute="older_than_s",
        metavar="AGE",
        read=_read_with(parse_age, "--older-than"),
        help="remove only what no build has used for that long, such as `12h`, `30d` or `8w`",
    ),
    Flag(
        name="--max-size",
        attribute="max_size_bytes",
        metavar="SIZE",
        read=_read_with(parse_size, "--max-size"),
        help="remove what was not used for longest, until the rest takes at most that much, such as `5GB`",
    ),
    Flag(
        name="--dry-run",
        initial=False,
        help="list what would be removed, remove nothing",
    ),
    Flag(name="--yes", short="-y", initial=False, help="do not ask before removing everything"),
)

COMMAND = Command(
    name="cache clean",
    description=(
        "Remove packages from the cache. Without limits, everything goes. "
        "While a build uses the cache, nothing is removed."
    ),
    options=CacheCleanOptions,
    groups=(
        Group(title="What to remove", flags=_LIMITS),
        Group(title="Where", flags=(CACHE_DIR,)),
        Group(title="Output", flags=(JSON, *COMMON)),
    ),
    examples=(
        Example(line="cs cache clean --older-than 30d", text="what was not used for a month"),
        Example(line="cs cache clean --max-size 5GB", text="down to a size"),
        Example(line="cs cache clean --dry-run", text="what would go"),
    ),
    variables=(CACHE_VARIABLE,),
    run=run_cache_clean,
)

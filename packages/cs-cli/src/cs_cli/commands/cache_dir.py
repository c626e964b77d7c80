"""``cs cache dir``: where the package cache is."""

from __future__ import annotations

from ..commandline.flags import CACHE_DIR, COMMON
from ..commandline.values import Command, Example, Group
from ..errors import CACHE_VARIABLE
from ..options import CacheDirOptions


def run_cache_dir(options: CacheDirOptions) -> int:
    """Print the path of the package cache."""
    from ..archives.cache_directory import locate_cache
    from ..terminal.console import print_lines
    from ..terminal.lines import whole

    print_lines([(whole(str(locate_cache(options.cache_dir))),)])
    return 0


COMMAND = Command(
    name="cache dir",
    description="Print the path of the package cache. It need not exist yet.",
    options=CacheDirOptions,
    groups=(Group(title="Where", flags=(CACHE_DIR,)), Group(title="Output", flags=COMMON)),
    examples=(Example(line='du -sh "$(cs cache dir)"', text="measure it"),),
    variables=(CACHE_VARIABLE,),
    run=run_cache_dir,
)

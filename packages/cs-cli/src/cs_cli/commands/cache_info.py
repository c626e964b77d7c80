"""``cs cache info``: what is in the package cache."""

from __future__ import annotations

from ..commandline.flags import CACHE_DIR, COMMON, JSON
from ..commandline.values import Command, Example, Group
from ..errors import CACHE_VARIABLE
from ..options import CacheInfoOptions


def run_cache_info(options: CacheInfoOptions) -> int:
    """Print what is in the package cache."""
    from ..archives.cache_directory import locate_cache
    from ..cache.report import describe_survey, render_survey
    from ..cache.survey import survey_cache
    from ..terminal.console import print_json, print_lines

    survey = survey_cache(locate_cache(options.cache_dir))
    if options.json:
        print_json(describe_survey(survey))
    else:
        print_lines(render_survey(survey))
    return 0


COMMAND = Command(
    name="cache info",
    description="Show where the package cache is, how many packages of which kind it has, and when they were used.",
    options=CacheInfoOptions,
    groups=(Group(title="Where", flags=(CACHE_DIR,)), Group(title="Output", flags=(JSON, *COMMON))),
    examples=(Example(line="cs cache info", text="how large the package cache is"),),
    variables=(CACHE_VARIABLE,),
    run=run_cache_info,
)

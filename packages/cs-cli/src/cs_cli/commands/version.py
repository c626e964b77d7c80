"""``cs version``: which versions are in use."""

from __future__ import annotations

from .. import __version__
from ..commandline.flags import COMMON, JSON
from ..commandline.values import Command, Group
from ..options import VersionOptions


def run_version(options: VersionOptions) -> int:
    """Print the version of ``cs``, and of everything that belongs to it."""
    from ..terminal.console import print_lines

    print_lines([f"cs {__version__}"])
    return 0


COMMAND = Command(
    name="version",
    description="Show the versions of `cs`, its libraries, Python and the template for this machine.",
    options=VersionOptions,
    groups=(Group(title="Output", flags=(JSON, *COMMON)),),
    run=run_version,
)

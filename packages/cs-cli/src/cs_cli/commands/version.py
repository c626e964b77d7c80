"""``cs version``: which versions are in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .. import __version__
from ..commandline.flags import COMMON, JSON
from ..commandline.values import Command, Example, Group
from ..commandline.variables import TEMPLATES
from ..options import VersionOptions

if TYPE_CHECKING:
    from ..terminal.lines import Line
    from ..versions import Versions


def run_version(options: VersionOptions) -> int:
    """Print the version of ``cs``, and of everything that belongs to it unless ``cs --version`` asks."""
    from ..terminal.console import print_json, print_lines

    if options.is_short:
        print_lines([f"cs {__version__}"])
        return 0
    from ..versions import collect_versions

    versions = collect_versions()
    if options.json:
        print_json(versions.to_dict())
    else:
        print_lines(_render(versions))
    return 0


def _render(versions: Versions) -> Iterator[Line]:
    from ..terminal.lines import whole

    yield f"cs {__version__}"
    version, path = versions.python
    yield f"Python {version}  ", whole(path)
    if versions.template is None:
        yield versions.problem or ""
    else:
        name, version, place = versions.template
        yield f"{name} {version} for {versions.platform}  ", whole(str(place))
    yield from (f"{name} {version}" for name, version in versions.packages.items())


COMMAND = Command(
    name="version",
    description="Show the versions of `cs`, its libraries, Python and the template for this machine.",
    options=VersionOptions,
    groups=(Group(title="Output", flags=(JSON, *COMMON)),),
    variables=TEMPLATES,
    examples=(
        Example(line="cs version", text="everything that a bug report needs"),
        Example(line="cs --version", text="the version of cs alone"),
    ),
    fixed={"is_short": False},
    run=run_version,
)

"""``cs doctor``: does this machine have what a build needs?"""

from __future__ import annotations

from ..commandline.flags import CACHE_DIR, COMMON, JSON, MANIFEST, ROOT, SOURCE_LOCK
from ..commandline.settings import SETTINGS
from ..commandline.values import Command, Example, Flag, Group
from ..commandline.variables import DOWNLOADS, TEMPLATES
from ..errors import EXIT_FAILED
from ..options import DoctorOptions


def run_doctor(options: DoctorOptions) -> int:
    """Print what was found; the exit status says whether something is broken."""
    from ..doctor.examination import examine
    from ..terminal.console import print_json, print_lines

    diagnosis = examine(options)
    if options.json:
        print_json(diagnosis.to_dict())
    else:
        from ..doctor.report import render_diagnosis

        print_lines(render_diagnosis(diagnosis))
    return 0 if diagnosis.is_ok else EXIT_FAILED


_ONLINE = Flag(
    name="--online",
    initial=False,
    help="ask the servers of the workspace's channels, too; without it, the network is not used",
)

COMMAND = Command(
    name="doctor",
    description=(
        "Check whether this machine has what a build needs: versions, templates, package cache, proxies, "
        "certificates, variables, and the workspace with its lock. "
        "The exit status is 1 if something is broken. Nothing is written."
    ),
    options=DoctorOptions,
    groups=(
        Group(title="What to check", flags=(ROOT, MANIFEST, SOURCE_LOCK, _ONLINE)),
        Group(title="Where", flags=(CACHE_DIR,)),
        Group(title="Output", flags=(JSON, *COMMON)),
    ),
    examples=(
        Example(line="cs doctor", text="check everything on this machine"),
        Example(line="cs doctor --online", text="reach the channels as well"),
    ),
    fixed={
        "platform": None,
        "offline": True,
        "lock_check": True,
        **{flag.attribute: None for flag in SETTINGS.flags},
    },
    variables=(*TEMPLATES, *DOWNLOADS),
    run=run_doctor,
)

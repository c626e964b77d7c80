"""What every test run starts from, whichever terminal, service or user it was started by.

The conftest of the packages and that of ``tests-integration`` call :func:`settle` when they are loaded. What a test
wants to be different, it changes itself.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Collection

_FOREIGN = re.compile(
    r"(CLICOLOR|_?CONDA|_CE|CURL_CA|GITHUB|LC|MAMBA|PIXI|RATTLER|REQUESTS_CA|SSL_CERT)_.*"
    r"|PYTHON(?!PATH$|HOME$).*|XDG_(?!CACHE_HOME$).*|.*_(proxy|PROXY)"
    r"|BASH_ENV|CDPATH|CI|CLICOLOR|COLUMNS|ENV|FORCE_COLOR|LANG|LANGUAGE|LINES|NETRC|NO_COLOR|SOURCE_DATE_EPOCH|TERM|TZ"
)
"""Variables that programs under test, or those that they start, would read."""


def settle(*, keep: Collection[str] = ()) -> None:
    """Give this process, and those that it starts, signals, a umask and variables that do not depend on the machine.

    :param keep: names of variables that are settings of the tests themselves.
    """
    _settle_signals()
    os.umask(0o022)
    for name in [name for name in os.environ if name not in keep and _FOREIGN.fullmatch(name)]:
        del os.environ[name]
    os.environ["LC_ALL"] = "C.UTF-8"


def _settle_signals() -> None:
    """Undo what a background job, ``nohup`` or a service manager hands down: ignored signals, and blocked ones."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGCHLD", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGTSTP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

"""What every test run starts from, whichever terminal, service or user it was started by.

The conftest of the packages and that of ``tests-integration`` call :func:`settle` when they are loaded. What a test wants
to be different, it changes itself.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection

_PREFIXES = ("CONDA_", "GITHUB_", "LC_", "MAMBA_", "PIXI_", "RATTLER_", "UV_", "_CE_", "_CONDA_")
_NAMES = frozenset(
    """
    BASH_ENV CDPATH CI CLICOLOR CLICOLOR_FORCE COLUMNS CURL_CA_BUNDLE ENV FORCE_COLOR LANG LANGUAGE LINES NETRC NO_COLOR
    PYTHONDONTWRITEBYTECODE PYTHONHASHSEED PYTHONIOENCODING PYTHONOPTIMIZE PYTHONPYCACHEPREFIX PYTHONUNBUFFERED PYTHONUTF8
    PYTHONWARNINGS REQUESTS_CA_BUNDLE SOURCE_DATE_EPOCH SSL_CERT_DIR SSL_CERT_FILE TERM TZ XDG_CONFIG_DIRS XDG_CONFIG_HOME
    XDG_DATA_DIRS XDG_DATA_HOME XDG_RUNTIME_DIR XDG_STATE_HOME
    """.split()
)


def settle(*, keep: Collection[str] = ()) -> None:
    """Give this process, and those that it starts, signals, a umask and variables that do not depend on the machine.

    :param keep: names of variables that are settings of the tests themselves.
    """
    _settle_signals()
    os.umask(0o022)
    for name in [name for name in os.environ if name not in keep and _is_foreign(name)]:
        del os.environ[name]
    os.environ["LC_ALL"] = "C.UTF-8"


def _is_foreign(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES) or name.lower().endswith("_proxy")


def _settle_signals() -> None:
    """Undo what a background job, ``nohup`` or a service manager hands down: ignored signals, and blocked ones."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGCHLD", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGTSTP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

"""Environment variables that ``cs`` reads."""

from __future__ import annotations

from ..errors import CACHE_VARIABLE, PASSPHRASE_VARIABLE

VARIABLES = {
    CACHE_VARIABLE: (
        "package cache; required if no home directory is known, for example in a container whose user is not in "
        "`/etc/passwd`"
    ),
    "CONDA_SHIP_TEMPLATE": "template for this machine's platform",
    "CONDA_SHIP_TEMPLATES": "directory of templates",
    "CONDA_SHIP_ERROR_FORMAT": "`json` or `text`: how errors are printed; `--error-format` overrides it",
    PASSPHRASE_VARIABLE: "passphrase of the key to sign with; `--passphrase-file` overrides it",
    "CONDA_SHIP_TRACEBACK": "show tracebacks of unexpected errors",
    "SOURCE_DATE_EPOCH": (
        "time of the bill of materials, in seconds since 1970; without the variable, the bill has no time"
    ),
    "NO_COLOR": "no colours; `--color` overrides it",
    "FORCE_COLOR": "colours in pipes and files as well; `NO_COLOR` and `--color` override it",
    "CLICOLOR_FORCE": "`1` does the same as `FORCE_COLOR`",
    "TERM": "what the terminal can do; `dumb`: no colours unless they are forced, 80 columns, and no bar",
    "COLORTERM": "how many colours the terminal has",
    "COLUMNS": "width of the terminal, instead of what it says itself",
    "HTTPS_PROXY": "proxy for downloads, as `HTTP_PROXY` and `ALL_PROXY`; also in lower case",
    "NO_PROXY": "hosts that are reached without a proxy; also in lower case",
    "SSL_CERT_FILE": "file of certificates to trust in downloads",
    "SSL_CERT_DIR": "directory of certificates to trust in downloads",
    "RATTLER_AUTH_FILE": "credentials for downloads, instead of `~/.rattler/credentials.json`",
    "NETRC": "credentials for downloads, instead of `~/.netrc`",
}
"""Each variable with its meaning; names of code are in backticks."""

EVERYWHERE = (
    "CONDA_SHIP_ERROR_FORMAT",
    "CONDA_SHIP_TRACEBACK",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "COLORTERM",
    "COLUMNS",
)
"""Those that matter to every command: only the help of ``cs`` itself lists them."""

DOWNLOADS = (CACHE_VARIABLE, "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "RATTLER_AUTH_FILE", "NETRC")
"""Those of commands that download packages."""

TEMPLATES = ("CONDA_SHIP_TEMPLATE", "CONDA_SHIP_TEMPLATES")
"""Those of commands that look for a template."""

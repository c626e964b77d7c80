"""The keys of ``[tool.conda-ship]``, in one table.

``load_config`` reads manifests by it, ``cs_cli`` makes its flags from it, and the reference page is checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ValueType = Literal[
    "identifier", "version", "environment", "packages", "url", "choice", "install-name", "path", "boolean"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigKey:
    """One key of ``[tool.conda-ship]``, which is also a command-line flag.

    :param name: the key as it stands in the manifest.
    :param value_type: what its value has to be.
    :param help: one line for ``--help``, without a full stop.
    :param alias: other accepted name, in manifests written for conda-ship 0.4 and later.
    :param default: value when the key is absent; ``None`` when there is none or it depends on other keys.
    :param default_text: the default in words, when it depends on other keys.
    :param choices: the accepted values of a ``choice``.
    :param required: whether a build needs it.
    :param metavar: placeholder for the value in ``--help``.
    """

    name: str
    value_type: ValueType
    help: str
    alias: str | None = None
    default: str | bool | None = None
    default_text: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    metavar: str | None = None

    @property
    def attribute(self) -> str:
        """Name in Python: of the ``ShipConfig`` field and of an ``argparse`` destination."""
        return self.name.replace("-", "_")

    @property
    def names(self) -> tuple[str, ...]:
        """The key, and its alias when it has one."""
        return (self.name,) if self.alias is None else (self.name, self.alias)

    @property
    def flags(self) -> tuple[str, ...]:
        """The command-line flags, ``--NAME`` first."""
        return tuple(f"--{name}" for name in self.names)

    @property
    def is_list(self) -> bool:
        """Whether the flag may be given more than once."""
        return self.value_type == "packages"


CONFIG_KEYS: tuple[ConfigKey, ...] = (
    ConfigKey(
        name="runtime",
        alias="runtime-name",
        value_type="identifier",
        required=True,
        metavar="NAME",
        help="base identity and executable name of the runtime",
    ),
    ConfigKey(
        name="artifact-name",
        value_type="identifier",
        metavar="NAME",
        default_text="`runtime`, plus `z` for `embedded`",
        help="executable name and file stem, for any layout",
    ),
    ConfigKey(
        name="runtime-version",
        value_type="version",
        metavar="VERSION",
        default_text="`[project].version` of the selected `pyproject.toml`",
        help="version of the runtime",
    ),
    ConfigKey(
        name="delegate",
        alias="delegate-executable",
        value_type="identifier",
        required=True,
        metavar="NAME",
        help="executable inside the prefix that receives the user's arguments",
    ),
    ConfigKey(
        name="layout",
        alias="artifact-layout",
        value_type="choice",
        choices=("online", "external", "embedded"),
        default="online",
        help="how package archives reach the target machine",
    ),
    ConfigKey(
        name="source-environment",
        value_type="environment",
        required=True,
        metavar="NAME",
        help="solved environment to ship",
    ),
    ConfigKey(
        name="exclude",
        alias="exclude-packages",
        value_type="packages",
        metavar="PACKAGE",
        default_text="none",
        help="package to leave out, with what only it needs",
    ),
    ConfigKey(
        name="require",
        value_type="packages",
        metavar="PACKAGE",
        default_text="none, but `conda` when the delegate is `conda`",
        help="package that must ship",
    ),
    ConfigKey(
        name="docs-url", value_type="url", metavar="URL", default_text="none", help="the runtime's documentation"
    ),
    ConfigKey(
        name="install-scheme",
        value_type="choice",
        choices=("conda-home", "user-data"),
        default="conda-home",
        help="where prefixes go: ~/.conda, or the user's data directory",
    ),
    ConfigKey(
        name="install-name",
        value_type="install-name",
        metavar="NAME",
        default_text="`runtime`",
        help="directory name of the prefix",
    ),
    ConfigKey(
        name="installer",
        alias="install-method",
        value_type="identifier",
        metavar="NAME",
        default_text="none",
        help="how the runtime reaches the user, such as homebrew",
    ),
    ConfigKey(
        name="condarc-file",
        value_type="path",
        metavar="PATH",
        default_text="none",
        help="YAML file to put into the prefix as .condarc",
    ),
    ConfigKey(
        name="freeze-base",
        value_type="boolean",
        default=False,
        help="mark the prefix as frozen (CEP 22)",
    ),
    ConfigKey(
        name="bytecode",
        value_type="choice",
        choices=("on-import", "bootstrap", "shipped"),
        default="on-import",
        help="when Python modules are compiled",
    ),
    ConfigKey(
        name="commands",
        value_type="choice",
        choices=("direct", "self"),
        default="direct",
        help="whether the runtime's own commands stand alone or below the word self",
    ),
    ConfigKey(
        name="on-upgrade",
        value_type="choice",
        choices=("replace", "keep"),
        default="replace",
        help="what a newer runtime does with the prefix of an older one",
    ),
    ConfigKey(
        name="activation",
        value_type="choice",
        choices=("path", "full"),
        default="path",
        help="put the prefix on PATH, or run activation scripts too",
    ),
)
"""Every key of ``[tool.conda-ship]``, in the order of the reference page."""

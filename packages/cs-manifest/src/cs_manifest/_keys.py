"""The keys of ``[tool.conda-ship]``, in one table.

``load_config`` reads manifests by it, and ``cs_cli`` makes its flags from it. ``nox -s generate`` writes the inputs of
``action.yml``, the tables of the reference pages and the words of ``cs_stamp`` from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

ValueType = Literal[
    "identifier",
    "version",
    "text",
    "packages",
    "licenses",
    "url",
    "choice",
    "install-name",
    "path",
    "paths",
    "boolean",
]

# The only place in Python that lists the words of each choice. The first is the default.
Layout = Literal["online", "external", "embedded"]
BuildWheels = Literal["local", "all", "never"]
InstallScheme = Literal["conda-home", "user-data"]
Bytecode = Literal["on-import", "bootstrap", "shipped"]
Commands = Literal["direct", "self"]
OnUpgrade = Literal["replace", "keep"]
Activation = Literal["path", "full"]
Sbom = Literal["cyclonedx", "spdx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigKey:
    """One key of ``[tool.conda-ship]``, which is also a command-line flag and an input of the action.

    :ivar name: the key as written in the manifest.
    :ivar value_type: the type that its value must have.
    :ivar help: one line for ``--help`` and the reference, without a full stop; names of code in backticks.
    :ivar alias: other accepted name, in manifests written for conda-ship 0.4 and later.
    :ivar default: value when the key is absent; ``None`` when there is none or it depends on other keys.
    :ivar default_text: the default in words, when it depends on other keys.
    :ivar choices: the accepted values of a ``choice``.
    :ivar required: whether a build needs it.
    :ivar builder_only: whether it affects the build alone, and is not passed to the runtime.
    :ivar metavar: placeholder for the value in ``--help``.
    """

    name: str
    value_type: ValueType
    help: str
    alias: str | None = None
    default: str | bool | tuple[str, ...] | None = None
    default_text: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    builder_only: bool = False
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
        return self.value_type in ("packages", "licenses", "paths")


def _choose(name: str, words: Any, help: str, *, alias: str | None = None, builder_only: bool = False) -> ConfigKey:
    """Return a key with a few words for values."""
    choices = get_args(words)
    return ConfigKey(
        name=name,
        alias=alias,
        value_type="choice",
        choices=choices,
        default=choices[0],
        help=help,
        builder_only=builder_only,
    )


CONFIG_KEYS: tuple[ConfigKey, ...] = (
    ConfigKey(
        name="runtime",
        alias="runtime-name",
        value_type="identifier",
        required=True,
        metavar="NAME",
        help="name of the app: its executable, install directory and variables",
    ),
    ConfigKey(
        name="artifact-name",
        value_type="identifier",
        metavar="NAME",
        default_text="`runtime`, plus `z` for `embedded`",
        help="name of the executable, and first part of the other file names",
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
        help="executable in the prefix that the runtime starts, with the user's arguments",
    ),
    _choose(
        "layout",
        Layout,
        "where users get the packages: from the network (`online`), a second file (`external`) "
        "or the executable itself (`embedded`)",
        alias="artifact-layout",
    ),
    ConfigKey(
        name="source-environment",
        value_type="text",
        required=True,
        builder_only=True,
        metavar="NAME",
        help="environment of the lock to ship",
    ),
    ConfigKey(
        name="exclude",
        alias="exclude-packages",
        value_type="packages",
        builder_only=True,
        metavar="PACKAGE",
        default=(),
        default_text="none",
        help="packages to leave out, with dependencies nothing else needs",
    ),
    ConfigKey(
        name="require",
        value_type="packages",
        builder_only=True,
        metavar="PACKAGE",
        default_text="none, but `conda` when the delegate is `conda`",
        help="packages that must ship",
    ),
    ConfigKey(
        name="archives",
        value_type="paths",
        builder_only=True,
        metavar="DIR",
        default=(),
        default_text="none",
        help="directory of ready-made archives, for packages that the lock knows only as source",
    ),
    _choose(
        "build-wheels",
        BuildWheels,
        "which Python packages that are source to build into wheels: those of the workspace itself (`local`), "
        "also those of others (`all`) or none (`never`)",
        builder_only=True,
    ),
    ConfigKey(
        name="build-constraints",
        value_type="path",
        builder_only=True,
        metavar="FILE",
        default_text="none",
        help="pip constraints file for what these builds need",
    ),
    ConfigKey(
        name="deny-licenses",
        value_type="licenses",
        builder_only=True,
        metavar="LICENSE",
        default=(),
        default_text="none",
        help="SPDX licences that must not ship; `unknown` stands for those that are not SPDX",
    ),
    _choose(
        "sbom",
        Sbom,
        "format of the bill of materials: CycloneDX alone (`cyclonedx`), or SPDX too (`spdx`)",
        builder_only=True,
    ),
    ConfigKey(
        name="docs-url",
        value_type="url",
        metavar="URL",
        default_text="none",
        help="address of the runtime's documentation",
    ),
    _choose(
        "install-scheme",
        InstallScheme,
        "where prefixes are installed: in `~/.conda` (`conda-home`) or in the user's data directory (`user-data`)",
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
        help="how users install the runtime, e.g. `homebrew`",
    ),
    ConfigKey(
        name="condarc-file",
        value_type="path",
        metavar="PATH",
        default_text="none",
        help="YAML file to copy into the prefix as `.condarc`",
    ),
    ConfigKey(
        name="freeze-base",
        value_type="boolean",
        default=False,
        help="mark the prefix as frozen (CEP 22)",
    ),
    _choose(
        "bytecode",
        Bytecode,
        "when Python modules are compiled: as they are imported (`on-import`), before first use (`bootstrap`) "
        "or at build time (`shipped`)",
    ),
    _choose(
        "commands",
        Commands,
        "how users call the runtime's own commands: `demo status` (`direct`) or `demo self status` (`self`)",
    ),
    _choose("on-upgrade", OnUpgrade, "upgrade an existing installation (`replace`) or leave it (`keep`)"),
    _choose(
        "activation",
        Activation,
        "what the delegate's environment gets: the prefix on `PATH` (`path`), "
        "or activation variables and scripts too (`full`)",
    ),
)
"""Every key of ``[tool.conda-ship]``, in the order of the reference page."""

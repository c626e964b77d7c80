"""The words of each setting that takes one of a few; ``nox -s generate`` writes them from ``cs_manifest``."""

from typing import Literal

Layout = Literal["online", "external", "embedded"]
InstallScheme = Literal["conda-home", "user-data"]
Bytecode = Literal["on-import", "bootstrap", "shipped"]
Commands = Literal["direct", "self"]
OnUpgrade = Literal["replace", "keep"]
Activation = Literal["path", "full"]

"""What a command line asks for, as values: only ``commandline/`` knows how it is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOptions:
    """The options of every command that does something.

    :ivar quiet: print errors and results only.
    :ivar verbose: print all details.
    """

    quiet: bool
    verbose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOptions(CommonOptions):
    """The options of every command that reads a project.

    :ivar root: directory of the manifest.
    :ivar lock_check: whether the lock must have what the manifest asks for.
    :ivar overrides: settings by key, instead of the manifest's.
    :ivar platform: name of a platform, or a conda subdir.
    :ivar cache_dir: where downloaded archives are kept.
    :ivar offline: use downloaded archives only.
    """

    root: Path | None
    manifest: Path | None
    source_lock: Path | None
    lock_check: bool
    overrides: Mapping[str, object]
    platform: str | None
    cache_dir: Path | None
    offline: bool

    @property
    def may_run_code(self) -> bool:
        """Whether the project's build backend may be started: only a real build starts it."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOptions(ProjectOptions):
    """The options of ``cs init``.

    :ivar yes: do not ask.
    :ivar dry_run: write nothing, and show what would be written.
    """

    command: ClassVar[str] = "init"
    yes: bool
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectOptions(ProjectOptions):
    """The options of ``cs inspect``.

    :ivar list: whether to list all packages, sorted as ``sort`` says.
    :ivar why: name of the package whose reasons to explain.
    :ivar diff: what to compare with.
    :ivar format: of the differences.
    :ivar out_dir: where an earlier build may have left its sizes.
    """

    command: ClassVar[str] = "inspect"
    list: bool
    sort: Literal["name", "size"]
    why: str | None
    diff: Path | None
    format: Literal["text", "markdown"]
    licenses: bool
    html: Path | None
    check_delegate: bool
    out_dir: Path
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingOptions(ProjectOptions):
    """The options that ``cs build`` and ``cs run`` have in common.

    :ivar target: target triple.
    :ivar template: executable to stamp, or a directory of templates.
    """

    target: str | None
    template: Path | None

    @property
    def label(self) -> str | None:
        """What is added to the artifact's name in file names."""
        return None

    @property
    def may_run_code(self) -> bool:
        """Whether the project's build backend may be started."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningOptions:
    """What to sign with.

    :ivar key: file of the private key.
    :ivar passphrase_file: file whose first line is its passphrase.
    """

    key: Path
    passphrase_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions(BuildingOptions):
    """The options of ``cs build``."""

    command: ClassVar[str] = "build"
    out_dir: Path
    target_label: str | None
    sign: Path | None
    passphrase_file: Path | None
    dry_run: bool
    json: bool

    @property
    def label(self) -> str | None:
        """What is added to the artifact's name in file names."""
        return self.target_label or self.target

    @property
    def signing(self) -> SigningOptions | None:
        """What to sign with, if at all."""
        return None if self.sign is None else SigningOptions(key=self.sign, passphrase_file=self.passphrase_file)

    @property
    def may_run_code(self) -> bool:
        """Whether the project's build backend may be started."""
        return not self.dry_run


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(BuildingOptions):
    """The options of ``cs run``.

    :ivar install_path: prefix to install into and keep.
    :ivar arguments: those of the runtime.
    """

    command: ClassVar[str] = "run"
    install_path: Path | None
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions(ProjectOptions):
    """The options of ``cs verify``; those of a project are about the workspaces to compare with.

    :ivar paths: directories of ``cs build``, runtimes, bundles.
    :ivar keys: public keys, one of which must have signed the statements of provenance.
    :ivar require_signature: refuse to go without a key.
    :ivar provenance: a statement to use instead of the one beside a file.
    :ivar against: workspace to derive lock and settings from.
    :ivar rebuild: workspace to build again.
    :ivar template: executable to stamp again, or a directory of templates.
    """

    command: ClassVar[str] = "verify"
    paths: tuple[Path, ...]
    keys: Sequence[Path]
    require_signature: bool
    provenance: Path | None
    against: Path | None
    rebuild: Path | None
    template: Path | None
    json: bool

    def in_workspace(self, workspace: Path) -> VerifyOptions:
        """Return the options for a project: a directory, or its manifest."""
        return replace(self, manifest=workspace) if workspace.is_file() else replace(self, root=workspace)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOptions(CommonOptions):
    """The options of ``cs sign``.

    :ivar path: a directory of ``cs build``.
    :ivar key: file of the private key, if something is to be signed with it.
    """

    command: ClassVar[str] = "sign"
    path: Path
    key: Path | None
    passphrase_file: Path | None
    json: bool

    @property
    def signing(self) -> SigningOptions | None:
        """What to sign with, if at all."""
        return None if self.key is None else SigningOptions(key=self.key, passphrase_file=self.passphrase_file)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions(ProjectOptions):
    """The options of ``cs doctor``.

    :ivar online: whether to ask the servers of channels.
    """

    command: ClassVar[str] = "doctor"
    online: bool
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions(CommonOptions):
    """The options of the commands about the package cache."""

    cache_dir: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfoOptions(CacheOptions):
    """The options of ``cs cache info``."""

    command: ClassVar[str] = "cache info"
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheDirOptions(CacheOptions):
    """The options of ``cs cache dir``."""

    command: ClassVar[str] = "cache dir"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCleanOptions(CacheOptions):
    """The options of ``cs cache clean``.

    :ivar older_than_s: remove what was not used for longer, in seconds.
    :ivar max_size_bytes: remove what was not used for longest, until the rest fits.
    :ivar yes: do not ask.
    """

    command: ClassVar[str] = "cache clean"
    older_than_s: float | None
    max_size_bytes: int | None
    dry_run: bool
    yes: bool
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpOptions:
    """What help is asked for.

    :ivar words: name of a command or a group of commands; empty for all of them.
    :ivar is_long: describe everything.
    :ivar man: print a man page.
    :ivar is_lost: whether nobody asked: the command line has no command.
    """

    command: ClassVar[str] = "help"
    words: tuple[str, ...]
    is_long: bool
    man: bool
    is_lost: bool

    @property
    def topic(self) -> str:
        """The words as one text."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionOptions:
    """The options of ``cs version``.

    :ivar is_short: print the version of ``cs`` alone.
    """

    command: ClassVar[str] = "version"
    is_short: bool
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionsOptions:
    """The options of ``cs completions``.

    :ivar values: kind of names to list instead of a script.
    """

    command: ClassVar[str] = "completions"
    shell: str | None
    values: str | None


Options = (
    InitOptions
    | InspectOptions
    | BuildOptions
    | RunOptions
    | VerifyOptions
    | SignOptions
    | DoctorOptions
    | CacheInfoOptions
    | CacheCleanOptions
    | CacheDirOptions
    | CompletionsOptions
    | HelpOptions
    | VersionOptions
)

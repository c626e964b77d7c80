"""What ``[tool.conda-ship]`` will say: from flags, answers, and what fits most projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cs_bundle import format_bytes
from cs_lock import SourceLock, did_you_mean
from cs_manifest import CONFIG_KEYS, OverrideError, Project, load_config, suggest_settings

from ..archives.store import open_store
from ..delegate.search import Search
from ..errors import CliError
from ..inspection.summary import PlatformSummary, inspect_derivation
from ..options import InitOptions
from ..project.derivation import Derivation, derive_project, read_settings
from ..project.platforms import host_platform
from .executables import Program, find_programs
from .questions import Choice, pick

_MOST_PROGRAMS = 9
_INSTALLED = (".pixi/envs", ".conda/envs")
"""Where Pixi and conda-workspaces install environments, in the workspace."""

_PLACEHOLDERS = {"runtime": "x", "runtime-version": "1", "source-environment": "x"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """The choices for one workspace.

    :ivar asks: whether a person answers; otherwise the default of each question counts.
    """

    options: InitOptions
    project: Project
    source: SourceLock
    asks: bool

    def choose(self) -> dict[str, object]:
        """Return the settings to write, by key, in the order of the reference page.

        :raises CliError: if a flag has a value that does not fit, or the delegate is not known.
        """
        values: dict[str, object] = {**suggest_settings(self.project), **self.options.overrides}
        del values["delegate"]
        values["source-environment"] = self._choose_environment(str(values["source-environment"]))
        values |= self._choose_programs(values)
        read_settings(self.project, values)
        return {key.name: values[key.name] for key in CONFIG_KEYS if key.name in values}

    def _choose_environment(self, suggested: str) -> str:
        shipping = [name for name in self.source.environments if self.source.platforms(name)]
        given = self.options.overrides.get("source-environment")
        if given is not None or not shipping:
            return str(given or suggested)
        default = suggested if suggested in shipping else shipping[0]
        if len(shipping) == 1 or not self.asks:
            return default
        choices = [Choice(name=name, text=self._describe_environment(name)) for name in shipping]

        return pick("Which environment do users get?", choices, default=default, check=_require_one_of(shipping))

    def _describe_environment(self, name: str) -> str:
        return ", ".join(platform.name for platform in self.source.platforms(name))

    def _choose_programs(self, values: Mapping[str, object]) -> dict[str, object]:
        """Choose delegate and layout: both need to know what ships."""
        given = self.options.overrides
        derivation = self._derive(values)
        platform = _choose_summary(derivation)
        delegate = given.get("delegate") or self._choose_delegate(derivation, platform, str(values["runtime"]))
        layout = given.get("layout") or self._choose_layout(platform)
        return {"delegate": delegate, "layout": layout}

    def _derive(self, values: Mapping[str, object]) -> Derivation:
        settings = {"delegate": "python", **values, **self.options.overrides}
        return derive_project(replace(self.options, overrides=settings), strict=False)

    def _choose_delegate(self, derivation: Derivation, platform: PlatformSummary | None, runtime: str) -> str:
        programs = [] if platform is None else self._find_programs(derivation, platform, runtime)
        default = programs[0].name if programs else ""
        if not self.asks:
            if not default:
                raise CliError("no package of the environment seems to have a program", kind="delegate-unknown")
            return default
        choices = [Choice(name=one.name, text=one.text) for one in programs[:_MOST_PROGRAMS]]
        return pick("Which program do users run?", choices, default=default, check=self._check_delegate)

    def _check_delegate(self, name: str) -> str | None:
        try:
            load_config(self.project, {**_PLACEHOLDERS, "delegate": name})
        except OverrideError as error:
            return f"{name!r} {error.message}"
        return None

    def _find_programs(self, derivation: Derivation, platform: PlatformSummary, runtime: str) -> list[Program]:
        environment = derivation.config.source_environment
        search = Search(
            delegate=runtime,
            platform=platform.name,
            subdir=platform.subdir,
            packages=platform.locked,
            supplies=platform.supplies,
            lock_directory=self.project.lock_directory,
            requested=derivation.names_requested_on(platform.name),
        )
        places = [Path(self.project.lock_directory, place, environment) for place in _INSTALLED]
        return find_programs(search, open_store(self.options), places, runtime)

    def _choose_layout(self, platform: PlatformSummary | None) -> str:
        if not self.asks:
            return "online"
        size = "" if platform is None else f", about {format_bytes(platform.download_size_bytes)}"
        choices = [
            Choice(name="online", text="a small executable; the first run downloads the packages"),
            Choice(name="external", text=f"a small executable and a second file with the packages{size}"),
            Choice(name="embedded", text=f"one executable with all packages inside{size}"),
        ]
        check = _require_one_of([choice.name for choice in choices])
        return pick("How do users get the packages?", choices, default="online", check=check)


def _require_one_of(names: Sequence[str]) -> Callable[[str], str | None]:
    """Return a check: it says what is wrong with an answer that is not one of several names."""

    def check(answer: str) -> str | None:
        if answer in names:
            return None
        return f"{answer!r} is not one of {', '.join(names)}{_suggest(answer, names)}"

    return check


def _suggest(answer: str, names: Sequence[str]) -> str:
    hint = did_you_mean(answer, names)
    return f"; {hint}" if hint else ""


def _choose_summary(derivation: Derivation) -> PlatformSummary | None:
    """Choose the platform to look at: this machine's, else the first."""
    platforms = inspect_derivation(derivation, platform=None).platforms
    return next((one for one in platforms if one.subdir == host_platform()), platforms[0] if platforms else None)

"""The settings of a manifest and a command line, and their rules: known keys, each once, none missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._document import describe
from ._errors import ErrorKind, ManifestError, OverrideError
from ._keys import CONFIG_KEYS, ConfigKey
from ._suggested import suggest_settings
from ._suggestions import did_you_mean, find_similar
from ._values import (
    WrongItem,
    check_boolean,
    check_choice,
    check_identifier,
    check_licenses,
    check_packages,
    check_paths,
    check_text,
    check_url,
    check_version,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._positions import KeyPath
    from ._project import Project

TABLE = ("tool", "conda-ship")
_SIMILAR = 0.85
"""How alike a table's name must be to be taken for a misspelt one: ``conda_ship`` is, ``conda`` is not."""
_TYPES: dict[str, type | tuple[type, ...]] = {
    "packages": (list, tuple),
    "licenses": (list, tuple),
    "paths": (str, list, tuple),
    "boolean": bool,
}
"""The types of TOML that the values of a key can have, where it is not a string."""
_KEYS_BY_NAME = {name: key for key in CONFIG_KEYS for name in key.names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value with where it came from, so that an error can point there."""

    project: Project
    key: ConfigKey
    name: str
    value: Any
    is_flag: bool

    def error(
        self, message: str, *, kind: ErrorKind, expected: str, hint: str | None = None, at: KeyPath = ()
    ) -> ManifestError:
        """Make an error that points at the value.

        :param at: the part of the value that is wrong: an index, or the key of an inner table.
        """
        value = self._part(at)
        if self.is_flag:
            actual = describe(value) if isinstance(value, str) else repr(value)
            return OverrideError(message, kind=kind, key=self.name, expected=expected, actual=actual, hint=hint)
        key = (*TABLE, self.name, *at)
        return self.project.document.error(message, kind=kind, key=key, expected=expected, actual=value, hint=hint)

    def check(self) -> Any:
        """Return the value, checked by the rule of its type."""
        return self.check_part(lambda value: _check_value(self.key, value))

    def check_part(self, rule: Callable[[object], Any], *, at: KeyPath = ()) -> Any:
        """Return the value, or the part of it at ``at``, checked by a rule."""
        try:
            return rule(self._part(at))
        except WrongItem as error:
            raise self._wrong(str(error), (*at, error.index)) from None
        except ValueError as error:
            raise self._wrong(str(error), at) from None

    def _part(self, at: KeyPath) -> Any:
        value = self.value
        for part in at:
            value = value[part]
        return value

    def _wrong(self, expected: str, at: KeyPath) -> ManifestError:
        value, hint = self._part(at), None
        has_right_type = isinstance(value, str) if at else isinstance(value, _TYPES.get(self.key.value_type, str))
        if isinstance(value, str):
            hint = did_you_mean(value, self.key.choices)
        elif isinstance(value, (int, float)) and expected == "a string":
            hint = "put the value in quotes"
        kind: ErrorKind = "value-invalid" if has_right_type else "value-type"
        return self.error(f"must be {expected}", kind=kind, expected=expected, hint=hint, at=at)

    def check_source(self, source: str, *, optional: tuple[str, ...] = ()) -> None:
        """Check a table of the form ``{ from = "..." }``.

        :param optional: keys that it may have besides.
        """
        form = f'{{ from = "{source}" }}'
        fields = ("from", *optional)
        for name in self.value:
            if name not in fields:
                expected = f"one of {', '.join(fields)}"
                hint = did_you_mean(name, fields) or f"the table's keys are: {', '.join(fields)}"
                raise self.error("unknown key", kind="key-unknown", expected=expected, hint=hint, at=(name,))
        if "from" not in self.value:
            raise self.error(f"must be a string, or {form}", kind="value-invalid", expected=f"a string, or {form}")
        if self.value["from"] != source:
            guess = did_you_mean(str(self.value["from"]), (source,))
            raise self.error(f'must be "{source}"', kind="value-invalid", expected=form, hint=guess, at=("from",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a build.

    :ivar given: those that the manifest or the command line sets, by key.
    """

    project: Project
    given: Mapping[str, Setting]

    def read(self, name: str) -> Any:
        """Return the checked value of a key, or its default."""
        setting = self.given.get(name)
        return _KEYS_BY_NAME[name].default if setting is None else setting.check()


def collect_settings(project: Project, overrides: Mapping[str, object]) -> Settings:
    """Collect what the manifest sets and what the command line sets in its place.

    :raises ManifestError: if keys are unknown, doubled or missing; values are not looked at.
    """
    given = {**_collect_manifest(project), **_collect_flags(project, overrides)}
    _check_required(project, given)
    return Settings(project=project, given=given)


def _collect_flags(project: Project, overrides: Mapping[str, object]) -> dict[str, Setting]:
    values = {name.replace("_", "-"): value for name, value in overrides.items() if value is not None}
    for name in values:
        if name not in _KEYS_BY_NAME:
            raise OverrideError(
                "unknown setting",
                kind="key-unknown",
                key=name,
                expected=f"one of {_list_keys()}",
                hint=did_you_mean(name, _KEYS_BY_NAME) or f"the keys are {_list_keys()}",
            )
    return _pick(project, values, is_flag=True)


def _collect_manifest(project: Project) -> dict[str, Setting]:
    table = project.document.table(TABLE)
    if TABLE[-1] not in project.document.table(TABLE[:1]):
        _refuse_similar_tables(project)
    for name in table:
        if name == "update":
            raise project.document.error(
                "updates of the executable itself are not supported yet",
                kind="update-unsupported",
                key=(*TABLE, name),
                hint="remove the table; a newer runtime already upgrades the prefix of an older one (on-upgrade)",
            )
    unknown = [name for name in table if name not in _KEYS_BY_NAME]
    if unknown:
        raise _unknown_keys(project, unknown)
    return _pick(project, table, is_flag=False)


def _unknown_keys(project: Project, names: Sequence[str]) -> ManifestError:
    """Name all unknown keys at once; the error points at the first."""
    first, *others = names
    known = f"the keys are {_list_keys()}"
    message, hint = "unknown key", did_you_mean(first, _KEYS_BY_NAME) or known
    if others:
        message += f", as {'is' if len(others) == 1 else 'are'} {_list_words(others)}"
        near = {name: find_similar(name, _KEYS_BY_NAME) for name in names}
        meant = ", ".join(f"{key!r} for {name}" for name, key in near.items() if key is not None)
        hint = f"did you mean {meant}?" if meant else known
    return project.document.error(
        message, kind="key-unknown", key=(*TABLE, first), expected=f"one of {_list_keys()}", actual=first, hint=hint
    )


def _refuse_similar_tables(project: Project) -> None:
    """Point to a table that has nearly the right name, or the right one in the wrong place."""
    from difflib import get_close_matches

    for parent in (TABLE[:1], (), ("tool", "pixi"), ("tool", "conda")):
        for name in get_close_matches(TABLE[-1], project.document.table(parent), n=1, cutoff=_SIMILAR):
            raise project.document.error(
                "unknown table",
                kind="key-unknown",
                key=(*parent, name),
                expected=f"[{'.'.join(TABLE)}]",
                actual=name,
                hint=f"did you mean [{'.'.join(TABLE)}]?",
            )


def _pick(project: Project, values: Mapping[str, object], *, is_flag: bool) -> dict[str, Setting]:
    """Match values to keys; a key and its alias cannot both be set."""
    settings = {}
    for key in CONFIG_KEYS:
        found = [
            Setting(project=project, key=key, name=name, value=values[name], is_flag=is_flag)
            for name in key.names
            if name in values
        ]
        if len(found) > 1:
            raise found[1].error(
                f"is an alias of {key.name}, which is also set",
                kind="key-conflict",
                expected=f"either {key.name} or {key.alias}",
                hint=f"keep {key.name} and remove {key.alias}",
            )
        if found:
            settings[key.name] = found[0]
    return settings


def _list_words(words: Sequence[str]) -> str:
    """Write words as a sentence does: ``a, b and c``."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _list_keys() -> str:
    return ", ".join(key.name for key in CONFIG_KEYS)


def _check_required(project: Project, settings: Mapping[str, Setting]) -> None:
    """Name all keys that are missing at once, with lines to paste."""
    missing = [key.name for key in CONFIG_KEYS if key.required and key.name not in settings]
    if not missing:
        return
    has_table = "conda-ship" in project.document.table(TABLE[:1])
    header = () if has_table else (f"[{'.'.join(TABLE)}]",)
    suggested = suggest_settings(project).items()
    lines = (*header, *(f"{name} = {_render(value)}" for name, value in suggested if name not in settings))
    where = f"[{'.'.join(TABLE)}]" if has_table else project.manifest_path.name
    message = f"{_list_words(missing)} {'is' if len(missing) == 1 else 'are'} required"
    hint = f"add this to {where}, with your values:"
    expected = "; ".join(f"{key.name}: {key.help}" for key in CONFIG_KEYS if key.name in missing)
    if has_table:
        error = project.document.error(message, kind="key-missing", key=TABLE, expected=expected, hint=hint)
        if len(missing) == 1:
            error.message, error.key = "this key is required", ".".join((*TABLE, missing[0]))
            error.expected = next(key.help for key in CONFIG_KEYS if key.name == missing[0])
            error.hint = f'add `{missing[0]} = "..."` to {where}'
        else:
            error.lines = lines
        raise error
    # A missing table has no position: no line is better than the line of another table.
    raise ManifestError(
        f"this table is missing; {message}",
        kind="key-missing",
        path=project.manifest_path,
        key=".".join(TABLE),
        expected=expected,
        hint=hint,
        lines=lines,
    )


def _render(value: str | Mapping[str, str]) -> str:
    """Render a value as TOML."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{{ {', '.join(f'{name} = {_render(one)}' for name, one in value.items())} }}"


def _check_value(key: ConfigKey, value: object) -> Any:
    if key.value_type == "choice":
        return check_choice(value, key.choices)
    checks = {
        "identifier": check_identifier,
        "version": check_version,
        "install-name": check_identifier,
        "text": check_text,
        "packages": check_packages,
        "licenses": check_licenses,
        "url": check_url,
        "path": check_text,
        "paths": check_paths,
        "boolean": check_boolean,
    }
    return checks[key.value_type](value)

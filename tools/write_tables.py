"""Write what follows from the table of keys: inputs of the action, the reference of each key, words of ``cs_stamp``.

Run it with ``nox -s generate``. With ``--check`` (``nox -s lint``), it writes nothing and fails on a difference.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from cs_manifest import CONFIG_KEYS, ConfigKey

ROOT = Path(__file__).parents[1]
MARK = "Written by `nox -s generate`"
END = "End of what `nox -s generate` writes"

_END_OF_KEY = "<!-- end of key -->"
_KEY = re.compile(f"<!-- key ([a-z-]+) -->\n.*?{_END_OF_KEY}", re.DOTALL)

VALUES = {
    "identifier": "[identifier](#values)",
    "version": "string or table",
    "text": "string",
    "packages": "list of package names",
    "licenses": "list of licences",
    "url": "URL",
    "install-name": "[identifier](#values) or table",
    "path": "path",
    "paths": "path, or list of paths",
    "boolean": "boolean",
}

SEPARATORS = {
    "packages": "Separate them by spaces, commas or newlines",
    "licenses": "Separate them by commas or newlines",
    "paths": "One a line",
}


def quote(value: object) -> str:
    """Write a value as code; TOML's booleans are in lower case."""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def describe_default(key: ConfigKey) -> str:
    """Say in Markdown what holds without the key."""
    if key.required:
        return "required"
    return key.default_text or quote(key.default)


def render_key(key: ConfigKey) -> str:
    """Return what the reference page says first about a key: a heading with its anchor, not a row of a table."""
    values = ", ".join(map(quote, key.choices)) or VALUES[key.value_type]
    facts = [f"Value: {values}", "Required" if key.required else f"Default: {describe_default(key)}"]
    facts += [] if key.alias is None else [f"Alias: {quote(key.alias)}"]
    return f"### `{key.name}`\n\n{key.help[0].upper()}{key.help[1:]}.\n\n{' · '.join(facts)}\n\n"


def replace_keys(text: str) -> str:
    """Write what a page says first about each key; a key that is not there yet comes last.

    :raises ValueError: when the page has a key that does not exist.
    """
    found = _KEY.findall(text)
    keys = {key.name: key for key in CONFIG_KEYS}
    if unknown := set(found) - set(keys):
        raise ValueError(f"there is no key {', '.join(sorted(unknown))}")
    new = "".join(f"{_END_OF_KEY}\n\n<!-- key {name} -->\n" for name in keys if name not in found)
    before, end, after = text.rpartition(_END_OF_KEY)
    return _KEY.sub(lambda match: _mark_key(keys[match[1]]), f"{before}{new}{end}{after}")


def _mark_key(key: ConfigKey) -> str:
    return f"<!-- key {key.name} -->\n{render_key(key)}{_END_OF_KEY}"


def render_inputs() -> str:
    """Return the inputs of the action that are settings."""
    described = [(key.name, _describe_input(key)) for key in CONFIG_KEYS]
    described += [(key.alias, f"Alias of {key.name}.") for key in CONFIG_KEYS if key.alias is not None]
    return "".join(f'  {name}:\n    description: "{text}"\n    default: ""\n' for name, text in described)


def _describe_input(key: ConfigKey) -> str:
    parts = [key.help[0].upper() + key.help[1:]]
    if key.is_list:
        parts.append(SEPARATORS[key.value_type])
    if key.value_type == "boolean":
        parts.append("Values: true or false")
    if not key.required:
        parts.append(f"Default: {describe_default(key)}")
    text = ". ".join(parts).replace("`", "") + "."
    if '"' in text or "\\" in text:
        raise ValueError(f"the help of {key.name} needs quotes that YAML takes")
    return text


def render_words() -> str:
    """Return the module that has the words of each choice."""
    lines = [
        f"{_name_type(key)} = Literal[{', '.join(f'{chr(34)}{word}{chr(34)}' for word in key.choices)}]\n"
        for key in CONFIG_KEYS
        if key.choices and not key.builder_only
    ]
    doc = (
        '"""The words of each setting that takes one of a few; ``nox -s generate`` writes them from ``cs_manifest``."""'
    )
    return "".join([doc, "\n\nfrom typing import Literal\n\n", *lines])


def _name_type(key: ConfigKey) -> str:
    return key.name.title().replace("-", "")


def replace_marked(text: str, content: str) -> str:
    """Put content between the two lines of a text that say what is written here.

    :raises ValueError: when the text does not have both lines, each once.
    """
    lines = text.splitlines(keepends=True)
    first, last = ([index for index, line in enumerate(lines) if mark in line] for mark in (MARK, END))
    if len(first) != 1 or len(last) != 1 or first > last:
        raise ValueError("the marker lines are missing, or there more than once")
    return "".join(lines[: first[0] + 1]) + content + "".join(lines[last[0] :])


TARGETS: dict[str, Callable[[str], str]] = {
    "action.yml": lambda old: replace_marked(old, render_inputs()),
    "docs/reference/configuration.md": replace_keys,
    "packages/cs-stamp/src/cs_stamp/_choices.py": lambda _: render_words(),
}
"""Each file with what makes its new text of the old one."""


def find_stale() -> dict[Path, str]:
    """Return the text that each file ought to have, for those that have another."""
    texts = {ROOT / name: make((ROOT / name).read_text(encoding="utf-8")) for name, make in TARGETS.items()}
    return {path: text for path, text in texts.items() if path.read_text(encoding="utf-8") != text}


def main(*words: str) -> int:
    """Write the files; with ``--check``, name those that differ.

    :returns: the exit status.
    """
    stale = find_stale()
    for path, text in stale.items():
        if "--check" in words:
            sys.stderr.write(
                f"{path.relative_to(ROOT)} does not follow from the table of keys: run `nox -s generate`\n"
            )
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
    return int(bool(stale) and "--check" in words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

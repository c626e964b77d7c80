"""The files that are generated from the table of keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import write_tables

from cs_manifest import CONFIG_KEYS, ConfigKey


def copy_targets(directory: Path) -> Path:
    """Copy the files that are written from the table, and return where they are."""
    for name in write_tables.TARGETS:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes((write_tables.ROOT / name).read_bytes())
    return directory


def test_every_generated_file_is_up_to_date() -> None:
    assert write_tables.main("--check") == 0


@pytest.mark.parametrize("name", write_tables.TARGETS)
def test_a_changed_file_is_named_and_written_anew(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(write_tables, "ROOT", copy_targets(tmp_path))
    path, word = tmp_path / name, CONFIG_KEYS[-1].choices[-1]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(word, "other"), encoding="utf-8")
    changed = path.read_text(encoding="utf-8")
    assert write_tables.main("--check") == 1
    assert capsys.readouterr().err == f"{name} does not follow from the table of keys: run `nox -s generate`\n"
    assert path.read_text(encoding="utf-8") == changed
    assert write_tables.main() == 0
    assert write_tables.main("--check") == 0


@pytest.mark.parametrize("name", write_tables.TARGETS)
def test_a_new_key_appears_in_every_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = replace(CONFIG_KEYS[-1], name="new-key", choices=("first", "second"), default="first")
    monkeypatch.setattr(write_tables, "CONFIG_KEYS", (*CONFIG_KEYS, key))
    stale = {path.relative_to(write_tables.ROOT).as_posix(): text for path, text in write_tables.find_stale().items()}
    added = set(stale[name].splitlines()) - set((write_tables.ROOT / name).read_text(encoding="utf-8").splitlines())
    assert any("first" in line for line in added)


@pytest.mark.parametrize("text", ["", "Written by `nox -s generate`\n", f"{write_tables.END}\n{write_tables.MARK}\n"])
def test_a_file_without_the_marker_lines_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the marker lines are missing, or there more than once"):
        write_tables.replace_marked(text, "x")


@pytest.mark.parametrize("key", CONFIG_KEYS, ids=lambda key: key.name)
def test_words_of_builder_only_keys_are_not_for_stamps(key: ConfigKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_tables, "CONFIG_KEYS", (replace(key, builder_only=True),))
    assert "Literal[" not in write_tables.render_words()


def test_a_section_of_a_key_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no key old-key"):
        write_tables.replace_keys(f"<!-- key old-key -->\n{write_tables._END_OF_KEY}\n")

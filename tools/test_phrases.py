"""Each rule finds its phrase and leaves plain English alone."""

from __future__ import annotations

from pathlib import Path

import phrases
import pytest
from phrases import RULES, find_phrases, list_texts

TRANSLATED = [
    "the address is no URL",
    "of these there are some that are none",
    "the prefix is not ours",
    "an environment of yours",
    "it has another size than the lock says",
    "this is a mistake in cs",
    "look after the disk",
    "a runtime and its papers",
    "archives that are at hand",
    "a file that bears a stamp",
    "it lends a buffer",
    "Whoever holds the lock",
    "Who takes a path over removes what is there",
    "how it is told",
    "all packages that there are",
    "what the peer does",
    "the key has to be a string",
    "a path counts from the working directory",
    "below the word self",
    "the runtime leaves it at that",
    "a file that is not there any more",
    "it is used nevertheless",
    "SPEC allows 6 MB",
    "a relative path, as everywhere",
    "it states something else than the runtime",
    "archives that were not to be had",
    "an archive cannot be had",
    "packages that are out to do harm",
    "the runtime hands over at once",
    "the name is there twice",
    "a tag has no place in a lock",
    "nobody of us has seen it run",
    "the file is read in vain",
    "so it must not be needed there",
    "the cache is shared, so who can write there is trusted",
    "the delegate starts as a user who may not write",
    "the caller is told of the error",
]
PLAIN = [
    "there is no manifest here",
    "it is no longer there",
    "the key must be a string",
    "Who may write there?",
    "the size does not match the lock",
    "hours and colours",
    "the server is told to misbehave",
    "a user who can write there",
]


@pytest.mark.parametrize("text", TRANSLATED)
def test_a_translated_phrase_is_found(text: str) -> None:
    assert len(list(find_phrases(f"fine\n{text}\n"))) >= 1
    assert next(find_phrases(f"fine\n{text}\n"))[0] == 2


@pytest.mark.parametrize("text", PLAIN)
def test_plain_english_is_left_alone(text: str) -> None:
    assert list(find_phrases(text)) == []


def test_every_rule_finds_something() -> None:
    found = {instead for text in TRANSLATED for _, _, instead in find_phrases(text)}
    assert found == set(RULES.values())


@pytest.mark.parametrize("name", ["new.py", "new.rs", "new.md"])
def test_a_phrase_in_a_source_or_a_page_fails_the_check(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    monkeypatch.setattr(phrases, "ROOT", tmp_path)
    monkeypatch.setattr(phrases, "list_texts", lambda: [path])
    path.write_text("plain\n", encoding="utf-8")
    assert phrases.main() == 0
    path.write_text("plain\nthe prefix is not ours\n", encoding="utf-8")
    assert phrases.main() == 1
    assert f"{name}:2: 'ours'" in capsys.readouterr().out


def test_sources_docs_and_tests_are_read() -> None:
    names = {path.name for path in list_texts()}
    assert {"README.md", "main.py", "main.rs", "noxfile.py", "action.yml"} <= names

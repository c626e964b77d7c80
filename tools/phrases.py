"""Find phrases that read as translated, or that hide who does what.

The rules come from a review by readers who stumbled. Each is a pattern and what to write instead. A name in code is not
text: the patterns have blanks between words, or are words that no name here contains.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = frozenset((".md", ".py", ".rs", ".toml", ".yml", ".yaml"))
OWN = frozenset((Path(__file__).resolve(), Path(__file__).resolve().with_name("test_phrases.py")))
"""This file and its test, which have to name the phrases."""

RULES = {
    r"(?<!there )(?<!There )\b(?:is|are) no (?!longer\b|more\b|less\b|such\b|different\b|way\b)\w+": "is not a ...",
    r"(?<!there )\b(?:is|are) none\b": "is not one, there is no ...",
    r"\b(?:ours|theirs)\b": "the name of whose it is",
    r"\bof yours\b": "one of your ..., your ...",
    r"\banother [\w` -]{1,24} than\b": "does not match, differs from",
    r"\bmistake in\b": "bug in",
    r"\b[Ll]ook after\b": "check",
    r"\b(?:its|their|the) papers\b": "companion files, release files",
    r"\bat hand\b": "available",
    r"\b(?:bears?|bore) (?:an?|the|no|its)\b": "has",
    r"\blends?\b|\bdeals? out\b": "gives",
    r"\b[Ww]hoever\b": "a process that, anyone who",
    r"(?:^|[.:;] |(?<!/)// |# )Who (?!am\b|are\b)[a-z]+s?\b(?=[^?]*$)": "A user who, A process that",
    r"\bhow it is told\b|\b(?:is|are) told (?:by|from|apart|as)\b": "is detected, is recognised",
    r"\b[Ww]hat (?:is|are) wrong is\b|\bthat there (?:are|is)(?=[.,;:)]|$)": "existing, all",
    r"\b[Tt]he peer\b": "its name",
    r"\b(?:has|have) to be\b": "must be",
    r"\bcount(?:s|ed)? from the\b": "is relative to",
    r"\b(?:below|behind) the word\b": "under, after",
    r"\bleaves? it at that\b": "stays as it is",
    r"\bnot there any ?more\b": "no longer exists",
    r"\bnevertheless\b|\ball the same\b": "anyway, still",
    r"\bSPEC\b(?:\.md| section| allows)?": "the page in docs/",
    r"\bsomething else than\b": "anything but, differs from",
    r"\b(?:be|are|is) had\b|\bnetwork may not be used\b": "available, comes from",
    r"\bout to do harm\b": "malicious",
    r"\b[Hh]ands? over at once\b": "starts it directly",
    r"\bis there twice\b": "appears twice",
    r"\bis told so\b|\bhas no place in\b": "is reported, is not allowed in",
    r"\bnobody of us\b|\bof everybody\b": "no maintainer, of every user",
    r"\bin vain\b": "for nothing",
    r"\bmust not be needed\b": "is not needed: `must not` forbids",
    r"\b(?:so|and|for|:) who (?:does|may|can|starts|moves)\b|\bas a user who may\b": "a user who ...",
    r"\b(?:is|are) told\b(?! to)": "is reported, learns",
    r"\bas everywhere\b|\bsay so in one line\b": "the usual meaning, print a note",
}
"""Pattern of a phrase -> what to write instead."""

_COMPILED = [(re.compile(pattern), instead) for pattern, instead in RULES.items()]


def find_phrases(text: str) -> Iterator[tuple[int, str, str]]:
    """Find the phrases in a text.

    :returns: number of the line, the phrase, what to write instead.
    """
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in _COMPILED:
            for match in pattern.finditer(line):
                yield number, match.group().strip(), instead


def list_texts() -> list[Path]:
    """List the texts under version control."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return [path for path in paths if path.suffix in SUFFIXES and path not in OWN and path.is_file()]


def main() -> int:
    """Print what was found; the exit status is 1 if there is anything."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {phrase!r}, better: {instead}"
        for path in list_texts()
        for number, phrase, instead in find_phrases(path.read_text(encoding="utf-8", errors="replace"))
    ]
    print("\n".join(found) or "no phrase that reads as translated")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

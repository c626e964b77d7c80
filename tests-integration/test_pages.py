"""The rule for commands of the documentation, and what its tests take for the same output."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.pages import Block, Shown, find_blocks, find_commands, list_pages, read_page

PAGE = """
1. A list:

    ```console
    $ one \\
        --flag
    printed
    $ two
    ```

```toml title="a/b.toml"
x = 1
```

```yaml title="examples/c.yaml"
--8<-- "examples/c.yaml"
```

<!-- status 3 -->
```console
$ three
…
last
$ four
```

<!-- not run: it needs a Mac -->

```console
$ five
```
"""
NOTES = re.compile(r"not run: \w+( \S+)+|status [1-9]\d*")


def test_commands_are_found_in_lists_and_over_several_lines() -> None:
    found = [list(find_commands(block)) for block in find_blocks(PAGE) if block.is_run]
    assert found == [
        [Shown(command="one \\\n    --flag", output="printed\n"), Shown(command="two", output="")],
        [Shown(command="three", output="…\nlast\n"), Shown(command="four", output="", status=3)],
    ]
    assert [(block.title, block.text) for block in find_blocks(PAGE) if block.is_written] == [("a/b.toml", "x = 1\n")]


def test_a_block_without_an_end_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 3"):
        list(find_blocks("\n\n```console\n$ one\n"))


def find_faults(block: Block) -> list[str]:
    """Say what keeps tests from running the commands of a block."""
    faults = []
    has_commands = re.search(r"^[$>] ", block.text, re.MULTILINE) is not None
    if block.language == "console" and block.is_run and not block.text.startswith("$ "):
        faults.append("does not begin with a command: $ COMMAND")
    if block.language != "console" and (has_commands or block.language in ("sh", "bash", "shell")):
        faults.append("has commands: its language is console")
    if block.note and block.language == "console" and not NOTES.fullmatch(block.note):
        faults.append(f"has a note that tests do not know: {block.note}")
    return faults


@pytest.mark.parametrize("page", list_pages())
def test_every_command_of_a_page_is_run_or_says_why_not(page: str) -> None:
    faults = {block.line: find_faults(block) for block in find_blocks(read_page(page))}
    assert {line: found for line, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    "block",
    [
        Block(1, "sh", "", "", "one\n"),
        Block(1, "text", "", "", "$ one\n"),
        Block(1, "console", "", "", "> one\n"),
        Block(1, "console", "", "not run:", "$ one\n"),
        Block(1, "console", "", "later", "$ one\n"),
    ],
)
def test_a_command_cannot_hide(block: Block) -> None:
    assert find_faults(block)


@given(st.text(alphabet=st.characters(exclude_characters="…\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")))
def test_a_page_that_shows_what_was_printed_matches(text: str) -> None:
    assert Shown(command="x", output=text).matches(text)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("stamp 4c8b9f18f436 intact\n", "stamp 000000000000 intact\n"),
        ("the same 36,015 bytes\n", "the same 7 bytes\n"),
        ("…\nlast\n", "first\nsecond\nlast\n"),
        ("…\nlast\n", "last\n"),
        ("at …/demo\n", "at /home/me/demo\n"),
        ("", "whatever\n"),
    ],
)
def test_digests_sizes_and_what_is_left_out_may_differ(shown: str, printed: str) -> None:
    assert Shown(command="x", output=shown).matches(printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("ok\n", "ok\nand more\n"),
        ("ok\n", ""),
        ("…\nlast\n", "whatever\n"),
        ("12 archives\n", "13 archives\n"),
        ("4c8b9f18f436\n", "4c8b9f18f4360\n"),
        ("…\nlast\n", "last\nand more\n"),
        ("a.b\n", "axb\n"),
    ],
)
def test_anything_else_may_not(shown: str, printed: str) -> None:
    assert not Shown(command="x", output=shown).matches(printed)

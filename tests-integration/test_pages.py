"""What the tests of the documentation take for the same output, and how they read a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.pages import Shown, find_commands, find_files

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

```sh
not run
```

```console
$ three
…
last
```
"""


def test_commands_are_found_in_lists_and_over_several_lines() -> None:
    assert list(find_commands(PAGE)) == [
        Shown(command="one \\\n    --flag", output="printed\n"),
        Shown(command="two", output=""),
        Shown(command="three", output="…\nlast\n"),
    ]
    assert find_files(PAGE) == [("a/b.toml", "x = 1\n")]


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
    ],
)
def test_digests_sizes_and_what_is_left_out_may_differ(shown: str, printed: str) -> None:
    assert Shown(command="x", output=shown).matches(printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("ok\n", "ok\nand more\n"),
        ("ok\n", ""),
        ("12 archives\n", "13 archives\n"),
        ("4c8b9f18f436\n", "4c8b9f18f4360\n"),
        ("…\nlast\n", "last\nand more\n"),
        ("a.b\n", "axb\n"),
    ],
)
def test_anything_else_may_not(shown: str, printed: str) -> None:
    assert not Shown(command="x", output=shown).matches(printed)

from __future__ import annotations

from pathlib import Path

import pytest

from cs_manifest import CONFIG_KEYS, ConfigKey
from cs_manifest._errors import ERROR_KINDS

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"


def test_no_name_is_used_twice() -> None:
    names = [name for key in CONFIG_KEYS for name in key.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("key", CONFIG_KEYS, ids=lambda key: key.name)
def test_every_key_says_what_it_is_and_what_holds_without_it(key: ConfigKey) -> None:
    assert key.help
    assert not key.help.endswith(".")
    assert key.required or key.default is not None or key.default_text
    assert (key.value_type == "choice") == bool(key.choices)
    assert not key.choices or key.default == key.choices[0]
    assert all(f"`{word}`" in key.help for word in key.choices)
    assert key.flags[0] == f"--{key.name}"


def test_the_reference_page_has_every_kind_of_error() -> None:
    text = REFERENCE.with_name("errors.md").read_text(encoding="utf-8")
    assert [kind for kind in ERROR_KINDS if f"\n### {kind}\n" not in text] == []

from __future__ import annotations

import pytest

from cs_manifest import CONFIG_KEYS, ConfigKey


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

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_manifest._values import check_identifier, check_packages, check_url, check_version

anything = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3)


@given(anything)
def test_an_identifier_is_what_the_contract_says(value: object) -> None:
    is_identifier = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._\-]*", value, re.ASCII)
    if is_identifier:
        assert check_identifier(value) == value
    else:
        with pytest.raises(ValueError, match=r"string|ASCII"):
            check_identifier(value)


@given(anything)
def test_every_check_returns_or_raises_a_value_error(value: object) -> None:
    for check in (check_packages, check_url, check_version):
        with contextlib.suppress(ValueError):
            check(value)


def test_a_trailing_newline_is_not_part_of_an_identifier() -> None:
    with pytest.raises(ValueError, match="control characters"):
        check_identifier("demo\n")


@pytest.mark.parametrize("url", ["https://example.com", "http://localhost:8000/a?b#c", "https://[::1]/"])
def test_urls_are_accepted(url: str) -> None:
    assert check_url(url) == url

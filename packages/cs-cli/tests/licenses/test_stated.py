"""What packages state as their licence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_cli.licenses.stated import normalize_expression, read_license


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("MIT", "MIT"),
        ("mit and (apache-2.0 OR bsd-3-clause)", "MIT AND (Apache-2.0 OR BSD-3-Clause)"),
        ("GPL-3.0-only WITH GCC-exception-3.1", "GPL-3.0-only WITH GCC-exception-3.1"),
        ("LicenseRef-Public-Domain", "LicenseRef-Public-Domain"),
        ("BSD 3-Clause", None),
        ("MIT / Apache", None),
        ("MIT OR", None),
    ],
)
def test_a_text_is_an_expression_only_if_spdx_has_it(text: str, expression: str | None) -> None:
    license = read_license(text)
    assert license is not None
    assert (license.text, license.expression) == (text, expression)


@pytest.mark.parametrize("text", [None, "", " \n", "UNKNOWN", "None"])
def test_nothing_is_not_a_licence(text: str | None) -> None:
    assert read_license(text) is None


def test_a_text_is_on_one_line() -> None:
    license = read_license(" Some\n  licence\t1 ")
    assert license is not None
    assert license.text == license.label == "Some licence 1"


@given(st.text(st.sampled_from("MIT ()+-ANDORWITH.licenseref\n\x1b"), max_size=60))
def test_whatever_is_stated_has_a_normal_form_or_none(text: str) -> None:
    expression = normalize_expression(text)
    assert expression is None or normalize_expression(expression) == expression


@pytest.mark.parametrize("text", ["(" * 5000 + "MIT" + ")" * 5000, " OR ".join(["MIT"] * 5000)])
def test_an_endless_expression_is_a_text(text: str) -> None:
    assert normalize_expression(text) is None

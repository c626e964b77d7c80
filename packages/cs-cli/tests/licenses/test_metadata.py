"""The licence in the metadata of a wheel."""

from __future__ import annotations

from email.parser import HeaderParser

import pytest

from cs_cli.licenses.classifiers import SPDX_OF_CLASSIFIERS
from cs_cli.licenses.metadata import find_license
from cs_cli.licenses.stated import normalize_expression

OSI = "Classifier: License :: OSI Approved"


@pytest.mark.parametrize(
    ("headers", "license"),
    [
        ("License-Expression: MIT\nLicense: other\n", "MIT"),
        ("License-Expression: not one\n" + f"{OSI} :: MIT License\n", "not one"),
        ("License: BSD-3-Clause\n", "BSD-3-Clause"),
        (f"License: MIT license\n{OSI} :: MIT License\n", "MIT"),
        (f"License: MIT license\n{OSI} :: BSD License\n", "MIT license"),
        (f"{OSI} :: GNU General Public License v3 or later (GPLv3+)\n", "GPL-3.0-or-later"),
        (f"{OSI}\n{OSI} :: MIT License\n", "MIT"),
        (f"{OSI} :: MIT License\n{OSI} :: ISC License (ISCL)\n", "MIT License, ISC License (ISCL)"),
        ("License: UNKNOWN\n", None),
        ("", None),
    ],
)
def test_an_expression_comes_first_wherever_it_is(headers: str, license: str | None) -> None:
    assert find_license(HeaderParser().parsestr(headers)) == license


def test_classifiers_stand_for_licences_of_the_spdx_list() -> None:
    assert {one: normalize_expression(one) for one in SPDX_OF_CLASSIFIERS.values()} == {
        one: one for one in SPDX_OF_CLASSIFIERS.values()
    }

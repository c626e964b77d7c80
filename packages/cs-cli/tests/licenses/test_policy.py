"""``deny-licenses``, by the rules of SPDX."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_cli.errors import CliError
from cs_cli.licenses.policy import LicensePolicy, read_policy
from cs_cli.licenses.stated import read_license


def denies(policy: LicensePolicy, text: str) -> bool:
    return policy.denies(read_license(text))


IDENTIFIERS = ["MIT", "GPL-3.0-only", "Apache-2.0", "MPL-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"]


@dataclass(frozen=True)
class Tree:
    """An expression of which is known what it means."""

    operator: str
    parts: tuple[Tree | str, ...]

    def write(self) -> str:
        texts = (f"({one.write()})" if isinstance(one, Tree) else one for one in self.parts)
        return f" {self.operator} ".join(texts)

    def is_denied(self, denied: set[str]) -> bool:
        parts = [one.is_denied(denied) if isinstance(one, Tree) else one in denied for one in self.parts]
        return all(parts) if self.operator == "OR" else any(parts)


TREES: st.SearchStrategy[Tree | str] = st.recursive(
    st.sampled_from(IDENTIFIERS),
    lambda inner: st.builds(Tree, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    max_leaves=8,
)


@settings(deadline=None)
@given(TREES, st.sets(st.sampled_from(IDENTIFIERS)))
def test_one_allowed_alternative_is_enough_and_one_denied_part_is_too_much(tree: Tree | str, denied: set[str]) -> None:
    text = tree.write() if isinstance(tree, Tree) else tree
    expected = tree.is_denied(denied) if isinstance(tree, Tree) else tree in denied
    assert denies(read_policy(denied), text) == expected


def test_and_binds_more_tightly_than_or() -> None:
    policy = read_policy(["MIT"])
    assert not denies(policy, "Apache-2.0 OR ISC AND MIT")
    assert denies(policy, "(Apache-2.0 OR ISC) AND MIT")


FORMS = {
    "GPL-3.0": {"GPL-3.0", "GPL-3.0+", "GPL-3.0-only", "GPL-3.0-or-later"},
    "gpl-3.0-only": {"GPL-3.0", "GPL-3.0-only"},
    "GPL-3.0-or-later": {"GPL-3.0+", "GPL-3.0-or-later"},
    "GPL-3.0+": {"GPL-3.0+", "GPL-3.0-or-later"},
    "GPL-3.0 WITH GCC-exception-3.1": {
        "GPL-3.0-only WITH GCC-exception-3.1",
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "GPL-3.0-with-GCC-exception",
    },
    "LGPL-3.0": set[str](),
    "MPL-2.0": {"MPL-2.0", "MPL-2.0+"},
    "LicenseRef-Own": {"licenseref-own", "LicenseRef-OWN"},
}
ALL_FORMS = sorted({form for forms in FORMS.values() for form in forms})


@pytest.mark.parametrize("entry", FORMS)
def test_an_entry_denies_its_own_forms_and_no_other(entry: str) -> None:
    policy = read_policy([entry])
    assert {form for form in ALL_FORMS if denies(policy, form)} == FORMS[entry]


def test_what_is_not_spdx_is_denied_only_as_unknown() -> None:
    for text in ("BSD", None, "GPLv3"):
        assert not read_policy(["GPL-3.0"]).denies(read_license(text))
        assert read_policy(["unknown"]).denies(read_license(text))
    assert not denies(read_policy(["unknown"]), "MIT")
    assert read_policy([]).is_empty
    assert not read_policy(["unknown"]).is_empty


@pytest.mark.parametrize(
    ("entry", "suggestion"),
    [
        ("GPL-3", "did you mean 'GPL-3.0'?"),
        ("apache2.0", "did you mean 'Apache-2.0'?"),
        ("completely unlike anything", None),
        ("Apache-2.0 WITH LLVM-excepton", "did you mean 'LLVM-exception'?"),
        ("Apache-2 WITH LLVM-exception", "did you mean 'Apache-2.0'?"),
        ("", None),
        ("GPL", "name each version: GPL-1.0, GPL-2.0, GPL-3.0"),
    ],
)
def test_an_unknown_licence_is_an_error_with_a_suggestion(entry: str, suggestion: str | None) -> None:
    with pytest.raises(CliError) as caught:
        read_policy(["MIT", entry, *(f"another {number}" for number in range(9))])
    assert caught.value.message == f"{entry!r} is not a licence of the SPDX list"
    assert caught.value.hint == suggestion


@pytest.mark.parametrize("entry", ["MIT OR ISC", "MIT AND ISC", "(MIT)"])
def test_an_entry_is_one_licence(entry: str) -> None:
    with pytest.raises(CliError, match="is not a licence of the SPDX list"):
        read_policy([entry])

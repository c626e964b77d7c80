"""Why packages ship."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cli_projects import add_pypi
from cli_samples import Channel, inspect_options, make_workspace
from cs_cli.companions.dependencies import DependencyGraph
from cs_cli.inspection.ownership import find_owners
from cs_cli.inspection.reasons import Reasons, find_reasons
from cs_cli.inspection.summary import inspect_derivation
from cs_cli.project.derivation import derive_project

NAMES = st.integers(0, 11).map(lambda number: f"conda:p{number}")
EDGES = st.dictionaries(NAMES, st.frozensets(NAMES, max_size=4), min_size=1)


def reach(edges: Mapping[str, Iterable[str]], roots: Iterable[str]) -> set[str]:
    found, ahead = set[str](), [*roots]
    while ahead:
        if (key := ahead.pop()) not in found:
            found.add(key)
            ahead += edges.get(key, ())
    return found


@st.composite
def make_reasons(draw: st.DrawFn) -> Reasons:
    """Make reasons among a dozen packages, all of which the roots lead to."""
    edges = draw(EDGES)
    roots = draw(st.frozensets(st.sampled_from(sorted(edges)), min_size=1))
    present = reach(edges, roots)
    needs = {key: frozenset(edges.get(key, frozenset()) - {key}) for key in present}
    graph = DependencyGraph(needs, dict.fromkeys(roots, ("ship",)), roots, frozenset())
    return Reasons(platform="linux-64", graph=graph)


@given(make_reasons())
def test_a_chain_leads_from_a_root_along_real_edges(reasons: Reasons) -> None:
    for key in reasons.graph.needs:
        for chain in reasons.explain(key):
            assert (chain[0] in reasons.graph.roots, chain[-1]) == (True, key)
            assert all(after in reasons.graph.needs[before] for before, after in pairwise(chain))


@given(make_reasons())
def test_each_root_that_leads_to_a_package_has_one_chain_and_no_way_is_shorter(reasons: Reasons) -> None:
    needs = reasons.graph.needs
    for key in needs:
        lengths = {chain[0]: len(chain) for chain in reasons.explain(key)}
        assert len(lengths) == len(reasons.explain(key)) > 0
        for root in reasons.graph.roots:
            level, steps = {root}, 1
            while key not in level and steps <= len(needs):
                level, steps = {after for before in level for after in needs[before]}, steps + 1
            assert lengths.get(root) == (steps if key in level else None)


@given(make_reasons())
def test_a_package_owns_what_would_go_if_it_were_excluded(reasons: Reasons) -> None:
    needs, roots = reasons.graph.needs, reasons.graph.roots
    for key in needs:
        others = {one: needed - {key} for one, needed in needs.items() if one != key}
        assert {key, *reasons.owned[key]} == set(needs) - reach(others, roots - {key})


@given(make_reasons())
def test_an_owner_is_the_nearest_of_all(reasons: Reasons) -> None:
    for key, owner in find_owners(reasons.graph.needs, reasons.graph.roots).items():
        others = [one for one, owned in reasons.owned.items() if key in owned]
        assert (owner is None) == (not others)
        assert all(one == owner or owner in reasons.owned[one] for one in others)


@given(make_reasons())
def test_who_needs_a_package_is_what_has_it_among_its_needs(reasons: Reasons) -> None:
    for key, users in reasons.needed_by.items():
        assert users == tuple(sorted(user for user, needs in reasons.graph.needs.items() if key in needs))


def test_packages_of_both_kinds_have_reasons(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    add_pypi(made, "https://files.pythonhosted.org/a-1.0-py3-none-any.whl", "a", version="1.0", sha256="a" * 64)
    add_pypi(made, "./project", "project", version="1.0", requires_dist=["a>=1"])
    derivation = derive_project(inspect_options("--root", str(made.write())), strict=False)
    (platform,) = inspect_derivation(derivation, platform=None).platforms
    reasons = find_reasons(derivation, platform)
    assert reasons.explain("pypi:a") == (("pypi:project", "pypi:a"),)
    assert reasons.explain("conda:libz")[0] == ("conda:python", "conda:libz")
    assert reasons.graph.requested["conda:hello"] == ("ship",)
    assert reasons.owned["pypi:project"] == ("pypi:a",)
    assert reasons.needed_by["pypi:a"] == ("pypi:project",)

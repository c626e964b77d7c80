from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cs_lock._exclusions import KeptPackage, LostDependency, explain_exclusions, find_dropped

GRAPH = {
    "app": {"solver", "base"},
    "solver": {"mamba", "base", "fmt"},
    "mamba": {"fmt", "spdlog"},
    "spdlog": {"fmt"},
    "fmt": set[str](),
    "base": set[str](),
}

_names = st.sampled_from("abcdefgh")
_graphs = st.dictionaries(_names, st.sets(_names)).map(
    lambda graph: {name: {need for need in needs if need in graph and need < name} for name, needs in graph.items()}
)


def drop_naively(needs: dict[str, set[str]], exclude: set[str], requested: set[str]) -> set[str]:
    """Drop to a fixed point as the specification says it, for graphs without circles."""
    dropped = exclude & needs.keys()
    while True:
        users = {name: {user for user in needs if name in needs[user]} for name in needs}
        more = {name for name in needs if users[name] and users[name] <= dropped} - dropped - requested
        if not more:
            return dropped
        dropped |= more


def test_drops_what_only_dropped_packages_need() -> None:
    assert find_dropped(GRAPH, ["solver"], []) == {"solver", "mamba", "spdlog", "fmt"}


def test_keeps_what_the_workspace_requests() -> None:
    assert find_dropped(GRAPH, ["solver"], ["spdlog"]) == {"solver", "mamba"}


def test_drops_a_requested_package_that_is_named() -> None:
    assert find_dropped(GRAPH, ["mamba"], ["mamba"]) == {"mamba", "spdlog"}


def test_drops_a_circle_that_nothing_else_needs() -> None:
    graph = {"x": {"a"}, "a": {"b"}, "b": {"a", "c"}, "c": set[str](), "y": {"c"}}
    assert find_dropped(graph, ["x"], []) == {"x", "a", "b"}


def test_unknown_names_drop_nothing() -> None:
    assert find_dropped(GRAPH, ["nothing"], ["nobody"]) == set()


def test_explains_what_went_what_stayed_and_who_lost_something() -> None:
    graph = {**GRAPH, "tool": {"mamba"}}
    dropped = find_dropped(graph, ["solver", "mamba"], ["fmt"])
    mamba, solver = explain_exclusions(graph, ["solver", "mamba"], ["fmt"], dropped, "linux-64")
    assert (solver.name, solver.platform, solver.removed) == ("solver", "linux-64", ("mamba", "spdlog"))
    assert solver.kept == (
        KeptPackage(name="base", needed_by=("app",), requested=False),
        KeptPackage(name="fmt", needed_by=(), requested=True),
    )
    assert solver.broken == (
        LostDependency(package="app", dependency="solver"),
        LostDependency(package="tool", dependency="mamba"),
    )
    assert (mamba.removed, mamba.broken) == (("spdlog",), (LostDependency(package="tool", dependency="mamba"),))


@given(_graphs, st.sets(_names), st.sets(_names))
def test_agrees_with_the_specification(graph: dict[str, set[str]], exclude: set[str], requested: set[str]) -> None:
    assert find_dropped(graph, exclude, requested) == drop_naively(graph, exclude, requested)


@given(_graphs, st.sets(_names), st.sets(_names))
def test_every_dropped_package_is_explained(graph: dict[str, set[str]], exclude: set[str], requested: set[str]) -> None:
    dropped = find_dropped(graph, exclude, requested)
    explained = explain_exclusions(graph, exclude, requested, dropped, "linux-64")
    assert {name for e in explained for name in (e.name, *e.removed)} == dropped
    for exclusion in explained:
        for kept in exclusion.kept:
            assert kept.name not in dropped
            assert kept.requested or kept.needed_by or not set(exclude) & set(graph)

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from cs_lock._order import sort_by_dependency

_names = st.sampled_from([*"abcdefghij", "python"])
_graphs = st.dictionaries(_names, st.sets(_names)).map(
    lambda graph: {name: needs & graph.keys() for name, needs in graph.items()}
)


def reach(graph: dict[str, set[str]], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for need in graph[waiting.pop()] - found:
            found.add(need)
            waiting.append(need)
    return found


def test_dependencies_come_first_and_ties_go_by_name() -> None:
    assert sort_by_dependency({"z": [], "a": ["m"], "m": ["z"], "b": []}) == ["b", "z", "m", "a"]


def test_a_circle_is_entered_at_python() -> None:
    graph = {"aaa": ["pip"], "pip": ["python"], "python": ["pip", "zlib"], "zlib": []}
    assert sort_by_dependency(graph) == ["zlib", "python", "pip", "aaa"]


def test_a_circle_that_needs_another_circle_comes_after_it() -> None:
    graph = {"a": ["b"], "b": ["a", "x"], "x": ["y"], "y": ["x"]}
    assert sort_by_dependency(graph) == ["x", "y", "a", "b"]


def test_a_package_that_needs_itself_is_no_circle() -> None:
    assert sort_by_dependency({"a": ["a"]}) == ["a"]


def test_ten_thousand_packages_in_one_line_and_in_one_circle() -> None:
    line = {f"p{i:05}": {f"p{i + 1:05}"} if i < 9999 else set() for i in range(10_000)}
    assert sort_by_dependency(line) == sorted(line, reverse=True)
    line["p09999"] = {"p00000"}
    assert sort_by_dependency(line)[0] == "p00000"


@given(_graphs)
def test_every_package_comes_after_what_it_needs_outside_circles(graph: dict[str, set[str]]) -> None:
    ordered = sort_by_dependency(graph)
    assert sorted(ordered) == sorted(graph)
    place = {name: index for index, name in enumerate(ordered)}
    for name, needs in graph.items():
        for need in needs:
            if name not in reach(graph, need):
                assert place[need] < place[name]


@given(_graphs, st.randoms(use_true_random=False))
def test_order_does_not_depend_on_the_order_of_the_input(graph: dict[str, set[str]], chance: random.Random) -> None:
    names = list(graph)
    chance.shuffle(names)
    shuffled = {name: sorted(graph[name], key=lambda _: chance.random()) for name in names}
    assert sort_by_dependency(shuffled) == sort_by_dependency(graph)

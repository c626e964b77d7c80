from __future__ import annotations

from cs_manifest._suggestions import did_you_mean, sort_by_nearness


def test_the_nearest_name_comes_first() -> None:
    assert sort_by_nearness("tset", ["docs", "test", "lint"])[0] == "test"


def test_nothing_is_suggested_when_nothing_is_similar() -> None:
    assert did_you_mean("layuot", ["layout", "runtime"]) == "did you mean 'layout'?"
    assert did_you_mean("xyzzy", ["layout", "runtime"]) is None
    assert did_you_mean("x" * 10**6, ["layout"]) is None


def test_the_dashes_of_flags_do_not_make_them_similar() -> None:
    assert did_you_mean("--foo", ["--color"]) is None
    assert did_you_mean("-layuot", ["--layout"]) == "did you mean '--layout'?"

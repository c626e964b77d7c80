"""Levels of microarchitectures, judged against archspec, from which conda and rattler have them."""

from __future__ import annotations

import pytest

from cs_lock._microarchitectures import X86_64_LEVELS

cpu = pytest.importorskip("archspec.cpu", reason="needs archspec")
FAMILY = {name: target for name, target in cpu.TARGETS.items() if target.family.name == "x86_64"}


@pytest.mark.parametrize("name", sorted(X86_64_LEVELS))
def test_a_level_is_the_highest_that_archspec_knows_of_the_microarchitecture(name: str) -> None:
    target = FAMILY[name]
    lineage = {name, *(ancestor.name for ancestor in target.ancestors)}
    assert X86_64_LEVELS[name] == max(X86_64_LEVELS[one] for one in lineage if one.startswith("x86_64"))


@pytest.mark.parametrize("name", sorted(X86_64_LEVELS))
def test_a_microarchitecture_has_the_features_of_its_level_and_not_of_the_next(name: str) -> None:
    levels = [FAMILY[level].features for level in ("x86_64", "x86_64_v2", "x86_64_v3", "x86_64_v4")]
    has = [features <= FAMILY[name].features for features in levels]
    assert has == [number < X86_64_LEVELS[name] for number in range(4)]


def test_no_microarchitecture_is_missing() -> None:
    assert set(FAMILY) == set(X86_64_LEVELS)

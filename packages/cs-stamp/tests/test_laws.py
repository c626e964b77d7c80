"""What holds for every stamp."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs_stamp import DamagedStampError, Header, NotStampedError, Plan, StampError, verify_stamp
from cs_stamp._header import CHOICES
from cs_stamp._layout import FOOTER_SIZE_BYTES, MAGIC, PART_TAGS
from stamp_samples import TEMPLATE_BYTES, Workbench, make_header, make_package, make_plan, make_wheel

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
IN_PLACE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)

HEADERS = st.builds(
    make_header,
    runtime=NAME,
    install_name=NAME,
    delegate=NAME,
    runtime_version=TEXT,
    docs_url=st.none() | TEXT,
    condarc=st.none() | TEXT,
    channels=st.lists(TEXT, max_size=3).map(tuple),
    installed_size_bytes=st.none() | st.integers(0, (1 << 63) - 1),
    # Layout and bytecode say which parts there are.
    **{name: st.booleans() for name, kind in get_type_hints(Header).items() if kind is bool},
    **{name: st.sampled_from(words) for name, words in CHOICES.items() if name not in ("layout", "bytecode")},
)
PLANS = st.builds(
    lambda records, specs, wheels: make_plan(
        *(make_package(f"p{index}", record=record) for index, record in enumerate(records)),
        requested_specs=tuple(sorted(specs)),
        wheels=tuple(make_wheel(f"p{index}", **fields) for index, fields in enumerate(wheels)),
    ),
    st.lists(st.dictionaries(TEXT, JSON, max_size=4), min_size=1, max_size=3),
    st.lists(TEXT, max_size=3),
    st.lists(
        st.fixed_dictionaries({}, optional={"size_bytes": st.integers(0, 1 << 62), "direct_url": st.none() | TEXT}),
        max_size=3,
    ),
)


@given(HEADERS)
def test_any_header_survives_a_round_trip(header: Header) -> None:
    assert Header.from_bytes(header.to_bytes()) == header


@given(PLANS)
def test_any_plan_survives_a_round_trip(plan: Plan) -> None:
    assert Plan.from_bytes(plan.to_bytes()) == plan


@IN_PLACE
@given(header=HEADERS, plan=PLANS, lock=st.binary(max_size=200), trailing=st.binary(max_size=600))
def test_any_stamp_survives_a_round_trip(
    bench: Workbench, header: Header, plan: Plan, lock: bytes, trailing: bytes
) -> None:
    info = bench.stamp(header=header, plan=plan, lock=lock)
    with bench.out.open("ab") as file:
        file.write(trailing)
    report = verify_stamp(bench.out)
    assert (report.identity, report.header, report.plan) == (info.identity, header, plan)
    assert report.trailing_size_bytes == len(trailing)


@IN_PLACE
@given(data=st.data())
def test_any_flipped_byte_is_refused_with_its_part(bench: Workbench, data: Any) -> None:
    info = bench.stamp_full()
    good = bench.out.read_bytes()
    position = data.draw(st.integers(len(TEMPLATE_BYTES), len(good) - 1))
    mask = data.draw(st.integers(1, 255))
    bad = bytearray(good)
    bad[position] ^= mask
    bench.out.write_bytes(bad)
    footer = len(good) - FOOTER_SIZE_BYTES
    if footer <= position < footer + len(MAGIC):
        with pytest.raises(NotStampedError):
            verify_stamp(bench.out)
        return
    with pytest.raises(DamagedStampError) as caught:
        verify_stamp(bench.out)
    assert caught.value.part == part_at(info.part_sizes_bytes, position - len(TEMPLATE_BYTES))


def part_at(sizes_bytes: dict[str, int], offset: int) -> str:
    """Return the part that holds a byte of the stamp."""
    for tag in PART_TAGS:
        if offset < sizes_bytes[tag]:
            return tag
        offset -= sizes_bytes[tag]
    return "footer"


@IN_PLACE
@given(data=st.data())
def test_any_truncation_is_refused(bench: Workbench, data: Any) -> None:
    bench.stamp_full()
    good = bench.out.read_bytes()
    bench.out.write_bytes(good[: data.draw(st.integers(0, len(good) - 1))])
    with pytest.raises((DamagedStampError, NotStampedError)):
        verify_stamp(bench.out)


@IN_PLACE
@given(junk=st.binary(max_size=2000))
def test_any_file_gives_an_error_of_this_package(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "junk"
    path.write_bytes(junk + MAGIC + junk)
    with pytest.raises(StampError):
        verify_stamp(path)

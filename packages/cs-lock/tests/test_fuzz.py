"""Whatever a lock contains: it is read, or it is refused with one error of this package."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cs_lock import LockError, derive, read_lock
from lock_samples import build_package, render_source
from pypi_samples import in_version, python, wheel

PACKAGES = [
    build_package("a", "b >=1", track_features=["x"], purls=["pkg:pypi/a"], extra_depends={"t": ["c"]}),
    build_package("b", subdir="noarch", build="pyh_0", run_exports={"weak": ["b"]}),
    python(build_package),
]
SOURCES = [
    render_source({"default": {"linux-64": PACKAGES}}, version, foreign=[in_version(wheel("f", "a>1"), version)])
    for version in (1, 4, 5, 6, 7)
]
SNIPPETS = [*"\n :[]{}'\"|>~#\t\0é", "- ", "&a ", "*a", "!!x ", "null"]

# Each was found by this test, or is one of its kind.
FOUND = {
    "build_is_not_that_of_the_url": SOURCES[1].replace("build: pyh_0", "build:  yh_0"),
    "location_is_a_number_of_slashes": SOURCES[3].replace("https://conda.example.com/forge/linux-64/a", "////"),
    "location_is_empty": SOURCES[3].replace(
        "conda: https://conda.example.com/forge/linux-64/a-1.0-h0_0.conda", "conda: ''"
    ),
    "depends_are_null": SOURCES[3].replace("  - b >=1", "  - null"),
    "name_is_a_list": SOURCES[1].replace("name: a\n", "name: [a]\n"),
    "selector_is_null": SOURCES[3].replace("- conda: https://conda.example.com/forge/noarch", "- conda: ~ #"),
    "platform_has_no_list": SOURCES[3].replace("linux-64:\n", "linux-64: 1\n"),
    "run_exports_is_a_list": SOURCES[3].replace("  run_exports:\n    weak:\n", "  run_exports:\n"),
    "environment_is_null": SOURCES[3].replace("  default:\n", "  default:\n  other:\n"),
    **{f"time_is_in_seconds_{i}": one.replace("1700000000000", "170") for i, one in enumerate(SOURCES)},
    **{f"python_has_no_version_{i}": one.replace("version: 3.12.4", "version: ''") for i, one in enumerate(SOURCES)},
}


def read_anything(content: bytes) -> None:
    """Read, derive and render every environment; only our own error may come out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pixi.lock"
        path.write_bytes(content)
        refusals = []
        try:
            read_and_derive(path)
        except LockError as error:
            refusals.append(error)
        for refusal in refusals:
            assert refusal.kind
            assert refusal.path == path
            assert str(refusal)


def read_and_derive(path: Path) -> None:
    source = read_lock(path)
    for environment in source.environments:
        try:
            lock = derive(source, environment=environment, strict=False)
            assert all(str(problem) and problem.to_dict() for problem in lock.problems)
            assert all(record.to_record_json() for p in lock.platforms for record in lock.packages(p))
            rendered = lock.render()
        except LockError:
            continue
        # What is written must be readable, whatever it was made of.
        path.write_bytes(rendered)
        assert derive(read_lock(path), environment="default").render() == rendered


def test_what_fuzzing_found_stays_found() -> None:
    for content in FOUND.values():
        read_anything(content.encode())


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(SOURCES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(SNIPPETS)), max_size=4),
)
def test_edited_lock_is_read_or_refused(source: str, edits: list[tuple[float, int, str]]) -> None:
    text = source
    for place, length, snippet in edits:
        start = int(place * len(text))
        text = text[:start] + snippet + text[start + length :]
    read_anything(text.encode())


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(SOURCES), st.floats(0, 1))
def test_truncated_lock_is_read_or_refused(source: str, place: float) -> None:
    read_anything(source[: int(place * len(source))].encode())


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(SOURCES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_lock_with_flipped_bytes_is_read_or_refused(source: str, flips: list[tuple[float, int]]) -> None:
    data = bytearray(source.encode())
    for place, value in flips:
        data[int(place * len(data))] = value
    read_anything(bytes(data))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60))
@example(b"\xff\xfe")
@example(b"version: 1")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_anything(data)


_values = st.recursive(
    st.sampled_from(["", "a", "1", "-1", "null", "x: y", "https://x/linux-64/a-1-0.conda", "é"])
    | st.none()
    | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "conda", "url", "name"]), inner),
    max_leaves=6,
)
_FIELDS = """
conda pypi conda_source name version build build_number subdir noarch sha256 depends purls run_exports
extra_depends timestamp channel track_features file_name other
"""
_fields = st.sampled_from(_FIELDS.split())


@settings(deadline=None, max_examples=200)
@given(st.lists(st.dictionaries(_fields, _values, max_size=5), max_size=3), st.sampled_from([1, 4, 6, 7]))
def test_entries_with_any_values_are_read_or_refused(entries: list[dict[str, Any]], version: int) -> None:
    import yaml

    document = {
        "version": version,
        "platforms": [{"name": "linux-64"}],
        "environments": {"default": {"channels": [], "packages": {"linux-64": entries}}},
        "packages": entries,
    }
    read_anything(yaml.dump(document).encode())

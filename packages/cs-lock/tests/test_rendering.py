from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rattler import LockFile

from cs_lock import LockError, derive, read_lock
from cs_lock._blocks import Unsupported, parse_blocks
from cs_lock._events import parse_events
from cs_lock._scalars import quote_scalar

Make = Callable[..., Any]

AWKWARD = [
    *[
        "no",
        "on",
        "y",
        "Yes",
        "NULL",
        "~",
        "true",
        "1",
        "1.0",
        "1e5",
        "0x1F",
        "0o17",
        "012",
        ".5",
        ".inf",
        "-.inf",
        ".nan",
    ],
    *[
        "+1",
        "-1",
        "1_0",
        "1:30",
        "2024-01-01",
        "",
        " a",
        "a ",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "- a",
        "-a",
        "?",
        "? a",
        ":a",
    ],
    *["'a'", '"a"', "it's", "[a]", "a[b]", "{a}", "a, b", "*a", "&a", "!a", "|", ">=1", "<2", "==1", "%a", "@a", "`a`"],
    *[
        "a\\b",
        "Ünïcode",
        "日本",
        "a (b)",
        "MIT AND (BSD-3-Clause OR Apache-2.0)",
        "1.0.0",
        "3.11.*",
        "=3",
        "~=3",
        "...",
    ],
    *[
        "00" * 16,
        "12e45678901234567890123456789012",
        "---",
        "--- a",
        "Public-Domain, see https://x.org",
        "=",
        "<<",
        "0b1",
    ],
]

# What YAML 1.1 takes for booleans and keys; numbers and dates start with a sign, a dot or a digit.
WORDS = {"y", "n", "yes", "no", "on", "off", "=", "<<"}
RENDER = """
import sys, cs_lock
lock = cs_lock.derive(cs_lock.read_lock(sys.argv[1]), environment="ship")
sys.stdout.buffer.write(lock.render())
"""


@pytest.mark.parametrize("text", AWKWARD)
def test_scalar_reads_back_in_yaml_1_1_and_1_2(text: str) -> None:
    line = f"a: {quote_scalar(text)}\n"
    assert parse_events(line) == {"a": text}
    assert yaml.safe_load(line) == {"a": text}


@given(st.text(max_size=20))
@example("A \x1b")
@example("\x1f\U00010000")
def test_any_text_reads_back(text: str) -> None:
    line = f"a: {quote_scalar(text)}\n"
    assert yaml.safe_load(line) == {"a": text}
    if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text):
        with pytest.raises(LockError, match="a value contains the control character"):
            parse_events(line)
        return
    assert parse_events(line) == {"a": text}
    with suppress(Unsupported):
        assert parse_blocks(line) == {"a": text}


def write_and_reread(path: Path, tmp_path: Path, environment: str = "default") -> tuple[bytes, bytes]:
    """Return our lock, and what rattler makes of it."""
    own = derive(read_lock(path), environment=environment).render()
    (tmp_path / "own.lock").write_bytes(own)
    LockFile.from_path(tmp_path / "own.lock").to_path(tmp_path / "rattlers.lock")
    return own, (tmp_path / "rattlers.lock").read_bytes()


def assert_quoted_alike(own: bytes, rattlers: bytes) -> None:
    """Compare line by line; cs-lock may quote what YAML 1.1 does not read as text."""
    for own_line, rattlers_line in zip(own.decode().splitlines(), rattlers.decode().splitlines(), strict=True):
        value = rattlers_line.removeprefix("  license: ")
        is_ambiguous = value.lower() in WORDS or value[:1] in "+-.0123456789"
        assert own_line == rattlers_line or (own_line == f"  license: '{value}'" and is_ambiguous)


def test_awkward_texts_are_quoted_as_rattler_quotes_them(write_lock: Make, package: Make, tmp_path: Path) -> None:
    packages = [package(f"p{number}", license=text) for number, text in enumerate(AWKWARD)]
    assert_quoted_alike(*write_and_reread(write_lock({"default": {"linux-64": packages}}, 7), tmp_path))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8), min_size=1, max_size=40))
def test_any_ascii_text_is_quoted_as_rattler_quotes_it(
    write_lock: Make, package: Make, tmp_path: Path, texts: list[str]
) -> None:
    packages = [package(f"p{number:02}", license=text) for number, text in enumerate(texts)]
    assert_quoted_alike(*write_and_reread(write_lock({"default": {"linux-64": packages}}, 7), tmp_path))


@pytest.mark.parametrize("version", [1, 4, 5, 6, 7])
def test_every_version_becomes_what_rattler_writes(
    version: int, write_lock: Make, workspace: Any, tmp_path: Path
) -> None:
    own, rattlers = write_and_reread(write_lock(workspace, version), tmp_path, "ship")
    assert own.startswith(b"version: 7\nplatforms:\n- name: linux-64\n- name: osx-arm64\nenvironments:\n  default:\n")
    assert own.decode() == rattlers.decode()


def test_platforms_of_their_own_become_a_table(write_lock: Make, package: Make, tmp_path: Path) -> None:
    platforms = [{"name": "cuda", "subdir": "linux-64", "virtual-packages": ["__cuda >=12"]}, {"name": "win-64"}]
    environments = {"default": {"cuda": [package("a")], "win-64": [package("b", subdir="win-64")]}}
    own, rattlers = write_and_reread(write_lock(environments, 7, platforms=platforms), tmp_path)
    assert own.decode() == rattlers.decode()
    assert b"- name: cuda\n  subdir: linux-64\n  virtual-packages:\n  - __cuda >=12\n- name: win-64\n" in own


def test_every_field_is_written_where_rattler_writes_it(write_lock: Make, package: Make, tmp_path: Path) -> None:
    everything = package(
        "full",
        "b >=1",
        subdir="noarch",
        build="pyhd8_1",
        noarch="generic",
        build_number=7,
        constrains=["other <2"],
        features="mkl",
        track_features=["a", "b"],
        license_family="BSD",
        purls=["pkg:pypi/b", "pkg:pypi/a"],
        run_exports={"weak": ["full >=1"]},
        python_site_packages_path="lib/python3.11/site-packages",
        legacy_bz2_md5="0" * 32,
        legacy_bz2_size=12,
        extra_depends={"test": ["pytest", "hypothesis >6"]},
        channel="https://other.example.com/x",
    )
    path = write_lock({"default": {"linux-64": [everything, package("b")]}}, 7)
    text = path.read_text().replace("  sha256", "  build_number: 7\n  sha256", 1)
    path.write_text(text)
    own, rattlers = write_and_reread(path, tmp_path)
    assert own.decode() == rattlers.decode()
    assert b"run_exports:\n    weak:\n    - full >=1\n" in own


@given(st.permutations(["weak", "strong", "noarch", "weak_constrains", "strong_constrains"]), st.integers(1, 5))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_run_exports_are_in_the_order_of_rattler(
    write_lock: Make, package: Make, tmp_path: Path, names: list[str], count: int
) -> None:
    full = package("full", run_exports={name: [f"{name} >=1", "b"] for name in names[:count]})
    own, rattlers = write_and_reread(write_lock({"default": {"linux-64": [full]}}, 7), tmp_path)
    assert own.decode() == rattlers.decode()


def test_percent_encoded_file_names_read_back_in_rattler(write_lock: Make, package: Make, tmp_path: Path) -> None:
    url = "https://conda.example.com/forge/linux-64/x264-1%21164.3-h0_0.conda"
    own, _ = write_and_reread(write_lock({"default": {"linux-64": [package("x264", url=url)]}}, 6), tmp_path)
    environment = LockFile.from_path(tmp_path / "own.lock").environment("default")
    assert environment is not None
    (record,) = environment.conda_repodata_records()["linux-64"]
    assert (str(record.version), record.file_name, record.url) == ("1!164.3", "x264-1!164.3-h0_0.conda", url)
    assert b"  version: 1!164.3\n" in own


def test_fields_that_rattler_does_not_know_are_carried_and_do_not_disturb_it(
    write_lock: Make, package: Make, tmp_path: Path
) -> None:
    odd = package("a", mood="fine", tree={"x": [1, {"y": True}], "z": None}, words=["no", "1"])
    own, rattlers = write_and_reread(write_lock({"default": {"linux-64": [odd]}}, 7), tmp_path)
    assert b"  mood: fine\n" in own
    assert b"mood" not in rattlers
    (tmp_path / "again.lock").write_bytes(own)
    again = derive(read_lock(tmp_path / "again.lock"), environment="default")
    assert again.packages("linux-64")[0].extra == {
        "mood": "fine",
        "tree": {"x": [1, {"y": True}], "z": None},
        "words": ["no", "1"],
    }
    assert again.render() == own


def test_same_bytes_in_any_process(write_lock: Make, workspace: Any) -> None:
    path = write_lock(workspace, 4)
    outputs = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "Asia/Kathmandu"}
        run = subprocess.run(
            [sys.executable, "-c", RENDER, str(path)], capture_output=True, check=True, env=environment
        )
        outputs.add(run.stdout)
    assert outputs == {derive(read_lock(path), environment="ship").render()}


_AWKWARD_VALUES = st.sampled_from([*AWKWARD, "a/b", "1!2", "\u202e", "\t", "x" * 300, "conda-forge", "https://x.org/c"])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["build", "license", "license_family", "features", "channel", "python_site_packages_path", "noarch", "mood"]
        ),
        _AWKWARD_VALUES,
        max_size=2,
    ),
    st.dictionaries(
        st.sampled_from(["depends", "constrains", "flags", "track_features", "purls"]),
        st.lists(_AWKWARD_VALUES, max_size=2),
        max_size=2,
    ),
    st.dictionaries(
        st.sampled_from(["build_number", "size", "timestamp", "indexed_timestamp", "legacy_bz2_size"]),
        st.integers(0, 2**66) | st.sampled_from([2**53, 253_402_300_799, 253_402_300_800, 253_402_300_799_999]),
        max_size=2,
    ),
    st.sampled_from(["linux-64", "noarch"]),
    st.sampled_from([1, 6, 7]),
)
def test_rattler_reads_whatever_is_rendered(
    write_lock: Make,
    package: Make,
    tmp_path: Path,
    texts: dict[str, str],
    lists: dict[str, list[str]],
    numbers: dict[str, int],
    subdir: str,
    version: int,
) -> None:
    odd = package("odd", subdir=subdir, **lists, **numbers)
    lock = write_lock({"default": {"linux-64": [odd, package("python")]}}, version)
    # The URL stays as it is: only what the entry says is odd.
    entries = yaml.safe_load(lock.read_text())
    entries["packages"][0].update(texts)
    lock.write_text(yaml.safe_dump(entries, sort_keys=False, width=10**6))
    derived = derive(read_lock(lock), environment="default", strict=False)
    if not derived.errors:
        (tmp_path / "own.lock").write_bytes(derived.render())
        assert LockFile.from_path(tmp_path / "own.lock").environment("default") is not None

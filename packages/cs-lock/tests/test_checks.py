from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cs_lock import LockError, Problem, derive, read_lock

Make = Callable[..., Any]
CHANNEL = "https://conda.example.com/forge"


def problems_of(path: Any, **options: Any) -> tuple[Problem, ...]:
    return derive(read_lock(path), environment="default", strict=False, **options).problems


def test_a_sound_environment_has_no_problems(write_lock: Make, package: Make) -> None:
    packages = [package("a", "b >=1", "__glibc >=2.17", "c[version='>1']; if python <3"), package("b")]
    assert problems_of(write_lock({"default": {"linux-64": packages}})) == ()


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"sha256": None}, "missing-sha256", "a has no sha256"),
        ({"url": f"{CHANNEL}/win-64/a-1.0-h0_0.conda"}, "wrong-subdir", "a is for win-64, not for linux-64"),
        ({"url": f"{CHANNEL}/moon-64/a-1.0-h0_0.conda"}, "missing-field", "has no subdir"),
        ({"url": f"{CHANNEL}/linux-64/a.conda"}, "missing-field", "has no name"),
        ({"url": "https://x.org:99999/linux-64/a-1.0-h0_0.conda"}, "invalid-url", "is not a valid URL"),
        ({"url": "https://x y/linux-64/a-1.0-h0_0.conda"}, "invalid-url", "is not a valid URL"),
        ({"url": "oci:x/linux-64/a-1.0-h0_0.conda"}, "invalid-url", "is not a valid URL"),
        ({"url": "https:/x.org/linux-64/a-1.0-h0_0.conda"}, "invalid-url", "is not a valid URL"),
        ({"purls": ["x"]}, "invalid-value", "purls[0] has the wrong type or form"),
        ({"timestamp": 10**18}, "invalid-value", "timestamp has the wrong type or form"),
        ({"url": "s3://bucket/linux-64/a-1.0-h0_0.conda"}, "unknown-scheme", "packages cannot be fetched by s3"),
        ({"url": "https://me:pw@x.org/linux-64/a-1.0-h0_0.conda"}, "credentials", "https://***@x.org/linux-64/"),
        ({"url": "https://x.org/t/tk-1/c/linux-64/a-1.0-h0_0.conda"}, "credentials", "https://x.org/t/***/c/linux"),
        ({"url": "https://x.org/linux-64/a-1.0-h0_0.conda?token=x"}, "credentials", "a-1.0-h0_0.conda?***"),
    ],
)
def test_each_fault_of_a_package_is_named(
    fields: dict[str, Any], kind: str, message: str, write_lock: Make, package: Make
) -> None:
    (problem,) = problems_of(write_lock({"default": {"linux-64": [package("a", **fields)]}}))
    assert (problem.kind, problem.platform, problem.severity) == (kind, "linux-64", "error")
    assert message in problem.message
    assert problem.hint
    assert "pw" not in str(problem)
    assert "tk-1" not in str(problem)


def test_missing_digest_is_located(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [package("a"), package("b", sha256=None)]}})
    with pytest.raises(LockError) as caught:
        derive(read_lock(path), environment="default")
    (problem,) = caught.value.problems
    assert problem.key == "packages[1].sha256"
    line = path.read_text().splitlines()[(problem.line or 0) - 1]
    assert line.startswith("- conda: ")
    assert "/b-1.0" in line


def test_two_packages_of_one_name_are_refused(write_lock: Make, package: Make) -> None:
    packages = [package("a"), package("a", version="2.0")]
    (problem,) = problems_of(write_lock({"default": {"linux-64": packages}}))
    assert problem.kind == "duplicate-package"
    assert problem.message == "a appears twice: a-1.0-h0_0.conda and a-2.0-h0_0.conda"


def test_channel_with_credentials_is_refused_and_redacted(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [package("a")]}})
    path.write_text(path.read_text().replace(f"url: {CHANNEL}/", "url: https://me:secret@x.org/c/"))
    (problem,) = problems_of(path)
    assert (problem.kind, problem.key) == ("credentials", "environments.default.channels[0]")
    assert problem.message == "the channel's URL contains a user name or password: https://***@x.org/c/"

from __future__ import annotations

import pytest

from cs_lock import LockError, PackageRecord, wheel_fits


def make_python(version: str, build: str) -> PackageRecord:
    """Return the record of a Python."""
    url = f"https://example.com/linux-64/python-{version}-{build}.conda"
    return PackageRecord(
        name="python",
        version=version,
        build=build,
        build_number=0,
        subdir="linux-64",
        url=url,
        channel=None,
        file_name=url.rpartition("/")[2],
        sha256="0" * 64,
    )


PYTHON = make_python("3.12.4", "h1_0_cpython")
FREE = make_python("3.13.1", "h1_0_cp313t")


@pytest.mark.parametrize(
    ("file_name", "subdir", "python", "fits"),
    [
        ("a-1-py3-none-any.whl", "win-64", PYTHON, True),
        ("a-1-py2.py3-none-any.whl", "linux-64", PYTHON, True),
        ("a-1-py2-none-any.whl", "linux-64", PYTHON, False),
        ("a-1-py313-none-any.whl", "linux-64", PYTHON, False),
        ("a-1-cp312-cp312-linux_x86_64.whl", "linux-64", PYTHON, True),
        ("a-1-cp312-cp312-linux_x86_64.whl", "linux-aarch64", PYTHON, False),
        ("a-1-cp311-cp311-linux_x86_64.whl", "linux-64", PYTHON, False),
        ("a-1-cp311-abi3-linux_x86_64.whl", "linux-64", PYTHON, True),
        ("a-1-cp313-cp313t-linux_x86_64.whl", "linux-64", FREE, True),
        ("a-1-cp313-cp313-linux_x86_64.whl", "linux-64", FREE, False),
    ],
)
def test_tags_are_compared_with_platform_and_python(
    file_name: str, subdir: str, python: PackageRecord, fits: bool
) -> None:
    assert wheel_fits(file_name, subdir, [python]) is fits


def test_without_a_python_only_the_platform_counts() -> None:
    assert wheel_fits("a-1-cp27-cp27-win_amd64.whl", "win-64", [])
    assert not wheel_fits("a-1-cp27-cp27-win_amd64.whl", "linux-64", [])


def test_another_file_is_refused() -> None:
    with pytest.raises(LockError, match="is not the file name of a wheel"):
        wheel_fits("a.zip", "linux-64", [PYTHON])


@pytest.mark.parametrize("version", ["", "next", ".12", "9" * 5000, "3." + "9" * 5000])
def test_a_python_without_a_readable_version_runs_no_wheel(version: str) -> None:
    """A lock can state anything; conda itself would not know what to do with such a package."""
    assert not wheel_fits("a-1-cp312-cp312-linux_x86_64.whl", "linux-64", [make_python(version, "h1_0")])

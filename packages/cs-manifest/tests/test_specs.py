from __future__ import annotations

import pytest

from cs_manifest._specs import classify_conda, normalize_pypi_name, render_conda, render_pypi


@pytest.mark.parametrize(
    ("value", "kind", "spec"),
    [
        ("*", "conda", "x"),
        ("", "conda", "x"),
        (">=1, <2 | 3.*", "conda", "x >=1,<2|3.*"),
        ("1.*  *cuda", "conda", "x 1.* *cuda"),
        (3.11, "conda", "x ==3.11"),
        ("1.2.3", "conda", "x ==1.2.3"),
        ({"version": "1.*"}, "conda", "x 1.*"),
        ({"build": "*cuda"}, "conda", "x * *cuda"),
        ({"channel": "nvidia"}, "conda", "nvidia::x"),
        ({"version": "1", "channel": "https://a/b"}, "conda", 'x ==1[channel="https://a/b"]'),
        ({"build-number": ">=3", "subdir": "noarch"}, "conda", 'x[build_number=">=3",subdir="noarch"]'),
        ({"license": ["MIT", "BSD"]}, "conda", 'x[license="MIT BSD"]'),
        ({"url": "https://a/x-1-0.conda"}, "conda", 'x[url="https://a/x-1-0.conda"]'),
        ({"path": "x-1-0.tar.bz2"}, "conda", 'x[url="x-1-0.tar.bz2"]'),
        ({"channel": "C:\\c"}, "conda", 'x[channel="C:\\c"]'),
        ({"channel": "nvidia/label/cuda-12"}, "conda", 'x[channel="nvidia/label/cuda-12"]'),
        ({"path": "../x"}, "source", "x @ ../x"),
        ({"url": "https://a/x.zip"}, "source", "x @ https://a/x.zip"),
        ({"git": "https://a/x", "tag": "v1"}, "source", "x @ git+https://a/x@v1"),
    ],
)
def test_conda_dependencies_are_written_as_match_specs(value: object, kind: str, spec: str) -> None:
    assert classify_conda(value) == kind
    assert render_conda("x", value) == spec


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        ("*", "x"),
        ("1.2", "x==1.2"),
        (">=1", "x>=1"),
        ({"version": ">=1", "extras": ["a", "b"]}, "x[a,b]>=1"),
        ({"path": ".", "editable": True}, "x @ ."),
        ({"git": "https://a/x", "rev": "abc"}, "x @ git+https://a/x@abc"),
    ],
)
def test_pypi_dependencies_are_written_as_requirements(value: object, spec: str) -> None:
    assert render_pypi("x", value) == spec


def test_pypi_names_are_normalised() -> None:
    assert normalize_pypi_name("Flask_.Login") == "flask-login"

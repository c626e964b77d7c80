import subprocess
import sys

import pytest

import cs_bundle


@pytest.mark.parametrize("name", cs_bundle.__all__)
def test_a_public_name_is_there_when_it_is_asked_for(name: str) -> None:
    assert getattr(cs_bundle, name) is getattr(cs_bundle, name)


def test_a_name_that_is_not_public_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        cs_bundle.nothing  # noqa: B018


def test_importing_the_package_imports_none_of_its_modules() -> None:
    code = "import sys, cs_bundle; print(*(name for name in sys.modules if name.startswith('cs_bundle.')))"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout.split() == []


def test_without_the_extra_every_name_is_there_and_only_fetching_fails() -> None:
    code = """
import sys
sys.modules["httpx2"] = None
from cs_bundle import *
import cs_bundle
assert hasattr(cs_bundle, "fetch_archives")
try:
    fetch_archives([], "cache")
except FetchError as error:
    print(error.kind, error.hint)
"""
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == "not-installed pip install 'cs-bundle[fetch]'"


def test_completion_shows_what_is_offered() -> None:
    code = "import cs_bundle; print(*dir(cs_bundle))"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout.split() == cs_bundle.__all__

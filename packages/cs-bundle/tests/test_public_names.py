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

from __future__ import annotations

import doctest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parent.parent / "README.md"


def test_examples_of_the_readme_run(
    tmp_path: Path, write_lock: Callable[..., Path], workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lock(workspace, 1).rename(tmp_path / "conda.lock")
    monkeypatch.chdir(tmp_path)
    text = README.read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, "README.md", str(README), 0)
    output: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=output.append)
    assert results.attempted >= 5
    assert results.failed == 0, "".join(output)


def test_the_first_example_has_five_lines() -> None:
    block = README.read_text(encoding="utf-8").split("```pycon\n")[1].split("```")[0]
    assert len([line for line in block.splitlines() if line.startswith(">>>")]) == 5

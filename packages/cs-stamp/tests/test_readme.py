from __future__ import annotations

from pathlib import Path

import pytest

from stamp_samples import Workbench

README = Path(__file__).parents[1] / "README.md"


def test_the_example_of_the_readme_runs(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = bench.stamp()
    (bench.directory / "dist").mkdir()
    bench.out.rename(bench.directory / "dist" / "demo")
    monkeypatch.chdir(bench.directory)
    (example,) = README.read_text(encoding="utf-8").split("```python\n")[1:]
    exec(compile(example.split("```")[0], str(README), "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[0] == info.identity
    assert second == str(info.part_sizes_bytes["bundle"])

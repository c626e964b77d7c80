from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def read_block(language: str, index: int = 0) -> str:
    pattern = rf"^```{language}\n(.*?)^```$"
    return str(re.findall(pattern, README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[index])


def test_the_example_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / "path" / "to" / "workspace"
    workspace.mkdir(parents=True)
    (workspace / "conda.toml").write_text(read_block("toml"), encoding="utf-8")
    (workspace / "conda.lock").touch()
    monkeypatch.chdir(tmp_path)
    exec(read_block("python"), {})
    assert capsys.readouterr().out == README.read_text(encoding="utf-8").split("it prints\n\n```\n")[1].split("```")[0]

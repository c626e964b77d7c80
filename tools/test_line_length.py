"""A line is found by its characters, wherever it stands in the template."""

from __future__ import annotations

from pathlib import Path

import pytest
from line_length import LONGEST, find_long_lines, main


def test_only_what_exceeds_the_limit_is_found() -> None:
    assert list(find_long_lines("\n".join(["x" * LONGEST, "ä" * LONGEST, "x" * (LONGEST + 1)]))) == [3]


@pytest.mark.parametrize("folder", ["src/say", "crates/cs-link/src", "tests/runtime", "examples"])
def test_every_folder_with_sources_is_read(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "build.rs").touch()
    (tmp_path / folder).mkdir(parents=True)
    source = tmp_path / folder / "a.rs"
    source.write_text("// short\n")
    assert main(tmp_path) == 0
    source.write_text("\n// " + "x" * LONGEST + "\n")
    assert main(tmp_path) == 1
    assert f"{folder}/a.rs:2:" in capsys.readouterr().out


def test_no_line_of_the_template_is_too_long() -> None:
    assert main() == 0

from __future__ import annotations

from pathlib import Path

import pytest

from cs_cli.wheels.origins import describe_place


@pytest.mark.parametrize(
    ("path", "place"), [(".", "."), ("libs/one", "libs/one"), ("../far/away", "away"), ("libs/../../x", "x")]
)
def test_a_place_is_relative_to_the_workspace_or_only_a_name(path: str, place: str, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    (root / "libs").mkdir(parents=True)
    assert describe_place(root / path, root) == place


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    assert describe_place(root / "link", root) == "outside"

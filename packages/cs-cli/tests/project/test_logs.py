"""Logs of build backends are kept where an error names them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from cs_cli.project.logs import backend_log
from cs_manifest import ManifestError


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def fail(said: str, hint: str | None) -> None:
    with backend_log("demo") as log:
        log.write_text(said)
        raise ManifestError("it failed", kind="build-backend", hint=hint)


@pytest.mark.parametrize(("hint", "start"), [(None, ""), ("read it", "read it; ")])
def test_a_log_is_kept_and_named_if_the_backend_fails(hint: str | None, start: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        fail("what it said", hint)
    (kept,) = tmp_path.iterdir()
    assert kept.read_text() == "what it said"
    assert caught.value.hint == f"{start}the whole log is {kept}"


def test_an_empty_log_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        fail("", None)
    assert caught.value.hint is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_no_log_is_left_otherwise(error: type[BaseException] | None, tmp_path: Path) -> None:
    def work() -> None:
        with backend_log("demo") as log:
            log.write_text("what it said")
            if error is not None:
                raise error

    if error is None:
        work()
    else:
        with pytest.raises(error):
            work()
    assert list(tmp_path.iterdir()) == []

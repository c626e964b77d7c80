"""Both programs that run the crates' tests get the same selection."""

from __future__ import annotations

import pytest
from cargo_tests import make_command


@pytest.fixture(params=[True, False], ids=["nextest", "cargo test"])
def has_nextest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let cargo-nextest be installed, or not."""
    found = "/bin/cargo-nextest" if request.param else None
    monkeypatch.setattr("shutil.which", lambda _name: found)
    return bool(request.param)


def test_all_tests_of_the_selection_run(has_nextest: bool) -> None:
    command = make_command("--workspace", profile="quick")
    profile = "--cargo-profile=quick" if has_nextest else "--profile=quick"
    assert command[: command.index(profile)] == (["nextest", "run"] if has_nextest else ["test"])
    assert {"--locked", "--workspace"} < set(command)
    assert not {"--run-ignored", "--include-ignored", "--skip"} & set(command)


def test_root_runs_those_that_need_it(has_nextest: bool) -> None:
    command = make_command(as_root=True)
    assert ("--run-ignored all" if has_nextest else "-- --include-ignored") in " ".join(command)


def test_tests_can_be_left_out(has_nextest: bool) -> None:
    command = make_command(without=["one::", "two"])
    expected = (
        ["--filterset=not test(one::) and not test(two)"] if has_nextest else ["--skip", "one::", "--skip", "two"]
    )
    assert command[-len(expected) :] == expected

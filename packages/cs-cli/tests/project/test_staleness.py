"""A lock that is older than its manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_samples import Cs, inspect_options
from cs_cli.project.derivation import derive_project

CHANNEL = "https://conda.example.com/forge"
SHIP = """
[tool.conda-ship]
runtime = "demo"
runtime-version = "1"
delegate = "app"
source-environment = "default"
"""
Make = Callable[..., Path]


def write_workspace(
    root: Path,
    manifest: str,
    packages: dict[str, str],
    *,
    platforms: tuple[str, ...] = ("linux-64",),
    name: str = "pixi.toml",
    channel: str = CHANNEL,
    foreign: tuple[dict[str, Any], ...] = (),
) -> Path:
    """Write a workspace whose lock has packages (version and build by name, noarch) on all of its platforms."""
    urls = [f"{channel}/noarch/{package}-{version}.conda" for package, version in packages.items()]
    lock = {
        "version": 1 if name == "conda.toml" else 6,
        "environments": {
            "default": {
                "channels": [{"url": f"{channel}/"}],
                "packages": {
                    platform: [*({"conda": url} for url in urls), *(dict([next(iter(one.items()))]) for one in foreign)]
                    for platform in platforms
                },
            }
        },
        "packages": [{"conda": url, "sha256": "ab" * 32} for url in urls] + list(foreign),
    }
    root.mkdir(exist_ok=True)
    (root / name).write_text(manifest + SHIP, encoding="utf-8")
    (root / name.replace("toml", "lock")).write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")
    return root


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Write a workspace, and make it the current directory."""

    def make(manifest: str, packages: dict[str, str], **options: Any) -> Path:
        root = write_workspace(tmp_path / "w", manifest, packages, **options)
        monkeypatch.chdir(root)
        return root

    return make


def stale(cs: Cs, *flags: str) -> list[tuple[str, str | None]]:
    problems = json.loads(cs("inspect", "--json", *flags).out)["problems"]
    return [(one["package"], one["platform"]) for one in problems if one["kind"] == "stale-lock"]


WORKSPACE = f"""
[workspace]
channels = ["{CHANNEL}"]
platforms = ["linux-64"]
[dependencies]
"""


def test_what_is_missing_or_does_not_match_is_named_with_the_command_that_helps(make: Make, cs: Cs) -> None:
    make(WORKSPACE + 'app = ">=2"\nnewtool = "*"\nfine = "1.*"\n', {"app": "1.5-h0_0", "fine": "1.0-0"})
    outcome = cs("inspect")
    assert outcome.status == 1
    assert "error: pixi.toml:6: the manifest asks for 'app >=2', but the lock has app-1.5-h0_0\n" in outcome.out
    assert "error: pixi.toml:7: the manifest asks for 'newtool', but the lock has no newtool\n" in outcome.out
    assert outcome.out.count("run `pixi lock`") == 1
    assert "fine" not in outcome.out.partition("error: ")[2]


@pytest.mark.parametrize("command", [("build",), ("build", "--dry-run"), ("run",)])
def test_nothing_is_built_of_a_stale_lock(make: Make, cs: Cs, template: Path, command: tuple[str, ...]) -> None:
    root = make(WORKSPACE + 'app = ">=2"\n', {"app": "1.5-h0_0"})
    outcome = cs(*command, "--error-format", "json")
    error = json.loads(outcome.err)
    assert (outcome.status, error["kind"], [one["package"] for one in error["problems"]]) == (1, "stale-lock", ["app"])
    assert error["path"] == str(root / "pixi.lock")
    assert not (root / "dist").exists()


def test_the_check_can_be_turned_off(make: Make, cs: Cs, template: Path) -> None:
    make(WORKSPACE + 'app = ">=2"\nnewtool = "*"\n', {"app": "1.5-h0_0"})
    assert cs("inspect", "--no-lock-check").status == 0
    assert stale(cs, "--no-lock-check") == []
    assert cs("build", "--dry-run", "--no-lock-check").status == 0


def test_a_conda_manifest_is_locked_by_conda(make: Make, cs: Cs) -> None:
    make(WORKSPACE + 'newtool = "*"\n', {"app": "1.5-h0_0"}, name="conda.toml")
    assert "run `conda workspace lock`" in cs("inspect").out


MANIFESTS = {
    "conditional": 'app = "*"\nother = { version = "*", when = "__win" }\n',
    "another-platform": 'app = "*"\n[target.win-64.dependencies]\nother = "*"\n',
    "case-of-a-name": 'App = ">=1"\n',
    "source": 'app = "*"\nmade = { path = "./made" }\n',
    "archive": f'app = {{ url = "{CHANNEL}/noarch/app-1.5-h0_0.conda" }}\n',
    "channel-name": 'app = { version = "*", channel = "forge" }\n',
    "build": 'app = { version = "1.5.*", build = "h0*", build-number = "0" }\n',
    "pypi": 'app = "*"\n[pypi-dependencies]\nflask = ">=9"\n',
    "virtual-package": 'app = "*"\n[system-requirements]\ncuda = "12"\n',
    "other-feature": 'app = "*"\n[feature.dev.dependencies]\nother = "*"\n[environments]\ndev = ["dev"]\n',
    "excluded-by-platforms": (
        'app = "*"\n[feature.mac]\nplatforms = ["osx-64"]\n[feature.mac.dependencies]\nother = "*"\n'
        '[environments]\ndefault = ["mac"]\n'
    ),
    "without-default": (
        'other = "*"\n[feature.a.dependencies]\napp = "*"\n'
        '[environments]\ndefault = { features = ["a"], no-default-feature = true }\n'
    ),
    "constraints": 'app = "*"\n[constraints]\nother = ">=9"\napp = "1.*"\n__glibc = ">=2.17"\n',
    "requested-virtual-package": 'app = "*"\n__glibc = ">=2.17"\n__unix = "*"\n',
    "constraints-of-another-platform": 'app = "*"\n[target.win-64.constraints]\napp = ">=9"\n',
    "narrower-constraint": 'app = "*"\n[constraints]\napp = ">=9"\n[target.linux-64.constraints]\napp = "1.*"\n',
    "constraints-of-another-feature": (
        'app = "*"\n[feature.dev.constraints]\napp = ">=9"\n[environments]\ndev = ["dev"]\n'
    ),
}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
def test_there_is_no_false_alarm(make: Make, cs: Cs, manifest: str) -> None:
    source = {"conda": "./made", "name": "made", "version": "1", "build": "0", "subdir": "noarch"}
    make(WORKSPACE + manifest, {"app": "1.5-h0_0"}, foreign=(source,))
    assert stale(cs) == []


CONSTRAINTS = {
    "everywhere": '[constraints]\napp = ">=2"\n',
    "target": '[constraints]\napp = "1.*"\n[target.unix.constraints]\napp = ">=2"\n',
    "feature": '[feature.new.constraints]\napp = ">=2"\n[environments]\ndefault = ["new"]\n',
    "build": '[constraints]\napp = { version = "1.*", build = "h1*" }\n',
}


@pytest.mark.parametrize("constraints", CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_a_lock_that_constraints_do_not_allow_is_stale(make: Make, cs: Cs, constraints: str) -> None:
    make(WORKSPACE + 'tool = "*"\n' + constraints, {"app": "1.5-h0_0", "tool": "1-0"})
    assert stale(cs) == [("app", "linux-64")]
    assert "the manifest allows only 'app " in cs("inspect").out
    assert stale(cs, "--no-lock-check") == []


def test_a_lock_with_another_version_of_a_pypi_package_is_stale(make: Make, cs: Cs) -> None:
    wheel = {"pypi": "https://x.org/flask-2.0-py3-none-any.whl", "name": "flask", "version": "2.0", "sha256": "ab" * 32}
    make(WORKSPACE + 'app = "*"\n[pypi-dependencies]\nflask = ">=9"\n', {"app": "1.5-h0_0"}, foreign=(wheel,))
    assert stale(cs) == [("pypi:flask", "linux-64")]
    assert "the manifest asks for 'flask>=9', but the lock has" in cs("inspect").out
    assert "but the lock has flask-2.0" in cs("inspect").out
    assert stale(cs, "--no-lock-check") == []
    override = 'flask = ">=9"\n[pypi-options]\nindex-url = "https://x.org"\n[pypi-options.dependency-overrides]\n'
    make(WORKSPACE + f'app = "*"\n[pypi-dependencies]\n{override}flask = "<3"\n', {"app": "1.5-h0_0"}, foreign=(wheel,))
    assert stale(cs) == []


def test_constraints_are_not_requests(make: Make, cs: Cs) -> None:
    make(WORKSPACE + 'tool = "*"\n[constraints]\napp = "1.*"\n', {"app": "1.5-h0_0", "tool": "1-0"})
    document = json.loads(cs("inspect", "--json", "--exclude", "app").out)
    assert [one["name"] for one in document["platforms"][0]["packages"]] == ["tool"]


def test_what_exclude_drops_is_not_missing_but_what_the_lock_lacks_is(make: Make, cs: Cs) -> None:
    make(WORKSPACE + 'app = "*"\ndocs = ">=1"\nnewtool = "*"\n', {"app": "1.5-h0_0", "docs": "1.0-0"})
    assert stale(cs, "--exclude", "docs", "--exclude", "newtool") == [("newtool", "linux-64")]


def test_python_of_a_pyproject_counts(make: Make, cs: Cs, tmp_path: Path) -> None:
    root = make(WORKSPACE, {"python": "3.11.2-h1"})
    text = (root / "pixi.toml").read_text().replace("[workspace]", "[tool.pixi.workspace]")
    text = text.replace("[dependencies]", "[tool.pixi.dependencies]")
    (root / "pixi.toml").unlink()
    for requires, names in ((">=3.11,<4", []), (">=3.12", [("python", "linux-64")])):
        (root / "pyproject.toml").write_text(f'[project]\nname = "x"\nrequires-python = "{requires}"\n{text}')
        assert stale(cs) == names


def test_platforms_share_one_line(make: Make, cs: Cs) -> None:
    manifest = WORKSPACE.replace('["linux-64"]', '["linux-64", "osx-64", "win-64"]')
    manifest += '[target.unix.dependencies]\nnewtool = "*"\n'
    make(manifest, {"app": "1.5-h0_0"}, platforms=("linux-64", "osx-64", "win-64"))
    assert stale(cs) == [("newtool", None)]
    assert (
        "error: pixi.toml:7: the manifest asks for 'newtool', but the lock has no newtool (linux-64, osx-64)\n"
        in cs("inspect").out
    )


@pytest.mark.parametrize(("other", "lines"), [("1.5-h1", 1), ("1.6-h1", 2)])
def test_builds_of_one_version_share_one_line(make: Make, cs: Cs, other: str, lines: int) -> None:
    platforms = ("linux-64", "osx-64")
    manifest = WORKSPACE.replace('["linux-64"]', '["linux-64", "osx-64"]') + 'app = ">=2"\n'
    root = make(manifest, {"app": "1.5-h0", "app-mac": other}, platforms=platforms)
    lock = yaml.safe_load((root / "pixi.lock").read_text().replace("app-mac", "app"))
    packages = lock["environments"]["default"]["packages"]
    for platform, package in zip(platforms, lock["packages"], strict=True):
        packages[platform] = [{"conda": package["conda"]}]
    (root / "pixi.lock").write_text(yaml.safe_dump(lock))
    shown = cs("inspect").out
    assert shown.count("error: ") == lines
    if lines == 1:
        assert "but the lock has app-1.5-h0, app-1.5-h1 (all platforms)\n" in shown


def warnings(cs: Cs) -> list[str]:
    outcome = cs("inspect", "--json")
    assert outcome.status == 0
    return [one["message"] for one in json.loads(outcome.out)["problems"] if one["severity"] == "warning"]


def test_other_platforms_and_channels_are_warnings(make: Make, cs: Cs) -> None:
    manifest = WORKSPACE.replace('["linux-64"]', '["osx-64"]').replace(CHANNEL, "https://u:word@other.example/c")
    make(manifest, {"app": "1.5-h0_0"})
    assert warnings(cs) == [
        "the manifest has the platform osx-64, which the lock does not have",
        "the lock has the platform linux-64, which the manifest does not have",
        "the manifest has the channel https://***@other.example/c, which the lock does not have",
        f"the lock has the channel {CHANNEL}/, which the manifest does not have",
    ]


@pytest.mark.parametrize("channel", [CHANNEL, "forge", f"{CHANNEL}/", "./forge", "defaults"])
def test_a_channel_may_be_written_in_many_ways(make: Make, cs: Cs, channel: str) -> None:
    make(WORKSPACE.replace(CHANNEL, channel), {"app": "1.5-h0_0"})
    assert warnings(cs) == []


def test_an_empty_environment_of_the_lock_is_stale_if_the_manifest_asks_for_something(make: Make, cs: Cs) -> None:
    make(WORKSPACE + 'app = "*"\n', {}, platforms=())
    outcome = cs("inspect", "--error-format", "json")
    assert (outcome.status, json.loads(outcome.err)["kind"]) == (1, "stale-lock")


NAMES = st.sets(st.sampled_from(["a", "b", "c-d", "e_f", "g.h"]))
PLATFORMS = ("linux-64", "osx-64", "win-64")


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(PLATFORMS), NAMES), NAMES, NAMES.filter(bool))
def test_exactly_what_is_asked_for_and_not_locked_is_missing(
    tmp_path_factory: pytest.TempPathFactory, targets: dict[str, set[str]], everywhere: set[str], locked: set[str]
) -> None:
    tables = {"dependencies": everywhere} | {f"target.{one}.dependencies": names for one, names in targets.items()}
    manifest = f'[workspace]\nchannels = ["{CHANNEL}"]\nplatforms = ["linux-64", "osx-64", "win-64"]\n'
    manifest += "".join(
        f"[{table}]\n" + "".join(f'"{name}" = "*"\n' for name in names) for table, names in tables.items()
    )
    packages = dict.fromkeys(locked, "1-0")
    root = write_workspace(tmp_path_factory.mktemp("w"), manifest, packages, platforms=PLATFORMS)
    derivation = derive_project(inspect_options("--root", str(root)), strict=False)
    asked = {name for platform in PLATFORMS for name in everywhere | targets.get(platform, set())}
    assert {one.package for one in derivation.problems if one.kind == "stale-lock"} == asked - locked

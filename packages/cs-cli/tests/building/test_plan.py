"""The build as a value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli_samples import Channel, Workspace, build_options, make_workspace
from cs_cli.archives.contents import ArchiveContents
from cs_cli.building.plan import BuildPlan, compose_header, plan_build, possible_names
from cs_cli.errors import CliError
from cs_cli.project.derivation import derive_project
from cs_manifest import CONFIG_KEYS, ConfigKey


def plan(*flags: str, label: str | None = None, platform: str = "linux-64") -> BuildPlan:
    return plan_build(derive_project(build_options(*flags)), platform=platform, label=label)


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
def test_what_is_staged_is_among_the_possible_names(layout: str, workspace: Workspace) -> None:
    made = plan("--layout", layout)
    assert set(made.artifact_names) <= set(possible_names(made.stem))
    assert (made.bundle_name is not None) == (layout == "external")


def test_packages_are_planned_in_install_order_with_what_was_asked_for(workspace: Workspace) -> None:
    made = plan().package_plan
    assert [one.name for one in made.packages] == ["libz", "python", "hello"]
    assert [one.requested_spec is not None for one in made.packages] == [False, True, True]
    assert made.python is not None
    assert (made.python.version, made.python.site_packages_path) == ("3.11.7", "lib/python3.11/site-packages")
    assert [one.noarch for one in made.packages] == [None, None, "python"]


def test_a_plan_without_a_python_has_none(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "c")
    channel.add("tool", {"bin/tool": b"x"})
    made = make_workspace(tmp_path / "w", channel, delegate='"tool"')
    made.specs = ("tool",)
    assert plan("--root", str(made.write())).package_plan.python is None


def test_windows_runtimes_end_in_exe(tmp_path: Path, channel: Channel) -> None:
    windows = channel.add("python", {"python.exe": b"MZ"}, subdir="win-64", version="3.11.7")
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"] = {"win-64": [windows]}
    made.specs = ("python",)
    assert plan("--root", str(made.write()), platform="win-64").runtime_name == "demoz.exe"


def test_archives_are_needed_for_bytecode_too(workspace: Workspace) -> None:
    assert not plan("--layout", "online").needs_archives
    assert plan("--layout", "online", "--bytecode", "shipped").needs_archives
    assert plan("--layout", "external").needs_archives


EXAMPLES = {
    "identifier": "other",
    "version": "9.9",
    "text": "default",
    "packages": "hello",
    "licenses": "GPL-3.0 WITH GCC-exception-3.1",
    "url": "https://example.com/demo/",
    "install-name": "other",
    "path": "runtime.condarc",
    "paths": "dist/pkgs",
    "boolean": True,
}
"""A value for each type of key, other than the workspace's."""
TEXT_OF_FILE = {"condarc-file": "condarc"}


@pytest.mark.parametrize("key", CONFIG_KEYS, ids=lambda key: key.name)
def test_every_setting_reaches_the_header_or_is_for_the_builder_alone(
    key: ConfigKey, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.environments["default"] = workspace.environments["ship"]
    monkeypatch.chdir(workspace.write())
    Path("runtime.condarc").write_text("a: b\n", encoding="utf-8")
    Path("dist/pkgs").mkdir(parents=True)
    plain = compose_header(plan(), None).to_dict()
    others = (word for word in key.choices if word != plain.get(key.attribute))
    value = next(others, EXAMPLES.get(key.value_type))
    header = compose_header(plan(f"--{key.name}={'true' if value is True else value}"), None).to_dict()
    changed = {name: header[name] for name in header if header[name] != plain[name]}
    if key.builder_only:
        assert changed == {}
    elif key.value_type == "path":
        assert changed == {TEXT_OF_FILE[key.name]: "a: b\n"}
    else:
        assert changed[key.attribute] == value


def test_the_header_adds_up_what_archives_hold(workspace: Workspace) -> None:
    one = ArchiveContents(executables=(), entry_points=(), installed_size_bytes=10, installed_file_count=3)
    header = compose_header(plan(), [one, one])
    assert (header.installed_size_bytes, header.installed_file_count) == (20, 6)


def contents_with(executable: str) -> ArchiveContents:
    """Return an archive with one executable, and a placeholder that limits the prefix to 80 bytes."""
    return ArchiveContents(
        executables=(executable,),
        entry_points=(),
        installed_size_bytes=1,
        installed_file_count=1,
        prefix_limit_bytes=80,
    )


def test_the_header_says_where_the_delegate_is(workspace: Workspace) -> None:
    header = compose_header(plan(), [contents_with("bin/python")])
    assert (header.delegate_path, header.prefix_limit_bytes) == ("bin/python", 80)
    assert compose_header(plan(), None).delegate_path is None


def test_windows_replaces_no_placeholder_in_binaries(workspace: Workspace) -> None:
    header = compose_header(replace(plan(), subdir="win-64"), [contents_with("Python.EXE")])
    assert (header.delegate_path, header.prefix_limit_bytes) == ("Python.EXE", None)


def test_the_runtime_lock_gives_the_install_name(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel, install_name='{ from = "runtime-lock", base = "tool" }')
    name = compose_header(plan("--root", str(made.write())), None).install_name
    assert name.startswith("tool-1.0-")
    assert len(name) == len("tool-1.0-") + 16


def test_a_label_with_a_slash_is_refused(workspace: Workspace) -> None:
    with pytest.raises(CliError, match="this label cannot be part of a file name"):
        plan(label="../x")


@pytest.mark.parametrize(
    ("name", "label", "fits"), [(63, 64, True), (64, 64, False), (127, None, True), (127, 1, False)]
)
def test_name_and_label_together_are_a_name(workspace: Workspace, name: int, label: int | None, fits: bool) -> None:
    derivation = derive_project(build_options("--artifact-name", "a" * name))
    text = None if label is None else "x" * label
    if fits:
        assert len(plan_build(derivation, platform="linux-64", label=text).stem) == name + (1 + label if label else 0)
    else:
        with pytest.raises(CliError, match="names too long") as caught:
            plan_build(derivation, platform="linux-64", label=text)
        assert caught.value.kind == "label-invalid"

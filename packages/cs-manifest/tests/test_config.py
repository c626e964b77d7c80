from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from cs_manifest import (
    CONFIG_KEYS,
    ConfigKey,
    InstallName,
    ManifestError,
    OverrideError,
    Project,
    ShipConfig,
    discover,
    load_config,
    resolve_install_name,
)

Make = Callable[..., Project]


EXAMPLES = {
    "identifier": "other",
    "version": "9.9",
    "text": "other",
    "packages": ["b", "a"],
    "licenses": ["MIT", "GPL-3.0-only WITH GCC-exception-3.1"],
    "url": "https://example.com/demo/",
    "install-name": "other",
    "path": "runtime.condarc",
    "paths": ["dist/pkgs", "wheels"],
    "boolean": True,
}
"""A value for each type of key."""


def test_a_missing_key_has_the_default_of_the_table(make_ship: Make) -> None:
    config = load_config(make_ship())
    stated = {key.attribute: key.default for key in CONFIG_KEYS if key.default is not None}
    assert {name: getattr(config, name) for name in stated} == stated
    assert (config.artifact_name, config.install_name, config.require) == ("demo", InstallName(base="demo"), ())
    assert (config.docs_url, config.installer, config.condarc_file, config.condarc) == (None, None, None, None)


@pytest.mark.parametrize("is_flag", [False, True])
@pytest.mark.parametrize("key", CONFIG_KEYS, ids=lambda key: key.name)
def test_every_key_can_be_set(make_project: Make, tmp_path: Path, key: ConfigKey, is_flag: bool) -> None:
    (tmp_path / "runtime.condarc").write_text("a: b\n", encoding="utf-8")
    value: Any = key.choices[-1] if key.choices else EXAMPLES[key.value_type]
    lines = {"runtime": "demo", "runtime-version": "1.0", "delegate": "python", "source-environment": "ship"}
    file, directories = tmp_path / "runtime.condarc", (tmp_path / "dist/pkgs", tmp_path / "wheels")
    expected = {"install-name": InstallName(base="other"), "condarc-file": file, "build-constraints": file}
    expected["archives"] = tuple(map(Path.absolute, directories))
    given = {"path": file, "paths": [str(one) for one in directories]}.get(key.value_type, value)
    flags = {key.name: given} if is_flag else {}
    table = lines if is_flag else {**lines, key.name: value}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
    config = load_config(make_project(f"[workspace]\n[tool.conda-ship]\n{text}"), flags)
    found = getattr(config, key.attribute)
    assert found == expected.get(key.name, tuple(value) if key.is_list else value)
    assert found != key.default


def test_package_names_are_in_lower_case_and_each_once(make_ship: Make) -> None:
    assert load_config(make_ship('exclude = ["B", "a", "b"]')).exclude == ("b", "a")


def test_package_names_may_say_their_kind(make_ship: Make) -> None:
    assert load_config(make_ship('exclude = ["PyPI:b", "conda:b"]')).exclude == ("pypi:b", "conda:b")


def test_archives_may_be_one_directory(make_ship: Make, tmp_path: Path) -> None:
    assert load_config(make_ship('archives = "dist/pkgs"')).archives == (tmp_path / "dist/pkgs",)


def test_directories_on_the_command_line_start_at_the_current_directory(
    make_ship: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    Path("c.txt").touch()
    config = load_config(make_ship('archives = "x"'), {"archives": ["a", "a"], "build_constraints": "c.txt"})
    assert config.archives == (tmp_path / "elsewhere" / "a",)
    assert config.build_constraints == tmp_path / "elsewhere" / "c.txt"


def test_constraints_that_are_not_there_are_an_error(make_ship: Make) -> None:
    with pytest.raises(ManifestError, match=r"no such file: .*none\.txt") as caught:
        load_config(make_ship('build-constraints = "none.txt"'))
    assert (caught.value.kind, caught.value.key) == ("value-invalid", "tool.conda-ship.build-constraints")


def test_the_text_of_the_condarc_file_is_a_setting_too(make_ship: Make, tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("channels: [conda-forge]\n", encoding="utf-8")
    assert load_config(make_ship('condarc-file = "rc"')).condarc == "channels: [conda-forge]\n"


def test_the_aliases_of_conda_ship_0_4_are_accepted(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        [tool.conda-ship]
        runtime-name = "demo"
        runtime-version = "1.0"
        delegate-executable = "conda"
        artifact-layout = "embedded"
        source-environment = "ship"
        exclude-packages = ["a"]
        install-method = "homebrew"
    """)
    config = load_config(project)
    assert (config.runtime, config.delegate, config.layout) == ("demo", "conda", "embedded")
    assert (config.exclude, config.installer) == (("a",), "homebrew")


@pytest.mark.parametrize("key", [key for key in CONFIG_KEYS if key.alias], ids=lambda key: key.name)
def test_key_and_alias_together_are_an_error(make_project: Make, key: ConfigKey) -> None:
    name, alias = key.names
    project = make_project(f'[workspace]\n[tool.conda-ship]\n{name} = "a"\n{alias} = "a"\n')
    with pytest.raises(ManifestError, match=f"is an alias of {name}") as caught:
        load_config(project)
    assert (caught.value.kind, caught.value.line, caught.value.key) == ("key-conflict", 4, f"tool.conda-ship.{alias}")


def test_flag_and_alias_flag_together_are_an_error(make_ship: Make) -> None:
    with pytest.raises(OverrideError, match=r"^artifact-layout: is an alias of layout"):
        load_config(make_ship(), {"layout": "online", "artifact-layout": "online"})


def test_a_flag_wins_over_the_manifest_whatever_the_spelling(make_ship: Make) -> None:
    project = make_ship('layout = "external"\nexclude = ["a"]\nfreeze-base = true')
    overrides = {"artifact_layout": "embedded", "exclude": ["b"], "freeze_base": False, "docs_url": None}
    config = load_config(project, overrides)
    assert (config.layout, config.exclude, config.freeze_base, config.docs_url) == ("embedded", ("b",), False, None)


def test_flags_alone_are_enough(make_project: Make) -> None:
    flags = {"runtime": "x", "runtime-version": "2", "delegate": "python", "source-environment": "default"}
    assert load_config(make_project("[workspace]\n"), flags).runtime == "x"


@pytest.mark.parametrize(
    ("layout", "given", "expected"),
    [("online", None, "demo"), ("embedded", None, "demoz"), ("embedded", "cli", "cli")],
)
def test_an_embedded_artifact_is_named_with_z(make_ship: Make, layout: str, given: str | None, expected: str) -> None:
    assert load_config(make_ship(), {"layout": layout, "artifact-name": given}).artifact_name == expected


@pytest.mark.parametrize(
    ("delegate", "require", "expected"),
    [("conda", None, ("conda",)), ("python", None, ()), ("conda", ["conda-spawn"], ("conda-spawn",))],
)
def test_conda_is_required_when_it_is_the_delegate(
    make_ship: Make, delegate: str, require: list[str] | None, expected: tuple[str, ...]
) -> None:
    assert load_config(make_ship(), {"delegate": delegate, "require": require}).require == expected


@pytest.mark.parametrize("key", ["runtime", "delegate", "source-environment"])
def test_required_keys_are_required(make_project: Make, key: str) -> None:
    given = {"runtime": "x", "delegate": "y", "source-environment": "z"}
    del given[key]
    with pytest.raises(ManifestError, match=f"tool.conda-ship.{key}: this key is required") as caught:
        load_config(make_project("[workspace]\n[tool.conda-ship]\n"), given)
    assert (caught.value.kind, caught.value.line) == ("key-missing", 2)
    assert caught.value.hint == f'add `{key} = "..."` to [tool.conda-ship]'


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("layuot = 'online'", "did you mean 'layout'?"),
        ("source_environment = 'x'", "did you mean 'source-environment'?"),
        ("xyzzy = 1", "the keys are runtime, artifact-name"),
    ],
)
def test_an_unknown_key_is_an_error_with_a_suggestion(make_ship: Make, line: str, hint: str) -> None:
    with pytest.raises(ManifestError, match="unknown key") as caught:
        load_config(make_ship(line))
    assert (caught.value.kind, caught.value.line) == ("key-unknown", 8)
    assert hint in (caught.value.hint or "")


def test_an_unknown_override_is_an_error(make_ship: Make) -> None:
    with pytest.raises(OverrideError, match=r"^layot: unknown setting$") as caught:
        load_config(make_ship(), {"layot": "online"})
    assert caught.value.hint == "did you mean 'layout'?"


@pytest.mark.parametrize("line", ["[tool.conda-ship.update]\nenabled = true", "update = false"])
def test_the_update_table_is_refused(make_ship: Make, line: str) -> None:
    with pytest.raises(ManifestError, match="updates of the executable itself are not supported yet") as caught:
        load_config(make_ship(line))
    assert caught.value.kind == "update-unsupported"


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ('artifact-name = "../demo"', "value-invalid", "a name of ASCII letters, digits"),
        ('artifact-name = ".demo"', "value-invalid", "starts with a letter or digit"),
        ('artifact-name = "démo"', "value-invalid", "ASCII letters, digits"),
        ('artifact-name = ""', "value-invalid", "a string that is not empty"),
        ("artifact-name = 3", "value-type", "a string"),
        ('installer = "home brew"', "value-invalid", "ASCII letters, digits"),
        ('layout = "embeded"', "value-invalid", r"one of online, external, embedded \(did you mean 'embedded'\?\)"),
        ("layout = true", "value-type", "one of online"),
        ('exclude = "conda"', "value-type", "a list of package names"),
        ("exclude = 1", "value-type", "a list of package names"),
        ('archives = ""', "value-invalid", "a string that is not empty"),
        ("archives = 1", "value-type", "a path, or a list of paths"),
        ('build-wheels = "always"', "value-invalid", "one of local, all, never"),
        ('docs-url = "ftp://example.com"', "value-invalid", "an http:// or https:// URL"),
        ('docs-url = "https://exa mple.com"', "value-invalid", "without whitespace"),
        ('docs-url = "https://example.com/\\u0007"', "value-invalid", "control characters"),
        ('docs-url = "https://"', "value-invalid", "an http:// or https:// URL"),
        ('docs-url = "https://[::1"', "value-invalid", "an http:// or https:// URL"),
        ('freeze-base = "yes"', "value-type", "true or false"),
        ("freeze-base = 1", "value-type", "true or false"),
        ('install-name = { base = "x" }', "value-invalid", 'or { from = "runtime-lock" }'),
        ("condarc-file = []", "value-type", "a string"),
    ],
)
def test_a_wrong_value_is_an_error_that_points_at_it(make_ship: Make, line: str, kind: str, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load_config(make_ship(line))
    error = caught.value
    assert re.search(message, f"{error.message} ({error.hint})")
    assert (error.kind, error.line, error.column) == (kind, 8, line.index("=") + 3)
    assert error.key == "tool.conda-ship." + line.split(" ")[0]
    assert error.path is not None
    assert error.path.name == "conda.toml"
    assert error.expected


@pytest.mark.parametrize(
    ("line", "key", "kind", "message"),
    [
        ('exclude = ["a", «"conda >=24"»]', "exclude[1]", "value-invalid", "must be a package name alone"),
        ('exclude = [«"npm:x"»]', "exclude[0]", "value-invalid", "must be a package name alone"),
        ('require = ["a", "b", «{ name = "c" }»]', "require[2]", "value-type", "must be a package name alone"),
        (
            'deny-licenses = ["MIT", «3»]',
            "deny-licenses[1]",
            "value-type",
            "must be a string (put the value in quotes)",
        ),
        ('archives = ["a", «""», "b"]', "archives[1]", "value-invalid", "must be a string that is not empty"),
        ('archives = [\n  "a", # b\n  «1»]', "archives[1]", "value-type", "must be a string (put the value in quotes)"),
        ('install-name = { from = «"lock"» }', "install-name.from", "value-invalid", 'must be "runtime-lock"'),
        (
            'install-name = { from = "runtime-lock", «bse» = "x" }',
            "install-name.bse",
            "key-unknown",
            "unknown key (did you mean 'base'?)",
        ),
        (
            'install-name = { from = "runtime-lock", base = «"a/b"» }',
            "install-name.base",
            "value-invalid",
            "must be a name of ASCII letters",
        ),
    ],
)
def test_a_wrong_part_is_an_error_that_points_at_it(
    make_ship: Make, line: str, key: str, kind: str, message: str
) -> None:
    before = line.partition("«")[0]
    with pytest.raises(ManifestError) as caught:
        load_config(make_ship(re.sub("[«»]", "", line)))
    error = caught.value
    assert message in f"{error.message} ({error.hint})"
    assert (error.kind, error.key) == (kind, f"tool.conda-ship.{key}")
    assert (error.line, error.column) == (8 + before.count("\n"), len(before.rpartition("\n")[2]) + 1)
    assert error.actual != "an array"


def test_all_unknown_keys_are_named_at_once(make_ship: Make) -> None:
    with pytest.raises(ManifestError) as caught:
        load_config(make_ship("layuot = 1\nxyzzy = 1\nexclud = []"))
    assert str(caught.value).endswith(":8:1: tool.conda-ship.layuot: unknown key, as are xyzzy and exclud")
    assert caught.value.hint == "did you mean 'layout' for layuot, 'exclude' for exclud?"


def test_a_file_that_is_not_there_is_an_error_in_the_manifest(make_ship: Make) -> None:
    for key in ("condarc-file", "build-constraints"):
        for name, message in {
            "nope": "no such file: ",
            ".": "is not a regular file: ",
            "x" * 5000: "File name too long: |no such file: ",
        }.items():
            with pytest.raises(ManifestError, match=message) as caught:
                load_config(make_ship(f'{key} = "{name}"'))
            assert (caught.value.key, caught.value.line) == (f"tool.conda-ship.{key}", 8)


def test_a_wrong_flag_is_an_error_that_names_it(make_ship: Make) -> None:
    with pytest.raises(OverrideError, match=r"^runtime: must be a name of ASCII letters") as caught:
        load_config(make_ship(), {"runtime": "-x"})
    assert (caught.value.path, caught.value.actual) == (None, "'-x'")
    with pytest.raises(OverrideError, match=r"^exclude: must be a package name alone, without a version$") as caught:
        load_config(make_ship(), {"exclude": ["a", "b >=1"]})
    assert caught.value.actual == "'b >=1'"


def test_the_install_name_can_come_from_the_runtime_lock(make_ship: Make) -> None:
    project = make_ship('install-name = { from = "runtime-lock", base = "express" }')
    config = load_config(project, {"runtime-version": "1!2.0+local"})
    assert config.install_name == InstallName(base="express", from_runtime_lock=True)
    assert resolve_install_name(config, "0123456789abcdef" * 4) == "express-1_2.0_local-0123456789abcdef"
    with pytest.raises(ValueError, match="64 lower-case hexadecimal digits"):
        resolve_install_name(config, "0123")


def test_the_base_of_such_a_name_is_the_runtime(make_ship: Make) -> None:
    config = load_config(make_ship('install-name = { from = "runtime-lock" }'))
    assert resolve_install_name(config, "a" * 64) == "demo-1.0-" + "a" * 16


def test_a_plain_install_name_does_not_depend_on_the_lock(make_ship: Make) -> None:
    assert resolve_install_name(load_config(make_ship()), "") == "demo"


def test_a_condarc_flag_is_relative_to_the_current_directory(
    make_ship: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()  # a folder of the project
    (tmp_path / "elsewhere" / "rc").write_text("a: b")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_config(make_ship(), {"condarc-file": "rc"}).condarc_file == tmp_path / "elsewhere" / "rc"
    assert load_config(make_ship(), {"condarc-file": Path("rc")}).condarc == "a: b"


@pytest.mark.parametrize("name", ["pixi.toml", "pyproject.toml"])
def test_the_table_has_the_same_path_in_every_manifest(make_ship: Make, name: str) -> None:
    assert load_config(make_ship("[tool.pixi]", name)).runtime == "demo"


def test_the_table_of_another_file_is_not_read(make_ship: Make, tmp_path: Path) -> None:
    project = make_ship()
    (tmp_path / "pyproject.toml").write_text("[tool.conda-ship]\nlayout = 'embedded'\n[tool.pixi]\n")
    assert load_config(project).layout == "online"


def test_every_key_is_a_field() -> None:
    assert {key.attribute for key in CONFIG_KEYS} | {"condarc"} == {field.name for field in fields(ShipConfig)}


@pytest.mark.parametrize(
    ("base", "version", "fits"), [(50, 60, True), (120, 120, False), (100, 10, True), (100, 11, False)]
)
def test_a_derived_install_name_is_not_longer_than_any_other(
    make_ship: Make, base: int, version: int, fits: bool
) -> None:
    project = make_ship(f'install-name = {{ from = "runtime-lock", base = "{"b" * base}" }}')
    flags = {"runtime-version": "1" * version}
    name = f"{'b' * base}-{'1' * version}-{'a' * 16}"
    assert (len(name) <= 128) == fits
    if fits:
        assert resolve_install_name(load_config(project, flags), "a" * 64) == name
        return
    with pytest.raises(ManifestError, match="at most 128 characters, not") as caught:
        load_config(project, flags)
    assert (caught.value.kind, caught.value.key, caught.value.line) == (
        "value-invalid",
        "tool.conda-ship.install-name",
        8,
    )


def test_a_derived_install_name_is_measured_when_the_version_is_known_at_last(make_ship: Make) -> None:
    config = load_config(make_ship(f'install-name = {{ from = "runtime-lock", base = "{"b" * 100}" }}'))
    with pytest.raises(ManifestError, match="at most 128 characters, not 129"):
        resolve_install_name(replace(config, runtime_version="1" * 11), "a" * 64)


def test_the_z_of_an_embedded_runtime_counts(make_ship: Make) -> None:
    name = "r" * 128
    assert load_config(make_ship(), {"runtime": name}).artifact_name == name
    with pytest.raises(ManifestError, match="at most 128 characters, not 129") as caught:
        load_config(make_ship(), {"runtime": name, "layout": "embedded"})
    assert caught.value.key == "tool.conda-ship.artifact-name"


@pytest.mark.parametrize("key", ["artifact-name", "install-name"])
@pytest.mark.parametrize("name", ["nul", "CON", "com1", "Lpt9.x", "demo."])
def test_a_name_that_is_not_valid_on_every_system_is_refused(make_ship: Make, key: str, name: str) -> None:
    with pytest.raises(ManifestError, match=f"is not a valid {key}: ") as caught:
        load_config(make_ship(f'{key} = "{name}"'))
    assert (caught.value.line, caught.value.key) == (8, f"tool.conda-ship.{key}")
    assert load_config(make_ship(f'{key} = "x{name}y"')).runtime == "demo"


@pytest.mark.parametrize("name", ["envs", "pkgs", "PKGS", "condarc", "condarc.d", "environments.txt"])
def test_a_prefix_cannot_have_a_name_that_conda_itself_uses(make_ship: Make, name: str) -> None:
    for line in (f'install-name = "{name}"', f'install-name = "{name}"\ninstall-scheme = "user-data"'):
        with pytest.raises(ManifestError, match="itself does not use") as caught:
            load_config(make_ship(line))
        assert (caught.value.line, caught.value.key) == (8, "tool.conda-ship.install-name")
    assert load_config(make_ship(f'artifact-name = "{name}"')).artifact_name == name
    with pytest.raises(ManifestError, match="is not a valid install-name"):
        load_config(make_ship(), {"runtime": name})  # the default install name is the runtime's
    assert load_config(make_ship(), {"runtime": name, "install-name": "demo"}).runtime == name
    assert load_config(make_ship(f'install-name = {{ from = "runtime-lock", base = "{name}" }}')).runtime == "demo"


@pytest.mark.parametrize("way", ["parent", "absolute", "file-link", "directory-link", "link-and-back", "chain"])
@pytest.mark.parametrize("is_flag", [True, False])
def test_a_condarc_file_outside_the_project_is_refused(tmp_path: Path, way: str, is_flag: bool) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "rc").write_text("a: b\n")
    (root / "conda.toml").write_text("[workspace]\n[tool.conda-ship]\n")
    (root / "conda.lock").touch()
    (root / "file").symlink_to(outside / "rc")
    (root / "directory").symlink_to(outside)
    (root / "inner").symlink_to("file")
    paths = {
        "parent": "../outside/rc",
        "absolute": str(outside / "rc"),
        "file-link": "file",
        "directory-link": "directory/rc",
        "link-and-back": "directory/../outside/rc",
        "chain": "inner",
    }
    flags = {"runtime": "x", "runtime-version": "2", "delegate": "python", "source-environment": "default"}
    value = str(root / paths[way]) if is_flag else paths[way]
    if not is_flag:
        (root / "conda.toml").write_text(f'[workspace]\n[tool.conda-ship]\ncondarc-file = "{value}"\n')
    with pytest.raises(ManifestError, match="leads out of the manifest's directory") as caught:
        load_config(discover(root), flags | ({"condarc-file": value} if is_flag else {}))
    assert caught.value.kind == "value-invalid"


@pytest.mark.parametrize("path", ["rc", "./rc", "sub/../rc", "link", "sub/back", "../project/rc"])
def test_links_within_the_project_are_fine(tmp_path: Path, path: str) -> None:
    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    (root / "rc").write_text("a: b\n")
    (root / "link").symlink_to("rc")
    (root / "sub" / "back").symlink_to("../rc")
    (root / "conda.lock").touch()
    (root / "conda.toml").write_text(f'[workspace]\n[tool.conda-ship]\ncondarc-file = "{path}"\n')
    (tmp_path / "alias").symlink_to(root)
    flags = {"runtime": "x", "runtime-version": "2", "delegate": "python", "source-environment": "default"}
    for directory in (root, tmp_path / "alias"):
        assert load_config(discover(directory), flags).condarc == "a: b\n"


@pytest.mark.parametrize("name", ["conda.toml", "pixi.toml", "pyproject.toml"])
@pytest.mark.parametrize("given", [(), ("runtime",), ("source-environment",), ("delegate", "runtime-version")])
@pytest.mark.parametrize("has_table", [True, False])
def test_missing_keys_are_reported_together_and_can_be_pasted(
    make_project: Make, name: str, given: tuple[str, ...], has_table: bool
) -> None:
    prefix = "tool.pixi." if name == "pyproject.toml" else ""
    text = f'[{prefix}workspace]\nname = "My tool"\n[{prefix}environments]\nship = []\n[tool.other]\nx = 1\n'
    lines = "".join(f'{key} = "7"\n' for key in given)
    if has_table:
        text += f"[tool.conda-ship]\n{lines}"
    flags = {} if has_table else dict.fromkeys(given, "7")
    with pytest.raises(ManifestError) as caught:
        load_config(make_project(text, name), flags)
    error = caught.value
    missing = [key for key in ("runtime", "delegate", "source-environment") if key not in given]
    assert all(key in error.message for key in missing)
    assert not any(key in error.message for key in given)
    assert (error.kind, error.line) == ("key-missing", 7 if has_table else None)
    pasted = "".join(f"{line}\n" for line in error.lines)
    assert ("[tool.conda-ship]" in pasted) != has_table
    config = load_config(make_project(text + pasted, name), flags)
    assert (config.runtime, config.source_environment) == (
        "7" if "runtime" in given else "My-tool",
        "7" if "source-environment" in given else "ship",
    )

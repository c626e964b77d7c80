from __future__ import annotations

from collections.abc import Callable

import pytest

from cs_manifest import ManifestError, Platform, Project, combine_specs, requested_specs

Make = Callable[..., Project]

WORKSPACE = """
    [workspace]
    platforms = ["linux-64", "osx-arm64", "win-64"]
    [dependencies]
    python = ">=3.12"
    [host-dependencies]
    cmake = "3.*"
    [build-dependencies]
    cmake = "4.*"
    [pypi-dependencies]
    Flask_Login = "*"
    [feature.ship.dependencies]
    Conda = { version = ">=25.1", build = "*_0", channel = "conda-forge" }
    python = "*"
    [feature.ship.target.unix.dependencies]
    python = ">=3.13"
    [feature.ship.target.osx-arm64.dependencies]
    python = ">=3.14"
    libcxx = "*"
    [feature.ship.target.emscripten.dependencies]
    nothing = "*"
    [environments]
    ship = { features = ["ship"], no-default-feature = true }
    both = ["ship"]
"""


def specs(project: Project, environment: str) -> list[tuple[str, str, tuple[str, ...] | None]]:
    return [(found.feature, found.spec, found.platforms) for found in requested_specs(project, environment)]


def test_the_targets_of_a_feature_replace_its_own_specs(make_project: Make) -> None:
    assert specs(make_project(WORKSPACE), "ship") == [
        ("ship", "conda-forge::conda >=25.1 *_0", None),
        ("ship", "python", ("win-64",)),
        ("ship", "python >=3.13", ("linux-64",)),
        ("ship", "python >=3.14", ("osx-arm64",)),
        ("ship", "libcxx", ("osx-arm64",)),
    ]


def test_the_default_feature_comes_last_and_build_dependencies_win(make_project: Make) -> None:
    assert specs(make_project(WORKSPACE), "both")[-3:] == [
        ("default", "python >=3.12", None),
        ("default", "cmake 4.*", None),
        ("default", "flask-login", None),
    ]


def test_the_default_environment_exists_without_being_defined(make_project: Make) -> None:
    assert [found.kind for found in requested_specs(make_project(WORKSPACE), "default")] == ["conda", "conda", "pypi"]


def test_a_request_has_the_key_path_of_its_entry(make_project: Make) -> None:
    found = requested_specs(make_project(WORKSPACE), "ship")[3]
    assert found.key == ("feature", "ship", "target", "osx-arm64", "dependencies", "python")
    assert (found.name, found.kind, found.target) == ("python", "conda", "osx-arm64")


@pytest.mark.parametrize("name", ["pixi.toml", "pyproject.toml"])
def test_old_and_new_spellings_work_in_every_file(make_project: Make, name: str) -> None:
    prefix = "tool.pixi." if name == "pyproject.toml" else ""
    for table in ("workspace", "project"):
        project = make_project(f"[{prefix}{table}]\nplatforms = ['osx-64']\n[{prefix}dependencies]\na = '*'\n", name)
        assert specs(project, "default") == [("default", "a", None)]


def test_an_unknown_environment_is_an_error_that_lists_the_nearest_first(make_project: Make) -> None:
    with pytest.raises(ManifestError, match="there is no environment 'shp'") as caught:
        requested_specs(make_project(WORKSPACE), "shp")
    assert (caught.value.kind, caught.value.expected) == ("environment-not-found", "one of ship, both, default")
    assert caught.value.line == 22


def test_an_unknown_feature_is_an_error(make_project: Make) -> None:
    project = make_project("[workspace]\n[feature.test]\n[environments]\na = ['tst']\n")
    with pytest.raises(ManifestError, match="there is no feature 'tst'") as caught:
        requested_specs(project, "a")
    assert (caught.value.kind, caught.value.line) == ("feature-not-found", 4)
    assert caught.value.hint == "did you mean 'test'?"


def test_dependencies_are_inherited_from_the_workspace(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        [workspace.dependencies]
        numpy = { version = ">=2", channel = "conda-forge" }
        scipy = "1.*"
        [dependencies]
        numpy = { workspace = true, build = "*openblas" }
        scipy.workspace = true
        """)
    assert [spec for _, spec, _ in specs(project, "default")] == ["conda-forge::numpy >=2 *openblas", "scipy 1.*"]


def test_the_specs_of_several_features_become_one(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        platforms = ["linux-64", "win-64"]
        [dependencies]
        a = ">=1"
        b = "1.*|2.*"
        c = "*"
        d = ">=1"
        p = "1"
        [pypi-dependencies]
        q = "*"
        [target.win.dependencies]
        w = "*"
        [feature.x.dependencies]
        a = "<2"
        b = ">=1.5"
        c = "*"
        d = { version = ">=2", channel = "conda-forge" }
        [environments]
        x = ["x"]
        """)
    assert combine_specs(requested_specs(project, "x"), "linux-64") == {
        "a": "a <2,>=1",
        "b": "b >=1.5,(1.*|2.*)",
        "c": "c",
        "d": "conda-forge::d >=2",
        "p": "p ==1",
    }


def test_a_manifest_that_only_defines_what_to_ship_requests_nothing(make_project: Make) -> None:
    assert requested_specs(make_project("[tool.conda-ship]\n"), "ship") == ()


@pytest.mark.parametrize("value", ["{ workspace = false }", "{ workspace = true }"])
def test_what_the_workspace_does_not_have_is_not_inherited(make_project: Make, value: str) -> None:
    with pytest.raises(ManifestError, match=r"a package of \[workspace.dependencies\]") as caught:
        requested_specs(make_project(f"[workspace]\n[dependencies]\nnumpy = {value}\n"), "default")
    assert caught.value.line == 3


def test_an_environments_own_table_is_a_feature_of_its_name(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        [environments.dev.dependencies]
        pytest = "*"
        [environments.default.dependencies]
        git = "*"
        """)
    assert specs(project, "dev") == [("dev", "pytest", None)]
    assert specs(project, "default") == [("default", "git", None)]


def test_pixi_takes_python_and_groups_from_the_standard_tables(make_project: Make) -> None:
    project = make_project(
        """
        [project]
        requires-python = ">=3.11"
        dependencies = ["Requests >=2"]
        [project.optional-dependencies]
        dev_tools = ["pytest"]
        [dependency-groups]
        docs = ["sphinx", { include-group = "other" }]
        [tool.pixi.workspace]
        [tool.pixi.environments]
        dev = ["dev-tools", "docs"]
        """,
        "pyproject.toml",
    )
    assert [(found.kind, found.feature, found.spec) for found in requested_specs(project, "dev")] == [
        ("pypi", "dev-tools", "pytest"),
        ("pypi", "docs", "sphinx"),
        ("conda", "default", "python >=3.11"),
        ("pypi", "default", "Requests >=2"),
    ]


def test_the_workspaces_own_python_replaces_requires_python(make_project: Make) -> None:
    text = "[project]\nrequires-python = '>=3.11'\n[tool.pixi.dependencies]\npython = '3.13.*'\n"
    assert specs(make_project(text, "pyproject.toml"), "default") == [("default", "python 3.13.*", None)]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("dependencies = 3", "dependencies"),
        ("[dependencies]\na = []", "dependencies.a"),
        ("[dependencies]\na = { version = true }", "dependencies.a"),
        ("[dependencies]\na = { build = 3 }", "dependencies.a"),
        ("[target]\nlinux = 3", "target.linux"),
        ("[environments]\ndefault = 3", "environments.default"),
        ("[environments]\ndefault = [3]", "environments.default.features"),
        ("[environments]\ndefault = ['x']\n[feature]\nx = 3", "feature.x"),
        ("[environments]\ndefault = ['x']\n[feature.x]\nplatforms = 3", "feature.x.platforms"),
        ("[feature]\n[workspace]\nplatforms = 3", "workspace.platforms"),
        ("[feature]\n[workspace]\nplatforms = [3]", "workspace.platforms[0]"),
        ("[feature]\n[workspace]\nchannels = [3]", "workspace.channels[0]"),
    ],
)
def test_a_table_of_the_wrong_form_is_one_error_that_points_at_it(make_project: Make, text: str, key: str) -> None:
    workspace = "" if "[workspace]" in text else "\n[workspace]"
    with pytest.raises(ManifestError) as caught:
        requested_specs(make_project(text + workspace), "default")
    assert caught.value.key == key
    assert caught.value.line is not None


def test_requests_can_be_listed_for_the_platforms_of_a_lock(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        platforms = ["linux-64"]
        [target.gpu.dependencies]
        tool = "1.*"
        [feature.mac]
        platforms = ["osx-64"]
        [feature.mac.dependencies]
        dock = "*"
        [environments]
        all = ["mac"]
        """)
    platforms = [Platform(name="gpu", subdir="linux-64"), Platform(name="osx-64", subdir="osx-64")]
    found = {spec.name: spec.platforms for spec in requested_specs(project, "all", platforms)}
    assert found == {"tool": ("gpu",), "dock": ("osx-64",)}


@pytest.mark.parametrize("value", ['{ version = "*", when = "__win" }', '">=2; if python <3"', "\"[when='__unix']\""])
def test_a_conditional_request_is_marked(make_project: Make, value: str) -> None:
    project = make_project(f"[workspace]\n[dependencies]\na = {value}\nb = '*'\n")
    assert [found.is_conditional for found in requested_specs(project, "default")] == [True, False]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("pypi-options", "numpy>=2.0.0"),
        ("workspace.pypi-options", "numpy>=2.0.0"),
        ("feature.ship.pypi-options", "numpy>=2.0.0"),
        ("feature.other.pypi-options", "numpy<2"),
    ],
)
def test_an_override_stands_for_every_requirement_on_a_project(make_project: Make, table: str, expected: str) -> None:
    project = make_project(f"""
        [workspace]
        platforms = ["linux-64"]
        [pypi-dependencies]
        NumPy = "<2"
        [feature.ship.pypi-dependencies]
        six = "*"
        [{table}]
        index-url = "https://x.org/simple"
        extra-index-urls = ["https://y.org/simple"]
        find-links = [{{ path = "./wheels" }}]
        no-build = true
        [{table}.dependency-overrides]
        numpy = ">=2.0.0"
        torch = {{ version = "*", index = "https://x.org/whl" }}
        [environments]
        ship = ["ship"]
        """)
    assert [spec for _, spec, _ in specs(project, "ship")] == ["six", expected]


def test_overrides_that_differ_leave_just_the_name(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        platforms = ["linux-64"]
        [pypi-dependencies]
        numpy = "<2"
        [pypi-options.dependency-overrides]
        numpy = ">=2"
        [feature.ship.pypi-options.dependency-overrides]
        numpy = ">=3"
        [environments]
        ship = ["ship"]
        """)
    assert [spec for _, spec, _ in specs(project, "ship")] == ["numpy"]

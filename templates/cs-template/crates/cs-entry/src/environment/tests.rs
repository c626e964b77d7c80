use super::*;

#[derive(Default)]
struct Collected {
    done: Vec<String>,
    current: String,
}

impl Entries<'_> for Collected {
    fn keep(&mut self, entry: &[u8]) -> Option<()> {
        self.push(entry)?;
        self.end()
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.current.push_str(str::from_utf8(bytes).ok()?);
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        self.done.push(std::mem::take(&mut self.current));
        Some(())
    }
}

const OTHER: Context = Context {
    prefix: b"/p",
    command_name: b"demo",
    delegate_is_conda: false,
    replaces_active: false,
};
const CONDA: Context = Context {
    delegate_is_conda: true,
    ..OTHER
};

fn rewrite(inherited: &[&str]) -> Vec<String> {
    rewrite_for(&OTHER, inherited)
}

fn rewrite_for(context: &Context, inherited: &[&str]) -> Vec<String> {
    let mut entries = Collected::default();
    let inherited = inherited.iter().map(|entry| entry.as_bytes());
    write_environment(inherited, context, &mut entries).expect("room");
    entries.done
}

fn value_of<'a>(entries: &'a [String], name: &str) -> Option<&'a str> {
    entries
        .iter()
        .find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(unix)]
#[test]
fn the_prefix_is_described_and_comes_first_on_path() {
    let expected = [
        "LANG=C",
        "CONDA_ROOT_PREFIX=/p",
        "CONDA_PREFIX=/p",
        "CONDA_DEFAULT_ENV=base",
        "CONDA_SHLVL=1",
        "CONDA_COMPLETION_COMMAND_NAME=demo",
        "PATH=/p/bin:/p/condabin:/usr/bin:/opt/bin",
    ];
    assert_eq!(rewrite(&["PATH=/usr/bin:/opt/bin", "LANG=C"]), expected);
}

#[test]
fn an_outer_conda_leaves_no_trace() {
    let outer = [
        "CONDA_PREFIX=/o",
        "CONDA_PREFIX_1=/o",
        "CONDA_PREFIX_12=/o",
        "CONDA_STACKED_2=true",
        "CONDA_SHLVL=3",
    ];
    let rewritten = rewrite(
        &[
            &outer[..],
            &["CONDA_EXE=/o/c", "_CE_CONDA=", "MAMBA_ROOT_PREFIX=/o"],
        ]
        .concat(),
    );
    assert_eq!(rewritten.len(), 6, "{rewritten:?}");
    assert!(
        !rewritten
            .iter()
            .any(|entry| entry.contains("/o") || entry == "CONDA_SHLVL=3")
    );
}

#[test]
fn on_windows_capitals_make_no_other_name() {
    for (name, stripped) in [
        ("CONDA_PREFIX", true),
        ("Conda_Prefix", true),
        ("conda_prefix_12", true),
        ("Conda_Stacked_1", true),
        ("conda_exe", true),
        ("conda_prefix_data", false),
        ("condarc", false),
        ("conda_ex", false),
    ] {
        let is_exact = name.bytes().all(|byte| !byte.is_ascii_lowercase());
        assert_eq!(is_stripped_on(name.as_bytes(), true), stripped, "{name}");
        let unix = is_stripped_on(name.as_bytes(), false);
        assert_eq!(unix, stripped && is_exact, "{name}");
    }
}

#[cfg(windows)]
#[test]
fn an_outer_environment_in_other_capitals_is_described_anew() {
    let rewritten = rewrite(&["Conda_Prefix=/o", "conda_exe=/o/c", "conda_shlvl=7"]);
    assert!(!rewritten.iter().any(|entry| entry.contains("/o")));
    assert_eq!(value_of(&rewritten, "CONDA_PREFIX"), Some("/p"));
    assert_eq!(value_of(&rewritten, "CONDA_SHLVL"), Some("1"));
}

#[test]
fn user_settings_stay() {
    let configured = [
        "CONDARC=/c",
        "CONDA_PKGS_DIRS=/k",
        "CONDA_OVERRIDE_CUDA=12",
        "CONDA_PREFIX_DATA=1",
        "DEMO_PREFIX=/d",
        "CONDA_EXE_NOT=1",
    ];
    assert_eq!(rewrite(&configured)[..configured.len()], configured);
}

#[test]
fn entries_of_any_form_are_kept_as_they_are() {
    let odd = [
        "",
        "=C:=C:\\x",
        "no equals sign",
        "EMPTY=",
        "TWO==",
        "BASH_FUNC_x%%=() { :\n}",
    ];
    assert_eq!(rewrite(&odd)[..odd.len()], odd);
}

#[cfg(unix)]
#[test]
fn path_does_not_grow_when_a_runtime_starts_itself() {
    let once = rewrite(&["PATH=/usr/bin"]);
    assert_eq!(rewrite(&[&once[5]])[5], once[5]);
    assert_eq!(
        rewrite(&["PATH=/p/bin:/usr/bin"])[5],
        "PATH=/p/bin:/p/condabin:/p/bin:/usr/bin"
    );
}

#[cfg(unix)]
#[test]
fn without_a_path_the_systems_directories_follow() {
    assert_eq!(rewrite(&[])[5], "PATH=/p/bin:/p/condabin:/bin:/usr/bin");
    assert_eq!(
        rewrite(&["PATH="])[5],
        "PATH=/p/bin:/p/condabin:/bin:/usr/bin"
    );
}

#[cfg(unix)]
#[test]
fn the_first_of_two_paths_counts() {
    assert_eq!(
        rewrite(&["PATH=/a", "PATH=/b"])[5..],
        ["PATH=/p/bin:/p/condabin:/a"]
    );
}

/// What `conda activate` leaves in a shell: an environment on top of another conda's base.
const ACTIVE: [&str; 7] = [
    "CONDA_PREFIX=/o/envs/t",
    "CONDA_PREFIX_1=/o",
    "CONDA_STACKED_2=true",
    "CONDA_DEFAULT_ENV=t",
    "CONDA_SHLVL=2",
    "CONDA_PROMPT_MODIFIER=(t) ",
    "PATH=/o/envs/t/bin:/o/condabin:/usr/bin",
];

#[test]
fn for_conda_an_active_environment_stays_as_it_is() {
    let mut rewritten = rewrite_for(&CONDA, &[&ACTIVE[..], &["CONDA_EXE=/o/c"]].concat());
    let mut expected = [&ACTIVE[..], &["CONDA_COMPLETION_COMMAND_NAME=demo"]].concat();
    rewritten.sort();
    expected.sort();
    assert_eq!(rewritten, expected);
}

#[test]
fn another_delegate_and_a_new_shell_take_the_place_of_a_foreign_environment() {
    let shell = Context {
        replaces_active: true,
        ..CONDA
    };
    for context in [OTHER, shell] {
        let rewritten = rewrite_for(&context, &ACTIVE);
        for (name, value) in [
            ("CONDA_PREFIX", Some("/p")),
            ("CONDA_DEFAULT_ENV", Some("base")),
            ("CONDA_SHLVL", Some("1")),
            ("CONDA_PREFIX_1", None),
            ("CONDA_STACKED_2", None),
            ("CONDA_PROMPT_MODIFIER", None),
        ] {
            assert_eq!(value_of(&rewritten, name), value, "{name}");
        }
    }
}

#[test]
fn conda_finds_its_own_root() {
    for inherited in [&["CONDA_ROOT_PREFIX=/o"][..], &ACTIVE] {
        let rewritten = rewrite_for(&CONDA, inherited);
        assert_eq!(value_of(&rewritten, "CONDA_ROOT_PREFIX"), None);
        let rewritten = rewrite(inherited);
        assert_eq!(value_of(&rewritten, "CONDA_ROOT_PREFIX"), Some("/p"));
    }
}

#[cfg(unix)]
#[test]
fn environments_of_the_prefix_stay_active_whatever_the_delegate() {
    for (active, stays) in [
        ("/p/envs/t", true),
        ("/p/envs/t/deeper", true),
        ("/p/envs/", false),
        ("/p/envs", false),
        ("/p/other/t", false),
        ("/pp/envs/t", false),
        ("/o/envs/t", false),
        ("", false),
    ] {
        let entry = format!("CONDA_PREFIX={active}");
        let rewritten = rewrite(&[&entry, "CONDA_SHLVL=3"]);
        let expected = if stays { (active, "3") } else { ("/p", "1") };
        let found = ["CONDA_PREFIX", "CONDA_SHLVL"].map(|name| value_of(&rewritten, name));
        assert_eq!(found, [Some(expected.0), Some(expected.1)], "{active}");
    }
}

#[cfg(unix)]
#[test]
fn the_directories_of_an_active_environment_stay_before_those_of_the_prefix() {
    let active = "CONDA_PREFIX=/p/envs/t";
    for (context, path, expected) in [
        (
            OTHER,
            "/p/envs/t/bin:/a",
            "/p/envs/t/bin:/p/bin:/p/condabin:/a",
        ),
        (
            OTHER,
            "/v:/p/envs/t/bin",
            "/v:/p/envs/t/bin:/p/bin:/p/condabin",
        ),
        (
            OTHER,
            "/p/envs/t2/bin:/a",
            "/p/bin:/p/condabin:/p/envs/t2/bin:/a",
        ),
        (
            OTHER,
            "/p/envs/t/bin:/p/bin:/p/condabin:/a",
            "/p/envs/t/bin:/p/bin:/p/condabin:/a",
        ),
        (OTHER, "", "/p/bin:/p/condabin:/bin:/usr/bin"),
        (CONDA, "/p/envs/t/bin:/a", "/p/envs/t/bin:/a"),
        (CONDA, "/a", "/a"),
        (CONDA, "", "/p/bin:/p/condabin:/bin:/usr/bin"),
    ] {
        let rewritten = rewrite_for(&context, &[active, &format!("PATH={path}")]);
        assert_eq!(value_of(&rewritten, "PATH"), Some(expected), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn the_prefix_itself_may_be_active_for_conda() {
    let active = [
        "CONDA_PREFIX=/p",
        "CONDA_SHLVL=2",
        "CONDA_PREFIX_1=/o",
        "PATH=/a",
    ];
    let rewritten = rewrite_for(&CONDA, &active);
    assert_eq!(value_of(&rewritten, "CONDA_SHLVL"), Some("2"));
    assert_eq!(value_of(&rewritten, "CONDA_PREFIX_1"), Some("/o"));
    assert_eq!(value_of(&rewritten, "PATH"), Some("/p/bin:/p/condabin:/a"));
}

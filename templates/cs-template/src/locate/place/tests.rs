use super::*;

fn launch() -> Launch {
    Launch {
        self_commands: false,
        full_activation: false,
        user_data: false,
        prefix: ".conda/demo".into(),
        delegate: "bin/tool".into(),
        marker: ".demo.json".into(),
        marker_start: "{".into(),
        prefix_variable: Some("DEMO_PREFIX".into()),
        words: String::new(),
    }
}

fn place_with(variables: &[(&str, &str)], option: Option<&str>) -> Result<Place, Error> {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(present, _)| *present == name);
        found.map(|(_, value)| OsString::from(value))
    };
    find_place(option.map(Path::new), &launch(), &lookup)
}

#[test]
fn the_install_scheme_is_the_last_resort() {
    let place = place_with(&[("HOME", "/h"), ("DEMO_PREFIX", "")], None).unwrap();
    assert_eq!(place.prefix, Path::new("/h/.conda/demo"));
    assert_eq!(place.named_by, "install-scheme");
}

#[test]
fn option_shared_variable_own_variable_win_in_this_order() {
    let all = [("CONDA_SHIP_PREFIX", "/shared"), ("DEMO_PREFIX", "/own")];
    let option = place_with(&all, Some("/option")).unwrap();
    assert_eq!(
        (option.prefix.as_path(), option.named_by.as_str()),
        (Path::new("/option"), "--path")
    );
    assert_eq!(place_with(&all, None).unwrap().prefix, Path::new("/shared"));
    let own = place_with(&all[1..], None).unwrap();
    assert_eq!(
        (own.prefix.as_path(), own.named_by.as_str()),
        (Path::new("/own"), "DEMO_PREFIX")
    );
}

#[test]
fn paths_are_made_absolute_and_simple() {
    let place = place_with(&[], Some("/a//b/./c/../d/")).unwrap();
    assert_eq!(place.prefix, Path::new("/a/b/d"));
    let relative = place_with(&[], Some("x")).unwrap().prefix;
    assert_eq!(relative, std::env::current_dir().unwrap().join("x"));
}

#[test]
fn going_up_follows_symbolic_links_as_the_system_does() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("real/deep")).unwrap();
    std::os::unix::fs::symlink(root.join("real/deep"), root.join("link")).unwrap();
    let option = root.join("link/../x");
    let place = place_with(&[], option.to_str()).unwrap();
    assert_eq!(place.prefix, root.join("real/x"));
}

#[test]
fn paths_that_no_shell_expanded_are_expanded() {
    let variables = |name| [("HOME", "/h"), (name, "~/a/$HOME")];
    for name in ["CONDA_SHIP_PREFIX", "DEMO_PREFIX"] {
        let place = place_with(&variables(name), None).unwrap();
        assert_eq!(place.prefix, Path::new("/h/a/h"), "{name}");
    }
    let place = place_with(&[("HOME", "/h/$X")], Some("~/a")).unwrap();
    assert_eq!(place.prefix, Path::new("/h/$X/a"));
    let place = place_with(&[("HOME", "/h/$X")], None).unwrap();
    assert_eq!(place.prefix, Path::new("/h/$X/.conda/demo"));
    let message = place_with(&[("DEMO_PREFIX", "$X/a")], None).unwrap_err();
    let message = message.to_string();
    assert!(message.contains("DEMO_PREFIX"), "{message}");
    assert!(
        message.contains("the variable X in it is not set"),
        "{message}"
    );
}

#[test]
fn a_prefix_that_breaks_path_is_refused() {
    let message = place_with(&[], Some("/a:b")).unwrap_err().to_string();
    assert!(
        message.contains("separates the directories of PATH"),
        "{message}"
    );
}

#[test]
fn user_data_ignores_a_relative_xdg_data_home() {
    let mut launch = launch();
    launch.user_data = true;
    launch.prefix = "conda/demo".into();
    let lookup = |name: &str| match name {
        "XDG_DATA_HOME" => Some(OsString::from("relative")),
        "HOME" => Some("/h".into()),
        _ => None,
    };
    let place = find_place(None, &launch, &lookup).unwrap();
    assert!(place.prefix.starts_with("/h"), "{}", place.prefix.display());
}

/// All strings of up to `length` pieces.
#[cfg(target_os = "linux")]
fn compose(pieces: &[&[u8]], length: usize) -> Vec<Vec<u8>> {
    let mut longest = vec![Vec::new()];
    let mut all = longest.clone();
    for _ in 0..length {
        let longer = longest.iter().flat_map(|string| {
            pieces
                .iter()
                .map(move |piece| [string.as_slice(), piece].concat())
        });
        longest = longer.collect();
        all.extend(longest.iter().cloned());
    }
    all
}

/// The fast path's answer counts. This says that it is the one that expanding and
/// resolving gives, whatever the variable.
#[cfg(target_os = "linux")]
#[test]
fn where_the_fast_path_has_an_answer_it_is_that_of_the_full_program() {
    use std::os::unix::ffi::OsStringExt;
    let pieces: [&[u8]; 12] = [
        b"/",
        b"a",
        b".",
        b"~",
        b"$",
        b"{",
        b"A",
        b":",
        b" ",
        b"\n",
        b"\xff",
        b"\xc2\x85",
    ];
    let mut answers = 0;
    for value in compose(&pieces, 4) {
        let value = OsString::from_vec([b"/", &value[..]].concat());
        for (variable, user_data) in [
            ("CONDA_SHIP_PREFIX", false),
            ("DEMO_PREFIX", false),
            ("HOME", false),
            ("HOME", true),
            ("XDG_DATA_HOME", true),
        ] {
            let launch = Launch {
                user_data,
                ..launch()
            };
            let lookup = |name: &str| (name == variable).then(|| value.clone());
            let Some(plain) = Inherited::read(&launch, &lookup).find_plain(&launch) else {
                continue;
            };
            answers += 1;
            let resolved = if variable.ends_with("PREFIX") {
                expand(value.as_ref(), variable, &lookup).unwrap()
            } else {
                find_default(&launch, &lookup).unwrap()
            };
            assert_eq!(make_absolute(&resolved, variable).unwrap(), plain);
        }
    }
    assert!(answers > 1000, "{answers}");
}

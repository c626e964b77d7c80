//! What ends up in the prefix.

#[cfg(unix)]
use crate::support::symlink;
use crate::support::{self, MODIFIED, PLACEHOLDER, bench, file, hard_link, modified, recipe};
use cs_archive::{sha256, to_hex};
use serde_json::json;

#[cfg(unix)]
#[test]
fn files_keep_their_bytes_and_times() {
    let bench = bench();
    let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let items = vec![
        file("bin/run", "#!/bin/sh\n").mode(0o775),
        file("share/private", "x").mode(0o600),
        file("share/large", &large),
        file("share/empty", ""),
        symlink("bin/link", "run"),
    ];
    let report = bench.link(&[recipe("demo", items)]).unwrap();
    assert_eq!(report.files, 5);
    assert_eq!(bench.read("share/large"), large);
    assert_eq!(bench.read("share/empty"), b"");
    assert_eq!(
        std::fs::read_link(bench.path("bin/link")).unwrap().to_str(),
        Some("run")
    );
    for path in ["bin/run", "bin/link", "share/empty"] {
        assert_eq!(modified(&bench.path(path)), MODIFIED, "{path}");
    }
}

#[test]
fn a_file_that_is_not_listed_is_not_written() {
    let bench = bench();
    bench
        .link(&[recipe(
            "demo",
            vec![file("a", "a"), file("b", "b").unlisted()],
        )])
        .unwrap();
    assert!(bench.path("a").exists());
    assert!(!bench.path("b").exists());
}

#[test]
fn a_list_with_wrong_sizes_is_reported_and_does_not_stop_the_installation() {
    let content = b"twelve bytes";
    let hex = to_hex(&sha256(content));
    for stated in [0, 1, 11, 13, 1 << 40, u64::MAX] {
        let bench = bench();
        let items = vec![
            file("right", "right"),
            file("wrong", content).with("size_in_bytes", stated),
            file("placeholder", PLACEHOLDER)
                .prefixed("text")
                .with("size_in_bytes", stated),
            file("listed-well", content)
                .with("size_in_bytes", stated)
                .with("sha256", hex.as_str()),
        ];
        let recipes = [recipe("fine", vec![file("x", "x")]), recipe("demo", items)];
        let report = bench.link(&recipes).unwrap();
        let found = &report.misstated;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].package, found[0].files), (1, 3));
        assert_eq!(
            (&*found[0].first, found[0].stated, found[0].actual),
            ("wrong", stated, 12)
        );
        let record = bench.path_record("demo", "wrong");
        assert_eq!(record["size_in_bytes"], 12);
        assert_eq!(record["sha256"], "ab".repeat(32));
        assert_eq!(record["sha256_in_prefix"], hex.as_str());
        assert_eq!(
            bench.path_record("demo", "placeholder")["size_in_bytes"],
            "/opt/final".len()
        );
        assert!(bench.path_record("demo", "listed-well")["sha256_in_prefix"].is_null());
        assert!(bench.path_record("demo", "right")["sha256_in_prefix"].is_null());
    }
}

#[cfg(unix)]
#[test]
fn the_record_of_a_link_to_a_directory_has_no_hash() {
    let bench = bench();
    let stated = symlink("stated", "file").with("sha256", "cd".repeat(32));
    let bare = symlink("bare", "file").with("sha256", serde_json::Value::Null);
    bench
        .link(&[recipe("demo", vec![file("file", "x"), stated, bare])])
        .unwrap();
    assert_eq!(
        bench.path_record("demo", "stated")["sha256"],
        "cd".repeat(32)
    );
    for path in ["stated", "bare"] {
        assert!(bench.path_record("demo", path)["sha256_in_prefix"].is_null());
    }
}

#[test]
fn an_empty_directory_that_is_listed_is_made() {
    let bench = bench();
    let directory = file("share/empty", "")
        .kind(b'5')
        .with("path_type", "directory");
    bench.link(&[recipe("demo", vec![directory])]).unwrap();
    assert!(bench.path("share/empty").is_dir());
}

#[cfg(unix)]
#[test]
fn the_prefix_replaces_the_placeholder_and_the_record_says_so() {
    let bench = bench();
    let text = format!("#!{PLACEHOLDER}/bin/sh\necho {PLACEHOLDER} {PLACEHOLDER}/x\n");
    let binary = format!("\0{PLACEHOLDER}/lib:{PLACEHOLDER}/y\0{PLACEHOLDER}");
    let items = vec![
        file("bin/t", text).prefixed("text"),
        file("lib/b", &binary).prefixed("binary"),
    ];
    bench.link(&[recipe("demo", items)]).unwrap();
    assert_eq!(
        bench.text("bin/t"),
        "#!/opt/final/bin/sh\necho /opt/final /opt/final/x\n"
    );
    let padding = PLACEHOLDER.len() - "/opt/final".len();
    let (two, one) = ("\0".repeat(2 * padding), "\0".repeat(padding));
    assert_eq!(
        bench.text("lib/b"),
        format!("\0/opt/final/lib:/opt/final/y{two}\0/opt/final{one}")
    );
    let record = bench.path_record("demo", "lib/b");
    assert_eq!(record["file_mode"], "binary");
    assert_eq!(record["prefix_placeholder"], PLACEHOLDER);
    assert_eq!(record["size_in_bytes"], binary.len());
    assert_eq!(record["sha256"], "ab".repeat(32));
    let hex = to_hex(&sha256(&bench.read("lib/b")));
    assert_eq!(record["sha256_in_prefix"], hex);
}

#[test]
fn a_slash_at_the_end_of_the_prefix_is_not_written() {
    let mut bench = bench();
    bench.prefix = "/opt/final/".into();
    bench
        .link(&[recipe(
            "demo",
            vec![file("t", format!("{PLACEHOLDER}/x")).prefixed("text")],
        )])
        .unwrap();
    assert_eq!(bench.text("t"), "/opt/final/x");
}

#[test]
fn a_changed_file_is_younger_than_the_bytecode_of_the_unchanged_one() {
    let bench = bench();
    let text = file("lib/x.py", PLACEHOLDER).prefixed("text");
    bench.link(&[recipe("demo", vec![text])]).unwrap();
    assert_eq!(modified(&bench.path("lib/x.py")), MODIFIED + 1);
}

#[test]
fn a_noarch_python_package_moves_to_the_pythons_site_packages() {
    let bench = bench();
    let items = vec![
        file("site-packages/demo/__init__.py", ""),
        file("python-scripts/demo-script", "#!/usr/bin/env python").mode(0o775),
        file("share/demo", ""),
    ];
    let points = ["demo = demo.main:run [extra]", "nested=demo:Tool.run"];
    bench
        .link(&[recipe("demo", items).python(&points)])
        .unwrap();
    for path in [
        "lib/python3.11/site-packages/demo/__init__.py",
        &format!("{}/demo-script", support::SCRIPTS),
        "share/demo",
    ] {
        assert!(bench.path(path).exists(), "{path}");
    }
    let [demo, nested] = ["demo", "nested"].map(support::script_of);
    let script = bench.text(&demo);
    #[cfg(unix)]
    assert!(
        script.starts_with("#!/opt/final/bin/python3.11\n"),
        "{script}"
    );
    assert!(script.contains("from demo.main import run\n"), "{script}");
    let nested = bench.text(&nested);
    assert!(nested.contains("from demo import Tool\n"), "{nested}");
    assert!(nested.ends_with("\tsys.exit(Tool.run())\n"), "{nested}");
    #[cfg(unix)]
    assert_eq!(support::mode_of(&bench.path(&demo)) & 0o500, 0o500);
    let kind = if cfg!(windows) {
        "windows_python_entry_point_script"
    } else {
        "unix_python_entry_point"
    };
    assert_eq!(bench.path_record("demo", &demo)["path_type"], kind);
}

#[cfg(unix)]
#[test]
fn a_prefix_with_a_space_or_too_long_for_a_shebang_still_starts_python() {
    for prefix in [
        "/opt/with space".to_owned(),
        format!("/opt/{}", "long".repeat(40)),
    ] {
        let mut bench = bench();
        bench.prefix = prefix.clone().into();
        bench
            .link(&[recipe("demo", vec![file("site-packages/demo.py", "")])
                .python(&["demo = demo:main"])])
            .unwrap();
        let start = format!("#!/bin/sh\n'''exec' \"{prefix}/bin/python3.11\" \"$0\" \"$@\" #'''\n");
        assert!(
            bench.text("bin/demo").starts_with(&start),
            "{}",
            bench.text("bin/demo")
        );
    }
}

#[test]
fn hard_links_become_hard_links_where_both_names_hold_the_same_bytes() {
    let bench = bench();
    let items = vec![file("a", "data"), hard_link("b", "a", 4)];
    bench.link(&[recipe("demo", items)]).unwrap();
    assert_eq!(bench.read("b"), b"data");
    assert!(support::are_one(&bench.path("a"), &bench.path("b")));
}

#[test]
fn a_hard_link_to_a_changed_file_has_the_archives_contents() {
    let bench = bench();
    let items = vec![
        file("changed", PLACEHOLDER).prefixed("text"),
        hard_link("as-it-was", "changed", PLACEHOLDER.len()),
        hard_link("changed-too", "changed", PLACEHOLDER.len()).prefixed("text"),
        file("unlisted", "u").unlisted(),
        hard_link("from-unlisted", "unlisted", 1),
    ];
    bench.link(&[recipe("demo", items)]).unwrap();
    assert_eq!(bench.text("changed"), "/opt/final");
    assert_eq!(bench.text("as-it-was"), PLACEHOLDER);
    assert_eq!(bench.text("changed-too"), "/opt/final");
    assert_eq!(bench.text("from-unlisted"), "u");
}

#[test]
fn a_chain_of_hard_links_survives_the_loss_of_any_of_its_names() {
    for reversed in [false, true] {
        let bench = support::Bench {
            threads: 1,
            reversed,
            ..bench()
        };
        let chain = recipe(
            "chain",
            vec![
                file("a", "content"),
                hard_link("b", "a", 7),
                hard_link("c", "b", 7),
                hard_link("d", "c", 7),
            ],
        );
        let other = recipe("other", vec![file("a", "other"), file("c", "other")]);
        bench.link(&[chain, other]).unwrap();
        let contents = ["a", "b", "c", "d"].map(|path| bench.text(path));
        assert_eq!(contents, ["other", "content", "other", "content"]);
    }
}

#[cfg(unix)]
#[test]
fn a_tar_bz2_is_linked_wherever_its_info_is() {
    for info_last in [false, true] {
        let bench = bench();
        let mut demo = recipe(
            "demo",
            vec![
                file("bin/t", PLACEHOLDER).prefixed("text"),
                symlink("l", "bin/t"),
            ],
        )
        .tar_bz2();
        demo.info_last = info_last;
        bench.link(&[demo]).unwrap();
        assert_eq!(bench.text("bin/t"), "/opt/final");
        assert!(bench.path("l").is_symlink());
    }
}

#[test]
fn a_package_from_before_paths_json_is_linked_by_its_lists() {
    let bench = bench();
    let mut demo = recipe(
        "demo",
        vec![
            file("share/a b", PLACEHOLDER),
            file("lib/x", format!("{PLACEHOLDER}\0")),
        ],
    )
    .tar_bz2();
    let has_prefix = format!("\"{PLACEHOLDER}\" text \"share/a b\"\n{PLACEHOLDER} binary lib/x\n");
    demo.info = Some(vec![
        ("index.json".into(), b"{}".to_vec()),
        ("files".into(), b"share/a b\nlib/x\n".to_vec()),
        ("has_prefix".into(), has_prefix.into_bytes()),
        ("no_link".into(), b"lib/x\n".to_vec()),
    ]);
    bench.link(&[demo]).unwrap();
    assert_eq!(bench.text("share/a b"), "/opt/final");
    assert_eq!(bench.read("lib/x").len(), PLACEHOLDER.len() + 1);
    assert_eq!(bench.path_record("demo", "lib/x")["no_link"], true);
    assert_eq!(
        bench.path_record("demo", "share/a b")["sha256"],
        json!(null)
    );
}

#[cfg(unix)]
#[test]
fn of_two_packages_with_one_path_the_later_one_wins_in_whatever_order_they_come() {
    for (threads, reversed) in [(1, false), (1, true), (3, false), (3, true)] {
        let mut bench = bench();
        (bench.threads, bench.reversed) = (threads, reversed);
        let first = recipe(
            "first",
            vec![file("x", "1"), file("y", "1"), file("own", "1")],
        );
        let second = recipe("second", vec![file("x", "22"), symlink("y", "x")]);
        let third = recipe("third", vec![symlink("x", "y")]);
        let report = bench.link(&[first, second, third]).unwrap();
        assert_eq!(
            std::fs::read_link(bench.path("x")).unwrap().to_str(),
            Some("y")
        );
        assert_eq!(
            std::fs::read_link(bench.path("y")).unwrap().to_str(),
            Some("x")
        );
        let found: Vec<_> = report
            .clobbered
            .iter()
            .map(|found| (found.path.as_str(), found.winner, found.loser))
            .collect();
        assert_eq!(found, [("x", 2, 0), ("x", 2, 1), ("y", 1, 0)]);
        assert_eq!(bench.record("first")["files"], json!(["own"]));
        assert_eq!(bench.record("second")["files"], json!(["y"]));
        assert_eq!(bench.record("third")["files"], json!(["x"]));
    }
}

#[cfg(unix)]
#[test]
fn many_packages_with_the_same_paths_race_to_the_same_end() {
    let paths: Vec<String> = (0..40)
        .map(|number| format!("share/{}/{number}", number % 7))
        .collect();
    let recipes: Vec<_> = (0..12)
        .map(|package| {
            let mut items: Vec<_> = paths
                .iter()
                .enumerate()
                .map(|(number, path)| match (number + package) % 5 {
                    0 => symlink(path, &format!("target-{package}")),
                    _ => file(path, format!("{package}").repeat(1 + number * 500)),
                })
                .collect();
            items.push(hard_link("hard", &paths[1], 0).with("size_in_bytes", 501));
            items.push(file(&format!("own/{package}"), "x"));
            recipe(&format!("p{package:02}"), items)
        })
        .collect();
    let archives: Vec<_> = recipes.iter().map(support::Recipe::bytes).collect();
    for round in 0..15 {
        let bench = support::Bench {
            threads: 8,
            reversed: round % 2 == 0,
            ..bench()
        };
        bench.link_bytes(&recipes, archives.clone()).unwrap();
        for (number, path) in paths.iter().enumerate() {
            match (number + 11) % 5 {
                0 => assert_eq!(
                    std::fs::read_link(bench.path(path)).unwrap().to_str(),
                    Some("target-11")
                ),
                _ => assert_eq!(bench.text(path), "11".repeat(1 + number * 500), "{path}"),
            }
        }
        assert_eq!(bench.read("hard"), bench.read(&paths[1]));
        for package in 0..11 {
            assert_eq!(
                bench.record(&format!("p{package:02}"))["files"],
                json!([format!("own/{package}")])
            );
        }
        assert_eq!(bench.record("p11")["files"].as_array().unwrap().len(), 42);
    }
}

#[test]
fn names_may_be_long_and_in_any_script() {
    let bench = bench();
    let long = format!(
        "share/{}/file",
        "directory/".repeat(20).trim_end_matches('/')
    );
    let items = vec![
        file(&long, "1"),
        file("share/ünï/名前", "2"),
        file("share/with space", "3"),
    ];
    bench.link(&[recipe("demo", items)]).unwrap();
    assert_eq!(bench.text(&long), "1");
    assert_eq!(bench.text("share/ünï/名前"), "2");
}

#[test]
fn the_prefix_knows_how_it_came_to_be() {
    let bench = bench();
    bench
        .link(&[
            recipe("demo", vec![file("a", "")]),
            recipe("other", vec![file("b", "")]),
        ])
        .unwrap();
    let history = bench.text("conda-meta/history");
    assert!(history.starts_with("==> 2"), "{history}");
    assert!(
        history.contains("+https://example.com/channel/noarch::demo-1.0-0\n"),
        "{history}"
    );
    assert!(
        history.ends_with("# update specs: [\"demo >=1\"]\n"),
        "{history}"
    );
    let explicit = bench.text("conda-meta/initial-state.explicit.txt");
    let expected = "# platform: linux-64\n@EXPLICIT\nhttps://example.com/channel/noarch/demo-1.0-0.conda#sha256:";
    assert!(explicit.contains(expected), "{explicit}");
    let record = bench.record("demo");
    assert_eq!(record["link"], json!({"source": "", "type": 3}));
    assert_eq!(record["build_number"], 3);
    assert_eq!(record["requested_specs"], json!([]));
}

#[test]
fn a_noarch_python_package_without_python_is_an_error() {
    let mut bench = bench();
    bench.python = None;
    let error = bench
        .link(&[recipe("demo", vec![file("site-packages/a.py", "")]).python(&[])])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "demo-1.0-0.conda: it needs Python, which is not among the packages"
    );
}

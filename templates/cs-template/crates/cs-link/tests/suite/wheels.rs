//! Wheels into prefixes, beside each other and beside conda packages.

use cs_link::{Format, Package, Report, Wheel};
use serde_json::json;

use crate::support::wheel::{Member, member, wheel, wheel_package};
use crate::support::{Bench, Recipe, bench, file, mode_of, package_of, recipe};

const SITE: &str = "lib/python3.11/site-packages";

/// Link conda packages, then wheels.
fn link(bench: &Bench, conda: &[Recipe], wheels: &[(&str, Vec<Member>)]) -> Report {
    let mut archives: Vec<Vec<u8>> = conda.iter().map(Recipe::bytes).collect();
    let mut packages: Vec<Package> = conda
        .iter()
        .zip(&archives)
        .map(|(recipe, bytes)| package_of(recipe, bytes))
        .collect();
    for (name, files) in wheels {
        let bytes = wheel(name, files);
        packages.push(wheel_package(name, &bytes));
        archives.push(bytes);
    }
    bench.link_packages(&packages, archives).unwrap()
}

fn rows(bench: &Bench, name: &str) -> Vec<String> {
    let record = bench.text(&format!("{SITE}/{name}-1.0.dist-info/RECORD"));
    let paths = record.lines().map(|row| row.split(',').next().unwrap());
    paths.map(str::to_owned).collect()
}

/// RECORD's rows of a wheel with these files besides what every wheel has.
fn expected_rows(name: &str, files: &[&str]) -> Vec<String> {
    let info = ["INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL"];
    let mut rows: Vec<String> = info
        .map(|file| format!("{name}-1.0.dist-info/{file}"))
        .into();
    rows.extend(files.iter().map(|&path| path.to_owned()));
    rows.sort();
    rows
}

/// Every order in which two archives may be linked.
fn benches() -> [Bench; 2] {
    [false, true].map(|reversed| Bench {
        threads: 1,
        reversed,
        ..bench()
    })
}

#[test]
fn a_wheel_is_put_where_its_schemes_say() {
    let bench = bench();
    let data = |path: &str| format!("demo-1.0.data/{path}");
    let files = [
        member("demo/__init__.py", "x = 1\n"),
        member("demo/run.so", "elf").mode(0o100_755),
        member(&data("purelib/pure.py"), "p\n"),
        member(&data("platlib/plat.py"), "q\n"),
        member(&data("headers/deep/x.h"), "int x;\n"),
        member(&data("data/share/x.txt"), "d\n"),
        member(&data("scripts/tool"), "#!python -E\nprint(1)\n"),
        member(&data("scripts/shell"), "#!/bin/sh\n"),
        member(
            "demo-1.0.dist-info/entry_points.txt",
            "[console_scripts]\nrun = demo:main.do\n",
        ),
    ];
    let mut package = wheel_package("demo", &wheel("demo", &files));
    package.format = Format::Wheel(Wheel {
        direct_url: Some("{\"url\": \"https://x\"}".into()),
    });
    bench
        .link_packages(&[package], vec![wheel("demo", &files)])
        .unwrap();
    for (path, text, mode) in [
        (
            "lib/python3.11/site-packages/demo/__init__.py",
            "x = 1\n",
            0o644,
        ),
        ("lib/python3.11/site-packages/demo/run.so", "elf", 0o755),
        ("lib/python3.11/site-packages/pure.py", "p\n", 0o644),
        ("lib/python3.11/site-packages/plat.py", "q\n", 0o644),
        ("include/python3.11/demo/deep/x.h", "int x;\n", 0o644),
        ("share/x.txt", "d\n", 0o644),
        ("bin/tool", "#!/opt/final/bin/python3.11\nprint(1)\n", 0o755),
        ("bin/shell", "#!/bin/sh\n", 0o755),
        (
            "lib/python3.11/site-packages/demo-1.0.dist-info/INSTALLER",
            "conda-ship",
            0o644,
        ),
        (
            "lib/python3.11/site-packages/demo-1.0.dist-info/REQUESTED",
            "",
            0o644,
        ),
        (
            "lib/python3.11/site-packages/demo-1.0.dist-info/direct_url.json",
            "{\"url\": \"https://x\"}",
            0o644,
        ),
    ] {
        assert_eq!(bench.text(path), text, "{path}");
        assert_eq!(mode_of(&bench.path(path)), mode, "{path}");
    }
    let script = bench.text("bin/run");
    assert!(script.starts_with(
        "#!/opt/final/bin/python3.11\n# -*- coding: utf-8 -*-\nimport sys\nfrom demo import main\n"
    ));
    assert!(script.ends_with("    sys.exit(main.do())\n"), "{script}");
    assert!(!bench.path("conda-meta/demo-1.0-0.json").exists());
    let added = [
        "../../../bin/run",
        "../../../bin/shell",
        "../../../bin/tool",
        "../../../include/python3.11/demo/deep/x.h",
        "../../../share/x.txt",
        "demo-1.0.dist-info/direct_url.json",
        "demo-1.0.dist-info/entry_points.txt",
        "demo/__init__.py",
        "demo/run.so",
        "plat.py",
        "pure.py",
    ];
    assert_eq!(rows(&bench, "demo"), expected_rows("demo", &added));
}

#[test]
fn a_prefix_that_no_first_line_can_name_is_named_to_sh() {
    for prefix in [
        "/opt/two words".to_owned(),
        format!("/opt/{}", "x".repeat(120)),
        "/opt/it's".to_owned(),
    ] {
        let bench = Bench {
            prefix: prefix.clone().into(),
            ..bench()
        };
        link(
            &bench,
            &[],
            &[(
                "demo",
                vec![member("demo-1.0.data/scripts/tool", "#!python\nprint(1)\n")],
            )],
        );
        let quoted = prefix.replace('\'', "'\"'\"'");
        let is_too_much = prefix.contains(' ') || prefix.len() > 100;
        let lines = if is_too_much {
            format!("#!/bin/sh\n'''exec' '{quoted}/bin/python3.11' \"$0\" \"$@\"\n' '''")
        } else {
            format!("#!{prefix}/bin/python3.11")
        };
        let expected = format!("{lines}\nprint(1)\n");
        assert_eq!(bench.text("bin/tool"), expected);
    }
}

#[test]
fn a_wheel_wins_over_a_conda_package_whichever_is_first() {
    for bench in benches() {
        let conda = recipe(
            "conda",
            vec![file("share/x", "conda"), file("share/y", "conda")],
        );
        let files = vec![member("demo-1.0.data/data/share/x", "wheel")];
        let report = link(&bench, &[conda], &[("demo", files)]);
        assert_eq!(bench.text("share/x"), "wheel");
        assert_eq!(bench.record("conda")["files"], json!(["share/y"]));
        assert_eq!(
            rows(&bench, "demo"),
            expected_rows("demo", &["../../../share/x"])
        );
        assert_eq!(
            (report.clobbered[0].winner, report.clobbered[0].loser),
            (1, 0)
        );
    }
}

#[test]
fn of_two_wheels_the_later_one_wins_and_the_other_forgets() {
    for bench in benches() {
        let files =
            |text: &str, own: &str| vec![member("tests/__init__.py", text), member(own, "")];
        link(
            &bench,
            &[],
            &[("b", files("b", "b.py")), ("a", files("a", "a.py"))],
        );
        assert_eq!(bench.text(&format!("{SITE}/tests/__init__.py")), "a");
        assert_eq!(
            rows(&bench, "a"),
            expected_rows("a", &["a.py", "tests/__init__.py"])
        );
        assert_eq!(rows(&bench, "b"), expected_rows("b", &["b.py"]));
    }
}

#[test]
fn a_file_of_a_wheel_in_place_of_a_directory_wins_too() {
    for bench in benches() {
        let conda = recipe(
            "conda",
            vec![
                file(&format!("{SITE}/x/deep.py"), "conda"),
                file("share/y", ""),
            ],
        );
        link(&bench, &[conda], &[("demo", vec![member("x", "wheel")])]);
        assert_eq!(bench.text(&format!("{SITE}/x")), "wheel");
        assert_eq!(bench.record("conda")["files"], json!(["share/y"]));
        assert_eq!(rows(&bench, "demo"), expected_rows("demo", &["x"]));
    }
}

#[test]
fn a_project_of_a_conda_package_gives_way_to_its_wheel() {
    for bench in benches() {
        let site = |path: &str| format!("{SITE}/{path}");
        let record = "old/__init__.py,,\nold/gone.py,,\nDemo-0.9.dist-info/METADATA,,\n../../../bin/demo,,\n";
        let conda = recipe(
            "demo-of-conda",
            vec![
                file(&site("old/__init__.py"), ""),
                file(&site("old/gone.py"), ""),
                file(&site("old/__pycache__/gone.cpython-311.pyc"), ""),
                file(&site("Demo-0.9.dist-info/METADATA"), ""),
                file(&site("Demo-0.9.dist-info/RECORD"), record),
                file("bin/demo", ""),
                file("share/stays", ""),
            ],
        );
        let report = link(
            &bench,
            &[conda],
            &[("demo", vec![member("old/__init__.py", "wheel")])],
        );
        assert_eq!(bench.text(&site("old/__init__.py")), "wheel");
        for gone in ["old/gone.py", "old/__pycache__", "Demo-0.9.dist-info"] {
            assert!(!bench.path(&site(gone)).exists(), "{gone}");
        }
        assert!(!bench.path("bin/demo").exists());
        assert_eq!(
            bench.record("demo-of-conda")["files"],
            json!(["share/stays"])
        );
        let superseded = &report.superseded[0];
        assert_eq!(
            (superseded.winner, superseded.loser, &*superseded.project),
            (1, 0, "demo")
        );
    }
}

#[test]
fn shipped_bytecode_of_a_wheel_is_in_its_record() {
    let compiled = format!("{SITE}/demo/__pycache__/m.cpython-311.pyc");
    let mut bench = bench();
    bench.shipped = Some(crate::support::compress(&[file(&compiled, "bytecode")]));
    link(
        &bench,
        &[],
        &[("demo", vec![member("demo/m.py", "x = 1\n")])],
    );
    let record = bench.text(&format!("{SITE}/demo-1.0.dist-info/RECORD"));
    assert!(
        record.contains("\ndemo/__pycache__/m.cpython-311.pyc,,\n"),
        "{record}"
    );
}

#[test]
fn the_history_has_conda_packages_and_the_list_names_wheels_in_comments() {
    let bench = bench();
    link(&bench, &[recipe("conda", vec![])], &[("demo", vec![])]);
    let history = bench.text("conda-meta/history");
    assert!(
        history.contains("::conda-1.0-0") && !history.contains("demo-1.0"),
        "{history}"
    );
    let explicit = bench.text("conda-meta/initial-state.explicit.txt");
    let line = "\n# wheel: demo 1.0 https://files.example.com/demo-1.0-py3-none-any.whl sha256:";
    assert!(explicit.contains(line), "{explicit}");
}

#[test]
fn a_wheel_without_a_python_is_refused() {
    let bench = Bench {
        python: None,
        ..bench()
    };
    let bytes = wheel("demo", &[]);
    let error = bench
        .link_packages(&[wheel_package("demo", &bytes)], vec![bytes])
        .unwrap_err();
    let expected = "demo-1.0-py3-none-any.whl: it needs Python, which is not among the packages";
    assert_eq!(error.to_string(), expected);
}

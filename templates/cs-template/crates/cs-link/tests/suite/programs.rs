//! What is run: post-link scripts and the byte compiler.

use std::process::Command;
use std::sync::atomic::Ordering;

use crate::support::{self, Recipe, bench, compress, file, recipe, symlink};
use cs_link::{Fault, Kind, Python};

fn with_script(name: &str, script: &str) -> Recipe {
    recipe(
        name,
        vec![file(&format!("bin/.{name}-post-link.sh"), script).mode(0o775)],
    )
}

#[test]
fn scripts_run_in_install_order_when_all_files_are_there() {
    let bench = bench();
    let first = with_script(
        "first",
        "cat $PREFIX/share/words > $PREFIX/seen; echo $PKG_NAME $PKG_VERSION $PKG_BUILDNUM >> seen",
    );
    let second = with_script(
        "second",
        "echo second >> seen; echo 'Read this.' >> $PREFIX/.messages.txt",
    );
    let words = recipe("words", vec![file("share/words", "hello\n")]);
    let report = bench.link(&[first, second, words]).unwrap();
    assert_eq!(bench.text("seen"), "hello\nfirst 1.0 3\nsecond\n");
    assert_eq!(report.messages.len(), 1);
    assert_eq!(
        (
            report.messages[0].package.as_str(),
            report.messages[0].text.as_str()
        ),
        ("second", "Read this.")
    );
    assert!(!bench.path(".messages.txt").exists());
    assert!(!bench.path(".post-link-output").exists());
}

#[test]
fn files_that_scripts_write_do_not_contain_the_staging_directory() {
    let bench = bench();
    let script = "echo $PREFIX/lib:$PREFIX > conf; ln -s $PREFIX/conf link; printf 'a\\0%s/b\\0c' $PREFIX > binary; \
                  mkdir -p d/__pycache__; printf '%s\\0' $PREFIX > d/__pycache__/x.pyc; chmod 700 conf";
    let kept = file("kept", bench.staging().to_str().unwrap());
    bench
        .link(&[with_script("demo", script), recipe("other", vec![kept])])
        .unwrap();
    assert_eq!(bench.text("conf"), "/opt/final/lib:/opt/final\n");
    assert_eq!(support::mode_of(&bench.path("conf")), 0o700);
    assert_eq!(
        std::fs::read_link(bench.path("link")).unwrap().to_str(),
        Some("/opt/final/conf")
    );
    let binary = bench.text("binary");
    assert!(
        binary.starts_with("a\0/opt/final/b\0") && binary.ends_with("\0c"),
        "{binary:?}"
    );
    assert_eq!(
        binary.len(),
        "a\0/b\0c".len() + bench.staging().to_str().unwrap().len()
    );
    assert!(!bench.path("d/__pycache__/x.pyc").exists());
}

#[test]
fn a_script_runs_in_the_activated_prefix() {
    let bench = bench();
    let mut demo = with_script("demo", "echo $ONE $TWO $0 > $PREFIX/seen; exit 0");
    demo.items.push(file(
        "etc/conda/activate.d/two.sh",
        "export TWO=$CONDA_SHLVL-$ONE",
    ));
    demo.items
        .push(file("etc/conda/env_vars.d/demo.json", r#"{"ONE": "1"}"#));
    bench.link(&[demo]).unwrap();
    assert_eq!(
        bench.text("seen"),
        "1 1-1 /opt/final/bin/.demo-post-link.sh\n"
    );
}

/// What a user may have set for shells of their own, and what it would do to scripts.
#[test]
fn settings_of_the_users_shell_do_not_reach_scripts() {
    let bench = bench();
    let trap = bench.directory.path().join("trap.sh");
    std::fs::write(&trap, "exit 7\n").unwrap();
    let script = "\
        echo $UNSET_VARIABLE > $PREFIX/seen\n\
        mkdir -p etc/inner bin/inner\n\
        cd etc; pwd >> $PREFIX/seen; cd ..\n\
        for letter in a b; do echo $letter >> $PREFIX/seen; done\n\
        echo bin/* >> $PREFIX/seen\n\
        printf 'echo inner: $(type -t leaked) $POSIXLY_CORRECT >> $PREFIX/seen\\n' > run; bash run\n";
    let settings = [
        ("BASH_ENV", trap.to_str().unwrap()),
        ("ENV", trap.to_str().unwrap()),
        ("CDPATH", "/usr"),
        ("SHELLOPTS", "nounset:errexit:noglob"),
        ("BASHOPTS", "failglob:nullglob"),
        ("GLOBIGNORE", "*"),
        ("IFS", "e"),
        ("POSIXLY_CORRECT", "1"),
        ("BASH_FUNC_leaked%%", "() { :; }"),
        ("BASH_FUNC_mkdir%%", "() { :; }"),
    ];
    // A process of its own for each: variables of this one are those of all its tests, and some settings hide others.
    if !support::is_alone() {
        let name = "programs::settings_of_the_users_shell_do_not_reach_scripts";
        for setting in settings {
            support::run_alone(name, &[setting]);
        }
        return;
    }
    let report = bench.link(&[with_script("demo", script)]).unwrap();
    assert_eq!(report.messages.len(), 0, "{:?}", report.messages);
    let expected = "\n/opt/final/etc\na\nb\nbin/inner\ninner:\n";
    assert_eq!(bench.text("seen"), expected);
}

/// What an activation script may leave behind: none of it reaches the link script but what it exports.
#[test]
fn activation_scripts_leave_nothing_but_variables_to_link_scripts() {
    for left in [
        "set -- one two",
        "set -e",
        "set -u",
        "set -f",
        "cd /",
        "umask 077",
        "exec >/dev/null 2>&1",
        "exec 2>&-",
        "IFS=e",
        "trap 'exit 9' EXIT",
        "trap 'exit 9' ERR",
        "alias echo=false; shopt -s expand_aliases",
        "echo() { :; }",
        "exec() { :; }",
        "false",
        "return 3",
    ] {
        let bench = bench();
        let script =
            "false; echo \"$#:$*:$UNSET_VARIABLE\" > seen; echo $SECOND >> seen; umask >> seen";
        let mut demo = with_script("demo", script);
        demo.items.push(file(
            "etc/conda/activate.d/a.sh",
            format!("export FIRST=1\n{left}\n"),
        ));
        demo.items.push(file(
            "etc/conda/activate.d/b.sh",
            "export SECOND=$FIRST:$#\n",
        ));
        let report = bench.link(&[demo]).unwrap();
        assert_eq!(report.messages.len(), 0, "{left}: {:?}", report.messages);
        let umask = Command::new("sh").args(["-c", "umask"]).output().unwrap();
        let umask = String::from_utf8(umask.stdout).unwrap();
        assert_eq!(bench.text("seen"), format!("0::\n1:0\n{umask}"), "{left}");
    }
}

#[test]
fn an_activation_script_that_ends_its_shell_is_reported_and_does_not_stop_the_installation() {
    for end in [
        "exit 0",
        "exit 5",
        "exec true",
        "kill -9 $$",
        "set -n",
        ": ${UNSET:?}",
    ] {
        let bench = bench();
        let mut demo = with_script("demo", "echo done > done");
        for (name, text) in [("a.sh", "export FIRST=1\n"), ("b.sh", end), ("c.sh", "")] {
            let path = format!("etc/conda/activate.d/{name}");
            demo.items.push(file(&path, format!("{text}\n")));
        }
        let report = bench.link(&[demo]).unwrap();
        assert_eq!(bench.text("done"), "done\n", "{end}");
        assert_eq!(report.messages.len(), 1, "{end}");
        let text = &report.messages[0].text;
        assert!(
            text.contains("activate.d/b.sh ended the shell"),
            "{end}: {text}"
        );
    }
}

/// Wait for something that comes, unless the code is wrong: then the test runner's limit ends the test.
fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        std::thread::yield_now();
    }
}

#[test]
fn a_cancelled_activation_is_killed_with_its_children() {
    let bench = bench();
    let mut demo = with_script("demo", "echo done > done");
    demo.items.push(file(
        "etc/conda/activate.d/a.sh",
        "echo started > started; sleep 60; echo late > late\n",
    ));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until(|| bench.path("started").exists());
            bench.cancel.store(true, Ordering::Relaxed);
        });
        let error = bench.link(&[demo]).unwrap_err();
        assert!(matches!(error.fault, Fault::Cancelled), "{error}");
    });
    assert!(!bench.path("late").exists());
    assert!(!bench.path("done").exists());
}

#[test]
fn a_program_that_an_activation_script_leaves_running_holds_up_nothing() {
    let bench = bench();
    let mut demo = with_script("demo", "echo $ONE > done");
    demo.items.push(file(
        "etc/conda/activate.d/a.sh",
        "(sleep 60; echo late > late) &\nexport ONE=1\n",
    ));
    bench.link(&[demo]).unwrap();
    assert_eq!(bench.text("done"), "1\n");
    assert!(!bench.path("late").exists());
}

#[test]
fn a_failing_script_is_reported_and_does_not_stop_the_installation() {
    let bench = bench();
    let report = bench
        .link(&[
            with_script("demo", "echo no such thing >&2; exit 3"),
            with_script("other", "echo done > $PREFIX/done"),
        ])
        .unwrap();
    assert_eq!(report.messages.len(), 1);
    assert_eq!(report.messages[0].package, "demo");
    assert_eq!(
        report.messages[0].text,
        "its post-link script bin/.demo-post-link.sh failed (exit status: 3):\nno such thing"
    );
    assert_eq!(bench.text("done"), "done\n");
}

#[test]
fn a_cancelled_script_is_killed_with_its_children() {
    let bench = bench();
    // The last one has a session of its own, and no parent any more.
    let script = "sh -c 'echo $$ > child; sleep 100; echo late > late' & \
                  (setsid sh -c 'echo $$ > session; sleep 100; echo late > late' &); \
                  echo $$ > pid; sleep 60; echo late > late";
    let names = if cfg!(target_os = "linux") {
        &["pid", "child", "session"][..]
    } else {
        &["pid", "child"]
    };
    let is_written =
        |name| std::fs::read_to_string(bench.path(name)).is_ok_and(|text| text.ends_with('\n'));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until(|| names.iter().all(|name| is_written(name)));
            bench.cancel.store(true, Ordering::Relaxed);
        });
        let error = bench.link(&[with_script("demo", script)]).unwrap_err();
        assert!(matches!(error.fault, Fault::Cancelled), "{error}");
    });
    for name in names {
        let is_running = || {
            let status = std::fs::read_to_string(format!("/proc/{}/stat", bench.text(name).trim()));
            status.is_ok_and(|status| !status.contains(") Z ") && !status.contains(") X "))
        };
        // A killed process takes a moment to end.
        wait_until(|| !is_running());
    }
    assert!(!bench.path("late").exists());
}

#[test]
fn a_job_that_is_cancelled_from_the_start_does_nothing() {
    let bench = bench();
    bench.cancel.store(true, Ordering::Relaxed);
    let error = bench
        .link(&[recipe("demo", vec![file("x", "x")])])
        .unwrap_err();
    assert!(matches!(error.fault, Fault::Cancelled), "{error}");
    assert!(!bench.path("x").exists());
}

const COMPILED: &str = "lib/python3.11/site-packages/demo/__pycache__/main.cpython-311.pyc";

fn demo() -> Recipe {
    recipe("demo", vec![file("site-packages/demo/main.py", "x = 1\n")]).python(&[])
}

#[test]
fn shipped_bytecode_belongs_to_the_package_of_its_module() {
    let mut bench = bench();
    bench.shipped = Some(compress(&[file(COMPILED, "bytecode")]));
    let report = bench.link(&[demo()]).unwrap();
    assert_eq!(report.compiled, 1);
    assert_eq!(bench.text(COMPILED), "bytecode");
    assert_eq!(bench.path_record("demo", COMPILED)["path_type"], "pyc_file");
}

#[test]
fn shipped_bytecode_of_no_module_is_refused() {
    let stray = "lib/python3.11/site-packages/other/__pycache__/main.cpython-311.pyc";
    for (item, reason) in [
        (file(stray, "x"), "does not belong to a module"),
        (file("bin/python", "x"), "not a compiled module"),
        (
            file("../x/__pycache__/y.cpython-311.pyc", "x"),
            "leads upwards",
        ),
        (symlink(COMPILED, "/etc/passwd"), "not a compiled module"),
    ] {
        let mut bench = bench();
        bench.shipped = Some(compress(&[item]));
        let error = bench.link(&[demo()]).unwrap_err();
        assert_eq!(error.kind(), Kind::Archive);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_packages_own_bytecode_is_kept() {
    let mut bench = bench();
    bench.shipped = Some(compress(&[file(COMPILED, "shipped")]));
    let own = file("site-packages/demo/__pycache__/main.cpython-311.pyc", "own");
    let mut demo = demo();
    demo.items.push(own);
    bench.link(&[demo]).unwrap();
    assert_eq!(bench.text(COMPILED), "own");
}

#[test]
fn bytecode_of_a_module_that_another_package_replaces_is_removed() {
    for reversed in [false, true] {
        let mut bench = support::Bench {
            threads: 1,
            reversed,
            ..bench()
        };
        bench.shipped = Some(compress(&[file(COMPILED, "stale")]));
        let other = recipe(
            "other",
            vec![file("lib/python3.11/site-packages/demo/main.py", "x = 2\n")],
        );
        let report = bench.link(&[demo(), other]).unwrap();
        assert_eq!(report.compiled, 0);
        assert!(!bench.path(COMPILED).exists());
    }
}

/// The machine's Python as a package: its version, its tag, and a link to it.
fn host_python() -> (Python, String, Recipe) {
    let script =
        "import sys; print(sys.version.split()[0], sys.implementation.cache_tag, sys.executable)";
    let output = Command::new("python3").args(["-c", script]).output();
    let text = String::from_utf8(output.expect("python3 is installed").stdout).unwrap();
    let [version, tag, executable] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{text}");
    };
    let short = version.rsplit_once('.').unwrap().0;
    let python = Python {
        version: version.into(),
        site_packages_path: format!("lib/python{short}/site-packages"),
    };
    let link = symlink(&format!("bin/python{short}"), executable);
    (python, tag.to_owned(), recipe("python", vec![link]))
}

#[test]
fn the_prefixs_python_compiles_all_valid_modules() {
    let (python, tag, package) = host_python();
    let mut bench = bench();
    bench.compile = true;
    let site_packages = python.site_packages_path.clone();
    bench.python = Some(python);
    let mut demo = demo();
    demo.items
        .push(file("site-packages/demo/old.py", "print 1\n"));
    demo.items.push(symlink(
        "site-packages/evil/__pycache__",
        bench.directory.path().to_str().unwrap(),
    ));
    demo.items
        .push(file("site-packages/evil/main.py", "x = 1\n"));
    let report = bench.link(&[package, demo]).unwrap();
    assert_eq!(report.compiled, 1);
    let compiled = format!("{site_packages}/demo/__pycache__/main.{tag}.pyc");
    let bytes = bench.read(&compiled);
    assert_eq!(bytes[4..8], [1, 0, 0, 0], "an unchecked hash");
    let final_path = format!("/opt/final/{site_packages}/demo/main.py");
    assert!(
        bytes
            .windows(final_path.len())
            .any(|window| window == final_path.as_bytes())
    );
    assert_eq!(
        bench.path_record("demo", &compiled)["path_type"],
        "pyc_file"
    );
    assert_eq!(bench.neighbours(), ["staging"]);
}

#[test]
fn a_python_that_does_not_start_is_an_error() {
    let mut bench = bench();
    bench.compile = true;
    let python = recipe(
        "python",
        vec![file("bin/python3.11", "#!/bin/sh\necho broken >&2\nexit 9\n").mode(0o775)],
    );
    let error = bench.link(&[python, demo()]).unwrap_err();
    assert_eq!(error.kind(), Kind::Program);
    assert!(error.to_string().contains("exit status: 9"), "{error}");
    assert!(error.to_string().ends_with("broken\""), "{error}");
}

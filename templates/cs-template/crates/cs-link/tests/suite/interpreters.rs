//! Scripts start with the prefix's own interpreter, wherever the prefix is, and nothing in its path is run.

use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::support::{PLACEHOLDER, Recipe, bench, file, recipe};

/// Names of directories that a shell, a kernel or Python takes for something else. Where
/// one runs as a command it makes a file.
const NAMES: [&str; 30] = [
    "plain",
    "with space",
    "tab\tin it",
    "line\nin it",
    "carriage\rreturn",
    "ünï çode 名",
    "$HOME",
    "${PATH}",
    "$(touch ran)",
    "`touch ran`",
    "`touch ran` $(touch ran)",
    "\";touch ran;\"",
    "';touch ran;'",
    "\" ';touch ran;' \"",
    "\\",
    "back\\slash \\",
    "\\\\ two",
    "\\u1 \\x \\N{x}",
    "\\$(touch ran)",
    "\\`touch ran` x",
    "it's",
    "it's $HOME",
    "'' $",
    "''' three",
    "''';open('ran','w')#",
    "''';open('ran','w')# $",
    "\"\"\"",
    "a;b&c|d>e<f",
    "!history!",
    "~ * ? [a-z] # %s {x,y} (z)",
];

/// What other names are put together from.
const PIECES: [&str; 24] = [
    "$",
    "`",
    "\"",
    "'",
    "\\",
    " ",
    "\t",
    "\n",
    "(",
    ")",
    "{",
    "}",
    ";",
    "#",
    "&",
    "|",
    "*",
    "~",
    "!",
    "x",
    "N",
    "u1",
    "touch ran",
    "n",
];

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn name(&mut self) -> String {
        (0..=self.below(12))
            .map(|_| PIECES[self.below(PIECES.len())])
            .collect()
    }
}

const SHOW: &str =
    "import os, sys\nprint(os.fsencode(os.environ['STARTED_AS']).hex(), ascii(sys.argv[1:]))\n";

/// In place of Python: says as what it was started, then does what Python does.
const PYTHON: &str = "#!/bin/sh\nexport STARTED_AS=\"$0\" PYTHONPATH=\"$MODULES\"\nexec \"$REAL_PYTHON\" -SB \"$@\"\n";

const SCRIPTS: [(&str, &str); 6] = [
    ("first-line", "#!PREFIX/bin/python3.11"),
    ("option", "#!PREFIX/bin/python3.11 -s"),
    ("option-in-prefix", "#!PREFIX/bin/python3.11 -XPREFIX/x"),
    // What pip writes where its own prefix is too long.
    (
        "pip-quoted",
        "#!/bin/sh\n'''exec' \"PREFIX/bin/python3.11\" \"$0\" \"$@\"\n' '''",
    ),
    (
        "pip-options",
        "#!/bin/sh\n'''exec' PREFIX/bin/python3.11 -XPREFIX/x -X\"PREFIX/y\" \"$0\" \"$@\"\n' '''",
    ),
    (
        "pip-bare",
        "#!/bin/sh\n'''exec' PREFIX/bin/python3.11 \"$0\" \"$@\"\n' '''",
    ),
];

fn demo() -> Recipe {
    let script = |(name, head): &(&str, &str)| {
        let text = format!("{head}\n{SHOW}").replace("PREFIX", PLACEHOLDER);
        file(&format!("bin/{name}"), text)
            .prefixed("text")
            .mode(0o775)
    };
    let module = format!(
        "def main():\n    {}\n",
        SHOW.trim_end().replace('\n', "\n    ")
    );
    let mut items: Vec<_> = SCRIPTS.iter().map(script).collect();
    items.push(file("bin/python3.11", PYTHON).mode(0o775));
    items.push(file("site-packages/demo.py", module));
    recipe("demo", items).python(&["entry-point = demo:main"])
}

/// Where the Python is that runs the scripts.
fn find_python() -> String {
    let program = "import sys; print(sys.executable)";
    let output = Command::new("python3").args(["-c", program]).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    said.trim_end().to_owned()
}

/// Link into a prefix of this name and start every script there is.
fn check(name: &str, real_python: &str) {
    let mut bench = bench();
    let elsewhere = bench.directory.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    bench.prefix = bench.directory.path().join("root").join(name);
    bench.link(&[demo()]).unwrap();
    std::fs::create_dir_all(bench.prefix.parent().unwrap()).unwrap();
    std::fs::rename(bench.staging(), &bench.prefix).unwrap();
    let python = bench.prefix.join("bin/python3.11");
    let python: String = python
        .as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let scripts = SCRIPTS.iter().map(|(script, _)| *script);
    for script in scripts.chain(["entry-point"]) {
        let run = Command::new(bench.prefix.join("bin").join(script))
            .args(["an argument", "$(touch ran)"])
            .current_dir(&elsewhere)
            .env("MODULES", bench.prefix.join("lib/python3.11/site-packages"))
            .env("REAL_PYTHON", real_python)
            .output()
            .unwrap_or_else(|error| panic!("{name:?}: {script}: {error}"));
        let said = String::from_utf8_lossy(&run.stdout);
        let errors = String::from_utf8_lossy(&run.stderr);
        assert_eq!(
            said.trim_end(),
            format!("{python} ['an argument', '$(touch ran)']"),
            "{name:?}: {script}: {errors}"
        );
        assert_eq!(errors, "", "{name:?}: {script}");
        assert!(run.status.success(), "{name:?}: {script}: {}", run.status);
        let made: Vec<_> = std::fs::read_dir(&elsewhere).unwrap().collect();
        assert!(made.is_empty(), "{name:?}: {script} made {made:?}");
    }
}

fn check_all(names: impl IntoIterator<Item = String>) {
    let real_python = find_python();
    for name in names {
        check(&name, &real_python);
    }
}

#[test]
fn scripts_start_where_names_mean_something() {
    check_all(NAMES.map(str::to_owned));
}

#[test]
fn scripts_start_where_first_lines_would_be_too_long() {
    let deep = ["deep"; 30].join("/");
    // White space alone has the first line written in another way: that is the other test.
    let is_one_word = |name: &&&str| !name.contains([' ', '\t', '\n', '\r']);
    let names = NAMES.iter().filter(is_one_word);
    check_all(names.map(|name| format!("{name}/{deep}")));
}

#[test]
fn scripts_start_in_a_prefix_of_any_name() {
    let mut chance = Chance(42);
    check_all((0..20).map(|_| format!("{}x", chance.name())));
}

#[test]
fn an_interpreter_that_is_not_python_goes_by_its_name() {
    let long = "long".repeat(40);
    for name in ["$(touch ran) x", "`touch ran`\t", &long] {
        let mut bench = bench();
        bench.prefix = bench.directory.path().join(name);
        let script = format!("#!{PLACEHOLDER}/bin/sh\necho started\n");
        let item = file("bin/tool", script).prefixed("text").mode(0o775);
        bench.link(&[recipe("demo", vec![item])]).unwrap();
        std::fs::rename(bench.staging(), &bench.prefix).unwrap();
        let run = Command::new(bench.prefix.join("bin/tool"))
            .current_dir(bench.directory.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&run.stdout), "started\n");
        assert!(!bench.directory.path().join("ran").exists());
    }
}

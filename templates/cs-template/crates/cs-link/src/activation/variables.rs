//! The variables that a prefix asks for: `etc/conda/env_vars.d/*.json` of packages, `conda-meta/state` of the user.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use cs_file::Links;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::files::{enter, list_files};

/// What activation itself sets. conda ignores `PATH` with a warning and fails at the others.
const RESERVED: [&str; 5] = [
    "PATH",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "CONDA_SHLVL",
    "CONDA_PROMPT_MODIFIER",
];
/// A file of variables is not longer: all of them have to fit into an environment.
const LIMIT_BYTES: u64 = 4 << 20;
/// The value by which `conda env config vars unset` says that activation leaves a variable alone.
const UNSET: &str = "***unset***";

/// Variables to set and to remove.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Variables {
    /// Each name once; no value means that the variable is removed.
    pub values: BTreeMap<String, Option<String>>,
    /// What was ignored, one sentence each.
    pub warnings: Vec<String>,
}

type Object = BTreeMap<String, Box<RawValue>>;

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    env_vars: Object,
}

/// Read the variables of `prefix`: later files win over earlier ones, the user over packages.
///
/// Values are text as conda makes it: numbers as they are written, `True` and `False`; `null` removes a variable.
/// What cannot be a variable is ignored by itself, with a warning; so is a file that holds no variables at all.
pub fn read_variables(prefix: &Path) -> Variables {
    let mut variables = Variables::default();
    for file in list_files(&enter(prefix, "env_vars.d"), "json") {
        variables.add_file(&file, |text| serde_json::from_slice::<Object>(text));
    }
    variables.add_file(&prefix.join("conda-meta").join("state"), |text| {
        serde_json::from_slice::<State>(text).map(|state| state.env_vars)
    });
    let is_left_alone = |value: &Option<String>| value.as_deref() == Some(UNSET);
    variables.values.retain(|_, value| !is_left_alone(value));
    variables
}

impl Variables {
    fn add_file(&mut self, file: &Path, parse: impl Fn(&[u8]) -> serde_json::Result<Object>) {
        // A package may keep such a file elsewhere and link to it.
        let object = match cs_file::read(file, Links::Followed, LIMIT_BYTES) {
            Ok(text) => parse(&text).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => Err(cs_file::describe_error(&error)),
        };
        match object {
            Ok(object) => self.add(file, object),
            Err(reason) => self
                .warnings
                .push(format!("{} is ignored: {reason}", file.display())),
        }
    }

    fn add(&mut self, file: &Path, object: Object) {
        for (name, value) in object {
            match read_variable(&name, &value) {
                Ok(value) => {
                    self.values.insert(name, value);
                }
                Err(reason) => {
                    let file = file.display();
                    let warning = format!("the variable {name:?} of {file} is ignored: {reason}");
                    self.warnings.push(warning);
                }
            }
        }
    }
}

/// The value of a variable; none if it is to be removed.
fn read_variable(name: &str, value: &RawValue) -> Result<Option<String>, &'static str> {
    if RESERVED.iter().any(|reserved| is_same_name(reserved, name)) {
        return Err("activation itself sets it");
    }
    if !is_possible_name(name) {
        return Err("this is not a valid name of a variable");
    }
    let text = match serde_json::from_str(value.get()) {
        Ok(Value::String(text)) => text,
        Ok(Value::Number(_)) => write_number(value.get()),
        Ok(Value::Bool(true)) => "True".to_owned(),
        Ok(Value::Bool(false)) => "False".to_owned(),
        Ok(Value::Null) => return Ok(None),
        _ => return Err("its value is neither text nor a number"),
    };
    if text.contains('\0') {
        Err("its value contains a NUL character")
    } else {
        Ok(Some(text))
    }
}

/// Whether a shell can set a variable of this name: activation and `RUNTIME shell` write `export NAME=` lines.
fn is_possible_name(name: &str) -> bool {
    if cfg!(windows) {
        return !name.is_empty() && !name.contains(['=', '%', '"', '\0', '\r', '\n']);
    }
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// A number as Python writes it: whole ones digit by digit, however many.
fn write_number(written: &str) -> String {
    // serde_json's own reading is off by a digit at times.
    match written.parse() {
        Ok(value) if written.contains(['.', 'e', 'E']) => write_float(value),
        // Whole numbers have no negative zero.
        _ if written == "-0" => "0".to_owned(),
        _ => written.to_owned(),
    }
}

/// Rust and Python write the same digits. Python's exponents have a sign, and two digits at least.
fn write_float(value: f64) -> String {
    let text = format!("{value:?}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{}e{sign}{exponent:0>2}", digits.trim_end_matches(".0"))
}

fn is_same_name(left: &str, right: &str) -> bool {
    if cfg!(windows) {
        left.eq_ignore_ascii_case(right)
    } else {
        left == right
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Prefix(tempfile::TempDir);

    impl Prefix {
        fn with(files: &[(&str, &str)]) -> Self {
            let prefix = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = prefix.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(prefix)
        }

        fn variables(&self) -> Variables {
            read_variables(self.0.path())
        }
    }

    fn values_of(text: &str) -> (Vec<(String, Option<String>)>, Vec<String>) {
        let found = Prefix::with(&[("etc/conda/env_vars.d/a.json", text)]).variables();
        (found.values.into_iter().collect(), found.warnings)
    }

    #[test]
    fn values_become_text_as_python_writes_it() {
        for (value, expected) in [
            (r#""text""#, Some("text")),
            (r#""""#, Some("")),
            ("8080", Some("8080")),
            ("-1", Some("-1")),
            (
                "123456789012345678901234567890",
                Some("123456789012345678901234567890"),
            ),
            ("1.50", Some("1.5")),
            ("1e3", Some("1000.0")),
            ("-0", Some("0")),
            ("-0.0", Some("-0.0")),
            ("1E15", Some("1000000000000000.0")),
            ("1e16", Some("1e+16")),
            ("-2.50e300", Some("-2.5e+300")),
            ("0.0001", Some("0.0001")),
            ("0.00001", Some("1e-05")),
            ("12.5e-308", Some("1.25e-307")),
            ("true", Some("True")),
            ("false", Some("False")),
            ("null", None),
        ] {
            let (values, warnings) = values_of(&format!(r#"{{"A": {value}}}"#));
            assert_eq!(
                values,
                [("A".to_owned(), expected.map(str::to_owned))],
                "{value}"
            );
            assert_eq!(warnings, Vec::<String>::new(), "{value}");
        }
    }

    #[test]
    fn invalid_variables_are_ignored_one_by_one() {
        for (pair, reason) in [
            (r#""PATH": "/evil""#, "activation itself sets it"),
            (r#""CONDA_PREFIX": "/evil""#, "activation itself sets it"),
            (r#""": "x""#, "name"),
            (r#""A=B": "x""#, "name"),
            (r#""A\nB": "x""#, "name"),
            (r#""A": "\u0000""#, "NUL"),
            (r#""A": [1]"#, "neither text nor a number"),
            (r#""A": {"b": 1}"#, "neither text nor a number"),
        ] {
            let (values, warnings) = values_of(&format!(r#"{{"GOOD": "1", {pair}}}"#));
            assert_eq!(
                values,
                [("GOOD".to_owned(), Some("1".to_owned()))],
                "{pair}"
            );
            assert_eq!(warnings.len(), 1, "{pair}");
            assert!(warnings[0].contains(reason), "{}", warnings[0]);
            let file = Path::new("env_vars.d").join("a.json");
            assert!(
                warnings[0].contains(file.to_str().unwrap()),
                "{}",
                warnings[0]
            );
        }
    }

    #[test]
    fn a_name_is_refused_where_the_systems_shell_would_not_take_it_as_one() {
        for (name, is_fine) in [
            ("A_1", true),
            ("A;touch x;B", cfg!(windows)),
            ("$(id)", cfg!(windows)),
            ("1A", cfg!(windows)),
            ("A%B", false),
        ] {
            let (values, warnings) = values_of(&format!(r#"{{"{name}": "x"}}"#));
            assert_eq!(
                (values.len(), warnings.len()),
                if is_fine { (1, 0) } else { (0, 1) },
                "{name}"
            );
        }
    }

    #[test]
    fn a_file_that_holds_no_variables_is_ignored_with_a_warning() {
        for text in ["{", "[]", "", "{\"A\": }"] {
            let prefix = Prefix::with(&[
                ("etc/conda/env_vars.d/a.json", text),
                ("etc/conda/env_vars.d/b.json", r#"{"GOOD": "1"}"#),
                ("etc/conda/env_vars.d/c.txt", r#"{"OTHER": "1"}"#),
            ]);
            let found = prefix.variables();
            assert_eq!(found.values.len(), 1, "{text}");
            assert_eq!(found.warnings.len(), 1, "{text}");
            assert!(
                found.warnings[0].contains("a.json"),
                "{}",
                found.warnings[0]
            );
        }
        assert_eq!(Prefix::with(&[]).variables(), Variables::default());
    }

    #[cfg(unix)]
    #[test]
    fn endless_files_are_not_read_and_pipes_are_not_waited_for() {
        let prefix = Prefix::with(&[("etc/conda/env_vars.d/b.json", r#"{"GOOD": "1"}"#)]);
        let hole = fs::File::create(prefix.0.path().join("etc/conda/env_vars.d/a.json"));
        hole.unwrap().set_len(1 << 40).unwrap();
        fs::create_dir(prefix.0.path().join("conda-meta")).unwrap();
        let mut make_pipe = std::process::Command::new("mkfifo");
        make_pipe.arg(prefix.0.path().join("conda-meta/state"));
        assert!(make_pipe.status().unwrap().success());
        let found = prefix.variables();
        assert_eq!(found.values.len(), 1);
        assert!(found.warnings[0].ends_with("it is longer than 4194304 bytes"));
        assert!(found.warnings[1].ends_with("it is not a regular file"));
    }

    #[test]
    fn later_files_win_and_the_user_wins_over_packages() {
        let prefix = Prefix::with(&[
            (
                "etc/conda/env_vars.d/a.json",
                r#"{"A": "a", "B": "a", "C": "a", "D": "a"}"#,
            ),
            ("etc/conda/env_vars.d/b.json", r#"{"B": "b", "C": []}"#),
            (
                "conda-meta/state",
                r#"{"version": 1, "env_vars": {"D": "user", "A": "***unset***", "E": 5}}"#,
            ),
        ]);
        let expected = [("B", "b"), ("C", "a"), ("D", "user"), ("E", "5")];
        let expected = expected.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
        assert!(prefix.variables().values.into_iter().eq(expected));
    }
}

//! Activation scripts for `cmd`.

use std::io;
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cs_link::activation::{find_cmd, list_scripts};
use cs_link::job_object::{Reach, start};

use super::listed::{is_whole, name_scripts, read_list, set_aside, take_over, write_line};
use crate::run::environment::Environment;
use crate::say::error::{Error, Role};
use crate::say::voice::Voice;

/// `cmd` runs the scripts and says which variables there are then; arguments never pass through its parser.
pub fn run_scripts(
    prefix: &Path,
    environment: &mut Environment,
    _voice: &Voice,
) -> Result<(), Error> {
    let scripts = list_scripts(prefix, "bat");
    if scripts.is_empty() {
        return Ok(());
    }
    let kept = set_aside(environment);
    let cmd = find_cmd();
    let mut command = Command::new(&cmd);
    command.raw_arg(write_line(scripts.len())).env_clear();
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.envs(name_scripts(&scripts));
    let output = run(command).map_err(|source| Error::Start {
        path: cmd,
        source,
        role: Role::Activation,
    })?;
    let text = read_list(&output.stdout);
    if !is_whole(&text) {
        return Err(Error::ScriptsEnded {
            directory: prefix.join("etc\\conda\\activate.d"),
            status: output.status.to_string(),
        });
    }
    take_over(environment, &text, kept);
    Ok(())
}

/// What a command writes, and how it ends, which it does with this process. What it starts may go on, as on Unix.
fn run(mut command: Command) -> io::Result<Output> {
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (child, _job) = start(&mut command, Reach::Child, 0)?;
    child.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Activate a prefix of this name with these scripts.
    fn activated(name: &str, scripts: &[(&str, &str)]) -> Result<Environment, Error> {
        let directory = tempfile::tempdir().unwrap();
        let prefix = directory.path().join(name);
        let place = prefix.join("etc").join("conda").join("activate.d");
        std::fs::create_dir_all(&place).unwrap();
        for (name, text) in scripts {
            std::fs::write(place.join(name), text).unwrap();
        }
        let mut environment = Environment::default();
        for (name, value) in std::env::vars_os() {
            environment.set(name, value);
        }
        environment.set("GONE", "1");
        environment.set("b", "inherited");
        run_scripts(&prefix, &mut environment, &Voice::quiet()).map(|()| environment)
    }

    fn assert_activates(name: &str) {
        let scripts = [
            (
                "1.bat",
                "@echo off\r\necho noise\r\nset A=1\r\nset GONE=\r\n",
            ),
            ("2.bat", "@set B=%A%2\r\n@exit /b 3\r\n"),
            ("3.bat", "@set C=%~n0\r\n"),
        ];
        let found = activated(name, &scripts).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (variable, expected) in [
            ("A", Some("1")),
            ("B", Some("12")),
            ("C", Some("3")),
            ("GONE", None),
            ("_CS_SCRIPT_0", None),
        ] {
            let value = found.get(variable);
            assert_eq!(value, expected.map(AsRef::as_ref), "{variable} in {name}");
        }
    }

    #[test]
    fn scripts_run_in_any_prefix_one_after_the_other() {
        for name in [
            "plain", "a b", "100%", "a^b", "a^^b", "a&b", "a & b", "(a)", "a!b!", "a;b,c=d",
            "\u{fc}",
        ] {
            assert_activates(name);
        }
    }

    /// wine also replaces variables in the values of variables.
    #[test]
    fn a_variable_name_in_a_prefix_is_not_replaced() {
        for name in ["a%b%c", "%GONE%", "%A%"] {
            assert_activates(name);
        }
    }

    #[test]
    fn a_script_that_ends_the_shell_is_an_error() {
        let error = activated("demo", &[("1.bat", "@exit 3\r\n")]).unwrap_err();
        assert!(matches!(error, Error::ScriptsEnded { .. }), "{error}");
    }
}

//! A full activation of the delegate's prefix: variables that packages and users have
//! asked for, and `activate.d` scripts.
//!
//! What variables and scripts mean is [`cs_link::activation`]'s business, which link scripts use too.

use std::path::Path;

use cs_link::activation::read_variables;

use crate::run::environment::Environment;
use crate::say::error::Error;
use crate::say::voice::Voice;

#[cfg(any(windows, test))]
mod listed;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::run_scripts;
#[cfg(windows)]
pub use windows::run_scripts;

/// Complete `environment` for a full activation of `prefix`, whose name is `name`.
pub fn activate(
    prefix: &Path,
    name: &str,
    environment: &mut Environment,
    voice: &Voice,
) -> Result<(), Error> {
    environment.set("CONDA_PROMPT_MODIFIER", format!("({name}) "));
    set_variables(prefix, environment, voice);
    run_scripts(prefix, environment, voice)
}

/// Set and remove the variables of packages and of the user.
pub fn set_variables(prefix: &Path, environment: &mut Environment, voice: &Voice) {
    let variables = read_variables(prefix);
    for warning in &variables.warnings {
        voice.warn(warning);
    }
    for (name, value) in variables.values {
        match value {
            Some(value) => environment.set(name, value),
            None => environment.remove(name),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn variables_are_set_removed_or_left_alone() {
        let prefix = tempfile::tempdir().unwrap();
        let directory = prefix.path().join("etc/conda/env_vars.d");
        std::fs::create_dir_all(&directory).unwrap();
        let text = r#"{"SET": 1, "REMOVED": null, "ALONE": "***unset***", "PATH": "/evil"}"#;
        std::fs::write(directory.join("a.json"), text).unwrap();
        let mut environment = Environment::default();
        for name in ["SET", "REMOVED", "ALONE", "PATH"] {
            environment.set(name, "inherited");
        }
        activate(prefix.path(), "base", &mut environment, &Voice::quiet()).unwrap();
        for (name, expected) in [
            ("SET", Some("1")),
            ("REMOVED", None),
            ("ALONE", Some("inherited")),
            ("PATH", Some("inherited")),
        ] {
            assert_eq!(environment.get(name), expected.map(AsRef::as_ref), "{name}");
        }
    }
}

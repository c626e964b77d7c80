//! What the packages ask of the machine, compared with it before anything is downloaded.

use std::path::Path;

use cs_machine::{Found, Machine, Requirement};
use cs_stamp::{Plan, PlanRequirement, name_variable};

use crate::cli::arguments::BootstrapOptions;
use crate::context::Runtime;
use crate::say::error::Error;

/// Refuse a machine that lacks what a package needs, unless its user knows better.
pub fn check(runtime: &Runtime, options: &BootstrapOptions, plan: &Plan) -> Result<(), Error> {
    if options.ignores_machine || runtime.variables.ignores_machine {
        return Ok(());
    }
    let machine = Machine {
        root: Path::new("/"),
        lookup: &|name| std::env::var_os(name),
    };
    let asked: Vec<Requirement> = plan.requirements.iter().map(convert).collect();
    let Some((index, found)) = machine.find_unmet(&asked) else {
        return Ok(());
    };
    let requirement = &plan.requirements[index];
    Err(Error::Machine {
        package: requirement.package.clone(),
        spec: requirement.spec.clone(),
        found: describe(&requirement.name, &found),
        own: runtime.own_command(),
        variable: name_variable(&runtime.header.runtime, "IGNORE_VIRTUAL_PACKAGES"),
    })
}

fn convert(requirement: &PlanRequirement) -> Requirement<'_> {
    Requirement {
        name: &requirement.name,
        is_needed: requirement.is_needed,
        versions: &requirement.versions,
        x86_64_level: requirement.x86_64_level,
    }
}

/// What the machine has, in the words that people use for it.
fn describe(name: &str, found: &Found) -> String {
    let what = match name {
        "__cuda" => "CUDA",
        "__linux" => "Linux",
        "__osx" => "macOS",
        "__unix" => "Unix",
        "__win" => "Windows",
        name => name.trim_start_matches('_'),
    };
    match found {
        Found::Version(version) => format!("this machine has {what} {version}"),
        Found::Level(1) => "this machine's processor is only x86_64".to_owned(),
        Found::Level(level) => format!("this machine's processor is only x86_64_v{level}"),
        Found::Absent | Found::Unknown if is_system(name) => format!("this is not {what}"),
        Found::Absent | Found::Unknown => format!("this machine has no {what}"),
    }
}

fn is_system(name: &str) -> bool {
    ["__linux", "__osx", "__unix", "__win"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cs_machine::Version;

    #[test]
    fn the_machine_is_described_in_words() {
        let glibc = Found::Version(Version::new(&[2, 17]));
        for (name, found, expected) in [
            ("__glibc", glibc, "this machine has glibc 2.17"),
            ("__cuda", Found::Absent, "this machine has no CUDA"),
            ("__osx", Found::Absent, "this is not macOS"),
            (
                "__archspec",
                Found::Level(2),
                "this machine's processor is only x86_64_v2",
            ),
        ] {
            assert_eq!(describe(name, &found), expected);
        }
    }
}

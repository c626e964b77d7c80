//! Why the prefix of another build stays in use, in one line, and what becomes of what its user has added.

use std::path::Path;

use cs_prefix::{Changes, KeepReason, Marker, Outcome, PrefixError, State};

use crate::context::Runtime;
use crate::run::handover::find_program;
use crate::say::error::Error;
use crate::say::phrases::{name_some, quote};

/// Say which prefix stays, why, and what replaces it.
pub fn explain(runtime: &Runtime, marker: &Marker, reason: &KeepReason) -> String {
    let (name, version) = (&marker.runtime, &marker.runtime_version);
    let newer = &runtime.header.runtime_version;
    let (why, what_to_do) = describe(runtime, reason);
    match reason {
        KeepReason::RolledBack => {
            format!("keeping {name} {version} (rolled back from {newer}); {what_to_do}")
        }
        _ => {
            format!("using the installed {name} {version} instead of {newer}: {why}; {what_to_do}")
        }
    }
}

/// Why the prefix stays, and what replaces it.
pub fn describe(runtime: &Runtime, reason: &KeepReason) -> (String, String) {
    let force = format!("`{} bootstrap --force` replaces it", runtime.own_command());
    match reason {
        KeepReason::Policy => ("automatic upgrades are off".to_owned(), force),
        KeepReason::Changed(changes) => (
            format!(
                "you have changed it since it was installed ({})",
                describe_changes(changes)
            ),
            match list_commands(runtime, changes) {
                Some(commands) => format!("{force}, and {commands} adds that again"),
                None => force,
            },
        ),
        KeepReason::PreviousHolds { marker, files } => (
            format!(
                "that would remove the previous {} {}, which contains your files ({})",
                marker.runtime,
                marker.runtime_version,
                name_files(files)
            ),
            force,
        ),
        KeepReason::RolledBack => (
            "you rolled back to it".to_owned(),
            format!("upgrade with `{} bootstrap --force`", runtime.own_command()),
        ),
        KeepReason::NotWritable { directory } => (
            format!("{} is not writable", directory.display()),
            "its owner can upgrade it".to_owned(),
        ),
        KeepReason::MountPoint { path } => (
            format!("{} is a mount point", path.display()),
            "to use the newer one, choose another place with --path".to_owned(),
        ),
        KeepReason::Untrusted { why } => (
            why.to_string(),
            "to use the newer one, choose another place with --path".to_owned(),
        ),
        KeepReason::SymbolicLink { target } => (
            format!("it is a symbolic link to {}", target.display()),
            format!(
                "`{} --path {} bootstrap` replaces it",
                runtime.own_command(),
                target.display()
            ),
        ),
        KeepReason::InUse => (
            "it is in use".to_owned(),
            "the next run after the programs in it have ended replaces it".to_owned(),
        ),
        KeepReason::Failed { why } => (
            format!("the upgrade failed ({})", why),
            format!("`{} bootstrap` tries again", runtime.own_command()),
        ),
    }
}

/// Go on with the prefix in place, of another build most likely, when replacing it has
/// failed. A damaged executable and a signal are reasons to end.
pub fn keep_what_runs(runtime: &Runtime, error: Error) -> Result<Outcome, Error> {
    if matches!(error, Error::Interrupted(_) | Error::Stamp(_)) {
        return Err(error);
    }
    match cs_prefix::inspect(&runtime.place.prefix, &runtime.owner()) {
        // It failed when all was done but the tidying up.
        Ok(State::Complete { marker }) => Ok(Outcome::AlreadyComplete { marker }),
        Ok(State::AnotherStamp { marker, .. }) => Ok(Outcome::Kept {
            marker,
            reason: find_reason(error),
        }),
        _ => Err(error),
    }
}

fn find_reason(error: Error) -> KeepReason {
    match error {
        Error::Lifecycle(PrefixError::Untrusted { why }) => KeepReason::Untrusted { why },
        Error::Lifecycle(PrefixError::InUse { .. }) => KeepReason::InUse,
        error => KeepReason::Failed {
            why: error.to_string(),
        },
    }
}

/// Before a prefix is replaced by force, say what its user has added; returns how to add
/// it again, to be said in the end.
pub fn name_what_goes(runtime: &Runtime) -> Result<Option<String>, Error> {
    let found = cs_prefix::find_own_changes(&runtime.place.prefix, &runtime.owner())?;
    let Some((marker, changes)) = found else {
        return Ok(None);
    };
    if !changes.is_empty() || marker.stamp != runtime.stamp_hex {
        name_what_goes_for_good(runtime)?;
    }
    if changes.is_empty() {
        return Ok(None);
    }
    runtime.voice.note(&format!(
        "replacing {} {}, which you have changed since it was installed ({}); `{} rollback` restores it",
        marker.runtime,
        marker.runtime_version,
        describe_changes(&changes),
        runtime.own_command(),
    ));
    let commands = list_commands(runtime, &changes);
    Ok(commands.map(|commands| format!("{commands} adds your packages again")))
}

/// The previous prefix, whose place the one that is replaced takes, is removed, with what its user has put there.
fn name_what_goes_for_good(runtime: &Runtime) -> Result<(), Error> {
    let found = cs_prefix::find_previous(&runtime.place.prefix, &runtime.owner())?;
    let Some((path, marker, Changes { files, .. })) = found else {
        return Ok(());
    };
    if !files.is_empty() {
        runtime.voice.note(&format!(
            "removing the previous {} {}, {}, with your files in it ({})",
            marker.runtime,
            marker.runtime_version,
            path.display(),
            name_files(&files)
        ));
    }
    Ok(())
}

/// The commands that add again what the user has added: with conda by what was asked for, with pip by name and version.
fn list_commands(runtime: &Runtime, changes: &Changes) -> Option<String> {
    let mut commands = Vec::new();
    if !changes.requested.is_empty() {
        commands.push(join(name_installer(runtime), &changes.requested));
    }
    let distributions: Vec<String> = changes.added.iter().filter_map(|path| pin(path)).collect();
    if !distributions.is_empty() {
        let python = find_program(&runtime.place.prefix, "bin/python");
        let words = [quote(&python.to_string_lossy()), "-m pip install".into()];
        commands.push(join(words.join(" "), &distributions));
    }
    (!commands.is_empty()).then(|| commands.join(" and "))
}

fn join(command: String, words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
    format!("`{command} {}`", words.join(" "))
}

/// The command that installs packages into the prefix. A frozen one takes them from
/// conda-self alone, or when conda is configured to override that.
fn name_installer(runtime: &Runtime) -> String {
    let command = runtime.command_name.to_string_lossy();
    let header = &runtime.header;
    let is_conda = Path::new(&header.delegate).file_stem() == Some("conda".as_ref());
    match (is_conda, header.freeze_base) {
        (true, false) => format!("{command} install"),
        (true, true) if has_conda_self(runtime) => {
            if runtime.launch.self_commands {
                format!("{command} -- self install")
            } else {
                format!("{command} self install")
            }
        }
        (true, true) => format!("{command} install --override-frozen"),
        (false, _) => {
            let prefix = runtime.place.prefix.to_string_lossy();
            format!("conda install --prefix {}", quote(&prefix))
        }
    }
}

fn has_conda_self(runtime: &Runtime) -> bool {
    let plan = runtime.stamp.plan(&runtime.header);
    plan.is_ok_and(|plan| plan.has_conda("conda-self"))
}

/// `NAME==VERSION` of a distribution that no conda package holds, if pip can find it again by that.
fn pin(path: &str) -> Option<String> {
    let (_, name) = path.rsplit_once('/')?;
    let (name, version) = name.strip_suffix(".dist-info")?.rsplit_once('-')?;
    Some(format!("{name}=={version}"))
}

fn describe_changes(changes: &Changes) -> String {
    let name = |packages: &[String]| {
        let names: Vec<&str> = packages.iter().map(|path| short_name(path)).collect();
        name_some(&names)
    };
    let parts = [
        (name(&changes.added), "added"),
        (name(&changes.removed), "removed"),
        (name_files(&changes.files), "added without a package"),
    ];
    let told = parts.iter().filter(|(names, _)| !names.is_empty());
    let told: Vec<String> = told.map(|(names, how)| format!("{names} {how}")).collect();
    told.join(", ")
}

fn name_files(files: &[String]) -> String {
    name_some(&files.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The last component of a metadata directory's path, without its ending.
fn short_name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".dist-info").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(added: &[&str], removed: &[&str]) -> Changes {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Changes {
            added: own(added),
            removed: own(removed),
            files: Vec::new(),
            requested: Vec::new(),
        }
    }

    #[test]
    fn programs_that_still_run_are_a_reason_of_their_own() {
        let path = std::path::PathBuf::from("p");
        let action = "rename";
        let in_use = PrefixError::InUse { action, path };
        assert_eq!(find_reason(Error::Lifecycle(in_use)), KeepReason::InUse);
        assert!(matches!(
            find_reason(Error::Privileged),
            KeepReason::Failed { .. }
        ));
    }

    #[test]
    fn changes_are_named_by_package() {
        let path = "lib/python3.11/site-packages/rich-13.0.dist-info";
        let text = describe_changes(&changes(&["numpy-2.0-0", path], &[]));
        assert_eq!(text, "numpy-2.0-0, rich-13.0 added");
    }

    #[test]
    fn added_and_removed_packages_are_listed_separately() {
        let text = describe_changes(&changes(&["a-1-0"], &["b-1-0"]));
        assert_eq!(text, "a-1-0 added, b-1-0 removed");
    }

    #[test]
    fn files_without_a_package_are_named_by_their_paths() {
        let mut changes = changes(&["a-1-0"], &[]);
        changes.files = vec!["bin/mine".to_owned(), "lib/R/library/x/".to_owned()];
        assert_eq!(
            describe_changes(&changes),
            "a-1-0 added, bin/mine, lib/R/library/x/ added without a package"
        );
    }

    #[test]
    fn distributions_that_pip_can_find_are_pinned() {
        let directory = "lib/python3.11/site-packages";
        for (name, pinned) in [
            ("rich-13.0.dist-info", Some("rich==13.0")),
            ("mine.egg-link", None),
        ] {
            let found = pin(&format!("{directory}/{name}"));
            assert_eq!(found.as_deref(), pinned);
        }
        assert_eq!(pin("numpy-2.0-0"), None);
    }

    #[test]
    fn words_that_shells_would_read_are_quoted() {
        assert_eq!(quote("rich==13.0"), "rich==13.0");
        #[cfg(unix)]
        assert_eq!(quote("rich>=13,<14"), "'rich>=13,<14'");
        #[cfg(unix)]
        assert_eq!(quote(r"/back\slash/python"), r"'/back\slash/python'");
    }
}

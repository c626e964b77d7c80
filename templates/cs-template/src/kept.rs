//! Why the prefix of another build stays in use, in one line.

use cs_prefix::{Changes, KeepReason, Marker};

use crate::runtime::Runtime;
use crate::text::name_some;

/// Say which prefix stays, why, and what replaces it.
pub fn explain(runtime: &Runtime, marker: &Marker, reason: &KeepReason) -> String {
    let force = format!("`{} bootstrap --force` replaces it", runtime.own_command());
    let (why, what_to_do) = match reason {
        KeepReason::Policy => ("it keeps installed versions".to_owned(), force),
        KeepReason::Changed(changes) => (describe_changes(changes), force),
        KeepReason::RolledBack => ("it was rolled back to".to_owned(), force),
        KeepReason::NotWritable { directory } => (
            format!("{} is not writable", directory.display()),
            "its owner can upgrade it".to_owned(),
        ),
        KeepReason::MountPoint => (
            "a file system is mounted there".to_owned(),
            "another place with --path can have the newer one".to_owned(),
        ),
        KeepReason::SymbolicLink { target } => (
            format!("it is a symbolic link to {}", target.display()),
            format!(
                "`{} --path {} bootstrap` replaces it",
                runtime.own_command(),
                target.display()
            ),
        ),
    };
    format!(
        "using {} {} as installed instead of {}: {why}; {what_to_do}",
        marker.runtime, marker.runtime_version, runtime.header.runtime_version
    )
}

fn describe_changes(changes: &Changes) -> String {
    let name = |packages: &[String]| {
        let names: Vec<&str> = packages.iter().map(|path| short_name(path)).collect();
        name_some(&names)
    };
    match (changes.added.as_slice(), changes.removed.as_slice()) {
        (added, []) => format!("it was changed since ({} added)", name(added)),
        ([], removed) => format!("it was changed since ({} removed)", name(removed)),
        (added, removed) => format!(
            "it was changed since ({} added, {} removed)",
            name(added),
            name(removed)
        ),
    }
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
        }
    }

    #[test]
    fn changes_are_named_by_package() {
        let path = "lib/python3.11/site-packages/rich-13.0.dist-info";
        let text = describe_changes(&changes(&["numpy-2.0-0", path], &[]));
        assert_eq!(text, "it was changed since (numpy-2.0-0, rich-13.0 added)");
    }

    #[test]
    fn what_came_and_what_went_are_told_apart() {
        let text = describe_changes(&changes(&["a-1-0"], &["b-1-0"]));
        assert_eq!(text, "it was changed since (a-1-0 added, b-1-0 removed)");
    }
}

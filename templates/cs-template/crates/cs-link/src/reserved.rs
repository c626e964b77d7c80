//! Paths in a prefix that are not for packages, because the runtime itself writes there.

use crate::Job;
use crate::clobber::fold;
use crate::fault::Fault;

/// Files that the linker writes. A package may have one as a file, which is replaced.
const OVERWRITTEN: [&str; 4] = [
    "conda-meta/history",
    "conda-meta/initial-state.explicit.txt",
    ".post-link-output",
    ".messages.txt",
];

/// Refuse a path of a package that would be in the runtime's way, before anything is written.
pub(crate) fn check_path(job: &Job, path: &str, is_directory: bool) -> Result<(), Fault> {
    let folded = fold(path);
    let is_within = |name: &str| {
        let rest = folded.strip_prefix(&*fold(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if is_record(&folded) || job.reserved.iter().any(|name| is_within(name)) {
        return Err(Fault::hostile(
            path,
            "the file there does not belong to a package",
        ));
    }
    let mut overwritten = OVERWRITTEN.iter().chain(job.overwritten);
    let is_file = |name: &&str| folded.len() == name.len() && !is_directory;
    if overwritten.any(|name| is_within(name) && !is_file(name)) {
        Err(Fault::hostile(
            path,
            "the runtime writes its own file there",
        ))
    } else {
        Ok(())
    }
}

/// Whether a path is, or leads through, what every conda takes for the record of a package.
fn is_record(folded: &str) -> bool {
    let name = folded.strip_prefix("conda-meta/");
    name.and_then(|rest| rest.split('/').next())
        .is_some_and(|name| name.ends_with(".json"))
}

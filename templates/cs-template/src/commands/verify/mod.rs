//! `RUNTIME verify`: whether the prefix is as it was installed. Writes nothing.

use std::sync::atomic::AtomicBool;

use cs_link::{Installed, Seals, Verified};
use cs_prefix::{Hold, Marker, PrefixError, State};
use cs_stamp::Plan;

use crate::commands::news::name_interruption;
use crate::context::Runtime;
use crate::install::packages::convert_packages;
use crate::process::signals;
use crate::say::error::Error;
use crate::say::voice::{print_json, print_lines};

use document::{Kind, Report, compose};
use text::render_lines;

mod document;
mod text;

/// Key of the marker under which a build leaves what the records are.
pub const RECORDS: &str = "records";

/// Compare the prefix with its records, and those with the marker and the plan; print what differs, which is a failure.
pub fn run(runtime: &Runtime, as_json: bool) -> Result<(), Error> {
    let report = examine(runtime)?;
    if as_json {
        print_json(&report)?;
    } else if !runtime.voice.is_quiet {
        print_lines(render_lines(&report, runtime.voice.is_verbose))?;
    }
    judge(runtime, &report)
}

/// What could not be read has not been found to be different.
fn judge(runtime: &Runtime, report: &Report) -> Result<(), Error> {
    let problems = report.problems.iter();
    let unreadable = problems.filter(|one| one.problem == Kind::Unreadable);
    let (count, unreadable) = (report.problems.len(), unreadable.count());
    let prefix = runtime.place.prefix.clone();
    match count {
        0 => Ok(()),
        _ if unreadable == count => Err(Error::Unread { prefix, count }),
        _ => Err(Error::Altered {
            prefix,
            count: count - unreadable,
            unreadable,
            own: runtime.own_command(),
        }),
    }
}

/// Look at the prefix, which no other process exchanges meanwhile.
fn examine(runtime: &Runtime) -> Result<Report<'_>, Error> {
    let prefix = &runtime.place.prefix;
    let _hold = Hold::take(prefix);
    let plan = runtime.stamp.plan(&runtime.header)?;
    let marker = find_marker(runtime)?;
    let cancel = signals::watch();
    let verified = verify(runtime, &marker, &plan, &cancel)?;
    let additions = cs_prefix::find_additions(prefix, &marker)?;
    Ok(compose(runtime, &marker, verified, additions))
}

/// The marker of a complete prefix.
fn find_marker(runtime: &Runtime) -> Result<Marker, Error> {
    let prefix = &runtime.place.prefix;
    let lacks = |what| Error::NotInstalled {
        what,
        prefix: prefix.clone(),
        own: runtime.own_command(),
    };
    match cs_prefix::inspect(prefix, &runtime.owner())? {
        State::Absent => Err(lacks("nothing is installed at")),
        State::Torn => Err(lacks("an incomplete installation is at")),
        State::Foreign { why } => Err(PrefixError::foreign(prefix, why).into()),
        State::Complete { marker }
        | State::AnotherStamp { marker, .. }
        | State::Changed { marker, .. } => Ok(marker),
    }
}

fn verify(
    runtime: &Runtime,
    marker: &Marker,
    plan: &Plan,
    cancel: &AtomicBool,
) -> Result<Verified, Error> {
    let (seals, packages) = (read_seals(marker), convert_packages(plan));
    let installed = Installed {
        prefix: &runtime.place.prefix,
        seals: &seals,
        // The plan of another build is in that build's executable.
        packages: (marker.stamp == runtime.stamp_hex).then_some(&packages),
        threads: std::thread::available_parallelism().map_or(2, usize::from),
    };
    match cs_link::verify(&installed, cancel) {
        Ok(Some(verified)) => Ok(verified),
        Ok(None) => Err(name_interruption(
            cs_link::LinkError::from(cs_link::Fault::Cancelled).into(),
        )),
        Err(source) => Err(PrefixError::io("read", &runtime.place.prefix, source).into()),
    }
}

/// What the marker says of the records; what is not of that form is left out, and so found to be missing.
fn read_seals(marker: &Marker) -> Seals {
    let seals = marker
        .extra
        .get(RECORDS)
        .and_then(|records| records.as_object());
    let entries = seals.into_iter().flatten();
    let entries =
        entries.filter_map(|(path, seal)| Some((path.clone(), seal.as_str()?.to_owned())));
    entries.collect()
}

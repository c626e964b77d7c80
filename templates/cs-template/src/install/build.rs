//! Every package of this build into a staging directory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cs_prefix::{Staging, State};
use cs_stamp::{Bytecode, Part, Plan};

use crate::cli::arguments::BootstrapOptions;
use crate::context::Runtime;
use crate::install::entry_point_exe::LAUNCHERS;
use crate::install::packages::{convert_packages, convert_python};
use crate::install::sources::{Suppliers, open_bundles};
use crate::install::{machine, parts, prefix_files};
use crate::process::allocator;
use crate::run::handover::find_program;
use crate::say::change::Change;
use crate::say::error::Error;
use crate::say::form::Form;
use crate::say::phrases::{count, format_bytes};
use crate::say::progress::{Counter, Total, show_while};
use crate::say::voice::{EVENTS_SCHEMA_VERSION, Event};

/// Fill the staging directory, and return how many files that made.
pub fn build(
    runtime: &Runtime,
    options: &BootstrapOptions,
    plan: &Plan,
    staging: &Staging,
    cancel: &Arc<AtomicBool>,
) -> Result<cs_link::Report, Error> {
    allocator::return_large_buffers();
    // Nothing here reads the lock. But users take it out of the runtime to learn what
    // they have, and it promises: what is installed is what was locked.
    parts::check_part(&runtime.stamp, Part::Lock)?;
    machine::check(runtime, options, plan)?;
    let supply = open_bundles(runtime, plan, options, staging.scratch, cancel)?;
    supply.check_network(runtime, options)?;
    let total = Total {
        archive_bytes: supply.total_bytes(),
        files: runtime.header.installed_file_count,
        packages: plan.packages.len(),
    };
    announce(runtime, total)?;
    let origins = supply.origins();
    let counter = Arc::new(Counter::default());
    let archives = supply.complete(runtime, staging.scratch, &counter, cancel)?;
    let report = show_while(&runtime.voice, total, &counter, || {
        link(runtime, plan, staging, &archives, &counter, cancel)
    })
    .map_err(|error| name_origins(error, origins))?;
    relay(runtime, plan, &report);
    prefix_files::write_settings(staging.root, &runtime.header, plan)?;
    check_delegate(runtime, staging.root)?;
    Ok(report)
}

/// Pass on what packages want their users to know, and what two packages both hold.
fn relay(runtime: &Runtime, plan: &Plan, report: &cs_link::Report) {
    for message in &report.messages {
        runtime.voice.quote(&message.package, message.text.trim());
    }
    let misstated = report.misstated.iter().map(|one| tell_misstated(plan, one));
    let superseded = report
        .superseded
        .iter()
        .map(|one| tell_superseded(plan, one));
    let clobbered = report.clobbered.iter().map(|one| tell_clobbered(plan, one));
    for detail in misstated.chain(superseded).chain(clobbered) {
        runtime.voice.detail(&detail);
    }
}

fn tell_misstated(plan: &Plan, one: &cs_link::Misstated) -> String {
    format!(
        "{}: its list of files states a wrong size for {} of them: {} has {} bytes, not {}",
        plan.packages[one.package].archive.file_name, one.files, one.first, one.actual, one.stated
    )
}

fn tell_superseded(plan: &Plan, one: &cs_link::Superseded) -> String {
    format!(
        "the conda package {} also has the project {}; the one from PyPI is used",
        plan.packages[one.loser].name, one.project
    )
}

fn tell_clobbered(plan: &Plan, one: &cs_link::Clobbered) -> String {
    let [winner, loser] = [one.winner, one.loser].map(|index| &plan.packages[index].name);
    if one.to == one.path {
        format!(
            "{} is in both {winner} and {loser}; the file of {winner} is kept",
            one.path
        )
    } else {
        format!(
            "{} of {loser} is left out: {winner} has {}",
            one.path, one.to
        )
    }
}

fn link(
    runtime: &Runtime,
    plan: &Plan,
    staging: &Staging,
    archives: &Suppliers,
    counter: &Counter,
    cancel: &AtomicBool,
) -> Result<cs_link::Report, Error> {
    let (packages, python) = (convert_packages(plan), convert_python(plan));
    let shipped = parts::open_bytecode(&runtime.stamp)?;
    let reserved = [
        runtime.owner().scratch_name(),
        cs_prefix::OWN_FILES.to_owned(),
    ];
    let markers = runtime.owner().marker_file_names();
    let overwritten: Vec<&str> = prefix_files::FILES
        .into_iter()
        .chain(markers.iter().map(String::as_str))
        .collect();
    let job = cs_link::Job {
        staging: staging.root,
        prefix: staging.prefix,
        platform: &plan.platform,
        packages: &packages,
        python: python.as_ref(),
        requested_specs: &plan.requested_specs,
        threads: choose_threads(),
        bytecode: match (runtime.header.bytecode, &shipped) {
            (Bytecode::Bootstrap, _) => cs_link::Bytecode::Compile,
            (Bytecode::Shipped, Some(part)) => cs_link::Bytecode::Shipped(part),
            (Bytecode::OnImport | Bytecode::Shipped, _) => cs_link::Bytecode::OnImport,
        },
        link_scripts: true,
        reserved: &reserved,
        overwritten: &overwritten,
        launchers: LAUNCHERS,
    };
    cs_link::install(&job, archives, counter, cancel).map_err(Error::from)
}

/// Between two and four: more threads than that wait for the disk.
fn choose_threads() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 4))
}

/// Say where a damaged archive was found. Downloads are compared with the lock as they arrive: it was in a bundle.
fn name_origins(error: Error, origins: String) -> Error {
    match error {
        Error::Link(source) if source.kind() == cs_link::Kind::Archive && !origins.is_empty() => {
            Error::Archive { source, origins }
        }
        other => other,
    }
}

/// A runtime without a delegate is of no use, and better not installed.
fn check_delegate(runtime: &Runtime, root: &Path) -> Result<(), Error> {
    let program = find_program(root, &runtime.launch.delegate);
    if program.symlink_metadata().is_ok() {
        return Ok(());
    }
    Err(Error::NoDelegate {
        runtime: runtime.header.runtime.clone(),
        delegate: runtime.header.delegate.clone(),
        path: runtime.launch.delegate.clone().into(),
    })
}

fn announce(runtime: &Runtime, total: Total) -> Result<(), Error> {
    let header = &runtime.header;
    let prefix = runtime.place.prefix.to_string_lossy();
    runtime.voice.tell(&Event::Start {
        schema_version: EVENTS_SCHEMA_VERSION,
        runtime: &header.runtime,
        version: &header.runtime_version,
        prefix: &prefix,
        packages: total.packages,
        archive_bytes: total.archive_bytes,
    });
    if runtime.voice.form == Form::Text {
        runtime
            .voice
            .note(&format!("{} into {prefix}", describe_work(runtime, total)?));
    }
    Ok(())
}

/// `installing 6 packages (17.8 MB)`, `upgrading 1.0 → 2.0, 6 packages (17.8 MB),`
fn describe_work(runtime: &Runtime, total: Total) -> Result<String, Error> {
    let size = total
        .archive_bytes
        .map_or(String::new(), |bytes| format!(" ({})", format_bytes(bytes)));
    let packages = count(total.packages, "package") + &size;
    let (prefix, owner) = (&runtime.place.prefix, runtime.owner());
    Ok(match cs_prefix::inspect(prefix, &owner)? {
        State::Absent | State::Foreign { .. } => format!("installing {packages}"),
        State::Torn | State::Complete { .. } => format!("reinstalling {packages}"),
        State::AnotherStamp { marker, .. } | State::Changed { marker, .. } => {
            let change = Change {
                from: &marker.runtime_version,
                to: &runtime.header.runtime_version,
            };
            format!("{}: {packages}", change.name_work())
        }
    })
}

//! From whatever is there to a complete prefix: the first run, an upgrade, or the command `bootstrap`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use cs_prefix::{Details, Hold, News, Outcome, Policy, Remains, Staging, Waiting};
use cs_stamp::{Bytecode, OnUpgrade, Part, Plan};

use crate::cli::arguments::BootstrapOptions;
use crate::commands::kept;
use crate::context::Runtime;
use crate::install::entry_point_exe::LAUNCHER;
use crate::install::packages::{convert_packages, convert_python};
use crate::install::sources::{Suppliers, open_bundles};
use crate::install::{parts, prefix_files};
use crate::process::{allocator, signals};
use crate::run::handover::find_program;
use crate::say::error::Error;
use crate::say::form::Form;
use crate::say::phrases::{count, format_bytes, format_duration};
use crate::say::progress::{Counter, Total, show_while};
use crate::say::voice::{EVENTS_SCHEMA_VERSION, Ended, Event, print_line};

/// How long to wait for another process that works on the prefix.
pub const WAIT_LIMIT: Duration = Duration::from_secs(10 * 60);
/// How often to say so.
const WAIT_INTERVAL: Duration = Duration::from_secs(30);
/// Unpacked size over packed size, where the builder did not know the former. Common package sets have 5; but what is
/// only estimated refuses what hardly fits, not what may.
const EXPANSION: u64 = 3;

/// How an installation ended.
pub struct Installed {
    /// What became of the prefix.
    pub outcome: Outcome,
    /// Keeps it where it is.
    pub hold: Hold,
    /// Files written; 0 when nothing was.
    pub files: u64,
    /// Number of packages of this build.
    pub packages: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// `RUNTIME bootstrap`.
pub fn run(runtime: &Runtime, options: &BootstrapOptions) -> Result<(), Error> {
    let additions = if options.is_forced {
        kept::name_what_goes(runtime)?
    } else {
        None
    };
    let installed = ensure(runtime, Some(options))?;
    if let Some(additions) = additions {
        runtime.voice.note(&additions);
    }
    if runtime.voice.is_quiet || runtime.voice.form == Form::Json {
        return Ok(());
    }
    let (name, version) = (&runtime.header.runtime, &runtime.header.runtime_version);
    let prefix = runtime.place.prefix.display();
    print_line(&match installed.outcome {
        Outcome::AlreadyComplete { .. } => {
            format!("{name} {version} is already installed at {prefix}")
        }
        Outcome::Kept { marker, .. } => {
            format!(
                "{name} {} stays installed at {prefix}",
                marker.runtime_version
            )
        }
        Outcome::Installed { .. } | Outcome::Replaced { .. } => {
            format!("{name} {version} is installed at {prefix}")
        }
    })
}

/// Make sure that the prefix can be run: for the command `bootstrap` with its options, or on
/// the way to something else, where a failed upgrade must not prevent running what is there.
pub fn ensure(runtime: &Runtime, command: Option<&BootstrapOptions>) -> Result<Installed, Error> {
    let started = Instant::now();
    let options = &command.cloned().unwrap_or_default();
    let plan = runtime.stamp.plan(&runtime.header)?;
    let cancel = signals::watch();
    let mut files = 0;
    let result = cs_prefix::install_and_hold(
        &runtime.place.prefix,
        &runtime.owner(),
        &make_policy(runtime, command, &plan),
        &mut tell_news(runtime),
        &cancel,
        |staging| {
            files = build(runtime, options, &plan, staging, &cancel)?;
            Ok(describe_build(runtime))
        },
    );
    let (outcome, hold) = match result.map_err(|error| name_interruption(error.into())) {
        Err(error) if command.is_none() => (
            kept::keep_what_runs(runtime, error)?,
            Hold::take(&runtime.place.prefix),
        ),
        result => result?,
    };
    let installed = Installed {
        outcome,
        hold,
        files,
        packages: plan.packages.len(),
        elapsed: started.elapsed(),
    };
    report(runtime, &installed);
    Ok(installed)
}

fn make_policy(runtime: &Runtime, command: Option<&BootstrapOptions>, plan: &Plan) -> Policy {
    let header = &runtime.header;
    let packed: Option<u64> = plan.packages.iter().map(|package| package.size).sum();
    Policy {
        force: command.is_some_and(|options| options.is_forced),
        keep_other_stamps: header.on_upgrade == OnUpgrade::Keep,
        wait_limit: WAIT_LIMIT,
        required_bytes: header
            .installed_size_bytes
            .or(packed.map(|bytes| bytes.saturating_mul(EXPANSION))),
        required_files: header.installed_file_count,
        prefix_limit_bytes: header.prefix_limit_bytes,
        // A user who installs for later may switch the machine off next; docs/development/decisions/durability.md.
        sync: command.is_some(),
    }
}

/// Say that another process is at work, and say it again from time to time; say what could not be deleted.
pub fn tell_news(runtime: &Runtime) -> impl FnMut(&News) + '_ {
    let mut next = Duration::ZERO;
    move |news| match news {
        News::Waiting(waiting) if waiting.elapsed < next => {}
        News::Waiting(waiting) => {
            next = waiting.elapsed + WAIT_INTERVAL;
            tell_waiting(runtime, waiting);
        }
        News::Remains(remains) => runtime.voice.note(&describe_remains(remains)),
    }
}

fn tell_waiting(runtime: &Runtime, waiting: &Waiting) {
    let so_far = match waiting.elapsed.as_secs() {
        0 => String::new(),
        _ => format!(" (for {} now)", format_duration(waiting.elapsed)),
    };
    let message = format!(
        "another process is working on {}; waiting for it{so_far}",
        runtime.place.prefix.display()
    );
    match runtime.voice.form {
        Form::Json => runtime.voice.tell(&Event::Waiting { message: &message }),
        Form::Text => runtime.voice.note(&message),
    }
}

fn describe_remains(remains: &Remains) -> String {
    format!(
        "{} could not be deleted: {}. Nobody uses what is left of the old prefix; \
         the next upgrade tries again, or delete {} yourself, with the permissions that it needs",
        remains.file.display(),
        remains.why,
        remains.place.display()
    )
}

/// What the marker says besides the packages.
fn describe_build(runtime: &Runtime) -> Details {
    let header = &runtime.header;
    let mut extra = serde_json::Map::new();
    extra.insert("platform".into(), header.platform.clone().into());
    extra.insert("delegate".into(), header.delegate.clone().into());
    extra.insert("builder".into(), header.builder.clone().into());
    Details {
        channels: header.channels.clone(),
        extra,
    }
}

/// Replace "cancelled", whatever noticed it first, by the signal that was the reason.
pub fn name_interruption(error: Error) -> Error {
    match signals::received() {
        Some(signal) if error.is_cancelled() => Error::Interrupted(signal),
        _ => error,
    }
}

/// Fill the staging directory, and return how many files that made.
fn build(
    runtime: &Runtime,
    options: &BootstrapOptions,
    plan: &Plan,
    staging: &Staging,
    cancel: &Arc<AtomicBool>,
) -> Result<u64, Error> {
    allocator::return_large_buffers();
    // Nothing here reads the lock. But users take it out of the runtime to learn what
    // they have, and it promises: what is installed is what was locked.
    parts::check_part(&runtime.stamp, Part::Lock)?;
    let supply = open_bundles(runtime, plan, options, staging.scratch, cancel)?;
    supply.check_network(runtime, options)?;
    let total = Total {
        archive_bytes: supply.total_bytes(),
        files: runtime.header.installed_file_count,
        packages: plan.packages.len(),
    };
    announce(runtime, total);
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
    Ok(report.files)
}

/// Pass on what packages want their users to know, and what two packages both hold.
fn relay(runtime: &Runtime, plan: &Plan, report: &cs_link::Report) {
    for message in &report.messages {
        runtime.voice.quote(&message.package, message.text.trim());
    }
    for misstated in &report.misstated {
        let package = &plan.packages[misstated.package];
        runtime.voice.detail(&format!(
            "{}: its list of files states a wrong size for {} of them: {} has {} bytes, not {}",
            package.file_name, misstated.files, misstated.first, misstated.actual, misstated.stated
        ));
    }
    for clobbered in &report.clobbered {
        let (winner, loser) = (
            &plan.packages[clobbered.winner],
            &plan.packages[clobbered.loser],
        );
        let detail = if clobbered.to == clobbered.path {
            format!(
                "{} is in both {} and {}; that of {} stays",
                clobbered.path, winner.name, loser.name, winner.name
            )
        } else {
            format!(
                "{} of {} is left out: {} has {}",
                clobbered.path, loser.name, winner.name, clobbered.to
            )
        };
        runtime.voice.detail(&detail);
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
        prefix_files::SHELL_FILES.to_owned(),
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
        launcher: LAUNCHER,
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

fn announce(runtime: &Runtime, total: Total) {
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
        let size = total
            .archive_bytes
            .map_or(String::new(), |bytes| format!(" ({})", format_bytes(bytes)));
        runtime.voice.note(&format!(
            "installing {}{size} into {prefix}",
            count(total.packages, "package")
        ));
    }
}

fn report(runtime: &Runtime, installed: &Installed) {
    let outcome = match &installed.outcome {
        Outcome::AlreadyComplete { .. } => Ended::Unchanged,
        Outcome::Installed { .. } => Ended::Installed,
        Outcome::Replaced { previous: None, .. } => Ended::Reinstalled,
        Outcome::Replaced { .. } => Ended::Replaced,
        Outcome::Kept { .. } => Ended::Kept,
    };
    if let Outcome::Kept { marker, reason } = &installed.outcome {
        runtime.voice.note(&kept::explain(runtime, marker, reason));
    }
    runtime.voice.tell(&Event::Done {
        outcome,
        prefix: &runtime.place.prefix.to_string_lossy(),
        files: installed.files,
        seconds: (installed.elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
    });
    if runtime.voice.form == Form::Text
        && let Some(done) = describe_end(runtime, installed)
    {
        runtime.voice.note(&done);
    }
}

/// What was done, and how long it took; nothing if nothing was done.
fn describe_end(runtime: &Runtime, installed: &Installed) -> Option<String> {
    let packages = count(installed.packages, "package");
    let elapsed = format_duration(installed.elapsed);
    Some(match &installed.outcome {
        Outcome::AlreadyComplete { .. } | Outcome::Kept { .. } => return None,
        Outcome::Installed { .. } => format!("installed {packages} in {elapsed}"),
        Outcome::Replaced { previous: None, .. } => {
            format!("reinstalled {packages} in {elapsed}")
        }
        Outcome::Replaced {
            marker,
            previous: Some(previous),
        } => format!(
            "replaced {} {} by {} ({packages} in {elapsed}); `{} rollback` restores the previous version",
            previous.runtime,
            previous.runtime_version,
            marker.runtime_version,
            runtime.own_command()
        ),
    })
}

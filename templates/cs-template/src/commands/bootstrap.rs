//! From whatever is there to a complete prefix: the first run, an upgrade, or the command `bootstrap`.

use std::time::{Duration, Instant};

use cs_prefix::{Details, Hold, KeepReason, Outcome, Policy, PrefixError};
use cs_stamp::{OnUpgrade, Plan};

use crate::cli::arguments::BootstrapOptions;
use crate::commands::news::{WAIT_LIMIT, name_interruption, tell_news};
use crate::commands::{kept, noted, verify};
use crate::context::Runtime;
use crate::install::build::build;
use crate::install::sources::named_bundle;
use crate::locate::home::find_home;
use crate::locate::place::name_prefix_variable;
use crate::process::signals;
use crate::say::change::Change;
use crate::say::error::Error;
use crate::say::form::Form;
use crate::say::phrases::{count, format_duration, quote};
use crate::say::voice::{Ended, Event, print_line};

/// Unpacked size over packed size, where the builder did not know the former. Common package sets have 5; but what is
/// only estimated refuses what hardly fits, not what may.
const EXPANSION: u64 = 3;

/// Key of the marker under which a build leaves how many bytes it has written.
pub const SIZE: &str = "size_bytes";

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
    if let Outcome::AlreadyComplete { .. } = installed.outcome {
        tell_unused_bundle(runtime, options)?;
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

/// Say that the bundle that an option names was not needed. A variable may name it for runs to come.
fn tell_unused_bundle(runtime: &Runtime, options: &BootstrapOptions) -> Result<(), Error> {
    if options.bundle.is_none() {
        return Ok(());
    }
    let Some(path) = named_bundle(runtime, options)? else {
        return Ok(());
    };
    let shown = path.display();
    if path.exists() {
        let (own, word) = (runtime.own_command(), quote(&path.to_string_lossy()));
        runtime.voice.note(&format!(
            "the bundle {shown} was not used, because everything is installed. \
             To install it again, run `{own} bootstrap --force --bundle {word}`."
        ));
    } else {
        runtime.voice.warn(&format!(
            "the bundle {shown} does not exist; it was not needed, because everything is installed"
        ));
    }
    Ok(())
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
            let report = build(runtime, options, &plan, staging, &cancel)?;
            files = report.files;
            Ok(describe_build(runtime, report))
        },
    );
    let explain = |error| name_interruption(name_missing_home(runtime, error));
    let (outcome, hold) = match result.map_err(|error| explain(error.into())) {
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
    report(runtime, &installed, command.is_some());
    Ok(installed)
}

/// If the prefix goes into a home directory that does not exist, name that as the reason.
fn name_missing_home(runtime: &Runtime, error: Error) -> Error {
    let Error::Lifecycle(source) = error else {
        return error;
    };
    let is_refused = matches!(
        source,
        PrefixError::NotPermitted { .. } | PrefixError::CannotWrite { .. }
    );
    let home = find_home(&|name| std::env::var_os(name));
    let home = home.filter(|home| !home.exists() && home.starts_with(source.path()));
    match home {
        Some(home) if is_refused && runtime.place.is_default() => Error::MissingHome {
            home,
            variable: name_prefix_variable(&runtime.launch),
            source: source.into(),
        },
        _ => source.into(),
    }
}

pub(super) fn make_policy(
    runtime: &Runtime,
    command: Option<&BootstrapOptions>,
    plan: &Plan,
) -> Policy {
    let header = &runtime.header;
    // What has no size takes space too: this is the least.
    let sizes = plan
        .packages
        .iter()
        .filter_map(|package| package.archive.size);
    let packed: u64 = sizes.sum();
    Policy {
        force: command.is_some_and(|options| options.is_forced),
        keep_other_stamps: header.on_upgrade == OnUpgrade::Keep,
        wait_limit: WAIT_LIMIT,
        required_bytes: header
            .installed_size_bytes
            .or(Some(packed.saturating_mul(EXPANSION))),
        required_files: header.installed_file_count,
        prefix_limit_bytes: header.prefix_limit_bytes,
        // A user who installs for later may switch the machine off next; docs/development/decisions/durability.md.
        sync: command.is_some(),
    }
}

/// What the marker says besides the packages.
fn describe_build(runtime: &Runtime, report: cs_link::Report) -> Details {
    let header = &runtime.header;
    let mut extra = serde_json::Map::new();
    extra.insert("platform".into(), header.platform.clone().into());
    extra.insert("delegate".into(), header.delegate.clone().into());
    extra.insert("builder".into(), header.builder.clone().into());
    extra.insert(SIZE.into(), report.bytes.into());
    extra.insert(verify::RECORDS.into(), report.records.into_iter().collect());
    Details {
        channels: header.channels.clone(),
        extra,
    }
}

fn report(runtime: &Runtime, installed: &Installed, is_asked: bool) {
    let outcome = match &installed.outcome {
        Outcome::AlreadyComplete { .. } => Ended::Unchanged,
        Outcome::Installed { .. } => Ended::Installed,
        Outcome::Replaced { previous: None, .. } => Ended::Reinstalled,
        Outcome::Replaced { .. } => Ended::Replaced,
        Outcome::Kept { .. } => Ended::Kept,
    };
    if let Outcome::Kept { marker, reason } = &installed.outcome {
        tell_kept(
            runtime,
            &kept::explain(runtime, marker, reason),
            reason,
            is_asked,
        );
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

/// Say why the prefix stays: where nothing was asked and nothing will be different at the next run, once.
fn tell_kept(runtime: &Runtime, why: &str, reason: &KeepReason, is_asked: bool) {
    let voice = &runtime.voice;
    let is_repeated = !is_asked && voice.form == Form::Text && reason.is_lasting();
    if voice.is_quiet
        || (is_repeated && !noted::is_new(&runtime.place.prefix, &runtime.stamp_hex, why))
    {
        voice.detail(why);
    } else {
        voice.note(why);
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
        } => {
            let change = Change {
                from: &previous.runtime_version,
                to: &marker.runtime_version,
            };
            // Where the previous prefix was the one to put in place, that is the first thing said of it.
            let versions = match installed.files {
                0 => format!(" {}", change.versions()),
                _ => String::new(),
            };
            format!(
                "{}{versions} in {elapsed}; undo with `{} rollback`",
                change.name_end(),
                runtime.own_command()
            )
        }
    })
}

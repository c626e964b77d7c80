//! `RUNTIME status`: who this runtime is, and how its prefix is. Writes nothing.

use std::path::Path;

use cs_prefix::{Changes, Neighbours, PrefixError, State};
use cs_stamp::{Layout, Plan};
use serde::Serialize;

use crate::error::Error;
use crate::runtime::Runtime;
use crate::voice::print;

/// Version of the document.
const SCHEMA_VERSION: u32 = 1;

/// Everything that the command tells, as `docs/reference/runtime.md` describes it.
#[derive(Debug, Serialize)]
struct Status<'a> {
    schema_version: u32,
    runtime: &'a str,
    version: &'a str,
    artifact_name: &'a str,
    layout: &'static str,
    platform: &'a str,
    builder: &'a str,
    stamp: &'a str,
    executable: String,
    prefix: String,
    prefix_named_by: &'a str,
    state: &'static str,
    reason: Option<String>,
    installed: Option<Installed>,
    rollback: Option<Previous>,
    being_built: bool,
    abandoned: Option<String>,
    not_writable: Option<String>,
    channels: &'a [String],
    packages: Vec<Package<'a>>,
    package_count: usize,
    delegate: Delegate<'a>,
    docs_url: Option<&'a str>,
    installer: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Installed {
    version: String,
    stamp: String,
    package_count: usize,
    added: Vec<String>,
    removed: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Previous {
    version: String,
    stamp: String,
}

#[derive(Debug, Serialize)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    build: &'a str,
    subdir: &'a str,
    size_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Delegate<'a> {
    name: &'a str,
    path: String,
    is_present: bool,
}

/// Print the status. A path that is not ours is told as such, and is a failure all the same.
pub fn run(runtime: &Runtime, as_json: bool) -> Result<(), Error> {
    let (prefix, owner) = (&runtime.place.prefix, runtime.owner());
    let plan = runtime.stamp.plan()?;
    let state = cs_prefix::examine(prefix, &owner)?;
    let around = cs_prefix::look_around(prefix, &owner)?;
    let status = collect(runtime, &plan, &state, around)?;
    print(&match as_json {
        true => render_json(&status),
        false => render_text(&status),
    })?;
    match state {
        State::Foreign { why } => Err(PrefixError::Foreign {
            path: prefix.clone(),
            why,
        }
        .into()),
        _ => Ok(()),
    }
}

fn collect<'a>(
    runtime: &'a Runtime,
    plan: &'a Plan,
    state: &State,
    around: Neighbours,
) -> Result<Status<'a>, Error> {
    let header = &runtime.header;
    let prefix = &runtime.place.prefix;
    let program = runtime.delegate().program;
    let show = |path: &Path| path.to_string_lossy().into_owned();
    Ok(Status {
        schema_version: SCHEMA_VERSION,
        runtime: &header.runtime,
        version: &header.runtime_version,
        artifact_name: &header.artifact_name,
        layout: match header.layout {
            Layout::Online => "online",
            Layout::External => "external",
            Layout::Embedded => "embedded",
        },
        platform: &header.platform,
        builder: &header.builder,
        stamp: &runtime.stamp_hex,
        executable: show(&runtime.executable()),
        prefix: show(prefix),
        prefix_named_by: &runtime.place.named_by,
        state: name_state(state),
        reason: match state {
            State::Foreign { why } => Some(why.to_string()),
            _ => None,
        },
        installed: describe_installed(prefix, state)?,
        rollback: around.previous.map(|marker| Previous {
            version: marker.runtime_version,
            stamp: marker.stamp,
        }),
        being_built: around.being_built,
        abandoned: around.abandoned_staging.as_deref().map(show),
        not_writable: around.not_writable.as_deref().map(show),
        channels: &header.channels,
        package_count: plan.packages.len(),
        packages: plan.packages.iter().map(describe_package).collect(),
        delegate: Delegate {
            name: &header.delegate,
            is_present: program.exists(),
            path: show(&program),
        },
        docs_url: header.docs_url.as_deref(),
        installer: header.installer.as_deref(),
    })
}

fn describe_package(package: &cs_stamp::PlanPackage) -> Package<'_> {
    Package {
        name: &package.name,
        version: &package.version,
        build: &package.build,
        subdir: &package.subdir,
        size_bytes: package.size,
    }
}

/// The states' names of `docs/explanation/prefix-lifecycle.md`.
fn name_state(state: &State) -> &'static str {
    match state {
        State::Absent => "absent",
        State::Foreign { .. } => "foreign",
        State::OursTorn => "ours-torn",
        State::OursComplete { .. } => "ours-complete",
        State::OursOfAnotherStamp { .. } => "ours-of-another-stamp",
        State::OursChangedByUser { .. } => "ours-changed-by-user",
    }
}

fn describe_installed(prefix: &Path, state: &State) -> Result<Option<Installed>, Error> {
    let Some(marker) = state.marker() else {
        return Ok(None);
    };
    let changes = match state {
        State::OursChangedByUser { changes, .. } => changes.clone(),
        State::OursComplete { marker } => cs_prefix::find_changes(prefix, marker)?,
        _ => Changes::default(),
    };
    Ok(Some(Installed {
        version: marker.runtime_version.clone(),
        stamp: marker.stamp.clone(),
        package_count: count_packages(prefix),
        added: changes.added,
        removed: changes.removed,
    }))
}

/// How many packages conda sees.
fn count_packages(prefix: &Path) -> usize {
    let entries = std::fs::read_dir(prefix.join("conda-meta"))
        .into_iter()
        .flatten();
    entries
        .flatten()
        .filter(|entry| {
            Path::new(&entry.file_name())
                .extension()
                .is_some_and(|end| end == "json")
        })
        .count()
}

fn render_json(status: &Status) -> String {
    match serde_json::to_string_pretty(status) {
        Ok(text) => text + "\n",
        Err(error) => format!("{{\"error\": \"{error}\"}}\n"),
    }
}

fn render_text(status: &Status) -> String {
    let mut lines = vec![
        ("runtime", format!("{} {}", status.runtime, status.version)),
        (
            "layout",
            format!("{} for {}", status.layout, status.platform),
        ),
        ("executable", status.executable.clone()),
        (
            "prefix",
            format!("{} (from {})", status.prefix, status.prefix_named_by),
        ),
        ("state", describe_state(status)),
    ];
    if let Some(previous) = &status.rollback {
        lines.push((
            "rollback",
            format!("to {} {}", status.runtime, previous.version),
        ));
    }
    if status.being_built {
        lines.push((
            "activity",
            "another process is working on the prefix".to_owned(),
        ));
    }
    if let Some(path) = &status.abandoned {
        lines.push((
            "left over",
            format!("{path}; the next installation removes it"),
        ));
    }
    if let Some(path) = &status.not_writable {
        lines.push(("read-only", format!("{path} is not writable for you")));
    }
    let installed = status
        .installed
        .as_ref()
        .map_or(0, |installed| installed.package_count);
    lines.push((
        "packages",
        format!(
            "{} in this runtime, {installed} installed",
            status.package_count
        ),
    ));
    let label = |index: usize| if index == 0 { "channels" } else { "" };
    lines.extend(
        status
            .channels
            .iter()
            .enumerate()
            .map(|(index, channel)| (label(index), channel.clone())),
    );
    lines.push(("delegate", describe_delegate(&status.delegate)));
    lines.extend(status.docs_url.map(|url| ("docs", url.to_owned())));
    lines
        .iter()
        .map(|(name, value)| format!("{name:<11} {value}\n"))
        .collect()
}

fn describe_delegate(delegate: &Delegate) -> String {
    match delegate.is_present {
        true => delegate.path.clone(),
        false => format!("{} (not there)", delegate.path),
    }
}

fn describe_state(status: &Status) -> String {
    let installed = status.installed.as_ref();
    let version = installed.map_or("", |installed| installed.version.as_str());
    let changed = installed
        .filter(|installed| !installed.added.is_empty() || !installed.removed.is_empty())
        .map_or(String::new(), |installed| {
            format!(
                ", changed since: {} added, {} removed",
                installed.added.len(),
                installed.removed.len()
            )
        });
    match status.state {
        "absent" => "not installed yet; the first run installs it".to_owned(),
        "foreign" => format!("not ours: {}", status.reason.as_deref().unwrap_or_default()),
        "ours-torn" => "cut short by a power failure; the next run installs it again".to_owned(),
        "ours-complete" => format!("installed{changed}"),
        _ => format!(
            "installed by another build, {} {version}{changed}",
            status.runtime
        ),
    }
}

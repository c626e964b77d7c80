//! `RUNTIME status`: who this runtime is, and how its prefix is. Writes nothing.

use std::path::Path;

use cs_prefix::{Changes, Neighbours, PrefixError, State};
use cs_stamp::{Layout, Plan};
use serde::Serialize;

use crate::context::Runtime;
use crate::say::error::Error;
use crate::say::phrases::name_some;
use crate::say::voice::{print_json, print_lines};

/// Version of the document.
const SCHEMA_VERSION: u32 = 1;

/// Everything that the command tells, as `docs/reference/runtime.md` describes it.
#[derive(Debug, Serialize)]
struct Status<'a> {
    schema_version: u32,
    #[serde(flatten)]
    about: About<'a>,
    #[serde(flatten)]
    place: PlaceStatus<'a>,
    channels: &'a [String],
    requested_specs: &'a [String],
    packages: Vec<Package<'a>>,
    package_count: usize,
    delegate: Delegate<'a>,
}

/// Who this runtime is.
#[derive(Debug, Serialize)]
struct About<'a> {
    runtime: &'a str,
    version: &'a str,
    artifact_name: &'a str,
    layout: &'static str,
    platform: &'a str,
    builder: &'a str,
    stamp: &'a str,
    executable: String,
    docs_url: Option<&'a str>,
    installer: Option<&'a str>,
}

/// How the prefix is, and what is around it.
#[derive(Debug, Serialize)]
struct PlaceStatus<'a> {
    prefix: String,
    prefix_named_by: &'a str,
    state: StateName,
    reason: Option<String>,
    installed: Option<Installed>,
    rollback: Option<Previous>,
    being_built: bool,
    abandoned: Option<String>,
    not_writable: Option<String>,
    untrusted: Vec<String>,
}

/// The states' names in `docs/explanation/prefix-lifecycle.md`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum StateName {
    Absent,
    Foreign,
    Torn,
    Complete,
    AnotherStamp,
    Changed,
}

#[derive(Debug, Serialize)]
struct Installed {
    version: String,
    stamp: String,
    package_count: usize,
    added: Vec<String>,
    removed: Vec<String>,
    files: Vec<String>,
    requested: Vec<String>,
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

/// Print the status. A path that this runtime did not create is reported as such, and is a failure.
pub fn run(runtime: &Runtime, as_json: bool) -> Result<(), Error> {
    let (prefix, owner) = (&runtime.place.prefix, runtime.owner());
    let plan = runtime.stamp.plan(&runtime.header)?;
    let state = cs_prefix::examine(prefix, &owner)?;
    let around = cs_prefix::look_around(prefix, &owner)?;
    let status = collect(runtime, &plan, &state, around)?;
    match as_json {
        true => print_json(&status)?,
        false => print_lines(render_lines(&status, runtime.voice.is_verbose))?,
    }
    match state {
        State::Foreign { why } => Err(PrefixError::foreign(prefix, why).into()),
        _ => Ok(()),
    }
}

fn collect<'a>(
    runtime: &'a Runtime,
    plan: &'a Plan,
    state: &State,
    around: Neighbours,
) -> Result<Status<'a>, Error> {
    let program = runtime.delegate().program;
    Ok(Status {
        schema_version: SCHEMA_VERSION,
        about: describe_runtime(runtime),
        place: describe_place(runtime, state, around)?,
        channels: &runtime.header.channels,
        requested_specs: &plan.requested_specs,
        package_count: plan.packages.len(),
        packages: plan.packages.iter().map(describe_package).collect(),
        delegate: Delegate {
            name: &runtime.header.delegate,
            is_present: program.exists(),
            path: show(&program),
        },
    })
}

fn show(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn describe_runtime(runtime: &Runtime) -> About<'_> {
    let header = &runtime.header;
    About {
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
        docs_url: header.docs_url.as_deref(),
        installer: header.installer.as_deref(),
    }
}

fn describe_place<'a>(
    runtime: &'a Runtime,
    state: &State,
    around: Neighbours,
) -> Result<PlaceStatus<'a>, Error> {
    let place = &runtime.place;
    Ok(PlaceStatus {
        prefix: show(&place.prefix),
        prefix_named_by: &place.named_by,
        state: name_state(state),
        reason: match state {
            State::Foreign { why } => Some(why.to_string()),
            _ => None,
        },
        installed: describe_installed(&place.prefix, state)?,
        rollback: around.previous.map(|marker| Previous {
            version: marker.runtime_version,
            stamp: marker.stamp,
        }),
        being_built: around.being_built,
        abandoned: around.abandoned_staging.as_deref().map(show),
        not_writable: around.not_writable.as_deref().map(show),
        untrusted: around.untrusted.iter().map(ToString::to_string).collect(),
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

fn name_state(state: &State) -> StateName {
    match state {
        State::Absent => StateName::Absent,
        State::Foreign { .. } => StateName::Foreign,
        State::Torn => StateName::Torn,
        State::Complete { .. } => StateName::Complete,
        State::AnotherStamp { .. } => StateName::AnotherStamp,
        State::Changed { .. } => StateName::Changed,
    }
}

fn describe_installed(prefix: &Path, state: &State) -> Result<Option<Installed>, Error> {
    let Some(marker) = state.marker() else {
        return Ok(None);
    };
    let changes = match state {
        State::Changed { changes, .. } => changes.clone(),
        State::Complete { marker } => cs_prefix::find_changes(prefix, marker)?,
        _ => Changes::default(),
    };
    Ok(Some(Installed {
        version: marker.runtime_version.clone(),
        stamp: marker.stamp.clone(),
        package_count: count_packages(prefix),
        added: changes.added,
        removed: changes.removed,
        files: changes.files,
        requested: changes.requested,
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

fn render_lines(status: &Status, is_verbose: bool) -> Vec<String> {
    let (about, place) = (&status.about, &status.place);
    let installed = place
        .installed
        .as_ref()
        .map_or(0, |found| found.package_count);
    let mut lines = vec![
        ("runtime", format!("{} {}", about.runtime, about.version)),
        ("layout", format!("{} for {}", about.layout, about.platform)),
        ("executable", about.executable.clone()),
        (
            "prefix",
            format!("{} (from {})", place.prefix, place.prefix_named_by),
        ),
        ("state", describe_state(about, place)),
    ];
    lines.extend(list_circumstances(about, place));
    let packages = format!(
        "{} in this runtime, {installed} installed",
        status.package_count
    );
    lines.push(("packages", packages));
    lines.push(("requested", status.requested_specs.join(", ")));
    lines.extend(list_under("channels", status.channels.iter().cloned()));
    lines.push(("delegate", describe_delegate(&status.delegate)));
    lines.extend(about.docs_url.map(|url| ("docs", url.to_owned())));
    if is_verbose {
        let package =
            |package: &Package| format!("{} {} {}", package.name, package.version, package.build);
        lines.extend(list_under("contents", status.packages.iter().map(package)));
    }
    let render = |(name, value): &(&str, String)| format!("{name:<11} {value}");
    lines.iter().map(render).collect()
}

/// A label, and values below each other.
fn list_under(
    label: &'static str,
    values: impl Iterator<Item = String>,
) -> impl Iterator<Item = (&'static str, String)> {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels.zip(values)
}

/// What is only worth a line when it is so.
fn list_circumstances(about: &About, place: &PlaceStatus) -> Vec<(&'static str, String)> {
    let rollback = place.rollback.as_ref();
    let being_built = "another process is working on the prefix".to_owned();
    let abandoned = place.abandoned.as_ref();
    let not_writable = place.not_writable.as_ref();
    let untrusted = place
        .untrusted
        .iter()
        .map(|why| ("in the way", why.clone()));
    [
        rollback.map(|previous| {
            (
                "rollback",
                format!("to {} {}", about.runtime, previous.version),
            )
        }),
        place.being_built.then_some(("activity", being_built)),
        abandoned.map(|path| {
            (
                "left over",
                format!("{path}; the next installation removes it"),
            )
        }),
        not_writable.map(|path| {
            (
                "read-only",
                format!("you do not have permission to write to {path}"),
            )
        }),
    ]
    .into_iter()
    .flatten()
    .chain(untrusted)
    .collect()
}

fn describe_delegate(delegate: &Delegate) -> String {
    match delegate.is_present {
        true => delegate.path.clone(),
        false => format!("{} (missing)", delegate.path),
    }
}

fn describe_state(about: &About, place: &PlaceStatus) -> String {
    let installed = place.installed.as_ref();
    let version = installed.map_or("", |installed| installed.version.as_str());
    let changed = installed
        .filter(|installed| {
            let lists = [&installed.added, &installed.removed, &installed.files];
            lists.iter().any(|list| !list.is_empty())
        })
        .map_or(String::new(), |installed| {
            let requested = match installed.requested.as_slice() {
                [] => String::new(),
                specs => format!("; asked for: {}", specs.join(", ")),
            };
            let files: Vec<&str> = installed.files.iter().map(String::as_str).collect();
            let files = match files.as_slice() {
                [] => String::new(),
                files => format!(", and without a package {}", name_some(files)),
            };
            format!(
                ", changed since: {} added, {} removed{files}{requested}",
                installed.added.len(),
                installed.removed.len()
            )
        });
    match place.state {
        StateName::Absent => "not installed yet; the first run installs it".to_owned(),
        StateName::Foreign => format!(
            "not created by {}: {}",
            about.runtime,
            place.reason.as_deref().unwrap_or_default()
        ),
        StateName::Torn => "incomplete; the next run reinstalls it".to_owned(),
        StateName::Complete => format!("installed{changed}"),
        StateName::AnotherStamp | StateName::Changed => format!(
            "installed by another build, {} {version}{changed}",
            about.runtime
        ),
    }
}

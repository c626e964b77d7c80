//! The status in lines for people.

use super::document::{
    About, Delegate, Package, PackageChange, PlaceStatus, StateName, Status, Upgrade,
};
use crate::say::change::Change;
use crate::say::phrases::{format_bytes, name_some};

/// The status in lines for people.
pub fn render_lines(status: &Status, is_verbose: bool) -> Vec<String> {
    let (about, place) = (&status.about, &status.place);
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
    lines.extend(
        place
            .upgrade
            .as_ref()
            .map(|upgrade| ("upgrade", describe_upgrade(about, upgrade, is_verbose))),
    );
    lines.extend(list_circumstances(about, place));
    let size = place.installed.as_ref().and_then(|found| found.size_bytes);
    lines.extend(size.map(|bytes| ("on disk", format!("{} as installed", format_bytes(bytes)))));
    lines.push(("packages", count_packages(status)));
    lines.push(("requested", status.requested_specs.join(", ")));
    lines.extend(list_under("channels", status.channels.iter().cloned()));
    lines.push(("delegate", describe_delegate(&status.delegate)));
    lines.push(("built by", describe_builder(about)));
    let revision = about.source_revision;
    lines.extend(revision.map(|revision| ("revision", revision.to_owned())));
    lines.extend(about.docs_url.map(|url| ("docs", url.to_owned())));
    if is_verbose {
        lines.extend(list_under(
            "contents",
            status.packages.iter().map(name_package),
        ));
    }
    let render = |(name, value): &(&str, String)| format!("{name:<11} {value}");
    lines.iter().map(render).collect()
}

/// `6 (17.8 MB to download), 2 from PyPI`; how many are installed only where those are not as many.
fn count_packages(status: &Status) -> String {
    let sizes: Option<u64> = status.packages.iter().map(|one| one.size_bytes).sum();
    let size = sizes.map_or(String::new(), |bytes| format!(", {}", format_bytes(bytes)));
    let wheels = match status.wheel_count {
        0 => String::new(),
        count => format!(" ({count} from PyPI)"),
    };
    let all = format!("{}{size}{wheels}", status.package_count);
    match &status.place.installed {
        Some(found) if found.package_count != status.package_count => {
            format!("{all}; {} installed", found.package_count)
        }
        _ => all,
    }
}

/// What would change, in three parts at most.
fn describe_upgrade(about: &About, upgrade: &Upgrade, is_verbose: bool) -> String {
    let changed: Vec<String> = upgrade.changed.iter().map(name_change).collect();
    let parts = [
        ("changes", &changed),
        ("adds", &upgrade.added),
        ("removes", &upgrade.removed),
    ];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> = parts
        .map(|(verb, names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let names = if is_verbose {
                names.join(", ")
            } else {
                name_some(&names)
            };
            format!("{verb} {names}")
        })
        .collect();
    let parts = match parts.as_slice() {
        [] => "changes no package".to_owned(),
        parts => parts.join("; "),
    };
    format!("to {} {}: {parts}", about.runtime, upgrade.version)
}

/// `python 3.12.1 → 3.12.2`; with the build strings only where nothing else is different.
fn name_change(change: &PackageChange) -> String {
    let version = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let (mut from, mut to) = (version(&change.from), version(&change.to));
    if from == to {
        (from, to) = (change.from.clone(), change.to.clone());
    }
    let (from, to) = (&*from, &*to);
    format!("{} {}", change.name, Change { from, to }.versions())
}

/// What wrote the stamp, and on which template.
fn describe_builder(about: &About) -> String {
    let template = &about.template;
    format!(
        "{} on {} {}",
        about.builder, template.name, template.version
    )
}

/// Name, version and build string; a wheel is said to be one.
fn name_package(package: &Package) -> String {
    let build = package.build.unwrap_or("(from PyPI)");
    format!("{} {} {build}", package.name, package.version)
}

/// A label, and values in lines of their own.
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
    if delegate.is_present {
        delegate.path.clone()
    } else {
        format!("{} (missing)", delegate.path)
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
                specs => format!("; requested: {}", specs.join(", ")),
            };
            let files: Vec<&str> = installed.files.iter().map(String::as_str).collect();
            let files = match files.as_slice() {
                [] => String::new(),
                files => format!(", and files without a package: {}", name_some(files)),
            };
            format!(
                ", changed since: {} added, {} removed{files}{requested}",
                installed.added.len(),
                installed.removed.len()
            )
        });
    match place.state {
        StateName::NotInstalled => "not installed; the first run installs it".to_owned(),
        StateName::Foreign => format!(
            "foreign: not created by {}: {}",
            about.runtime,
            place.reason.as_deref().unwrap_or_default()
        ),
        StateName::Incomplete => "incomplete; the next run reinstalls it".to_owned(),
        StateName::Installed => format!("installed{changed}"),
        StateName::OtherBuild => format!(
            "other build: {} {version}; {}",
            about.runtime,
            describe_next(about, place, version)
        ),
        StateName::Changed => format!(
            "changed: {} {version}{changed}; {}",
            about.runtime,
            describe_next(about, place, version)
        ),
    }
}

/// What the next run does with the prefix of another build.
fn describe_next(about: &About, place: &PlaceStatus, version: &str) -> String {
    let reason = place
        .upgrade
        .as_ref()
        .and_then(|upgrade| upgrade.reason.as_deref());
    match reason {
        Some(reason) => format!("kept: {reason}"),
        None => {
            let change = Change {
                from: version,
                to: about.version,
            };
            format!("the next run {}", change.name_plan())
        }
    }
}

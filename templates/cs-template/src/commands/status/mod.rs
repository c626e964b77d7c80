//! `RUNTIME status`: which runtime this is, and how its prefix is. Writes nothing.

use std::path::Path;

use cs_prefix::{Changes, Contents, Neighbours, PrefixError, State};
use cs_stamp::{Layout, Part, Plan, PlanPackage};

use crate::commands::{bootstrap, kept};
use crate::context::Runtime;
use crate::say::error::Error;
use crate::say::voice::{print_json, print_lines};

use document::{
    About, Delegate, Installed, Package, PlaceStatus, Previous, SCHEMA_VERSION, StateName, Status,
    Template, Upgrade,
};
use text::render_lines;

mod document;
mod text;
mod upgrade;

/// Print the status. A path that this runtime did not create is reported as such, and is a failure.
pub fn run(runtime: &Runtime, as_json: bool) -> Result<(), Error> {
    let (prefix, owner) = (&runtime.place.prefix, runtime.owner());
    let plan = runtime.stamp.plan(&runtime.header)?;
    let (state, status) = cs_prefix::look_steadily(prefix, || {
        let state = cs_prefix::examine(prefix, &owner)?;
        let around = cs_prefix::look_around(prefix, &owner)?;
        let status = collect(runtime, &plan, &state, around)?;
        Ok::<_, Error>((state, status))
    })?;
    if as_json {
        print_json(&status)?
    } else {
        print_lines(render_lines(&status, runtime.voice.is_verbose))?
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
        place: describe_place(runtime, plan, state, around)?,
        channels: &runtime.header.channels,
        requested_specs: &plan.requested_specs,
        package_count: plan.packages.len(),
        wheel_count: plan.wheels().len(),
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
        template: Template {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        source_revision: header.source_revision.as_deref(),
        lock_sha256: cs_archive::to_hex(&runtime.stamp.part(Part::Lock).sha256),
        stamp: &runtime.stamp_hex,
        executable: show(&runtime.executable()),
        docs_url: header.docs_url.as_deref(),
        installer: header.installer.as_deref(),
    }
}

fn describe_place<'a>(
    runtime: &'a Runtime,
    plan: &Plan,
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
        installed: describe_installed(&place.prefix, plan, state)?,
        upgrade: describe_upgrade(runtime, plan, state)?,
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

fn describe_package(package: &PlanPackage) -> Package<'_> {
    let conda = package.conda();
    Package {
        kind: if package.is_wheel() { "wheel" } else { "conda" },
        name: &package.name,
        version: &package.version,
        build: conda.map(|conda| conda.build.as_str()),
        subdir: conda.map(|conda| conda.subdir.as_str()),
        size_bytes: package.archive.size,
    }
}

fn name_state(state: &State) -> StateName {
    match state {
        State::Absent => StateName::NotInstalled,
        State::Foreign { .. } => StateName::Foreign,
        State::Torn => StateName::Incomplete,
        State::Complete { .. } => StateName::Installed,
        State::AnotherStamp { .. } => StateName::OtherBuild,
        State::Changed { .. } => StateName::Changed,
    }
}

fn describe_installed(
    prefix: &Path,
    plan: &Plan,
    state: &State,
) -> Result<Option<Installed>, Error> {
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
        package_count: count_packages(prefix, plan),
        size_bytes: marker
            .extra
            .get(bootstrap::SIZE)
            .and_then(|size| size.as_u64()),
        added: changes.added,
        removed: changes.removed,
        files: changes.files,
        requested: changes.requested,
    }))
}

/// What replacing the prefix would change, and whether the next run does it; `None` unless it is another build's.
fn describe_upgrade(
    runtime: &Runtime,
    plan: &Plan,
    state: &State,
) -> Result<Option<Upgrade>, Error> {
    let (State::AnotherStamp { marker, .. } | State::Changed { marker, .. }) = state else {
        return Ok(None);
    };
    let policy = bootstrap::make_policy(runtime, None, plan);
    let prefix = &runtime.place.prefix;
    let reason = cs_prefix::find_reason_to_keep(prefix, &runtime.owner(), &policy)?;
    let reason = reason.map(|reason| {
        let (why, what_to_do) = kept::describe(runtime, &reason);
        format!("{why}; {what_to_do}")
    });
    let version = &runtime.header.runtime_version;
    Ok(Some(upgrade::compare(marker, plan, version, reason)))
}

/// How many packages conda sees, and wheels of the plan.
fn count_packages(prefix: &Path, plan: &Plan) -> usize {
    let Ok(contents) = Contents::list(prefix) else {
        return 0;
    };
    let projects = contents.projects();
    let wheels = plan.wheels().iter();
    contents.packages.len()
        + wheels
            .filter(|wheel| projects.contains(&wheel.name))
            .count()
}

//! Whose are the settings in a prefix, and do they move along? One test for each row of
//! the table in the lifecycle page.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

#[cfg(unix)]
use crate::common::install_as;
use crate::common::{self, NEVER, NEW, OLD, Place, forced, install_by, no_build, place};
use cs_prefix::{Owner, Policy};

/// Every setting that is carried.
const SETTINGS: [&str; 7] = [
    ".condarc",
    "condarc",
    ".mambarc",
    "condarc.d/mine.yml",
    "conda-meta/pinned",
    "conda-meta/frozen",
    "conda-meta/state",
];

/// Install a build that writes every setting itself, or none.
fn run(place: &Place, owner: &Owner, policy: &Policy, own: bool) {
    install_by(&place.prefix, owner, policy, |staging| {
        let details = common::build(owner.runtime_version)(staging);
        for name in SETTINGS.iter().filter(|_| own) {
            write(staging.root, name, owner.runtime_version);
        }
        details
    })
    .unwrap();
}

fn write(prefix: &Path, name: &str, text: &str) {
    let path = prefix.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(place: &Place, name: &str) -> Option<String> {
    fs::read_to_string(place.prefix.join(name)).ok()
}

fn roll_back(place: &Place) {
    let limit = Duration::from_secs(5);
    cs_prefix::rollback(&place.prefix, &NEW, limit, &mut |_| {}, &NEVER).unwrap();
}

#[test]
fn user_settings_survive_upgrades_and_rollbacks() {
    for (own, name) in [true, false]
        .into_iter()
        .flat_map(|own| SETTINGS.map(|name| (own, name)))
    {
        for policy in [Policy::default(), forced()] {
            let place = place();
            run(&place, &OLD, &Policy::default(), own);
            write(&place.prefix, name, "mine");
            run(&place, &NEW, &policy, own);
            assert_eq!(read(&place, name).as_deref(), Some("mine"), "{name} {own}");
            write(&place.prefix, name, "mine again");
            roll_back(&place);
            assert_eq!(
                read(&place, name).as_deref(),
                Some("mine again"),
                "{name} {own}"
            );
            roll_back(&place);
            assert_eq!(
                read(&place, name).as_deref(),
                Some("mine again"),
                "{name} {own}"
            );
        }
    }
}

#[test]
fn settings_of_the_runtime_are_not_carried_over() {
    let place = place();
    run(&place, &OLD, &Policy::default(), true);
    run(&place, &NEW, &Policy::default(), true);
    let all = |text: &str| {
        for name in SETTINGS {
            assert_eq!(read(&place, name).as_deref(), Some(text), "{name}");
        }
    };
    all("2.0");
    roll_back(&place);
    all("1.0");
}

#[test]
fn the_older_executable_gets_the_settings_too() {
    let place = place();
    run(&place, &OLD, &Policy::default(), false);
    run(&place, &NEW, &Policy::default(), false);
    write(&place.prefix, "conda-meta/pinned", "tool <3");
    let policy = Policy::default();
    install_by(&place.prefix, &OLD, &policy, no_build).unwrap();
    assert_eq!(
        read(&place, "conda-meta/pinned").as_deref(),
        Some("tool <3")
    );
}

#[cfg(unix)]
#[test]
fn a_setting_keeps_its_mode_and_a_link_stays_a_link() {
    let place = place();
    run(&place, &OLD, &Policy::default(), true);
    write(&place.prefix, "conda-meta/state", "secret");
    let mode = PermissionsExt::from_mode(0o600);
    fs::set_permissions(place.prefix.join("conda-meta/state"), mode).unwrap();
    fs::remove_file(place.prefix.join(".condarc")).unwrap();
    symlink("/elsewhere/condarc", place.prefix.join(".condarc")).unwrap();
    run(&place, &NEW, &Policy::default(), true);
    let state = fs::metadata(place.prefix.join("conda-meta/state")).unwrap();
    assert_eq!(state.permissions().mode() & 0o777, 0o600);
    let target = fs::read_link(place.prefix.join(".condarc")).unwrap();
    assert_eq!(target, Path::new("/elsewhere/condarc"));
    let marker = fs::read_to_string(place.prefix.join(".demo.json")).unwrap();
    assert!(!marker.contains("secret"), "{marker}");
}

#[cfg(unix)]
#[test]
fn a_link_of_a_package_is_written_down_and_not_followed() {
    let place = place();
    let secret = place.directory.path().join("secret");
    fs::write(&secret, "secret text").unwrap();
    install_as(&place.prefix, &OLD, |staging| {
        let details = common::build("1.0")(staging);
        fs::remove_file(staging.root.join(".condarc")).unwrap();
        symlink(&secret, staging.root.join(".condarc")).unwrap();
        details
    })
    .unwrap();
    let marker = fs::read_to_string(place.prefix.join(".demo.json")).unwrap();
    assert!(!marker.contains("secret text"), "{marker}");
    run(&place, &NEW, &Policy::default(), true);
    assert_eq!(read(&place, ".condarc").as_deref(), Some("2.0"));
}

//! One archive into the staging directory.

use cs_archive::{Archive, ReadAt};

use crate::checks::check_room;
use crate::commands::EntryPoints;
use crate::container::Container;
use crate::fault::Fault;
use crate::info::InfoFiles;
use crate::input::Monitor;
use crate::layout::Layout;
use crate::limits::{check_entries, most_entries, plausible_limit, stated_bytes, unpacked_limit};
use crate::linked::Linked;
use crate::linker::Linker;
use crate::paths::PathEntry;
use crate::record::write_record;
use crate::seal::Sealed;
use crate::shared::Shared;
use crate::tree::Hand;
use crate::wheel::link_wheel;
use crate::{Format, Noarch};

/// Put the files of a verified archive in place, and write the package's record.
pub(crate) fn link_package(
    shared: &Shared,
    hand: &mut Hand,
    index: usize,
    bytes: &dyn ReadAt,
    monitor: &Monitor,
) -> Result<Linked, Fault> {
    let package = &shared.job.packages[index];
    let conda = match &package.format {
        Format::Conda(conda) => conda,
        Format::Wheel(wheel) => {
            let linked = link_wheel(shared, hand, (index, package, wheel), bytes, monitor)?;
            let record = linked.record.clone().into_iter();
            record.for_each(|record| shared.wheels.add(index, record));
            return Ok(linked);
        }
    };
    let file_name = &package.archive.file_name;
    let container = Container::open(file_name, bytes, monitor)?;
    let mut info = InfoFiles::new(&shared.long_lists);
    let (mut tar, first) = container.read_info(&mut info)?;
    let most = most_entries(container.len());
    let entries = info.paths(most)?;
    check_entries(&entries, 0, most)?;
    check_stated_room(&entries, container.len(), shared, file_name)?;
    let layout = layout_of(info.noarch()?, shared)?;
    let claimant = shared.claims.claimant_of(index);
    let length = container.len();
    let mut linker = Linker::new(shared, hand, monitor, claimant, &entries, layout, length)?;
    linker.patched_time = info.patched_time();
    tar.set_limit(unpacked_limit(&entries, length));
    linker.unpack(
        &mut tar,
        first,
        container.has_info_inside().then_some(&mut info),
    )?;
    drop(tar);
    linker.unpack_deferred(&container)?;
    let mut linked = linker.finish()?;
    if let Some(layout) = layout {
        let entry_points = info.entry_points()?;
        check_entries(&entries, entry_points.len(), most)?;
        let scripts = EntryPoints {
            shared,
            hand,
            claimant,
            layout,
        };
        scripts.create_all(&entry_points, &mut linked)?;
    }
    // The lists have done their service, and the next long ones wait until this one's record is out of the way too.
    drop(entries);
    write_record(
        shared,
        hand,
        (package, conda),
        std::mem::take(&mut linked.paths),
    )?;
    drop(info);
    Ok(linked)
}

/// How the package's paths are changed; `None` if they are not.
fn layout_of<'a>(noarch: Noarch, shared: &Shared<'a>) -> Result<Option<&'a Layout>, Fault> {
    match (noarch, shared.layout) {
        (Noarch::Python, None) => Err(Fault::MissingPython),
        (Noarch::Python, layout) => Ok(layout),
        (Noarch::None | Noarch::Generic, _) => Ok(None),
    }
}

/// An archive's bytes as they are linked.
pub(crate) struct Hashed<'a> {
    pub(crate) bytes: Box<dyn ReadAt + 'a>,
    /// Their SHA-256, where the supplier has not compared it.
    pub(crate) sha256: Option<[u8; 32]>,
}

/// Hash an archive, such that what is linked of it later has the same hash.
pub(crate) fn hash<'a>(archive: &'a Archive, monitor: &Monitor) -> Result<Hashed<'a>, Fault> {
    let plain = archive.bytes.as_ref();
    let (bytes, sha256): (Box<dyn ReadAt>, _) = if archive.verified {
        (Box::new(plain), None)
    } else if plain.is_fixed() {
        (Box::new(plain), Some(hash_whole(plain, monitor)?))
    } else {
        let (sealed, sha256) = Sealed::new(plain, monitor)?;
        (Box::new(sealed), Some(sha256))
    };
    Ok(Hashed { bytes, sha256 })
}

fn hash_whole(bytes: &dyn ReadAt, monitor: &Monitor) -> Result<[u8; 32], Fault> {
    cs_archive::hash(bytes, || monitor.is_cancelled())
        .map_err(Fault::Read)?
        .ok_or(Fault::Cancelled)
}

/// Stop before anything is written when a large package says itself that there is no room for it, and can be believed.
fn check_stated_room(
    entries: &[PathEntry],
    length: u64,
    shared: &Shared,
    package: &str,
) -> Result<(), Fault> {
    match stated_bytes(entries) {
        Some(bytes) if bytes <= plausible_limit(length).bytes => check_room(bytes, shared, package),
        _ => Ok(()),
    }
}

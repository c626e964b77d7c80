//! Handing out archives.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use cs_bundle::{Chain, Queue, open_directory};
use cs_link::Archives;
use support::{archives, expected, scratch};

#[test]
fn every_archive_is_handed_out_once_to_several_threads() {
    let directory = scratch();
    for (name, data) in archives() {
        fs::write(directory.path().join(name), data).unwrap();
    }
    let mut first = open_directory(directory.path(), &expected(&archives()))
        .unwrap()
        .into_archives();
    let second = first.split_off(2);
    let archives = Chain(Queue::new(first), Queue::new(second));
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(archive) = archives.next().unwrap() {
                    seen.lock().unwrap().push(archive.index);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 5);
    assert_eq!(
        seen.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([0, 1, 2, 3, 4])
    );
}

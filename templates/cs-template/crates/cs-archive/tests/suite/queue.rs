//! Handing out archives.

use std::sync::Mutex;

use cs_archive::{Archive, Archives, Chain, Queue};

fn archives(indices: std::ops::Range<usize>) -> Queue {
    let archive = |index| Archive {
        index,
        bytes: Box::new(vec![0; index]),
        verified: false,
    };
    Queue::new(indices.map(archive).collect())
}

#[test]
fn every_archive_is_handed_out_once_to_several_threads() {
    let archives = Chain(archives(0..2), Some(archives(2..5)));
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(archive) = archives.next().unwrap() {
                    assert_eq!(archive.bytes.len(), archive.index as u64);
                    seen.lock().unwrap().push(archive.index);
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

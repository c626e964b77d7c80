//! Many archives, local ones, and stopping.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use crate::support::{
    Fixture, Request, Server, assert_says, fall_silent, noise, read_all, request, respond,
};
use cs_archive::Archives;
use cs_fetch::{Fetcher, Kind, fetch};

/// A server of `count` archives, and the requests for them.
fn channel(count: usize, size: impl Fn(usize) -> usize) -> (Server, Vec<Request>, Vec<Vec<u8>>) {
    let bodies: Vec<Vec<u8>> = (0..count)
        .map(|index| noise(index as u64, size(index)))
        .collect();
    let sent = bodies.clone();
    let server = Server::start(move |received, stream| {
        let index: usize = received
            .target
            .trim_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .unwrap();
        respond(stream, "200 OK", &[], &sent[index]);
    });
    let make = |(index, body): (usize, &Vec<u8>)| {
        request(index, server.url(&format!("p{index}.conda")), body)
    };
    let requests = bodies.iter().enumerate().map(make).collect();
    (server, requests, bodies)
}

#[test]
fn every_archive_is_handed_out_once_to_several_threads() {
    let fixture = Fixture::new();
    let (_server, requests, bodies) = channel(60, |index| index * 1000);
    let fetcher = fixture.fetch(requests);
    let seen = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(archive) = fetcher.next().unwrap() {
                    assert!(archive.verified);
                    assert!(read_all(&*archive.bytes) == bodies[archive.index]);
                    assert!(seen.lock().unwrap().insert(archive.index, ()).is_none());
                }
            });
        }
    });
    assert_eq!(seen.into_inner().unwrap().len(), 60);
    let total: usize = bodies.iter().map(Vec::len).sum();
    assert_eq!(fixture.downloaded(), total as i64);
    fixture.assert_nothing_left();
}

#[test]
fn the_largest_are_asked_for_first_and_small_ones_beside_them() {
    assert_eq!(first_four_of_twenty(None), [0, 17, 18, 19]);
}

#[test]
fn archives_of_unknown_size_are_asked_for_before_large_ones() {
    assert_eq!(first_four_of_twenty(Some(9)), [0, 9, 18, 19]);
}

/// Which of twenty archives, each larger than the one before, are asked for first.
fn first_four_of_twenty(without_size: Option<usize>) -> Vec<usize> {
    let mut fixture = Fixture::new();
    fixture.options.concurrency = 4;
    // The first four requests are answered when all four are there, so that no fifth gets among them.
    let together = Barrier::new(4);
    let server = Server::start(move |received, stream| {
        if received.number < 4 {
            together.wait();
        }
        respond(stream, "200 OK", &[], &vec![7; received.target.len() * 10]);
    });
    let path = |index: usize| "x".repeat(index + 1);
    let make = |index| request(index, server.url(&path(index)), &vec![7; (index + 2) * 10]);
    let mut requests: Vec<Request> = (0..20).map(make).collect();
    if let Some(index) = without_size {
        requests[index].1.size = None;
    }
    let fetcher = fixture.fetch(requests);
    while fetcher.next().unwrap().is_some() {}
    let mut first: Vec<usize> = server.received()[..4]
        .iter()
        .map(|received| received.target.len() - 2)
        .collect();
    first.sort();
    first
}

#[test]
fn downloads_pause_while_nobody_takes_them() {
    let fixture = Fixture::new();
    let (server, requests, _) = channel(100, |_| 100);
    let fetcher = fixture.fetch(requests);
    // When all of these are there and one has been taken, one more is asked for.
    wait_until(|| fixture.downloaded() == 32 * 100);
    assert_eq!(server.received().len(), 32);
    assert!(fetcher.next().unwrap().is_some());
    wait_until(|| fixture.downloaded() == 33 * 100);
    assert_eq!(server.received().len(), 33);
    let mut count = 1;
    while fetcher.next().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 100);
}

#[test]
fn one_failure_ends_everything_and_is_the_only_one() {
    let fixture = Fixture::new();
    let (_server, mut requests, _) = channel(10, |_| 100);
    requests[5].1.sha256 = [0; 32];
    let name = requests[5].1.file_name.clone();
    let fetcher = fixture.fetch(requests);
    let mut result = fetcher.next();
    while matches!(result, Ok(Some(_))) {
        result = fetcher.next();
    }
    assert_says(&result.err().unwrap(), &[&name]);
    // Another thread that asks after this must not hide the failure behind an error of its own.
    assert!(matches!(fetcher.next(), Ok(None)));
}

/// Wait for something that comes, unless the code is wrong: then the test runner's limit ends the test.
fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

/// A fetcher that waits for a server that says nothing, and would wait for a long time.
fn waiting(fixture: &Fixture) -> (Server, Fetcher) {
    let server = Server::start(|_, stream| fall_silent(stream));
    let fetcher = fixture.fetch(vec![request(0, server.url("a-1-0.conda"), b"x")]);
    wait_until(|| server.received().len() == 1);
    (server, fetcher)
}

#[test]
fn raising_the_flag_stops_whatever_is_waited_for() {
    let fixture = Fixture::new();
    let (_server, fetcher) = waiting(&fixture);
    fixture.cancel.store(true, Ordering::SeqCst);
    let error = fetcher.next().err().unwrap();
    drop(fetcher);
    assert_eq!(error.kind(), Kind::Cancelled);
    fixture.assert_nothing_left();
}

#[test]
fn cancelling_wakes_the_thread_that_waits_for_an_archive() {
    let fixture = Fixture::new();
    let (_server, fetcher) = waiting(&fixture);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| fetcher.next().err().unwrap());
        fixture.cancel.store(true, Ordering::SeqCst);
        let error = waiter.join().unwrap();
        assert_eq!(error.kind(), Kind::Cancelled);
    });
}

#[test]
fn dropping_the_fetcher_stops_its_thread() {
    let (_server, fetcher) = waiting(&Fixture::new());
    drop(fetcher);
}

#[test]
fn nothing_to_fetch_needs_no_network() {
    assert!(Fixture::new().fetch(vec![]).next().unwrap().is_none());
}

#[test]
fn archives_on_this_machine_are_opened_where_they_are() {
    let fixture = Fixture::new();
    let body = noise(1, 1000);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a b-1-0.conda");
    fs::write(&path, &body).unwrap();
    let url = url::Url::from_file_path(&path).unwrap();
    for url in [url.to_string(), path.to_str().unwrap().to_owned()] {
        let archive = fixture.fetch_one(request(0, url, &body));
        assert!(!archive.verified, "the linker does it");
        assert!(read_all(&*archive.bytes) == body);
    }
}

#[test]
fn a_local_archive_that_is_missing_or_has_another_size_is_refused() {
    let fixture = Fixture::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a-1-0.conda");
    let wanted = request(0, path.to_str().unwrap().to_owned(), b"body");
    let error = fixture.fetch_nothing(wanted.clone());
    assert_eq!(error.kind(), Kind::LocalFile);
    assert_says(&error, &["cannot read ", "a-1-0.conda"]);
    fs::write(&path, "too long").unwrap();
    assert_says(
        &fixture.fetch_nothing(wanted.clone()),
        &["its size is 8 bytes, expected 4 bytes"],
    );
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_says(&fixture.fetch_nothing(wanted), &["it is a directory"]);
}

#[test]
fn addresses_that_nobody_can_fetch_are_refused_at_once() {
    let fixture = Fixture::new();
    for (url, part) in [
        (
            "s3://bucket/a-1-0.conda",
            "addresses that start with s3: are not supported",
        ),
        ("http://[/a-1-0.conda", "its address is not a valid URL"),
    ] {
        let requests = vec![request(0, url.to_owned(), b"x")];
        let error = fetch(requests, fixture.options.clone(), Arc::default())
            .err()
            .unwrap();
        assert_says(&error, &[part]);
    }
}

//! Servers that behave, and servers that do not.

use std::io::Write;
use std::net::TcpListener;
use std::thread::sleep;
use std::time::Duration;

use crate::support::{
    Fixture, Server, assert_network, assert_says, fall_silent, noise, read_all, request, respond,
    respond_raw, respond_with_ranges,
};
use cs_archive::Archives;
use cs_fetch::{Cause, Event, FetchError, Kind, Speed};

const STATUS_OK: &str = "200 OK";
const ETAG: &str = "ETag: \"v1\"";

#[test]
fn an_archive_arrives_verified() {
    let (fixture, body) = (Fixture::new(), noise(1, 100_000));
    let server = Server::of(body.clone());
    let archive = fixture.fetch_one(request(0, server.url("a-1-0.conda"), &body));
    assert!(archive.verified);
    assert!(read_all(&*archive.bytes) == body);
    assert_eq!(fixture.downloaded(), 100_000);
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].header("accept-encoding"), Some("identity"));
    assert!(
        received[0]
            .header("user-agent")
            .unwrap()
            .starts_with("conda-ship/")
    );
    fixture.assert_nothing_left();
}

#[test]
fn a_large_archive_goes_to_a_file_without_a_name() {
    let (fixture, body) = (Fixture::new(), noise(2, 6 * 1024 * 1024));
    let server = Server::of(body.clone());
    let archive = fixture.fetch_one(request(0, server.url("a-1-0.conda"), &body));
    // On Windows the name goes with the handle.
    #[cfg(unix)]
    fixture.assert_nothing_left();
    assert!(read_all(&*archive.bytes) == body);
    drop(archive);
    fixture.assert_nothing_left();
}

#[test]
fn an_archive_of_unknown_size_arrives() {
    let (fixture, body) = (Fixture::new(), noise(3, 70_000));
    let sent = body.clone();
    let server = Server::start(move |_, stream| respond_raw(stream, STATUS_OK, &[], &sent));
    let mut request = request(0, server.url("a-1-0.conda"), &body);
    request.1.size = None;
    assert!(fixture.fetch_bytes(request) == body);
}

#[test]
fn a_missing_archive_is_not_asked_for_twice() {
    let fixture = Fixture::new();
    let server = Server::start(|_, stream| respond(stream, "404 Not Found", &[], b"no"));
    let error = fixture.fetch_nothing(request(0, server.url("main/a-1-0.conda"), b"x"));
    let parts = [
        "cannot download a-1-0.conda from http://127.0.0.1",
        "404 Not Found",
    ];
    assert_network(&error, Cause::Gone, &parts);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn missing_credentials_are_named_as_such() {
    let fixture = Fixture::new();
    let server = Server::start(|_, stream| respond(stream, "401 Unauthorized", &[], b"no"));
    let error = fixture.fetch_nothing(request(0, server.url("a-1-0.conda"), b"x"));
    assert_network(&error, Cause::Credentials, &["401 Unauthorized"]);
}

#[test]
fn a_server_error_is_tried_again() {
    let (fixture, body) = (Fixture::new(), noise(4, 1000));
    let sent = body.clone();
    let server = Server::start(move |received, stream| match received.number {
        0 => respond(stream, "500 Internal Server Error", &[], b"oops"),
        1 => respond(stream, "503 Service Unavailable", &[], b"later"),
        _ => respond(stream, STATUS_OK, &[], &sent),
    });
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    let retries = fixture.retries();
    assert_eq!(retries.len(), 2);
    assert!(
        retries[0].contains("500 Internal Server Error"),
        "{retries:?}"
    );
    assert_eq!(fixture.downloaded(), 1000);
}

#[test]
fn a_server_that_only_fails_is_given_up() {
    let fixture = Fixture::new();
    let server = Server::start(|_, stream| respond(stream, "502 Bad Gateway", &[], b""));
    let error = fixture.fetch_nothing(request(0, server.url("a-1-0.conda"), b"x"));
    assert_network(
        &error,
        Cause::Unreachable,
        &["502 Bad Gateway (attempt 3 of 3)"],
    );
    assert_eq!(server.received().len(), 3);
}

#[test]
fn a_server_may_ask_for_a_pause() {
    let (mut fixture, body) = (Fixture::new(), noise(5, 1000));
    fixture.options.first_backoff = Duration::from_secs(60);
    let sent = body.clone();
    let server = Server::start(move |received, stream| match received.number {
        0 => respond(stream, "429 Too Many Requests", &["Retry-After: 0"], b""),
        _ => respond(stream, STATUS_OK, &[], &sent),
    });
    fixture.fetch_one(request(0, server.url("a-1-0.conda"), &body));
    assert_eq!(server.received().len(), 2);
}

#[test]
fn a_server_that_asks_for_a_day_is_waited_for_within_bounds_and_that_is_said_once() {
    let mut fixture = Fixture::new();
    // A little more than the pauses that are said.
    fixture.options.patience = Duration::from_millis(3300);
    let server = Server::start(|_, stream| {
        respond(
            stream,
            "503 Service Unavailable",
            &["Retry-After: 86400"],
            b"",
        )
    });
    let requests = (0..4).map(|index| request(index, server.url(&format!("{index}.conda")), b"x"));
    let fetcher = fixture.fetch(requests.collect());
    let error = fetcher.next().err().unwrap();
    assert_network(
        &error,
        Cause::Unreachable,
        &["127.0.0.1 answered 503 Service Unavailable and asks to wait 86400 s"],
    );
    let events = fixture.events.lock().unwrap();
    let pauses: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Pause { wait, reason } => Some((wait.as_secs_f64().ceil(), reason.as_str())),
            _ => None,
        })
        .collect();
    let reason = "127.0.0.1 answered 503 Service Unavailable and asks to wait 86400 s";
    assert_eq!(pauses, [(4.0, reason)]);
    assert!(server.received().len() <= 8);
}

#[test]
fn nobody_listening_is_tried_again_and_said() {
    let fixture = Fixture::new();
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = fixture.fetch_nothing(request(0, format!("http://{unused}/a-1-0.conda"), b"x"));
    assert_network(
        &error,
        Cause::Unreachable,
        &["Connection refused", "attempt 3 of 3"],
    );
}

/// A server that breaks off the first response after `first` bytes, in `how` way.
fn breaking(body: Vec<u8>, headers: &'static [&'static str], first: usize, stalls: bool) -> Server {
    Server::start(move |received, stream| match received.number {
        0 => {
            let length = format!("Content-Length: {}", body.len());
            respond_raw(
                stream,
                STATUS_OK,
                &[headers, &[&length]].concat(),
                &body[..first],
            );
            if stalls {
                fall_silent(stream);
            }
        }
        _ => respond_with_ranges(received, stream, headers, &body),
    })
}

#[test]
fn a_broken_download_is_resumed_where_it_broke() {
    let (fixture, body) = (Fixture::new(), noise(6, 50_000));
    let server = breaking(body.clone(), &[ETAG], 20_000, false);
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    let second = &server.received()[1];
    assert_eq!(second.header("range"), Some("bytes=20000-"));
    assert_eq!(second.header("if-range"), Some("\"v1\""));
    assert_eq!(fixture.downloaded(), 50_000);
    assert!(
        fixture.retries()[0].contains("after 20000 bytes"),
        "{:?}",
        fixture.retries()
    );
}

#[test]
fn a_stalled_download_is_resumed() {
    let (mut fixture, body) = (Fixture::new(), noise(7, 50_000));
    fixture.options.stall_timeout = Duration::from_millis(300);
    let server = breaking(body.clone(), &["Accept-Ranges: bytes"], 30_000, true);
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(server.received()[1].header("range"), Some("bytes=30000-"));
    assert!(
        fixture.retries()[0].contains("sent nothing for 0.3 s"),
        "{:?}",
        fixture.retries()
    );
}

/// A server that sends the first response in pieces of `piece` bytes, one every 20 ms.
fn dripping(body: Vec<u8>, piece: usize) -> Server {
    Server::start(move |received, stream| match received.number {
        0 => {
            let length = format!("Content-Length: {}", body.len());
            respond_raw(stream, STATUS_OK, &[ETAG, &length], &[]);
            for piece in body.chunks(piece) {
                if stream
                    .write_all(piece)
                    .and_then(|()| stream.flush())
                    .is_err()
                {
                    return;
                }
                sleep(Duration::from_millis(20));
            }
        }
        _ => respond_with_ranges(received, stream, &[ETAG], &body),
    })
}

#[test]
fn a_download_that_never_ends_is_given_up_and_resumed() {
    let (mut fixture, body) = (Fixture::new(), noise(7, 50_000));
    fixture.options.least_speed = Speed {
        bytes: 10_000,
        window: Duration::from_millis(300),
    };
    let server = dripping(body.clone(), 1);
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    let retries = fixture.retries();
    assert!(
        retries[0].contains("less than 10000 bytes in 0.3 s"),
        "{retries:?}"
    );
    assert!(server.received()[1].header("range").is_some());
}

#[test]
fn a_slow_download_that_is_fast_enough_goes_on() {
    let (mut fixture, body) = (Fixture::new(), noise(7, 50_000));
    fixture.options.least_speed = Speed {
        bytes: 100,
        window: Duration::from_millis(100),
    };
    let server = dripping(body.clone(), 1000);
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let (fixture, body) = (Fixture::new(), noise(8, 50_000));
    let server = breaking(body.clone(), &[], 30_000, false);
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(server.received()[1].header("range"), None);
    assert_eq!(
        fixture.downloaded(),
        50_000,
        "what was thrown away is not counted"
    );
}

#[test]
fn a_changed_file_is_fetched_from_the_start() {
    let (fixture, body) = (Fixture::new(), noise(9, 50_000));
    let sent = body.clone();
    let server = Server::start(move |received, stream| match received.number {
        0 => respond_raw(
            stream,
            STATUS_OK,
            &[ETAG, "Content-Length: 50000"],
            &noise(10, 20_000),
        ),
        _ => respond(stream, STATUS_OK, &["ETag: \"v2\""], &sent),
    });
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(server.received()[1].header("if-range"), Some("\"v1\""));
}

#[test]
fn a_server_that_resumes_at_the_wrong_place_is_not_believed() {
    let (fixture, body) = (Fixture::new(), noise(11, 50_000));
    let sent = body.clone();
    let server = Server::start(move |received, stream| match received.number {
        0 => respond_raw(
            stream,
            STATUS_OK,
            &[ETAG, "Content-Length: 50000"],
            &sent[..20_000],
        ),
        1 => respond(
            stream,
            "206 Partial Content",
            &["Content-Range: bytes 10000-49999/50000"],
            &sent[10_000..],
        ),
        _ => respond_with_ranges(received, stream, &[], &sent),
    });
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(server.received()[2].header("range"), None);
    assert_eq!(fixture.downloaded(), 50_000);
}

#[test]
fn a_server_that_has_lost_the_rest_is_asked_for_everything() {
    let (fixture, body) = (Fixture::new(), noise(23, 50_000));
    let sent = body.clone();
    let server = Server::start(move |received, stream| match received.number {
        0 => respond_raw(
            stream,
            STATUS_OK,
            &[ETAG, "Content-Length: 50000"],
            &sent[..20_000],
        ),
        1 => respond(stream, "416 Range Not Satisfiable", &[], b""),
        _ => respond(stream, STATUS_OK, &[], &sent),
    });
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(server.received()[2].header("range"), None);
    assert_eq!(fixture.downloaded(), 50_000);
}

#[test]
fn a_whole_body_counts_even_if_the_connection_breaks_after_it() {
    let (fixture, body) = (Fixture::new(), noise(24, 5000));
    let sent = body.clone();
    let server = Server::start(move |_, stream| {
        // Chunked, and the last chunk never comes.
        let chunk = [b"1388\r\n".as_slice(), &sent, b"\r\n"].concat();
        respond_raw(
            stream,
            STATUS_OK,
            &[ETAG, "Transfer-Encoding: chunked"],
            &chunk,
        );
    });
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_body_that_always_breaks_off_is_given_up() {
    let fixture = Fixture::new();
    let body = noise(12, 50_000);
    let sent = body.clone();
    let server = Server::start(move |_, stream| {
        respond_raw(stream, STATUS_OK, &["Content-Length: 50000"], &sent[..9])
    });
    let error = fixture.fetch_nothing(request(0, server.url("a-1-0.conda"), &body));
    assert_network(
        &error,
        Cause::Unreachable,
        &["the connection broke after 9 bytes", "attempt 3 of 3"],
    );
}

#[test]
fn a_connection_that_breaks_often_gets_there_as_long_as_it_gets_further() {
    let (fixture, body) = (Fixture::new(), noise(22, 8 * 1024 * 1024));
    let sent = body.clone();
    let server = Server::start(move |received, stream| {
        let start = received.range_start().unwrap_or(0);
        let end = sent.len().min(start + 1_500_000);
        let length = format!("Content-Length: {}", sent.len() - start);
        let range = format!(
            "Content-Range: bytes {start}-{}/{}",
            sent.len() - 1,
            sent.len()
        );
        let status = if start > 0 {
            "206 Partial Content"
        } else {
            STATUS_OK
        };
        respond_raw(stream, status, &[ETAG, &length, &range], &sent[start..end]);
    });
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(
        server.received().len(),
        6,
        "more than the attempts without progress"
    );
    assert_eq!(fixture.downloaded(), body.len() as i64);
}

#[test]
fn a_body_without_a_length_that_ends_early_is_given_up() {
    let fixture = Fixture::new();
    let body = noise(13, 50_000);
    let sent = body.clone();
    let server = Server::start(move |_, stream| respond_raw(stream, STATUS_OK, &[], &sent[..9]));
    let error = fixture.fetch_nothing(request(0, server.url("a-1-0.conda"), &body));
    assert_network(
        &error,
        Cause::Unreachable,
        &["the connection closed after 9 of 50000 bytes"],
    );
}

#[test]
fn wrong_bytes_are_asked_for_once_more_and_then_refused() {
    let (fixture, body) = (Fixture::new(), noise(14, 1000));
    let server = Server::of(noise(15, 1000));
    let error = fixture.fetch_nothing(request(0, server.url("t/secret/a-1-0.conda"), &body));
    assert!(matches!(error, FetchError::Damaged { .. }));
    assert_eq!(error.kind(), Kind::Damaged);
    assert_says(
        &error,
        &[
            "a-1-0.conda from http://127.0.0.1",
            "/t/***/",
            "its SHA-256 is ",
            "expected ",
        ],
    );
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("cache-control"), None);
    assert_eq!(received[1].header("cache-control"), Some("no-cache"));
}

#[test]
fn a_cache_with_a_wrong_copy_is_passed() {
    let (fixture, body) = (Fixture::new(), noise(16, 1000));
    let sent = body.clone();
    let server = Server::start(
        move |received, stream| match received.header("cache-control") {
            None => respond(stream, STATUS_OK, &[], &noise(17, 1000)),
            Some(_) => respond(stream, STATUS_OK, &[], &sent),
        },
    );
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
    assert_eq!(fixture.downloaded(), 1000);
}

#[test]
fn a_page_instead_of_an_archive_is_refused_by_its_length() {
    let fixture = Fixture::new();
    let server = Server::of(b"<html>please log in</html>".to_vec());
    let error = fixture.fetch_nothing(request(0, server.url("a-1-0.conda"), &noise(18, 1000)));
    assert_eq!(error.kind(), Kind::Damaged);
    assert_says(&error, &["its size is 26 bytes, expected 1000 bytes"]);
    assert_eq!(fixture.downloaded(), 0);
}

#[test]
fn a_body_without_end_is_cut_off() {
    let fixture = Fixture::new();
    let server = Server::start(|_, stream| {
        respond_raw(stream, STATUS_OK, &[], &[]);
        while std::io::Write::write_all(stream, &[0; 4096]).is_ok() {}
    });
    let error = fixture.fetch_nothing(request(0, server.url("a-1-0.conda"), &noise(19, 10_000)));
    assert_eq!(error.kind(), Kind::Damaged);
    assert_says(
        &error,
        &["its size is more than 10000 bytes, expected 10000 bytes"],
    );
    assert!(fixture.downloaded() <= 10_000);
}

#[test]
fn compressed_transfer_is_not_undone() {
    let (fixture, body) = (Fixture::new(), noise(20, 1000));
    let sent = body.clone();
    let server = Server::start(move |_, stream| {
        respond(stream, STATUS_OK, &["Content-Encoding: gzip"], &sent)
    });
    assert!(fixture.fetch_bytes(request(0, server.url("a-1-0.conda"), &body)) == body);
}

#[test]
fn redirects_are_followed_but_not_in_circles() {
    let (fixture, body) = (Fixture::new(), noise(21, 1000));
    let target = Server::of(body.clone());
    let location = format!("Location: {}", target.url("elsewhere"));
    let server = Server::start(move |_, stream| respond(stream, "302 Found", &[&location], b""));
    fixture.fetch_one(request(0, server.url("a-1-0.conda"), &body));
    assert_eq!(target.received()[0].target, "/elsewhere");

    let circle =
        Server::start(|_, stream| respond(stream, "302 Found", &["Location: /again"], b""));
    let error = fixture.fetch_nothing(request(0, circle.url("a-1-0.conda"), &body));
    assert_network(&error, Cause::Unreachable, &["redirects too many times"]);
    assert_eq!(circle.received().len(), 11);
}

#[test]
fn a_silent_server_is_given_up() {
    let mut fixture = Fixture::new();
    fixture.options.connect_timeout = Duration::from_millis(100);
    fixture.options.stall_timeout = Duration::from_millis(300);
    fixture.options.attempts = 2;
    let server = Server::start(|_, stream| fall_silent(stream));
    let error = fixture.fetch_nothing(request(0, server.url("a-1-0.conda"), b"x"));
    assert_network(
        &error,
        Cause::Unreachable,
        &["no answer within 0.4 s", "attempt 2 of 2"],
    );
}

#[test]
fn an_unwritable_spool_directory_is_named() {
    let mut fixture = Fixture::new();
    fixture.options.spool_directory = fixture.spool.path().join("nowhere");
    let server = Server::of(vec![]);
    let mut request = request(0, server.url("a-1-0.conda"), b"");
    request.1.size = None;
    let error = fixture.fetch_nothing(request);
    assert_eq!(error.kind(), Kind::Io);
    assert_says(&error, &["cannot store downloads in ", "nowhere"]);
}

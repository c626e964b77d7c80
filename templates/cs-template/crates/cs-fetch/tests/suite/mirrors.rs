//! Several places that may have an archive: whatever is wrong with one, the next is asked.

use std::path::Path;

use crate::support::process::{BODY, assert_says, fetch_with, write};
use crate::support::{Server, TlsServer, respond};

fn configure(home: &Path, mirrors: &[String]) {
    let config = format!("[mirrors]\n'http://channel.invalid' = {mirrors:?}");
    write(home, ".pixi/config.toml", &config);
}

const URL: &str = "http://channel.invalid/a-1-0.conda";

/// A server that answers everything with a status.
fn refusing(status: &'static str) -> Server {
    Server::start(move |_, stream| respond(stream, status, &[], b"no"))
}

#[test]
fn a_dead_mirror_is_replaced_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    let dead = Server::start(|_, stream| respond(stream, "500 Internal Server Error", &[], b""));
    let mirror = Server::of(BODY.to_vec());
    let config = format!(
        "[mirrors]\n'http://channel.invalid' = ['{}', '{}']",
        dead.url(""),
        mirror.url("")
    );
    write(home.path(), ".pixi/config.toml", &config);
    assert_says(
        &fetch_with(home.path(), "http://channel.invalid/a-1-0.conda", &[]),
        &["ARRIVED", "RETRY"],
    );
    assert_eq!((dead.received().len(), mirror.received().len()), (1, 1));
}

#[test]
fn whatever_one_mirror_answers_the_next_one_is_asked() {
    for status in [
        "404 Not Found",
        "403 Forbidden",
        "401 Unauthorized",
        "410 Gone",
        "418 Teapot",
        "503 Service Unavailable",
    ] {
        let home = tempfile::tempdir().unwrap();
        let (first, second) = (refusing(status), Server::of(BODY.to_vec()));
        configure(home.path(), &[first.url(""), second.url("copy")]);
        let text = fetch_with(home.path(), URL, &[]);
        assert_says(
            &text,
            &[
                "ARRIVED",
                &format!("RETRY 127.0.0.1 answered {}", &status[..3]),
            ],
        );
        assert_eq!(first.received().len(), 1, "{status}");
        assert_eq!(second.received()[0].target, "/copy/a-1-0.conda");
    }
}

#[test]
fn a_mirror_that_cannot_be_reached_is_followed_by_the_next() {
    let untrusted = TlsServer::of(BODY.to_vec());
    let circle = Server::start(|_, stream| respond(stream, "302 Found", &["Location: /"], b""));
    let wrong = Server::of(b"another archive".to_vec());
    for first in [
        untrusted.url(""),
        "http://no-such-host.invalid/".to_owned(),
        "http://127.0.0.1:9/".to_owned(),
        "s3://bucket/".to_owned(),
        circle.url(""),
        wrong.url(""),
    ] {
        let home = tempfile::tempdir().unwrap();
        let second = Server::of(BODY.to_vec());
        configure(home.path(), &[first.clone(), second.url("")]);
        let text = fetch_with(home.path(), URL, &[]);
        assert_says(&text, &["ARRIVED"]);
        assert_eq!(second.received().len(), 1, "{first}");
    }
}

#[test]
fn when_all_fail_each_is_named_without_its_secrets() {
    let home = tempfile::tempdir().unwrap();
    let (gone, wrong, refusing) = (
        refusing("404 Not Found"),
        Server::of(b"other".to_vec()),
        refusing("403 Forbidden"),
    );
    let secret = format!("http://u:s3cr3t@{}/t/s3cr3t/c", refusing.address);
    configure(home.path(), &[wrong.url("w"), gone.url("g"), secret]);
    let text = fetch_with(home.path(), URL, &[]);
    let failed = text
        .lines()
        .find(|line| line.starts_with("FAILED"))
        .unwrap();
    let parts = [
        "FAILED Network(Credentials): cannot download a-1-0.conda from http://127.0.0.1".to_owned(),
        format!(
            "from {}: 127.0.0.1 answered 404 Not Found",
            gone.url("g/a-1-0.conda")
        ),
        format!(
            "from http://{}/t/***/c/a-1-0.conda: 127.0.0.1 answered 403 Forbidden",
            refusing.address
        ),
        format!(
            "from {}: a wrong copy: its size is 5 bytes, expected 11 bytes",
            wrong.url("w/a-1-0.conda")
        ),
    ];
    assert_says(failed, &parts.each_ref().map(String::as_str));
    assert!(!text.contains("s3cr3t"), "{text}");
    assert_eq!(wrong.received().len(), 2, "once more past a cache");
}

#[test]
fn wrong_copies_everywhere_are_damage() {
    let home = tempfile::tempdir().unwrap();
    let (first, second) = (
        Server::of(b"wrong bytes".to_vec()),
        Server::of(b"other bytes".to_vec()),
    );
    configure(home.path(), &[first.url(""), second.url("")]);
    assert_says(
        &fetch_with(home.path(), URL, &[]),
        &["FAILED Damaged", "its SHA-256 is"],
    );
}

#[test]
fn a_dead_mirror_is_not_the_first_to_be_asked_for_every_archive() {
    let home = tempfile::tempdir().unwrap();
    let (dead, alive) = (
        refusing("500 Internal Server Error"),
        Server::of(BODY.to_vec()),
    );
    configure(home.path(), &[dead.url(""), alive.url("")]);
    let urls: Vec<_> = (0..40)
        .map(|number| format!("http://channel.invalid/a{number}-1-0.conda"))
        .collect();
    let text = fetch_with(home.path(), &urls.join(" "), &[]);
    assert_eq!(text.matches("ARRIVED").count(), 40, "{text}");
    let lanes = 8;
    assert!(dead.received().len() <= lanes, "{}", dead.received().len());
}

#[test]
fn a_server_that_asks_for_a_pause_is_not_waited_for_where_another_one_is_ready() {
    let home = tempfile::tempdir().unwrap();
    let busy = Server::start(|_, stream| {
        respond(
            stream,
            "503 Service Unavailable",
            &["Retry-After: 86400"],
            b"",
        )
    });
    let ready = Server::of(BODY.to_vec());
    configure(home.path(), &[busy.url(""), ready.url("")]);
    let text = fetch_with(home.path(), URL, &[]);
    assert_says(
        &text,
        &[
            "ARRIVED",
            "RETRY 127.0.0.1 answered 503 Service Unavailable and asks to wait 86400 s",
        ],
    );
    assert!(!text.contains("PAUSE"), "{text}");
}

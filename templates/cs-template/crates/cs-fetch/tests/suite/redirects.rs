//! Redirects: followed, but not with credentials, nor away from encryption.

use crate::support::process::{BODY, as_localhost, assert_says, fetch_with, write};
use crate::support::{Server, TlsServer, respond};

#[test]
fn credentials_are_not_sent_to_the_host_of_a_redirect() {
    let home = tempfile::tempdir().unwrap();
    for credentials in [
        r#"{"BearerToken": "secret"}"#,
        r#"{"CondaToken": "secret"}"#,
    ] {
        let target = Server::of(BODY.to_vec());
        let location = format!("Location: {}", as_localhost(&target, "a-1-0.conda"));
        let server =
            Server::start(move |_, stream| respond(stream, "302 Found", &[&location], b""));
        let file = write(
            home.path(),
            "auth.json",
            &format!(r#"{{"127.0.0.1": {credentials}}}"#),
        );
        let text = fetch_with(
            home.path(),
            &server.url("a-1-0.conda"),
            &[("RATTLER_AUTH_FILE", &file)],
        );
        assert_says(&text, &["ARRIVED"]);
        assert!(format!("{:?}", server.received()).contains("secret"));
        assert!(
            !format!("{:?}", target.received()).contains("secret"),
            "{:?}",
            target.received()
        );
    }
}

#[test]
fn a_host_that_redirects_within_itself_gets_no_credentials_of_another() {
    let home = tempfile::tempdir().unwrap();
    let target = Server::start(|received, stream| match received.target.as_str() {
        "/first" => respond(stream, "302 Found", &["Location: /second"], b""),
        _ => respond(stream, "200 OK", &[], BODY),
    });
    let location = format!("Location: {}", as_localhost(&target, "first"));
    let server = Server::start(move |received, stream| match received.target.as_str() {
        "/a-1-0.conda" => respond(stream, "302 Found", &["Location: /here"], b""),
        _ => respond(stream, "302 Found", &[&location], b""),
    });
    let entry = r#"{"127.0.0.1": {"BearerToken": "secret"}}"#;
    let file = write(home.path(), "auth.json", entry);
    let variables = [("RATTLER_AUTH_FILE", file.as_str())];
    let text = fetch_with(home.path(), &server.url("a-1-0.conda"), &variables);
    assert_says(&text, &["ARRIVED"]);
    let shown = |server: &Server| -> Vec<_> {
        let received = server.received().into_iter();
        received
            .map(|received| received.header("authorization").is_some())
            .collect()
    };
    assert_eq!(shown(&server), [true, true], "its own host sees them again");
    assert_eq!(shown(&target), [false, false]);
}

#[test]
fn a_redirect_to_plain_http_or_another_scheme_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let target = Server::of(BODY.to_vec());
    for (location, says) in [
        (
            target.url("a-1-0.conda"),
            "localhost redirects to plain HTTP (127.0.0.1), which is refused",
        ),
        (
            format!("HTTP://u:s3cr3t@{}/t/s3cr3t?s3cr3t", target.address),
            "plain HTTP (127.0.0.1)",
        ),
        (
            "file:///etc/passwd".to_owned(),
            "redirects to an address that starts with file:",
        ),
        (
            "ftp://u:s3cr3t@h/".to_owned(),
            "redirects to an address that starts with ftp:",
        ),
        (
            "data:,s3cr3t".to_owned(),
            "redirects to an address that starts with data:",
        ),
        (
            "https://[s3cr3t/".to_owned(),
            "redirects to something that is not a URL",
        ),
    ] {
        let location = format!("Location: {location}");
        let server =
            TlsServer::start(move |_| ("307 Temporary Redirect", vec![location.clone()], vec![]));
        let file = write(home.path(), "ca.pem", &server.certificate);
        let variables = [("SSL_CERT_FILE", file.as_str())];
        let text = fetch_with(home.path(), &server.url("a-1-0.conda"), &variables);
        assert_says(&text, &["FAILED Network", says]);
        assert!(!text.contains("s3cr3t"), "{text}");
        assert_eq!(
            server.received().len(),
            1,
            "another attempt would fail the same way"
        );
    }
    assert!(target.received().is_empty());
}

#[test]
fn a_redirect_to_https_is_followed() {
    let home = tempfile::tempdir().unwrap();
    let target = TlsServer::of(BODY.to_vec());
    let file = write(home.path(), "ca.pem", &target.certificate);
    let location = format!("Location: {}", target.url("a-1-0.conda"));
    let server =
        Server::start(move |_, stream| respond(stream, "301 Moved Permanently", &[&location], b""));
    let variables = [("SSL_CERT_FILE", file.as_str())];
    assert_says(
        &fetch_with(home.path(), &server.url("a-1-0.conda"), &variables),
        &["ARRIVED"],
    );
}

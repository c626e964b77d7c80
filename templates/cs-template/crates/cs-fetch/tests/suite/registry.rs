//! `oci://` channels, against a registry of the tests' own.

use std::path::Path;

use crate::support::process::{BODY, assert_says, fetch_with, write};
use crate::support::{Answer, Received, STATUS_OK, Server, TlsServer};

const NOT_FOUND: &str = "404 Not Found";
const UNAUTHORIZED: &str = "401 Unauthorized";

fn blob_path() -> String {
    let digest = cs_archive::to_hex(&cs_archive::sha256(BODY));
    format!("/v2/mirror/main/noarch/zzz_a-b/blobs/sha256:{digest}")
}

fn serve_blob(received: &Received) -> Answer {
    if received.target == blob_path() {
        (STATUS_OK, vec![], BODY.to_vec())
    } else {
        (NOT_FOUND, vec![], vec![])
    }
}

/// Fetch an archive from the registry at `server`, trusting `others` too.
fn fetch(home: &Path, server: &TlsServer, others: &[&TlsServer], entry: &str) -> String {
    let certificates: String = others
        .iter()
        .chain([&server])
        .map(|server| server.certificate.as_str())
        .collect();
    let (ca, auth) = (
        write(home, "ca.pem", &certificates),
        write(home, "auth.json", entry),
    );
    let url = format!(
        "oci://localhost:{}/mirror/main/noarch/_a-b-1.0+x-h1_0.conda",
        server.port
    );
    fetch_with(
        home,
        &url,
        &[("SSL_CERT_FILE", &ca), ("RATTLER_AUTH_FILE", &auth)],
    )
}

#[test]
fn a_blob_is_asked_for_by_its_digest() {
    let home = tempfile::tempdir().unwrap();
    let server = TlsServer::start(serve_blob);
    assert_says(
        &fetch(home.path(), &server, &[], "{}"),
        &["ARRIVED verified=true"],
    );
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].header("authorization"), None);
}

/// A registry that gives tokens at `realm` and wants to see them.
fn with_tokens(realm: impl Fn() -> String + Send + Sync + 'static) -> TlsServer {
    TlsServer::start(move |received| {
        if received.target.starts_with("/token") {
            return (STATUS_OK, vec![], br#"{"token": "t0k3n"}"#.to_vec());
        }
        match received.header("authorization") {
            Some("Bearer t0k3n") => serve_blob(received),
            _ => {
                let challenge = format!(
                    r#"WWW-Authenticate: Bearer realm="{}",service="reg""#,
                    realm()
                );
                (UNAUTHORIZED, vec![challenge], vec![])
            }
        }
    })
}

#[test]
fn a_token_is_fetched_where_the_registry_says_with_the_stored_password() {
    let home = tempfile::tempdir().unwrap();
    let realm = TlsServer::start(|_| (STATUS_OK, vec![], br#"{"access_token": "t0k3n"}"#.to_vec()));
    let address = realm.url("token");
    let server = with_tokens(move || address.clone());
    let entry = r#"{"localhost": {"BasicHTTP": {"username": "u", "password": "s3cr3t"}}}"#;
    for (entry, authorization) in [("{}", None), (entry, Some("Basic dTpzM2NyM3Q="))] {
        assert_says(&fetch(home.path(), &server, &[&realm], entry), &["ARRIVED"]);
        let asked = realm.received().pop().unwrap();
        assert_eq!(
            asked.target,
            "/token?service=reg&scope=repository%3Amirror%2Fmain%2Fnoarch%2Fzzz_a-b%3Apull"
        );
        assert_eq!(asked.header("authorization"), authorization);
    }
    let shown: Vec<_> = server
        .received()
        .iter()
        .map(|received| received.header("authorization").map(str::to_owned))
        .collect();
    let bearer = Some("Bearer t0k3n".to_owned());
    assert_eq!(
        shown,
        [None, bearer.clone(), None, bearer],
        "the password waits for the challenge"
    );
}

#[test]
fn a_password_never_goes_to_a_token_server_without_encryption() {
    let home = tempfile::tempdir().unwrap();
    let realm = Server::of(br#"{"token": "t0k3n"}"#.to_vec());
    let address = realm.url("token");
    let server = with_tokens(move || address.clone());
    let entry = r#"{"localhost": {"BasicHTTP": {"username": "u", "password": "s3cr3t"}}}"#;
    let text = fetch(home.path(), &server, &[], entry);
    assert_says(
        &text,
        &[
            "FAILED Network(Credentials)",
            "localhost answered 401 Unauthorized",
        ],
    );
    assert!(!text.contains("s3cr3t"), "{text}");
    assert!(realm.received().is_empty());
}

#[test]
fn a_registry_without_tokens_gets_the_password_itself() {
    let home = tempfile::tempdir().unwrap();
    let server = TlsServer::start(|received| match received.header("authorization") {
        Some("Basic dTpw") => serve_blob(received),
        _ => (
            UNAUTHORIZED,
            vec!["WWW-Authenticate: Basic realm=\"x\"".to_owned()],
            vec![],
        ),
    });
    let entry = r#"{"localhost": {"BasicHTTP": {"username": "u", "password": "p"}}}"#;
    assert_says(&fetch(home.path(), &server, &[], entry), &["ARRIVED"]);
    assert_says(
        &fetch(home.path(), &server, &[], "{}"),
        &["FAILED Network", "401 Unauthorized"],
    );
}

#[test]
fn a_stored_token_is_shown_at_once_and_not_to_where_blobs_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let storage = TlsServer::of(BODY.to_vec());
    let location = format!(
        "Location: https://127.0.0.1:{}/blob?sig=s3cr3t",
        storage.port
    );
    let server = TlsServer::start(move |received| match received.header("authorization") {
        Some("Bearer s3cr3t") => ("307 Temporary Redirect", vec![location.clone()], vec![]),
        _ => (UNAUTHORIZED, vec![], vec![]),
    });
    let entry =
        r#"{"localhost": {"BearerToken": "s3cr3t"}, "127.0.0.1": {"BearerToken": "other"}}"#;
    assert_says(
        &fetch(home.path(), &server, &[&storage], entry),
        &["ARRIVED"],
    );
    assert_eq!(server.received().len(), 1);
    assert_eq!(storage.received()[0].header("authorization"), None);
}

#[test]
fn a_cache_that_knows_the_manifest_alone_is_asked_for_that_first() {
    let home = tempfile::tempdir().unwrap();
    let server = TlsServer::start(
        |received| match (received.number, received.target.as_str()) {
            (0, _) => (NOT_FOUND, vec![], vec![]),
            (_, "/v2/mirror/main/noarch/zzz_a-b/manifests/1.0__p__x-h1_0") => {
                (STATUS_OK, vec![], b"{}".to_vec())
            }
            _ => serve_blob(received),
        },
    );
    assert_says(&fetch(home.path(), &server, &[], "{}"), &["ARRIVED"]);
    assert_eq!(server.received().len(), 3);
}

#[test]
fn a_registry_that_lacks_it_or_gives_no_token_is_named() {
    let home = tempfile::tempdir().unwrap();
    let server = TlsServer::start(|_| (NOT_FOUND, vec![], vec![]));
    let text = fetch(home.path(), &server, &[], "{}");
    assert_says(
        &text,
        &[
            "FAILED Network(Gone): cannot download _a-b-1.0+x-h1_0.conda from oci://localhost",
            "404 Not Found",
        ],
    );
    assert_eq!(server.received().len(), 2);
    let realm = TlsServer::start(|_| (STATUS_OK, vec![], b"s3cr3t".to_vec()));
    let address = realm.url("token");
    let server = with_tokens(move || address.clone());
    let text = fetch(home.path(), &server, &[&realm], "{}");
    assert_says(&text, &["FAILED Network", "localhost sent no token"]);
    assert!(!text.contains("s3cr3t"), "{text}");
}

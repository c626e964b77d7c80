//! What the environment says: credentials, mirrors, proxies, certificates. Each in a process of its own.

mod support;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use cs_fetch::{Event, FetchError};
use cs_link::Archives;
use rustls::pki_types::PrivatePkcs8KeyDer;
use support::{Fixture, Server, read_all, request, respond};

const BODY: &[u8] = b"the archive";

/// The other side of [`fetch_with`]; prints what happened.
#[test]
#[ignore = "runs in a process of its own, started by the others"]
fn fetch_as_told() {
    let fixture = Fixture::new();
    let fetcher = fixture.fetch(vec![request(0, env::var("TEST_URL").unwrap(), BODY)]);
    match fetcher.next() {
        Ok(archive) => {
            let archive = archive.unwrap();
            assert!(read_all(&*archive.bytes) == BODY);
            println!("\nARRIVED verified={}", archive.verified);
        }
        Err(error) => {
            let error: &FetchError = error.source.downcast_ref().unwrap();
            println!("\nFAILED {:?}: {error}", error.kind());
        }
    }
    for event in fixture.events.lock().unwrap().iter() {
        match event {
            Event::Warning(warning) => println!("WARNING {warning}"),
            Event::Retry { reason, .. } => println!("RETRY {reason}"),
        }
    }
}

/// Fetch `url` in a process that knows only these variables, with `home` as its home directory.
fn fetch_with(home: &Path, url: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "fetch_as_told",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
        .env_clear()
        .env("HOME", home)
        .env("TMPDIR", home)
        .env("TEST_URL", url)
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The same server under a second name, so that it is another host.
fn as_localhost(server: &Server, path: &str) -> String {
    format!("http://localhost:{}/{path}", server.address.port())
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn credentials_come_from_the_file_that_the_variable_names() {
    let home = tempfile::tempdir().unwrap();
    let file = write(
        home.path(),
        "auth.json",
        r#"{"127.0.0.1": {"BearerToken": "secret"}}"#,
    );
    let server = Server::of(BODY.to_vec());
    let text = fetch_with(
        home.path(),
        &server.url("a-1-0.conda"),
        &[("RATTLER_AUTH_FILE", &file)],
    );
    assert_says(&text, &["ARRIVED verified=true"]);
    assert_eq!(
        server.received()[0].header("authorization"),
        Some("Bearer secret")
    );
}

#[test]
fn credentials_come_from_the_usual_file_and_from_netrc() {
    let home = tempfile::tempdir().unwrap();
    write(
        home.path(),
        ".rattler/credentials.json",
        r#"{"127.0.0.1": {"BasicHTTP": {"username": "u", "password": "p"}}}"#,
    );
    let netrc = write(home.path(), "netrc", "machine localhost login n password p");
    let server = Server::of(BODY.to_vec());
    for url in [
        server.url("a-1-0.conda"),
        as_localhost(&server, "a-1-0.conda"),
    ] {
        assert_says(
            &fetch_with(home.path(), &url, &[("NETRC", &netrc)]),
            &["ARRIVED"],
        );
    }
    let received = server.received();
    assert_eq!(received[0].header("authorization"), Some("Basic dTpw"));
    assert_eq!(received[1].header("authorization"), Some("Basic bjpw"));
}

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
fn tokens_are_never_shown() {
    let home = tempfile::tempdir().unwrap();
    let file = write(
        home.path(),
        "auth.json",
        r#"{"127.0.0.1": {"CondaToken": "secret"}}"#,
    );
    let server = Server::start(|_, stream| respond(stream, "500 Internal Server Error", &[], b""));
    for (user, target) in [
        ("", "/t/secret/a-1-0.conda?secret"),
        ("user:secret@", "/a-1-0.conda?secret"),
    ] {
        let url = format!("http://{user}{}/a-1-0.conda?secret", server.address);
        let text = fetch_with(home.path(), &url, &[("RATTLER_AUTH_FILE", &file)]);
        assert_eq!(server.received().last().unwrap().target, target);
        assert_says(
            &text,
            &[
                "FAILED Network: cannot download a-1-0.conda from http://127.0.0.1",
                "RETRY",
            ],
        );
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn an_unusable_credentials_file_is_an_error_when_it_was_named() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    let broken = write(home.path(), "auth.json", r#"{"127.0.0.1": "secret"}"#);
    for (file, reason) in [
        (
            broken.as_str(),
            "is not in rattler's form (line 1, column 22)",
        ),
        ("/nowhere/auth.json", "there is no such file"),
    ] {
        let text = fetch_with(
            home.path(),
            &server.url("a-1-0.conda"),
            &[("RATTLER_AUTH_FILE", file)],
        );
        assert_says(
            &text,
            &[
                "FAILED Network: cannot set up downloads: the credentials file ",
                reason,
                file,
            ],
        );
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn unusable_files_that_nobody_named_are_warnings() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    write(
        home.path(),
        ".rattler/credentials.json",
        r#"{"127.0.0.1": {"secret": 1}}"#,
    );
    write(home.path(), ".netrc", "secret secret");
    write(
        home.path(),
        ".config/rattler/config.toml",
        "mirrors = 'https://user:secret@c.invalid'",
    );
    let text = fetch_with(home.path(), &server.url("a-1-0.conda"), &[]);
    let netrc = ".netrc is ignored: it is not in the form of a netrc file";
    assert_says(
        &text,
        &[
            "ARRIVED",
            "credentials.json is not in rattler's form",
            netrc,
            "config.toml is ignored",
        ],
    );
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn mirrors_come_from_the_configuration_files() {
    let home = tempfile::tempdir().unwrap();
    let mirror = Server::of(BODY.to_vec());
    let config = format!(
        "[mirrors]\n'http://channel.invalid/main' = ['{}']",
        mirror.url("copy")
    );
    write(home.path(), ".config/rattler/config.toml", &config);
    let text = fetch_with(
        home.path(),
        "http://channel.invalid/main/linux-64/a-1-0.conda",
        &[],
    );
    assert_says(&text, &["ARRIVED verified=true"]);
    assert_eq!(mirror.received()[0].target, "/copy/linux-64/a-1-0.conda");
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
fn a_mirror_may_be_a_directory() {
    let home = tempfile::tempdir().unwrap();
    write(
        home.path(),
        "copy/linux-64/a-1-0.conda",
        std::str::from_utf8(BODY).unwrap(),
    );
    let config = format!(
        "[mirrors]\n'https://channel.invalid/main' = ['file://{}/copy']",
        home.path().display()
    );
    write(home.path(), "xdg/pixi/config.toml", &config);
    let xdg = home.path().join("xdg");
    let variables = [("XDG_CONFIG_HOME", xdg.to_str().unwrap())];
    let text = fetch_with(
        home.path(),
        "https://channel.invalid/main/linux-64/a-1-0.conda",
        &variables,
    );
    assert_says(&text, &["ARRIVED verified=false"]);
}

#[test]
fn proxies_come_from_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let proxy = Server::of(BODY.to_vec());
    let address = format!("http://user:secret@{}", proxy.address);
    for (variable, count) in [("HTTP_PROXY", 1), ("http_proxy", 2), ("ALL_PROXY", 3)] {
        let text = fetch_with(
            home.path(),
            "http://channel.invalid/a-1-0.conda",
            &[(variable, &address)],
        );
        assert_says(&text, &["ARRIVED"]);
        assert_eq!(proxy.received().len(), count, "{variable}");
    }
    assert_eq!(
        proxy.received()[0].target,
        "http://channel.invalid/a-1-0.conda"
    );
    assert_eq!(
        proxy.received()[0].header("proxy-authorization"),
        Some("Basic dXNlcjpzZWNyZXQ=")
    );

    let server = Server::of(BODY.to_vec());
    let variables = [("HTTP_PROXY", address.as_str()), ("NO_PROXY", "127.0.0.1")];
    assert_says(
        &fetch_with(home.path(), &server.url("a-1-0.conda"), &variables),
        &["ARRIVED"],
    );
    assert_eq!(proxy.received().len(), 3);
}

#[test]
fn a_proxy_that_wants_a_password_is_named_as_such() {
    let home = tempfile::tempdir().unwrap();
    let proxy =
        Server::start(|_, stream| respond(stream, "407 Proxy Authentication Required", &[], b""));
    let address = format!("http://user:secret@{}", proxy.address);
    for (url, variable) in [
        ("http://c.invalid/a-1-0.conda", "HTTP_PROXY"),
        ("https://c.invalid/a-1-0.conda", "HTTPS_PROXY"),
    ] {
        let text = fetch_with(home.path(), url, &[(variable, &address)]);
        assert_says(
            &text,
            &[
                "FAILED Network",
                "Put the proxy's user and password into HTTPS_PROXY",
            ],
        );
        assert!(!text.contains("secret"), "{text}");
    }
    assert_eq!(proxy.received().len(), 2, "no further attempts");
}

/// A TLS server on loopback with a certificate of its own; gives its port and the certificate.
fn tls_server() -> (u16, String) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            // A client that does not like the certificate ends here.
            if tls.read(&mut [0; 4096]).is_ok() {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    BODY.len()
                );
                tls.write_all(&[head.as_bytes(), BODY].concat()).unwrap();
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    (port, certified.cert.pem())
}

#[test]
fn a_private_certificate_authority_is_trusted_when_it_is_named() {
    let home = tempfile::tempdir().unwrap();
    let (port, pem) = tls_server();
    let url = format!("https://localhost:{port}/a-1-0.conda");
    let file = write(home.path(), "ca.pem", &pem);
    assert_says(
        &fetch_with(home.path(), &url, &[("SSL_CERT_FILE", &file)]),
        &["ARRIVED verified=true"],
    );
    let (_, other) = tls_server();
    let file = write(home.path(), "other.pem", &other);
    let text = fetch_with(home.path(), &url, &[("SSL_CERT_FILE", &file)]);
    assert_says(
        &text,
        &[
            "FAILED Network",
            "certificate",
            "set SSL_CERT_FILE to its certificates",
        ],
    );
    assert!(
        !text.contains("RETRY"),
        "another attempt would fail the same way: {text}"
    );
}

#[test]
fn a_certificate_file_that_does_not_exist_is_named() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    let text = fetch_with(
        home.path(),
        &server.url("a-1-0.conda"),
        &[("SSL_CERT_FILE", "/nowhere/ca.pem")],
    );
    assert_says(
        &text,
        &[
            "FAILED Network: cannot set up downloads",
            "Check SSL_CERT_FILE",
        ],
    );
}

#[test]
fn nothing_is_written_to_the_home_directory() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    assert_says(
        &fetch_with(home.path(), &server.url("a-1-0.conda"), &[]),
        &["ARRIVED"],
    );
    support::assert_empty(home.path());
}

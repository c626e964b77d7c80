//! What the environment says: credentials, mirrors, proxies, certificates. Each in a process of its own.

use crate::support::process::{
    BODY, CONFIG, as_localhost, assert_says, error_of_missing, fetch_with, write,
};
use crate::support::{self, Server, TlsServer, respond};

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
                "FAILED Network(Unreachable): cannot download a-1-0.conda from http://127.0.0.1",
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
    let folder = home.path().to_str().unwrap();
    let text = home.path().join("latin.json");
    std::fs::write(&text, b"\xe4").unwrap();
    let missing = cs_file::describe_error(&std::fs::read("/nowhere/auth.json").unwrap_err());
    for (file, reason) in [
        (
            broken.as_str(),
            "cannot be used: it is not in rattler's format (line 1, column 22)",
        ),
        ("/nowhere/auth.json", &format!("cannot be used: {missing}")),
        (folder, "cannot be used: it is a directory"),
        (
            text.to_str().unwrap(),
            "cannot be used: stream did not contain valid UTF-8",
        ),
    ] {
        let text = fetch_with(
            home.path(),
            &server.url("a-1-0.conda"),
            &[("RATTLER_AUTH_FILE", file)],
        );
        assert_says(
            &text,
            &[
                "FAILED Network(CredentialsFile): cannot set up downloads: the credentials file ",
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
        CONFIG,
        "mirrors = 'https://user:secret@c.invalid'",
    );
    let text = fetch_with(home.path(), &server.url("a-1-0.conda"), &[]);
    assert_says(
        &text,
        &[
            "ARRIVED",
            "credentials.json is ignored: it is not in rattler's format",
            "config.toml is ignored: line 1 is not in rattler's format",
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
    write(home.path(), CONFIG, &config);
    let text = fetch_with(
        home.path(),
        "http://channel.invalid/main/linux-64/a-1-0.conda",
        &[],
    );
    assert_says(&text, &["ARRIVED verified=true"]);
    assert_eq!(mirror.received()[0].target, "/copy/linux-64/a-1-0.conda");
}

#[test]
fn a_mirror_may_be_a_directory() {
    let home = tempfile::tempdir().unwrap();
    write(
        home.path(),
        "copy/linux-64/a-1-0.conda",
        std::str::from_utf8(BODY).unwrap(),
    );
    let mirror = url::Url::from_directory_path(home.path().join("copy")).unwrap();
    let config = format!("[mirrors]\n'https://channel.invalid/main' = ['{mirror}']");
    write(home.path(), "xdg/pixi/config.toml", &config);
    let (variable, place) = if cfg!(windows) {
        ("PIXI_HOME", "xdg/pixi")
    } else {
        ("XDG_CONFIG_HOME", "xdg")
    };
    let place = home.path().join(place);
    let variables = [(variable, place.to_str().unwrap())];
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
fn a_variable_that_holds_no_proxy_is_an_error_and_never_shown() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    for value in ["http://u:secret@p:port", "ftp://secret.example", "http://"] {
        // On Windows both are one variable.
        let empty = ("http_proxy", "");
        let variables = [("HTTP_PROXY", value), empty];
        let variables = &variables[..if cfg!(windows) { 1 } else { 2 }];
        let text = fetch_with(home.path(), &server.url("a-1-0.conda"), variables);
        assert_says(
            &text,
            &[
                "FAILED Network(Proxy)",
                "the variable http_proxy does not contain",
            ],
        );
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(server.received().is_empty());
}

#[cfg(unix)]
#[test]
fn lower_case_variables_win_as_they_do_for_the_builder() {
    let home = tempfile::tempdir().unwrap();
    let proxy = Server::of(BODY.to_vec());
    let server = Server::of(BODY.to_vec());
    let address = format!("http://{}", proxy.address);
    for (name, value, count) in [
        ("HTTP_PROXY", "http://127.0.0.1:1", 1),
        ("no_proxy", "127.0.0.0/8", 1),
        ("no_proxy", "0.0.1", 2),
    ] {
        let variables = [("http_proxy", address.as_str()), (name, value)];
        let text = fetch_with(home.path(), &server.url("a-1-0.conda"), &variables);
        assert_says(&text, &["ARRIVED"]);
        assert_eq!(proxy.received().len(), count, "{name}={value}");
    }
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
        assert_says(&text, &["FAILED Network(ProxyCredentials)"]);
        assert!(!text.contains("secret"), "{text}");
    }
    assert_eq!(proxy.received().len(), 2, "no further attempts");
}

#[test]
fn a_proxy_that_does_not_connect_is_named_and_the_channel_is_not_blamed() {
    let home = tempfile::tempdir().unwrap();
    let refusing = Server::start(|_, stream| respond(stream, "403 Forbidden", &[], b""));
    let silent = Server::start(|_, _| ());
    let gone = std::net::TcpListener::bind("127.0.0.1:0").map(|listener| listener.local_addr());
    for (address, reason) in [
        (
            refusing.address.to_string(),
            ": the proxy refused the connection",
        ),
        (
            silent.address.to_string(),
            ": the proxy closed the connection",
        ),
        (
            gone.unwrap().unwrap().to_string(),
            ": cannot connect to the proxy: ",
        ),
    ] {
        let variables = [("HTTPS_PROXY", address.as_str())];
        let text = fetch_with(home.path(), "https://c.invalid/a-1-0.conda", &variables);
        assert_says(&text, &["FAILED Network(Unreachable)", reason]);
        assert!(
            !text.contains("tunnel") && !text.contains("os error"),
            "{text}"
        );
    }
}

#[test]
fn a_private_certificate_authority_is_trusted_when_it_is_named() {
    let home = tempfile::tempdir().unwrap();
    let server = TlsServer::of(BODY.to_vec());
    let url = server.url("a-1-0.conda");
    let file = write(home.path(), "ca.pem", &server.certificate);
    assert_says(
        &fetch_with(home.path(), &url, &[("SSL_CERT_FILE", &file)]),
        &["ARRIVED verified=true"],
    );
    let other = TlsServer::of(BODY.to_vec());
    let file = write(home.path(), "other.pem", &other.certificate);
    let text = fetch_with(home.path(), &url, &[("SSL_CERT_FILE", &file)]);
    assert_says(&text, &["FAILED Network(Certificate)", "certificate"]);
    assert!(
        !text.contains("RETRY"),
        "another attempt would fail the same way: {text}"
    );
}

#[test]
fn a_certificate_file_that_does_not_exist_is_named_where_certificates_are_needed() {
    let home = tempfile::tempdir().unwrap();
    let secure = TlsServer::of(BODY.to_vec());
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let variables = [(variable, "/nowhere/ca")];
        let text = fetch_with(home.path(), &secure.url("a-1-0.conda"), &variables);
        let named = format!("no certificate could be read from {variable} (/nowhere/ca): ");
        let missing = error_of_missing("/nowhere/ca");
        assert_says(&text, &["FAILED Network(Certificate)", &named, &missing]);
        assert!(
            !text.contains("RETRY"),
            "another attempt would fail the same way: {text}"
        );
        let server = Server::of(BODY.to_vec());
        assert_says(
            &fetch_with(home.path(), &server.url("a-1-0.conda"), &variables),
            &["ARRIVED"],
        );
    }
}

#[test]
fn empty_certificate_variables_count_as_not_set() {
    let home = tempfile::tempdir().unwrap();
    let server = TlsServer::of(BODY.to_vec());
    let url = server.url("a-1-0.conda");
    let shown = |variables: &[(&str, &str)]| {
        let text = fetch_with(home.path(), &url, variables);
        let failed = text.lines().find(|line| line.starts_with("FAILED"));
        failed.expect("that server is not trusted").to_owned()
    };
    let unset = shown(&[]);
    assert_says(&unset, &["certificate", "its issuer is not known"]);
    assert_eq!(shown(&[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")]), unset);
}

#[test]
fn a_default_entry_of_netrc_counts_for_hosts_of_the_plan_alone() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    let text = "# a comment\nmachine other.example login \"u v\" password \"p\nnonsense\ndefault login d password p";
    let netrc = write(home.path(), "netrc", text);
    let variables = [("NETRC", netrc.as_str())];
    let url = server.url("a-1-0.conda");
    assert_says(&fetch_with(home.path(), &url, &variables), &["ARRIVED"]);
    // As a mirror, the same host is not one of the plan's own.
    let config = format!(
        "[mirrors]\n'http://channel.invalid' = ['{}']",
        server.url("")
    );
    write(home.path(), ".pixi/config.toml", &config);
    let url = "http://channel.invalid/a-1-0.conda";
    assert_says(&fetch_with(home.path(), url, &variables), &["ARRIVED"]);
    let received = server.received();
    assert_eq!(received[0].header("authorization"), Some("Basic ZDpw"));
    assert_eq!(received[1].header("authorization"), None);
}

/// curl, where there is one: the same credentials from the same file. A password that begins with `#` is left out: curl
/// takes it for a comment, Python does not.
#[cfg(unix)]
#[test]
fn netrc_files_mean_the_same_as_for_curl() {
    let home = tempfile::tempdir().unwrap();
    let proxy = Server::of(BODY.to_vec());
    let address = format!("http://{}", proxy.address);
    let url = "http://h.example/a-1-0.conda";
    for text in [
        "machine h.example login u password p",
        "# a comment\nmachine other login x password y\n\nmachine h.example\n  login u\n\tpassword p\n",
        "machine h.example login \"u v\" password \"p \\\" \\\\ q\"",
        "machine h.example login u password p\\q\"r#s",
        "macdef init\nmachine h.example login no password no\n\nmachine h.example login u password p\n",
        "machine other login x password y default login d password e",
        "machine other login x password y",
        "machine h.example login u password p\nmachine h.example login v password q",
    ] {
        let netrc = write(home.path(), "netrc", text);
        let arguments = ["-s", "-x", &address, "--netrc-file", &netrc, url];
        let output = std::process::Command::new("curl").args(arguments).output();
        let output = output.expect("curl is installed");
        assert!(output.status.success(), "curl refuses {text:?}");
        let variables = [("NETRC", netrc.as_str()), ("HTTP_PROXY", &address)];
        assert_says(&fetch_with(home.path(), url, &variables), &["ARRIVED"]);
        let received = proxy.received();
        let [.., of_curl, own] = received.as_slice() else {
            panic!("two requests each");
        };
        let shown = own.header("authorization");
        assert_eq!(shown, of_curl.header("authorization"), "{text:?}");
    }
}

#[test]
fn a_netrc_file_that_cannot_be_read_is_a_warning() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    let variables = [("NETRC", "/nowhere/netrc")];
    let text = fetch_with(home.path(), &server.url("a-1-0.conda"), &variables);
    let ignored = format!(
        "WARNING /nowhere/netrc is ignored: {}",
        error_of_missing("/nowhere/netrc")
    );
    assert_says(&text, &["ARRIVED", &ignored]);
}

#[test]
fn a_token_with_a_line_end_is_used_without_it_and_never_shown() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::of(BODY.to_vec());
    for (kind, token, arrives) in [
        ("BearerToken", "s3cr3t\\n", true),
        ("CondaToken", "s3cr3t\\r\\n", true),
        ("BearerToken", "s3c\\nr3t", false),
        ("CondaToken", "s3cr3t/../x", false),
    ] {
        let entry = format!(r#"{{"127.0.0.1": {{"{kind}": "{token}"}}}}"#);
        let file = write(home.path(), "auth.json", &entry);
        let variables = [("RATTLER_AUTH_FILE", file.as_str())];
        let text = fetch_with(home.path(), &server.url("a-1-0.conda"), &variables);
        let refused = format!("the {kind} for 127.0.0.1 contains characters");
        if arrives {
            assert_says(&text, &["ARRIVED"])
        } else {
            assert_says(&text, &["FAILED Network", &refused])
        }
        assert!(!text.contains("s3c") && !text.contains("r3t"), "{text}");
    }
    let received = server.received();
    assert_eq!(received[0].header("authorization"), Some("Bearer s3cr3t"));
    assert_eq!(received[1].target, "/t/s3cr3t/a-1-0.conda");
    assert_eq!(received.len(), 2);
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

//! Whose credentials go to which host: those that rattler's other tools would use, keyrings aside.

use std::collections::HashSet;
use std::env;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cs_file::Links;
use percent_encoding::percent_decode_str;
use rattler_networking::authentication_storage::backends::file::{FileStorage, FileStorageError};
use rattler_networking::{Authentication, AuthenticationStorage};
use reqwest::header::HeaderValue;
use url::Url;

use crate::config::{Config, home};
use crate::error::{Cause, FetchError};
use crate::netrc::{self, Netrc};
use crate::redact::redact_text;

/// Credentials of this machine's files.
pub(crate) struct Credentials {
    storage: AuthenticationStorage,
    netrc: Netrc,
    /// Hosts of the plan's own URLs, the only ones for which a netrc file's `default` counts.
    own_hosts: HashSet<String>,
}

/// A request's URL and header with the credentials in them.
pub(crate) struct Authorized {
    pub(crate) url: Url,
    pub(crate) header: Option<HeaderValue>,
}

/// Credentials that no request can carry.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} for {host} contains characters that are not allowed in a request")]
pub(crate) struct BadCredentials {
    kind: &'static str,
    host: String,
}

impl Credentials {
    /// Read the files; an unusable file is a warning, unless the user named it.
    pub(crate) fn load(
        config: &Config,
        own_hosts: HashSet<String>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self, FetchError> {
        let mut storage = AuthenticationStorage::empty();
        if let Some(path) = env::var_os("RATTLER_AUTH_FILE").filter(|path| !path.is_empty()) {
            storage.add_backend(Arc::new(open_named(Path::new(&path))?));
        }
        // The files below are there for other tools too: an entry that cannot be read is not a reason to fail.
        let mut add = |path: &Path| match open_file(path) {
            Ok(backend) => storage.add_backend(Arc::new(backend)),
            Err(reason) => warn(say_ignored(path, &reason)),
        };
        if let Some(path) = &config.authentication_file {
            add(path);
        }
        if let Some(home) = home() {
            let path = home.join(".rattler").join("credentials.json");
            // What cannot be looked for may be there.
            if path.try_exists().unwrap_or(true) {
                add(&path);
            }
        }
        let netrc = read_netrc(warn);
        Ok(Self {
            storage,
            netrc,
            own_hosts,
        })
    }

    /// Put the credentials for its host into a request for `url`; a URL with a user of
    /// its own is asked for as that one.
    pub(crate) async fn authorize(&self, url: &Url) -> Result<Authorized, BadCredentials> {
        let host = url.host_str().unwrap_or_default();
        let (url, own) = split_user(url);
        let authentication = match own {
            Some(own) => Some(own),
            None => self.find(&url).await,
        };
        Ok(match authentication {
            Some(Authentication::CondaToken(token)) => Authorized {
                url: insert_token(&url, token.trim(), host)?,
                header: None,
            },
            Some(authentication) => Authorized {
                header: make_header(&authentication, host)?,
                url,
            },
            None => Authorized { url, header: None },
        })
    }

    /// Stored credentials for the host of `url`, of whatever kind.
    pub(crate) async fn find(&self, url: &Url) -> Option<Authentication> {
        let stored = self.storage.get_by_url_refreshed(url.clone()).await;
        if let Ok((_, Some(authentication))) = stored {
            return Some(authentication);
        }
        let host = url.host_str()?;
        let login = self.netrc.find(host, self.own_hosts.contains(host))?;
        Some(Authentication::BasicHTTP {
            username: login.user.clone(),
            password: login.password.clone(),
        })
    }
}

/// A URL without its user, and that user.
fn split_user(url: &Url) -> (Url, Option<Authentication>) {
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = Authentication::BasicHTTP {
        username: decode(url.username()),
        password: decode(url.password().unwrap_or_default()),
    };
    let is_there = !url.username().is_empty() || url.password().is_some();
    let mut url = url.clone();
    // These fail for URLs that cannot have a user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    (url, is_there.then_some(user))
}

/// `https://HOST/t/TOKEN/...`, as conda's servers take tokens.
fn insert_token(url: &Url, token: &str, host: &str) -> Result<Url, BadCredentials> {
    let bad =
        |letter: char| letter.is_control() || letter.is_whitespace() || "/?#\\".contains(letter);
    if token.is_empty() || token.contains(bad) {
        return Err(BadCredentials {
            kind: "CondaToken",
            host: host.to_owned(),
        });
    }
    let mut url = url.clone();
    url.set_path(&format!("/t/{token}{}", url.path()));
    Ok(url)
}

/// The `Authorization` header. Line ends around a token, as `echo` leaves them, do not belong to it.
pub(crate) fn make_header(
    authentication: &Authentication,
    host: &str,
) -> Result<Option<HeaderValue>, BadCredentials> {
    let (kind, text) = match authentication {
        Authentication::BearerToken(token) => ("BearerToken", format!("Bearer {}", token.trim())),
        Authentication::OAuth { access_token, .. } => {
            ("OAuth token", format!("Bearer {}", access_token.trim()))
        }
        Authentication::BasicHTTP { username, password } => (
            "password",
            format!("Basic {}", BASE64.encode(format!("{username}:{password}"))),
        ),
        Authentication::CondaToken(_) | Authentication::S3Credentials { .. } => return Ok(None),
    };
    let bad = |_| BadCredentials {
        kind,
        host: host.to_owned(),
    };
    let mut header = HeaderValue::from_str(&text).map_err(bad)?;
    header.set_sensitive(true);
    Ok(Some(header))
}

fn read_netrc(warn: &mut dyn FnMut(String)) -> Netrc {
    let Some(path) = netrc::find_file() else {
        return Netrc::default();
    };
    Netrc::read(&path).unwrap_or_else(|error| {
        warn(say_ignored(&path, &cs_file::describe_error(&error)));
        Netrc::default()
    })
}

fn say_ignored(path: &Path, reason: &str) -> String {
    redact_text(&format!("{} is ignored: {reason}", path.display()))
}

/// Open a credentials file that exists; an error says why it cannot be used, without its path.
fn open_file(path: &Path) -> Result<FileStorage, String> {
    // Read here first: rattler's errors keep the system's reason only as text, with the path in it.
    let text = cs_file::open(path, Links::Followed).and_then(std::io::read_to_string);
    text.map_err(|error| cs_file::describe_error(&error))?;
    FileStorage::from_path(path.to_owned()).map_err(|error| match error {
        FileStorageError::IOError(error) => cs_file::describe_error(&error),
        // A parser's own message may quote what it stumbled over: a password, perhaps.
        FileStorageError::JSONError(_, error) => format!(
            "it is not in rattler's format (line {}, column {})",
            error.line(),
            error.column()
        ),
    })
}

/// Open a credentials file that the user named.
fn open_named(path: &Path) -> Result<FileStorage, FetchError> {
    open_file(path).map_err(|reason| FetchError::Setup {
        reason: format!(
            "the credentials file {} cannot be used: {reason}",
            path.display()
        ),
        cause: Cause::CredentialsFile,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;

    use super::*;

    /// One case of the table that `cs build` is held against too.
    #[derive(Deserialize)]
    struct Case {
        name: String,
        named: Option<serde_json::Value>,
        default: Option<serde_json::Value>,
        netrc: Option<String>,
        url: String,
        address: Option<String>,
        header: Option<String>,
        #[serde(default)]
        refused: bool,
    }

    #[test]
    fn credentials_are_chosen_as_by_the_builder() {
        let table = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../../packages/cs-bundle/vectors/credentials.json");
        let cases: Vec<Case> = serde_json::from_slice(&fs::read(table).unwrap()).unwrap();
        assert!(cases.len() >= 20);
        for case in cases {
            let found = decide(&case);
            if case.refused {
                assert!(found.is_none(), "{}", case.name);
                continue;
            }
            let found = found.unwrap_or_else(|| panic!("{} is refused", case.name));
            let header = found.header.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(
                (Some(found.url.as_str()), header),
                (case.address.as_deref(), case.header.as_deref()),
                "{}",
                case.name
            );
        }
    }

    /// What goes into the request of a case, `None` if it is refused.
    fn decide(case: &Case) -> Option<Authorized> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.json");
        let mut storage = AuthenticationStorage::empty();
        if let Some(value) = &case.named {
            fs::write(&path, value.to_string()).unwrap();
            storage.add_backend(Arc::new(open_named(&path).ok()?));
        } else if let Some(value) = &case.default {
            fs::write(&path, value.to_string()).unwrap();
            if let Ok(backend) = FileStorage::from_path(path) {
                storage.add_backend(Arc::new(backend));
            }
        }
        let netrc = directory.path().join("netrc");
        fs::write(&netrc, case.netrc.as_deref().unwrap_or_default()).unwrap();
        let url = Url::parse(&case.url).unwrap();
        let credentials = Credentials {
            storage,
            netrc: Netrc::read(&netrc).unwrap(),
            own_hosts: HashSet::from_iter(url.host_str().map(str::to_owned)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(credentials.authorize(&url)).ok()
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("ann:\u{ff}~?", "YW5uOsO/fj8="),
        ] {
            assert_eq!(BASE64.encode(bytes), text);
        }
    }

    #[test]
    fn line_ends_around_a_token_do_not_belong_to_it() {
        let header = make_header(&Authentication::BearerToken("tok\r\n".into()), "h");
        assert_eq!(header.unwrap().unwrap().to_str().unwrap(), "Bearer tok");
        let url = Url::parse("https://h/main/a.conda").unwrap();
        let url = insert_token(&url, "tok\n".trim(), "h").unwrap();
        assert_eq!(url.as_str(), "https://h/t/tok/main/a.conda");
    }

    #[test]
    fn tokens_that_no_request_can_carry_are_named_by_their_host_alone() {
        let url = Url::parse("https://h/main/a.conda").unwrap();
        for secret in ["sec\nret", "sec\u{0}ret", "sec ret/"] {
            let token = insert_token(&url, secret, "h")
                .err()
                .map(|error| error.to_string());
            let bearer = make_header(&Authentication::BearerToken(secret.into()), "h");
            let errors = [token, bearer.err().map(|error| error.to_string())];
            assert!(errors[0].is_some());
            for error in errors.into_iter().flatten() {
                assert!(
                    !error.contains("sec") && error.contains(" for h "),
                    "{error}"
                );
            }
        }
    }
}

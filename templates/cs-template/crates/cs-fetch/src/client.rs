//! The HTTP client: certificates, proxies, credentials, mirrors.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use rattler_networking::authentication_storage::StorageBackend;
use rattler_networking::authentication_storage::backends::file::{FileStorage, FileStorageError};
use rattler_networking::authentication_storage::backends::netrc::{
    NetRcStorage, NetRcStorageError,
};
use rattler_networking::{
    AuthenticationMiddleware, AuthenticationStorage, MirrorMiddleware, OciMiddleware,
};
use reqwest::redirect::Policy;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use crate::config::Config;
use crate::error::FetchError;
use crate::options::Options;
use crate::redact::redact_text;

const MOST_REDIRECTS: usize = 10;

/// Build the client. It is expensive (certificates are read and parsed) and fails without certificates, so it is made
/// only when something has to be downloaded.
pub(crate) fn build_client(
    options: &Options,
    config: &Config,
    warn: &mut dyn FnMut(String),
) -> Result<ClientWithMiddleware, FetchError> {
    let client = build_plain_client(options)?;
    let storage = load_credentials(config, warn)?;
    let oci = OciMiddleware::new(client.clone()).with_authentication_storage(storage.clone());
    Ok(ClientBuilder::new(client)
        .with(MirrorMiddleware::from_map(config.remote_mirrors()))
        .with(oci)
        .with(AuthenticationMiddleware::from_auth_storage(storage))
        .build())
}

fn build_plain_client(options: &Options) -> Result<reqwest::Client, FetchError> {
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match client_builder(options).build() {
        Ok(client) => Ok(client),
        // The system has no certificates, and nobody asked for particular ones: Mozilla's, as browsers have them.
        Err(_) if !has_explicit_certificates() => client_builder(options)
            .tls_backend_preconfigured(mozilla_tls())
            .build()
            .map_err(setup_error),
        Err(error) => Err(setup_error(error)),
    }
}

fn client_builder(options: &Options) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .connect_timeout(options.connect_timeout)
        .redirect(Policy::limited(MOST_REDIRECTS))
        // A `Referer` would carry a `/t/TOKEN` to wherever a channel redirects.
        .referer(false)
        // Whatever other crates in the build make of reqwest: digests are those of the bytes as they were sent.
        .no_gzip()
        .no_deflate()
        .no_brotli()
        .no_zstd()
}

fn has_explicit_certificates() -> bool {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .iter()
        .any(|name| env::var_os(name).is_some())
}

fn mozilla_tls() -> rustls::ClientConfig {
    let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let mut config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn setup_error(error: reqwest::Error) -> FetchError {
    FetchError::Setup {
        reason: redact_text(&describe(&error)),
        hint: "Check SSL_CERT_FILE, SSL_CERT_DIR and the proxy variables, or use --bundle",
    }
}

/// An error with its causes, each said once.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// The credentials that rattler's tools would use, keyrings aside.
fn load_credentials(
    config: &Config,
    warn: &mut dyn FnMut(String),
) -> Result<AuthenticationStorage, FetchError> {
    let mut storage = AuthenticationStorage::empty();
    if let Some(path) = env::var_os("RATTLER_AUTH_FILE").filter(|path| !path.is_empty()) {
        storage.add_backend(Arc::new(open_credentials(PathBuf::from(path))?));
    }
    // The files below are there for other tools too: what we cannot read in them is no reason to fail.
    let mut add = |result: Result<Arc<dyn StorageBackend + Send + Sync>, String>| match result {
        Ok(backend) => storage.add_backend(backend),
        Err(reason) => warn(redact_text(&reason)),
    };
    if let Some(path) = &config.authentication_file {
        add(open_credentials(path.clone())
            .map(|file| Arc::new(file) as _)
            .map_err(|error| error.to_string()));
    }
    if dirs::home_dir().is_some() {
        add(FileStorage::new()
            .map(|file| Arc::new(file) as _)
            .map_err(|error| describe_file(&error)));
    }
    let netrc = NetRcStorage::from_env().map(|netrc| Arc::new(netrc) as _);
    add(netrc.map_err(|(path, error)| {
        format!("{} is ignored: {}", path.display(), describe_netrc(&error))
    }));
    Ok(storage)
}

/// Why a credentials file is unusable. A parser's own message may quote what it stumbled over: a password, perhaps.
fn describe_file(error: &FileStorageError) -> String {
    match error {
        FileStorageError::IOError(error) => error.to_string(),
        FileStorageError::JSONError(path, error) => {
            let (line, column) = (error.line(), error.column());
            format!(
                "{} is not in rattler's form (line {line}, column {column})",
                path.display()
            )
        }
    }
}

fn describe_netrc(error: &NetRcStorageError) -> String {
    match error {
        NetRcStorageError::IOError(error) => error.to_string(),
        _ => "it is not in the form of a netrc file".to_owned(),
    }
}

/// Open a credentials file that somebody named, so that it must be there and make sense.
fn open_credentials(path: PathBuf) -> Result<FileStorage, FetchError> {
    let failed = |reason: String| FetchError::Setup {
        reason: format!(
            "the credentials file {} cannot be used: {reason}",
            path.display()
        ),
        hint: "Check RATTLER_AUTH_FILE",
    };
    if !path.is_file() {
        return Err(failed("there is no such file".to_owned()));
    }
    FileStorage::from_path(path.clone()).map_err(|error| failed(describe_file(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_certificates_make_a_client() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder =
            client_builder(&Options::new("unused")).tls_backend_preconfigured(mozilla_tls());
        builder.build().unwrap();
    }

    #[test]
    fn causes_are_said_once() {
        let inner = std::io::Error::other("inner");
        let outer = FetchError::LocalFile {
            path: "p".into(),
            source: inner,
        };
        assert_eq!(
            describe(&outer),
            "cannot read p: inner. Check the path, or use --bundle.: inner"
        );
    }
}

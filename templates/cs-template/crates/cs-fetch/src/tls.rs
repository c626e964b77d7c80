//! TLS, and whose certificates are trusted: those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else the system's.
//!
//! Certificates are read when the first server shows one: a channel over plain HTTP needs none.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use rustls_native_certs::ErrorKind;

type Verifier = Arc<dyn ServerCertVerifier>;

/// No certificates can be read that others could be verified by.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoAuthorities(String);

/// Whether TLS failed because a certificate is not trusted, or because there is none to trust by.
pub(crate) fn is_about_certificates(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(_) | Error::NoCertificatesPresented => true,
        Error::Other(OtherError(other)) => other.is::<NoAuthorities>(),
        _ => false,
    }
}

/// The TLS side of the client.
pub(crate) fn make_config() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let verifier = LazyVerifier {
        provider: Arc::clone(&provider),
        verifier: OnceLock::new(),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the ciphers of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Verifies as another verifier does, which is made when it is needed.
#[derive(Debug)]
struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Verifier, String>>,
}

impl ServerCertVerifier for LazyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let make = || make_verifier(&self.provider);
        match self.verifier.get_or_init(make) {
            Ok(verifier) => verifier.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            Err(reason) => Err(OtherError(Arc::new(NoAuthorities(reason.clone()))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

fn make_verifier(provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    let named = Named::from_lookup(|name| env::var_os(name));
    if !named.is_empty() {
        return trust(named.load()?, provider);
    }
    make_system_verifier(provider)
}

#[cfg(not(target_os = "linux"))]
fn make_system_verifier(provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    rustls_platform_verifier::Verifier::new(Arc::clone(provider))
        .map(|verifier| Arc::new(verifier) as Verifier)
        .map_err(|error| format!("the system's certificates cannot be used: {error}"))
}

/// The certificates of the distribution; where there are none, as in small containers,
/// Mozilla's, as browsers have them.
#[cfg(target_os = "linux")]
fn make_system_verifier(provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    let places = openssl_probe::probe();
    let mut store = load(places.cert_file.as_deref(), &places.cert_dir).0;
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    trust(store, provider)
}

fn trust(store: RootCertStore, provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map(|verifier| verifier as Verifier)
        .map_err(|error| error.to_string())
}

/// All certificates of a file and of directories, and the first error.
fn load(file: Option<&Path>, directories: &[PathBuf]) -> (RootCertStore, Option<String>) {
    let mut store = RootCertStore::empty();
    let mut directories = directories.iter();
    // The first directory often holds links to the file: together they are read once.
    let first =
        rustls_native_certs::load_certs_from_paths(file, directories.next().map(|d| d.as_path()));
    let rest = directories
        .map(|directory| rustls_native_certs::load_certs_from_paths(None, Some(directory)));
    let mut failure = None;
    for result in std::iter::once(first).chain(rest) {
        store.add_parsable_certificates(result.certs);
        failure = failure.or(result.errors.first().map(describe_failure));
    }
    (store, failure)
}

/// Why a file of certificates gives none.
fn describe_failure(error: &rustls_native_certs::Error) -> String {
    match &error.kind {
        ErrorKind::Io { inner, path } => format!(
            "cannot read {}: {}",
            path.display(),
            cs_file::describe_error(inner)
        ),
        _ => error.to_string(),
    }
}

/// What the variables name. An empty variable counts as not set.
struct Named {
    file: Option<OsString>,
    directories: Option<OsString>,
}

impl Named {
    fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let value = |name| lookup(name).filter(|value: &OsString| !value.is_empty());
        Self {
            file: value("SSL_CERT_FILE"),
            directories: value("SSL_CERT_DIR"),
        }
    }

    fn is_empty(&self) -> bool {
        self.file.is_none() && self.directories.is_none()
    }

    /// What is there of it; nothing at all is an error that names the variables with their values.
    fn load(&self) -> Result<RootCertStore, String> {
        let directories: Vec<PathBuf> = self
            .directories
            .iter()
            .flat_map(env::split_paths)
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        let (store, failure) = load(self.file.as_deref().map(Path::new), &directories);
        if !store.is_empty() {
            return Ok(store);
        }
        let reason = failure.unwrap_or_else(|| "it contains no certificate".to_owned());
        Err(format!(
            "no certificate could be read from {}: {reason}",
            self.describe()
        ))
    }

    fn describe(&self) -> String {
        let show = |name: &str, value: &Option<OsString>| {
            let value = value.as_ref()?;
            Some(format!("{name} ({})", value.to_string_lossy()))
        };
        let file = show("SSL_CERT_FILE", &self.file);
        let directories = show("SSL_CERT_DIR", &self.directories);
        let named: Vec<String> = file.into_iter().chain(directories).collect();
        named.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(file: &str, directories: &str) -> Named {
        Named::from_lookup(|name| {
            Some(match name {
                "SSL_CERT_FILE" => file.into(),
                _ => directories.into(),
            })
        })
    }

    #[test]
    fn empty_variables_count_as_not_set() {
        assert!(named("", "").is_empty());
        assert!(!named("x", "").is_empty() && !named("", "x").is_empty());
        let _ = make_config();
    }

    #[test]
    fn variables_that_give_nothing_are_named_with_their_values() {
        let directory = tempfile::tempdir().unwrap();
        let empty = directory.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").unwrap();
        let shown = empty.to_str().unwrap();
        let missing = cs_file::describe_error(&std::fs::read("/nowhere/ca.pem").unwrap_err());
        for (file, directories, parts) in [
            (
                "/nowhere/ca.pem",
                "",
                vec!["SSL_CERT_FILE (/nowhere/ca.pem)", &missing],
            ),
            (
                "",
                "/nowhere/a:/nowhere/b",
                vec!["SSL_CERT_DIR (/nowhere/a:/nowhere/b)"],
            ),
            (
                "/nowhere/c",
                "/nowhere/d",
                vec!["SSL_CERT_FILE (/nowhere/c) and SSL_CERT_DIR (/nowhere/d)"],
            ),
            (shown, "", vec![shown, "it contains no certificate"]),
        ] {
            let error = named(file, directories).load().unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}

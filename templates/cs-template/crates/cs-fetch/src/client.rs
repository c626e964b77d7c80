//! The HTTP client: proxies, certificates, credentials, redirects, registries.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rattler_networking::Authentication;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use url::Url;

use crate::credentials::{Authorized, Credentials, make_header};
use crate::error::{Cause, FetchError};
use crate::failure::{Failure, check_status, classify, describe};
use crate::oci::{Artifact, Challenge, read_token};
use crate::options::Options;
use crate::proxy::use_proxies;
use crate::redact::redact_text;
use crate::tls;

const MOST_REDIRECTS: usize = 10;
/// Longest answer of a token server that is read.
const LONGEST_TOKEN: usize = 64 * 1024;
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json";

/// Sends requests as this machine's settings say.
pub(crate) struct Client {
    http: reqwest::Client,
    credentials: Credentials,
    /// What registries want to see, for each repository.
    authorizations: Mutex<HashMap<String, HeaderValue>>,
}

impl Client {
    pub(crate) fn new(options: &Options, credentials: Credentials) -> Result<Self, FetchError> {
        // An error means that one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect_timeout)
            .tls_backend_preconfigured(tls::make_config())
            // Followed here: credentials stay at their host, and nothing falls back to plain HTTP.
            .redirect(Policy::none())
            // A `Referer` would carry a `/t/TOKEN` to wherever a channel redirects.
            .referer(false)
            // Whatever other crates in the build make of reqwest: digests are those of the bytes as they were sent.
            .no_gzip()
            .no_deflate()
            .no_brotli()
            .no_zstd();
        #[cfg(target_os = "linux")]
        let builder = builder.dns_resolver(crate::resolve::Resolver::default());
        let http = use_proxies(builder)?
            .build()
            .map_err(|error| FetchError::Setup {
                reason: redact_text(&describe(&error)),
                cause: Cause::Proxy,
            })?;
        Ok(Self {
            http,
            credentials,
            authorizations: Mutex::default(),
        })
    }

    /// Ask for an archive: the answer of the server that has it, redirects followed.
    pub(crate) async fn get(
        &self,
        url: &Url,
        sha256: &[u8; 32],
        headers: &HeaderMap,
    ) -> Result<Response, Failure> {
        if url.scheme() == "oci" {
            return self.get_blob(url, sha256, headers).await;
        }
        let authorized = self.credentials.authorize(url).await;
        self.follow(authorized.map_err(refuse_credentials)?, headers)
            .await
    }

    /// Follow redirects. Another host gets no credentials, nor does any that follows it.
    async fn follow(&self, start: Authorized, headers: &HeaderMap) -> Result<Response, Failure> {
        let Authorized {
            mut url,
            mut header,
        } = start;
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.http.get(url.clone()).headers(headers.clone());
            if let Some(header) = &header {
                request = request.header(AUTHORIZATION, header.clone());
            }
            let response = request.send().await.map_err(classify)?;
            let Some(next) = find_next(&response, &url)? else {
                return Ok(response);
            };
            header = header.filter(|_| next.origin() == url.origin());
            url = next;
        }
        Err(Failure::permanent(
            format!("{} redirects too many times", host_of(&url)),
            Cause::Unreachable,
        ))
    }

    async fn get_blob(
        &self,
        url: &Url,
        sha256: &[u8; 32],
        headers: &HeaderMap,
    ) -> Result<Response, Failure> {
        let artifact = Artifact::parse(url);
        let blob = artifact
            .as_ref()
            .and_then(|artifact| artifact.blob_url(sha256));
        let (Some(artifact), Some(blob)) = (artifact, blob) else {
            let reason = "an oci:// address ends with a folder and the file name of a package";
            return Err(Failure::permanent(reason, Cause::Unreachable));
        };
        let response = self.ask_registry(url, &artifact, &blob, headers).await?;
        if response.status() != StatusCode::NOT_FOUND {
            return Ok(response);
        }
        let Some(manifest) = artifact.manifest_url() else {
            return Ok(response);
        };
        let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(MANIFESTS))]);
        let known = self
            .ask_registry(url, &artifact, &manifest, &accept)
            .await?;
        if known.status().is_success() {
            self.ask_registry(url, &artifact, &blob, headers).await
        } else {
            Ok(response)
        }
    }

    /// Ask a registry; if it requires authentication, authenticate once.
    async fn ask_registry(
        &self,
        url: &Url,
        artifact: &Artifact,
        target: &Url,
        headers: &HeaderMap,
    ) -> Result<Response, Failure> {
        let credentials = self.credentials.find(url).await;
        let send = async |header: Option<HeaderValue>| {
            let url = target.clone();
            self.follow(Authorized { url, header }, headers).await
        };
        let (token, password) = sort_credentials(credentials.as_ref(), host_of(url))?;
        let response = send(self.known(artifact).or(token)).await?;
        // A redirect's target has nothing to say about the registry.
        let is_own = response.url().origin() == target.origin();
        if response.status() != StatusCode::UNAUTHORIZED || !is_own {
            return Ok(response);
        }
        let Some(challenge) = Challenge::read(response.headers(), &artifact.repository) else {
            return Ok(response);
        };
        let header = match challenge {
            Challenge::Token(url) => Some(self.fetch_token(url, password).await?),
            Challenge::Basic => password,
        };
        let Some(header) = header else {
            return Ok(response);
        };
        self.lock().insert(artifact.key(), header.clone());
        send(Some(header)).await
    }

    fn known(&self, artifact: &Artifact) -> Option<HeaderValue> {
        self.lock().get(&artifact.key()).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, HeaderValue>> {
        let guard = self.authorizations.lock();
        guard.unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch_token(
        &self,
        url: Url,
        header: Option<HeaderValue>,
    ) -> Result<HeaderValue, Failure> {
        let host = host_of(&url).to_owned();
        let mut response = self
            .follow(Authorized { url, header }, &HeaderMap::new())
            .await?;
        check_status(&response)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(classify)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_TOKEN {
                break;
            }
        }
        let token = read_token(&body).map(Authentication::BearerToken);
        let header = token.map(|token| make_header(&token, &host));
        let unusable = || Failure::permanent(format!("{host} sent no token"), Cause::Credentials);
        header
            .transpose()
            .map_err(refuse_credentials)?
            .flatten()
            .ok_or_else(unusable)
    }
}

/// A header for a registry's own token, and one for a password: that waits until the registry says where it belongs.
fn sort_credentials(
    credentials: Option<&Authentication>,
    host: &str,
) -> Result<(Option<HeaderValue>, Option<HeaderValue>), Failure> {
    let Some(credentials) = credentials else {
        return Ok((None, None));
    };
    let header = || make_header(credentials, host).map_err(refuse_credentials);
    Ok(match credentials {
        Authentication::BearerToken(_) | Authentication::OAuth { .. } => (header()?, None),
        Authentication::BasicHTTP { .. } => (None, header()?),
        Authentication::CondaToken(_) | Authentication::S3Credentials { .. } => (None, None),
    })
}

fn refuse_credentials(error: crate::credentials::BadCredentials) -> Failure {
    Failure::permanent(error.to_string(), Cause::Credentials)
}

fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or("the server")
}

/// Where a response redirects to, if it does. Only to HTTP, and never from HTTPS to plain HTTP.
fn find_next(response: &Response, url: &Url) -> Result<Option<Url>, Failure> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| is_redirect);
    let Some(location) = location else {
        return Ok(None);
    };
    let refuse = |what: String| {
        Err(Failure::permanent(
            format!("{} redirects to {what}, which is refused", host_of(url)),
            Cause::Redirect,
        ))
    };
    let text = std::str::from_utf8(location.as_bytes());
    let Some(next) = text.ok().and_then(|text| url.join(text).ok()) else {
        return refuse("something that is not a URL".to_owned());
    };
    match (url.scheme(), next.scheme()) {
        ("https", "http") => refuse(format!("plain HTTP ({})", host_of(&next))),
        (_, "http" | "https") => Ok(Some(next)),
        (_, scheme) => refuse(format!("an address that starts with {scheme}:")),
    }
}

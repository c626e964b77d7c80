//! `oci://` channels: archives as blobs of a container registry, in the layout of rattler and its mirrors.
//!
//! `oci://HOST/CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda` is the layer of `HOST/CHANNEL/SUBDIR/NAME:VERSION-BUILD` whose
//! digest is the archive's SHA-256, which the lock knows.

use std::collections::HashMap;

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use url::Url;

/// Where a registry has an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// Host, with its port where it is not the usual one.
    registry: String,
    pub(crate) repository: String,
    tag: String,
}

impl Artifact {
    /// Read an `oci://` URL of a package archive.
    pub(crate) fn parse(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        let registry = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let (folder, file_name) = url.path().trim_start_matches('/').rsplit_once('/')?;
        let stem = file_name
            .strip_suffix(".conda")
            .or_else(|| file_name.strip_suffix(".tar.bz2"))?;
        let mut parts = stem.rsplitn(3, '-');
        let (build, version, name) = (parts.next()?, parts.next()?, parts.next()?);
        // Repositories cannot begin with an underscore.
        let zzz = if name.starts_with('_') { "zzz" } else { "" };
        Some(Self {
            registry,
            repository: format!("{folder}/{zzz}{name}"),
            tag: make_tag(&format!("{version}-{build}")),
        })
    }

    /// Key of what is known about the repository.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    pub(crate) fn blob_url(&self, sha256: &[u8; 32]) -> Option<Url> {
        self.url(&format!("blobs/sha256:{}", cs_archive::to_hex(sha256)))
    }

    /// A registry that is a cache of another one has blobs only after its manifest was asked for.
    pub(crate) fn manifest_url(&self) -> Option<Url> {
        self.url(&format!("manifests/{}", self.tag))
    }

    fn url(&self, rest: &str) -> Option<Url> {
        Url::parse(&format!(
            "https://{}/v2/{}/{rest}",
            self.registry, self.repository
        ))
        .ok()
    }
}

/// Tags cannot hold these characters.
fn make_tag(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    decoded
        .replace('+', "__p__")
        .replace('!', "__e__")
        .replace('=', "__eq__")
}

/// How a registry that answers 401 wants to be asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A token from this URL. It is HTTPS: the credentials go there.
    Token(Url),
    /// The credentials as they are.
    Basic,
}

impl Challenge {
    /// Read a registry's answer: a token is preferred.
    pub(crate) fn read(headers: &HeaderMap, repository: &str) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let schemes: Vec<Scheme> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(parse_schemes)
            .collect();
        let token = schemes
            .iter()
            .filter(|scheme| scheme.name == "bearer")
            .find_map(|scheme| scheme.token_url(repository));
        let is_basic = schemes.iter().any(|scheme| scheme.name == "basic");
        token.map(Self::Token).or(is_basic.then_some(Self::Basic))
    }
}

/// One scheme of a `WWW-Authenticate` header (RFC 9110).
#[derive(Debug, Default)]
struct Scheme {
    /// In lower case.
    name: String,
    parameters: HashMap<String, String>,
}

impl Scheme {
    fn token_url(&self, repository: &str) -> Option<Url> {
        let mut url = Url::parse(self.parameters.get("realm")?).ok()?;
        let mut query = url.query_pairs_mut();
        if let Some(service) = self.parameters.get("service") {
            query.append_pair("service", service);
        }
        query.append_pair("scope", &format!("repository:{repository}:pull"));
        drop(query);
        (url.scheme() == "https").then_some(url)
    }
}

fn parse_schemes(header: &str) -> Vec<Scheme> {
    let mut schemes: Vec<Scheme> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return schemes;
        }
        rest = after;
        let name = word.to_ascii_lowercase();
        match (rest.strip_prefix('='), schemes.last_mut()) {
            (Some(value), Some(scheme)) => {
                let (value, after) = take_value(value);
                scheme.parameters.insert(name, value);
                rest = after;
            }
            (Some(_), None) => return schemes,
            (None, _) => schemes.push(Scheme {
                name,
                ..Scheme::default()
            }),
        }
    }
}

/// A value, in quotes or not, and what follows it.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// The token in a token server's answer.
pub(crate) fn read_token(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Body {
        token: Option<String>,
        access_token: Option<String>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    body.token
        .or(body.access_token)
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(url: &str) -> Option<Artifact> {
        Artifact::parse(&Url::parse(url).unwrap())
    }

    #[test]
    fn archives_have_repositories_tags_and_blobs() {
        let found =
            artifact("oci://ghcr.io/channel-mirrors/conda-forge/linux-64/_x-y-1!2+a-h0_1.conda")
                .unwrap();
        assert_eq!(
            found.key(),
            "ghcr.io/channel-mirrors/conda-forge/linux-64/zzz_x-y"
        );
        assert_eq!(
            found.manifest_url().unwrap().as_str(),
            "https://ghcr.io/v2/channel-mirrors/conda-forge/linux-64/zzz_x-y/manifests/1__e__2__p__a-h0_1"
        );
        let found = artifact("oci://localhost:5000/c/noarch/a-1-0.tar.bz2").unwrap();
        let digest = "ab".repeat(32);
        assert_eq!(
            found.blob_url(&[0xab; 32]).unwrap().as_str(),
            format!("https://localhost:5000/v2/c/noarch/a/blobs/sha256:{digest}")
        );
        for url in [
            "oci://h/c/noarch/a-1.conda",
            "oci://h/c/noarch/repodata.json",
            "oci://h/a-1-0.conda",
        ] {
            assert_eq!(artifact(url), None, "{url}");
        }
    }

    fn challenge(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::read(&headers, "c/a")
    }

    #[test]
    fn challenges_are_read_in_every_form() {
        let token = |query: &str| {
            Some(Challenge::Token(
                Url::parse(&format!("https://h/token?{query}")).unwrap(),
            ))
        };
        let scope = "scope=repository%3Ac%2Fa%3Apull";
        for (values, expected) in [
            (
                vec![r#"Bearer realm="https://h/token",service="s, \"x\"",scope="x:y""#],
                token(&format!("service=s%2C+%22x%22&{scope}")),
            ),
            (
                vec![r#"Basic realm="x y", bearer realm=https://h/token"#],
                token(scope),
            ),
            (
                vec!["Basic realm=x", r#"Bearer  realm="https://h/token""#],
                token(scope),
            ),
            (vec![r#"Basic realm="x""#], Some(Challenge::Basic)),
            // Credentials would go there without encryption.
            (vec![r#"Bearer realm="http://h/token""#], None),
            (vec![r#"Bearer realm="x"#], None),
            (vec!["Digest a=b", "=", "", ",,", "realm=x"], None),
            (vec![], None),
        ] {
            assert_eq!(challenge(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn tokens_have_two_names() {
        assert_eq!(read_token(br#"{"token": "t"}"#), Some("t".into()));
        assert_eq!(
            read_token(br#"{"access_token": "t", "expires_in": 1}"#),
            Some("t".into())
        );
        for body in ["", "{}", r#"{"token": ""}"#, "[]", "secret"] {
            assert_eq!(read_token(body.as_bytes()), None);
        }
    }
}

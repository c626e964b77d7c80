//! Which proxy leads to a server: as `cs build` reads the same variables.
//!
//! reqwest's own reader takes a variable that it cannot use for none at all, and goes around the proxy without a word.

use std::env;

use reqwest::{ClientBuilder, NoProxy, Proxy};
use url::Url;

use crate::error::{Cause, FetchError};

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Let a client use the proxies of the environment; without any, those of the system's settings.
pub(crate) fn use_proxies(mut builder: ClientBuilder) -> Result<ClientBuilder, FetchError> {
    let no_proxy = read_variable("no").map(|list| normalize_list(&list));
    let no_proxy = no_proxy.as_deref().and_then(NoProxy::from_string);
    for (name, make) in [
        ("http", Proxy::http as fn(Url) -> _),
        ("https", Proxy::https),
        ("all", Proxy::all),
    ] {
        let Some(value) = read_variable(name) else {
            continue;
        };
        let proxy = parse_proxy(&value).and_then(|url| make(url).ok());
        // The value may hold a password.
        let proxy = proxy.ok_or_else(|| FetchError::Setup {
            reason: format!("the variable {name}_proxy does not contain the address of a proxy"),
            cause: Cause::Proxy,
        })?;
        builder = builder.proxy(proxy.no_proxy(no_proxy.clone()));
    }
    Ok(builder)
}

/// The lower-case variable wins over the upper-case one; empty ones count as not set.
fn read_variable(name: &str) -> Option<String> {
    let lower = format!("{name}_proxy");
    // A web server sets HTTP_PROXY from a request's header: in such a process only the lower-case one counts.
    let is_cgi = name == "http" && env::var_os("REQUEST_METHOD").is_some();
    let upper = (!is_cgi).then(|| lower.to_uppercase());
    [Some(lower), upper]
        .into_iter()
        .flatten()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty())
        .map(|value| value.to_string_lossy().into_owned())
}

fn parse_proxy(value: &str) -> Option<Url> {
    let (scheme, rest) = value
        .trim()
        .split_once("://")
        .unwrap_or(("http", value.trim()));
    // `url` looks behind any number of slashes for a host.
    if rest.starts_with(['/', '\\']) {
        return None;
    }
    let url = Url::parse(&format!("{scheme}://{rest}"));
    let mut url = url.ok()?;
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    if !has_host || url.port() == Some(0) || !SCHEMES.contains(&url.scheme()) {
        return None;
    }
    if url.scheme().starts_with("socks") && url.port().is_none() {
        url.set_port(Some(1080)).ok()?;
    }
    Some(url)
}

/// `*.example` means what `.example` does.
fn normalize_list(list: &str) -> String {
    let entries = list.split(',').map(|entry| match entry.trim() {
        "*" => "*",
        entry => entry.strip_prefix('*').unwrap_or(entry),
    });
    entries.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proxies_may_lack_a_scheme_and_nothing_else() {
        for (value, expected) in [
            ("p.example:3128", Some("http://p.example:3128/")),
            ("http://u:p@p.example", Some("http://u:p@p.example/")),
            ("socks5h://p.example", Some("socks5h://p.example:1080")),
            ("ftp://p.example", None),
            ("http://", None),
            ("http:///p.example", None),
            ("//p.example", None),
            ("http://p.example:0", None),
            ("http://p.example:port", None),
            ("http://[::1", None),
        ] {
            let parsed = parse_proxy(value);
            assert_eq!(parsed.as_ref().map(Url::as_str), expected, "{value}");
        }
    }

    #[test]
    fn a_star_before_a_domain_means_the_domain() {
        assert_eq!(
            normalize_list("*, *.a.example ,b,10.0.0.0/8"),
            "*,.a.example,b,10.0.0.0/8"
        );
    }
}

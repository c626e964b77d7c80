//! Text without what must not be printed: every message with an address in it passes here.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

const HIDDEN: &str = "***";

/// A URL as it may be shown: no user, no password, no query, no fragment, no `/t/TOKEN`.
pub(crate) fn redact_url(url: &str) -> String {
    let masked = redact_text(url);
    let Ok(mut url) = Url::parse(&masked) else {
        return masked;
    };
    // These fail for URLs that cannot have credentials, such as `file:`.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Text, such as another library's message, with whatever in it may be a secret of a URL replaced.
pub(crate) fn redact_text(text: &str) -> String {
    let is_end = |letter: char| letter.is_whitespace() || "\"<>`".contains(letter);
    text.split_inclusive(is_end)
        .map(|word| {
            let end = word.trim_end_matches(is_end).len();
            redact_word(&word[..end]) + &word[end..]
        })
        .collect()
}

/// A word may hold several URLs: in a list, or one in another's path.
fn redact_word(word: &str) -> String {
    if let Some(start) = word
        .rfind("://")
        .map(|at| find_scheme(word, at))
        .filter(|start| *start > 0)
    {
        return redact_word(&word[..start]) + &redact_one(&word[start..]);
    }
    redact_one(word)
}

/// Where the scheme before the `://` at `at` begins.
fn find_scheme(word: &str, at: usize) -> usize {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    word[..at].trim_end_matches(is_part).len()
}

fn redact_one(word: &str) -> String {
    // What is hidden behind an encoding, however often, is shown without it, and masked.
    let decoded = decode_fully(word);
    let masked = mask(&decoded);
    if masked == decoded {
        word.to_owned()
    } else {
        masked
    }
}

fn decode_fully(word: &str) -> String {
    let mut word = Cow::Borrowed(word);
    // Each round makes it shorter.
    while word.contains('%') {
        let decoded = percent_decode_str(&word).decode_utf8_lossy().into_owned();
        if decoded == word {
            break;
        }
        word = Cow::Owned(decoded);
    }
    word.into_owned()
}

fn mask(word: &str) -> String {
    let (scheme, rest) = match word.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), word),
    };
    let rest = mask_user(rest);
    let is_url = !scheme.is_empty() || rest.contains(['/', '\\']);
    let (path, extra) = match rest.find(['?', '#']) {
        Some(at) if is_url => rest.split_at(at),
        _ => (rest.as_str(), ""),
    };
    let extra = match extra.trim_end_matches(['?', '#', '.', ',', ';', ':', ')', '\'']) {
        "" => extra.to_owned(),
        extra => extra[..1].to_owned() + HIDDEN,
    };
    scheme + &mask_token(&mask_later_users(path)) + &extra
}

/// `USER:PASSWORD@` further on: the next one of a list, or in the path of another URL.
fn mask_later_users(path: &str) -> String {
    let mut shown = String::with_capacity(path.len());
    for part in path.split_inclusive('@') {
        let start = part.rfind(['/', '\\', ',']).map_or(0, |at| at + 1);
        let is_user = start > 0 && part.ends_with('@') && part[start..].contains(':');
        if is_user {
            shown = shown + &part[..start] + HIDDEN + "@"
        } else {
            shown += part
        }
    }
    shown
}

/// The user and password before an `@`. A password that is not encoded may contain a character that ends a host.
fn mask_user(text: &str) -> String {
    let end = text.find(['/', '?', '#', '\\']).unwrap_or(text.len());
    let at = match text[..end].rfind('@') {
        Some(at) => Some(at),
        None => {
            let port = text[..end].rsplit_once(':').map(|(_, port)| port);
            let is_port =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let is_password = port.is_some_and(|port| !is_port(port));
            text.rfind('@').filter(|_| is_password)
        }
    };
    match at {
        Some(at) => HIDDEN.to_owned() + &text[at..],
        None => text.to_owned(),
    }
}

/// The token behind a component `t`, as conda's servers take it.
fn mask_token(path: &str) -> String {
    let mut shown = String::with_capacity(path.len());
    let mut is_next = false;
    for part in path.split_inclusive(['/', '\\']) {
        let component = part.trim_end_matches(['/', '\\']);
        if is_next && !component.is_empty() {
            shown += HIDDEN;
            shown += &part[component.len()..];
            is_next = false;
        } else {
            shown += part;
            is_next =
                is_next || (component.eq_ignore_ascii_case("t") && component.len() < part.len());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_users_passwords_tokens_and_queries() {
        let shown = redact_url(
            "https://user:secret@example.org/t/tk-123/main/linux-64/a-1-0.conda?sig=secret#secret",
        );
        assert_eq!(shown, "https://example.org/t/***/main/linux-64/a-1-0.conda");
        assert_eq!(
            redact_url("https://example.org/a-1-0.conda"),
            "https://example.org/a-1-0.conda"
        );
    }

    #[test]
    fn text_loses_the_credentials_of_every_url() {
        let shown = redact_text("from http://a:b@proxy:1 and https://x/t/tok/y (https://z@w/) ok?");
        assert_eq!(
            shown,
            "from http://***@proxy:1 and https://x/t/***/y (https://***@w/) ok?"
        );
    }

    #[test]
    fn text_without_secrets_stays_as_it_is() {
        for text in [
            "error sending request: client error (Connect): Connection refused (os error 111)",
            "https://example.org:8443/conda-forge/linux-64/a-1%2B2-0.conda, tried twice; why?",
            "the connection broke after 5 of 10 bytes (at the/t)\n\tC:\\Users\\t, 100%",
            "cannot look up demo: no answer from the DNS servers 10.0.0.1, fe80::1%2 ([::1]:53)",
            "https://example.org/@scope/x",
        ] {
            assert_eq!(redact_text(text), text);
        }
    }

    /// Every spelling of a secret in a URL that an HTTP library would take, anywhere in a text.
    #[test]
    fn no_secret_gets_through_in_any_spelling() {
        const SECRET: &str = "s3cr3t";
        let spellings = |text: &str| {
            let mut spelled = vec![text.to_owned()];
            for _ in 0..2 {
                let last = spelled.last().unwrap();
                let encode = |byte: u8| format!("%{byte:02x}");
                spelled.push(last.bytes().map(encode).collect());
            }
            spelled
        };
        let mut urls = Vec::new();
        for scheme in ["https", "HTTP", "socks5h", "oci", "git+ssh"] {
            for user in [
                "u:s3cr3t",
                "s3cr3t",
                "u:s3cr3t@x",
                "u:/s3cr3t",
                "u:x#s3cr3t",
                "u:x?s3cr3t",
                ":s3cr3t",
            ] {
                urls.push(format!("{scheme}://{user}@host:8080/path"));
            }
            for separator in ["/", "//", "\\", "%2f", "%252F", "%5c"] {
                for letter in ["t", "T", "%74", "%54", "%2574"] {
                    for base in ["host", "host/a/b", "u@host"] {
                        urls.push(format!(
                            "{scheme}://{base}{separator}{letter}{separator}{SECRET}{separator}main"
                        ));
                        urls.push(format!(
                            "{scheme}://{base}{separator}{letter}{separator}{SECRET}"
                        ));
                    }
                }
            }
            for extra in [
                "?sig=s3cr3t",
                "?s3cr3t",
                "#s3cr3t",
                "?a=b&c=s3cr3t#d",
                "?#s3cr3t",
                "%3fsig=s3cr3t",
                "?x=http://s3cr3t@y",
            ] {
                urls.push(format!("{scheme}://host/a.conda{extra}"));
                urls.push(format!("{scheme}://host{extra}"));
            }
        }
        urls.extend(
            [
                "u:s3cr3t@proxy:3128",
                "/t/s3cr3t/main/a.conda",
                "/a?sig=s3cr3t",
            ]
            .map(str::to_owned),
        );
        for url in urls {
            for (before, after) in [
                ("", ""),
                ("(", ")"),
                ("redirect to ", ". Or not"),
                ("\"", "\""),
                ("http://a@b/,", ",x"),
                ("x\n", "\ty"),
            ] {
                let text = format!("{before}{url}{after}");
                let shown = redact_text(&text);
                assert!(!shown.contains(SECRET), "{text}: {shown}");
                for spelled in spellings(SECRET) {
                    let text = text.replace(SECRET, &spelled);
                    let (shown, decoded) = (redact_text(&text), decode_fully(&redact_url(&text)));
                    assert!(
                        !shown.contains(&spelled) && !decoded.contains(SECRET),
                        "{text}: {shown}"
                    );
                }
                assert_eq!(redact_text(&shown), shown, "{text}: once is enough");
            }
        }
    }
}

//! URLs without what must not be printed.

use url::Url;

const HIDDEN: &str = "********";

/// A URL as it may be shown: no user, no password, no query, no `/t/TOKEN`.
pub(crate) fn redact_url(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) => {
            // These fail for URLs that cannot have credentials, such as `file:`.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            redact_text(url.as_str())
        }
        Err(_) => redact_text(url),
    }
}

/// Text, such as another library's message, with the credentials of any URL in it replaced.
pub(crate) fn redact_text(text: &str) -> String {
    redact_tokens(&redact_userinfo(text))
}

fn redact_userinfo(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + "://".len());
        shown.push_str(before);
        let end = after
            .find(|c: char| c == '/' || c == '?' || c == '#' || c.is_whitespace())
            .unwrap_or(after.len());
        if let Some(at) = after[..end].rfind('@') {
            shown.push_str(HIDDEN);
            rest = &after[at..];
        } else {
            rest = after;
        }
    }
    shown + rest
}

fn redact_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("/t/") {
        let (before, after) = rest.split_at(start + "/t/".len());
        shown.push_str(before);
        shown.push_str(HIDDEN);
        let end = after
            .find(|c: char| c == '/' || c == '?' || c == '#' || c.is_whitespace())
            .unwrap_or(after.len());
        rest = &after[end..];
    }
    shown + rest
}

/// Last path component of a URL or path: the archive's file name.
pub(crate) fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_users_passwords_tokens_and_queries() {
        let shown = redact_url(
            "https://user:secret@example.org/t/tk-123/main/linux-64/a-1-0.conda?sig=secret#secret",
        );
        assert_eq!(
            shown,
            "https://example.org/t/********/main/linux-64/a-1-0.conda"
        );
        assert_eq!(
            redact_url("https://example.org/a-1-0.conda"),
            "https://example.org/a-1-0.conda"
        );
    }

    #[test]
    fn text_loses_the_credentials_of_every_url() {
        let shown = redact_text("from http://a:b@proxy:1 and https://x/t/tok/y (https://z@w/)");
        assert_eq!(
            shown,
            "from http://********@proxy:1 and https://x/t/********/y (https://********@w/)"
        );
    }

    #[test]
    fn file_names_come_from_urls_and_paths() {
        assert_eq!(
            file_name("https://example.org/x/a-1-0.conda?x=/y"),
            "a-1-0.conda"
        );
        assert_eq!(file_name("C:\\channel\\a-1-0.conda"), "a-1-0.conda");
    }
}

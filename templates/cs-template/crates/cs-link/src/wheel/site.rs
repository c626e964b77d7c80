//! Paths in RECORD: relative to `site-packages`.

/// A path of the prefix as RECORD has it.
pub(crate) fn to_site(site: &str, path: &str) -> String {
    if let Some(rest) = path
        .strip_prefix(site)
        .and_then(|rest| rest.strip_prefix('/'))
    {
        return rest.to_owned();
    }
    let mut site = site.split('/').peekable();
    let mut rest = path.split('/').peekable();
    while site.peek().is_some() && site.peek() == rest.peek() {
        site.next();
        rest.next();
    }
    let up = site.map(|_| "..");
    up.chain(rest).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cs_file::record::from_site;

    #[test]
    fn paths_lead_from_site_packages_and_back() {
        const SITE: &str = "lib/python3.11/site-packages";
        for (path, row) in [
            ("lib/python3.11/site-packages/a/b.py", "a/b.py"),
            ("bin/x", "../../../bin/x"),
            ("lib/x", "../../x"),
            ("lib/python3.11/x", "../x"),
            ("lib/python3.11/site-packages-x/y", "../site-packages-x/y"),
            ("x", "../../../x"),
        ] {
            assert_eq!(to_site(SITE, path), row);
            assert_eq!(from_site(SITE, row).as_deref(), Some(path));
        }
        assert_eq!(
            to_site("Lib/site-packages", "Scripts/x.exe"),
            "../../Scripts/x.exe"
        );
    }
}

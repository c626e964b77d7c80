//! The name by which conda calls a channel.
//!
//! conda's `Channel.canonical_name`, as it is without settings: what is on anaconda.org goes
//! by its name, the default channels are `defaults`, and everything else goes by its URL.

/// Where channels are that go by their names alone.
const ALIAS: &str = "conda.anaconda.org";
/// Names of the default channels. conda goes by the name: a mirror of them counts as them.
const DEFAULTS: &[&str] = if cfg!(windows) {
    &["pkgs/main", "pkgs/r", "pkgs/msys2"]
} else {
    &["pkgs/main", "pkgs/r"]
};
/// Another name that conda knows by itself.
const PRO: &str = "pkgs/pro";

/// What conda calls the channel at `url`, which does not end with a subdir.
pub(crate) fn canonical_name(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else {
        // A name as it is.
        return by_name(url).unwrap_or_else(|| url.to_owned());
    };
    let (location, name) = split_location(scheme, rest);
    if let Some(known) = by_name(name) {
        return known;
    }
    if location == ALIAS && !name.is_empty() {
        name.to_owned()
    } else {
        url.to_owned()
    }
}

/// Host and name of a channel. Channels of files are named by their last folder.
fn split_location<'a>(scheme: &str, rest: &'a str) -> (&'a str, &'a str) {
    let split = if scheme.eq_ignore_ascii_case("file") {
        rest.rsplit_once('/')
    } else {
        rest.split_once('/')
    };
    split.unwrap_or((rest, ""))
}

/// What a channel is called whose name says it all, wherever it is.
fn by_name(name: &str) -> Option<String> {
    // Servers of Anaconda's own have channels under /conda.
    let name = name.strip_prefix("conda/").unwrap_or(name);
    if DEFAULTS.contains(&name) {
        return Some("defaults".to_owned());
    }
    let mut known = DEFAULTS.iter().chain([&PRO]);
    let is_within = |known: &&str| {
        name.strip_prefix(*known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    known.any(is_within).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_called_as_conda_calls_them() {
        for (url, name) in [
            ("https://conda.anaconda.org/conda-forge", "conda-forge"),
            ("https://conda.anaconda.org/conda-forge/", "conda-forge"),
            (
                "https://conda.anaconda.org/conda-forge/label/dev",
                "conda-forge/label/dev",
            ),
            ("https://repo.anaconda.com/pkgs/main", "defaults"),
            ("https://repo.anaconda.com/pkgs/r", "defaults"),
            ("https://mirror.example/pkgs/main", "defaults"),
            ("https://repo.anaconda.com/pkgs/pro", "pkgs/pro"),
            (
                "https://repo.anaconda.com/pkgs/main/label/x",
                "pkgs/main/label/x",
            ),
            ("https://host.example/conda/pkgs/main", "defaults"),
            (
                "https://repo.anaconda.com/pkgs/free",
                "https://repo.anaconda.com/pkgs/free",
            ),
            (
                "https://repo.prefix.dev/conda-forge",
                "https://repo.prefix.dev/conda-forge",
            ),
            (
                "http://localhost:8000/a/channel",
                "http://localhost:8000/a/channel",
            ),
            ("file:///srv/channel", "file:///srv/channel"),
            ("https://conda.anaconda.org", "https://conda.anaconda.org"),
            ("conda-forge", "conda-forge"),
            ("pkgs/main", "defaults"),
        ] {
            assert_eq!(canonical_name(url), name, "{url}");
        }
    }
}

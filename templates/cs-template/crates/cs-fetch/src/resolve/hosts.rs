//! The hosts file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::Path;

/// Most that is read: lists that block advertisers have some MiB.
const LONGEST: u64 = 32 * 1024 * 1024;

/// Addresses that the file gives `name`, in its order; none when there is no such file.
pub(crate) fn find(path: &Path, name: &str) -> Vec<IpAddr> {
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Vec::new();
    }
    let Ok(file) = File::open(path) else {
        return Vec::new();
    };
    let lines = BufReader::new(file.take(LONGEST)).split(b'\n');
    lines
        .map_while(Result::ok)
        .filter_map(|line| match_line(&String::from_utf8_lossy(&line), name))
        .collect()
}

/// The line's address, if the line names `name`.
fn match_line(line: &str, name: &str) -> Option<IpAddr> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let address = words.next()?;
    words
        .any(|word| word.eq_ignore_ascii_case(name))
        .then(|| address.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_names_the_host_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hosts");
        let text = b"# 9.9.9.9 demo\n127.0.0.1\tlocalhost\r\n10.0.0.1 other Demo.Local demo # 8.8.8.8 more\n\
            \xff\xfe x\n\
            ::2 demo\nfe80::1%eth0 demo\nnonsense demo\n10.0.0.2 xdemo\n10.0.0.3";
        std::fs::write(&path, text).unwrap();
        let find = |name| {
            find(&path, name)
                .iter()
                .map(IpAddr::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(find("demo"), ["10.0.0.1", "::2"]);
        assert_eq!(find("DEMO.local"), ["10.0.0.1"]);
        assert_eq!(find("localhost"), ["127.0.0.1"]);
        assert!(find("more").is_empty() && find("").is_empty());
    }

    #[test]
    fn a_hosts_path_that_is_not_a_file_is_ignored() {
        assert!(find(Path::new("/nowhere/hosts"), "localhost").is_empty());
        assert!(find(Path::new("/"), "localhost").is_empty());
    }
}

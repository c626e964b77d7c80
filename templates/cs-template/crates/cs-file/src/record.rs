//! RECORD, the list of what is installed of a Python distribution: comma-separated rows `PATH,HASH,SIZE`.

/// Read path, hash and size of every row that has a path, as they are: whatever is missing is empty.
pub fn read_rows(text: &[u8]) -> Vec<[String; 3]> {
    let mut rows = Vec::new();
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    while !rest.is_empty() {
        let mut fields = <[String; 3]>::default();
        let mut at = 0;
        loop {
            let (field, end, after) = read_field(rest);
            rest = after;
            if let Some(place) = fields.get_mut(at) {
                *place = field;
            }
            at += 1;
            if end != b',' {
                break;
            }
        }
        if !fields[0].is_empty() {
            rows.push(fields);
        }
    }
    rows
}

/// The next field, what it ends with, and what comes after that.
fn read_field(text: &[u8]) -> (String, u8, &[u8]) {
    let mut field = Vec::new();
    let mut rest = text;
    if let Some(quoted) = rest.strip_prefix(b"\"") {
        rest = quoted;
        loop {
            let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
            field.extend_from_slice(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or_default();
            match rest.strip_prefix(b"\"") {
                Some(more) => {
                    field.push(b'"');
                    rest = more;
                }
                None => break,
            }
        }
    }
    let end = memchr::memchr3(b',', b'\n', b'\r', rest).unwrap_or(rest.len());
    field.extend_from_slice(&rest[..end]);
    let mark = rest.get(end).copied().unwrap_or(b'\n');
    let mut after = rest.get(end + 1..).unwrap_or_default();
    if mark == b'\r' {
        after = after.strip_prefix(b"\n").unwrap_or(after);
    }
    (String::from_utf8_lossy(&field).into_owned(), mark, after)
}

/// Where a path of RECORD leads in the prefix, of which `site` is the `site-packages`; `None` if it leads out of it.
pub fn from_site(site: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = site.split('/').collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_prefix() {
        let site = "lib/python3.11/site-packages";
        for (row, path) in [
            (
                "rich/a.py,sha256=x,1",
                Some("lib/python3.11/site-packages/rich/a.py"),
            ),
            (
                "./rich//a.py",
                Some("lib/python3.11/site-packages/rich/a.py"),
            ),
            ("../../../bin/rich,,", Some("bin/rich")),
            (
                "\"a,\"\"b\"\".py\",,",
                Some("lib/python3.11/site-packages/a,\"b\".py"),
            ),
            ("../../../../x", None),
            ("../../../../../etc/passwd,,", None),
            ("/etc/passwd,,", None),
        ] {
            let rows = read_rows(row.as_bytes());
            let [[found, ..]] = rows.as_slice() else {
                panic!("{rows:?}");
            };
            assert_eq!(from_site(site, found).as_deref(), path, "{row}");
        }
    }

    #[test]
    fn rows_without_a_path_are_none() {
        for text in ["", "\n\n", ",,", ",sha256=x,1\r\n", "\"\",,"] {
            assert_eq!(
                read_rows(text.as_bytes()),
                Vec::<[String; 3]>::new(),
                "{text:?}"
            );
        }
    }
}

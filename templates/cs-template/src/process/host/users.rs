//! `getpwuid_r`: users as `/etc/passwd` has them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use libc::{c_char, c_int, gid_t, passwd, size_t, uid_t};

const PATH: &str = "/etc/passwd";
/// Most that is read: a hundred thousand users have some MiB.
const LONGEST: u64 = 64 * 1024 * 1024;

/// A user: what anybody asks for.
#[derive(Debug, PartialEq, Eq)]
struct User {
    name: Vec<u8>,
    group: gid_t,
    home: Vec<u8>,
    shell: Vec<u8>,
}

fn find_user(path: &Path, uid: uid_t) -> Option<User> {
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    let lines = BufReader::new(File::open(path).ok()?.take(LONGEST)).split(b'\n');
    lines
        .map_while(Result::ok)
        .find_map(|line| read_line(&line, uid))
}

/// `NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL`, if it is that user's line and makes sense.
fn read_line(line: &[u8], uid: uid_t) -> Option<User> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let [name, _, user, group, _, home, rest @ ..] = fields.as_slice() else {
        return None;
    };
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse::<u32>().ok();
    // Lines of NIS begin with a sign.
    let is_entry = !name.is_empty() && !name.starts_with(b"+") && !name.starts_with(b"-");
    let is_asked_for = is_entry && number(user)? == uid && !line.contains(&0);
    is_asked_for.then(|| User {
        name: name.to_vec(),
        group: number(group).unwrap_or(uid),
        home: home.to_vec(),
        shell: rest
            .first()
            .unwrap_or(&b"".as_slice())
            .trim_ascii()
            .to_vec(),
    })
}

/// The C library's function, with its contract: 0 with a null result for an unknown user.
///
/// # Safety
/// `entry` and `result` are valid for writes, as is `buffer` for `length` bytes.
#[cfg_attr(target_feature = "crt-static", unsafe(no_mangle))]
unsafe extern "C" fn getpwuid_r(
    uid: uid_t,
    entry: *mut passwd,
    buffer: *mut c_char,
    length: size_t,
    result: *mut *mut passwd,
) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { *result = std::ptr::null_mut() };
    let Some(user) = find_user(Path::new(PATH), uid) else {
        return 0;
    };
    let texts = [
        &user.name,
        &b"x".to_vec(),
        &b"".to_vec(),
        &user.home,
        &user.shell,
    ];
    if texts.iter().map(|text| text.len() + 1).sum::<usize>() > length {
        return libc::ERANGE;
    }
    let mut used = 0;
    let [name, password, comment, home, shell] = texts.map(|text| {
        // SAFETY: all texts with their ends fit into the buffer, which is the caller's for as long as the entry.
        unsafe {
            let start = buffer.add(used);
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), start, text.len());
            *start.add(text.len()) = 0;
            used += text.len() + 1;
            start
        }
    });
    // SAFETY: as the caller promises.
    unsafe {
        *entry = passwd {
            pw_name: name,
            pw_passwd: password,
            pw_uid: uid,
            pw_gid: user.group,
            pw_gecos: comment,
            pw_dir: home,
            pw_shell: shell,
        };
        *result = entry;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn find(text: &[u8], uid: uid_t) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwd");
        std::fs::write(&path, text).unwrap();
        find_user(&path, uid).map(|user| String::from_utf8_lossy(&user.home).into_owned())
    }

    #[test]
    fn the_first_line_that_makes_sense_counts() {
        let text = b"# comment\nroot:x:0:0:root:/root:/bin/sh\n+nis:x:7:7::/nis:\n\nbroken:7\n\
            :x:7:7::/none:\nx:x:seven:7::/x:/\n\
            nul\0:x:7:7::/nul:/\nann:x:7:bad:A, B\xff:/home/ann\n\
            bob:x:7:7::/home/bob:/bin/sh\nlast:x:8:8::/l\xc3\xa4st:";
        assert_eq!(find(text, 0), Some("/root".into()));
        assert_eq!(find(text, 7), Some("/home/ann".into()));
        assert_eq!(find(text, 8), Some("/läst".into()));
        assert_eq!((find(text, 9), find(b"", 0)), (None, None));
        assert_eq!(
            (
                find_user(Path::new("/nowhere"), 0),
                find_user(Path::new("/"), 0)
            ),
            (None, None)
        );
    }

    /// What the C library itself says of this user, through the function that takes its place.
    #[test]
    fn this_user_is_the_one_that_the_c_library_knows() {
        // SAFETY: no argument, no failure.
        let uid = unsafe { libc::getuid() };
        let home = |ask: &dyn Fn(*mut passwd, &mut [c_char], *mut *mut passwd) -> c_int,
                    length: usize| {
            let mut buffer = vec![0; length];
            // SAFETY: all zeros is a valid value.
            let mut entry: passwd = unsafe { std::mem::zeroed() };
            let mut result = std::ptr::null_mut();
            let status = ask(&mut entry, &mut buffer, &mut result);
            // SAFETY: a result that is not null is the entry, and its texts are in the buffer.
            let home =
                (!result.is_null()).then(|| unsafe { CStr::from_ptr(entry.pw_dir) }.to_owned());
            (status, home)
        };
        // SAFETY: all pointers are those of `home`.
        let own = |entry: *mut passwd, buffer: &mut [c_char], result: *mut *mut passwd| unsafe {
            getpwuid_r(uid, entry, buffer.as_mut_ptr(), buffer.len(), result)
        };
        // SAFETY: the same.
        let glibcs = |entry: *mut passwd, buffer: &mut [c_char], result: *mut *mut passwd| unsafe {
            libc::getpwuid_r(uid, entry, buffer.as_mut_ptr(), buffer.len(), result)
        };
        if find_user(Path::new(PATH), uid).is_some() {
            assert_eq!(home(&own, 4096), home(&glibcs, 4096));
            assert_eq!(home(&own, 3), (libc::ERANGE, None));
        }
    }
}

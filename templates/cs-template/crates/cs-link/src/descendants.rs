//! Processes that a child has started, wherever they have gone: a group or a session of their own does not hide them.
//!
//! The child adopts those whose own parents are gone (`PR_SET_CHILD_SUBREAPER`, see prctl(2)), so all
//! of them are under it as long as it is there itself. Where `/proc` cannot be read none is found.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How often is looked for those that were started in the meantime.
const ROUNDS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(1);

/// Kill all that `root`, a child of this process that has not been waited for, has started; `root` itself is stopped.
pub(crate) fn kill_all(root: i32) {
    // It must not end before them, or they would go to the system's first process.
    send(root, Signal::STOP);
    for _ in 0..ROUNDS {
        let found = list(root);
        if found.is_empty() {
            return;
        }
        for process in found {
            send(process, Signal::KILL);
        }
        std::thread::sleep(PAUSE);
    }
}

fn send(process: i32, signal: Signal) {
    if let Some(process) = Pid::from_raw(process) {
        let _ = kill_process(process, signal);
    }
}

/// Everything under `root` that still runs.
fn list(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<(i32, bool)>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let read = |process: i32| fs::read(format!("/proc/{process}/stat")).ok();
        if let Some(process) = process
            && let Some((parent, runs)) = read(process).as_deref().and_then(parse)
        {
            children.entry(parent).or_default().push((process, runs));
        }
    }
    let (mut found, mut seen, mut open) = (Vec::new(), HashSet::from([root]), vec![root]);
    while let Some(parent) = open.pop() {
        for &(process, runs) in children.get(&parent).into_iter().flatten() {
            if seen.insert(process) {
                found.extend(runs.then_some(process));
                open.push(process);
            }
        }
    }
    found
}

/// Parent, and whether the process has not ended yet: `PID (NAME) STATE PARENT ...` as in
/// proc(5), where the name may hold anything.
fn parse(stat: &[u8]) -> Option<(i32, bool)> {
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    let mut words = rest.split_ascii_whitespace();
    let state = words.next()?;
    Some((words.next()?.parse().ok()?, !matches!(state, "Z" | "X")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        assert_eq!(parse(b"12 (a) Z 1 (b)) S 34 12 12 0"), Some((34, true)));
        assert_eq!(parse(b"12 (a\xff) Z 34 12"), Some((34, false)));
        assert_eq!(parse(b"12 a"), None);
    }
}

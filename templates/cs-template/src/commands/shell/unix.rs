//! Start-up files for interactive shells, handed over in memory: nothing is written outside the prefix.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::path::Path;

use cs_link::activation::{list_scripts, quote};
use cs_prefix::OWN_FILES;

use super::kind::{Kind, recognize};
use super::plan::ShellPlan;
use crate::run::environment::{Environment, join_directories};

type Prepared = (Vec<OsString>, Environment);

/// The command line and environment of an interactive shell; `None` when there is no way
/// to reach it after its start-up files.
pub fn prepare_interactive(
    plan: &ShellPlan,
    shell: &Path,
    environment: &Environment,
) -> Option<Prepared> {
    let mut environment = environment.clone();
    let options = match recognize(shell) {
        Kind::Bash => {
            let file = hand_over_file(|fd| posix_script(plan, BASH_FILE, fd)).ok()?;
            vec!["--rcfile".into(), file, "-i".into()]
        }
        Kind::Posix => prepare_posix(plan, &mut environment).ok()?,
        Kind::Zsh => prepare_zsh(plan, &mut environment).ok()?,
        Kind::Fish => vec!["-i".into(), "-C".into(), fish_lines(plan)],
        // xonsh skips start-up files that are pipes, which they are elsewhere.
        Kind::Xonsh if cfg!(target_os = "linux") => prepare_xonsh(plan).ok()?,
        Kind::Xonsh | Kind::Other => return None,
    };
    // The script puts the directories first, once; the start-up files see the user's own PATH.
    match std::env::var_os("PATH") {
        Some(path) => environment.set("PATH", path),
        None => environment.remove("PATH"),
    }
    Some(([vec![shell.into()], options].concat(), environment))
}

fn prepare_posix(plan: &ShellPlan, environment: &mut Environment) -> io::Result<Vec<OsString>> {
    let file = hand_over_file(|fd| {
        let mut script = posix_script(plan, POSIX_FILE, fd);
        script.push("ENV=$_CS_ENV; [ -n \"$ENV\" ] || unset ENV; unset _CS_ENV\n");
        script
    })?;
    environment.set("_CS_ENV", std::env::var_os("ENV").unwrap_or_default());
    environment.set("ENV", file);
    Ok(vec!["-i".into()])
}

fn prepare_zsh(plan: &ShellPlan, environment: &mut Environment) -> io::Result<Vec<OsString>> {
    let directory = write_zsh_files(&plan.root)?;
    let user_directory = std::env::var_os("ZDOTDIR").unwrap_or_default();
    environment.set("_CS_ZDOTDIR", user_directory);
    environment.set("_CS_ACTIVATE", posix_lines(plan));
    environment.set("_CS_DOTDIR", directory.clone());
    environment.set("ZDOTDIR", directory);
    Ok(vec!["-i".into()])
}

fn prepare_xonsh(plan: &ShellPlan) -> io::Result<Vec<OsString>> {
    let own = hand_over_file(|_| xonsh_lines(plan))?;
    let options = ["-i", "--rc"].map(OsString::from);
    Ok(options
        .into_iter()
        .chain(xonsh_files())
        .chain([own])
        .collect())
}

/// What bash reads by default.
const BASH_FILE: &str = "~/.bashrc";
/// What other shells read: `ENV` may hold variables, which they expand.
const POSIX_FILE: &str = r#"$(eval "printf '%s' \"$_CS_ENV\"")"#;

/// Source the user's file, activate, and close the descriptor that this script was read from.
fn posix_script(plan: &ShellPlan, user_file: &str, fd: i32) -> OsString {
    let mut script = OsString::from(format!("_cs_file={user_file}\n"));
    script.push("[ -r \"$_cs_file\" ] && . \"$_cs_file\"\nunset _cs_file\n");
    script.push(posix_lines(plan));
    // Descriptors above 9 need a form that only some shells have; an open end of an empty file does no harm there.
    if fd <= 9 {
        script.push(format!("exec {fd}<&-\n"));
    }
    script
}

fn posix_lines(plan: &ShellPlan) -> OsString {
    // What another conda has put before the prompt goes with it.
    let mut script = OsString::from("PS1=\"${PS1#\"$CONDA_PROMPT_MODIFIER\"}\"\n");
    for (name, value) in plan.variables() {
        script.push(format!("export {name}="));
        script.push(quote(&value));
        script.push("\n");
    }
    script.push("export PATH=");
    script.push(quote(&join_directories(&plan.directories())));
    script.push("${PATH:+:$PATH}\n");
    for file in list_scripts(&plan.environment.prefix, "sh") {
        script.push("_cs_activate() { . ");
        script.push(quote(file.as_os_str()));
        script.push("; }\n_cs_options=$-\n_cs_activate || :\n");
        script.push(RESTORE_OPTIONS);
    }
    script.push("PS1=\"${CONDA_PROMPT_MODIFIER}${PS1}\"\n");
    script
}

/// A script may set its own arguments, which are those of a function, but is not to leave
/// options that end the user's shell at the next command that fails.
const RESTORE_OPTIONS: &str = "\
case $_cs_options in *e*) ;; *) set +e ;; esac
case $_cs_options in *u*) ;; *) set +u ;; esac
unset _cs_options; unset -f _cs_activate
";

/// Longer start-up files do not come from this runtime.
const LIMIT_BYTES: u64 = 1 << 16;

/// zsh reads start-up files only from one directory. It is in the prefix: nothing in it depends on the user.
fn write_zsh_files(root: &Path) -> io::Result<OsString> {
    let directory = root.join(OWN_FILES).join("zsh");
    let files = [(".zshenv", ZSHENV), (".zshrc", ZSHRC)];
    let is_there = |(name, text): (&str, &str)| {
        let found = cs_file::read(&directory.join(name), cs_file::Links::Refused, LIMIT_BYTES);
        found.is_ok_and(|found| found == text.as_bytes())
    };
    if !files.into_iter().all(is_there) {
        std::fs::create_dir_all(&directory)?;
        for (name, text) in files {
            std::fs::write(directory.join(name), text)?;
        }
    }
    Ok(directory.into())
}

/// Read the user's file with the user's `ZDOTDIR`, then come back for the next one.
///
/// Our own directory comes by another variable: while this file is read, zsh has a `ZDOTDIR` of the
/// environment that holds some other characters than ASCII in a form that is good for nothing else.
const ZSHENV: &str = r#"if [[ -n "$_CS_ZDOTDIR" ]]; then ZDOTDIR="$_CS_ZDOTDIR"; else unset ZDOTDIR; fi
[[ -r "${ZDOTDIR:-$HOME}/.zshenv" ]] && source "${ZDOTDIR:-$HOME}/.zshenv"
_CS_ZDOTDIR="$ZDOTDIR"
ZDOTDIR="$_CS_DOTDIR"
"#;

/// The last file of an interactive shell: from here on `ZDOTDIR` is the user's own.
const ZSHRC: &str = r#"if [[ -n "$_CS_ZDOTDIR" ]]; then ZDOTDIR="$_CS_ZDOTDIR"; else unset ZDOTDIR; fi
[[ -r "${ZDOTDIR:-$HOME}/.zshrc" ]] && source "${ZDOTDIR:-$HOME}/.zshrc"
eval "$_CS_ACTIVATE"
unset _CS_ACTIVATE _CS_ZDOTDIR _CS_DOTDIR
"#;

/// In fish's single quotes, a backslash and a quote are written with a backslash before them.
fn fish_quote(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn fish_lines(plan: &ShellPlan) -> OsString {
    let directories: Vec<String> = plan
        .directories()
        .iter()
        .map(|directory| fish_quote(directory.as_os_str()))
        .collect();
    let mut script = format!("set -gx PATH {} $PATH\n", directories.join(" "));
    for (name, value) in plan.variables() {
        script += &format!("set -gx {name} {}\n", fish_quote(&value));
    }
    for file in list_scripts(&plan.environment.prefix, "fish") {
        script += &format!("source {}\n", fish_quote(file.as_os_str()));
    }
    script += "if functions -q fish_prompt; functions -c fish_prompt _cs_prompt; function fish_prompt; \
               printf '%s' $CONDA_PROMPT_MODIFIER; _cs_prompt; end; end\n";
    script.into()
}

/// The start-up files that xonsh reads by default.
fn xonsh_files() -> Vec<OsString> {
    let home = std::env::home_dir().unwrap_or_default();
    let config = std::env::var_os("XDG_CONFIG_HOME")
        .filter(|value| !value.is_empty())
        .map_or_else(|| home.join(".config"), Into::into);
    let candidates = [
        "/etc/xonsh/xonshrc".into(),
        "/etc/xonshrc".into(),
        config.join("xonsh/rc.xsh"),
        home.join(".xonshrc"),
    ];
    let present = candidates.into_iter().filter(|path| path.is_file());
    present.map(Into::into).collect()
}

fn xonsh_lines(plan: &ShellPlan) -> OsString {
    let mut script = String::new();
    for (name, value) in plan.variables() {
        script += &format!("${name} = {:?}\n", value.to_string_lossy());
    }
    // xonsh has its own place for the name, and would call every runtime `base`.
    script += &format!(
        "$PROMPT_FIELDS['env_name'] = {:?}\n",
        plan.prompt_modifier()
    );
    for directory in plan.directories().iter().rev() {
        let literal = format!("{:?}", directory.to_string_lossy());
        script += &format!("$PATH.insert(0, {literal})\n");
    }
    for file in list_scripts(&plan.environment.prefix, "xsh") {
        script += &format!("source {:?}\n", file.to_string_lossy());
    }
    script.into()
}

/// Put a script into memory and return the path by which the shell can read it. The descriptor survives `exec`.
/// The script gets its descriptor, to close it.
#[cfg(target_os = "linux")]
fn hand_over_file(script: impl FnOnce(i32) -> OsString) -> io::Result<OsString> {
    use rustix::fs::{MemfdFlags, memfd_create};
    // A program that opens `/dev/fd/N` of such a file starts at its beginning.
    let mut file = File::from(memfd_create("activate", MemfdFlags::empty())?);
    let fd = file.as_raw_fd();
    file.write_all(script(fd).as_encoded_bytes())?;
    name_descriptor(file.into_raw_fd())
}

/// As on Linux, with a pipe whose writing end is closed again: a script is far smaller than what a pipe holds.
#[cfg(not(target_os = "linux"))]
fn hand_over_file(script: impl FnOnce(i32) -> OsString) -> io::Result<OsString> {
    let (reader, writer) = rustix::pipe::pipe()?;
    let fd = reader.as_raw_fd();
    File::from(writer).write_all(script(fd).as_encoded_bytes())?;
    name_descriptor(reader.into_raw_fd())
}

/// The path of an open descriptor, if this system has such paths.
fn name_descriptor(fd: i32) -> io::Result<OsString> {
    let path = format!("/dev/fd/{fd}");
    std::fs::metadata(&path)?;
    Ok(path.into())
}

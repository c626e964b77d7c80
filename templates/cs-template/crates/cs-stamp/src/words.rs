//! The words and options that a runtime keeps for itself.

/// Install now, again, or from a bundle.
pub const BOOTSTRAP: &str = "bootstrap";
/// Say what is installed.
pub const STATUS: &str = "status";
/// Compare what is installed with what was.
pub const VERIFY: &str = "verify";
/// Start a shell.
pub const SHELL: &str = "shell";
/// Put back what the last upgrade replaced.
pub const ROLLBACK: &str = "rollback";
/// Remove the prefix.
pub const UNINSTALL: &str = "uninstall";
/// Explain.
pub const HELP: &str = "help";

/// The runtime's own commands, in the order of the help.
pub const COMMANDS: [&str; 7] = [BOOTSTRAP, STATUS, VERIFY, SHELL, ROLLBACK, UNINSTALL, HELP];
/// Words of conda that a runtime explains instead of passing them on.
pub const EXPLAINED: [&str; 3] = ["activate", "deactivate", "init"];
/// The options that a runtime keeps for itself; the long ones for help and version are the delegate's.
pub const OPTIONS: [&str; 11] = [
    "-h",
    "-V",
    "-q",
    "-v",
    "-qq",
    "-qv",
    "-vq",
    "-vv",
    "--path",
    "--progress",
    "--",
];

/// All of them, separated by newlines.
pub fn join_words(self_commands: bool, delegate_is_conda: bool) -> String {
    if self_commands {
        return "self".to_owned();
    }
    let explained: &[&str] = if delegate_is_conda { &EXPLAINED } else { &[] };
    let words: Vec<&str> = [&COMMANDS[..], &OPTIONS, explained].concat();
    words.join("\n")
}

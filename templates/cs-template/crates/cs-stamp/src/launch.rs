//! The launch part: what a later run needs, and no more.
//!
//! All of it follows from the header, so nothing is read from it here: a part that differs is damaged.

use cs_entry::launch::{STRING_COUNT, VERSION, is_conda};

use crate::{Activation, Commands, Header, InstallScheme};

/// The runtime's own commands, in the order of the help.
pub const COMMANDS: [&str; 6] = [
    "bootstrap",
    "status",
    "shell",
    "rollback",
    "uninstall",
    "help",
];
/// Words of conda that a runtime explains instead of passing them on.
pub const EXPLAINED: [&str; 3] = ["activate", "deactivate", "init"];
/// The options that a runtime keeps for itself; `--help` and `--version` are the delegate's.
const OPTIONS: [&str; 11] = [
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
/// The bytes that every marker starts with, up to the identity.
const MARKER_START: &str = r#"{"schema_version":1,"stamp":""#;

/// What a later run needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The runtime's own commands stand behind the word `self`.
    pub self_commands: bool,
    /// The delegate needs a full activation.
    pub full_activation: bool,
    /// The prefix stands in the user data directory, not in `HOME`.
    pub user_data: bool,
    /// The runtime is named `conda`.
    pub named_conda: bool,
    /// The runtime's name.
    pub runtime: String,
    /// The prefix, relative to `HOME` or to the user data directory.
    pub prefix: String,
    /// The delegate, relative to the prefix.
    pub delegate: String,
    /// The marker, relative to the prefix.
    pub marker: String,
    /// The bytes that the marker of this very build starts with.
    pub marker_start: String,
    /// The variable that names another prefix.
    pub prefix_variable: Option<String>,
    /// The variable that asks for quiet.
    pub quiet_variable: String,
    /// Words and options that the runtime keeps for itself.
    pub words: Vec<String>,
}

impl Launch {
    /// What follows from the header of the stamp with this identity.
    pub(crate) fn of(header: &Header, identity_hex: &str) -> Self {
        let runtime = &header.runtime;
        let user_data = header.install_scheme == InstallScheme::UserData;
        let named_conda = runtime == "conda";
        let self_commands = header.commands == Commands::SelfWord;
        // On Windows an executable may be in any of seven directories: there it is the bare file name.
        let delegate = match header.platform.starts_with("win-") {
            true => format!("{}.exe", header.delegate),
            false => format!("bin/{}", header.delegate),
        };
        let directory = if user_data { "conda" } else { ".conda" };
        Self {
            self_commands,
            full_activation: header.activation == Activation::Full,
            user_data,
            named_conda,
            runtime: runtime.clone(),
            prefix: format!("{directory}/{}", header.install_name),
            marker: format!(".{runtime}.json"),
            marker_start: format!("{MARKER_START}{identity_hex}\""),
            prefix_variable: (!named_conda).then(|| name_variable(runtime, "PREFIX")),
            quiet_variable: name_variable(runtime, "QUIET"),
            words: list_words(self_commands, is_conda(delegate.as_bytes())),
            delegate,
        }
    }

    /// The delegate is conda.
    pub fn delegate_is_conda(&self) -> bool {
        is_conda(self.delegate.as_bytes())
    }

    /// The part, as a writer writes it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let flags = u32::from(self.self_commands)
            | u32::from(self.full_activation) << 1
            | u32::from(self.user_data) << 2
            | u32::from(self.named_conda) << 3;
        let words = self.words.join("\n");
        let strings: [&str; STRING_COUNT] = [
            &self.runtime,
            &self.prefix,
            &self.delegate,
            &self.marker,
            MARKER_START,
            self.prefix_variable.as_deref().unwrap_or_default(),
            &self.quiet_variable,
            &words,
        ];
        let count = (STRING_COUNT as u32).to_le_bytes();
        let mut bytes = [VERSION.to_le_bytes(), flags.to_le_bytes(), count].concat();
        for string in strings {
            // A longer string makes another part than any that is within its limit.
            bytes.extend((string.len() as u16).to_le_bytes());
            bytes.extend([string.as_bytes(), b"\0"].concat());
        }
        bytes
    }
}

/// Name the variable of `runtime` that ends in `suffix`: `my-demo` and `BUNDLE` give `MY_DEMO_BUNDLE`.
pub fn name_variable(runtime: &str, suffix: &str) -> String {
    let stem: String = runtime
        .chars()
        .map(|letter| match letter {
            'a'..='z' => letter.to_ascii_uppercase(),
            'A'..='Z' | '0'..='9' => letter,
            _ => '_',
        })
        .collect();
    format!("{stem}_{suffix}")
}

fn list_words(self_commands: bool, is_conda: bool) -> Vec<String> {
    if self_commands {
        return vec!["self".to_owned()];
    }
    let explained = if is_conda { &EXPLAINED[..] } else { &[] };
    let words = COMMANDS.iter().chain(&OPTIONS).chain(explained);
    words.map(|word| (*word).to_owned()).collect()
}

//! The launch part: what a later run needs, and no more.
//!
//! All of it follows from the header, so nothing is read from it here: a part that differs is damaged.

use cs_entry::launch::{STRING_COUNT, VERSION, is_conda};

use crate::words::join_words;
use crate::{Activation, Commands, Header, InstallScheme};

/// The bytes that every marker starts with, up to the identity.
const MARKER_START: &str = r#"{"schema_version":1,"stamp":""#;

/// What a later run needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The runtime's own commands come after the word `self`.
    pub self_commands: bool,
    /// The delegate needs a full activation.
    pub full_activation: bool,
    /// The prefix is in the user data directory, not in `HOME`.
    pub user_data: bool,
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
    /// Words and options that the runtime keeps for itself, separated by newlines.
    pub words: String,
}

impl Launch {
    /// What follows from the header of the stamp with this identity.
    pub(crate) fn of(header: &Header, identity_hex: &str) -> Self {
        let runtime = &header.runtime;
        let user_data = header.install_scheme == InstallScheme::UserData;
        let self_commands = header.commands == Commands::SelfWord;
        let delegate = match &header.delegate_path {
            Some(path) => path.clone(),
            // The build did not look for it. On Windows it may be in any of seven directories, with three endings.
            None if header.platform.starts_with("win-") => header.delegate.clone(),
            None => format!("bin/{}", header.delegate),
        };
        let directory = if user_data { "conda" } else { ".conda" };
        Self {
            self_commands,
            full_activation: header.activation == Activation::Full,
            user_data,
            prefix: format!("{directory}/{}", header.install_name),
            marker: format!(".{runtime}.json"),
            marker_start: format!("{MARKER_START}{identity_hex}\""),
            // `CONDA_PREFIX` names the active environment.
            prefix_variable: (runtime != "conda").then(|| name_variable(runtime, "PREFIX")),
            words: join_words(self_commands, is_conda(delegate.as_bytes())),
            delegate,
        }
    }

    /// The same in the form of the fast path, whose functions the full program calls.
    pub fn as_entry(&self) -> cs_entry::launch::Launch<'_> {
        cs_entry::launch::Launch {
            flags: u32::from(self.full_activation) | u32::from(self.user_data) << 1,
            prefix: self.prefix.as_bytes(),
            delegate: self.delegate.as_bytes(),
            marker: self.marker.as_bytes(),
            marker_start: MARKER_START.as_bytes(),
            prefix_variable: self.prefix_variable.as_deref().unwrap_or("").as_bytes(),
            words: self.words.as_bytes(),
        }
    }

    /// The delegate is conda.
    pub fn delegate_is_conda(&self) -> bool {
        is_conda(self.delegate.as_bytes())
    }

    /// The part, as a writer writes it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let launch = self.as_entry();
        let strings: [&[u8]; STRING_COUNT] = [
            launch.prefix,
            launch.delegate,
            launch.marker,
            launch.marker_start,
            launch.prefix_variable,
            launch.words,
        ];
        let count = (STRING_COUNT as u32).to_le_bytes();
        let mut bytes = [VERSION.to_le_bytes(), launch.flags.to_le_bytes(), count].concat();
        for string in strings {
            // With a longer string, the part differs from any that is within its limit.
            bytes.extend((string.len() as u16).to_le_bytes());
            bytes.extend([string, b"\0"].concat());
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

//! The launch part: what a later run needs, and no more.

use cs_entry::launch::{STRING_COUNT, VERSION};

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
    /// The delegate is conda.
    pub fn delegate_is_conda(&self) -> bool {
        cs_entry::launch::is_conda(self.delegate.as_bytes())
    }

    /// Parse a launch part, by the same rules as the fast path.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let launch = cs_entry::launch::Launch::parse(bytes).ok_or_else(|| {
            format!("it is not version {VERSION} with {STRING_COUNT} whole strings")
        })?;
        let prefix_variable = read_text(launch.prefix_variable)?;
        Ok(Self {
            self_commands: launch.has_self_commands(),
            full_activation: launch.needs_full_activation(),
            user_data: launch.uses_user_data(),
            named_conda: launch.is_named_conda(),
            runtime: read_text(launch.runtime)?,
            prefix: read_text(launch.prefix)?,
            delegate: read_text(launch.delegate)?,
            marker: read_text(launch.marker)?,
            marker_start: read_text(launch.marker_start)?,
            prefix_variable: Some(prefix_variable).filter(|name| !name.is_empty()),
            quiet_variable: read_text(launch.quiet_variable)?,
            words: read_text(launch.words)?
                .split('\n')
                .map(str::to_owned)
                .collect(),
        })
    }
}

fn read_text(bytes: &[u8]) -> Result<String, String> {
    str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| "a string is not UTF-8".to_owned())
}

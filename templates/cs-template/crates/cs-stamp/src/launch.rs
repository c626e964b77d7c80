//! The launch part: what a later run needs, and no more.

use crate::bytes::array_at;

const VERSION: u32 = 1;
const STRING_COUNT: u16 = 8;

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
    /// Words that the runtime keeps for itself.
    pub words: Vec<String>,
}

impl Launch {
    /// Parse a launch part.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < 12 {
            return Err("it is too short".to_owned());
        }
        let version = u32::from_le_bytes(array_at(bytes, 0));
        let flags = u32::from_le_bytes(array_at(bytes, 4));
        let count = u16::from_le_bytes(array_at(bytes, 8));
        if (version, count) != (VERSION, STRING_COUNT) {
            return Err(format!(
                "it has version {version} and {count} strings, not {VERSION} and {STRING_COUNT}"
            ));
        }
        let [
            runtime,
            prefix,
            delegate,
            marker,
            marker_start,
            prefix_variable,
            quiet_variable,
            words,
        ] = parse_strings(&bytes[12..])?;
        Ok(Self {
            self_commands: flags & 1 != 0,
            full_activation: flags & 2 != 0,
            user_data: flags & 4 != 0,
            named_conda: flags & 8 != 0,
            runtime,
            prefix,
            delegate,
            marker,
            marker_start,
            prefix_variable: Some(prefix_variable).filter(|name| !name.is_empty()),
            quiet_variable,
            words: words.split('\n').map(str::to_owned).collect(),
        })
    }
}

/// Read eight strings: a 2-byte length, the bytes, one NUL; nothing may follow the last.
fn parse_strings(mut rest: &[u8]) -> Result<[String; 8], String> {
    let mut strings: [String; 8] = Default::default();
    for (index, string) in strings.iter_mut().enumerate() {
        let (text, tail) =
            split_string(rest).ok_or_else(|| format!("its string {index} is cut short"))?;
        *string = str::from_utf8(text)
            .map_err(|_| format!("its string {index} is not UTF-8"))?
            .to_owned();
        rest = tail;
    }
    if rest.is_empty() {
        Ok(strings)
    } else {
        Err(format!("{} bytes follow its last string", rest.len()))
    }
}

fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    let rest = rest.strip_prefix(b"\0")?;
    (!text.contains(&0)).then_some((text, rest))
}

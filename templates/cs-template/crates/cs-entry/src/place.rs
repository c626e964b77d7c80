//! Where the prefix is, as far as it can be said without asking the system: Linux only.

use crate::launch::Launch;
use crate::text::Text;

/// The variable that names the prefix of any runtime and wins over the runtime's own.
pub const PREFIX_VARIABLE: &[u8] = b"CONDA_SHIP_PREFIX";

/// Write the prefix of `launch` to `text`, from the variables that `get` knows; `None` when that takes more than joining
/// strings: a relative path, one that is not in its simplest form, no home.
#[inline]
pub fn write_prefix<'m>(
    launch: &Launch,
    get: impl Fn(&[u8]) -> Option<&'static [u8]>,
    text: &mut Text<'m>,
) -> Option<&'m [u8]> {
    let get = |name: &[u8]| {
        if name.is_empty() {
            None
        } else {
            get(name).filter(|value| !value.is_empty())
        }
    };
    if let Some(prefix) = get(PREFIX_VARIABLE).or_else(|| get(launch.prefix_variable)) {
        text.push(plain(prefix)?)?;
        return text.end();
    }
    let data_home = if launch.uses_user_data() {
        get(b"XDG_DATA_HOME")
    } else {
        None
    };
    match (data_home, launch.uses_user_data()) {
        (Some(directory), _) => text.push(plain(directory)?)?,
        (None, true) => text.push(plain(get(b"HOME")?)?)?.push(b"/.local/share")?,
        (None, false) => text.push(plain(get(b"HOME")?)?)?,
    };
    text.push(b"/")?.push(launch.prefix)?.end()
}

/// `path`, if it is absolute and every component is a name: nothing that resolving would change, links aside.
#[inline]
fn plain(path: &[u8]) -> Option<&[u8]> {
    let (root, components) = path.split_first()?;
    let is_name = |component: &[u8]| !matches!(component, [] | [b'.'] | [b'.', b'.']);
    (*root == b'/' && components.split(|byte| *byte == b'/').all(is_name)).then_some(path)
}

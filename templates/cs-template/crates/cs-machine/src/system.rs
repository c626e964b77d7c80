//! Which version does the operating system have?

use std::path::Path;

use cs_file::Links;

use crate::found::Found;
use crate::version::Version;

const LIMIT_BYTES: u64 = 64 << 10;
const KERNEL: &str = "proc/sys/kernel/osrelease";
const MACOS: &str = "System/Library/CoreServices/SystemVersion.plist";

/// Find the version of the Linux kernel.
pub fn detect_linux(root: &Path) -> Found {
    if !cfg!(target_os = "linux") {
        return Found::Absent;
    }
    let version = read(root, KERNEL).and_then(|text| Version::parse(&text));
    version.map_or(Found::Unknown, Found::Version)
}

/// Tell whether this is a Unix.
pub fn detect_unix() -> Found {
    if cfg!(unix) {
        Found::Version(Version::new(&[0]))
    } else {
        Found::Absent
    }
}

/// Find the version of macOS.
pub fn detect_macos(root: &Path) -> Found {
    if cfg!(target_os = "macos") {
        read_macos(root)
    } else {
        Found::Absent
    }
}

fn read_macos(root: &Path) -> Found {
    let version = read(root, MACOS).and_then(|text| parse_plist(&text));
    version.map_or(Found::Unknown, Found::Version)
}

/// Find the version of Windows.
#[cfg(windows)]
pub fn detect_windows() -> Found {
    use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
    use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW;

    // SAFETY: all zeros are a valid value of this structure of numbers.
    let mut info: OSVERSIONINFOW = unsafe { std::mem::zeroed() };
    info.dwOSVersionInfoSize = size_of::<OSVERSIONINFOW>() as u32;
    // SAFETY: the structure says its own size.
    if unsafe { RtlGetVersion(&raw mut info) } != 0 {
        return Found::Unknown;
    }
    let numbers = [info.dwMajorVersion, info.dwMinorVersion, info.dwBuildNumber];
    Found::Version(Version::new(&numbers.map(u64::from)))
}

/// This is not Windows.
#[cfg(not(windows))]
pub fn detect_windows() -> Found {
    Found::Absent
}

fn read(root: &Path, name: &str) -> Option<String> {
    let bytes = cs_file::read(&root.join(name), Links::Followed, LIMIT_BYTES).ok()?;
    String::from_utf8(bytes).ok()
}

/// The string behind the key `ProductVersion`.
fn parse_plist(text: &str) -> Option<Version> {
    let (_, rest) = text.split_once("<key>ProductVersion</key>")?;
    let value = rest.trim_start().strip_prefix("<string>")?;
    Version::parse(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn machine(name: &str, text: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        root
    }

    #[test]
    fn macos_says_its_version_in_a_property_list() {
        let text = "<plist version=\"1.0\">\n<dict>\n\t<key>ProductUserVisibleVersion</key>\n\t<string>1</string>\n\
                    \t<key>ProductVersion</key>\n\t<string>14.5</string>\n</dict>\n</plist>\n";
        assert_eq!(
            read_macos(machine(MACOS, text).path()),
            Found::Version(Version::new(&[14, 5]))
        );
        for text in ["", "<key>ProductVersion</key><integer>14</integer>"] {
            assert_eq!(read_macos(machine(MACOS, text).path()), Found::Unknown);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_its_version_in_a_file() {
        let root = machine(KERNEL, "6.1.0-13-amd64\n");
        assert_eq!(
            detect_linux(root.path()),
            Found::Version(Version::new(&[6, 1, 0]))
        );
        let root = machine("unrelated", "");
        assert_eq!(detect_linux(root.path()), Found::Unknown);
    }
}

//! What starts the scripts of entry points on Windows; `launchers/README.md` says where it comes from.

/// The executable that starts `NAME-script.py` when it is called `NAME.exe`; none where scripts start by themselves.
pub const LAUNCHER: Option<&[u8]> = if cfg!(not(windows)) {
    None
} else if cfg!(target_arch = "aarch64") {
    Some(include_bytes!("../../launchers/cli-arm64.exe"))
} else {
    Some(include_bytes!("../../launchers/cli-64.exe"))
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_windows_carries_a_launcher() {
        assert_eq!(LAUNCHER.is_some(), cfg!(windows));
    }

    #[test]
    fn launchers_are_the_ones_that_their_page_names() {
        let page = include_str!("../../launchers/README.md");
        for file in [
            &include_bytes!("../../launchers/cli-64.exe")[..],
            &include_bytes!("../../launchers/cli-arm64.exe")[..],
        ] {
            let digest = ring::digest::digest(&ring::digest::SHA256, file);
            let hex: String = digest
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert!(page.contains(&hex), "{hex}");
        }
    }
}

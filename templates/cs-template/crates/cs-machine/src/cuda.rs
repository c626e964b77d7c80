//! Which CUDA does the driver of the machine support?

#[cfg(not(windows))]
pub use files::detect;
#[cfg(windows)]
pub use library::detect;

#[cfg(not(windows))]
mod files {
    use std::path::Path;

    use cs_file::Links;

    use crate::found::Found;
    use crate::version::Version;

    const VERSION: &str = "proc/driver/nvidia/version";
    const LIMIT_BYTES: u64 = 4096;
    /// The driver's library, where there is no kernel module that says its version (WSL, Jetson); and libraries that
    /// support more than the driver.
    const SIGNS: [&str; 6] = [
        "usr/lib/wsl/lib/libcuda.so.1",
        "usr/lib/x86_64-linux-gnu/libcuda.so.1",
        "usr/lib/aarch64-linux-gnu/libcuda.so.1",
        "usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1",
        "usr/lib64/libcuda.so.1",
        "usr/local/cuda/compat",
    ];
    /// The first driver branch for each version of CUDA, from NVIDIA's release notes.
    const BRANCHES: [(u64, [u64; 2]); 27] = [
        (375, [8, 0]),
        (384, [9, 0]),
        (390, [9, 1]),
        (396, [9, 2]),
        (410, [10, 0]),
        (418, [10, 1]),
        (440, [10, 2]),
        (450, [11, 0]),
        (455, [11, 1]),
        (460, [11, 2]),
        (465, [11, 3]),
        (470, [11, 4]),
        (495, [11, 5]),
        (510, [11, 6]),
        (515, [11, 7]),
        (520, [11, 8]),
        (525, [12, 0]),
        (530, [12, 1]),
        (535, [12, 2]),
        (545, [12, 3]),
        (550, [12, 4]),
        (555, [12, 5]),
        (560, [12, 6]),
        (565, [12, 7]),
        (570, [12, 8]),
        (575, [12, 9]),
        (580, [13, 0]),
    ];
    /// Branches from here on are newer than the table.
    const UNKNOWN_BRANCH: u64 = 585;

    /// Find the CUDA of a machine with this root directory.
    pub fn detect(root: &Path) -> Found {
        let has_sign = SIGNS.iter().any(|name| root.join(name).exists());
        let compat = root.join(SIGNS[SIGNS.len() - 1]).exists();
        match cs_file::read(&root.join(VERSION), Links::Followed, LIMIT_BYTES) {
            Ok(text) if !compat => read_version(&String::from_utf8_lossy(&text)),
            Ok(_) => Found::Unknown,
            Err(_) if has_sign => Found::Unknown,
            Err(_) => Found::Absent,
        }
    }

    /// Read `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023`.
    fn read_version(text: &str) -> Found {
        let is_number = |word: &&str| {
            word.contains('.')
                && word
                    .bytes()
                    .all(|mark| mark.is_ascii_digit() || mark == b'.')
        };
        let number = text.split_whitespace().find(is_number);
        let branch = number.and_then(|number| number.split('.').next()?.parse().ok());
        let known = BRANCHES
            .iter()
            .rev()
            .find(|(first, _)| branch >= Some(*first));
        match known {
            Some((_, cuda)) if branch < Some(UNKNOWN_BRANCH) => Found::Version(Version::new(cuda)),
            _ => Found::Unknown,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::fs;

        fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
            let root = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = root.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            root
        }

        fn driver(version: &str) -> String {
            format!(
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {version}  Release Build\n\
                 GCC version:  gcc version 12.3.0\n"
            )
        }

        #[test]
        fn the_kernel_module_names_its_driver() {
            for (version, cuda) in [
                ("535.104.05", [12, 2]),
                ("550.54.14", [12, 4]),
                ("580.65.06", [13, 0]),
                ("470.256.02", [11, 4]),
                ("505.1", [11, 5]),
            ] {
                let root = machine(&[(VERSION, &driver(version))]);
                assert_eq!(
                    detect(root.path()),
                    Found::Version(Version::new(&cuda)),
                    "{version}"
                );
            }
        }

        #[test]
        fn a_driver_that_the_table_does_not_know_may_support_anything() {
            for version in ["600.10", "340.108", "none"] {
                let root = machine(&[(VERSION, &driver(version))]);
                assert_eq!(detect(root.path()), Found::Unknown, "{version}");
            }
        }

        #[test]
        fn a_library_without_a_version_may_support_anything() {
            for sign in SIGNS {
                assert_eq!(detect(machine(&[(sign, "")]).path()), Found::Unknown);
            }
            let files = [(SIGNS[5], ""), (VERSION, &*driver("525.1"))];
            assert_eq!(detect(machine(&files).path()), Found::Unknown);
        }

        #[test]
        fn without_a_driver_there_is_no_cuda() {
            assert_eq!(detect(machine(&[]).path()), Found::Absent);
        }

        #[test]
        fn the_table_is_in_order() {
            assert!(BRANCHES.is_sorted());
            assert!(BRANCHES.is_sorted_by_key(|(_, cuda)| cuda));
        }
    }
}

#[cfg(windows)]
mod library {
    use std::path::Path;

    use windows_sys::Win32::Foundation::FreeLibrary;
    use windows_sys::Win32::System::LibraryLoader::{
        GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
    };
    use windows_sys::core::w;

    use crate::found::Found;
    use crate::version::Version;

    /// Ask the driver in the system's own directory; only an administrator can put a library there.
    pub fn detect(_root: &Path) -> Found {
        // SAFETY: the name is a constant, and the library comes from the system's directory alone.
        let library = unsafe {
            LoadLibraryExW(
                w!("nvcuda.dll"),
                std::ptr::null_mut(),
                LOAD_LIBRARY_SEARCH_SYSTEM32,
            )
        };
        if library.is_null() {
            return Found::Absent;
        }
        // SAFETY: the library is loaded, and the name ends with NUL.
        let function = unsafe { GetProcAddress(library, c"cuDriverGetVersion".as_ptr().cast()) };
        let found = function.map_or(Found::Unknown, |function| {
            // SAFETY: this is the signature that the driver's documentation gives.
            let ask: unsafe extern "system" fn(*mut i32) -> i32 =
                unsafe { std::mem::transmute(function) };
            let mut version = 0;
            // SAFETY: the function writes one integer.
            match (unsafe { ask(&raw mut version) }, u64::try_from(version)) {
                (0, Ok(version)) => {
                    Found::Version(Version::new(&[version / 1000, version % 1000 / 10]))
                }
                _ => Found::Unknown,
            }
        });
        // SAFETY: it was loaded above, and nothing of it is used any more.
        unsafe { FreeLibrary(library) };
        found
    }
}

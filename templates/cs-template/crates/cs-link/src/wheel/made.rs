//! What is made for a wheel and not in it: commands of entry points, and how the wheel came to be here.

use super::contents::Contents;
use super::entry_points::EntryPoint;
use super::scheme::Scheme;
use super::script::entry_point_script;
use crate::fault::Fault;
use crate::system::System;
use crate::{Launchers, Wheel};

pub(super) const FILE_MODE: u32 = 0o666;
pub(super) const PROGRAM_MODE: u32 = 0o777;
/// What has installed the wheel.
const INSTALLER: &[u8] = b"conda-ship";

/// One file: where it goes, relative to the prefix.
pub(super) struct MadeFile {
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) bytes: Vec<u8>,
}

/// All files that are made.
pub(super) struct Made(pub(super) Vec<MadeFile>);

impl Made {
    /// Compose everything that is made for a wheel, but RECORD.
    pub(super) fn new(
        contents: &Contents,
        scheme: &Scheme,
        wheel: &Wheel,
        launchers: Option<Launchers>,
    ) -> Result<Self, Fault> {
        let mut made = Self(Vec::new());
        let (console, gui) = (&contents.entry_points.console, &contents.entry_points.gui);
        for entry_point in console {
            made.add_command(entry_point, scheme, launchers, false)?;
        }
        for entry_point in gui {
            made.add_command(entry_point, scheme, launchers, true)?;
        }
        let metadata = |name: &str| scheme.in_site(&format!("{}.dist-info/{name}", contents.stem));
        made.add(metadata("INSTALLER"), FILE_MODE, INSTALLER.to_vec());
        made.add(metadata("REQUESTED"), FILE_MODE, Vec::new());
        if let Some(text) = &wheel.direct_url {
            let bytes = text.clone().into_bytes();
            made.add(metadata("direct_url.json"), FILE_MODE, bytes);
        }
        Ok(made)
    }

    fn add_command(
        &mut self,
        entry_point: &EntryPoint,
        scheme: &Scheme,
        launchers: Option<Launchers>,
        is_gui: bool,
    ) -> Result<(), Fault> {
        let command = &*entry_point.command;
        let script = entry_point_script(entry_point, scheme, is_gui);
        if scheme.system == System::Unix {
            self.add(scheme.in_scripts(command), PROGRAM_MODE, script);
            return Ok(());
        }
        let launchers = launchers.ok_or_else(|| {
            Fault::Plan(format!(
                "the entry point {command:?} needs a launcher, and this runtime has none"
            ))
        })?;
        // A program starts the script that has its name.
        let command = command.strip_suffix(".py").unwrap_or(command);
        let (ending, launcher) = if is_gui {
            ("-script.pyw", launchers.window)
        } else {
            ("-script.py", launchers.console)
        };
        let in_scripts = |ending: &str| scheme.in_scripts(&format!("{command}{ending}"));
        self.add(in_scripts(ending), PROGRAM_MODE, script);
        self.add(in_scripts(".exe"), PROGRAM_MODE, launcher.to_vec());
        Ok(())
    }

    /// Of two with one path the later one stays.
    fn add(&mut self, path: String, mode: u32, bytes: Vec<u8>) {
        self.0.retain(|other| other.path != path);
        self.0.push(MadeFile { path, mode, bytes });
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.0.iter().map(|file| file.path.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Python;
    use crate::layout::Layout;
    use crate::wheel::entry_points::parse_entry_points;

    /// Paths and texts of what is made for these entry points.
    fn made(text: &str, system: System) -> Vec<(String, String)> {
        let windows = system == System::Windows;
        let python = Python {
            version: "3.13.1".into(),
            site_packages_path: if windows {
                "Lib/site-packages"
            } else {
                "lib/python3.13t/site-packages"
            }
            .into(),
        };
        let scheme = Scheme {
            system,
            layout: &Layout::new(&python).unwrap(),
            project: "demo",
            prefix: if windows { "C:/My Tools" } else { "/opt/x" },
        };
        let contents = Contents {
            stem: "demo-1.0".into(),
            rows: Default::default(),
            entry_points: parse_entry_points(text.as_bytes(), "13").unwrap(),
        };
        let launchers = Launchers {
            console: b"console",
            window: b"window",
        };
        let made = Made::new(&contents, &scheme, &Wheel::default(), Some(launchers)).unwrap();
        let text = |file: MadeFile| (file.path, String::from_utf8(file.bytes).unwrap());
        made.0.into_iter().map(text).collect()
    }

    const ENTRY_POINTS: &str = "\
        [console_scripts]\nrun = demo:main\nold.py = demo:main\n\
        [gui_scripts]\nshow = demo.gui:show\n";

    #[test]
    fn a_command_on_windows_is_a_script_and_what_starts_it() {
        let made = made(ENTRY_POINTS, System::Windows);
        let paths: Vec<&str> = made.iter().map(|(path, _)| &**path).collect();
        assert_eq!(
            paths,
            [
                "Scripts/old-script.py",
                "Scripts/old.exe",
                "Scripts/run-script.py",
                "Scripts/run.exe",
                "Scripts/show-script.pyw",
                "Scripts/show.exe",
                "Lib/site-packages/demo-1.0.dist-info/INSTALLER",
                "Lib/site-packages/demo-1.0.dist-info/REQUESTED",
            ]
        );
        let text = |at: usize| &*made[at].1;
        assert_eq!((text(3), text(5)), ("console", "window"));
        assert!(
            text(2).starts_with("# -*- coding: utf-8 -*-\nimport sys\nfrom demo import main\n")
        );
        assert!(text(2).contains("    elif sys.argv[0].endswith(\"-script.py\"):\n"));
        assert!(text(4).ends_with("    sys.exit(show())\n"));
    }

    #[test]
    fn a_command_on_unix_is_a_script_that_names_its_python() {
        let made = made(ENTRY_POINTS, System::Unix);
        let paths: Vec<&str> = made.iter().map(|(path, _)| &**path).take(3).collect();
        assert_eq!(paths, ["bin/old.py", "bin/run", "bin/show"]);
        assert!(
            made[1]
                .1
                .starts_with("#!/opt/x/bin/python3.13\n# -*- coding")
        );
        assert!(!made[1].1.contains("-script.py\""));
    }
}

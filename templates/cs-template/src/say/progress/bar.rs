//! The progress in one line: a bar and numbers that fit into the terminal, or numbers alone.

use std::time::Duration;

use super::counts::{Done, Total};
use crate::say::escape::escape_line;
use crate::say::phrases::{format_bytes, format_clock, format_part};

/// What is said of the progress at one instant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    /// What is there to do.
    pub total: Total,
    /// What has been done.
    pub done: Done,
    /// Bytes of archives a second.
    pub bytes_per_second: Option<u64>,
    /// How long it will take.
    pub time_left: Option<Duration>,
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Its width.
    pub columns: usize,
    /// It has more than ASCII.
    pub is_unicode: bool,
    /// It has colours, and they are welcome.
    pub has_colours: bool,
}

/// A bar of so many characters is wide enough, one of so few says nothing.
const WIDTHS: std::ops::RangeInclusive<usize> = 5..=30;
/// Narrower terminals do not show the number of files: the bar would be shorter whenever another number appears.
const WITH_FILES: usize = 100;
/// The last columns stay free: a terminal writes `^C` there, which would otherwise start another line.
const MARGIN: usize = 3;

impl Shown {
    /// Between 0 and 1: by bytes of archives when their sum is known, else by packages.
    pub fn share(&self) -> f64 {
        let (part, whole) = match self.total.archive_bytes {
            Some(bytes) if bytes > 0 => (self.done.archive_bytes as f64, bytes as f64),
            _ if self.total.packages > 0 => (self.done.packages as f64, self.total.packages as f64),
            _ => return 0.0,
        };
        (part / whole).clamp(0.0, 1.0)
    }

    fn percent(&self) -> String {
        format!("{:.0}%", (self.share() * 100.0).floor())
    }

    fn bytes(&self) -> String {
        match self.total.archive_bytes {
            Some(whole) => format_part(self.done.archive_bytes, whole),
            None => format_bytes(self.done.archive_bytes),
        }
    }

    fn speed(&self) -> Option<String> {
        self.bytes_per_second
            .map(|bytes| format!("{}/s", format_bytes(bytes)))
    }

    /// What is still to be done when all archives are unpacked.
    fn last_step(&self) -> Option<String> {
        let Done {
            packages,
            modules,
            modules_total,
            ..
        } = self.done;
        (packages == self.total.packages).then(|| match modules_total {
            Some(total) if modules < total => format!("compiling {modules}/{total}"),
            _ => "finishing".to_owned(),
        })
    }

    /// For those who read lines: `26%, 4.6/17.8 MB, 2.4 MB/s, 0:05 left`.
    pub fn render_line(&self) -> String {
        let rest = match self.last_step() {
            Some(step) => vec![step],
            None => {
                let left = self
                    .time_left
                    .map(|left| format!("{} left", format_clock(left)));
                self.speed().into_iter().chain(left).collect()
            }
        };
        let parts = [vec![self.percent(), self.bytes()], rest].concat();
        parts.join(", ")
    }

    /// For a terminal; `frame` counts the lines shown, for what moves by itself.
    pub fn render_bar(&self, runtime: &str, screen: Screen, frame: usize) -> String {
        let name = format!("{}: ", escape_line(runtime));
        let room = screen.columns.saturating_sub(MARGIN);
        let mut parts = self.list_parts(screen, frame);
        loop {
            let numbers: String = parts.iter().map(|(_, text)| format!("  {text}")).collect();
            let taken = name.chars().count() + numbers.chars().count();
            let width = room.saturating_sub(taken).min(*WIDTHS.end());
            if WIDTHS.contains(&width) {
                return format!("{name}{}{numbers}", self.draw(width, screen));
            }
            let last = parts.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
            if last == 0 {
                let line = format!("{name}{}", numbers.trim_start());
                return line.chars().take(room.max(1)).collect();
            }
            parts.retain(|(rank, _)| *rank != last);
        }
    }

    /// The numbers in their order, each with its rank: the highest gives way first.
    fn list_parts(&self, screen: Screen, frame: usize) -> Vec<(u8, String)> {
        let mut parts = vec![(0, format!("{:>4}", self.percent())), (2, self.bytes())];
        if let Some(step) = self.last_step() {
            parts.push((1, format!("{step} {}", spin(screen, frame))));
        } else {
            parts.extend(self.speed().map(|speed| (3, speed)));
            parts.extend(self.time_left.map(|left| (1, format_clock(left))));
        }
        if screen.columns >= WITH_FILES {
            parts.push((4, format!("{} files", self.done.files)));
        }
        parts
    }

    fn draw(&self, width: usize, screen: Screen) -> String {
        if !screen.is_unicode {
            let filled = (self.share() * (width - 2) as f64) as usize;
            return format!("[{}{}]", "#".repeat(filled), "-".repeat(width - 2 - filled));
        }
        let halves = (self.share() * 2.0 * width as f64) as usize;
        let (full, half) = (halves / 2, halves % 2);
        let filled = "━".repeat(full) + if half == 1 { "╸" } else { "" };
        let rest = width - full - half;
        // Without colours nothing but the empty space sets the two apart.
        if !screen.has_colours {
            return filled + &" ".repeat(rest);
        }
        // The line's other half is the end of the bar's, unless there is no bar yet.
        let start = if half == 0 && full > 0 && rest > 0 {
            "╺"
        } else {
            ""
        };
        let rest = start.to_owned() + &"━".repeat(rest - start.chars().count());
        format!("{GREEN}{filled}{FAINT}{rest}{PLAIN}")
    }
}

const GREEN: &str = "\u{1b}[32m";
const FAINT: &str = "\u{1b}[0;2m";
const PLAIN: &str = "\u{1b}[0m";

/// A character that turns, where no number may change for a while.
fn spin(screen: Screen, frame: usize) -> char {
    const TURNS: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
    const ASCII_TURNS: [char; 4] = ['|', '/', '-', '\\'];
    if screen.is_unicode {
        TURNS[frame % TURNS.len()]
    } else {
        ASCII_TURNS[frame % ASCII_TURNS.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: Shown = Shown {
        total: Total {
            archive_bytes: Some(17_800_000),
            files: Some(400),
            packages: 4,
        },
        done: Done {
            archive_bytes: 4_628_000,
            files: 88,
            packages: 1,
            modules: 0,
            modules_total: None,
        },
        bytes_per_second: Some(2_400_000),
        time_left: Some(Duration::from_secs(5)),
    };

    const fn screen(columns: usize) -> Screen {
        Screen {
            columns,
            is_unicode: true,
            has_colours: false,
        }
    }

    fn with_everything_unpacked(modules: usize, modules_total: Option<usize>) -> Shown {
        let done = Done {
            archive_bytes: 17_800_000,
            packages: 4,
            modules,
            modules_total,
            ..QUARTER.done
        };
        Shown { done, ..QUARTER }
    }

    /// What a terminal shows of a line.
    fn visible(line: &str) -> String {
        let mut text = line.to_owned();
        for code in [GREEN, FAINT, PLAIN] {
            text = text.replace(code, "");
        }
        text
    }

    #[test]
    fn the_bar_fits_into_the_terminal_whatever_its_width() {
        for columns in 1..200 {
            for (is_unicode, has_colours) in [(true, true), (true, false), (false, false)] {
                let screen = Screen {
                    columns,
                    is_unicode,
                    has_colours,
                };
                for shown in [QUARTER, with_everything_unpacked(1, Some(9))] {
                    let line = visible(&shown.render_bar("demo", screen, 3));
                    let limit = columns.saturating_sub(MARGIN).max(1);
                    assert!(line.chars().count() <= limit, "{columns}: {line}");
                }
            }
        }
    }

    #[test]
    fn the_number_of_files_gives_way_first_then_speed_then_bytes() {
        for (columns, expected) in [
            (140, "  26%  4.6/17.8 MB  2.4 MB/s  0:05  88 files"),
            (80, "  26%  4.6/17.8 MB  2.4 MB/s  0:05"),
            (60, "  26%  4.6/17.8 MB  2.4 MB/s  0:05"),
            (50, "  26%  4.6/17.8 MB  0:05"),
            (34, "  26%  0:05"),
            (24, "  26%"),
        ] {
            let line = QUARTER.render_bar("weather", screen(columns), 0);
            assert!(line.starts_with("weather: ━"), "{line}");
            assert!(line.ends_with(expected), "{columns}: {line}");
        }
        assert_eq!(QUARTER.render_bar("weather", screen(17), 0), "weather: 26%");
    }

    #[test]
    fn the_bar_is_filled_by_half_characters() {
        let colourful = Screen {
            has_colours: true,
            ..screen(24)
        };
        let shown = |bytes| Shown {
            total: Total {
                archive_bytes: Some(20),
                ..QUARTER.total
            },
            done: Done {
                archive_bytes: bytes,
                packages: 0,
                ..QUARTER.done
            },
            ..Shown::default()
        };
        for (bytes, drawn, plain) in [
            (0, "━━━━━━━━━━", "          "),
            (7, "━━━╸━━━━━━", "━━━╸      "),
            (8, "━━━━╺━━━━━", "━━━━      "),
            (20, "━━━━━━━━━━", "━━━━━━━━━━"),
        ] {
            assert_eq!(visible(&shown(bytes).draw(10, colourful)), drawn);
            assert_eq!(shown(bytes).draw(10, screen(24)), plain);
        }
    }

    #[test]
    fn a_terminal_without_unicode_gets_ascii() {
        let ascii = Screen {
            is_unicode: false,
            ..screen(80)
        };
        for shown in [QUARTER, with_everything_unpacked(4, None)] {
            let line = shown.render_bar("demo", ascii, 2);
            assert!(line.is_ascii() && line.starts_with("demo: [#"), "{line}");
        }
    }

    #[test]
    fn something_moves_after_the_last_package() {
        let finishing = with_everything_unpacked(0, None);
        assert_ne!(
            finishing.render_bar("demo", screen(80), 1),
            finishing.render_bar("demo", screen(80), 2)
        );
        let compiling = with_everything_unpacked(120, Some(400));
        let line = compiling.render_line();
        assert_eq!(line, "100%, 17.8/17.8 MB, compiling 120/400");
        let compiled = with_everything_unpacked(400, Some(400));
        assert!(compiled.render_line().ends_with(", finishing"));
    }

    #[test]
    fn lines_have_the_same_numbers() {
        assert_eq!(
            QUARTER.render_line(),
            "26%, 4.6/17.8 MB, 2.4 MB/s, 0:05 left"
        );
        assert_eq!(Shown::default().render_line(), "0%, 0 B, finishing");
    }

    #[test]
    fn unknown_sizes_count_packages_instead() {
        let total = Total {
            archive_bytes: None,
            ..QUARTER.total
        };
        let shown = Shown { total, ..QUARTER };
        assert_eq!(shown.share(), 0.25);
        assert!(shown.render_line().starts_with("25%, 4.6 MB, "));
    }
}

//! Write what a large prefix is made of, and measure what it costs to have it on the disk.
//!
//! `cargo run --example measure_durability -- DIRECTORY STRATEGY`, with a strategy of `none`, `marker`, `syncfs`,
//! `start` (write-back of each large file begins at
//! once, nothing is waited for), `range` (the same, and `syncfs` at the end), `overlap` (a thread calls `syncfs` all
//! along) or `each` (every file). Prints the seconds of the writing, of the syncing, and the processor time in all.
//! The figures are in `docs/development/decisions/durability.md`.

#[cfg(target_os = "linux")]
fn main() {
    linux::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this measurement is Linux's");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    /// As many files, and as many bytes, as the large channel of the benchmarks: 37,184 files, 767 MB.
    const FILES: usize = 37_184;
    const LARGE_EVERY: usize = 60;
    const LARGE_BYTES: usize = 800_000;
    const SMALL_BYTES: usize = 7_400;
    const START_WRITING: u32 = 2;

    unsafe extern "C" {
        fn sync_file_range(fd: i32, offset: i64, bytes: i64, flags: u32) -> i32;
    }

    pub fn run() {
        let mut arguments = std::env::args().skip(1);
        let (Some(directory), Some(strategy)) = (arguments.next(), arguments.next()) else {
            panic!("usage: measure_durability DIRECTORY STRATEGY");
        };
        let root = Path::new(&directory).join(".p.staging");
        let final_place = Path::new(&directory).join("p");
        fs::create_dir(&root).unwrap();
        let start = Instant::now();
        write_tree(&root, &strategy);
        let written = start.elapsed();
        put_in_place(&root, &final_place, &strategy);
        let total = start.elapsed();
        println!(
            "{strategy:8} write {:.2} sync {:.2} cpu {:.2}",
            written.as_secs_f64(),
            (total - written).as_secs_f64(),
            cpu_seconds()
        );
    }

    fn write_tree(root: &Path, strategy: &str) {
        let next = AtomicUsize::new(0);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            if strategy == "overlap" {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(100));
                        rustix::fs::syncfs(File::open(root).unwrap()).unwrap();
                    }
                });
            }
            let writers: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| write_files(root, strategy, &next)))
                .collect();
            for writer in writers {
                writer.join().unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
    }

    fn write_files(root: &Path, strategy: &str, next: &AtomicUsize) {
        let bytes: Vec<u8> = (0..LARGE_BYTES)
            .map(|index| (index * 31 % 251) as u8)
            .collect();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= FILES {
                return;
            }
            let directory = root.join(format!("{:03}", index / 100));
            if index % 100 < 2 {
                let _ = fs::create_dir(&directory);
            }
            while !directory.is_dir() {
                std::thread::yield_now();
            }
            let mut file = File::create(directory.join(index.to_string())).unwrap();
            let is_large = index.is_multiple_of(LARGE_EVERY);
            file.write_all(if is_large {
                &bytes
            } else {
                &bytes[..SMALL_BYTES]
            })
            .unwrap();
            if strategy == "each" {
                file.sync_data().unwrap();
            }
            if matches!(strategy, "start" | "range") && is_large {
                // SAFETY: the descriptor is open, and the call only starts writing what the system holds anyway.
                unsafe { sync_file_range(file.as_raw_fd(), 0, 0, START_WRITING) };
            }
        }
    }

    fn put_in_place(root: &Path, final_place: &Path, strategy: &str) {
        if matches!(strategy, "syncfs" | "range" | "overlap") {
            rustix::fs::syncfs(File::open(root).unwrap()).unwrap();
        }
        let mut marker = File::create(root.join(".marker.json")).unwrap();
        marker.write_all(b"{\"schema_version\":1}\n").unwrap();
        if !matches!(strategy, "none" | "start") {
            marker.sync_all().unwrap();
        }
        fs::rename(root, final_place).unwrap();
        if !matches!(strategy, "none" | "start") {
            File::open(final_place.parent().unwrap())
                .unwrap()
                .sync_all()
                .unwrap();
        }
    }

    fn cpu_seconds() -> f64 {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }
}

//! What conda and its kin remember of how a prefix came to be: `conda-meta/history` and
//! `conda-meta/initial-state.explicit.txt`.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cs_archive::to_hex;
use serde::Deserialize;

use crate::channel::canonical_name;
use crate::{Conda, Format, Job, Package};

/// Text of `conda-meta/history`: one revision, in the form that conda's `History` parses.
pub(crate) fn render_history(job: &Job, now: SystemTime) -> String {
    let mut text = format!("==> {} <==\n# cmd: bootstrap\n", format_time(now));
    let packages = job.conda_packages();
    let mut names: Vec<String> = packages.map(name_in_channel).collect();
    names.sort_unstable();
    for name in names {
        let _ = writeln!(text, "+{name}");
    }
    // conda reads the list as a Python literal: JSON strings are such, if nothing is escaped by \u.
    let specs = serde_json::to_string(job.requested_specs).unwrap_or_default();
    let _ = writeln!(text, "# update specs: {specs}");
    text
}

/// Text of `conda-meta/initial-state.explicit.txt`: what it takes to make the prefix again, in install order.
pub(crate) fn render_explicit(job: &Job) -> String {
    let mut text = format!(
        "# The packages that this prefix was made of, for conda create --file.\n# platform: {}\n@EXPLICIT\n",
        job.platform
    );
    for package in job.packages {
        let digest = to_hex(&package.archive.sha256);
        let (name, version, file_name) =
            (&package.name, &package.version, &package.archive.file_name);
        // An archive that only the runtime has cannot be fetched, and conda takes no wheels: one such
        // line would end every use of the list.
        let _ = match (&package.format, &package.archive.url) {
            (Format::Conda(_), Some(url)) => writeln!(text, "{url}#sha256:{digest}"),
            (Format::Conda(Conda { subdir, .. }), None) => {
                writeln!(text, "# local: {subdir}/{file_name} sha256:{digest}")
            }
            (Format::Wheel(_), url) => {
                let place = url.as_ref().unwrap_or(file_name);
                writeln!(text, "# wheel: {name} {version} {place} sha256:{digest}")
            }
        };
    }
    text
}

#[derive(Deserialize)]
struct Channel {
    #[serde(default)]
    channel: Option<String>,
}

/// `CHANNEL/SUBDIR::NAME-VERSION-BUILD`, with conda's name for the channel: it compares texts to see what has changed.
fn name_in_channel((package, conda): (&Package, &Conda)) -> String {
    let record: Option<Channel> = serde_json::from_str(conda.record.get()).ok();
    let Package { name, version, .. } = package;
    let Conda { build, subdir, .. } = conda;
    let url = conda.url(&package.archive);
    let from_url = || url.rsplitn(3, '/').nth(2).unwrap_or_default().to_owned();
    let channel = record
        .and_then(|record| record.channel)
        .filter(|channel| !channel.is_empty())
        .unwrap_or_else(from_url);
    let channel = channel.trim_end_matches('/');
    let channel = channel
        .strip_suffix(&format!("/{subdir}"))
        .unwrap_or(channel);
    let channel = canonical_name(channel);
    format!("{channel}/{subdir}::{name}-{version}-{build}")
}

/// `YYYY-MM-DD HH:MM:SS`, in UTC.
fn format_time(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_date(days);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a number of days after 1970-01-01.
///
/// Howard Hinnant's `civil_from_days`, for dates after 1970: years start in March, so that leap days come last.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_read_them() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_199, "2024-02-29 23:59:59"),
            (1_735_689_599, "2024-12-31 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(format_time(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}

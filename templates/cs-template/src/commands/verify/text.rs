//! The report in lines for people.

use std::collections::BTreeMap;

use super::document::{Kind, Problem, Report};
use crate::say::phrases::{count, format_bytes, name_some};

/// The report in lines for people: one for each package with a problem, or for each path of it.
pub fn render_lines(report: &Report, is_verbose: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (package, problems) in group(&report.problems) {
        lines.push(format!("{package}: {}", summarise(&problems)));
        if is_verbose {
            lines.extend(problems.into_iter().map(describe));
        }
    }
    let by = &report.installed;
    let (files, packages) = (report.file_count as usize, report.package_count);
    let compared = format!(
        "{} of {} ({})",
        count(files, "file"),
        count(packages, "package"),
        format_bytes(report.size_bytes)
    );
    lines.push(if report.is_intact {
        format!(
            "{} {} at {} is as it was installed: {compared}",
            report.runtime, by.version, report.prefix
        )
    } else {
        format!("compared with their records: {compared}")
    });
    if !report.skipped.is_empty() {
        lines.push(format!("not compared: {}", report.skipped.join(", ")));
    }
    lines
}

/// The problems by package; those of none come last.
fn group(problems: &[Problem]) -> Vec<(&str, Vec<&Problem>)> {
    let mut groups: BTreeMap<(bool, &str), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        let name = problem.package.as_deref();
        let key = (name.is_none(), name.unwrap_or("not from a package"));
        groups.entry(key).or_default().push(problem);
    }
    let groups = groups.into_iter();
    groups
        .map(|((_, name), problems)| (name, problems))
        .collect()
}

/// How many paths have which problem, and some of them.
fn summarise(problems: &[&Problem]) -> String {
    let mut numbers: BTreeMap<Kind, usize> = BTreeMap::new();
    for problem in problems {
        *numbers.entry(problem.problem).or_default() += 1;
    }
    let numbers = numbers.into_iter();
    let numbers: Vec<String> = numbers
        .map(|(kind, number)| format!("{number} {}", name(kind)))
        .collect();
    let paths: Vec<&str> = problems.iter().map(|one| one.path.as_str()).collect();
    format!("{} ({})", numbers.join(", "), name_some(&paths))
}

fn describe(problem: &Problem) -> String {
    let detail = match (&problem.expected, &problem.found) {
        (Some(expected), Some(found)) => format!(": {found} instead of {expected}"),
        (None, Some(found)) => format!(": {found}"),
        _ => String::new(),
    };
    format!("  {:<11} {}{detail}", name(problem.problem), problem.path)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Changed => "changed",
        Kind::Missing => "missing",
        Kind::Added => "added",
        Kind::Unreadable => "not readable",
        Kind::Record => "wrong record",
    }
}

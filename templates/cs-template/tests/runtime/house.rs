//! The crates say what is wrong and where. What to do, by which option, and the exit status are the program's to say.
//! The architecture page lists the program's modules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The options of the program, as its help names them.
fn options() -> Vec<String> {
    let help = std::fs::read_to_string(Path::new(ROOT).join("src/cli/help.rs")).unwrap();
    let is_part = |letter: char| letter == '-' || letter.is_ascii_lowercase();
    let words = help.split(|letter| !is_part(letter));
    words
        .filter(|word| word.starts_with("--") && word.len() > 3)
        .map(str::to_owned)
        .collect()
}

fn list_sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list_sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The sources of the crates, without their unit tests.
fn sources_of_crates() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(Path::new(ROOT).join("crates")).unwrap() {
        list_sources(&entry.unwrap().path().join("src"), &mut paths);
    }
    assert!(paths.len() > 50, "the crates are not where this test looks");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
        (path, code)
    };
    paths.into_iter().map(read).collect()
}

/// Whether a line of code or of a comment names an option in a sentence. An option alone is a word to be compared with.
fn names_option(line: &str, options: &[String]) -> bool {
    options.iter().any(|option| {
        let is_whole = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric());
        line.match_indices(option.as_str()).any(|(start, _)| {
            let (before, after) = (&line[..start], &line[start + option.len()..]);
            is_whole(after) && !(before.ends_with('"') && after.starts_with('"'))
        })
    })
}

/// Whether a line says with which number the program ends.
fn names_exit_status(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["exit status ", "exit code ", "exit_code", "exit_status"]
        .iter()
        .any(|words| {
            line.match_indices(words).any(|(start, _)| {
                let rest = &line[start + words.len()..];
                words.ends_with(['e', 's'])
                    || rest.starts_with(|first: char| first.is_ascii_digit())
            })
        })
}

/// The texts of errors, from one attribute to its end.
fn messages(code: &str) -> impl Iterator<Item = &str> {
    code.split("#[error(")
        .skip(1)
        .map(|rest| rest.split(")]\n").next().unwrap_or(rest))
}

/// Whether a text ends with a full stop, or goes on after one.
fn has_full_stop(message: &str) -> bool {
    message.contains(".\"") || message.contains(". ")
}

/// The program's modules as `FOLDER/NAME`, without those in a module's own folder.
fn modules_of_the_program() -> BTreeSet<String> {
    let sources = Path::new(ROOT).join("src");
    let mut paths = Vec::new();
    list_sources(&sources, &mut paths);
    let name = |path: &PathBuf| {
        let path = path.strip_prefix(&sources).unwrap().with_extension("");
        let mut parts = path.iter().map(|part| part.to_str().unwrap());
        match (parts.next()?, parts.next()) {
            (_, Some("mod")) => None,
            (folder, Some(name)) => Some(format!("{folder}/{name}")),
            (name, None) => Some(format!("(top)/{name}")),
        }
    };
    paths.iter().filter_map(name).collect()
}

/// The modules in the table of the page, in the same form. Remarks in brackets are left out.
fn modules_on_the_page(page: &str) -> BTreeSet<String> {
    let table = page
        .split("| folder | question | modules |")
        .nth(1)
        .unwrap();
    let table = table.split("\n\n").next().unwrap();
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, folder, _, modules, _] = cells[..] else {
            return None;
        };
        let folder = folder.trim_matches('`').trim_end_matches('/');
        let outside = modules.split(')').filter_map(|part| part.split('(').next());
        let names = outside.flat_map(|part| part.split('`').skip(1).step_by(2));
        Some(
            names
                .map(move |name| format!("{folder}/{name}"))
                .collect::<Vec<_>>(),
        )
    });
    rows.flatten().collect()
}

#[test]
fn the_architecture_page_lists_every_module_of_the_program() {
    let page = Path::new(ROOT).join("../../docs/development/architecture.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(modules_on_the_page(&page), modules_of_the_program());
}

#[test]
fn no_crate_names_an_option_or_an_exit_status_of_the_program() {
    let options = options();
    assert!(options.contains(&"--path".to_owned()));
    for (path, code) in sources_of_crates() {
        for line in code.lines() {
            assert!(!names_option(line, &options), "{}: {line}", path.display());
            assert!(!names_exit_status(line), "{}: {line}", path.display());
        }
    }
}

#[test]
fn no_message_of_an_error_has_a_full_stop() {
    let own = Path::new(ROOT).join("src/say/error.rs");
    let own = (own.clone(), std::fs::read_to_string(own).unwrap());
    let mut count = 0;
    for (path, code) in sources_of_crates().into_iter().chain([own]) {
        for message in messages(&code) {
            count += 1;
            assert!(!has_full_stop(message), "{}: {message}", path.display());
        }
    }
    assert!(
        count > 50,
        "messages are not written as this test reads them"
    );
}

#[test]
fn the_patterns_match_bad_text_and_pass_good_text() {
    let options = ["--path".to_owned()];
    assert!(names_option("choose another place with --path\"", &options));
    assert!(names_option("/// Use `--path`.", &options));
    assert!(!names_option("    \"--path\",", &options));
    assert!(!names_option("--pathology", &options));
    assert!(names_exit_status("/// It is damaged (exit status 66)."));
    assert!(names_exit_status("pub fn exit_code(&self) -> u8 {"));
    assert!(!names_exit_status("/// Return its exit status."));
    let code = "#[error(\"it is. Do that\")]\nA,\n#[error(\"it is.\")]\nB,\n#[error(\"it is\")]\nC";
    let found: Vec<bool> = messages(code).map(has_full_stop).collect();
    assert_eq!(found, [true, true, false]);
}

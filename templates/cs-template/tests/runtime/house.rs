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
    paths.retain(|path| !path.ends_with("tests.rs"));
    assert!(paths.len() > 50, "the crates are not where this test looks");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let code = code.split("#[cfg(all(test").next().unwrap().to_owned();
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

/// The string literals of code, as they are written. Those of comments are left out.
fn literals(mut code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some(start) = code.find(['"', '\'', '/']) {
        let (before, rest) = code.split_at(start);
        code = if rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(rest) = rest.strip_prefix("'\"'") {
            rest
        } else if let Some(rest) = rest.strip_prefix('"') {
            let end = find_end(before, rest);
            found.push(&rest[..end]);
            &rest[end + 1..]
        } else {
            &rest[1..]
        };
    }
    found
}

/// The end of a literal's text, after what is before its quotation mark.
fn find_end(before: &str, rest: &str) -> usize {
    let word = before.trim_end_matches('#');
    if word.ends_with('r') {
        let end = format!("\"{}", &before[word.len()..]);
        return rest.find(&end).expect("a raw literal has an end");
    }
    let is_quoted = |position| {
        let backslashes = position - rest[..position].trim_end_matches('\\').len();
        backslashes % 2 == 1
    };
    let mut ends = rest.match_indices('"').map(|(position, _)| position);
    ends.find(|&position| !is_quoted(position))
        .expect("a literal has an end")
}

/// The literals that are sentences or parts of them: those with two words in succession.
fn texts(code: &str) -> Vec<String> {
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_text = |text: &String| {
        let words: Vec<bool> = text.split([' ', ',', ':', ';']).map(is_word).collect();
        words.windows(2).any(|pair| pair == [true, true])
    };
    let join = |literal: &str| {
        let lines: Vec<&str> = literal.split("\\\n").map(str::trim_start).collect();
        lines.concat()
    };
    literals(code)
        .into_iter()
        .map(join)
        .filter(is_text)
        .collect()
}

/// Whether a text ends with a full stop, or goes on after one.
fn has_full_stop(text: &str) -> bool {
    let is_end = |(position, _)| {
        let (before, after) = (&text[..position], &text[position + 1..]);
        before.ends_with(|letter: char| !letter.is_whitespace() && letter != '.')
            && (after.is_empty() || after.starts_with(' '))
    };
    text.match_indices('.').any(is_end)
}

/// Whether a text says what the user could do: one of its clauses begins with a verb.
fn gives_advice(text: &str) -> bool {
    const VERBS: [&str; 12] = [
        "ask", "check", "choose", "delete", "download", "free", "make", "pass", "run", "see",
        "try", "use",
    ];
    let begins_with_verb = |clause: &str| {
        let word = clause.trim_start().split(' ').next().unwrap_or_default();
        VERBS.contains(&word.to_ascii_lowercase().as_str())
    };
    let has_words = |words: &&str| text.contains(*words);
    text.split([':', ';', ',', '(']).any(begins_with_verb)
        || [
            "try again",
            "make sure",
            "Please ",
            "please ",
            "you can",
            "you should",
        ]
        .iter()
        .any(has_words)
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
fn no_text_of_a_crate_has_a_full_stop_or_advice() {
    let mut count = 0;
    for (path, code) in sources_of_crates() {
        for text in texts(&code) {
            count += 1;
            assert!(!has_full_stop(&text), "{}: {text:?}", path.display());
            assert!(!gives_advice(&text), "{}: {text:?}", path.display());
        }
    }
    assert!(count > 250, "texts are not written as this test reads them");
}

#[test]
fn no_error_of_the_program_has_a_full_stop() {
    let code = std::fs::read_to_string(Path::new(ROOT).join("src/say/error.rs")).unwrap();
    let code = code.split("impl Error {").next().unwrap();
    assert!(texts(code).len() > 10);
    for text in texts(code) {
        assert!(!has_full_stop(&text), "{text:?}");
    }
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
    let code = r##"it(r#"one long "raw" text"#, "some more \"quoted\" \
        text\\", '"', "word", /* */ "{path}: no text"); // "no code here""##;
    let expected = [
        r#"one long "raw" text"#,
        r#"some more \"quoted\" text\\"#,
        "{path}: no text",
    ];
    assert_eq!(texts(code), expected);
    for bad in ["it is.", "it is. Do that", "it is ({reason})."] {
        assert!(has_full_stop(bad), "{bad}");
    }
    for good in [
        "it is",
        "a .conda file",
        "has '..' in it",
        "more than 1.5 s",
    ] {
        assert!(!has_full_stop(good), "{good}");
    }
    for bad in [
        "use it",
        "it is full: free some space",
        "it failed, please report it",
    ] {
        assert!(gives_advice(bad), "{bad}");
    }
    for good in [
        "it is in use",
        "runtimes use such names",
        "5 bytes are free",
    ] {
        assert!(!gives_advice(good), "{good}");
    }
}

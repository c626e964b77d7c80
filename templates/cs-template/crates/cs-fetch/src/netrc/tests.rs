use super::*;

/// All logins: host (`default` too), user, password.
fn logins(text: &str) -> Vec<(String, String, String)> {
    let netrc = Netrc::parse(text);
    let mut found: Vec<_> = netrc
        .machines
        .into_iter()
        .chain(netrc.default.map(|login| ("default".to_owned(), login)))
        .map(|(host, login)| (host, login.user, login.password))
        .collect();
    found.sort();
    found
}

#[test]
fn files_are_read_as_curl_reads_them() {
    let one = [("a", "u", "p")].as_slice();
    for (text, expected) in [
        ("machine a login u password p", one),
        (
            "# comment\n\n  # machine z login no password no\nmachine a login u password p\n",
            one,
        ),
        (
            "machine a # comment\nlogin u # comment login no\npassword p",
            one,
        ),
        ("machine A\r\n\tlogin u\r\n\tpassword p\r\n", one),
        ("machine a password p account x login u", one),
        ("machine a user u password p", one),
        (
            "machine a login u password p what is this\nmachine a login v password w",
            one,
        ),
        ("password none machine a login u password p", one),
        (
            "macdef init\nmachine z login no password no\n\nmachine a login u password p",
            one,
        ),
        (
            "machine a login u password p\nmacdef init\nmachine z login no password no",
            one,
        ),
        ("machine a login \"u\" password \"p\"", one),
        ("machine a login u password \"p q\"", &[("a", "u", "p q")]),
        (
            r#"machine a login u password "p\"\\q""#,
            &[("a", "u", r#"p"\q"#)],
        ),
        (
            r#"machine a login u password p\q"r"#,
            &[("a", "u", r#"p\q"r"#)],
        ),
        ("machine a login u password #p#q", &[("a", "u", "#p#q")]),
        ("machine a login \"\" password p", &[("a", "", "p")]),
        (
            "machine a login u password \"p q\nmachine b login v password w",
            &[("a", "u", "p q"), ("b", "v", "w")],
        ),
        (
            "machine b login v password w default login d password e",
            &[("b", "v", "w"), ("default", "d", "e")],
        ),
        ("machine a", &[("a", "", "")]),
        (
            "machine a login\nmachine b login v password w",
            &[("a", "", ""), ("b", "v", "w")],
        ),
        (
            "machine a login\n\tpassword\ndefault\nlogin d password\n e",
            &[("a", "", ""), ("default", "d", "e")],
        ),
        ("machine\nmachine a login\nu password p", one),
        ("machine", &[]),
        ("secret secret \"secret", &[]),
        ("machine ä login ü password €", &[("ä", "ü", "€")]),
    ] {
        let found = logins(text);
        let found: Vec<_> = found
            .iter()
            .map(|(host, user, password)| (host.as_str(), user.as_str(), password.as_str()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn a_default_entry_counts_where_it_is_allowed() {
    let netrc = Netrc::parse("machine A.example login u password p\ndefault login d password e");
    let user = |host, allowed| netrc.find(host, allowed).map(|login| login.user.as_str());
    assert_eq!(user("a.EXAMPLE", false), Some("u"));
    assert_eq!(
        (user("b.example", true), user("b.example", false)),
        (Some("d"), None)
    );
}

#[test]
fn any_text_is_read_without_a_panic() {
    let pieces = [
        "machine", "\"", "\\", "\n", " ", "#", "default", "macdef", "é", "\r", "login", "x",
    ];
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            text += pieces[random as usize % pieces.len()];
        }
        Netrc::parse(&text);
    }
}

/// A file with three hosts, other for each number.
#[cfg(unix)]
fn make_text(random: &mut u64) -> String {
    let mut text = String::new();
    for host in 0..3 {
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let pick =
            |shift: u64, from: &[&str]| from[(*random >> shift) as usize % from.len()].to_owned();
        let space = pick(8, &[" ", "\n", "\n\t", "  "]);
        let comment = pick(16, &["\n", "\n# a comment\n", " # x\n\n"]);
        let user = pick(24, &["u", "\"u v\"", "u#1"]);
        let password = pick(32, &["p", "\"p \\\" q\"", "#p", "p\"q"]);
        let macro_definition = "macdef m\nmachine no login no password no\n\n";
        text += &pick(40, &["", macro_definition, "#comment\n"]);
        text += &format!(
            "machine h{host}.example{space}login {user}{space}password {password}{comment}"
        );
    }
    text
}

/// Reads many files in one process. A line end ends an entry and an empty line a file; `!` is a file that is not read.
#[cfg(unix)]
const PYTHON_NETRC: &str = "
import netrc, sys
for path in sys.argv[1:]:
    try:
        for h, (u, _, p) in sorted(netrc.netrc(path).hosts.items()): print(h, u, p, sep='|')
    except netrc.NetrcParseError:
        print('!')
    print()
";

/// Python's own module, where there is one: the same logins wherever it reads the file at all.
#[cfg(unix)]
#[test]
fn python_reads_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = 7;
    let texts: Vec<String> = (0..40).map(|_| make_text(&mut random)).collect();
    let paths = (0..40).map(|number| directory.path().join(number.to_string()));
    let paths: Vec<PathBuf> = paths.collect();
    for (path, text) in paths.iter().zip(&texts) {
        std::fs::write(path, text).unwrap();
    }
    let output = std::process::Command::new("python3")
        .args(["-c", PYTHON_NETRC])
        .args(&paths)
        .output();
    let Ok(output) = output else { return };
    let said = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = said.split_terminator("\n\n").collect();
    assert_eq!(answers.len(), texts.len());
    let read = texts
        .iter()
        .zip(answers)
        .filter(|(_, answer)| *answer != "!");
    let mut compared = 0;
    for (text, answer) in read {
        let found: Vec<_> = logins(text)
            .iter()
            .map(|(h, u, p)| format!("{h}|{u}|{p}"))
            .collect();
        assert_eq!(found.join("\n"), answer, "{text:?}");
        compared += 1;
    }
    assert!(compared >= 30, "Python reads only {compared} of 40");
}

use std::time::Duration;

use cs_fetch::FetchError;
use cs_link::{Fault, LinkError};
use cs_prefix::{Foreignness, PrefixError, Protection};

use super::*;
use crate::cli::usage::UsageError;
use crate::say::error::{BundlePlace, PassOn};

fn write_error(kind: io::ErrorKind) -> Error {
    Error::Write {
        path: "/p".into(),
        source: kind.into(),
    }
}

fn start_error(kind: io::ErrorKind) -> Error {
    let repair = "demo bootstrap --force".into();
    Error::Start {
        path: "/p".into(),
        source: kind.into(),
        role: Role::Delegate { repair },
    }
}

fn network(cause: cs_fetch::Cause) -> Error {
    FetchError::Setup {
        reason: "it failed".into(),
        cause,
    }
    .into()
}

fn own_errors() -> Vec<(Error, u8)> {
    let bundle = BundlePlace {
        beside: Some(("demo.bundle".into(), "/bin/demo".into())),
        own: "demo".into(),
    };
    vec![
        (Error::Unstamped("/t".into()), 78),
        (Error::Incomplete("/t".into()), 78),
        (Error::Privileged, 77),
        (Error::NoOutput, 74),
        (Error::Output(io::ErrorKind::StorageFull.into()), 74),
        (
            Error::MissingHome {
                home: "/h".into(),
                variable: "DEMO_PREFIX".into(),
                source: Box::new(PrefixError::Denied {
                    action: "make",
                    path: "/h".into(),
                }),
            },
            77,
        ),
        (
            Error::Offline {
                what: "there is no bundle".into(),
                why: "--offline".into(),
                bundle: bundle.into(),
            },
            66,
        ),
        (
            Error::Machine {
                package: "numpy".into(),
                spec: "__glibc >=2.28".into(),
                found: "this machine has glibc 2.17".into(),
                own: "demo".into(),
                variable: "DEMO_IGNORE_VIRTUAL_PACKAGES".into(),
            },
            71,
        ),
        (
            Error::NotInstalled {
                what: "nothing is installed at",
                prefix: "/p".into(),
                own: "demo".into(),
            },
            65,
        ),
        (
            Error::Altered {
                prefix: "/p".into(),
                count: 2,
                unreadable: 1,
                own: "demo".into(),
            },
            65,
        ),
        (
            Error::Unread {
                prefix: "/p".into(),
                count: 2,
            },
            65,
        ),
        (write_error(io::ErrorKind::StorageFull), 74),
        (write_error(io::ErrorKind::PermissionDenied), 73),
        (write_error(io::ErrorKind::ReadOnlyFilesystem), 73),
        (start_error(io::ErrorKind::NotFound), 66),
        (start_error(io::ErrorKind::PermissionDenied), 77),
        (start_error(io::ErrorKind::ArgumentListTooLong), 64),
        (Error::Interrupted(2), 130),
        (Error::Interrupted(15), 143),
    ]
}

fn prefix_errors() -> Vec<(PrefixError, u8)> {
    let prefix = || "/p".into();
    vec![
        (
            PrefixError::Foreign {
                path: prefix(),
                why: Foreignness::NotADirectory,
            },
            77,
        ),
        (
            PrefixError::Protected {
                prefix: prefix(),
                why: Protection::WorkingDirectory,
            },
            77,
        ),
        (
            PrefixError::Protected {
                prefix: prefix(),
                why: Protection::Home,
            },
            77,
        ),
        (
            PrefixError::SymbolicLink {
                prefix: prefix(),
                target: "/q".into(),
            },
            77,
        ),
        (
            PrefixError::Denied {
                action: "read",
                path: prefix(),
            },
            77,
        ),
        (
            PrefixError::CannotWrite {
                path: prefix(),
                source: io::ErrorKind::ReadOnlyFilesystem.into(),
            },
            73,
        ),
        (PrefixError::MountPoint { path: prefix() }, 73),
        (PrefixError::MountAppeared { path: prefix() }, 73),
        (
            PrefixError::PathTooLong {
                prefix: prefix(),
                length_bytes: 9,
                limit_bytes: 8,
            },
            73,
        ),
        (
            PrefixError::NoSpace {
                directory: prefix(),
                required_bytes: 2,
                available_bytes: 1,
            },
            74,
        ),
        (
            PrefixError::NoInodes {
                directory: prefix(),
                required_files: 2,
                available_files: 1,
            },
            74,
        ),
        (
            PrefixError::Io {
                action: "rename",
                path: prefix(),
                source: io::ErrorKind::StorageFull.into(),
            },
            74,
        ),
        (
            PrefixError::LeftBehind {
                place: prefix(),
                file: "/p/x".into(),
                why: "no".into(),
            },
            74,
        ),
        (
            PrefixError::Busy {
                prefix: prefix(),
                held: prefix(),
                waited: Duration::from_secs(600),
            },
            75,
        ),
        (PrefixError::Appeared { path: prefix() }, 75),
        (PrefixError::NothingToRollBack { previous: prefix() }, 64),
        (PrefixError::Cancelled { prefix: prefix() }, 130),
    ]
}

fn crate_errors() -> Vec<(Error, u8)> {
    use cs_fetch::Cause;
    let full = || io::ErrorKind::StorageFull.into();
    let fault = |fault: Fault| Error::Link(fault.into());
    let spool = |kind: io::ErrorKind| FetchError::Spool {
        path: "/s".into(),
        source: kind.into(),
    };
    vec![
        (
            cs_bundle::BundleError::Embedded { what: "x".into() }.into(),
            66,
        ),
        (cs_bundle::BundleError::Cancelled.into(), 130),
        (network(Cause::Unreachable), 69),
        (network(Cause::CredentialsFile), 69),
        (network(Cause::OpenFiles), 74),
        (spool(io::ErrorKind::PermissionDenied).into(), 73),
        (spool(io::ErrorKind::StorageFull).into(), 74),
        (FetchError::Cancelled.into(), 130),
        (fault(Fault::Memory), 74),
        (fault(Fault::MissingPython), 66),
        (fault(Fault::PrefixNotUnicode("/p".into())), 73),
        (
            fault(Fault::Write {
                path: "/p/x".into(),
                source: full(),
            }),
            74,
        ),
        (fault(Fault::Cancelled), 130),
        (
            Error::Archive {
                source: LinkError::from(Fault::Memory),
                origins: "/b".into(),
            },
            66,
        ),
        (
            cs_stamp::StampError::Io {
                path: "/x".into(),
                source: full(),
            }
            .into(),
            74,
        ),
        (
            cs_stamp::StampError::Misplaced {
                path: "/x".into(),
                detail: String::new(),
            }
            .into(),
            78,
        ),
        (
            cs_stamp::StampError::Version {
                path: "/x".into(),
                found: 2,
                supported: 1,
            }
            .into(),
            78,
        ),
    ]
}

fn all_errors() -> Vec<(Error, u8)> {
    let prefix = prefix_errors().into_iter();
    own_errors()
        .into_iter()
        .chain(prefix.map(|(error, status)| (error.into(), status)))
        .chain(crate_errors())
        .collect()
}

#[test]
fn each_failure_has_the_status_of_its_kind() {
    for (error, status) in all_errors() {
        assert_eq!(error.exit_status(), status, "{error}");
    }
}

#[test]
fn every_problem_and_every_hint_is_a_sentence_with_one_full_stop() {
    for (error, _) in all_errors() {
        let (what, text) = (error.to_string(), error.explain());
        assert!(!what.ends_with('.'), "{what}");
        assert!(text.starts_with(&format!("{what}.")), "{text}");
        assert!(text.ends_with('.') && !text.contains(".."), "{text}");
        assert!(!text.contains("  ") && !text.ends_with(' '), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_limit_of_the_process_is_named_whatever_was_being_done() {
    for (code, expected) in [(24, "`ulimit -n`"), (27, "`ulimit -f`")] {
        let source = || io::Error::from_raw_os_error(code);
        let errors: Vec<Error> = vec![
            LinkError::from(Fault::Write {
                path: "/p/x".into(),
                source: source(),
            })
            .into(),
            PrefixError::io("lock", "/p".as_ref(), source()).into(),
            cs_bundle::BundleError::Open {
                path: "/b".into(),
                source: source(),
            }
            .into(),
            FetchError::Spool {
                path: "/p".into(),
                source: source(),
            }
            .into(),
            cs_stamp::StampError::Io {
                path: "/x".into(),
                source: source(),
            }
            .into(),
        ];
        for error in errors {
            let text = error.explain();
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("os error"), "{text}");
            assert_eq!(error.exit_status(), 74, "{text}");
        }
    }
}

#[test]
fn cancelled_is_one_kind_whoever_noticed_it() {
    let cancelled: Vec<Error> = vec![
        PrefixError::Cancelled {
            prefix: "/p".into(),
        }
        .into(),
        cs_bundle::BundleError::Cancelled.into(),
        FetchError::Cancelled.into(),
        LinkError::from(Fault::Cancelled).into(),
    ];
    for error in cancelled {
        assert!(error.is_cancelled(), "{error}");
    }
    assert!(!Error::Privileged.is_cancelled());
}

#[test]
fn wrong_usage_points_at_the_commands_own_help_and_at_the_delegate() {
    let error = Error::Usage {
        error: UsageError {
            message: "status takes no option --x".into(),
            command: Some("status"),
        },
        own: "demo self".into(),
        pass_on: Some(PassOn {
            delegate: "conda".into(),
            prefix: "demo -- self".into(),
        }),
    };
    assert_eq!(
        error.explain(),
        "status takes no option --x. See `demo self help status`. conda's own status is `demo -- self status`."
    );
}

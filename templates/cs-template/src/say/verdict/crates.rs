//! What the failures of the crates mean.

use std::fmt::Display;

use cs_entry::ownership::Doubt;
use cs_fetch::Cause;
use cs_prefix::PrefixError;

use super::advice::RAISE_OPEN_FILES;
use super::row::{Verdict, row};
use super::status;

/// The failures of `cs-stamp`.
pub fn judge_stamp(kind: cs_stamp::Kind) -> Verdict {
    use cs_stamp::Kind;
    match kind {
        Kind::Io => row(
            status::IO,
            "A runtime reads its own file: check its permissions, and the disk for errors.",
        ),
        Kind::Damaged => row(status::STAMP, "Download the file again."),
        Kind::Misplaced => row(
            status::STAMP,
            "Somebody has changed this file: download it again from its publisher.",
        ),
        Kind::Version => row(
            status::STAMP,
            "Build the runtime again with matching versions of cs and cs-template.",
        ),
    }
}

/// The failures of `cs-prefix`.
pub fn judge_prefix(error: &PrefixError) -> Verdict {
    use cs_prefix::Kind;
    let path = error.path().display();
    match error.kind() {
        Kind::Foreign => row(
            status::NOT_PERMITTED,
            "Nothing was changed. Move it away, or choose another place with --path.",
        ),
        Kind::Untrusted(doubt) => {
            let remedy = match doubt {
                Doubt::Owner => "Run this as that user, let root own it".to_owned(),
                Doubt::WritableByAll => format!("Forbid that with `chmod o-w {path}`"),
                Doubt::WritableByGroup => format!("Forbid that with `chmod g-w {path}`"),
            };
            (
                status::NOT_PERMITTED,
                format!(
                    "Nothing was run or changed. {remedy}, or choose another place with --path."
                ),
            )
        }
        Kind::Protected => row(
            status::NOT_PERMITTED,
            "Nothing was changed. Choose another place with --path.",
        ),
        Kind::Occupied => row(
            status::NOT_PERMITTED,
            "Nothing was changed. Change to another directory first, or choose another place with --path.",
        ),
        Kind::SymbolicLink => (
            status::NOT_PERMITTED,
            format!("Nothing was changed. Name {path} itself with --path."),
        ),
        Kind::NotPermitted => row(
            status::NOT_PERMITTED,
            "Ask its owner for permission, or choose another place with --path.",
        ),
        Kind::InUse => row(
            status::BUSY,
            "Close the programs that run from it, then try again.",
        ),
        Kind::CannotWrite => row(status::CANNOT_WRITE, "Choose another place with --path."),
        Kind::MountPoint => row(
            status::CANNOT_WRITE,
            "Nothing was changed. Unmount it first, or choose another place with --path.",
        ),
        Kind::MountAppeared => row(status::CANNOT_WRITE, "Unmount it, then try again."),
        Kind::PathTooLong => row(
            status::CANNOT_WRITE,
            "Nothing was written. Choose a shorter place with --path.",
        ),
        Kind::NoSpace => row(
            status::IO,
            "Nothing was written. Free some disk space, or choose another place with --path.",
        ),
        Kind::NoInodes => row(
            status::IO,
            "Nothing was written. Remove files there, or choose another place with --path.",
        ),
        Kind::DiskFull => row(
            status::IO,
            "The disk is full or the quota is used up: free some space, then try again.",
        ),
        Kind::Io => row(
            status::IO,
            "Choose another place with --path, or check the disk for errors.",
        ),
        Kind::LeftBehind => (
            status::IO,
            format!("Everything else was removed. {}", rest_of_removal(path)),
        ),
        Kind::Busy => row(status::BUSY, "Wait for it to end, then try again."),
        Kind::Appeared => row(status::BUSY, "Nothing was removed."),
        Kind::NothingToRollBack => row(status::USAGE, "Only an upgrade creates one."),
        Kind::Cancelled => row(status::CANCELLED, ""),
    }
}

/// What the user does about what a removal left. Windows deletes nothing that is in use.
fn rest_of_removal(path: impl Display) -> String {
    if cfg!(windows) {
        format!("Close the programs that use {path}, then run the same command again.")
    } else {
        format!("Nothing uses what is left. Delete {path} as a user with permission to do so.")
    }
}

/// The failures of `cs-link`.
pub fn judge_link(kind: cs_link::Kind) -> Verdict {
    use cs_link::Kind;
    const BUG: &str = "This is a bug in the package or in how the runtime was built: \
        please report it to the runtime's publisher.";
    match kind {
        Kind::Archive | Kind::Plan => row(status::MISSING, BUG),
        Kind::Program => row(status::IO, BUG),
        Kind::Io => row(
            status::IO,
            "Free some disk space, or check the disk for errors, then try again.",
        ),
        Kind::Memory => row(
            status::IO,
            "Close other programs, or raise the memory limit of this program, then try again.",
        ),
        Kind::CannotWrite => row(
            status::CANNOT_WRITE,
            "Check the permissions there, or choose another place with --path.",
        ),
        Kind::Prefix => row(
            status::CANNOT_WRITE,
            "Choose a shorter path in valid UTF-8 with --path.",
        ),
        Kind::Cancelled => row(status::CANCELLED, ""),
    }
}

/// The failures of `cs-bundle`.
pub fn judge_bundle(kind: cs_bundle::Kind) -> Verdict {
    use cs_bundle::Kind;
    match kind {
        Kind::Missing => row(status::MISSING, "Check the path."),
        Kind::Closed => row(status::IO, "Check the path and its permissions."),
        Kind::Io => row(status::IO, ""),
        Kind::Spool => row(
            status::IO,
            "Free some disk space, or name an unpacked bundle directory instead.",
        ),
        Kind::Damaged => row(status::MISSING, "Download or copy it again."),
        Kind::Entry => row(
            status::MISSING,
            "A bundle contains only package archives, at its top level.",
        ),
        Kind::Mismatch => row(
            status::MISSING,
            "The bundle belongs to another build, or is damaged.",
        ),
        Kind::Lock => row(status::MISSING, "The runtime lock is damaged."),
        Kind::Embedded => row(status::MISSING, "Download or copy the runtime again."),
        Kind::Cancelled => row(status::CANCELLED, ""),
    }
}

/// The failures of `cs-fetch`.
pub fn judge_fetch(kind: cs_fetch::Kind) -> Verdict {
    use cs_fetch::Kind;
    match kind {
        Kind::Network(cause) => judge_network(cause),
        Kind::Damaged => row(
            status::MISSING,
            "A proxy or mirror may serve a wrong copy: try again later, or use --bundle.",
        ),
        Kind::LocalFile => row(status::MISSING, "Check the path, or use --bundle."),
        Kind::Url => row(
            status::MISSING,
            "The runtime lock is damaged, or was made for another tool.",
        ),
        Kind::CannotWrite => row(
            status::CANNOT_WRITE,
            "Check the permissions there, or choose another place with --path.",
        ),
        Kind::Io => row(
            status::IO,
            "Free some disk space there, or choose another place with --path.",
        ),
        Kind::Cancelled => row(status::CANCELLED, ""),
    }
}

fn judge_network(cause: Cause) -> Verdict {
    let advice = match cause {
        Cause::Unreachable => {
            "Check the network connection; behind a proxy set HTTPS_PROXY; without a network use --bundle."
        }
        Cause::Name => {
            "Names come from /etc/hosts and DNS; behind a proxy set HTTPS_PROXY; without a network use --bundle."
        }
        Cause::Certificate => {
            "If a company proxy inspects connections, set SSL_CERT_FILE to its certificates; \
             without a network use --bundle."
        }
        Cause::Credentials => {
            "Put credentials for this host into the file that RATTLER_AUTH_FILE names, or use --bundle."
        }
        Cause::ProxyCredentials => {
            "Put the proxy's user and password into HTTPS_PROXY, or use --bundle."
        }
        Cause::Gone => {
            "The channel no longer has this archive: set up a mirror that does, or use --bundle."
        }
        Cause::Redirect => {
            "A request that began with encryption is never sent without it: set up a mirror, or use --bundle."
        }
        Cause::Proxy => {
            "Set it to the address of an http, https or socks5 proxy, or unset it, or use --bundle."
        }
        Cause::CredentialsFile => "Check RATTLER_AUTH_FILE.",
        Cause::Threads => "Raise the limit on processes.",
        Cause::OpenFiles => return row(status::IO, RAISE_OPEN_FILES),
    };
    row(status::NETWORK, advice)
}

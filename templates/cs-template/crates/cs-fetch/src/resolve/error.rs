//! Why a name has no address.

/// A name that cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// A server knows that the name does not exist, or has no address.
    #[error("{host} has no address: the DNS server {server} says that {what}")]
    Unknown {
        /// The name that was asked for, without a suffix of the search list.
        host: String,
        /// Which server says so.
        server: String,
        /// What it says.
        what: &'static str,
    },
    /// A server could not or would not answer.
    #[error("cannot look up {host}: the DNS server {server} answered {code}")]
    Refused {
        /// The name.
        host: String,
        /// The last server that was asked.
        server: String,
        /// Its response code.
        code: String,
    },
    /// No server answered at all.
    #[error(
        "cannot look up {host}: no answer from the DNS server{} {servers} ({reason})",
        plural(servers)
    )]
    Unreachable {
        /// The name.
        host: String,
        /// All servers that were asked.
        servers: String,
        /// What the last attempt met.
        reason: String,
    },
    /// A limit of this process allows no question.
    #[error("cannot look up {host}: {}", cs_file::describe_error(source))]
    Limit {
        /// The name.
        host: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No DNS name looks like this.
    #[error("{host} is not a valid host name")]
    Invalid {
        /// The name.
        host: String,
    },
}

impl ResolveError {
    pub(crate) fn invalid(host: &str) -> Self {
        Self::Invalid {
            host: host.to_owned(),
        }
    }

    /// Whether asking again would give the same answer.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Invalid { .. })
    }
}

fn plural(servers: &str) -> &'static str {
    if servers.contains(", ") { "s" } else { "" }
}

//! Names to addresses on Linux: `/etc/hosts` and DNS, without the C library.
//!
//! A static executable must not ask the C library: that would load NSS modules of the host,
//! built for another C library, and crash in them. What is asked is what musl asks: the
//! hosts file, then the name servers of `/etc/resolv.conf` with its search list and options.
//! macOS and Windows have resolvers of their own, which know of VPNs: there they are used.

mod error;
mod exchange;
mod hosts;
mod message;
mod settings;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

pub use error::ResolveError;
use exchange::Exchange;
use message::{Family, Query};
pub use settings::Settings;

/// How long the second family's answer is waited for once the first has addresses: some servers never answer for IPv6.
const SECOND_FAMILY: Duration = Duration::from_millis(500);

/// Looks up names as the files of this machine say.
#[derive(Debug, Clone)]
pub struct Resolver {
    hosts: PathBuf,
    settings: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Read anew for each name: networks change.
    File(PathBuf),
    Fixed(Settings),
}

impl Default for Resolver {
    fn default() -> Self {
        Self {
            hosts: "/etc/hosts".into(),
            settings: Source::File("/etc/resolv.conf".into()),
        }
    }
}

impl Resolver {
    /// Use these settings and this hosts file instead of the machine's.
    pub fn new(settings: Settings, hosts: &Path) -> Self {
        Self {
            hosts: hosts.to_owned(),
            settings: Source::Fixed(settings),
        }
    }

    /// Addresses of `host`, the ones to try first at the front.
    pub async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        let found = hosts::find(&self.hosts, name);
        if !found.is_empty() {
            return Ok(sort(found));
        }
        if is_localhost(name) {
            return Ok(sort(vec![
                Ipv4Addr::LOCALHOST.into(),
                Ipv6Addr::LOCALHOST.into(),
            ]));
        }
        let settings = match &self.settings {
            Source::File(path) => Settings::read(path),
            Source::Fixed(settings) => settings.clone(),
        };
        Ok(sort(search(&settings, host).await?))
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::new(self.clone());
        Box::pin(async move {
            let addresses = resolver.lookup(name.as_str()).await?;
            // Port 0 stands for the one of the URL.
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// RFC 6761: these names mean this machine, whatever a server says.
fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Ask for `host` with each suffix of the search list, until one has addresses.
async fn search(settings: &Settings, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
    let exchange = Exchange { settings, host };
    let mut failure = None;
    for name in settings.candidates(host) {
        match lookup_name(&exchange, &name).await {
            Ok(addresses) => return Ok(addresses),
            // Servers that say nothing will not say more about another name.
            Err(error @ (ResolveError::Unreachable { .. } | ResolveError::Limit { .. })) => {
                return Err(error);
            }
            // What may pass (a server's failure) says more than that a name of the search list does not exist.
            Err(error) => match &failure {
                Some(ResolveError::Refused { .. }) => {}
                _ => failure = Some(error),
            },
        }
    }
    Err(failure.unwrap_or_else(|| ResolveError::invalid(host)))
}

/// Ask for both families at once.
async fn lookup_name(exchange: &Exchange<'_>, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
    let ask = async |family| {
        let query = Query::new(name, family).ok_or_else(|| ResolveError::invalid(name))?;
        exchange.ask(&query).await
    };
    let (four, six) = (Box::pin(ask(Family::Four)), Box::pin(ask(Family::Six)));
    let (first, second) = match select(four, six).await {
        Either::Left((first, rest)) => (first, Either::Left(rest)),
        Either::Right((first, rest)) => (first, Either::Right(rest)),
    };
    let second = match first {
        Ok(_) => match tokio::time::timeout(SECOND_FAMILY, second).await {
            Ok(second) => second,
            Err(_) => return first,
        },
        Err(_) => second.await,
    };
    merge(first, second)
}

/// One family's addresses are enough; of two failures the temporary one is reported.
fn merge(
    first: Result<Vec<IpAddr>, ResolveError>,
    second: Result<Vec<IpAddr>, ResolveError>,
) -> Result<Vec<IpAddr>, ResolveError> {
    match (first, second) {
        (Ok(mut addresses), Ok(more)) => {
            addresses.extend(more);
            Ok(addresses)
        }
        (Ok(addresses), Err(_)) | (Err(_), Ok(addresses)) => Ok(addresses),
        (Err(first), Err(second)) => Err(if first.is_final() { second } else { first }),
    }
}

/// What this machine has a route to first, and of that IPv6 first; the client tries the other family soon after.
fn sort(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.sort_by_key(|address| (!has_route(*address), address.is_ipv4()));
    addresses.dedup();
    addresses
}

/// Whether the kernel would know where to send: nothing is sent.
fn has_route(address: IpAddr) -> bool {
    let any: SocketAddr = match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    UdpSocket::bind(any).is_ok_and(|socket| socket.connect((address, 53)).is_ok())
}

/// Look a name up on a thread that has no runtime, as the C library's function does.
pub fn lookup_blocking(host: &str) -> Result<Vec<IpAddr>, ResolveError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|_| ResolveError::invalid(host))?;
    runtime.block_on(Resolver::default().lookup(host))
}

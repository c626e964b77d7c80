//! `/etc/resolv.conf`: which servers to ask, and how (resolv.conf(5)).

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::time::Duration;

const PORT: u16 = 53;
/// As many as the C library asks.
const MOST_SERVERS: usize = 3;
const LONGEST: u64 = 64 * 1024;

/// How names are looked up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Servers, in the order in which they are asked.
    pub servers: Vec<SocketAddr>,
    /// Suffixes for names that are not complete.
    pub search: Vec<String>,
    /// A name with as many dots is tried as it is before the search list.
    pub ndots: usize,
    /// How long one server may take for one answer.
    pub timeout: Duration,
    /// How often all servers are asked.
    pub attempts: usize,
    /// Ask over TCP at once.
    pub use_tcp: bool,
    /// Begin with another server each time.
    pub rotate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            use_tcp: false,
            rotate: false,
        }
    }
}

impl Settings {
    /// Read the file; without one, or without a server in it, a server on this machine is asked.
    pub(crate) fn read(path: &Path) -> Self {
        let mut text = Vec::new();
        if path.metadata().is_ok_and(|metadata| metadata.is_file())
            && let Ok(file) = File::open(path)
        {
            let _ = file.take(LONGEST).read_to_end(&mut text);
        }
        Self::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Self {
        let mut settings = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let Some(keyword) = words.next() else {
                continue;
            };
            match keyword {
                "nameserver" if settings.servers.len() < MOST_SERVERS => {
                    settings.servers.extend(words.next().and_then(parse_server));
                }
                // The last of them counts.
                "domain" => settings.search = words.take(1).map(str::to_owned).collect(),
                "search" => settings.search = words.map(str::to_owned).collect(),
                "options" => words.for_each(|option| settings.set(option)),
                _ => {}
            }
        }
        if settings.servers.is_empty() {
            settings.servers.push((Ipv4Addr::LOCALHOST, PORT).into());
        }
        settings
    }

    /// Apply one option, within the C library's bounds.
    fn set(&mut self, option: &str) {
        let (name, value) = option.split_once(':').unwrap_or((option, ""));
        match (name, value.parse::<usize>()) {
            ("ndots", Ok(count)) => self.ndots = count.min(15),
            ("timeout", Ok(seconds)) => {
                self.timeout = Duration::from_secs(seconds.clamp(1, 30) as u64);
            }
            ("attempts", Ok(count)) => self.attempts = count.clamp(1, 5),
            ("use-vc", _) => self.use_tcp = true,
            ("rotate", _) => self.rotate = true,
            _ => {}
        }
    }

    /// The full names to ask for, in order.
    pub(crate) fn candidates(&self, host: &str) -> Vec<String> {
        if let Some(complete) = host.strip_suffix('.') {
            return vec![complete.to_owned()];
        }
        let suffixed = self.search.iter().map(|suffix| suffix.trim_matches('.'));
        let mut names: Vec<String> = suffixed
            .filter(|suffix| !suffix.is_empty())
            .map(|suffix| format!("{host}.{suffix}"))
            .collect();
        let position = if host.matches('.').count() >= self.ndots {
            0
        } else {
            names.len()
        };
        names.insert(position, host.to_owned());
        names
    }

    /// All servers, for messages.
    pub(crate) fn describe_servers(&self) -> String {
        let name = |server: &SocketAddr| describe_server(*server);
        self.servers.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// A server's address, with its port only where it is not the usual one.
pub(crate) fn describe_server(server: SocketAddr) -> String {
    match server.port() {
        PORT => server.ip().to_string(),
        _ => server.to_string(),
    }
}

/// An address; one that is local to a link may have the interface behind it: `fe80::1%eth0`.
fn parse_server(text: &str) -> Option<SocketAddr> {
    let Some((address, interface)) = text.split_once('%') else {
        return Some((text.parse::<IpAddr>().ok()?, PORT).into());
    };
    let address: Ipv6Addr = address.parse().ok()?;
    let index = interface.parse().ok().or_else(|| find_interface(interface));
    Some(SocketAddrV6::new(address, PORT, 0, index?).into())
}

fn find_interface(name: &str) -> Option<u32> {
    // A name is one component of a path, and no way out of it.
    let is_name = !name.contains('/') && name != "..";
    let path = Path::new("/sys/class/net").join(name).join("ifindex");
    let text = is_name.then(|| std::fs::read_to_string(path).ok())??;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(text: &str) -> Vec<String> {
        let settings = Settings::parse(text);
        settings.servers.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn servers_are_read_in_order_up_to_three() {
        let text = "# nameserver 9.9.9.9\n; nameserver 9.9.9.9\nnameserver 10.0.0.1\n\x20nameserver\tfd00::1 \n\
            nameserver x\n\
            nameserver fe80::1%7\nnameserver 10.0.0.4\n";
        assert_eq!(
            servers(text),
            ["10.0.0.1:53", "[fd00::1]:53", "[fe80::1%7]:53"]
        );
        assert_eq!(servers("nameserver fe80::1%lo"), ["[fe80::1%1]:53"]);
    }

    #[test]
    fn without_servers_this_machine_is_asked() {
        for text in [
            "",
            "search a.example",
            "nameserver",
            "nameserver fe80::1%../../x",
            "\0\0\u{fffd}",
        ] {
            assert_eq!(servers(text), ["127.0.0.1:53"], "{text:?}");
        }
        assert_eq!(
            Settings::read(Path::new("/nowhere/resolv.conf"))
                .servers
                .len(),
            1
        );
        assert_eq!(Settings::read(Path::new("/etc")).servers.len(), 1);
    }

    #[test]
    fn options_stay_within_bounds() {
        let settings = Settings::parse(
            "options ndots:99 timeout:0 attempts:400 rotate use-vc edns0 trust-ad ndots:x",
        );
        assert_eq!((settings.ndots, settings.attempts), (15, 5));
        assert_eq!(settings.timeout, Duration::from_secs(1));
        assert!(settings.rotate && settings.use_tcp);
    }

    #[test]
    fn incomplete_names_are_searched_for_first() {
        let settings =
            Settings::parse("domain ignored\nsearch a.example b.example. .\noptions ndots:2");
        assert_eq!(
            settings.candidates("host"),
            ["host.a.example", "host.b.example", "host"]
        );
        assert_eq!(
            settings.candidates("x.y"),
            ["x.y.a.example", "x.y.b.example", "x.y"]
        );
        assert_eq!(
            settings.candidates("x.y.z"),
            ["x.y.z", "x.y.z.a.example", "x.y.z.b.example"]
        );
        assert_eq!(settings.candidates("host."), ["host"]);
        assert_eq!(Settings::default().candidates("host"), ["host"]);
    }
}

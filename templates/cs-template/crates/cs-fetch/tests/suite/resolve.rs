//! Names, looked up at DNS servers of the tests' own.
#![cfg(target_os = "linux")]

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cs_fetch::resolve::{ResolveError, Resolver, Settings};

const FOUR: u16 = 1;
const SIX: u16 = 28;

/// What a server answers to a question.
#[derive(Clone)]
enum Answer {
    Addresses(Vec<IpAddr>),
    /// A response code: 3 for a name that does not exist.
    Code(u8),
    /// Over UDP cut short, over TCP the addresses.
    Truncated(Vec<IpAddr>),
    Silence,
    After(Duration, Vec<IpAddr>),
    /// Nothing before so many have been asked for.
    When(Arc<Mutex<BTreeSet<u8>>>, usize, Vec<IpAddr>),
    /// Answers to another question, and with another number, before the true one.
    AfterLies(Vec<IpAddr>),
}

/// A DNS server on loopback, over UDP and TCP on one port.
struct DnsServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl DnsServer {
    fn start(answer: impl Fn(&str, u16) -> Answer + Send + Sync + 'static) -> Self {
        let (udp, tcp) = bind_both("127.0.0.1");
        Self::serve(udp, tcp, answer)
    }

    fn serve(
        udp: UdpSocket,
        tcp: TcpListener,
        answer: impl Fn(&str, u16) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = udp.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let (log, decide) = (Arc::clone(&asked), Arc::clone(&answer));
        thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = udp.recv_from(&mut buffer) {
                let query = buffer[..length].to_vec();
                let (name, kind) = read_question(&query);
                log.lock().unwrap().push((name.clone(), kind));
                let (socket, answer) = (udp.try_clone().unwrap(), decide(&name, kind));
                thread::spawn(move || {
                    for message in answer_udp(&query, kind, answer) {
                        let _ = socket.send_to(&message, from);
                    }
                });
            }
        });
        thread::spawn(move || {
            for mut stream in tcp.incoming().flatten() {
                let mut length = [0; 2];
                if stream.read_exact(&mut length).is_err() {
                    continue;
                }
                let mut query = vec![0; u16::from_be_bytes(length) as usize];
                stream.read_exact(&mut query).unwrap();
                let (name, kind) = read_question(&query);
                let addresses = match answer(&name, kind) {
                    Answer::Addresses(addresses) | Answer::Truncated(addresses) => addresses,
                    _ => continue,
                };
                let message = write_response(&query, 0x8180, kind, &addresses);
                let framed = [&(message.len() as u16).to_be_bytes(), message.as_slice()].concat();
                // In two pieces, as networks may.
                stream.write_all(&framed[..5]).unwrap();
                thread::sleep(Duration::from_millis(5));
                let _ = stream.write_all(&framed[5..]);
            }
        });
        Self { address, asked }
    }

    /// A server that knows these names alone.
    fn of(names: &[(&str, &[&str])]) -> Self {
        let names: HashMap<String, Vec<IpAddr>> = names
            .iter()
            .map(|(name, addresses)| (name.to_string(), parse(addresses)))
            .collect();
        Self::start(move |name, _| match names.get(name) {
            Some(addresses) => Answer::Addresses(addresses.clone()),
            None => Answer::Code(3),
        })
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .asked
            .lock()
            .unwrap()
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        names.dedup();
        names
    }
}

/// One port for both.
fn bind_both(address: &str) -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind((address, 0)).expect("the machine has this address");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
}

fn parse(addresses: &[&str]) -> Vec<IpAddr> {
    addresses
        .iter()
        .map(|address| address.parse().unwrap())
        .collect()
}

fn read_question(query: &[u8]) -> (String, u16) {
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] > 0 {
        let end = at + 1 + query[at] as usize;
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).into_owned());
        at = end;
    }
    (
        labels.join("."),
        u16::from_be_bytes([query[at + 1], query[at + 2]]),
    )
}

fn answer_udp(query: &[u8], kind: u16, answer: Answer) -> Vec<Vec<u8>> {
    match answer {
        Answer::Addresses(addresses) => vec![write_response(query, 0x8180, kind, &addresses)],
        Answer::Code(code) => vec![write_response(query, 0x8180 | u16::from(code), kind, &[])],
        Answer::Truncated(_) => vec![write_response(query, 0x8380, kind, &[])],
        Answer::Silence => vec![],
        Answer::After(pause, addresses) => {
            thread::sleep(pause);
            vec![write_response(query, 0x8180, kind, &addresses)]
        }
        Answer::When(asked, count, addresses) => {
            while asked.lock().unwrap().len() < count {
                thread::yield_now();
            }
            vec![write_response(query, 0x8180, kind, &addresses)]
        }
        Answer::AfterLies(addresses) => {
            let lie = parse(if kind == FOUR {
                &["6.6.6.6"]
            } else {
                &["6::6"]
            });
            let mut other_number = write_response(query, 0x8180, kind, &lie);
            other_number[1] ^= 1;
            let mut other_name = write_response(query, 0x8180, kind, &lie);
            other_name[13] ^= 1;
            let junk = vec![other_name[0], other_name[1], 0x81];
            vec![
                other_number,
                other_name,
                junk,
                write_response(query, 0x8180, kind, &addresses),
            ]
        }
    }
}

fn write_response(query: &[u8], flags: u16, kind: u16, addresses: &[IpAddr]) -> Vec<u8> {
    let mut message = query.to_vec();
    message[2..4].copy_from_slice(&flags.to_be_bytes());
    let mut count = 0_u16;
    for address in addresses {
        let data = match address {
            IpAddr::V4(address) if kind == FOUR => address.octets().to_vec(),
            IpAddr::V6(address) if kind == SIX => address.octets().to_vec(),
            _ => continue,
        };
        count += 1;
        message.extend_from_slice(&[0xc0, 12]);
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&[0, 1, 0, 0, 0, 1]);
        message.extend_from_slice(&(data.len() as u16).to_be_bytes());
        message.extend_from_slice(&data);
    }
    message[6..8].copy_from_slice(&count.to_be_bytes());
    message
}

fn settings(servers: &[&DnsServer]) -> Settings {
    Settings {
        servers: servers.iter().map(|server| server.address).collect(),
        timeout: Duration::from_secs(2),
        ..Settings::default()
    }
}

fn look_up_with(settings: Settings, hosts: &Path, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut found = runtime.block_on(Resolver::new(settings, hosts).lookup(name))?;
    found.sort();
    Ok(found)
}

fn look_up(settings: Settings, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
    look_up_with(settings, Path::new("/nowhere/hosts"), name)
}

#[test]
fn both_families_of_a_name_are_found() {
    let server = DnsServer::of(&[("_Demo.example", &["10.0.0.2", "10.0.0.1", "fd00::1"])]);
    let found = look_up(settings(&[&server]), "_Demo.example").unwrap();
    assert_eq!(found, parse(&["10.0.0.1", "10.0.0.2", "fd00::1"]));
    let mut kinds: Vec<_> = server
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|(_, kind)| *kind)
        .collect();
    kinds.sort();
    assert_eq!(kinds, [FOUR, SIX]);
}

#[test]
fn addresses_need_no_server() {
    for address in ["10.0.0.1", "fd00::1"] {
        assert_eq!(
            look_up(Settings::default(), address).unwrap(),
            parse(&[address])
        );
    }
}

#[test]
fn the_hosts_file_comes_first_and_localhost_is_always_there() {
    let server = DnsServer::of(&[("demo.local", &["10.9.9.9"]), ("localhost", &["10.9.9.9"])]);
    let directory = tempfile::tempdir().unwrap();
    let hosts = directory.path().join("hosts");
    std::fs::write(&hosts, "10.0.0.1 demo.local demo\n").unwrap();
    for name in ["demo.local", "DEMO", "demo."] {
        let found = look_up_with(settings(&[&server]), &hosts, name).unwrap();
        assert_eq!(found, parse(&["10.0.0.1"]));
    }
    for name in ["localhost", "LocalHost.", "x.localhost"] {
        let found = look_up_with(settings(&[&server]), &hosts, name).unwrap();
        assert_eq!(found, parse(&["127.0.0.1", "::1"]));
    }
    assert!(server.names().is_empty());
}

#[test]
fn a_name_that_does_not_exist_is_final_and_reported_with_its_server() {
    let server = DnsServer::of(&[]);
    let error = look_up(settings(&[&server]), "demo.local").unwrap_err();
    assert!(error.is_final());
    let expected = format!(
        "demo.local has no address: the DNS server {} says that the name does not exist",
        server.address
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(
        server.asked.lock().unwrap().len(),
        2,
        "once for each family"
    );
}

#[test]
fn a_name_without_addresses_is_reported_as_such() {
    let server = DnsServer::start(|_, _| Answer::Addresses(vec![]));
    let error = look_up(settings(&[&server]), "demo.example").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("says that the name exists without one"),
        "{error}"
    );
}

#[test]
fn one_family_is_enough_and_the_other_one_s_silence_costs_little() {
    for other in [
        Answer::Silence,
        Answer::Code(2),
        Answer::Code(3),
        Answer::Addresses(vec![]),
    ] {
        for good in [FOUR, SIX] {
            let other = other.clone();
            let found = parse(if good == FOUR {
                &["10.0.0.1"]
            } else {
                &["fd00::1"]
            });
            let answer = found.clone();
            let server = DnsServer::start(move |_, kind| {
                if kind == good {
                    Answer::Addresses(answer.clone())
                } else {
                    other.clone()
                }
            });
            let mut settings = settings(&[&server]);
            // The other answer is not waited for that long.
            settings.timeout = Duration::from_secs(3600);
            assert_eq!(look_up(settings, "demo.example").unwrap(), found);
        }
    }
}

#[test]
fn a_long_answer_is_asked_for_over_tcp() {
    let many: Vec<IpAddr> = (0..200)
        .map(|last| IpAddr::from([10, 0, 1, last]))
        .collect();
    let answer = many.clone();
    let server = DnsServer::start(move |_, _| Answer::Truncated(answer.clone()));
    assert_eq!(look_up(settings(&[&server]), "demo.example").unwrap(), many);
    let server = DnsServer::of(&[("demo.example", &["10.0.0.1"])]);
    let mut over_tcp = settings(&[&server]);
    over_tcp.use_tcp = true;
    assert_eq!(
        look_up(over_tcp, "demo.example").unwrap(),
        parse(&["10.0.0.1"])
    );
    assert!(server.names().is_empty(), "nothing over UDP");
}

#[test]
fn a_server_may_have_an_ipv6_address() {
    let (udp, tcp) = bind_both("::1");
    let many: Vec<IpAddr> = (0..100)
        .map(|last| IpAddr::from([10, 0, 1, last]))
        .collect();
    let answer = many.clone();
    let server = DnsServer::serve(udp, tcp, move |_, _| Answer::Truncated(answer.clone()));
    let found = look_up(settings(&[&server]), "demo.example").unwrap();
    assert_eq!(found, many);
}

#[test]
fn lies_are_not_believed() {
    let server = DnsServer::start(|_, _| Answer::AfterLies(parse(&["10.0.0.1", "fd00::1"])));
    let found = look_up(settings(&[&server]), "demo.example").unwrap();
    assert_eq!(found, parse(&["10.0.0.1", "fd00::1"]));
}

#[test]
fn a_server_that_fails_or_says_nothing_is_followed_by_the_next() {
    let good = DnsServer::of(&[("demo.example", &["10.0.0.1"])]);
    for answer in [
        Answer::Silence,
        Answer::Code(2),
        Answer::Code(5),
        Answer::Code(1),
        Answer::After(Duration::from_secs(5), vec![]),
    ] {
        let bad = DnsServer::start(move |_, _| answer.clone());
        let mut settings = settings(&[&bad, &good]);
        settings.timeout = Duration::from_millis(500);
        let found = look_up(settings, "demo.example").unwrap();
        assert_eq!(found, parse(&["10.0.0.1"]));
    }
}

#[test]
fn a_server_that_fails_only_now_and_then_is_asked_again() {
    let count = Mutex::new(0);
    let server = DnsServer::start(move |_, kind| {
        let mut count = count.lock().unwrap();
        *count += u32::from(kind == FOUR);
        match *count {
            0 | 1 => Answer::Code(2),
            _ => Answer::Addresses(parse(&["10.0.0.1"])),
        }
    });
    assert_eq!(
        look_up(settings(&[&server]), "demo.example").unwrap(),
        parse(&["10.0.0.1"])
    );
}

#[test]
fn failures_name_the_host_and_the_servers_and_take_no_longer_than_allowed() {
    let silent = DnsServer::start(|_, _| Answer::Silence);
    let closed = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut settings = settings(&[&silent]);
    settings.timeout = Duration::from_millis(200);
    settings.search = vec!["corp.example".to_owned()];
    let error = look_up(settings.clone(), "demo").unwrap_err();
    assert!(!error.is_final());
    let expected = format!(
        "cannot look up demo: no answer from the DNS server {} (nothing within 0.2 s)",
        silent.address
    );
    assert_eq!(error.to_string(), expected);
    // Two attempts for one name, each for both kinds of addresses.
    assert_eq!(silent.names(), ["demo.corp.example"]);
    assert_eq!(silent.asked.lock().unwrap().len(), 4);
    settings.servers = vec![closed, silent.address];
    let error = look_up(settings.clone(), "demo").unwrap_err().to_string();
    assert!(
        error.contains(&format!(
            "no answer from the DNS servers {closed}, {}",
            silent.address
        )),
        "{error}"
    );
    settings.servers = vec![closed];
    let error = look_up(settings, "demo").unwrap_err().to_string();
    assert!(error.contains("Connection refused"), "{error}");
    let failing = DnsServer::start(|_, _| Answer::Code(2));
    let error = look_up(self::settings(&[&failing]), "demo.example").unwrap_err();
    assert!(!error.is_final());
    assert_eq!(
        error.to_string(),
        format!(
            "cannot look up demo.example: the DNS server {} answered SERVFAIL",
            failing.address
        )
    );
}

#[test]
fn the_search_list_is_followed() {
    let server = DnsServer::of(&[
        ("demo.b.example", &["10.0.0.1"]),
        ("x.y.b.example", &["10.0.0.2"]),
        ("x.y.z", &["10.0.0.3"]),
    ]);
    let mut settings = settings(&[&server]);
    settings.search = vec!["a.example".to_owned(), "b.example".to_owned()];
    assert_eq!(
        look_up(settings.clone(), "demo").unwrap(),
        parse(&["10.0.0.1"])
    );
    assert_eq!(server.names(), ["demo.a.example", "demo.b.example"]);
    assert_eq!(
        look_up(settings.clone(), "x.y").unwrap(),
        parse(&["10.0.0.2"])
    );
    assert_eq!(
        look_up(settings.clone(), "x.y.z").unwrap(),
        parse(&["10.0.0.3"])
    );
    assert!(
        look_up(settings.clone(), "demo.").is_err(),
        "complete as it is"
    );
    let error = look_up(settings, "other").unwrap_err().to_string();
    assert!(error.starts_with("other has no address"), "{error}");
}

#[test]
fn a_failing_server_says_more_than_a_suffix_that_does_not_exist() {
    let server = DnsServer::start(|name, _| match name {
        "demo" => Answer::Code(3),
        _ => Answer::Code(2),
    });
    let mut settings = settings(&[&server]);
    settings.search = vec!["a.example".to_owned()];
    let error = look_up(settings, "demo").unwrap_err();
    assert!(!error.is_final(), "{error}");
}

#[test]
fn impossible_names_are_refused_without_a_question() {
    let server = DnsServer::of(&[]);
    for name in ["", ".", "a..b", &"x".repeat(64), &"x.".repeat(200)] {
        let error = look_up(settings(&[&server]), name).unwrap_err();
        assert!(error.is_final(), "{name}: {error}");
    }
    assert!(server.names().is_empty());
}

#[test]
fn many_names_are_looked_up_at_once() {
    // No answer comes before every name has been asked for.
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let server = DnsServer::start(move |name, _| {
        let last = name
            .trim_matches(|letter: char| !letter.is_ascii_digit())
            .parse()
            .unwrap();
        asked.lock().unwrap().insert(last);
        Answer::When(Arc::clone(&asked), 64, vec![IpAddr::from([10, 0, 0, last])])
    });
    let resolver = Resolver::new(settings(&[&server]), Path::new("/nowhere"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let look_up = async |number: u8| {
            let found = resolver
                .lookup(&format!("h{number}.example"))
                .await
                .unwrap();
            assert_eq!(found, [IpAddr::from([10, 0, 0, number])]);
        };
        futures_util::future::join_all((0..64).map(look_up)).await;
    });
}

//! A question to the servers, one after the other: over UDP, and over TCP where the answer does not fit.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpStream, UdpSocket};

use super::error::ResolveError;
use super::message::{Answer, Query};
use super::settings::{Settings, describe_server};

/// More than any server sends over UDP unless the question allows more.
const LONGEST_DATAGRAM: usize = 4096;

/// Questions about one host.
pub(crate) struct Exchange<'a> {
    pub(crate) settings: &'a Settings,
    /// The name as it was asked for, for messages.
    pub(crate) host: &'a str,
}

impl Exchange<'_> {
    /// Addresses, or why there are none. A server that fails or says nothing is followed by the next one.
    pub(crate) async fn ask(&self, query: &Query) -> Result<Vec<IpAddr>, ResolveError> {
        let servers = &self.settings.servers;
        let first = if self.settings.rotate {
            RandomState::new().hash_one(0) as usize % servers.len()
        } else {
            0
        };
        let turns = self.settings.attempts * servers.len();
        let mut failure = None;
        for turn in 0..turns {
            let server = servers[(first + turn) % servers.len()];
            let asked = tokio::time::timeout(self.settings.timeout, self.ask_one(query, server));
            match asked.await {
                Ok(Ok(Answer::Addresses(addresses))) => return Ok(addresses),
                Ok(Ok(answer @ (Answer::NoAddress | Answer::NoSuchName))) => {
                    return Err(self.unknown(server, &answer));
                }
                Ok(Ok(answer)) => failure = Some(self.refused(server, &answer)),
                Ok(Err(source)) if cs_file::is_too_many_open(&source) => {
                    let host = self.host.to_owned();
                    return Err(ResolveError::Limit { host, source });
                }
                Ok(Err(error)) => {
                    self.note_silence(&mut failure, cs_file::describe_error(&error));
                }
                Err(_) => {
                    let patience = self.settings.timeout.as_secs_f32();
                    self.note_silence(&mut failure, format!("nothing within {patience} s"));
                }
            }
        }
        Err(failure.unwrap_or_else(|| ResolveError::invalid(self.host)))
    }

    async fn ask_one(&self, query: &Query, server: SocketAddr) -> io::Result<Answer> {
        if !self.settings.use_tcp {
            let answer = ask_udp(query, server).await?;
            if answer != Answer::Truncated {
                return Ok(answer);
            }
        }
        ask_tcp(query, server).await
    }

    fn unknown(&self, server: SocketAddr, answer: &Answer) -> ResolveError {
        ResolveError::Unknown {
            host: self.host.to_owned(),
            server: describe_server(server),
            what: match answer {
                Answer::NoSuchName => "the name does not exist",
                _ => "the name exists without one",
            },
        }
    }

    fn refused(&self, server: SocketAddr, answer: &Answer) -> ResolveError {
        ResolveError::Refused {
            host: self.host.to_owned(),
            server: describe_server(server),
            code: match answer {
                Answer::Failure(1) => "FORMERR".to_owned(),
                Answer::Failure(2) => "SERVFAIL".to_owned(),
                Answer::Failure(4) => "NOTIMP".to_owned(),
                Answer::Failure(5) => "REFUSED".to_owned(),
                Answer::Failure(code) => format!("with code {code}"),
                _ => "with a truncated message, over TCP too".to_owned(),
            },
        }
    }

    /// A server that does not answer: reported only when no other server answered.
    fn note_silence(&self, failure: &mut Option<ResolveError>, reason: String) {
        if !matches!(failure, Some(ResolveError::Refused { .. })) {
            *failure = Some(ResolveError::Unreachable {
                host: self.host.to_owned(),
                servers: self.settings.describe_servers(),
                reason,
            });
        }
    }
}

async fn ask_udp(query: &Query, server: SocketAddr) -> io::Result<Answer> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    // From here on the kernel accepts answers only from the server, and reports when no program listens there.
    socket.connect(server).await?;
    socket.send(&query.to_bytes()).await?;
    let mut buffer = [0; LONGEST_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(answer) = query.read(&buffer[..length]) {
            return Ok(answer);
        }
    }
}

/// Over TCP every message has its length in front.
async fn ask_tcp(query: &Query, server: SocketAddr) -> io::Result<Answer> {
    let stream = TcpStream::connect(server).await?;
    let message = query.to_bytes();
    let mut framed = (message.len() as u16).to_be_bytes().to_vec();
    framed.extend_from_slice(&message);
    write_all(&stream, &framed).await?;
    let mut length = [0; 2];
    read_exact(&stream, &mut length).await?;
    let mut answer = vec![0; u16::from_be_bytes(length) as usize];
    read_exact(&stream, &mut answer).await?;
    let garbled = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "an answer to a different question",
        )
    };
    query.read(&answer).ok_or_else(garbled)
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn read_exact(stream: &TcpStream, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        stream.readable().await?;
        match stream.try_read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => buffer = &mut buffer[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

//! A server on loopback that does what a test asks for.
pub mod process;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cs_archive::{Archive, Archives, ReadAt, Wanted};
use cs_fetch::{Cause, Event, FetchError, Fetcher, Kind, Options, fetch};
use rustls::pki_types::PrivatePkcs8KeyDer;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Number of this request at this server, from 0.
    pub number: usize,
    pub target: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// First byte that a `Range` asks for.
    pub fn range_start(&self) -> Option<usize> {
        self.header("range")?
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    }
}

/// A server with one thread for each connection; each connection serves one request.
pub struct Server {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(handler: impl Fn(&Received, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, stop) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(AtomicBool::new(false)),
        );
        let (log, stopping, handler) =
            (Arc::clone(&received), Arc::clone(&stop), Arc::new(handler));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (log, handler) = (Arc::clone(&log), Arc::clone(&handler));
                thread::spawn(move || serve(stream, &log, &*handler));
            }
        });
        Self {
            address,
            received,
            stop,
            thread: Some(thread),
        }
    }

    /// A server that has `body` at every path.
    pub fn of(body: Vec<u8>) -> Self {
        Self::start(move |_, stream| respond(stream, "200 OK", &[], &body))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Received>>,
    handler: &dyn Fn(&Received, &mut TcpStream),
) {
    let reader = BufReader::new(stream.try_clone().unwrap());
    if let Some(received) = read_head(reader, log) {
        handler(&received, &mut stream);
    }
}

/// Read a request and note it; `None` when the connection was closed before.
fn read_head(mut reader: impl BufRead, log: &Mutex<Vec<Received>>) -> Option<Received> {
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return None;
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let mut log = log.lock().unwrap();
    let number = log.len();
    log.push(Received {
        number,
        target,
        headers,
    });
    log.last().cloned()
}

/// Write a whole response.
pub fn respond(stream: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) {
    let length = format!("Content-Length: {}", body.len());
    respond_raw(stream, status, &[headers, &[&length]].concat(), body);
}

/// Write a response without a length of its own; the end of the connection ends it.
pub fn respond_raw(stream: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    // The client may have gone, which is its right.
    let _ = stream.write_all((head + "\r\n").as_bytes());
    let _ = stream.write_all(body);
}

/// Say nothing more until the client is gone.
pub fn fall_silent(stream: &mut TcpStream) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// Serve `body`, or the part of it that is asked for.
pub fn respond_with_ranges(
    received: &Received,
    stream: &mut TcpStream,
    headers: &[&str],
    body: &[u8],
) {
    match received.range_start() {
        Some(start) => {
            let range = format!(
                "Content-Range: bytes {start}-{}/{}",
                body.len() - 1,
                body.len()
            );
            respond(
                stream,
                "206 Partial Content",
                &[headers, &[&range]].concat(),
                &body[start..],
            );
        }
        None => respond(stream, "200 OK", headers, body),
    }
}

/// Bytes that differ for each seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// What the lock says of `body`, and its index.
pub type Request = (usize, Wanted);

/// Ask for `body`, the package of this index, at a URL or path.
pub fn request(index: usize, url: String, body: &[u8]) -> Request {
    let path = url.split('?').next().unwrap_or_default();
    let file_name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let wanted = Wanted {
        file_name: file_name.to_owned(),
        sha256: cs_archive::sha256(body),
        size: Some(body.len() as u64),
        url: Some(url),
    };
    (index, wanted)
}

/// Longer than the test runner waits.
pub const LONG: Duration = Duration::from_secs(3600);

/// What a test looks at while and after it fetches.
pub struct Fixture {
    pub spool: tempfile::TempDir,
    pub events: Arc<Mutex<Vec<Event>>>,
    pub bytes: Arc<AtomicI64>,
    pub cancel: Arc<AtomicBool>,
    pub options: Options,
}

impl Fixture {
    /// Short pauses, time-outs so long that nothing runs into one on a busy machine; everything is recorded.
    pub fn new() -> Self {
        let spool = tempfile::tempdir().unwrap();
        let (events, bytes) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(AtomicI64::new(0)),
        );
        let mut options = Options::new(spool.path());
        options.first_backoff = Duration::from_millis(10);
        options.attempts = 3;
        options.connect_timeout = LONG;
        options.stall_timeout = LONG;
        let (log, sum) = (Arc::clone(&events), Arc::clone(&bytes));
        options.events = Some(Arc::new(move |event: &Event| {
            log.lock().unwrap().push(event.clone())
        }));
        options.progress = Some(Arc::new(move |_, more| {
            sum.fetch_add(more, Ordering::SeqCst);
        }));
        Self {
            spool,
            events,
            bytes,
            cancel: Arc::default(),
            options,
        }
    }

    pub fn fetch(&self, requests: Vec<Request>) -> Fetcher {
        fetch(requests, self.options.clone(), Arc::clone(&self.cancel)).unwrap()
    }

    /// Fetch one archive, which is there.
    pub fn fetch_one(&self, request: Request) -> Archive {
        let fetcher = self.fetch(vec![request]);
        let archive = fetcher.next().unwrap().expect("an archive");
        assert!(fetcher.next().unwrap().is_none(), "one archive, no more");
        archive
    }

    /// Fetch the bytes of one archive, which is there.
    pub fn fetch_bytes(&self, request: Request) -> Vec<u8> {
        read_all(&*self.fetch_one(request).bytes)
    }

    /// Fetch one archive that is not available.
    pub fn fetch_nothing(&self, request: Request) -> FetchError {
        let fetcher = self.fetch(vec![request]);
        let Err(error) = fetcher.next() else {
            panic!("an archive arrived")
        };
        error
    }

    /// Reasons of all retries.
    pub fn retries(&self) -> Vec<String> {
        let reason = |event: &Event| match event {
            Event::Retry { reason, .. } => Some(reason.clone()),
            Event::Pause { .. } | Event::Warning(_) => None,
        };
        self.events
            .lock()
            .unwrap()
            .iter()
            .filter_map(reason)
            .collect()
    }

    pub fn downloaded(&self) -> i64 {
        self.bytes.load(Ordering::SeqCst)
    }

    pub fn assert_nothing_left(&self) {
        assert_empty(self.spool.path());
    }
}

pub fn assert_empty(directory: &Path) {
    assert_eq!(
        std::fs::read_dir(directory).unwrap().count(),
        0,
        "something is left in {}",
        directory.display()
    );
}

pub fn read_all(bytes: &dyn ReadAt) -> Vec<u8> {
    let mut all = vec![0; bytes.len() as usize];
    let mut done = 0;
    while done < all.len() {
        done += bytes.read_at(&mut all[done..], done as u64).unwrap();
    }
    all
}

pub fn assert_network(error: &FetchError, cause: Cause, parts: &[&str]) {
    assert_eq!(error.kind(), Kind::Network(cause), "{error}");
    assert_says(error, parts);
}

pub fn assert_says(error: &FetchError, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

/// A server with TLS and a certificate of its own, for `localhost` and `127.0.0.1`.
pub struct TlsServer {
    pub port: u16,
    /// In PEM.
    pub certificate: String,
    received: Arc<Mutex<Vec<Received>>>,
}

/// Status, headers and body of an answer.
pub type Answer = (&'static str, Vec<String>, Vec<u8>);

impl TlsServer {
    /// Each connection serves one request.
    pub fn start(handler: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()).into();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = config
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (config, log, handler) = (Arc::new(config), Arc::clone(&received), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let tls = rustls::StreamOwned::new(connection, stream);
                let (log, handler) = (Arc::clone(&log), Arc::clone(&handler));
                thread::spawn(move || serve_tls(tls, &log, &*handler));
            }
        });
        Self {
            port,
            certificate: certified.cert.pem(),
            received,
        }
    }

    /// A server that has `body` at every path.
    pub fn of(body: Vec<u8>) -> Self {
        Self::start(move |_| (STATUS_OK, vec![], body.clone()))
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.port)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

pub const STATUS_OK: &str = "200 OK";

fn serve_tls(
    mut stream: rustls::StreamOwned<rustls::ServerConnection, TcpStream>,
    log: &Mutex<Vec<Received>>,
    handler: &dyn Fn(&Received) -> Answer,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        // A client that does not like the certificate ends here.
        match std::io::Read::read(&mut stream, &mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let received = read_head(BufReader::new(head.as_slice()), log).unwrap();
    let (status, headers, body) = handler(&received);
    let mut text = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for header in headers {
        text += &format!("{header}\r\n");
    }
    let _ = stream.write_all(&[(text + "\r\n").as_bytes(), &body].concat());
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

//! A server of archives on this machine, with a gate that tests can close.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use crate::archive::Archive;
use crate::stamp::Stamp;

/// Answers wait while it is closed.
#[derive(Default)]
pub struct Gate {
    is_open: Mutex<bool>,
    has_visitor: Mutex<bool>,
    changed: Condvar,
    came: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// Wait until an answer waits at the gate.
    #[cfg(unix)]
    pub fn wait_for_visitor(&self) {
        let mut has_visitor = self.has_visitor.lock().unwrap();
        while !*has_visitor {
            has_visitor = self.came.wait(has_visitor).unwrap();
        }
    }

    fn pass(&self) {
        *self.has_visitor.lock().unwrap() = true;
        self.came.notify_all();
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.changed.wait(is_open).unwrap();
        }
    }
}

/// Serve `archives` until the process ends; returns the address.
pub fn serve(archives: Vec<Archive>) -> String {
    let gate = Arc::new(Gate::default());
    gate.open();
    serve_behind(archives, gate)
}

pub fn serve_behind(archives: Vec<Archive>, gate: Arc<Gate>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let archives = Arc::new(archives);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (archives, gate) = (Arc::clone(&archives), Arc::clone(&gate));
            std::thread::spawn(move || answer(stream, &archives, &gate));
        }
    });
    address
}

fn answer(mut stream: TcpStream, archives: &[Archive], gate: &Gate) {
    let mut request = vec![0; 8192];
    let count = stream.read(&mut request).unwrap_or(0);
    gate.pass();
    let request = String::from_utf8_lossy(&request[..count]);
    let line = request.lines().next().unwrap_or_default();
    let found = archives
        .iter()
        .find(|archive| line.contains(&archive.file_name));
    let (status, body) = match found {
        Some(archive) => ("200 OK", archive.bytes.as_slice()),
        None => ("404 Not Found", &[][..]),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

/// Let a stamp's packages come from `address`, over the network only.
pub fn online(mut stamp: Stamp, address: &str) -> Stamp {
    for archive in &mut stamp.archives {
        let url = format!("{address}/linux-64/{}", archive.file_name);
        archive.entry["url"] = url.clone().into();
        if let Some(record) = archive.entry.get_mut("record") {
            record["url"] = url.into();
        }
    }
    stamp.with("layout", "online")
}

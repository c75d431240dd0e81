//! A browser of a few lines, without a library: one request a connection, and a listener to server-sent events.

use crate::program::SOON;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// As it was sent.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// `headers` may name another host.
pub fn ask(at: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.push_str(&format!("Host: {at}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(SOON * 3)).unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_string(), body: body.to_string() }
}

/// An open `/changes`.
pub struct Events(BufReader<TcpStream>);

impl Events {
    pub fn open(at: &str) -> Events {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        write!(stream, "GET /changes HTTP/1.1\r\nHost: {at}\r\n\r\n").unwrap();
        let mut events = Events(BufReader::new(stream));
        events.next("at");
        events
    }

    /// The data of the next event of this name; others pass.
    #[track_caller]
    pub fn next(&mut self, name: &str) -> String {
        let asked = Instant::now();
        loop {
            assert!(asked.elapsed() < SOON, "waited in vain for an event `{name}`");
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap_or_else(|error| panic!("no event `{name}`: {error}"));
            assert!(!line.is_empty(), "the stream ended before an event `{name}`");
            if line.trim_end() == format!("event: {name}") {
                line.clear();
                self.0.read_line(&mut line).unwrap();
                return line.trim_end().strip_prefix("data: ").unwrap().to_string();
            }
        }
    }

    /// Whether the stream has ended, and not by a fault.
    pub fn ends(mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).is_ok()
    }
}

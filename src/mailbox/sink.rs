//! Where accepted mails go: files in a folder, lines in a synced log. Knows no SMTP.

use crate::mailbox::Received;
use sha2::Digest;
use sha2::Sha256;
use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

pub struct Sink {
    folder: Option<PathBuf>,
    next_file: AtomicU64,
    log: Option<mpsc::Sender<Line>>,
}

struct Line {
    text: String,
    written: oneshot::Sender<io::Result<()>>,
}

impl Sink {
    pub fn open(folder: Option<PathBuf>, log: Option<&Path>) -> io::Result<Sink> {
        let next_file = match &folder {
            Some(folder) => {
                fs::create_dir_all(folder)?;
                highest_number(folder)? + 1
            }
            None => 1,
        };
        let log = match log {
            Some(path) => Some(start_log(OpenOptions::new().create(true).append(true).open(path)?)),
            None => None,
        };
        Ok(Sink { folder, next_file: AtomicU64::new(next_file), log })
    }

    /// Returns when the mail is where it should be; the log's line is on the disk then.
    pub async fn write(&self, received: &Received) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            let number = self.next_file.fetch_add(1, Ordering::SeqCst);
            let path = folder.join(file_name(number, received));
            let bytes = received.bytes.clone();
            spawn_blocking(move || write_whole(&path, &bytes)).await.map_err(io::Error::other)??;
        }
        if let Some(log) = &self.log {
            let (written, done) = oneshot::channel();
            log.send(Line { text: log_line(received), written }).map_err(io::Error::other)?;
            done.await.map_err(io::Error::other)??;
        }
        Ok(())
    }
}

/// The value of the first header of this name, unfolded.
fn header(bytes: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next()?;
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut fields = unfolded.split("\r\n").filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_string())
}

fn log_line(received: &Received) -> String {
    let id = header(&received.bytes, "Message-ID").unwrap_or_default();
    let mut line = format!("{id}\t");
    for byte in Sha256::digest(&received.bytes) {
        // Writing to a String can't fail.
        let _ = write!(line, "{byte:02x}");
    }
    line + "\t" + &received.to + "\n"
}

/// One thread writes for all: what came in while the disk was busy is synced together.
fn start_log(mut file: File) -> mpsc::Sender<Line> {
    let (sender, lines) = mpsc::channel::<Line>();
    thread::spawn(move || {
        while let Ok(first) = lines.recv() {
            let batch: Vec<Line> = [first].into_iter().chain(lines.try_iter()).collect();
            let text: String = batch.iter().map(|line| line.text.as_str()).collect();
            let result = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
            for line in batch {
                // The connection may be gone; its line stays.
                let _ = line.written.send(result.as_ref().map_or_else(|e| Err(e.kind().into()), |()| Ok(())));
            }
        }
    });
    sender
}

fn file_name(number: u64, received: &Received) -> String {
    let subject = header(&received.bytes, "Subject").unwrap_or_default();
    let plain = |text: &str, kept: &str, longest: usize| {
        let c = |c: char| if c.is_ascii_alphanumeric() || kept.contains(c) { c.to_ascii_lowercase() } else { '-' };
        let all: String = text.chars().map(c).collect();
        let words: Vec<&str> = all.split('-').filter(|word| !word.is_empty()).collect();
        words.join("-").chars().take(longest).collect::<String>()
    };
    let (to, subject) = (plain(&received.to, "@._+", 64), plain(&subject, "", 40));
    let name = format!("{number:04}-{to}-{subject}");
    format!("{}.eml", name.trim_end_matches('-'))
}

fn highest_number(folder: &Path) -> io::Result<u64> {
    let mut highest = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.split('-').next()).and_then(|digits| digits.parse().ok());
        highest = highest.max(digits.unwrap_or(0));
    }
    Ok(highest)
}

/// Whoever watches the folder sees whole files only.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_named_by_its_number_reader_and_subject() {
        let check = |to: &str, head: &str, expect: &str| {
            let bytes = format!("{head}\r\n\r\nSubject: not this\r\n").into_bytes();
            let received = Received { from: String::new(), to: to.to_string(), at: jiff::Timestamp::UNIX_EPOCH, bytes };
            assert_eq!(file_name(7, &received), expect);
        };
        check("ana@x.org", "From: a\r\nsubject: Day 1:\r\n  a/../b", "0007-ana@x.org-day-1-a-b.eml");
        check("a/b@x.org", "From: a", "0007-a-b@x.org.eml");
    }
}

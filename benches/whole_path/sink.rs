//! This program again, as a receiver in a process of its own, so that its work isn't counted as ours.

use super::Result;
use super::case::Case;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::BufReader;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub const ROLE: &str = "--as-the-sink";

pub struct Sink {
    child: Child,
    pub address: SocketAddr,
}

/// What a sink counted.
#[derive(Debug, PartialEq, Eq)]
pub struct Counted {
    pub mails: usize,
    /// Different Message-IDs among them.
    pub different: usize,
}

impl Sink {
    pub fn start(case: &Case, script: &str) -> Result<Sink> {
        let mut command = Command::new(std::env::current_exe()?);
        let one_way = (case.round_trip / 2).as_millis().to_string();
        let mut child = command.args([ROLE, &one_way, script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().ok_or("a pipe")?).read_line(&mut line)?;
        Ok(Sink { child, address: line.trim().parse()? })
    }

    /// Ends the sink, and says what it counted.
    pub fn count(mut self) -> Result<Counted> {
        drop(self.child.stdin.take());
        let mut line = String::new();
        BufReader::new(self.child.stdout.as_mut().ok_or("a pipe")?).read_line(&mut line)?;
        self.child.wait()?;
        let (mails, different) = line.trim().split_once(' ').ok_or("two counts")?;
        Ok(Counted { mails: mails.parse()?, different: different.parse()? })
    }
}

impl Drop for Sink {
    /// One that nobody asked for its count isn't waited for.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Keeps what comes until standard input closes, then counts it.
pub async fn run(words: &[String]) -> Result<()> {
    let [one_way, script] = words else { return Err("a delay and a script".into()) };
    let settings = mailbox::Settings { script: script.parse()?, ..mailbox::Settings::default() };
    let mailbox = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), settings)?;
    let address = match one_way.parse()? {
        0 => mailbox.address(),
        milliseconds => far_away(mailbox.address(), Duration::from_millis(milliseconds)).await?,
    };
    println!("{address}");
    tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().count()).await?;
    let received = mailbox.received();
    let id = |bytes: &[u8]| {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
        line.unwrap_or_default().to_string()
    };
    let different: BTreeSet<String> = received.iter().map(|mail| id(&mail.bytes)).collect();
    println!("{} {}", received.len(), different.len());
    Ok(())
}

/// An address from which everything takes so long to get there, and so long to come back.
async fn far_away(there: SocketAddr, one_way: Duration) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((ours, _)) = listener.accept().await {
            let Ok(theirs) = TcpStream::connect(there).await else { continue };
            ours.set_nodelay(true).ok();
            theirs.set_nodelay(true).ok();
            let ((from_us, to_us), (from_them, to_them)) = (ours.into_split(), theirs.into_split());
            carry(from_us, to_them, one_way);
            carry(from_them, to_us, one_way);
        }
    });
    Ok(address)
}

fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, one_way: Duration) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(1024);
    tokio::spawn(async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            if sender.send((Instant::now() + one_way, bytes[..count].to_vec())).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((arrives, bytes)) = under_way.recv().await {
            tokio::time::sleep_until(arrives).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
}

//! A small SMTP receiver that can be told to misbehave: the tests' relay and the demo's inbox. Knows no product, only mail.
//!
//! It takes one recipient a mail, and answers the dot only when the mail is recorded.

mod converse;
pub mod inbox;
mod script;
mod sink;

pub use crate::mailbox::script::Script;
pub use crate::mailbox::script::ScriptError;

use crate::mailbox::converse::receive;
use crate::mailbox::script::Play;
use crate::mailbox::sink::Sink;
use jiff::Timestamp;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What the mailbox does with its mail and how it behaves.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub script: Script,
    /// Each accepted mail becomes a file `NNNN-to-subject.eml` here; the folder is created.
    pub folder: Option<PathBuf>,
    /// One line for each accepted mail (Message-ID, SHA-256 of the bytes, recipient, separated by tabs), synced to the
    /// disk before the mail is answered.
    pub log: Option<PathBuf>,
    pub tls: Tls,
    /// Who must log in before MAIL.
    pub account: Option<Account>,
    /// Largest mail in bytes, advertised as SIZE.
    pub largest: Option<usize>,
    /// Offer no PIPELINING.
    pub stepwise: bool,
    /// Keep neither mails nor commands in memory: for a receiver of very many.
    pub forgetful: bool,
}

/// How the receiver protects the wire.
#[derive(Debug, Clone, Default)]
pub enum Tls {
    #[default]
    Never,
    /// STARTTLS is offered.
    Offered(Arc<rustls::ServerConfig>),
    /// From the first byte.
    Implicit(Arc<rustls::ServerConfig>),
}

/// A user who may log in, and with which mechanisms, as in `PLAIN LOGIN`.
#[derive(Clone)]
pub struct Account {
    pub user: String,
    pub password: String,
    pub mechanisms: &'static str,
}

/// A mail that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: String,
    /// When the dot came.
    pub at: Timestamp,
    /// As the sender had it: dots at line starts single again, the final line end included.
    pub bytes: Vec<u8>,
}

/// A running receiver; dropping it closes every connection.
pub struct Mailbox {
    house: Arc<House>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

struct House {
    play: Play,
    tls: Tls,
    account: Option<Account>,
    largest: Option<usize>,
    stepwise: bool,
    forgetful: bool,
    sink: Sink,
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Default)]
struct Kept {
    accepted: u64,
    received: Vec<Received>,
    heard: Vec<String>,
}

impl Mailbox {
    /// Binds and serves until dropped. Must be called inside a tokio runtime. Port 0 takes a free one.
    ///
    /// # Errors
    /// When the address can't be bound, or the folder or the log can't be opened.
    pub fn start(listen: SocketAddr, settings: Settings) -> io::Result<Mailbox> {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(1024)?;
        let address = listener.local_addr()?;
        let house = Arc::new(House {
            play: Play::new(settings.script),
            tls: settings.tls,
            account: settings.account,
            largest: settings.largest,
            stepwise: settings.stepwise,
            forgetful: settings.forgetful,
            sink: Sink::open(settings.folder, settings.log.as_deref())?,
            kept: Mutex::default(),
            changed: Notify::new(),
        });
        let task = tokio::spawn(accept(listener, house.clone()));
        Ok(Mailbox { house, address, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every accepted mail since the start or the last `clear`, in order of acceptance.
    pub fn received(&self) -> Vec<Received> {
        self.received_from(0)
    }

    /// The same without the first `skipped`.
    pub fn received_from(&self, skipped: usize) -> Vec<Received> {
        self.house.kept().received.get(skipped..).unwrap_or_default().to_vec()
    }

    /// How many mails were accepted since the start or the last `clear`.
    pub fn accepted(&self) -> u64 {
        self.house.kept().accepted
    }

    /// Every command line since the start or the last `clear`; what follows AUTH's mechanism is left out.
    pub fn heard(&self) -> Vec<String> {
        self.house.kept().heard.clone()
    }

    /// Returns as soon as `n` mails have been accepted since the start or the last `clear`.
    pub async fn wait_for(&self, n: u64) {
        loop {
            let changed = self.house.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.accepted() >= n {
                return;
            }
            changed.await;
        }
    }

    /// Forgets what was received and heard; files and log stay.
    pub fn clear(&self) {
        *self.house.kept() = Kept::default();
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl House {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, command: &str) {
        if !self.forgetful {
            self.kept().heard.push(command.to_string());
        }
    }

    async fn record(&self, received: Received) -> io::Result<()> {
        self.sink.write(&received).await?;
        let mut kept = self.kept();
        kept.accepted += 1;
        if !self.forgetful {
            kept.received.push(received);
        }
        drop(kept);
        self.changed.notify_waiters();
        Ok(())
    }

    fn offered_tls(&self) -> Option<TlsAcceptor> {
        match &self.tls {
            Tls::Offered(config) => Some(TlsAcceptor::from(config.clone())),
            Tls::Never | Tls::Implicit(_) => None,
        }
    }

    fn implicit_tls(&self) -> Option<TlsAcceptor> {
        match &self.tls {
            Tls::Implicit(config) => Some(TlsAcceptor::from(config.clone())),
            Tls::Never | Tls::Offered(_) => None,
        }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, house: Arc<House>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(receive(stream, house.clone()));
                }
                // Out of file descriptors: those in use will come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

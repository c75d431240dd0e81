//! One connection: bytes out, whole replies in, each within its time. Closes itself when an exchange doesn't end well,
//! also when it was cancelled. Knows no commands.

use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::outcome::Verdict;
use crate::outcome::verdict;
use crate::relay::reply;
use crate::relay::reply::Heard;
use std::fmt;
use std::future::Future;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

const READ_BYTES: usize = 4096;

/// A session that is over, and where it ended: the relay's trouble, or our settings', never a mail's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub phase: Phase,
    /// What the relay said, if that is why. Text that isn't the relay's says so.
    pub reply: Option<Reply>,
    /// A sentence for logs: no address, no secret, nothing the relay said.
    pub detail: String,
}

/// The socket, in clear or not.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The stream and what was read ahead. No stream = closed.
pub struct Wire {
    stream: Option<Stream>,
    ahead: Vec<u8>,
}

/// How far the terminator of a body went.
pub enum Handed {
    Whole,
    /// Its last byte surely stayed here.
    NotWhole(String),
    /// Nobody can tell.
    Unsure(String),
}

/// Closes the wire unless the exchange came to its end: a cancelled future runs only this.
struct Turn<'w> {
    wire: &'w mut Wire,
    ended: bool,
}

impl Broken {
    pub fn new(phase: Phase, detail: impl Into<String>) -> Broken {
        Broken { phase, reply: None, detail: detail.into() }
    }

    pub fn said(phase: Phase, reply: Reply, detail: impl Into<String>) -> Broken {
        Broken { phase, reply: Some(reply), detail: detail.into() }
    }

    /// Whom it is charged to: the reply's verdict, or the relay when it said nothing.
    pub fn verdict(&self) -> Verdict {
        self.reply.as_ref().map_or(Verdict::Relay, |reply| verdict(self.phase, reply))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.phase, self.detail)?;
        match (&self.reply, self.phase) {
            (None, _) => Ok(()),
            // From MAIL on a reply may repeat a reader's address, and this text is logged.
            (Some(reply), Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Dot) => write!(f, " ({})", reply.code),
            (Some(reply), Phase::Connect | Phase::Greeting | Phase::Ehlo | Phase::Tls | Phase::Auth) => {
                write!(f, " ({reply})")
            }
        }
    }
}

impl std::error::Error for Broken {}

impl Wire {
    pub fn new(stream: Stream) -> Wire {
        Wire { stream: Some(stream), ahead: Vec::new() }
    }

    pub fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Drops the connection as it stands: nothing is flushed, so what wasn't handed over never will be.
    pub fn close(&mut self) {
        self.stream = None;
        self.ahead.clear();
    }

    /// The bare connection, for a TLS handshake on it; closed if the relay said anything beyond its reply, which could
    /// only be there to be taken for protected (RFC 3207 §6).
    pub fn into_plain(mut self) -> Option<TcpStream> {
        match self.stream.take() {
            Some(Stream::Plain(stream)) if self.ahead.is_empty() => Some(stream),
            Some(Stream::Plain(_) | Stream::Tls(_)) | None => None,
        }
    }

    /// Writes a command (none for the greeting) and reads its whole reply within the limit.
    pub async fn exchange(&mut self, phase: Phase, command: &str, limit: Duration) -> Result<Heard, Broken> {
        let mut turn = Turn { wire: self, ended: false };
        let heard = match timeout(limit, turn.wire.ask(command)).await {
            Ok(heard) => heard.map_err(|why| Broken::new(phase, why))?,
            Err(_) => return Err(Broken::new(phase, format!("no reply within {} s", limit.as_secs_f32()))),
        };
        turn.ended = true;
        Ok(heard)
    }

    /// Hands all of `bytes` to the kernel, `limit` for each block. The caller closes the wire when this fails or is cancelled.
    pub async fn hand_over(&mut self, bytes: &[u8], block: usize, limit: Duration) -> Result<(), String> {
        let stream = self.stream.as_mut().ok_or_else(closed)?;
        for part in bytes.chunks(block) {
            in_time(limit, write_out(stream, part)).await?;
        }
        Ok(())
    }

    /// Hands over the last bytes of a body in one write. The caller closes the wire unless they went whole.
    pub async fn hand_over_terminator(&mut self, bytes: &[u8], limit: Duration) -> Handed {
        let Some(stream) = self.stream.as_mut() else { return Handed::NotWhole(closed()) };
        match in_time(limit, write_out(stream, bytes)).await {
            Ok(()) => Handed::Whole,
            Err(why) if stream.surely_holds_back() => Handed::NotWhole(why),
            Err(why) => Handed::Unsure(why),
        }
    }

    /// Reads the reply to what was handed over.
    pub async fn listen(&mut self, limit: Duration) -> Result<Heard, String> {
        let mut turn = Turn { wire: self, ended: false };
        let heard = match timeout(limit, turn.wire.read_reply()).await {
            Ok(heard) => heard?,
            Err(_) => return Err(format!("no reply within {} s", limit.as_secs_f32())),
        };
        turn.ended = true;
        Ok(heard)
    }

    /// What the relay said without being asked, as far as it has arrived. `Ok(None)` is the silence that should be;
    /// whatever else it is, we are out of step, and the wire must be closed by the caller.
    pub async fn unasked(&mut self) -> Result<Option<Heard>, String> {
        while self.ahead.len() < READ_BYTES {
            let mut bytes = [0; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            let stream = self.stream.as_mut().ok_or_else(closed)?;
            let polled = poll_fn(|context| Poll::Ready(Pin::new(&mut *stream).poll_read(context, &mut buffer))).await;
            match polled {
                Poll::Pending => break,
                Poll::Ready(Err(e)) => return Err(told(&e)),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() && self.ahead.is_empty() => {
                    return Err("the relay closed the connection".to_string());
                }
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => break,
                Poll::Ready(Ok(())) => self.ahead.extend_from_slice(buffer.filled()),
            }
        }
        if self.ahead.is_empty() {
            return Ok(None);
        }
        match reply::parse(&self.ahead) {
            Ok(Some(heard)) => Ok(Some(heard)),
            Ok(None) => Err("the relay spoke out of turn".to_string()),
            Err(garbled) => Err(format!("the relay spoke out of turn: {}", garbled.0)),
        }
    }

    /// Says a last word and closes, whatever comes back.
    pub async fn farewell(mut self, command: &str, limit: Duration) {
        if timeout(limit, self.ask(command)).await.is_err() {
            self.close();
        }
    }

    async fn ask(&mut self, command: &str) -> Result<Heard, String> {
        if !self.ahead.is_empty() {
            return Err("the relay spoke out of turn".to_string());
        }
        let stream = self.stream.as_mut().ok_or_else(closed)?;
        if !command.is_empty() {
            write_out(stream, command.as_bytes()).await.map_err(|e| told(&e))?;
        }
        self.read_reply().await
    }

    async fn read_reply(&mut self) -> Result<Heard, String> {
        loop {
            if let Some(heard) = reply::parse(&self.ahead).map_err(|garbled| garbled.0.to_string())? {
                self.ahead.drain(..heard.length);
                return Ok(heard);
            }
            let stream = self.stream.as_mut().ok_or_else(closed)?;
            self.ahead.reserve(READ_BYTES);
            if stream.read_buf(&mut self.ahead).await.map_err(|e| told(&e))? == 0 {
                return Err("the relay closed the connection without a whole reply".to_string());
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.wire.close();
        }
    }
}

impl Stream {
    /// After a failed write: is the last byte surely still here? A socket that refused a write never took its last
    /// byte; under TLS that holds while records wait in the session, for they leave in order.
    fn surely_holds_back(&self) -> bool {
        match self {
            Stream::Plain(_) => true,
            Stream::Tls(stream) => stream.get_ref().1.wants_write(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

async fn write_out(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn in_time(limit: Duration, written: impl Future<Output = io::Result<()>>) -> Result<(), String> {
    match timeout(limit, written).await {
        Ok(result) => result.map_err(|e| told(&e)),
        Err(_) => Err(format!("the relay took nothing for {} s", limit.as_secs_f32())),
    }
}

fn told(error: &io::Error) -> String {
    format!("the connection failed: {error}")
}

fn closed() -> String {
    "the session is closed".to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rustls::ClientConfig;
    use rustls::RootCertStore;
    use rustls::ServerConfig;
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::pki_types::ServerName;
    use std::sync::Arc;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::TlsConnector;

    const INSTANT: Duration = Duration::from_millis(20);

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (ours, listener.accept().await.unwrap().0)
    }

    /// A protected stream, and the bare socket of the other side after the handshake.
    async fn protected_pair() -> (Box<TlsStream<TcpStream>>, TcpStream) {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_string()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certified.cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], certified.signing_key.into())
            .unwrap();
        let (ours, theirs) = pair().await;
        let name = ServerName::try_from("localhost").unwrap();
        let (ours, theirs) = tokio::join!(
            TlsConnector::from(Arc::new(client)).connect(name, ours),
            TlsAcceptor::from(Arc::new(server)).accept(theirs)
        );
        (Box::new(ours.unwrap()), theirs.unwrap().into_inner().0)
    }

    /// The kernel takes no more of this socket's bytes, for nobody reads them.
    fn fill(socket: &TcpStream) {
        while socket.try_write(&[0; 65_536]).is_ok() {}
        while socket.try_write(&[0]).is_ok() {}
    }

    async fn terminate(stream: Stream) -> Handed {
        Wire::new(stream).hand_over_terminator(b"\r\n.\r\n", INSTANT).await
    }

    #[tokio::test]
    async fn a_terminator_that_went_through_is_whole() {
        let (ours, mut theirs) = pair().await;
        assert!(matches!(terminate(Stream::Plain(ours)).await, Handed::Whole));
        let mut arrived = Vec::new();
        theirs.read_to_end(&mut arrived).await.unwrap();
        assert_eq!(arrived, b"\r\n.\r\n");
        let (ours, _theirs) = protected_pair().await;
        assert!(matches!(terminate(Stream::Tls(ours)).await, Handed::Whole));
    }

    #[tokio::test]
    async fn a_terminator_that_the_kernel_had_no_room_for_is_surely_here() {
        let (ours, _theirs) = pair().await;
        fill(&ours);
        assert!(matches!(terminate(Stream::Plain(ours)).await, Handed::NotWhole(_)));
        let (ours, _theirs) = protected_pair().await;
        fill(ours.get_ref().0);
        assert!(matches!(terminate(Stream::Tls(ours)).await, Handed::NotWhole(_)));
    }

    #[tokio::test]
    async fn a_terminator_on_a_reset_connection_is_surely_here() {
        let (ours, theirs) = pair().await;
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        ours.readable().await.unwrap();
        assert!(matches!(terminate(Stream::Plain(ours)).await, Handed::NotWhole(_)));
        let (ours, theirs) = protected_pair().await;
        while ours.get_ref().0.try_read(&mut [0; 4096]).is_ok() {}
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        ours.get_ref().0.readable().await.unwrap();
        assert!(matches!(terminate(Stream::Tls(ours)).await, Handed::NotWhole(_)));
    }
}

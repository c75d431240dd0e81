//! The receiver's side of one SMTP connection (RFC 5321), with the script's word at every step. Knows no file.

use crate::clock::Clock;
use crate::mailbox::House;
use crate::mailbox::Received;
use crate::mailbox::script::Action;
use crate::mailbox::script::Moment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr;
use memchr::memmem;
use std::io;
use std::sync::Arc;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

const COMMAND_BYTES: usize = 4096;
const READ_BYTES: usize = 32 * 1024;

/// Serves one connection to its end. Whatever breaks it is the sender's business.
pub async fn receive(stream: TcpStream, house: Arc<House>) {
    let _ = serve(stream, &house).await;
}

/// Why a conversation stopped without an error.
enum End {
    Closed,
    StartTls(TlsAcceptor),
}

/// What follows a step.
enum Next {
    Go,
    End(End),
}

struct Talk<'h, S> {
    stream: &'h mut S,
    house: &'h House,
    input: Vec<u8>,
    /// Replies to commands that came together go together (RFC 2920 §3.2).
    output: Vec<u8>,
    logged_in: bool,
    protected: bool,
    from: Option<String>,
    to: Option<String>,
}

async fn serve(mut stream: TcpStream, house: &House) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(acceptor) = house.implicit_tls() {
        let mut stream = acceptor.accept(stream).await?;
        Talk::new(&mut stream, house, true).greet_and_go().await?;
        return Ok(());
    }
    match Talk::new(&mut stream, house, false).greet_and_go().await? {
        End::Closed => Ok(()),
        End::StartTls(acceptor) => {
            let mut stream = acceptor.accept(stream).await?;
            Talk::new(&mut stream, house, true).go().await.map(|_| ())
        }
    }
}

impl<'h, S: AsyncRead + AsyncWrite + Unpin> Talk<'h, S> {
    fn new(stream: &'h mut S, house: &'h House, protected: bool) -> Talk<'h, S> {
        Talk { stream, house, input: Vec::new(), output: Vec::new(), logged_in: false, protected, from: None, to: None }
    }

    async fn greet_and_go(&mut self) -> io::Result<End> {
        if let Next::End(end) = self.answer(Moment::Connect, "").await? {
            return Ok(end);
        }
        match self.answer(Moment::Greeting, "220 mailbox ready").await? {
            Next::End(end) => Ok(end),
            Next::Go => self.go().await,
        }
    }

    async fn go(&mut self) -> io::Result<End> {
        while let Some(line) = self.line().await? {
            if let Next::End(end) = self.command(&line).await? {
                self.flush().await?;
                return Ok(end);
            }
        }
        Ok(End::Closed)
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        self.house.hear(if verb == "AUTH" { line.get(..10).unwrap_or("AUTH") } else { line });
        match verb.as_str() {
            "EHLO" => self.answer(Moment::Ehlo, &self.capabilities()).await,
            "HELO" => self.answer(Moment::Ehlo, "250 mailbox").await,
            "STARTTLS" => self.start_tls().await,
            "AUTH" => self.auth(line).await,
            "MAIL" => self.mail(line).await,
            "RCPT" => self.rcpt(line).await,
            "DATA" => self.data().await,
            "RSET" => {
                self.forget();
                self.answer(Moment::Rset, "250 2.0.0 forgotten").await
            }
            "NOOP" => self.say("250 2.0.0 still here").await,
            "QUIT" => {
                self.say("221 2.0.0 goodbye").await?;
                Ok(Next::End(End::Closed))
            }
            _ => self.say("500 5.5.2 what is that?").await,
        }
    }

    fn capabilities(&self) -> String {
        let mut lines = ["mailbox", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"].map(str::to_string).to_vec();
        lines.extend((!self.house.stepwise).then(|| "PIPELINING".to_string()));
        lines.extend(self.house.largest.map(|largest| format!("SIZE {largest}")));
        lines.extend(self.house.offered_tls().filter(|_| !self.protected).map(|_| "STARTTLS".to_string()));
        lines.extend(self.house.account.as_ref().map(|account| format!("AUTH {}", account.mechanisms)));
        let last = lines.len() - 1;
        let line = |(i, text): (usize, &String)| format!("250{}{text}", if i == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    async fn start_tls(&mut self) -> io::Result<Next> {
        let Some(acceptor) = self.house.offered_tls().filter(|_| !self.protected) else {
            return self.answer(Moment::Tls, "502 5.5.1 not here").await;
        };
        match self.answer(Moment::Tls, "220 2.0.0 go ahead").await? {
            Next::Go => Ok(Next::End(End::StartTls(acceptor))),
            Next::End(end) => Ok(Next::End(end)),
        }
    }

    async fn auth(&mut self, line: &str) -> io::Result<Next> {
        let Some(account) = &self.house.account else { return self.say("502 5.5.1 not here").await };
        let mut words = line.split_whitespace().skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let given = match mechanism.as_str() {
            "PLAIN" => {
                let decoded = decoded(words.next().unwrap_or_default());
                let mut parts = decoded.split('\0').skip(1).map(str::to_string);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                self.say("334 VXNlcm5hbWU6").await?;
                let user = self.line().await?.unwrap_or_default();
                self.say("334 UGFzc3dvcmQ6").await?;
                (decoded(&user), decoded(&self.line().await?.unwrap_or_default()))
            }
            _ => return self.say("504 5.5.4 no such mechanism").await,
        };
        if given != (account.user.clone(), account.password.clone()) {
            return self.answer(Moment::Auth, "535 5.7.8 wrong user or password").await;
        }
        self.logged_in = true;
        self.answer(Moment::Auth, "235 2.7.0 welcome").await
    }

    async fn mail(&mut self, line: &str) -> io::Result<Next> {
        if self.house.account.is_some() && !self.logged_in {
            return self.say("530 5.7.0 log in first").await;
        }
        if self.from.is_some() {
            return self.say("503 5.5.1 one mail after the other").await;
        }
        let Some(from) = path(line) else { return self.say("501 5.1.7 whom from?").await };
        let (next, reply) = self.answer_and_tell(Moment::Mail, "250 2.1.0 go on").await?;
        self.from = Some(from).filter(|_| reply.starts_with('2'));
        Ok(next)
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<Next> {
        if self.from.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        if self.to.is_some() {
            return self.say("452 4.5.3 one recipient at a time").await;
        }
        self.to = path(line);
        if self.to.is_none() {
            return self.say("501 5.1.3 whom to?").await;
        }
        let (next, reply) = self.answer_and_tell(Moment::Rcpt, "250 2.1.5 go on").await?;
        self.to = self.to.take().filter(|_| reply.starts_with('2'));
        Ok(next)
    }

    async fn data(&mut self) -> io::Result<Next> {
        let (Some(from), Some(to)) = (self.from.clone(), self.to.clone()) else {
            return self.say("503 5.5.1 MAIL and RCPT first").await;
        };
        let (next, reply) = self.answer_and_tell(Moment::Data, "354 until a dot").await?;
        if matches!(next, Next::End(_)) || !reply.starts_with('3') {
            return Ok(next);
        }
        let Some(bytes) = self.body().await? else { return Ok(Next::End(End::Closed)) };
        let at = Clock::system().now().wall;
        let next = self.dot(Received { from, to, at, bytes }).await;
        self.forget();
        next
    }

    /// The bytes up to the dot; `None` when the script ended the connection.
    async fn body(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut cue = self.house.play.cue(Moment::Body, self.to.as_deref());
        let mut searched = 0;
        loop {
            if let Some(due) = cue.take_if(|cue| self.input.len() >= cue.after)
                && let Next::End(_) = self.act(due.action, "").await?
            {
                return Ok(None);
            }
            if let Some((length, end)) = body_end(&self.input, searched) {
                let rest = self.input.split_off(end);
                let stuffed = std::mem::replace(&mut self.input, rest);
                return Ok(Some(unstuffed(&stuffed[..length])));
            }
            searched = self.input.len().saturating_sub(4);
            self.read_more().await?;
        }
    }

    async fn dot(&mut self, received: Received) -> io::Result<Next> {
        let too_large = self.house.largest.is_some_and(|largest| received.bytes.len() > largest);
        if too_large {
            return self.say("552 5.3.4 too large").await;
        }
        let Some(cue) = self.house.play.cue(Moment::Dot, self.to.as_deref()) else {
            return self.keep(received).await;
        };
        match cue.action {
            Action::Reply(reply) if !reply.starts_with('2') => self.act(Action::Reply(reply), "").await,
            Action::Close | Action::Hang | Action::Garbage => self.act(cue.action, "").await,
            Action::Delay(time) => {
                tokio::time::sleep(time).await;
                self.keep(received).await
            }
            Action::Reply(_) | Action::Split | Action::LateReset => match self.house.record(received).await {
                Ok(()) => self.act(cue.action, ACCEPTED).await,
                Err(_) => self.say(DISK).await,
            },
        }
    }

    async fn keep(&mut self, received: Received) -> io::Result<Next> {
        let reply = if self.house.record(received).await.is_ok() { ACCEPTED } else { DISK };
        self.say(reply).await
    }

    async fn answer(&mut self, moment: Moment, usual: &str) -> io::Result<Next> {
        self.answer_and_tell(moment, usual).await.map(|(next, _)| next)
    }

    /// Answers as usual or as the script says, and tells which reply went out.
    async fn answer_and_tell(&mut self, moment: Moment, usual: &str) -> io::Result<(Next, String)> {
        let Some(cue) = self.house.play.cue(moment, self.to.as_deref()) else {
            return Ok((self.say(usual).await?, usual.to_string()));
        };
        let said = match &cue.action {
            Action::Reply(reply) => reply.clone(),
            Action::Split | Action::Delay(_) => usual.to_string(),
            Action::Close | Action::Hang | Action::Garbage | Action::LateReset => String::new(),
        };
        Ok((self.act(cue.action, usual).await?, said))
    }

    async fn act(&mut self, action: Action, usual: &str) -> io::Result<Next> {
        self.flush().await?;
        match action {
            Action::Reply(reply) => self.say(&reply).await,
            Action::Close | Action::LateReset => Ok(Next::End(End::Closed)),
            Action::Hang => self.drain().await,
            Action::Garbage => {
                self.stream.write_all(b"\x00\xff what? \r\n").await?;
                self.drain().await
            }
            Action::Split => {
                for byte in format!("{usual}\r\n").bytes() {
                    self.stream.write_all(&[byte]).await?;
                    self.stream.flush().await?;
                    tokio::task::yield_now().await;
                }
                Ok(Next::Go)
            }
            Action::Delay(time) => {
                tokio::time::sleep(time).await;
                self.say(usual).await
            }
        }
    }

    /// Sends a reply (nothing when there is nothing to say); a 421 ends the conversation (RFC 5321 §3.8).
    async fn say(&mut self, reply: &str) -> io::Result<Next> {
        if reply.is_empty() {
            return Ok(Next::Go);
        }
        self.output.extend_from_slice(format!("{reply}\r\n").as_bytes());
        if reply.starts_with("421") { self.drain().await } else { Ok(Next::Go) }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        self.stream.flush().await
    }

    /// Listens in silence until the sender goes: closing at once would make the kernel throw away our last words.
    async fn drain(&mut self) -> io::Result<Next> {
        self.flush().await?;
        while self.stream.read(&mut [0; 4096]).await? > 0 {}
        Ok(Next::End(End::Closed))
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = memchr(b'\n', &self.input) {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_string()));
            }
            if self.input.len() > COMMAND_BYTES || self.read_more().await.is_err() {
                return Ok(None);
            }
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.input.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn forget(&mut self) {
        self.from = None;
        self.to = None;
    }
}

const ACCEPTED: &str = "250 2.0.0 kept";
const DISK: &str = "452 4.3.1 the mailbox can't write; look at its disk";

/// The address between angle brackets, which may be empty.
fn path(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(path, _)| path.to_string())
}

fn decoded(text: &str) -> String {
    STANDARD.decode(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Where the body ends (with its line end) and where the dot's line ends.
fn body_end(input: &[u8], searched: usize) -> Option<(usize, usize)> {
    if input.starts_with(b".\r\n") {
        return Some((0, 3));
    }
    let at = searched + memmem::find(&input[searched..], b"\r\n.\r\n")?;
    Some((at + 2, at + 5))
}

fn unstuffed(body: &[u8]) -> Vec<u8> {
    let body = body.strip_prefix(b".").unwrap_or(body);
    let mut bytes = Vec::with_capacity(body.len());
    let mut copied = 0;
    for at in memmem::find_iter(body, b"\r\n.") {
        bytes.extend_from_slice(&body[copied..at + 2]);
        copied = at + 3;
    }
    bytes.extend_from_slice(&body[copied..]);
    bytes
}

//! The mailbox as a page: everybody's mail as HTML, text and source, live, beside the reader's clock. For demos on
//! loopback only: whoever opens it reads everything.

use crate::clock::Clock;
use crate::mailbox::Mailbox;
use crate::mailbox::Received;
use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use jiff::Timestamp;
use mail_parser::Message;
use mail_parser::MessageParser;
use mail_parser::MimeHeaders as _;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A mail's own page may look as it likes, and do nothing. Its links open beside it.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; sandbox allow-popups allow-popups-to-escape-sandbox";
/// A mail dated so long before it came was sent in days that the demo lived through at once.
const EARLIER: SignedDuration = SignedDuration::from_mins(5);
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'";

#[derive(rust_embed::Embed)]
#[folder = "templates/inbox/"]
struct Assets;

/// What the page shows besides mails.
#[derive(Clone)]
pub struct Inbox {
    pub mailbox: Arc<Mailbox>,
    pub clock: Clock,
    /// Where people can sign up.
    pub site: String,
    pub readers: Readers,
}

/// Who is known to live where; filled by whoever knows, while the page is open.
#[derive(Clone, Default)]
pub struct Readers(Arc<Mutex<Vec<Reader>>>);

/// Whose mail it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reader {
    pub address: String,
    pub name: String,
    /// IANA name.
    pub zone: String,
    /// What they have, in a few words.
    pub note: String,
}

impl Readers {
    pub fn set(&self, readers: Vec<Reader>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = readers;
    }

    fn get(&self) -> Vec<Reader> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves the page until the token is cancelled.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: TcpListener, inbox: Inbox, stop: CancellationToken) -> io::Result<()> {
    let routes = Router::new()
        .route("/", get(page))
        .route("/assets/{name}", get(asset))
        .route("/mails.json", get(mails))
        .route("/mail/{number}/{part}", get(part))
        .with_state(inbox);
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn page() -> Response {
    let bytes = Assets::get("page.html").map(|file| file.data.into_owned()).unwrap_or_default();
    ([(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)], Html(bytes)).into_response()
}

async fn asset(Path(name): Path<String>) -> Response {
    let kind = if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    match Assets::get(&name).filter(|_| name != "page.html") {
        Some(file) => ([(header::CONTENT_TYPE, kind)], file.data.into_owned()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: usize,
}

/// What came behind the first `after` mails, and what time it is.
async fn mails(State(inbox): State<Inbox>, Query(After { after }): Query<After>) -> Json<Value> {
    let received = inbox.mailbox.received_from(after);
    let new = received.iter().enumerate().map(|(at, mail)| summary(&inbox.clock, after + at, mail));
    Json(json!({
        "now": inbox.clock.now().reader.as_millisecond(),
        "speed": inbox.clock.speed(),
        "site": inbox.site,
        "readers": inbox.readers.get(),
        "mails": new.collect::<Vec<_>>(),
    }))
}

/// The subject of a mail, decoded.
pub fn subject(bytes: &[u8]) -> String {
    let message = MessageParser::default().parse(bytes);
    message.as_ref().and_then(|it| it.subject()).unwrap_or("(no subject)").to_string()
}

fn summary(clock: &Clock, number: usize, mail: &Received) -> Value {
    let message = MessageParser::default().parse(&mail.bytes);
    let from = message.as_ref().and_then(|it| it.from()?.first().cloned());
    let from = from.map(|it| it.name().or(it.address()).unwrap_or_default().to_string()).unwrap_or_default();
    let dated = message.as_ref().and_then(|it| Timestamp::from_second(it.date()?.to_timestamp()).ok());
    // The Date header counts whole seconds, which are hours where a day is short; it is right for mails of earlier days.
    let earlier = dated.filter(|dated| dated.duration_until(mail.at) > EARLIER);
    let at = clock.reader_at(earlier.unwrap_or(mail.at)).as_millisecond();
    json!({
        "number": number,
        "to": mail.to,
        "from": from,
        "subject": subject(&mail.bytes),
        "at": at,
        "size": mail.bytes.len(),
    })
}

async fn part(State(inbox): State<Inbox>, Path((number, part)): Path<(usize, String)>) -> Response {
    let Some(mail) = inbox.mailbox.received_from(number).into_iter().next() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let message = MessageParser::default().parse(&mail.bytes);
    let policy = [(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)];
    match (part.as_str(), message) {
        ("html", Some(message)) => (policy, Html(html(&message))).into_response(),
        ("text", Some(message)) => message.body_text(0).unwrap_or_default().into_owned().into_response(),
        ("source", _) => String::from_utf8_lossy(&mail.bytes).into_owned().into_response(),
        (_, _) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The HTML part, whose links open in another tab. Images that came with it stand in it, as its policy lets nothing else.
fn html(message: &Message<'_>) -> String {
    let mut html = message.body_html(0).unwrap_or_default().into_owned();
    for part in &message.parts {
        let kind = part.content_type().filter(|kind| kind.ctype() == "image").and_then(|kind| kind.subtype());
        if let (Some(id), Some(kind)) = (part.content_id(), kind) {
            let data = format!("src=\"data:image/{kind};base64,{}\"", STANDARD.encode(part.contents()));
            html = html.replace(&format!("src=\"cid:{id}\""), &data);
        }
    }
    match html.find("<head>") {
        Some(at) => format!("{}<base target=\"_blank\">{}", &html[..at + 6], &html[at + 6..]),
        None => format!("<base target=\"_blank\">{html}"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a mail that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_came_with_a_mail_stands_in_its_page() {
        let mail = "Content-Type: multipart/related; boundary=\"b\"; type=\"text/html\"\r\n\r\n--b\r\n\
            Content-Type: text/html; charset=utf-8\r\n\r\n<p><img src=\"cid:a@example.org\" alt=\"a\"></p>\r\n--b\r\n\
            Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <a@example.org>\r\n\
            Content-Disposition: inline; filename=\"a.png\"\r\n\r\nAQID\r\n--b--\r\n";
        let page = html(&MessageParser::default().parse(mail).unwrap());
        assert!(page.contains("<img src=\"data:image/png;base64,AQID\" alt=\"a\">"), "{page}");
    }
}

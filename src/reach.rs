//! Asks addresses of the web whether something answers there: HEAD, then GET, along redirects, over TLS that is checked.
//! Reads no page, keeps no cookie, and knows no lesson.

use hyper::Method;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;
use url::Url;

/// Redirects that are followed, as most browsers do fewer than twenty.
const MOST_REDIRECTS: usize = 10;

/// What became of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Something answers; `moved` where it says that it has gone elsewhere for good.
    Fine { moved: Option<String> },
    /// Nothing is there (404, 410 and their like).
    Gone { status: u16, at: String },
    /// It answers, and not to us: it may well do so to a person.
    Unwilling { status: u16 },
    /// Nobody answered; why, in words.
    Unreachable(String),
}

/// Someone who asks. Made once for many addresses.
#[derive(Clone)]
pub struct Visitor {
    tls: Arc<ClientConfig>,
    /// For one address with all its redirects.
    patience: Duration,
}

/// One answer of a server.
struct Said {
    status: u16,
    location: Option<String>,
}

impl Visitor {
    /// Trusts the public authorities and the machine's own.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(patience: Duration) -> Result<Visitor, rustls::Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Visitor { tls: Arc::new(config), patience })
    }

    /// Asks one address.
    pub async fn visit(&self, url: &str) -> Answer {
        let Ok(url) = Url::parse(url) else { return Answer::Unreachable("it is no address".to_string()) };
        match tokio::time::timeout(self.patience, self.follow(url)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Unreachable(format!("no answer within {} seconds", self.patience.as_secs_f32())),
        }
    }

    async fn follow(&self, mut url: Url) -> Answer {
        let mut moved = None;
        let mut for_good = true;
        for _ in 0..=MOST_REDIRECTS {
            let said = match self.ask(&url).await {
                Ok(said) => said,
                Err(why) => return Answer::Unreachable(why),
            };
            let next = said.location.as_deref().and_then(|location| url.join(location).ok());
            match (said.status, next) {
                (301 | 302 | 303 | 307 | 308, Some(next)) if matches!(next.scheme(), "http" | "https") => {
                    for_good &= matches!(said.status, 301 | 308);
                    if for_good {
                        moved = Some(next.to_string());
                    }
                    url = next;
                }
                (401 | 402 | 403 | 405 | 406 | 407 | 408 | 425 | 429 | 451 | 500.., _) => {
                    return Answer::Unwilling { status: said.status };
                }
                (400..500, _) => return Answer::Gone { status: said.status, at: url.to_string() },
                _ => return Answer::Fine { moved },
            }
        }
        Answer::Unreachable(format!("it leads on more than {MOST_REDIRECTS} times"))
    }

    /// HEAD first; who won't answer that is asked for the page, of which only the head is read.
    async fn ask(&self, url: &Url) -> Result<Said, String> {
        match self.request(url, Method::HEAD).await {
            Ok(said) if said.status < 400 => Ok(said),
            _ => self.request(url, Method::GET).await,
        }
    }

    async fn request(&self, url: &Url, method: Method) -> Result<Said, String> {
        let (host, name) = match url.host() {
            Some(Host::Domain(name)) => (name.to_string(), ServerName::try_from(name.to_string()).ok()),
            Some(Host::Ipv4(address)) => (address.to_string(), Some(ServerName::from(std::net::IpAddr::from(address)))),
            Some(Host::Ipv6(address)) => (address.to_string(), Some(ServerName::from(std::net::IpAddr::from(address)))),
            None => return Err("it names no host".to_string()),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|error| in_words(&error))?;
        if url.scheme() == "http" {
            return talk(stream, url, method).await;
        }
        let name = name.ok_or("its host can't have a certificate")?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|error| format!("TLS failed: {error}"))?;
        talk(stream, url, method).await
    }
}

/// One request on a connection of its own, which is closed behind the head of the answer.
async fn talk<S>(stream: S, url: &Url, method: Method) -> Result<Said, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| format!("the conversation failed: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("dripline-check/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .body(String::new())
        .map_err(|error| format!("it can't be asked for: {error}"))?;
    let answer = async move {
        let response = sender.send_request(request).await.map_err(failed)?;
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        Ok(Said { status: response.status().as_u16(), location: location.map(str::to_string) })
    };
    tokio::pin!(connection);
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // Many servers end a connection roughly, behind an answer that is good.
        _ = &mut connection => answer.await,
    }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens there".to_string(),
        _ => error.to_string(),
    }
}

//! Every route against whatever can be sent to it: no answer is a failure, none repeats what was sent, all protect readers.

use super::browser;
use super::corpus::Chance;
use super::corpus::FIELDS;
use super::corpus::MARK;
use super::corpus::RUN;
use super::corpus::bodies;
use super::corpus::encoded;
use super::corpus::inputs;
use super::pair::ANA;
use super::pair::Ask;
use super::pair::BEN;
use super::pair::CLEO;
use super::pair::FORM;
use super::pair::Got;
use super::pair::Pair;
use super::pair::routes;
use dripline::link::Action;
use dripline::link::Scope;
use serde_json::Value;
use serde_json::json;
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// In how many ways an input is put into a request.
const WAYS: usize = 16;

/// How many spoilt requests are sent; with this variable also every input to every route in every way.
fn many() -> Option<usize> {
    std::env::var("DRIPLINE_HOSTILE").ok().and_then(|text| text.parse().ok())
}

/// A route with good tokens in it, once whole and once with inputs in every other place.
struct Target {
    whole: String,
    open: String,
}

impl Target {
    /// `{x}` stands where an input goes.
    fn with(&self, input: &str) -> String {
        self.open.replace("{x}", input)
    }
}

async fn targets(pair: &mut Pair) -> Vec<Target> {
    let (ana, ben, cleo) = (pair.rows(ANA).await, pair.rows(BEN).await, pair.rows(CLEO).await);
    let random = pair.confirmation("dora@example.org", "calm").await;
    let sign = |scope, rows: &super::pair::Rows| pair.app.app.keys.sign(scope, rows.of(scope), None);
    let token = |route: &str| match route.split('/').nth(1).unwrap() {
        "act" => sign(Scope::Act(Action::Pause), &ana),
        "answer" => sign(Scope::Answer, &ana),
        "confirm" => random.clone(),
        "leave" => sign(Scope::Leave, &ben),
        "view" => sign(Scope::View, &ana),
        _ if route.ends_with("/erase") => sign(Scope::My, &cleo),
        _ => sign(Scope::My, &ana),
    };
    let of = |route: String| {
        let whole = route.replace("{token}", &token(&route)).replace("{course}", "calm").replace("{action}", "again");
        let open = match route.rsplit_once("{token}") {
            Some((_, "")) | None => route.replace("{token}", "{x}"),
            Some(_) => route.replace("{token}", &token(&route)),
        };
        let open = open.replace("{course}", "{x}").replace("{action}", "{x}").replace("{hash}", "{x}");
        Target { whole: whole.replace("{hash}", "0"), open }
    };
    let undo = Target { whole: format!("/act/{}", sign(Scope::Undo, &ana)), open: "/nowhere/{x}".to_string() };
    let walk = Target { whole: format!("/my/{}/walk/join", sign(Scope::My, &ana)), open: "/{x}/{x}".to_string() };
    routes().into_iter().map(of).chain([undo, walk]).collect()
}

fn ask(method: &str, path: impl Into<Vec<u8>>, kind: Option<&str>, body: impl Into<Vec<u8>>) -> Ask {
    let headers = kind.map(|kind| ("content-type".to_string(), kind.into())).into_iter().collect();
    Ask { method: method.to_string(), path: path.into(), headers, body: body.into() }
}

/// Every field, each with the same value.
fn pairs(value: &str, email: Option<&str>) -> String {
    let value_of = |name: &str| email.filter(|_| name == "email").unwrap_or(value).to_string();
    FIELDS.map(|name| format!("{}={}", encoded(name.as_bytes()), value_of(name))).join("&")
}

fn json(input: &[u8], email: Option<&str>) -> String {
    let text = String::from_utf8_lossy(input);
    let email = email.unwrap_or(&text);
    let text: &str = &text;
    json!({ "email": email, "first_name": text, "zone": text, "language": text, "agree": true, "fields": { "instrument": text } }).to_string()
}

/// An input on its way to a route, in one of [`WAYS`].
fn sent(way: usize, target: &Target, input: &[u8], number: usize) -> Ask {
    let url = encoded(input);
    let fresh = format!("v{number}@example.org");
    let raw = |path: &str| [path.as_bytes(), input].concat();
    match way {
        0 => ask("GET", target.with(&url), None, ""),
        1 => ask("GET", target.with(&encoded(url.as_bytes())), None, ""),
        2 => ask("GET", raw(&target.with("")), None, ""),
        3 => ask("GET", format!("{}?{}", target.whole, pairs(&url, None)), None, ""),
        4 => ask("GET", raw(&format!("{}?lesson=", target.whole)), None, ""),
        5 => ask("HEAD", format!("{}?{}", target.with(&url), pairs(&url, None)), None, ""),
        6 => ask("POST", target.whole.as_str(), Some(FORM), pairs(&url, None)),
        7 => ask("POST", target.whole.as_str(), Some(FORM), pairs(&url, Some(&fresh))),
        8 => ask("POST", target.whole.as_str(), Some(FORM), raw("agree=1&reason=x&answer=")),
        9 => ask("POST", target.whole.as_str(), Some("application/json"), json(input, None)),
        10 => ask("POST", target.whole.as_str(), Some("application/json"), json(input, Some(&fresh))),
        11 => ask("POST", target.with(&url), Some(FORM), format!("{url}={url}")),
        12 => ask("POST", format!("{}?{}", target.whole, pairs(&url, None)), None, input),
        13 => with_headers(
            ask("POST", target.whole.as_str(), Some(FORM), format!("email={fresh}&agree=1&answer=7")),
            input,
        ),
        14 => with_headers(ask("GET", target.whole.as_str(), None, ""), input),
        _ => {
            let method = ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"][number % 8];
            ask(method, target.with(&url), Some(FORM), input)
        }
    }
}

fn with_headers(mut ask: Ask, input: &[u8]) -> Ask {
    let names = [
        "accept-language",
        "user-agent",
        "x-forwarded-for",
        "referer",
        "cookie",
        "host",
        "origin",
        "accept",
        "range",
        "if-none-match",
        "x-forwarded-host",
    ];
    // What no header may hold would keep the whole request away from the pages.
    let value: Vec<u8> = input.iter().copied().filter(|byte| *byte >= b' ' && *byte != 0x7f).take(16_000).collect();
    ask.headers.extend(names.map(|name| (name.to_string(), value.clone())));
    ask
}

/// An input may hold such words; a link may not.
fn leads_to_script(page: &str) -> bool {
    ["href", "src", "action"].iter().any(|name| page.contains(&format!("{name}=\"javascript:")))
}

fn judge(ask: &Ask, got: &Got) {
    let cut = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    let about = format!(
        "{} {} {:?} {}",
        ask.method,
        cut(&ask.path),
        ask.headers.first().map(|(_, it)| cut(it)),
        cut(&ask.body)
    );
    let text = got.text();
    assert!(got.status < 500, "{} to {about}", got.status);
    assert!(got.header("content-security-policy").starts_with("default-src 'none'; "), "{about}");
    assert_eq!(got.header("x-content-type-options"), "nosniff", "{about}");
    assert_eq!(got.header("referrer-policy"), "no-referrer", "{about}");
    assert!(["all", "noindex"].contains(&got.header("x-robots-tag")), "{about}");
    let embedded = ask.path.starts_with(b"/embed/");
    assert!(embedded || got.header("content-security-policy").contains("frame-ancestors 'none'"), "{about}");
    for (name, value) in &got.headers {
        let line = format!("{name}: {}", String::from_utf8_lossy(value)).to_lowercase();
        assert!(
            !line.contains("zz9") && !line.contains("evil") && !line.contains(char::is_control),
            "{line} to {about}"
        );
        assert!(
            !["set-cookie", "location", "access-control-allow-origin"].contains(&name.as_str()),
            "{line} to {about}"
        );
    }
    assert!(!text.contains(RUN), "what a visitor sent was run: {about}\n{text}");
    let kind = got.header("content-type");
    if kind == "application/json" {
        assert!(ask.method == "HEAD" || serde_json::from_slice::<Value>(&got.body).is_ok(), "{about}\n{text}");
        return;
    }
    assert!(!text.to_lowercase().contains(MARK), "{about}\n{text}");
    let others = text.replace("<script src=\"/assets/zone.js\" defer></script>", "");
    assert!(
        kind.starts_with("text/javascript") || !others.contains("<script") && !leads_to_script(&others),
        "{about}\n{text}"
    );
    // What asks whether the process lives is a machine.
    let machine = [b"/healthz".as_slice(), b"/readyz"].iter().any(|path| ask.path.starts_with(path));
    let is_page = kind.starts_with("text/html") && !got.title().is_empty();
    assert!(ask.method == "HEAD" || got.status < 400 || machine || is_page, "{kind} to {about}");
}

impl Pair {
    /// Sends it and judges the answer; whether it came as far as a page.
    async fn try_out(&self, ask: &Ask) -> bool {
        let Some(got) = self.ask(ask).await else { return false };
        judge(ask, &got);
        true
    }

    /// No text in the database holds what PostgreSQL would refuse to keep, and nothing contradicts itself.
    async fn is_whole(&self) {
        let mut connection = self.app.app.store.read().await.unwrap();
        let columns = "SELECT 'SELECT count(*) FROM ' || m.name || ' WHERE typeof(' || c.name || ') = ''text'' AND instr(' || c.name || ', char(0)) > 0'
            FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
        let rows = sqlx::query(columns).fetch_all(&mut *connection).await.unwrap();
        drop(connection);
        assert!(rows.len() > 50, "{} columns", rows.len());
        for row in rows {
            let sql: String = row.get(0);
            assert_eq!(self.app.number(&sql).await, 0, "{sql}");
        }
        self.app.verify().await;
    }
}

#[tokio::test]
async fn a_page_that_does_not_escape_is_caught() {
    let mut pair = Pair::start().await;
    let careless = BTreeMap::from([("web/link.html".to_string(), b"<h1>x</h1>{{ page.entered | safe }}".to_vec())]);
    pair.router = dripline::web::router(Arc::clone(&pair.app.app), &careless, &[]).unwrap();
    let caught = async |text: &str| {
        let ask = ask("POST", "/my", Some(FORM), format!("email={}", encoded(text.as_bytes())));
        let got = pair.ask(&ask).await.unwrap();
        std::panic::catch_unwind(AssertUnwindSafe(|| judge(&ask, &got))).is_err()
    };
    assert!(!caught("nobody").await);
    for text in ["<zz9", "49zz8", "<script>", "<a href=\"javascript:x\">"] {
        assert!(caught(text).await, "{text}");
    }
}

#[tokio::test]
async fn no_input_anywhere_makes_a_page_fail_or_comes_back_as_it_was_sent() {
    let mut pair = Pair::start().await;
    let targets = targets(&mut pair).await;
    let inputs = inputs();
    assert!(inputs.len() > 250 && targets.len() > 20, "{} {}", inputs.len(), targets.len());
    let mut reached = 0;
    for (i, input) in inputs.iter().enumerate() {
        for (t, target) in targets.iter().enumerate() {
            let all = many().is_some();
            for way in (0..WAYS).filter(|way| all || (i + 3 * t) % WAYS == *way) {
                reached += usize::from(pair.try_out(&sent(way, target, input, reached)).await);
            }
        }
    }
    assert!(reached > 5_000, "only {reached} requests came as far as a page");
    pair.is_whole().await;
}

#[tokio::test]
async fn no_body_of_any_kind_makes_a_page_fail() {
    let mut pair = Pair::start().await;
    let targets = targets(&mut pair).await;
    let mut reached = 0;
    for (kind, body) in bodies() {
        for target in &targets {
            for method in ["POST", "PUT", "GET"] {
                reached += usize::from(pair.try_out(&ask(method, target.whole.as_str(), kind, body.clone())).await);
            }
        }
    }
    assert!(reached > 2_000, "only {reached} requests came as far as a page");
    pair.is_whole().await;
}

#[tokio::test]
async fn requests_that_chance_spoils_are_answered_all_the_same() {
    let mut pair = Pair::start().await;
    let targets = targets(&mut pair).await;
    let (inputs, mut chance) = (inputs(), Chance(0x5eed));
    let mut reached = 0;
    for n in 0..many().unwrap_or(4_000) {
        let input = chance.of(&inputs);
        let mut ask = sent(chance.below(WAYS), chance.of(&targets), input, n);
        chance.spoil(&mut ask, &inputs);
        reached += usize::from(pair.try_out(&ask).await);
    }
    assert!(reached * 3 > many().unwrap_or(4_000), "only {reached} requests came as far as a page");
    pair.is_whole().await;
}

#[tokio::test]
async fn bytes_that_are_no_http_leave_the_process_alive() {
    let mut pair = Pair::start().await;
    let targets = targets(&mut pair).await;
    let at = browser::serve(pair.router.clone()).await;
    let (inputs, mut chance) = (inputs(), Chance(0xb17e5));
    let framings = [
        "Content-Length: 5\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 3\r\nContent-Length: 7\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: zz9\r\n",
        "Expect: 100-continue\r\nContent-Length: 9\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        " folded: zz9\r\n",
        "X: a\0b\r\n",
        "",
    ];
    let mut answered = 0;
    for n in 0..many().unwrap_or(400) {
        let input = chance.of(&inputs);
        let ask = sent(chance.below(WAYS), chance.of(&targets), input, n);
        let mut bytes =
            [ask.method.as_bytes(), b" ", &ask.path, b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"].concat();
        bytes.extend(format!("Content-Type: {FORM}\r\n{}\r\n", chance.of(&framings)).bytes());
        let chunk = format!("{:x}\r\n", ask.body.len());
        bytes.extend(
            [
                chance.of(&[chunk.as_str(), "", "zz\r\n", "ffffffffffffffff\r\n"]).as_bytes(),
                &ask.body,
                b"\r\n0\r\n\r\n",
            ]
            .concat(),
        );
        let answer = tell(at, &bytes).await;
        assert!(!answer.starts_with("HTTP/1.1 5"), "{answer} to {}", String::from_utf8_lossy(&bytes));
        assert!(!answer.to_lowercase().contains(MARK) && !answer.contains(RUN), "{answer}");
        answered += usize::from(answer.starts_with("HTTP/1.1 "));
    }
    assert!(answered > 100, "{answered}");
    assert!(tell(at, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ends_with("ok\n"));
    pair.is_whole().await;
}

/// What comes back until the other side closes; it may do so while it is being told.
async fn tell(at: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(bytes).await.ok();
    stream.shutdown().await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8_lossy(&answer).into_owned()
}

//! What hostile people enter and we keep: on every page, in every mail and in the coach's reports it is what they wrote, and
//! nothing more.

use super::corpus::MARK;
use super::corpus::RUN;
use super::corpus::encoded;
use super::pair::ANA;
use super::pair::Ask;
use super::pair::FORM;
use super::pair::Got;
use super::pair::Pair;
use super::pair::Rows;
use crate::app::Mail;
use crate::app::days;
use dripline::flow::answer::Rows as Sheet;
use dripline::flow::export::Export;
use dripline::link::Scope;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

const ENTERED: [&str; 16] = [
    "<zz9 onload=alert(1)>",
    "\"><zz9 x=\"",
    "{{ 7*7 }}zz8",
    "{% include \"web/layout.html\" %}<zz9",
    "[<zz9](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "<https://evil.example/>",
    "**<zz9** `<zz9`",
    "[x](javascript:alert(1))",
    "&lt;zz9 &#60;zz9",
    "Sam\r\nBcc: zz9@evil.example\r\n\r\n<zz9",
    "Sam\" <zz9@evil.example>, \"Sam",
    "=?utf-8?q?=0D=0ABcc:_zz9@evil.example?=",
    "\u{202e}\u{feff}\u{2028}<zz9\u{0}\u{1b}[31m",
    "zz9\u{fb00}, (zz9) ; zz9@evil.example: \\\"",
    "<a href=\"https://evil.example\"><zz9</a>",
];

/// The wire names of a header field's lines, and whether Python's strictest parser finds a fault.
const SCRIPT: &str = "
import sys, json, email, email.policy
strict = email.policy.SMTP.clone(raise_on_defect=True)
told = []
for mail in json.load(sys.stdin):
    mail = email.message_from_bytes(bytes(mail), policy=strict)
    for name in mail.keys():
        assert not mail[name].defects, name
    parts = [part.get_content_type() for part in mail.iter_parts()]
    for part in mail.iter_parts():
        part.get_content()
    to = mail['to'].addresses
    assert len(to) == 1 and len(mail['from'].addresses) == 1
    told.append({'names': mail.keys(), 'parts': parts, 'to': to[0].addr_spec, 'from': mail['from'].addresses[0].addr_spec, 'kind': str(mail['feedback-id'] or '').split(':')[0]})
json.dump(told, sys.stdout)";

fn address(number: usize) -> String {
    format!("person{number}@example.org")
}

/// Signs up, presses the button behind the link, and gets the first lesson.
async fn enter(pair: &mut Pair, number: usize, text: &str) {
    let form = format!(
        "email=person{number}%40example.org&agree=1&first_name={0}&field%3Ainstrument={0}&zone=Europe%2FLondon&language=en",
        encoded(text.as_bytes())
    );
    let agent: Vec<u8> = text.bytes().filter(|byte| *byte >= b' ' && *byte != 0x7f).collect();
    let headers = vec![("content-type".to_string(), FORM.into()), ("user-agent".to_string(), agent)];
    let ask = Ask { method: "POST".to_string(), path: "/c/calm".into(), headers, body: form.into() };
    let done = pair.ask(&ask).await.unwrap();
    assert_eq!((done.status, done.title().as_str()), (200, "Please look into your mailbox"), "{text}");
    pair.app.settle().await;
    let token = pair.app.token_to(&address(number), "/confirm/").unwrap();
    assert_eq!(pair.post(&format!("/confirm/{token}"), "").await.status, 200);
}

fn is_harmless(html: &str, about: &str) {
    assert!(!html.to_lowercase().contains(MARK) && !html.contains(RUN), "{about}: {html}");
    for bad in [
        "href=\"https://evil",
        "src=\"https://evil",
        "href=\"javascript:",
        "src=\"javascript:",
        "<script>",
        "onload=\"",
        "onfocus=\"",
    ] {
        assert!(!html.contains(bad), "{about}: {bad} in {html}");
    }
    for steering in ['\u{202e}', '\u{feff}', '\u{2028}', '\u{0}', '\u{1b}'] {
        assert!(!html.contains(steering), "{about}: {steering:?} in {html}");
    }
}

async fn opens(pair: &Pair, path: &str, form: Option<&str>) -> Got {
    let got = match form {
        Some(form) => pair.post(path, form).await,
        None => pair.get(path).await,
    };
    assert_eq!(got.status, 200, "{path}: {}", got.text());
    if got.header("content-type") != "application/json" {
        is_harmless(&got.text(), path);
    }
    got
}

/// Every page of somebody who answers with this text, and in the end leaves for this reason.
async fn look_around(pair: &Pair, number: usize, text: &str) -> Rows {
    let rows = pair.rows(&address(number)).await;
    let token = |scope| pair.app.app.keys.sign(scope, rows.of(scope), None);
    let my = format!("/my/{}", token(Scope::My));
    let answer = format!("/answer/{}?q=4", token(Scope::Answer));
    opens(pair, &answer, Some(&format!("answer={}", encoded(text.as_bytes())))).await;
    opens(pair, &answer, None).await;
    opens(pair, &answer.replace("q=4", "q=1"), Some("answer=7")).await;
    let view = opens(pair, &format!("/view/{}", token(Scope::View)), None).await;
    assert!(view.text().contains("breathe"));
    let settings =
        format!("first_name={0}&hour=08%3A30&day=Mon&zone=Europe%2FLondon&language=en", encoded(text.as_bytes()));
    opens(pair, &format!("{my}/settings"), Some(&settings)).await;
    for page in ["", "/settings", "/address", "/export", "/erase", "/calm/pause", "/calm/again", "/walk/join"] {
        opens(pair, &format!("{my}{page}"), None).await;
    }
    let stage = pair.get(&format!("{my}/calm/repeat?stage={}", encoded(text.as_bytes()))).await;
    is_harmless(&stage.text(), "a stage that isn't there");
    assert!(stage.status < 500);
    rows
}

fn html(mail: &Mail) -> String {
    mail_parser::MessageParser::default().parse(&mail.bytes).unwrap().body_html(0).unwrap().into_owned()
}

/// What Python reads in these mails.
fn judged(mails: &[Vec<u8>]) -> Vec<Value> {
    use std::io::Write as _;
    let mut python = Command::new("python3");
    python.args(["-c", SCRIPT]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut python = python.spawn().expect("the tests need python3 as an independent judge: `apt-get install python3`");
    python.stdin.take().unwrap().write_all(serde_json::to_string(mails).unwrap().as_bytes()).unwrap();
    let done = python.wait_with_output().unwrap();
    assert!(done.status.success());
    serde_json::from_slice(&done.stdout).unwrap()
}

#[tokio::test]
async fn whatever_people_enter_their_pages_and_mails_show_it_and_do_nothing_else() {
    let mut pair = Pair::start().await;
    for (number, text) in ENTERED.iter().enumerate() {
        enter(&mut pair, number, text).await;
    }
    pair.app.settle().await;
    for (number, text) in ENTERED.iter().enumerate() {
        look_around(&pair, number, text).await;
    }
    pair.app.advance(days(15)).await;
    let mut repeated = 0;
    for (number, text) in ENTERED.iter().enumerate() {
        let mails = pair.app.mails_to(&address(number));
        assert!(mails.len() >= 3, "{} mails to {number}", mails.len());
        for mail in &mails {
            is_harmless(&html(mail), text);
            assert!(!mail.text.contains(RUN) && !mail.text.contains(['\u{202e}', '\u{0}', '\u{1b}']), "{}", mail.text);
        }
        repeated += usize::from(mails.last().unwrap().text.contains("You said: "));
        // Nothing that a visitor typed stands in the mail that anybody can have sent to anybody.
        let asks = format!("{}{}", mails[0].text, html(&mails[0]));
        for typed in ["zz9 ", "zz9@", "zz9&", "}zz8", "evil.example", "Sam"] {
            assert!(!asks.contains(typed), "{typed}: {asks}");
        }
    }
    assert!(repeated > ENTERED.len() / 2, "{repeated} lessons repeat an answer");
    for page in ["/", "/c/calm", "/embed/calm", "/my"] {
        is_harmless(&pair.get(page).await.text(), page);
    }
    pair.app.verify().await;
}

#[tokio::test]
async fn mails_to_hostile_names_have_the_headers_of_any_other() {
    let mut pair = Pair::start().await;
    pair.confirmation("sam@example.org", "walk").await;
    let mut mails = Vec::new();
    let mut addresses = vec![ANA.to_string(), "sam@example.org".to_string()];
    for (number, text) in ENTERED.iter().enumerate() {
        enter(&mut pair, number, text).await;
        addresses.push(address(number));
    }
    pair.app.advance(days(2)).await;
    let mut expect = Vec::new();
    for address in &addresses {
        for mail in pair.app.mails_to(address) {
            mails.push(mail.bytes);
            expect.push(address.as_str());
        }
    }
    let mut names: BTreeMap<String, Value> = BTreeMap::new();
    for (told, to) in judged(&mails).into_iter().zip(expect) {
        assert_eq!((told["to"].as_str(), told["from"].as_str()), (Some(to), Some("ana@learn.example.org")));
        assert_eq!(told["parts"], serde_json::json!(["text/plain", "text/html"]), "{to}");
        // The first ones are of people who mean well.
        let kind = told["kind"].as_str().unwrap().to_string();
        assert_eq!(&told["names"], names.entry(kind).or_insert(told["names"].clone()), "{to}");
    }
    assert!(names.len() >= 2 && mails.len() > 3 * ENTERED.len(), "{names:?}");
}

#[tokio::test]
async fn what_the_coach_reads_of_hostile_people_steers_no_terminal_and_no_spreadsheet() {
    let mut pair = Pair::start().await;
    for (number, text) in
        ENTERED.iter().chain(&["=HYPERLINK(\"https://evil.example\")", "@SUM(1)", "\t=1+1"]).enumerate()
    {
        enter(&mut pair, number, text).await;
        pair.app.advance(days(1)).await;
        let rows = look_around(&pair, number, text).await;
        let leave = pair.app.app.keys.sign(Scope::Leave, rows.enrolment, None);
        opens(&pair, &format!("/leave/{leave}"), Some(&format!("reason={}", encoded(text.as_bytes())))).await;
    }
    let app = &pair.app.app;
    let shelved = app.shelf.read().await.get("calm").cloned().unwrap();
    let mut rows = Sheet::begin(shelved);
    let mut sheet = Vec::new();
    while let Some(piece) = rows.step(app).await.unwrap() {
        sheet.extend(piece);
    }
    let mut export = Export::begin(app).await;
    while let Some(piece) = export.step(app).await.unwrap() {
        sheet.extend(piece);
    }
    let sheet = String::from_utf8(sheet).unwrap();
    let reasons = pair.app.texts("SELECT reason FROM farewell").await;
    assert!(reasons.len() >= ENTERED.len() && sheet.contains("HYPERLINK"), "{} {sheet}", reasons.len());
    for text in reasons.iter().chain([&sheet]) {
        let steers = |c: char| c.is_control() && c != '\n' && c != '\r' || matches!(c, '\u{202e}' | '\u{2028}');
        assert!(!text.contains(steers), "{text:?}");
    }
    for cell in sheet.lines().flat_map(|line| line.split(',')).map(|cell| cell.trim_start_matches('"')) {
        assert!(!cell.starts_with(['=', '@', '\t']), "{cell}");
    }
}

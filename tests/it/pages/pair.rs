//! Three people on one site, with a token of every scope for each, and requests of any shape, sent without a socket. Knows
//! nothing of what should be answered.

use crate::app::Kind;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::hours;
use crate::app::request;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Method;
use axum::http::Request;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Acted;
use dripline::flow::preferences::Which;
use dripline::flow::sign_up;
use dripline::flow::sign_up::SignedUp;
use dripline::flow::sign_up::Word;
use dripline::link::Action;
use dripline::link::Scope;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt as _;

pub const ANA: &str = "ana@example.org";
pub const BEN: &str = "ben@example.org";
/// Whom tests erase.
pub const CLEO: &str = "cleo@example.org";
pub const FORM: &str = "application/x-www-form-urlencoded";

pub const SCOPES: [Scope; 13] = [
    Scope::Leave,
    Scope::View,
    Scope::My,
    Scope::Act(Action::Pause),
    Scope::Act(Action::Slower),
    Scope::Act(Action::Faster),
    Scope::Act(Action::Again),
    Scope::Act(Action::NextNow),
    Scope::Undo,
    Scope::Answer,
    Scope::Never,
    Scope::Form,
    Scope::Bounce,
];

const CALM: &str = "title = \"Calm\"\nsummary = \"Slowly.\"\nlanguage = \"en\"\nlessons = [\"one\", \"two\"]\ncrisis = \"Call 112.\"\n\
    disclaimer = \"No medicine.\"\nconsent = \"I agree.\"\nfields = { instrument = { label = \"Your instrument\" } }\n\
    schedule = { wait = \"1 day\", send = \"30 8 * * *\" }\n";
const ASKS: &str = "[[ask]]\nid = \"ease\"\nquestion = \"How easy was it?\"\nkind = \"scale\"\n\
    [[ask]]\nid = \"region\"\nquestion = \"Where is it?\"\nkind = \"choice\"\noptions = { neck = \"Neck\", hand = \"Hand\" }\n\
    [[ask]]\nid = \"parts\"\nquestion = \"Which parts?\"\nkind = \"choices\"\noptions = { a = \"Arms\", l = \"Legs\" }\n\
    [[ask]]\nid = \"note\"\nquestion = \"Anything else?\"\nkind = \"text\"\n";
const TEXT: &str = "Dear **{{ subscriber.first_name or \"friend\" }}** with the {{ subscriber.fields.instrument or \"voice\" }}, breathe.\n\n\
    {% if answers.note is answered %}You said: {{ answers.note }}.{% else %}You said nothing.{% endif %}\n";

/// Ana and Ben are in `calm`, Ben is in `walk` too; each has had a first lesson, and goes on more slowly. Cleo is like Ana.
pub struct Pair {
    pub app: TestApp,
    pub router: Router,
}

/// The rows that somebody's tokens name.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    pub person: i64,
    pub enrolment: i64,
    pub mail: i64,
    pub act: i64,
}

/// A request as it would stand on the wire.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    pub method: String,
    pub path: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Pair {
    pub async fn start() -> Pair {
        let app = TestApp::with(Setup { database: Kind::Sqlite, ..Setup::default() }).await;
        app.write("calm/course.toml", CALM);
        for (id, subject) in [("one", "calm one"), ("two", "calm two")] {
            app.write(&format!("calm/{id}.md"), format!("+++\nsubject = \"{subject}\"\n{ASKS}+++\n\n{TEXT}"));
        }
        let reloaded = app.reload().await;
        assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
        app.course("walk", &["first", "second"]).await;
        for (address, course) in [(ANA, "calm"), (BEN, "calm"), (BEN, "walk"), (CLEO, "calm")] {
            let mut request = request(address, course);
            request.word = Word::Confirmed("paper form".to_string());
            assert_eq!(sign_up::add(&app.app, request).await.unwrap(), SignedUp::Enrolled);
        }
        app.advance(hours(1)).await;
        let router = router(&app);
        Pair { app, router }
    }

    /// The rows of somebody in `calm`, and of an act of theirs that can be taken back.
    pub async fn rows(&self, address: &str) -> Rows {
        let slower = Act::Set(preferences::Settings { pace: Some(2.0), ..preferences::Settings::default() });
        let which = Which::Course("calm".to_string());
        let acted = preferences::act(&self.app.app, &address.parse().unwrap(), &which, &slower).await.unwrap();
        let Acted::On(done) = acted else { panic!("{acted:?}") };
        let person = self.app.id(address).await;
        let place = format!("SELECT id FROM enrolment WHERE course = 'calm' AND subscriber_id = {person}");
        let mail = format!("SELECT id FROM outbox WHERE what LIKE 'lesson/calm/one%' AND subscriber_id = {person}");
        Rows { person, enrolment: self.app.number(&place).await, mail: self.app.number(&mail).await, act: done.act }
    }

    /// What the newest link ends with that waits to be mailed or was, for a sign-up of that address.
    pub async fn confirmation(&mut self, address: &str, course: &str) -> String {
        assert_eq!(self.app.sign_up(address, course).await, SignedUp::Asked);
        self.app.settle().await;
        self.app.token_to(address, "/confirm/").unwrap()
    }

    pub async fn get(&self, path: &str) -> Got {
        self.ask(&Ask { method: "GET".to_string(), path: path.into(), ..Ask::default() }).await.unwrap()
    }

    pub async fn post(&self, path: &str, form: &str) -> Got {
        let headers = vec![("content-type".to_string(), FORM.into())];
        let ask = Ask { method: "POST".to_string(), path: path.into(), headers, body: form.into() };
        self.ask(&ask).await.unwrap()
    }

    /// `None` for what no HTTP library would let through to a page.
    pub async fn ask(&self, ask: &Ask) -> Option<Got> {
        let method = Method::from_bytes(ask.method.as_bytes()).ok()?;
        let mut request = Request::builder().method(method).uri(ask.path.as_slice());
        for (name, value) in &ask.headers {
            request = request.header(name.as_str(), value.as_slice());
        }
        let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000)));
        let request = request.extension(peer).body(Body::from(ask.body.clone())).ok()?;
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Some(Got { status: head.status.as_u16(), headers: headers.collect(), body: body.to_vec() })
    }
}

impl Rows {
    /// What a token of this scope names.
    pub fn of(&self, scope: Scope) -> i64 {
        match scope {
            Scope::View | Scope::Answer | Scope::Bounce | Scope::Act(Action::Again) => self.mail,
            Scope::Leave => self.enrolment,
            Scope::Act(Action::Pause | Action::Slower | Action::Faster | Action::NextNow) => self.enrolment,
            Scope::My | Scope::Never => self.person,
            Scope::Undo => self.act,
            Scope::Form => 0,
        }
    }
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| std::str::from_utf8(value).unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first heading, as a reader sees it.
    pub fn title(&self) -> String {
        let text = self.text();
        let (_, rest) = text.split_once("<h1").unwrap_or_default();
        let (_, rest) = rest.split_once('>').unwrap_or_default();
        rest.split("</h1>").next().unwrap().replace("&#39;", "'")
    }
}

pub fn router(app: &TestApp) -> Router {
    dripline::web::router(Arc::clone(&app.app), &BTreeMap::new(), &[]).unwrap()
}

/// Every path that the sources of the pages give to their router, each once; the preview below them has one of its own.
pub fn routes() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut routes = Vec::new();
    for path in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let source = std::fs::read_to_string(path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap().to_string();
        routes.extend(source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_string()));
    }
    routes.sort();
    routes.dedup();
    routes
}

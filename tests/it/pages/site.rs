//! A whole site on a loopback port: a database in a temporary folder, one course in force, and people in it.

use super::browser;
use super::browser::Answer;
use super::dump::dump;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use dripline::clock::Clock;
use dripline::flow::App;
use dripline::flow::DeliverySettings;
use dripline::flow::InDoubt;
use dripline::flow::Settings;
use dripline::flow::open::open;
use dripline::flow::reload;
use dripline::flow::retention::Retention;
use dripline::flow::sign_up;
use dripline::flow::sign_up::SignedUp;
use dripline::message::Templates;
use dripline::site::Images;
use dripline::site::Sender;
use dripline::site::Site;
use dripline::store::enrolments;
use dripline::store::outbox;
use dripline::store::subscribers;
use dripline::web;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub const ADDRESS: &str = "quinta.reader@example.net";
pub const PIXEL: &[u8] = include_bytes!("../pictures/dot.png");
pub const DRAWING: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>";
pub const SECRET_NOTE: &[u8] = b"notes of the coach";

/// The course's own file.
pub const COURSE: &str = r#"
title = "Four <gentle> stages"
summary = "Slowly."
kind = "course"
language = "en"
lessons = ["one", "two"]
disclaimer = "This isn't medical care."
schedule = { wait = "2 days", send = "30 8 * * *" }
"#;
const LESSON: &str = "+++\nsubject = \"Listening\"\n+++\n\nDear {{ subscriber.first_name or \"friend\" }}, a quiet start.\n\n![A leaf](leaf.png)\n";

pub struct TestSite {
    pub app: Arc<App>,
    pub clock: Clock,
    /// The same pages without a socket.
    pub router: Router,
    at: SocketAddr,
    _folder: TempDir,
}

impl TestSite {
    pub async fn start() -> TestSite {
        TestSite::start_with(&BTreeMap::new()).await
    }

    pub async fn start_with(overrides: &BTreeMap<String, Vec<u8>>) -> TestSite {
        TestSite::open(overrides, course()).await
    }

    /// With further keys in the course's file.
    pub async fn start_with_course(keys: &[(&str, &str)]) -> TestSite {
        let mut files = course();
        let added: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        files.insert("course.toml".to_string(), format!("{COURSE}{added}").into_bytes());
        TestSite::open(&BTreeMap::new(), files).await
    }

    /// With further files in the course's folder, or others of the same name.
    pub async fn start_with_files(added: &[(&str, impl AsRef<[u8]>)]) -> TestSite {
        let mut files = course();
        files.extend(added.iter().map(|(path, bytes)| (path.to_string(), bytes.as_ref().to_vec())));
        TestSite::open(&BTreeMap::new(), files).await
    }

    async fn open(overrides: &BTreeMap<String, Vec<u8>>, course: BTreeMap<String, Vec<u8>>) -> TestSite {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/data/dripline.db", folder.path().display());
        let clock = Clock::manual("2026-03-02T09:00:00Z".parse().unwrap());
        let templates = Templates::load(&BTreeMap::new()).unwrap();
        let app = Arc::new(open(&url, clock.clone(), settings(), templates).await.unwrap());
        let reloaded = reload::put(
            &app,
            BTreeMap::from(["garden", "stages"].map(|id| (id.to_string(), course.clone()))),
            "courses",
        )
        .await
        .unwrap();
        assert_eq!(reloaded.swapped, ["garden", "stages"], "{:?}", reloaded.problems);
        let router = web::router(Arc::clone(&app), overrides, &["127.0.0.1".parse().unwrap()]).unwrap();
        let at = browser::serve(router.clone()).await;
        TestSite { app, clock, router, at, _folder: folder }
    }

    pub async fn get(&self, path: &str) -> Answer {
        browser::ask(self.at, "GET", path, None, b"").await
    }

    /// Status and body for who has the page of this tag.
    pub async fn get_if_changed(&self, path: &str, tag: &str) -> (u16, String) {
        let request = Request::get(path)
            .header("if-none-match", tag)
            .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000))))
            .body(Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    pub async fn head(&self, path: &str) -> Answer {
        browser::ask(self.at, "HEAD", path, None, b"").await
    }

    pub async fn post(&self, path: &str, kind: Option<&str>, body: &[u8]) -> Answer {
        browser::ask(self.at, "POST", path, kind, body).await
    }

    /// A POST from that far behind the proxy, which is trusted.
    pub async fn post_from(&self, ip: &str, path: &str, kind: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header("content-type", kind)
            .header("x-forwarded-for", ip)
            .header("user-agent", "Reader/1.0")
            .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000))))
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_string()));
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: head.status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// One column of the database, as texts.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        let mut connection = self.app.store.read().await.unwrap();
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Signs up for the course; the path of the link in the mail that asks.
    pub async fn sign_up(&self) -> String {
        let signed_up = sign_up::add(&self.app, request(None)).await.unwrap();
        assert_eq!(signed_up, SignedUp::Asked);
        format!("/confirm/{}", self.token().await)
    }

    /// What the link in the only mail that asks ends with.
    pub async fn token(&self) -> String {
        let mut connection = self.app.store.read().await.unwrap();
        let person = subscribers::all(&mut connection).await.unwrap().remove(0);
        let mails = outbox::open_of(&mut connection, person.id).await.unwrap();
        let mail = mails.iter().find(|mail| mail.what == "confirm").unwrap();
        let inputs: serde_json::Value = serde_json::from_str(&mail.inputs).unwrap();
        inputs["token"].as_str().unwrap().to_string()
    }

    pub async fn sign_up_as(&self, address: &str) -> SignedUp {
        let request = sign_up::Request { address: address.parse().unwrap(), ..request(None) };
        sign_up::add(&self.app, request).await.unwrap()
    }

    pub async fn first_name(&self, address: &str) -> String {
        let mut connection = self.app.store.read().await.unwrap();
        let person = subscribers::by_key(&mut connection, address).await.unwrap().unwrap();
        person.first_name.unwrap()
    }

    /// Somebody in the course; their enrolment's id.
    pub async fn enrol(&self) -> i64 {
        assert_eq!(sign_up::add(&self.app, request(Some("by hand"))).await.unwrap(), SignedUp::Enrolled);
        let mut connection = self.app.store.read().await.unwrap();
        let person = subscribers::all(&mut connection).await.unwrap().remove(0);
        enrolments::of_subscriber(&mut connection, person.id).await.unwrap()[0].id
    }

    /// State by state, the person's enrolments.
    pub async fn states(&self) -> Vec<&'static str> {
        let address = ADDRESS.parse().unwrap();
        let person = dripline::flow::journal::show(&self.app, &address).await.unwrap().unwrap();
        person.enrolments.iter().map(|it| it.state).collect()
    }

    /// Every row of every table.
    pub async fn dump(&self) -> String {
        let dump = dump(&self.app).await;
        assert!(dump.contains("course_in_force: 'stages'"));
        dump
    }
}

fn request(confirmed_by: Option<&str>) -> sign_up::Request {
    sign_up::Request {
        address: ADDRESS.parse().unwrap(),
        course: "stages".to_string(),
        first_name: Some("Quinta".to_string()),
        zone: None,
        language: None,
        fields: BTreeMap::new(),
        word: confirmed_by.map_or(sign_up::Word::Operator, |source| sign_up::Word::Confirmed(source.to_string())),
    }
}

fn course() -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    files.insert("course.toml".to_string(), COURSE.into());
    files.insert("one.md".to_string(), LESSON.into());
    files.insert("two.md".to_string(), LESSON.replace("Listening", "Safety").into());
    files.insert("leaf.png".to_string(), PIXEL.to_vec());
    files.insert("drawing.svg".to_string(), DRAWING.to_vec());
    files.insert("notes.txt".to_string(), SECRET_NOTE.to_vec());
    files
}

fn settings() -> Settings {
    Settings {
        site: Site {
            name: "Steady & Ground".to_string(),
            url: "https://learn.example.org".to_string(),
            postal_address: "12 Rue Exemple, Montréal".to_string(),
            time_zone: TimeZone::UTC,
            language: "en".to_string(),
            daily_cap: 1,
            quiet_during_course: false,
            images: Images::Serve,
        },
        sender: Sender { name: "Ana".to_string(), address: "ana@learn.example.org".parse().unwrap(), reply_to: None },
        bounce: "bounces@mail.example.org".parse().unwrap(),
        courses: "courses".into(),
        data: "data".into(),
        delivery: DeliverySettings {
            in_doubt: InDoubt::Resend,
            in_doubt_after: SignedDuration::from_mins(15),
            lesson_expires: SignedDuration::from_hours(48),
        },
        retention: Retention::default(),
        dkim: None,
        operator: None,
        redirect_to: None,
    }
}

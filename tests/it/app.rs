//! The whole product in a temporary folder, driven by verbs: a real database, a clock moved by hand, a real SMTP
//! receiver with a script, and the daemon's steps in the daemon's order.

mod database;
mod setup;
mod table;

pub use database::Database;
pub use database::Kind;
pub use database::on_server;
pub use database::url_of;
pub use setup::Setup;
pub use setup::course_toml;
pub use setup::days;
pub use setup::hours;
pub use setup::lesson;
pub use setup::minutes;

use dripline::address::Address;
use dripline::clock::Clock;
use dripline::enrolment::is_lesson;
use dripline::flow::App;
use dripline::flow::address;
use dripline::flow::address::Change;
use dripline::flow::confirm::Link;
use dripline::flow::deliver::Line;
use dripline::flow::deliver::Stepped;
use dripline::flow::deliver::overdue;
use dripline::flow::issue;
use dripline::flow::journal;
use dripline::flow::open;
use dripline::flow::operator;
use dripline::flow::plan;
use dripline::flow::plan::Confirmed;
use dripline::flow::preferences;
use dripline::flow::reload;
use dripline::flow::reload::Reloaded;
use dripline::flow::sign_up;
use dripline::flow::sign_up::Evidence;
use dripline::flow::sign_up::Request;
use dripline::flow::sign_up::SignedUp;
use dripline::flow::sign_up::Word;
use dripline::mailbox::Mailbox;
use dripline::mailbox::Received;
use dripline::store::subscribers;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// Monday, nine in the morning in London.
pub const START: &str = "2026-03-02T09:00:00Z";

pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Clock,
    pub mailbox: Mailbox,
    pub folder: TempDir,
    pub setup: Setup,
    pub database: Database,
    line: Option<Line>,
    /// Mails of earlier mailboxes.
    kept: Vec<Received>,
}

/// One mail that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub message_id: String,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl TestApp {
    pub async fn new() -> TestApp {
        TestApp::with(Setup::default()).await
    }

    pub async fn scripted(script: &str) -> TestApp {
        TestApp::with(Setup { script: script.to_string(), ..Setup::default() }).await
    }

    pub async fn with(setup: Setup) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("courses")).unwrap();
        let clock = Clock::manual(START.parse().unwrap());
        let mailbox = setup.mailbox((std::net::Ipv4Addr::LOCALHOST, 0).into()).await;
        let database = setup.database.make(folder.path());
        let app = setup.open(folder.path(), database.url(), clock.clone()).await;
        open::take_over(&app).await.unwrap();
        let line = Line::start(Arc::clone(&app), setup.connectors(mailbox.address()));
        TestApp { app, clock, mailbox, folder, setup, database, line: Some(line), kept: Vec::new() }
    }

    /// A relay in the same place that behaves otherwise from now on.
    pub async fn relay_says(&mut self, script: &str) {
        self.settle().await;
        self.mailbox_says(script).await;
    }

    /// The same while messages may be on the wire: their connections break.
    pub async fn mailbox_says(&mut self, script: &str) {
        self.kept = self.received();
        let address = self.mailbox.address();
        self.setup.script = script.to_string();
        let free = (std::net::Ipv4Addr::LOCALHOST, 0).into();
        let elsewhere = Setup::default().mailbox(free).await;
        drop(std::mem::replace(&mut self.mailbox, elsewhere));
        self.mailbox = self.setup.mailbox(address).await;
    }

    /// Stops as kill -9 does, and starts again on the same files.
    pub async fn restart(&mut self) {
        drop(self.line.take());
        self.app.store.close().await;
        self.app = self.setup.open(self.folder.path(), self.database.url(), self.clock.clone()).await;
        open::take_over(&self.app).await.unwrap();
        self.line = Some(Line::start(Arc::clone(&self.app), self.setup.connectors(self.mailbox.address())));
    }

    /// A second relay, for when the first fails.
    pub fn with_spare_relay(&mut self, spare: &Mailbox) {
        let mut connectors = self.setup.connectors(self.mailbox.address());
        connectors.extend(self.setup.connectors(spare.address()));
        self.line = Some(Line::start(Arc::clone(&self.app), connectors));
    }

    pub fn line(&self) -> &Line {
        self.line.as_ref().unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    pub fn courses(&self) -> PathBuf {
        self.folder.path().join("courses")
    }

    /// Writes a file below the courses folder; it isn't in force before `reload`.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.courses().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Puts the files in force; whoever wrote them says yes to what they do.
    pub async fn reload(&self) -> Reloaded {
        let reloaded = self.reload_without_a_yes().await;
        if reloaded.waiting.is_empty() {
            return reloaded;
        }
        let hash = plan::plan(&self.app, false).await.unwrap().hash;
        assert_eq!(plan::confirm(&self.app, &hash).await.unwrap(), Confirmed::Yes);
        self.reload_without_a_yes().await
    }

    pub async fn reload_without_a_yes(&self) -> Reloaded {
        reload::from_disk(&self.app).await.unwrap()
    }

    /// A course that sends a lesson a day at 08:30, in force.
    pub async fn course(&self, id: &str, lessons: &[&str]) {
        self.write(&format!("{id}/course.toml"), setup::course_toml(id, lessons));
        for lesson in lessons {
            self.write(&format!("{id}/{lesson}.md"), setup::lesson(&format!("{id} {lesson}"), "Breathe."));
        }
        let reloaded = self.reload().await;
        assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
        assert_eq!(reloaded.swapped, [id]);
    }

    pub async fn sign_up(&self, address: &str, course: &str) -> SignedUp {
        sign_up::add(&self.app, request(address, course)).await.unwrap()
    }

    /// In the course at once, as an operator brings people in.
    pub async fn enrol(&self, address: &str, course: &str) {
        self.enrol_in(address, course, "Europe/London").await;
    }

    pub async fn enrol_in(&self, address: &str, course: &str, zone: &str) {
        let mut request = request(address, course);
        request.zone = Some(zone.to_string());
        request.word = Word::Confirmed("paper form".to_string());
        assert_eq!(sign_up::add(&self.app, request).await.unwrap(), SignedUp::Enrolled);
    }

    /// Presses the button behind the link of the newest confirmation mail.
    pub async fn confirm(&mut self, address: &str) -> Link {
        self.settle().await;
        let token = self.token_to(address, "/confirm/").expect("a confirmation mail arrived");
        dripline::flow::confirm::confirm(&self.app, &token, &Evidence::default()).await.unwrap()
    }

    /// What the newest link to such a page ends with that an address got.
    pub fn token_to(&self, address: &str, page: &str) -> Option<String> {
        let link = |mail: &Mail| {
            let (_, rest) = mail.text.split_once(page)?;
            Some(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect::<String>())
        };
        self.mails_to(address).iter().rev().find_map(link)
    }

    /// The number of a person.
    pub async fn id(&self, address: &str) -> i64 {
        let mut connection = self.app.store.read().await.unwrap();
        subscribers::by_key(&mut connection, address).await.unwrap().expect("this person is known").id
    }

    /// Asks for another address on a person's page, and presses the button behind the link that arrives there.
    pub async fn change_address(&self, from: &str, to: &Address) -> Change {
        address::ask(&self.app, self.id(from).await, to).await.unwrap();
        self.settle().await;
        let token = self.token_to(to.as_str(), "/confirm/").expect("a link arrived at the new address");
        address::confirm(&self.app, &token).await.unwrap()
    }

    /// One look at the time and one step of the line; the sessions work on.
    pub async fn step(&self) -> Stepped {
        overdue::step(&self.app, self.line().is_heard()).await.unwrap();
        preferences::step(&self.app).await.unwrap();
        issue::step(&self.app).await.unwrap();
        operator::watch(&self.app, self.line()).await;
        operator::step(&self.app, &self.line().courier()).await.unwrap();
        self.line().step().await.unwrap()
    }

    /// Everything that can be done now, to the recorded outcome. Returns when there will be more to do.
    pub async fn settle(&self) -> Option<Timestamp> {
        self.line().settled().await;
        loop {
            let stepped = self.step().await;
            self.line().settled().await;
            match stepped {
                Stepped::Claimed(_) => {}
                Stepped::Idle(next) => return next,
                Stepped::Paced(next) => return Some(next),
                Stepped::Waiting => return Some(self.now() + minutes(10)),
            }
        }
    }

    /// Lets time pass from one due moment to the next, as the daemon sleeps.
    pub async fn advance(&self, by: SignedDuration) {
        let end = self.now() + by;
        loop {
            let next = self.settle().await;
            let now = self.now();
            if now >= end {
                return;
            }
            let target = next.map_or(end, |next| next.min(end));
            assert!(target > now, "nothing moves at {now}");
            self.clock.advance(now.duration_until(target));
        }
    }

    /// Moves the clock while no daemon runs.
    pub fn sleep_without_a_daemon(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Without the program's own mails in courses: see `own_mails_to`.
    fn received(&self) -> Vec<Received> {
        self.all_received().filter(|it| !is_own_mail(it)).collect()
    }

    fn all_received(&self) -> impl Iterator<Item = Received> {
        self.kept.iter().cloned().chain(self.mailbox.received())
    }

    /// What the program itself wrote to somebody in a course: greetings and goodbyes.
    pub fn own_mails_to(&self, address: &str) -> Vec<Mail> {
        let own = self.all_received().filter(|it| it.to == address && is_own_mail(it));
        own.map(|it| Mail::read(&it.bytes)).collect()
    }

    pub fn mails(&self) -> usize {
        self.received().len()
    }

    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        self.received().iter().filter(|it| it.to == address).map(|it| Mail::read(&it.bytes)).collect()
    }

    pub fn subjects_to(&self, address: &str) -> Vec<String> {
        self.mails_to(address).into_iter().map(|mail| mail.subject).collect()
    }

    /// Who got how many mails with this subject.
    pub fn readers_of(&self, subject: &str) -> Vec<String> {
        let found = self.received().into_iter().filter(|it| Mail::read(&it.bytes).subject == subject);
        let mut readers: Vec<String> = found.map(|it| it.to).collect();
        readers.sort();
        readers
    }

    pub async fn journal(&self, address: &str) -> Vec<journal::Entry> {
        journal::why(&self.app, &address.parse().unwrap()).await.unwrap().unwrap_or_default()
    }

    /// `LOCAL TIME COURSE/LESSON` of every lesson that a relay took, without the program's own mails.
    pub async fn taken(&self, address: &str) -> Vec<String> {
        self.taken_of(address, &is_lesson).await
    }

    /// The same of the program's own mails in courses: `@back` and `@closing`.
    pub async fn own_taken(&self, address: &str) -> Vec<String> {
        self.taken_of(address, &|id| !is_lesson(id)).await
    }

    async fn taken_of(&self, address: &str, meant: &dyn Fn(&str) -> bool) -> Vec<String> {
        let person = self.person(address).await;
        let zone = dripline::timing::zone(&person.zone).unwrap();
        let mut taken = Vec::new();
        for entry in self.journal(address).await.into_iter().filter(|entry| meant(&entry.lesson)) {
            for it in entry.attempts.iter().filter(|it| it.outcome == "accepted" && !entry.course.is_empty()) {
                let local = it.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
                taken.push((it.at, format!("{local} {}/{}", entry.course, entry.lesson)));
            }
        }
        taken.sort();
        taken.into_iter().map(|(_, line)| line).collect()
    }

    pub async fn person(&self, address: &str) -> journal::Person {
        journal::show(&self.app, &address.parse().unwrap()).await.unwrap().expect("this person is known")
    }

    /// State of a person's place in their only course, or in the newest one.
    pub async fn state(&self, address: &str) -> &'static str {
        self.person(address).await.enrolments.last().expect("in a course").state
    }

    pub async fn status(&self) -> journal::Status {
        journal::status(&self.app).await.unwrap()
    }

    /// Nothing in the database contradicts itself.
    pub async fn verify(&self) {
        assert_eq!(journal::verify(&self.app).await.unwrap(), Vec::<String>::new());
    }
}

fn is_own_mail(it: &Received) -> bool {
    let head = String::from_utf8_lossy(&it.bytes);
    ["back", "closing"].iter().any(|kind| head.contains(&format!("Feedback-ID: {kind}:")))
}

impl Mail {
    fn read(bytes: &[u8]) -> Mail {
        let parsed = mail_parser::MessageParser::default().parse(bytes).unwrap();
        Mail {
            subject: parsed.subject().unwrap_or_default().to_string(),
            message_id: parsed.message_id().unwrap_or_default().to_string(),
            text: parsed.body_text(0).unwrap_or_default().into_owned(),
            bytes: bytes.to_vec(),
        }
    }
}

pub fn request(address: &str, course: &str) -> Request {
    Request {
        address: address.parse().unwrap(),
        course: course.to_string(),
        first_name: Some("Sam".to_string()),
        zone: Some("Europe/London".to_string()),
        language: None,
        fields: Default::default(),
        word: Word::Operator,
    }
}

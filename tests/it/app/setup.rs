//! How a test's product is put together, and the texts of its small courses.

use crate::app::Kind;
use dripline::clock::Clock;
use dripline::flow::App;
use dripline::flow::DeliverySettings;
use dripline::flow::InDoubt;
use dripline::flow::Settings;
use dripline::flow::open;
use dripline::flow::retention::Retention;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::message::Signer;
use dripline::message::Templates;
use dripline::relay;
use dripline::relay::Connector;
use dripline::relay::Limits;
use dripline::relay::Timeouts;
use dripline::relay::Tls;
use dripline::site::Images;
use dripline::site::Sender;
use dripline::site::Site;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What a test may want otherwise.
#[derive(Clone)]
pub struct Setup {
    /// How the relay misbehaves.
    pub script: String,
    pub connections: usize,
    /// How long a reply to the dot is waited for.
    pub dot: Duration,
    pub in_doubt: InDoubt,
    pub daily_cap: u32,
    pub quiet_during_course: bool,
    pub images: Images,
    /// User and password for the relay.
    pub account: Option<(&'static str, &'static str)>,
    /// Who is told of trouble.
    pub operator: Option<&'static str>,
    /// Rehearsals send everything here.
    pub redirect_to: Option<&'static str>,
    pub database: Kind,
    /// Signs every mail.
    pub dkim: Option<Arc<Signer>>,
    /// The coach's own templates: path → text.
    pub templates: BTreeMap<String, Vec<u8>>,
    /// What each relay is given, besides connections.
    pub limits: Limits,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            script: String::new(),
            connections: 2,
            dot: Duration::from_secs(60),
            in_doubt: InDoubt::Resend,
            daily_cap: 1,
            quiet_during_course: false,
            images: Images::Serve,
            account: None,
            operator: None,
            redirect_to: None,
            database: Kind::of_this_run(),
            dkim: None,
            templates: BTreeMap::new(),
            limits: Limits::default(),
        }
    }
}

pub fn days(count: i64) -> SignedDuration {
    hours(24 * count)
}

pub fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

pub fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub fn course_toml(title: &str, lessons: &[&str]) -> String {
    format!(
        "title = \"{title}\"\nlanguage = \"en\"\nlessons = {lessons:?}\n\n[schedule]\nwait = \"1 day\"\nsend = \"30 8 * * *\"\n"
    )
}

pub fn lesson(subject: &str, text: &str) -> String {
    format!("+++\nsubject = \"{subject}\"\n+++\n\nDear {{{{ subscriber.first_name or \"friend\" }}}},\n\n{text}\n")
}

impl Setup {
    /// The receiver at this place, as soon as the one before has left it.
    pub(super) async fn mailbox(&self, at: SocketAddr) -> Mailbox {
        let account = self.account.map(|_| mailbox::Account {
            user: "dripline".to_string(),
            password: "right".to_string(),
            mechanisms: "PLAIN",
        });
        let script = self.script.parse().unwrap();
        let settings = mailbox::Settings { script, account, ..mailbox::Settings::default() };
        loop {
            match Mailbox::start(at, settings.clone()) {
                Ok(mailbox) => return mailbox,
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && at.port() != 0 => {
                    tokio::task::yield_now().await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(super) async fn open(&self, folder: &Path, url: &str, clock: Clock) -> Arc<App> {
        let templates = Templates::load(&self.templates).unwrap();
        Arc::new(open::open(url, clock, self.settings(folder), templates).await.unwrap())
    }

    fn settings(&self, folder: &Path) -> Settings {
        let site = Site {
            name: "Steady Ground".to_string(),
            url: "https://learn.example.org".to_string(),
            postal_address: "12 Rue Exemple".to_string(),
            time_zone: dripline::timing::zone("Europe/London").unwrap(),
            language: "en".to_string(),
            daily_cap: self.daily_cap,
            quiet_during_course: self.quiet_during_course,
            images: self.images,
        };
        let address = "ana@learn.example.org".parse().unwrap();
        Settings {
            site,
            sender: Sender { name: "Ana".to_string(), address, reply_to: None },
            bounce: "bounce@learn.example.org".parse().unwrap(),
            courses: folder.join("courses"),
            data: folder.join("data"),
            delivery: DeliverySettings {
                in_doubt: self.in_doubt,
                in_doubt_after: minutes(30),
                lesson_expires: hours(48),
            },
            retention: Retention::default(),
            dkim: self.dkim.clone(),
            operator: self.operator.map(|address| address.parse().unwrap()),
            redirect_to: self.redirect_to.map(|address| address.parse().unwrap()),
        }
    }

    pub(super) fn connectors(&self, relay: SocketAddr) -> Vec<(Connector, Limits)> {
        let settings = relay::Settings {
            host: relay.ip().to_string(),
            port: relay.port(),
            tls: Tls::PlainLoopback,
            user: self.account.map(|(user, _)| user.to_string()),
            password: self.account.map(|(_, password)| password.into()),
            connections: self.connections,
            rate: self.limits.rate,
            daily: self.limits.daily,
            domains: self.limits.domains.clone(),
            pipelining: true,
            ca_file: None,
            hello: "client.example.org".to_string(),
        };
        let timeouts = Timeouts { dot: self.dot, ..Timeouts::default() };
        vec![(Connector::new(&settings).unwrap().with_timeouts(timeouts), settings.limits())]
    }
}

//! `dripline demo`: the whole product with nothing to set up.

use crate::cli::Context;
use crate::cli::context::connectors;
use crate::cli::context::open_app;
use crate::cli::output;
use crate::cli::values;
use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::daemon;
use crate::daemon::Daemon;
use crate::daemon::pages;
use crate::daemon::stop_on_signals;
use crate::flow::App;
use crate::flow::journal;
use crate::flow::open;
use crate::flow::reload;
use crate::flow::sign_up;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::Word;
use crate::ids::random;
use crate::mailbox;
use crate::mailbox::Mailbox;
use crate::mailbox::inbox;
use crate::mailbox::inbox::Inbox;
use crate::mailbox::inbox::Reader;
use crate::mailbox::inbox::Readers;
use anyhow::Context as _;
use jiff::SignedDuration;
use rust_embed::Embed;
use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How often the inbox is told who lives where, when no mail comes.
const LOOK: Duration = Duration::from_secs(1);

/// Try everything with nothing to set up: bundled courses, a built-in mailbox, a shortened day
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long a day takes
    #[arg(long, value_parser = values::short_day, default_value = "20s")]
    pub day: Duration,
}

/// The courses that come with the program.
#[derive(Embed)]
#[folder = "courses/"]
struct Bundled;

/// Somebody who is on their way when the demo begins.
struct Sample {
    address: &'static str,
    name: &'static str,
    zone: &'static str,
    courses: &'static [&'static str],
    /// How many days ago they began.
    days: i64,
}

/// Longest on their way first.
const SAMPLES: [Sample; 3] = [
    Sample {
        address: "lin@example.net",
        name: "Lin",
        zone: "Asia/Shanghai",
        courses: &["four-stages", "notes"],
        days: 9,
    },
    Sample { address: "noa@example.com", name: "Noa", zone: "Asia/Jerusalem", courses: &["window", "notes"], days: 7 },
    Sample { address: "sam@example.org", name: "Sam", zone: "America/Toronto", courses: &["four-stages"], days: 3 },
];

/// Where the pages and the inbox are looked for first; any free port will do.
const PAGES: u16 = 8080;
const INBOX: u16 = 8025;

/// Runs the whole product in a new folder until it is told to stop. No socket leaves this machine.
pub async fn run(args: Args, _context: &Context) -> anyhow::Result<ExitCode> {
    let folder = new_folder();
    let mails = folder.join("mails");
    lay_out(&folder).with_context(|| format!("can't write the demo's files to {}", folder.display()))?;
    let settings = mailbox::Settings { folder: Some(mails.clone()), ..mailbox::Settings::default() };
    let mailbox =
        Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), settings).context("can't receive mail on this machine")?;
    let (pages_listener, pages_url) = listen(PAGES).await?;
    let (inbox_listener, inbox_url) = listen(INBOX).await?;
    let written = configuration(&pages_url, &mailbox.address().to_string());
    fs::write(folder.join("dripline.toml"), &written)?;
    let loaded = config::parse("dripline.toml", &written, &folder, std::iter::empty());
    let config = loaded.config.context("the demo's own configuration is wrong")?;
    eprintln!("Three people are on their way already: what they got so far is being sent.");
    begin(&config).await?;

    let mut app = open_app(&config, Clock::system(), None).await?;
    let lock = daemon::lock(&app.store).await?;
    open::rehearse(&mut app, Some(args.day)).await?;
    let app = Arc::new(app);
    output::data(format!(
        "\nOne day takes {} seconds here. Open both pages side by side:\n\n  \
         sign up:         {pages_url}\n  everybody's mail: {inbox_url}\n\n\
         mails:  {}\nfiles:  {}\nCtrl-C ends the demo; the folder stays for you to look at.\n\n",
        args.day.as_secs_f64(),
        mails.display(),
        folder.display(),
    ))?;
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let (mailbox, readers) = (Arc::new(mailbox), Readers::default());
    let inbox =
        Inbox { mailbox: Arc::clone(&mailbox), clock: app.clock.clone(), site: pages_url, readers: readers.clone() };
    let serving = tokio::spawn(inbox::serve(inbox_listener, inbox, stop.clone()));
    let telling = tokio::spawn(tell(Arc::clone(&app), mailbox, readers));
    let (connectors, pages) = (connectors(&config)?, pages(&config, &app)?);
    Daemon { app, lock, connectors, pages, listener: pages_listener, stop }.run().await?;
    telling.abort();
    serving.abort();
    Ok(ExitCode::SUCCESS)
}

/// The days before the demo, at once: the sample people sign up one after another, and get what fell due.
async fn begin(config: &Config) -> anyhow::Result<()> {
    let now = Clock::system().now().wall;
    let ago = |days: i64| now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    let longest = SAMPLES.iter().map(|sample| sample.days).max().unwrap_or(0);
    let app = Arc::new(open_app(config, Clock::manual(ago(longest)), None).await?);
    for problem in reload::from_disk(&app).await?.problems {
        eprintln!("{problem}");
    }
    for sample in &SAMPLES {
        daemon::live_through(&app, connectors(config)?, ago(sample.days)).await?;
        for course in sample.courses {
            sign_up::add(&app, sample.request(course)?).await?;
        }
    }
    daemon::live_through(&app, connectors(config)?, now).await?;
    app.store.close().await;
    Ok(())
}

/// A port of this machine alone: this one, or any that is free.
async fn listen(port: u16) -> anyhow::Result<(TcpListener, String)> {
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("can't serve pages on this machine")?,
    };
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Says what comes, a line a mail, and lets the inbox know who lives where.
async fn tell(app: Arc<App>, mailbox: Arc<Mailbox>, readers: Readers) {
    let mut told = 0;
    loop {
        if let Ok(people) = journal::list(&app).await {
            readers.set(people.into_iter().map(reader).collect());
        }
        let (accepted, new) = (mailbox.accepted(), mailbox.received_from(told));
        for mail in &new {
            output::data(format!("mail {}  {}  {}\n", told + 1, mail.to, inbox::subject(&mail.bytes))).ok();
            told += 1;
        }
        // New people show up with their first mail; who only signed up has none yet.
        tokio::time::timeout(LOOK, mailbox.wait_for(accepted + 1)).await.ok();
    }
}

fn reader(person: journal::Person) -> Reader {
    let known = SAMPLES.iter().find(|sample| sample.address == person.address);
    let places =
        person.enrolments.iter().map(|place| format!("{} ({}, {} done)", place.course, place.state, place.done.len()));
    Reader {
        name: known.map(|sample| sample.name.to_string()).unwrap_or_default(),
        note: places.collect::<Vec<_>>().join(", "),
        zone: person.zone,
        address: person.address,
    }
}

impl Sample {
    fn request(&self, course: &str) -> anyhow::Result<Request> {
        Ok(Request {
            address: self.address.parse()?,
            course: course.to_string(),
            first_name: Some(self.name.to_string()),
            zone: Some(self.zone.to_string()),
            language: None,
            fields: BTreeMap::new(),
            word: Word::Confirmed("the demo".to_string()),
        })
    }
}

/// Named by chance: in a container that starts again, the earlier demo's folder is there and the process has its number.
fn new_folder() -> PathBuf {
    std::env::temp_dir().join(format!("dripline-demo-{:08x}", u32::from_be_bytes(random())))
}

fn lay_out(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    for path in Bundled::iter() {
        let file = folder.join("courses").join(path.as_ref());
        let bytes = Bundled::get(&path).context("a bundled file is gone")?;
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, bytes.data)?;
    }
    Ok(())
}

fn configuration(pages: &str, relay: &str) -> String {
    format!(
        "[site]\nname = \"Steady Ground\"\nurl = \"{pages}\"\npostal_address = \"1 Example Street, Exampletown\"\n\
         time_zone = \"America/Toronto\"\n\n\
         [sender]\nname = \"Ana\"\naddress = \"ana@example.org\"\n\n[[relay]]\nurl = \"smtp://{relay}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_second_demo_finds_a_place_of_its_own() {
        assert_ne!(new_folder(), new_folder());
    }

    #[test]
    fn a_day_takes_twenty_seconds_unless_said_otherwise() {
        let check = |line: &str, expect: Option<u64>| {
            assert_eq!(parse::<Args>(line).ok().map(|args| args.day.as_secs()), expect, "{line}");
        };
        check("", Some(20));
        check("--day 1min", Some(60));
        check("--day 0s", None);
        check("--day", None);
    }
}

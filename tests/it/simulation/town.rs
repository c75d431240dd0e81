//! Many people in several courses and a newsletter, through the verbs, the real store and a relay that is away at times:
//! what their mailboxes say is held against what they and the coach did. Knows no rule but the written ones.

mod person;

use crate::app::TestApp;
use crate::app::hours;
use crate::simulation::chance::Chance;
use crate::simulation::draft::Draft;
use crate::simulation::draft::Rest;
use crate::simulation::edits;
use crate::simulation::world::ZONES;
use crate::simulation::world::utc_date;
use dripline::flow::deliver::Stepped;
use dripline::mailbox::Received;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan;
use person::Resident;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// One town, lived through. How many mails arrived.
pub async fn live(seed: u64, people: usize, days: i64) -> usize {
    let mut chance = Chance::new(seed, 7);
    let app = TestApp::new().await;
    let start = app.now();
    let mut town = Town {
        app,
        drafts: (0..3).map(|n| course(&mut chance, n, start)).collect(),
        issues: Vec::new(),
        people: (0..people).map(|n| Resident::new(n, *chance.pick(&ZONES))).collect(),
        chance,
        read: 0,
        mails: 0,
        away_until: None,
        seed,
    };
    town.open().await;
    let end = start + hours(24 * days);
    let mut next_event = start;
    while town.app.now() < end {
        town.let_pass(next_event.min(end)).await;
        town.happen().await;
        let busy = 24 * 3600 / (people as i64 / 3 + 1);
        next_event = town.app.now() + SignedDuration::from_millis(town.chance.between(60_000, 2 * busy * 1000));
    }
    town.come_to_rest().await
}

struct Town {
    app: TestApp,
    drafts: Vec<Draft>,
    /// Ids and their moments.
    issues: Vec<(String, Timestamp)>,
    people: Vec<Resident>,
    chance: Chance,
    /// Mails of the present mailbox that were looked at.
    read: usize,
    mails: usize,
    /// No relay takes mail until then.
    away_until: Option<Timestamp>,
    seed: u64,
}

/// Short courses, so that all of a course happens within a short time; without stages and questions.
fn course(chance: &mut Chance, n: usize, start: Timestamp) -> Draft {
    loop {
        let mut draft = Draft::random(chance, &format!("c{n}"), utc_date(start));
        draft.parts.clear();
        for page in &mut draft.pages {
            (page.asks, page.needs) = (None, None);
        }
        draft.pages.truncate(12);
        if matches!(draft.rest, Rest::Days(days) if days > 3) {
            draft.rest = Rest::Days(1);
        }
        if draft.checked().is_some() {
            return draft;
        }
    }
}

impl Town {
    async fn open(&mut self) {
        for draft in self.drafts.clone() {
            self.write(&draft);
        }
        let first = utc_date(self.app.now());
        let dates: Vec<_> = (1..5).map(|n| first.saturating_add((4 * n).days()).at(10, 0, 0, 0)).collect();
        let zone = jiff::tz::TimeZone::UTC;
        let moment = |date: &jiff::civil::DateTime| zone.to_timestamp(*date).unwrap();
        self.issues = dates.iter().enumerate().map(|(n, date)| (format!("i{n}"), moment(date))).collect();
        let ids: Vec<&String> = self.issues.iter().map(|(id, _)| id).collect();
        let manifest = format!(
            "title = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\nlessons = {ids:?}\n[newsletter]\ntime_zone = \"Etc/UTC\"\n"
        );
        self.app.write("notes/course.toml", manifest);
        for (id, date) in ids.iter().zip(&dates) {
            self.app.write(
                &format!("notes/{id}.md"),
                format!("+++\nsubject = \"notes {id}\"\ndate = {date}\n+++\n\nHello.\n"),
            );
        }
        let reloaded = self.app.reload().await;
        assert_eq!(reloaded.swapped.len(), 4, "{:?}", reloaded.problems);
    }

    fn write(&self, draft: &Draft) {
        for (path, bytes) in draft.tree() {
            self.app.write(&format!("{}/{path}", draft.id), bytes);
        }
        for (id, _) in &draft.retired {
            let _ = std::fs::remove_file(self.app.courses().join(format!("{}/{id}.md", draft.id)));
        }
        for page in &draft.pages {
            for old in &page.was {
                let _ = std::fs::remove_file(self.app.courses().join(format!("{}/{old}.md", draft.id)));
            }
        }
    }

    /// Time passes from one due moment to the next; each mail is read at the moment at which it came.
    async fn let_pass(&mut self, until: Timestamp) {
        loop {
            let next = self.settle().await;
            self.read_mails().await;
            let now = self.app.now();
            if now >= until {
                return;
            }
            let relay_back = self.away_until.unwrap_or(until);
            let target =
                next.map_or(until, |next| next.min(until)).min(relay_back).max(now + SignedDuration::from_millis(1));
            self.app.clock.advance(now.duration_until(target));
            if self.away_until.is_some_and(|back| back <= self.app.now()) {
                self.away_until = None;
                self.relay_says("").await;
            }
        }
    }

    async fn settle(&self) -> Option<Timestamp> {
        self.app.line().settled().await;
        loop {
            let stepped = self.app.step().await;
            self.app.line().settled().await;
            match stepped {
                Stepped::Claimed(_) => {}
                Stepped::Idle(next) => return next,
                Stepped::Paced(next) => return Some(next),
                Stepped::Waiting => return Some(self.app.now() + SignedDuration::from_mins(10)),
            }
        }
    }

    async fn relay_says(&mut self, script: &str) {
        self.app.mailbox_says(script).await;
        self.read = 0;
    }

    async fn read_mails(&mut self) {
        let new = self.app.mailbox.received_from(self.read);
        self.read += new.len();
        let now = self.app.now();
        for mail in new {
            self.mails += 1;
            let who = mail.to.trim_start_matches('p').split('@').next().unwrap().parse::<usize>().unwrap();
            let (course, lesson) = named(&mail);
            let draft = self.drafts.iter().find(|draft| draft.id == course);
            if let Err(wrong) = self.people[who].gets(&course, &lesson, draft, now) {
                let journal = self.app.journal(&mail.to).await;
                let line = |it: &dripline::flow::journal::Entry| {
                    let from = it.attempts.first().map(|attempt| attempt.at);
                    format!("{}/{} due {}, tried {from:?}: {} {}", it.course, it.lesson, it.due, it.state, it.why)
                };
                let journal: Vec<String> = journal.iter().map(line).collect();
                eprintln!("{}", journal.join("\n"));
                panic!("seed {}: {} at {now}: {course} {lesson}: {wrong}\n{:#?}", self.seed, mail.to, self.people[who]);
            }
        }
    }

    async fn happen(&mut self) {
        match self.chance.below(60) {
            0 | 1 if self.away_until.is_none() => {
                let length =
                    if self.chance.one_in(3) { self.chance.between(10, 80) } else { self.chance.between(1, 6) };
                self.away_until = Some(self.app.now() + hours(length));
                self.relay_says("connect close").await;
            }
            2 => self.app.restart().await,
            3 | 4 => self.edit().await,
            _ => {
                let who = self.chance.below(self.people.len());
                let courses: Vec<String> = self.drafts.iter().map(|draft| draft.id.clone()).collect();
                self.people[who].act(&self.app, &mut self.chance, &courses, &self.drafts).await;
            }
        }
        self.read_mails().await;
    }

    async fn edit(&mut self) {
        let n = self.chance.below(self.drafts.len());
        let draft = edits::edited(&self.drafts[n], &mut self.chance, utc_date(self.app.now()));
        self.write(&draft);
        let reloaded = self.app.reload().await;
        assert!(reloaded.waiting.is_empty() && reloaded.problems.iter().all(|it| it.severity != ERROR), "{reloaded:?}");
        self.drafts[n] = draft;
    }

    /// Nobody was lost: everybody is somewhere, and the database doesn't contradict itself.
    async fn come_to_rest(mut self) -> usize {
        if self.away_until.take().is_some() {
            self.relay_says("").await;
            self.app.clock.advance(hours(1));
        }
        self.let_pass(self.app.now() + hours(2)).await;
        self.app.verify().await;
        let now = self.app.now();
        for person in &self.people {
            person.has_all_issues(&self.issues, now);
            if person.began.is_empty() {
                continue;
            }
            for place in self.app.person(&person.address).await.enrolments {
                let known = ["active", "paused", "completed", "left"].contains(&place.state);
                assert!(known, "seed {}: {} is {} in {}", self.seed, person.address, place.state, place.course);
            }
        }
        self.mails
    }
}

const ERROR: dripline::problem::Severity = dripline::problem::Severity::Error;

/// Course and lesson, by the subject; the program's own mails by their kind.
fn named(mail: &Received) -> (String, String) {
    let head = String::from_utf8_lossy(&mail.bytes);
    for kind in ["back", "closing"] {
        if let Some((_, rest)) = head.split_once(&format!("Feedback-ID: {kind}:")) {
            let course = rest.split(':').next().unwrap_or_default().to_string();
            return (course, format!("@{kind}"));
        }
    }
    let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    let subject = parsed.subject().unwrap_or_default();
    let (course, lesson) = subject.split_once(' ').unwrap_or_else(|| panic!("whose mail is this: {subject}"));
    (course.to_string(), lesson.to_string())
}

/// What a person has had of one course, by birth.
pub type Had = BTreeMap<u32, usize>;
pub type Dates = BTreeSet<jiff::civil::Date>;

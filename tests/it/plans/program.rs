//! Lives a plan through the whole program: files, database, verbs, daemon steps and a relay that takes the mails.

use super::course::Written;
use super::event::Act;
use super::event::Edit;
use super::event::Event;
use super::golden::Golden;
use super::golden::Line;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::answer;
use dripline::flow::answer::Recorded;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::preferences;
use dripline::flow::preferences::Acted;
use dripline::flow::preferences::Settings;
use dripline::flow::preferences::Which;
use dripline::flow::sign_up;
use dripline::flow::sign_up::Request;
use dripline::flow::sign_up::SignedUp;
use dripline::flow::sign_up::Word;
use dripline::timing;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fs;

const COURSE: &str = "golden";
const ANA: &str = "ana@example.org";

pub async fn live(plan: &Golden) -> Vec<Line> {
    let mut life = Life::new(plan).await;
    life.begin().await;
    let also = plan.also.iter().map(|also| (also.joins, None, Some(also.id.as_str())));
    let events = plan.events.iter().map(|event| (event.at, Some(event), None));
    let mut moments: Vec<_> = also.chain(events).filter(|(at, _, also)| also.is_none() || *at > life.signup).collect();
    moments.sort_by_key(|(at, _, _)| *at);
    for (at, event, also) in moments {
        life.until(at).await;
        if let Some(course) = also {
            assert_eq!(life.sign_up(course).await, Ok(()));
        }
        if let Some(event) = event {
            life.act(event).await;
        }
    }
    life.end().await
}

struct Life<'a> {
    plan: &'a Golden,
    app: TestApp,
    written: Written,
    zone: TimeZone,
    /// Where the person lived, from when.
    zones: Vec<(Timestamp, TimeZone)>,
    signup: DateTime,
}

impl<'a> Life<'a> {
    /// The courses are in force at the moment of the first sign-up.
    async fn new(plan: &'a Golden) -> Life<'a> {
        let app = TestApp::with(Setup { daily_cap: plan.file.daily_cap.unwrap_or(1), ..Setup::default() }).await;
        let zone = timing::zone(&plan.file.person.zone).unwrap();
        let signup: DateTime = plan.file.person.signup.parse().unwrap();
        let first = plan.also.iter().map(|also| also.joins).chain([signup]).min().unwrap();
        let first = timing::resolve(first, &zone);
        app.sleep_without_a_daemon(app.now().duration_until(first));
        let zones = vec![(Timestamp::MIN, zone.clone())];
        let mut life = Life { plan, app, written: plan.course.clone(), zone, zones, signup };
        life.put(&plan.course.clone(), COURSE);
        plan.also.iter().for_each(|also| life.put(&also.written, &also.id));
        let reloaded = life.app.reload().await;
        assert!(reloaded.problems.is_empty(), "{}: {:#?}", plan.name, reloaded.problems);
        life
    }

    /// Writes the files of a course, and takes away those that it has no more.
    fn put(&mut self, written: &Written, id: &str) {
        let tree = written.tree(id);
        let folder = self.app.courses().join(id);
        for entry in folder.read_dir().into_iter().flatten() {
            let entry = entry.unwrap();
            if !tree.contains_key(&*entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        tree.iter().for_each(|(path, bytes)| self.app.write(&format!("{id}/{path}"), bytes));
    }

    async fn begin(&mut self) {
        for also in self.plan.also.iter().filter(|also| also.joins <= self.signup) {
            self.until(also.joins).await;
            assert_eq!(self.sign_up(&also.id).await, Ok(()));
        }
        self.until(self.signup).await;
        let person = &self.plan.file.person;
        let signed_up = self.sign_up(COURSE).await;
        match (&person.refused, signed_up) {
            (None, Ok(())) => {}
            (Some(part), Err(why)) if why.contains(part) => return,
            (expect, found) => panic!("{}: refused {expect:?}, and it was {found:?}", self.plan.name),
        }
        let hour = person.hour.as_ref().map(|hour| Some(hour.parse().unwrap()));
        let settings =
            Settings { pace: person.pace, hour, weekdays: person.weekdays.clone().map(Some), ..Settings::default() };
        if settings != Settings::default() {
            preferences::act(&self.app.app, &ana(), &Which::All, &preferences::Act::Set(settings.clone()))
                .await
                .unwrap();
        }
    }

    async fn sign_up(&self, course: &str) -> Result<(), String> {
        let request = Request {
            address: ana(),
            course: course.to_string(),
            first_name: None,
            zone: self.zone.iana_name().map(String::from),
            language: self.plan.file.person.language.clone(),
            fields: Default::default(),
            word: Word::Confirmed("paper form".to_string()),
        };
        match sign_up::add(&self.app.app, request).await.unwrap() {
            SignedUp::Enrolled => Ok(()),
            SignedUp::AlreadyEnrolled => Err("already enrolled".to_string()),
            SignedUp::Closed => Err("the cohort has begun".to_string()),
            other => panic!("{}: {other:?}", self.plan.name),
        }
    }

    async fn until(&self, at: DateTime) {
        let by = self.app.now().duration_until(timing::resolve(at, &self.zone));
        if by.is_positive() {
            self.app.advance(by).await;
        }
    }

    async fn act(&mut self, event: &Event) {
        let done = self.decide(&event.act).await;
        match (&event.refused, done) {
            (None, Ok(())) => {}
            (Some(part), Err(why)) if why.contains(part) => {}
            (expect, found) => panic!("{}: {}: refused {expect:?}, and it was {found:?}", self.plan.name, event.at),
        }
        self.app.settle().await;
    }

    async fn decide(&mut self, act: &Act) -> Result<(), String> {
        let (app, which, ana) = (&self.app.app, Which::Course(COURSE.to_string()), ana());
        let set = async |settings: Settings| {
            preferences::act(app, &ana, &which, &preferences::Act::Set(settings.clone())).await
        };
        let acted = match act {
            Act::Pause(until) => preferences::act(app, &ana, &which, &preferences::Act::Pause { until: *until }).await,
            Act::Resume => preferences::act(app, &ana, &which, &preferences::Act::Resume).await,
            Act::Pace(pace) => set(Settings { pace: Some(*pace), ..Settings::default() }).await,
            Act::Hour(hour) => set(Settings { hour: Some(Some(hour.parse().unwrap())), ..Settings::default() }).await,
            Act::Weekdays(days) => set(Settings { weekdays: Some(Some(days.clone())), ..Settings::default() }).await,
            Act::NextNow => preferences::act(app, &ana, &which, &preferences::Act::NextNow).await,
            Act::Again(lesson) => preferences::act(app, &ana, &which, &preferences::Act::Again(lesson.clone())).await,
            Act::Repeat(stage) => preferences::act(app, &ana, &which, &preferences::Act::Repeat(stage.clone())).await,
            Act::PauseStage(stage, until) => {
                preferences::act(
                    app,
                    &ana,
                    &which,
                    &preferences::Act::PauseStage { stage: stage.clone(), until: *until },
                )
                .await
            }
            Act::ResumeStage(stage) => {
                preferences::act(app, &ana, &which, &preferences::Act::ResumeStage(stage.clone())).await
            }
            Act::Leave => preferences::act(app, &ana, &which, &preferences::Act::Leave).await,
            Act::LeaveAll => preferences::act(app, &ana, &Which::All, &preferences::Act::Leave).await,
            Act::Zone(zone) => {
                let acted = set(Settings { zone: Some(zone.clone()), ..Settings::default() }).await;
                self.zone = timing::zone(zone).unwrap();
                self.zones.push((self.app.now(), self.zone.clone()));
                acted
            }
            Act::SignUp => return self.sign_up(COURSE).await,
            Act::Edit(edit) => return self.edit(edit).await,
            Act::Yes => return self.reload().await,
            Act::NoDaemon(until) => return self.without_a_daemon(*until).await,
            Act::AddressDies => return self.address_dies().await,
            Act::AddressLives => return self.address_lives().await,
            Act::Answer(question, option) => return self.answer(question, option).await,
            Act::NoRelay(_) => panic!("{}: this plan is for the rules", self.plan.name),
        };
        match acted.unwrap() {
            Acted::On(_) | Acted::Nothing => Ok(()),
            Acted::Refused(why) => Err(why.to_string()),
            Acted::NobodyThere => panic!("{}: nobody there", self.plan.name),
        }
    }

    async fn edit(&mut self, edit: &Edit) -> Result<(), String> {
        let new = self.written.edited(&edit.changes);
        self.put(&new, COURSE);
        if edit.broken {
            let reloaded = self.app.reload().await;
            assert!(!reloaded.problems.is_empty() && reloaded.swapped.is_empty(), "{}", self.plan.name);
            return Ok(());
        }
        self.written = new;
        if edit.waits {
            let reloaded = self.app.reload_without_a_yes().await;
            assert_eq!((reloaded.swapped.len(), reloaded.waiting.len()), (0, 1), "{}", self.plan.name);
            return Ok(());
        }
        self.reload().await
    }

    async fn reload(&self) -> Result<(), String> {
        let reloaded = self.app.reload().await;
        assert_eq!(reloaded.swapped, [COURSE], "{}: {:#?}", self.plan.name, reloaded.problems);
        Ok(())
    }

    async fn without_a_daemon(&mut self, until: DateTime) -> Result<(), String> {
        let by = self.app.now().duration_until(timing::resolve(until, &self.zone));
        self.app.sleep_without_a_daemon(by);
        self.app.restart().await;
        self.put(&self.written.clone(), COURSE);
        self.app.reload().await;
        Ok(())
    }

    async fn answer(&self, question: &str, option: &str) -> Result<(), String> {
        let said = [option.to_string()];
        let recorded = answer::record_by_hand(&self.app.app, &ana(), COURSE, None, question, &said).await.unwrap();
        match recorded {
            Recorded::Kept(_) => Ok(()),
            Recorded::Refused(why) => Err(why.to_string()),
        }
    }

    async fn address_dies(&mut self) -> Result<(), String> {
        self.app.relay_says("rcpt reply \"550 5.1.1 nobody here\"").await;
        Ok(())
    }

    async fn address_lives(&mut self) -> Result<(), String> {
        self.app.relay_says("").await;
        assert!(operate::lift(&self.app.app, &ana(), "they wrote to us").await.unwrap(), "{}", self.plan.name);
        assert_eq!(operate::release(&self.app.app, &Scope::All).await.unwrap(), (false, 1), "{}", self.plan.name);
        Ok(())
    }

    /// Lives a little longer than the plan says, and tells what arrived.
    async fn end(self) -> Vec<Line> {
        let last = self.plan.lines.last().map_or(self.app.now(), |line| line.utc.parse().unwrap());
        let rest = self.app.now().duration_until(last).max(hours(0)) + days(8);
        self.app.advance(rest).await;
        self.app.verify().await;
        let mut found = Vec::new();
        for entry in self.app.journal(ANA).await.into_iter().filter(|entry| !entry.course.is_empty()) {
            let is_main = entry.course == COURSE;
            let lesson = if is_main { entry.lesson } else { format!("{}/{}", entry.course, entry.lesson) };
            for it in entry.attempts.iter().filter(|it| it.outcome == "accepted") {
                let zone = self.zones.iter().rev().find(|(since, _)| *since <= it.at).map(|(_, zone)| zone).unwrap();
                let local = zone.to_datetime(it.at).to_string();
                found.push((it.at, Line { lesson: lesson.clone(), local, utc: it.at.to_string(), why: String::new() }));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        let lessons = found.iter().filter(|(_, line)| !line.lesson.contains('@')).count();
        assert_eq!(self.app.mails(), lessons, "{}: what arrived", self.plan.name);
        found.into_iter().map(|(_, line)| line).collect()
    }
}

fn ana() -> dripline::address::Address {
    ANA.parse().unwrap()
}

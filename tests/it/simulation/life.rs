//! One person's life in one course by the pure rules, beside the model of it, moment by moment. Knows no database.

mod acts;
mod mail;

use crate::simulation::chance::Chance;
use crate::simulation::draft::Draft;
use crate::simulation::model::Expected;
use crate::simulation::model::Fate;
use crate::simulation::model::Model;
use crate::simulation::model::What;
use crate::simulation::world::LONGEST_QUEUE;
use crate::simulation::world::Version;
use crate::simulation::world::World;
use crate::simulation::world::ZONES;
use crate::simulation::world::hours;
use dripline::enrolment::BACK;
use dripline::enrolment::CLOSING;
use dripline::enrolment::Edited;
use dripline::enrolment::Enrolment;
use dripline::enrolment::Mark;
use dripline::enrolment::Reader;
use dripline::enrolment::State;
use dripline::timing::zone;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Of an instant that was computed from a fraction of a wait.
const NEARLY: SignedDuration = SignedDuration::from_millis(5);

/// What was looked at, so that nobody counts an empty run as proof.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub mails: u64,
    /// Due times that were compared with the model's.
    pub exact: u64,
    pub acts: u64,
    pub edits: u64,
    pub late: u64,
    pub ended: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.mails += other.mails;
        self.exact += other.exact;
        self.acts += other.acts;
        self.edits += other.edits;
        self.late += other.late;
        self.ended += other.ended;
    }
}

pub struct Life<'w> {
    world: &'w World,
    versions: &'w [Version],
    version: usize,
    chance: Chance,
    now: Timestamp,
    it: Enrolment,
    reader: Reader,
    model: Model,
    /// The model can't say exactly when the next mail comes.
    blurred: bool,
    next_act: Timestamp,
    /// Questions and when they are answered, and how.
    replies: Vec<(Timestamp, u32, bool)>,
    undo: Option<acts::Before>,
    set_back: usize,
    late: SignedDuration,
    trail: Vec<String>,
    tally: Tally,
}

enum Event {
    SetBack(SignedDuration),
    Edit,
    Act,
    Reply(u32, bool),
    PauseEnds(Timestamp),
    Due,
}

/// Lives one life to its end, or says what went wrong and how it came to that.
pub fn live(world: &World, seed: u64, person: u64) -> Result<Tally, String> {
    let mut life = Life::begin(world, seed, person);
    match life.run() {
        Ok(()) => Ok(life.tally),
        Err(wrong) => {
            let last = life.trail.len().saturating_sub(14);
            let (draft, trail) = (life.draft(), life.trail[last..].join("\n  "));
            Err(format!(
                "seed {seed}, person {person}: {wrong}\n  {trail}\n  {:?}\n{:?}\n{:?}",
                life.it, life.model, draft
            ))
        }
    }
}

impl<'w> Life<'w> {
    fn begin(world: &'w World, seed: u64, person: u64) -> Life<'w> {
        let mut chance = Chance::new(seed, person + 1000);
        let versions = &world.courses[chance.below(world.courses.len())];
        let window = world.start.duration_until(world.end).as_secs() / 3;
        let now = world.start + SignedDuration::from_millis(chance.between(0, window * 1000));
        let version = versions.iter().rposition(|version| version.from <= now).unwrap();
        let home = zone(*chance.pick(&ZONES)).unwrap();
        let reader = Reader {
            zone: home.clone(),
            hour: None,
            weekdays: None,
            language: "en".to_string(),
            fields: BTreeMap::new(),
            answers: BTreeMap::new(),
            share: chance.share(),
        };
        let quiet = chance.one_in(2);
        let next_act = if quiet { Timestamp::MAX } else { now + hours(chance.between(0, 200)) };
        let late = SignedDuration::from_secs(chance.between(1, LONGEST_QUEUE.as_secs()));
        let it = Enrolment::new(1, 1, &versions[version].draft.id, 1, now);
        let set_back = world.set_back.iter().take_while(|(at, _)| *at <= now).count();
        Life {
            world,
            versions,
            version,
            chance,
            now,
            it,
            reader,
            model: Model::new(home, now),
            blurred: false,
            next_act,
            replies: Vec::new(),
            undo: None,
            set_back,
            late,
            trail: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn run(&mut self) -> Result<(), String> {
        self.it.begin(&self.versions[self.version].course, &self.reader, self.now);
        self.note("begins");
        for _ in 0..5_000 {
            self.check()?;
            let (at, event) = self.next();
            if at > self.world.end {
                return self.finish();
            }
            self.now = self.now.max(at);
            self.happen(event)?;
        }
        Err("this life never ends".to_string())
    }

    fn draft(&self) -> &'w Draft {
        &self.versions[self.version].draft
    }

    fn note(&mut self, what: &str) {
        let local = self.model.zone.to_datetime(self.now);
        let then = (self.it.state, &self.it.lesson, self.it.due, self.it.floor);
        self.trail.push(format!("{} {local} {what} -> {then:?}", self.now));
        if self.trail.len() > 400 {
            self.trail.drain(..200);
        }
    }

    fn next(&self) -> (Timestamp, Event) {
        let mut next = (Timestamp::MAX, Event::Due);
        let mut offer = |at: Timestamp, event: Event| {
            if at < next.0 {
                next = (at, event);
            }
        };
        if let Some((at, by)) = self.world.set_back.get(self.set_back) {
            offer(*at, Event::SetBack(*by));
        }
        if let Some(version) = self.versions.get(self.version + 1) {
            offer(version.from, Event::Edit);
        }
        offer(self.next_act, Event::Act);
        for (at, question, yes) in &self.replies {
            offer(*at, Event::Reply(*question, *yes));
        }
        match self.it.state {
            State::Waiting | State::Awaiting if self.it.due < Timestamp::MAX => {
                offer(self.world.opens(self.it.due.max(self.now), self.late), Event::Due);
            }
            State::Paused => {
                let until = self.it.paused_until.unwrap_or(Timestamp::MAX);
                offer(until.max(self.now), Event::PauseEnds(until));
            }
            State::Waiting | State::Awaiting | State::InFlight | State::Pending => {}
            State::Held | State::Completed | State::Left => {}
        }
        next
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::SetBack(by) => {
                self.now -= by;
                self.set_back += 1;
                // What was asked for in an hour that comes twice may look as if it were met.
                self.blurred = true;
                self.note("clock set back");
                Ok(())
            }
            Event::Edit => self.edit(),
            Event::Act => self.act(),
            Event::Reply(question, yes) => self.reply(question, yes),
            Event::PauseEnds(until) => {
                self.resume(until.min(self.now));
                Ok(())
            }
            Event::Due => self.due(),
        }
    }

    fn edit(&mut self) -> Result<(), String> {
        self.tally.edits += 1;
        let (old, new) = (&self.versions[self.version], &self.versions[self.version + 1]);
        self.version += 1;
        // Its ids may be others by now.
        self.undo = None;
        let before = (self.it.state, self.it.due, self.what(&old.draft, &self.it.lesson));
        let finished = self.it.is_completed();
        let crowd = self.chance.below(300);
        let edited = Edited { old: &old.course, new: &new.course, now: self.now, crowd };
        self.it.follow(edited, &self.reader);
        self.note("edit");
        self.model.follows(&old.draft, &new.draft, finished);
        let waited = before.0 == State::Waiting;
        if matches!(before.0, State::Waiting | State::Awaiting | State::Completed) {
            if before.0 == State::Completed && self.it.state != State::Completed {
                self.model.ended = false;
            }
            let was = before.2.filter(|_| waited).map(|what| (what, before.1));
            let exact = self.is_exact() && self.model.put_off(&new.draft, self.now, was).is_some();
            self.blurred |= !exact;
            let soon = self.it.state == State::Waiting && self.it.due < self.now + hours(1);
            if soon && !(waited && before.1 <= self.it.due) {
                return Err(format!("an edit brought a lesson within the hour: {before:?}"));
            }
        }
        if self.it.state == State::Completed && !self.model.ended {
            self.model.ended(&new.draft);
        }
        Ok(())
    }

    fn what(&self, draft: &Draft, lesson: &str) -> Option<What> {
        match lesson {
            BACK => Some(What::Back),
            CLOSING => Some(What::Closing),
            id => draft.find(id).map(|page| What::Page(page.birth)),
        }
    }

    /// Whether the model can say exactly what comes: the course has no stages, and isn't a cohort that keeps its dates.
    fn is_exact(&self) -> bool {
        let draft = self.draft();
        !self.blurred && draft.parts.is_empty() && !(draft.keep_dates && draft.starts.is_some())
    }

    /// Nobody is ever lost, and what an enrolment waits for is what the model says.
    fn check(&mut self) -> Result<(), String> {
        let horizon = self.now + hours(24 * 200);
        match self.it.state {
            State::Waiting if self.it.due > horizon => return Err("waits for too long".to_string()),
            State::Awaiting if self.it.due > horizon && !self.rests() => return Err("awaits too long".to_string()),
            State::Awaiting if !self.rests() && self.it.due > self.now + hours(72 + 4) => {
                return Err("awaits an answer for more than three days".to_string());
            }
            State::InFlight | State::Pending | State::Held | State::Left => return Err("is lost".to_string()),
            State::Waiting | State::Awaiting | State::Paused | State::Completed => {}
        }
        let overdue = self.it.due <= self.now && self.it.state != State::Completed;
        if !self.is_exact() || overdue || self.it.state == State::Paused {
            return Ok(());
        }
        self.tally.exact += 1;
        let expected = self.model.expect(self.draft(), self.now);
        let what = self.what(self.draft(), &self.it.lesson);
        let due = self.it.due;
        let fits = match (&expected, self.it.state) {
            (Expected::Mail { what: next, low, high }, State::Waiting) => {
                what == Some(*next) && *low - NEARLY <= due && due <= *high + NEARLY
            }
            (Expected::Answer { birth, until }, State::Awaiting) => what == Some(What::Page(*birth)) && due == *until,
            (Expected::End, State::Completed) => true,
            (Expected::Mail { .. } | Expected::Answer { .. } | Expected::End, _) => false,
        };
        if fits { Ok(()) } else { Err(format!("the model says {expected:?}, the rules say {:?}", self.it.due)) }
    }

    /// A stage is paused by itself.
    fn rests(&self) -> bool {
        self.it.requests.stages.values().any(|rest| rest.paused.is_some())
    }

    /// Every lesson is where the model has it: none is lost, none was invented.
    fn finish(&mut self) -> Result<(), String> {
        self.tally.ended += u64::from(self.it.state == State::Completed);
        for page in &self.draft().pages {
            let found = match self.it.progress.mark(&page.id) {
                None => Fate::Owed,
                Some(Mark::Accepted) => Fate::Sent,
                Some(Mark::Skipped) => Fate::Skipped,
                Some(Mark::Offered) => Fate::Offered,
                Some(Mark::Retired) => Fate::Retired,
            };
            let expected = self.model.fate(page.birth);
            if found != expected {
                return Err(format!("{} is {found:?} and should be {expected:?}", page.id));
            }
            if found == Fate::Owed && self.it.state == State::Completed {
                return Err(format!("{} was never sent, and the course has ended", page.id));
            }
        }
        Ok(())
    }
}

//! The facts that the model keeps of one person, and what acts, edits and mails change in them.

use crate::simulation::draft::Draft;
use crate::simulation::model::Expected;
use crate::simulation::model::HOUR;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Page(u32),
    Back,
    Closing,
}

/// What became of a lesson for this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Owed,
    Sent,
    Skipped,
    Offered,
    Retired,
}

#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub what: What,
    pub at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub zone: TimeZone,
    pub hour: Option<Time>,
    pub weekdays: Option<Vec<i8>>,
    pub pace: f64,
    pub confirmed: Timestamp,
    pub sent: Vec<Sent>,
    /// Local dates that have their mail.
    pub used: BTreeSet<Date>,
    /// The date of the last mail as it was where the person lived then.
    pub last_date: Option<Date>,
    pub fates: BTreeMap<u32, Fate>,
    pub answers: BTreeMap<u32, bool>,
    /// Nothing before it leaves, up to the next mail.
    pub floor: Option<Timestamp>,
    pub again: Vec<(u32, Timestamp)>,
    pub next_now: Option<Timestamp>,
    pub back: Option<Timestamp>,
    /// When the pause began, and what was left of the wait.
    pub paused: Option<(Timestamp, SignedDuration)>,
    /// An edit brought the next mail nearer: those whom it hurries come one after another over the day.
    pub hurried: bool,
    pub ended: bool,
}

impl Model {
    pub fn new(zone: TimeZone, confirmed: Timestamp) -> Model {
        Model {
            zone,
            hour: None,
            weekdays: None,
            pace: 1.0,
            confirmed,
            sent: Vec::new(),
            used: BTreeSet::new(),
            last_date: None,
            fates: BTreeMap::new(),
            answers: BTreeMap::new(),
            floor: None,
            again: Vec::new(),
            next_now: None,
            back: None,
            paused: None,
            hurried: false,
            ended: false,
        }
    }

    pub fn fate(&self, birth: u32) -> Fate {
        self.fates.get(&birth).copied().unwrap_or(Fate::Owed)
    }

    pub fn last_page(&self) -> Option<Timestamp> {
        self.sent.iter().rev().find(|sent| matches!(sent.what, What::Page(_))).map(|sent| sent.at)
    }

    pub fn not_before(&mut self, instant: Timestamp) {
        self.floor = self.floor.max(Some(instant));
        self.back = self.back.max(self.back.map(|_| instant));
    }

    /// A relay took a mail. `order`: the lessons of its stage, or of the course.
    pub fn accepted(&mut self, draft: &Draft, what: What, at: Timestamp, order: &[u32]) {
        if let What::Page(birth) = what {
            for passed in order.iter().take_while(|it| **it != birth) {
                let page = draft.born(*passed).unwrap();
                if self.fate(*passed) == Fate::Owed && self.fails(page.needs) {
                    self.fates.insert(*passed, Fate::Skipped);
                }
            }
            self.fates.insert(birth, Fate::Sent);
            self.again.retain(|(asked, since)| *asked != birth || at <= *since);
        }
        if what == What::Back {
            self.back = None;
        }
        self.sent.push(Sent { what, at });
        self.last_date = Some(self.date(at));
        self.used.extend(self.last_date);
        self.next_now = self.next_now.filter(|asked| at <= *asked);
        (self.floor, self.hurried) = (None, false);
    }

    pub fn fails(&self, needs: Option<u32>) -> bool {
        needs.is_some_and(|question| self.answers.get(&question) != Some(&true))
    }

    pub fn ended(&mut self, draft: &Draft) {
        for page in &draft.pages {
            if self.fate(page.birth) == Fate::Owed && self.fails(page.needs) {
                self.fates.insert(page.birth, Fate::Skipped);
            }
        }
        self.ended = true;
    }

    pub fn moves_to(&mut self, zone: TimeZone) {
        self.zone = zone;
        self.used = self.sent.iter().map(|sent| self.date(sent.at)).chain(self.last_date).collect();
    }

    pub fn goes_at(&mut self, pace: f64) {
        let pace = pace.clamp(0.5, 3.0);
        if let Some((_, left)) = &mut self.paused {
            *left = SignedDuration::from_millis((left.as_secs_f64() * 1000.0 * pace / self.pace).round() as i64);
        }
        self.pace = pace;
    }

    pub fn resumes(&mut self, now: Timestamp) {
        let (since, left) = self.paused.take().unwrap();
        // "Now" was before the pause.
        self.next_now = None;
        let week_later = self.date(since).checked_add(7.days()).unwrap();
        if self.back.is_some() || self.last_page().is_some() && week_later <= self.date(now) {
            self.back = Some(now);
        }
        self.floor = Some(now + left.clamp(SignedDuration::ZERO, 24 * HOUR));
        self.hurried = false;
    }

    /// What the edit does to what is owed; `finished`: nothing more was to come.
    pub fn follows(&mut self, old: &Draft, new: &Draft, finished: bool) {
        let finished = finished || old.pages.iter().all(|page| self.fate(page.birth) != Fate::Owed);
        for (_, birth) in &new.retired {
            if old.born(*birth).is_some() && self.fate(*birth) == Fate::Owed {
                self.fates.insert(*birth, Fate::Retired);
            }
        }
        let stages: Vec<Vec<u32>> = orders(new);
        for stage in stages {
            let mut first_sent: Vec<u32> = Vec::new();
            for sent in &self.sent {
                if let What::Page(birth) = sent.what
                    && !first_sent.contains(&birth)
                {
                    first_sent.push(birth);
                }
            }
            let reached = first_sent.iter().rev().find_map(|birth| stage.iter().position(|it| it == birth));
            for (at, birth) in stage.iter().enumerate().filter(|(_, birth)| **birth >= old.born) {
                let fate = match (reached.is_some_and(|reached| at < reached), new.born(*birth).unwrap().backfill) {
                    (true, "offer") => Fate::Offered,
                    (true, "never") => Fate::Skipped,
                    (true, _) => Fate::Owed,
                    (false, _) if finished => Fate::Offered,
                    (false, _) => Fate::Owed,
                };
                self.fates.insert(*birth, fate);
            }
        }
        self.again.retain(|(birth, _)| new.born(*birth).is_some());
    }

    /// Nothing that wasn't due anyway comes within the hour after an edit. `before`: lesson and due time, where it waited
    /// for a mail. `None`: it can't be said without knowing the person's share of the spread.
    pub fn put_off(&mut self, new: &Draft, now: Timestamp, before: Option<(What, Timestamp)>) -> Option<()> {
        let Expected::Mail { what, low, high } = self.expect(new, now) else { return Some(()) };
        let soon = now + HOUR;
        if low >= soon {
            return Some(());
        }
        let stays = before.is_some_and(|(was, due)| was == what && low <= due && due <= high);
        if !stays && low != high {
            return None;
        }
        let later = before.is_some_and(|(_, due)| low >= due);
        if !stays && !later {
            self.not_before(soon);
            self.hurried = true;
        }
        Some(())
    }
}

/// The births of each stage in order; a course without stages is one.
pub fn orders(draft: &Draft) -> Vec<Vec<u32>> {
    if draft.parts.is_empty() {
        return vec![draft.pages.iter().map(|page| page.birth).collect()];
    }
    draft.parts.iter().map(|part| part.pages.clone()).collect()
}

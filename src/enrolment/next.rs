//! What comes next for a person in a course, and when: each stage offers its next lesson, and the earliest comes.

use super::acts::clamp_pace;
use super::offer::Offer;
use super::offer::ends;
use super::offer::first;
use super::offer::paused;
use super::progress::BACK;
use super::progress::CLOSING;
use super::progress::Progress;
use super::progress::Sent;
use super::reader::Judged;
use super::reader::Reader;
use super::record::Enrolment;
use super::track::Track;
use super::track::tracks;
use crate::course::Course;
use crate::course::Lesson;
use crate::course::Verdict;
use crate::timing;
use crate::timing::Basis;
use crate::timing::Due;
use crate::timing::Rules;
use crate::timing::Wait;
use crate::timing::later;
use crate::timing::next_due;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// A moment so soon before the end of the wait for an answer is waited for too: the mail that asked left a little after
/// its own moment, and the next one three days later is meant.
const NEARLY: SignedDuration = SignedDuration::from_hours(1);
/// After the mail to someone who comes back, nothing follows sooner.
const BACK_REST: SignedDuration = SignedDuration::from_hours(12);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What an enrolment waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comes {
    /// A mail: a lesson's id, [`BACK`] or [`CLOSING`]. `due` has the person's share of the spread in it. `free`: it leaves
    /// at its own instant, whatever else its date has; the daily cap doesn't delay it.
    Mail { lesson: String, due: Timestamp, why: String, free: bool },
    /// An answer that decides over this lesson, or the end of waiting for it.
    Answer { lesson: String, until: Timestamp, why: String },
    /// The end of a stage's pause; `None`: the person's word, since every stage that has lessons left is paused.
    Rest { until: Option<Timestamp>, why: String },
    /// No moment within five years allows this lesson.
    Never { lesson: String },
    /// Every lesson that was owed was sent.
    End,
}

/// Everything that decides, in one hand.
pub struct Planner<'a> {
    pub course: &'a Course,
    pub enrolment: &'a Enrolment,
    pub reader: &'a Reader,
    pub now: Timestamp,
    /// Dates on which this person gets nothing of this course any more, besides those that its own mails used.
    pub taken: &'a BTreeSet<Date>,
}

impl<'a> Planner<'a> {
    /// What comes next by the rules, from what is stored of the enrolment; its cached due time isn't looked at.
    pub fn comes(&self) -> Comes {
        let requests = &self.enrolment.requests;
        if let Some(since) = requests.back {
            // What was left of the wait is the lesson's, not this mail's.
            return self.own_mail(BACK, since, None, "you are back after a pause: a short mail first");
        }
        let all = tracks(self.course);
        let mut offers: Vec<(Offer, usize)> = Vec::new();
        let (mut never, mut resting) = (None, Vec::new());
        for track in &all {
            if let Some(rest) = requests.stages.get(track.id).filter(|rest| rest.paused.is_some()) {
                if self.has_more(track) {
                    resting.push(track.id);
                    offers.extend(rest.until.map(|until| (ends(track, until), track.index)));
                }
                continue;
            }
            match self.offer(track, &all) {
                Some(Offer { comes: Comes::Never { lesson }, .. }) => never = never.or(Some(lesson)),
                Some(offer) => offers.push((offer, track.index)),
                None => {}
            }
        }
        match (first(offers, self.reader), never) {
            (Some(offer), _) => offer.comes,
            (None, Some(lesson)) => Comes::Never { lesson },
            (None, None) if !resting.is_empty() => Comes::Rest { until: None, why: paused(&resting) },
            (None, None) => self.end(),
        }
    }

    /// Local dates on which no further lesson of this enrolment may leave.
    fn used(&self) -> BTreeSet<Date> {
        let sent = self.enrolment.progress.sent().iter().filter_map(|sent| sent.at);
        let mut used: BTreeSet<Date> = sent.map(|at| self.reader.local_date(at)).collect();
        used.extend(self.enrolment.last_date);
        used.extend(self.taken);
        used
    }

    fn offer(&self, track: &Track<'a>, all: &[Track<'a>]) -> Option<Offer> {
        let progress = &self.enrolment.progress;
        if let Some(again) = self.enrolment.requests.again.iter().find(|again| track.holds(&again.lesson)) {
            let lesson = self.course.lessons.get(&again.lesson)?;
            let follows = track.last(progress).filter(|last| last.at.is_some_and(|at| at > again.since));
            let basis = match follows {
                Some(last) => Basis::Accepted(self.at(last)),
                None => Basis::From(self.reader.next_midnight(again.since), "you asked for it again"),
            };
            let rules = Rules { fixed: None, ..rules(self.course, Some(lesson)) };
            return Some(self.dated(track, lesson, &rules, basis, None));
        }
        let begun = self.begun(track, all)?;
        let (lesson, judged) = self.first_owed(track, self.enrolment.requests.next_now.is_none())?;
        if judged.verdict == Verdict::Awaits {
            let until = judged.until.unwrap_or(self.now);
            let why = format!("waits for an answer until {}", timing::minute(self.reader.zone.to_datetime(until)));
            let comes = Comes::Answer { lesson: lesson.id.clone(), until, why };
            return Some(Offer { comes, instant: until, basis: until });
        }
        let basis = self.basis(track, begun);
        Some(self.dated(track, lesson, &rules(self.course, Some(lesson)), basis, judged.settled))
    }

    /// Since when a stage runs: its `after` was sent, or is no longer owed.
    fn begun(&self, track: &Track<'a>, all: &[Track<'a>]) -> Option<Timestamp> {
        let progress = &self.enrolment.progress;
        let Some(after) = track.after else { return Some(self.enrolment.confirmed) };
        if track.last(progress).is_some() {
            return Some(self.enrolment.confirmed);
        }
        let first = progress.sent().iter().find(|sent| sent.lesson == after);
        if let Some(first) = first {
            return Some(self.at(first));
        }
        let home = all.iter().find(|other| other.holds(after));
        let passed = progress.mark(after).is_some() || home.is_none_or(|home| self.first_owed(home, true).is_none());
        let last = home.and_then(|home| home.last(progress));
        passed.then(|| last.map_or(self.enrolment.confirmed, |last| self.at(last)))
    }

    /// What a track's next lesson counts from.
    fn basis(&self, track: &Track<'a>, begun: Timestamp) -> Basis {
        let schedule = &self.course.schedule;
        let last = track.last(&self.enrolment.progress);
        if self.enrolment.is_new() {
            return Basis::Confirmed(self.enrolment.basis);
        }
        match last {
            // Who goes at a pace of their own has left the cohort's dates.
            Some(last) if schedule.keep_dates && schedule.starts.is_some() && self.enrolment.pace == 1.0 => {
                // Dates are kept by who is behind them. Who is ahead, or got longer waits by an edit, counts as anybody.
                let actual = self.at(last);
                Basis::Accepted(self.kept(track).map_or(actual, |planned| planned.min(actual)))
            }
            Some(last) => Basis::Accepted(self.at(last)),
            None if track.after.is_none() && self.enrolment.progress.sent().is_empty() => Basis::Confirmed(begun),
            None => Basis::From(begun, "the stage begins"),
        }
    }

    /// For a cohort with `keep_dates`: when the last accepted lesson was planned, from which the next one counts however
    /// late the last one was really sent. With that real sending as the floor, someone behind gets one a day until level.
    fn kept(&self, track: &Track<'a>) -> Option<Timestamp> {
        let person = self.person();
        let progress = &self.enrolment.progress;
        let mut used = BTreeSet::new();
        let opening = match track.after {
            None => Basis::Confirmed(self.enrolment.confirmed),
            Some(after) => {
                let first = self.at(progress.sent().iter().find(|sent| sent.lesson == after)?);
                // That date has had its lesson.
                used.insert(self.reader.local_date(first));
                Basis::From(first, "the stage begins")
            }
        };
        let mut planned: Option<Timestamp> = None;
        for lesson in progress.done().into_iter().filter_map(|id| self.course.lessons.get(id)) {
            if !track.holds(&lesson.id) {
                continue;
            }
            let from = planned.map_or(opening, Basis::Accepted);
            let instant = next_due(&rules(self.course, Some(lesson)), from, None, &person, &used)?.instant;
            used.insert(self.reader.local_date(instant));
            planned = Some(instant);
        }
        planned
    }

    /// The first lesson of the track that is owed and whose condition doesn't fail. What is passed over on the way has
    /// its say in when the wait for answers ended.
    fn first_owed(&self, track: &Track<'a>, patient: bool) -> Option<(&'a Lesson, Judged)> {
        let progress = &self.enrolment.progress;
        let mut settled = None;
        for lesson in track.lessons.iter().filter_map(|id| self.course.lessons.get(id)) {
            if progress.mark(&lesson.id).is_some() {
                continue;
            }
            let judged = self.reader.judge(self.course, progress, lesson, self.now, patient);
            settled = settled.max(judged.settled);
            if judged.verdict != Verdict::Fails {
                return Some((lesson, Judged { settled, ..judged }));
            }
        }
        None
    }

    fn has_more(&self, track: &Track<'a>) -> bool {
        let again = self.enrolment.requests.again.iter().any(|again| track.holds(&again.lesson));
        again || self.first_owed(track, true).is_some()
    }

    fn dated(
        &self,
        track: &Track<'a>,
        lesson: &Lesson,
        rules: &Rules<'_>,
        basis: Basis,
        settled: Option<Timestamp>,
    ) -> Offer {
        let person = self.person();
        let (Basis::Confirmed(from) | Basis::Accepted(from) | Basis::From(from, _)) = basis;
        if let Some(asked) = self.enrolment.requests.next_now {
            let why = "you asked for the next lesson now".to_string();
            let comes = Comes::Mail { lesson: lesson.id.clone(), due: asked, why, free: true };
            return Offer { comes, instant: self.without_haste(rules, basis, &person), basis: from };
        }
        let floor = self.floor(track, rules).max(settled.map(|at| later(at, -NEARLY)));
        let used = self.used();
        let mut due = next_due(rules, basis, floor, &person, &used);
        // Another stage's mail left after this one was due: it slides, instead of following at once.
        let last = self.enrolment.progress.sent().last().map(|sent| self.at(sent));
        if let Some(last) = last.filter(|last| due.as_ref().is_some_and(|due| due.instant < *last)) {
            due = next_due(rules, basis, floor.max(Some(last)), &person, &used);
        }
        match due {
            Some(due) => {
                let instant = due.instant.max(settled.unwrap_or(due.instant));
                let spread = self.spread(&due).max(instant);
                let free = self.is_free(rules, basis, due.instant);
                let comes = Comes::Mail { lesson: lesson.id.clone(), due: spread, why: due.why, free };
                Offer { comes, instant, basis: from }
            }
            None => {
                let comes = Comes::Never { lesson: lesson.id.clone() };
                Offer { comes, instant: Timestamp::MAX, basis: from }
            }
        }
    }

    /// Whether a lesson leaves at this instant whatever else its date has: a first lesson answers its confirmation, a wait
    /// in hours and a fixed date are the coach's explicit wish. A date that has passed is nobody's wish any more.
    fn is_free(&self, rules: &Rules<'_>, basis: Basis, instant: Timestamp) -> bool {
        match (rules.fixed, basis) {
            (Some(fixed), _) => {
                let is_kept = timing::resolve(fixed, &self.reader.zone) == instant;
                is_kept && self.reader.local_date(self.now) <= fixed.date()
            }
            (None, Basis::Confirmed(_)) => rules.starts.is_none(),
            (None, Basis::Accepted(_)) => matches!(rules.wait, Wait::Hours(_)),
            (None, Basis::From(..)) => false,
        }
    }

    /// Which of several lessons "now" means: the one that would have come first.
    fn without_haste(&self, rules: &Rules<'_>, basis: Basis, person: &timing::Person) -> Timestamp {
        next_due(rules, basis, None, person, &self.used()).map_or(Timestamp::MAX, |due| due.instant)
    }

    fn floor(&self, track: &Track<'a>, rules: &Rules<'_>) -> Option<Timestamp> {
        let own = self.enrolment.requests.stages.get(track.id).and_then(|rest| rest.floor);
        let schedule = &self.course.schedule;
        let sent = self.enrolment.progress.sent().last();
        let kept =
            (schedule.keep_dates && schedule.starts.is_some()).then_some(sent).flatten().map(|sent| self.at(sent));
        let back = sent.filter(|sent| sent.lesson == BACK).map(|sent| self.a_day_after(self.at(sent), rules));
        self.enrolment.floor.max(own).max(kept).max(back)
    }

    /// A wait of hours doesn't know dates: a day is 24 of them.
    fn a_day_after(&self, instant: Timestamp, rules: &Rules<'_>) -> Timestamp {
        match rules.wait {
            Wait::Hours(_) => later(instant, DAY),
            Wait::Days(_) => self.next_day(instant),
        }
    }

    fn next_day(&self, instant: Timestamp) -> Timestamp {
        self.reader.next_midnight(instant).max(later(instant, BACK_REST))
    }

    /// A mail of the program's own, at the next moment of the course's `send`.
    fn own_mail(&self, what: &str, from: Timestamp, floor: Option<Timestamp>, why: &'static str) -> Comes {
        let person = self.person();
        match next_due(&rules(self.course, None), Basis::From(from, why), floor, &person, &self.used()) {
            Some(due) => Comes::Mail { lesson: what.to_string(), due: self.spread(&due), why: due.why, free: false },
            None => Comes::Never { lesson: what.to_string() },
        }
    }

    fn end(&self) -> Comes {
        let progress = &self.enrolment.progress;
        let last = progress.last_lesson().and_then(|id| progress.last_of(id));
        // Who came here with everything done heard of the end elsewhere.
        let ended = last.filter(|_| self.enrolment.is_closing_owed()).and_then(|last| last.at);
        let back = progress.sent().last().filter(|sent| sent.lesson == BACK).map(|sent| self.next_day(self.at(sent)));
        let settled = self.settled_in_vain();
        let floor = self.enrolment.floor.max(back).max(settled.map(|at| later(at, -NEARLY)));
        let Some(at) = ended else { return Comes::End };
        match self.own_mail(CLOSING, at, floor, "every lesson was sent") {
            Comes::Mail { lesson, due, why, free } => {
                Comes::Mail { lesson, due: due.max(settled.unwrap_or(due)), why, free }
            }
            other @ (Comes::Answer { .. } | Comes::Rest { .. } | Comes::Never { .. } | Comes::End) => other,
        }
    }

    /// When the wait for answers ended that would have brought a further lesson.
    fn settled_in_vain(&self) -> Option<Timestamp> {
        let progress = &self.enrolment.progress;
        let lessons = self.course.order.iter().filter_map(|id| self.course.lessons.get(id));
        let owed = lessons.filter(|lesson| progress.mark(&lesson.id).is_none());
        owed.filter_map(|lesson| self.reader.judge(self.course, progress, lesson, self.now, true).settled).max()
    }

    /// A pace that was chosen before the course narrowed its bounds stays within them, and isn't forgotten.
    fn person(&self) -> timing::Person {
        self.reader.timing(clamp_pace(self.course, self.enrolment.pace))
    }

    fn spread(&self, due: &Due) -> Timestamp {
        timing::spread(due.instant, self.reader.share, due.spread, &self.reader.zone)
    }

    /// When a mail was accepted; the enrolment's basis where nobody knows.
    fn at(&self, sent: &Sent) -> Timestamp {
        sent.at.unwrap_or(self.enrolment.basis)
    }
}

/// The lesson's own `wait`, `send` and `date` over those of the schedule; the schedule alone for a mail that is no lesson.
fn rules<'c>(course: &'c Course, lesson: Option<&'c Lesson>) -> Rules<'c> {
    let schedule = &course.schedule;
    let own_send = lesson.and_then(|lesson| lesson.send.as_ref());
    Rules {
        wait: lesson.and_then(|lesson| lesson.wait).unwrap_or(schedule.wait),
        send: own_send.unwrap_or(&schedule.send),
        own_send: own_send.is_some(),
        spread: schedule.spread,
        skip: &schedule.skip,
        fixed: lesson.and_then(|lesson| lesson.date),
        starts: schedule.starts,
    }
}

/// The lessons that a person went past because their conditions failed, once `lesson` was sent: those of its own track in
/// front of it.
pub fn passed_over<'c>(
    course: &'c Course,
    progress: &Progress,
    reader: &Reader,
    lesson: &str,
    now: Timestamp,
) -> Vec<&'c str> {
    let all = tracks(course);
    let Some(track) = all.iter().find(|track| track.holds(lesson)) else { return Vec::new() };
    let end = track.lessons.iter().position(|id| id == lesson).unwrap_or_default();
    failing(course, progress, reader, &track.lessons[..end], now)
}

/// Those of these lessons that are owed and whose conditions fail, when no further answer is waited for.
pub fn failing<'c>(
    course: &'c Course,
    progress: &Progress,
    reader: &Reader,
    lessons: &'c [String],
    now: Timestamp,
) -> Vec<&'c str> {
    let owed = lessons.iter().filter_map(|id| course.lessons.get(id)).filter(|it| progress.mark(&it.id).is_none());
    let fails = |it: &&Lesson| reader.judge(course, progress, it, now, false).verdict == Verdict::Fails;
    owed.filter(fails).map(|it| it.id.as_str()).collect()
}

//! What an edit of a course does to everybody in it: worked out in pages, told by `plan`, and written down by a reload.

use crate::clock::Now;
use crate::course::Course;
use crate::delivery::State as DeliveryState;
use crate::enrolment::Edited;
use crate::enrolment::Enrolment;
use crate::enrolment::Mark;
use crate::enrolment::NO_MOMENT;
use crate::enrolment::Reader;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::operate::REFUSED_CONTENT;
use crate::flow::operate::UNMADE;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelved;
use crate::store::Connection;
use crate::store::enrolments;
use crate::store::outbox;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use crate::timing;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many enrolments are read at a time.
const PAGE: i64 = 1000;
/// How soon after an edit a lesson is tried again that it mends.
const REST: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// An edit that reaches more people than this within a day asks first.
const ASKS_ABOVE: usize = 100;

/// What an edit of one course comes to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Effect {
    pub course: String,
    /// In the course, now and by the new files alike.
    pub people: usize,
    /// New lessons, and to how many people each will be sent.
    pub gets: BTreeMap<String, usize>,
    /// People whose next mail is another one, or comes at another time.
    pub moved: usize,
    /// Lessons that are shown instead of sent, and to how many people.
    pub offered: BTreeMap<String, usize>,
    /// Lessons that were owed and are withdrawn, and from how many people.
    pub loses: BTreeMap<String, usize>,
    /// People whose next mail comes, because of the edit, within a day.
    pub soon: usize,
    /// Those of them who would get it within the hour, were they not spread over the day.
    #[serde(skip)]
    pub crowd: usize,
    /// People whose very next lesson is withdrawn.
    pub next_withdrawn: usize,
    /// What it does to each person whom it touches; empty unless names were asked for.
    pub names: Vec<Touched>,
}

/// One person whom an edit touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Touched {
    pub address: String,
    pub gets: Vec<String>,
    pub offered: Vec<String>,
    pub loses: Vec<String>,
    /// Lesson and due time of the next mail before and after; equal when it stays as it is.
    pub before: Option<(String, Timestamp)>,
    pub after: Option<(String, Timestamp)>,
}

impl Touched {
    /// Whether other lessons than before will come, now or later.
    fn promises(&self) -> bool {
        !(self.gets.is_empty() && self.offered.is_empty() && self.loses.is_empty())
    }
}

/// What becomes of one enrolment.
struct Change {
    before: Enrolment,
    after: Enrolment,
    told: Touched,
    /// Messages that aren't sent because of it, and why.
    calls_off: Vec<outbox::Delivery>,
    reason: &'static str,
    /// It would come within the hour.
    hurries: bool,
}

impl Effect {
    /// Whether somebody has to say yes first.
    pub fn asks(&self) -> bool {
        self.soon > ASKS_ABOVE || self.next_withdrawn > 0
    }

    /// Whether it touches nobody.
    pub fn is_empty(&self) -> bool {
        self.moved == 0 && self.gets.is_empty() && self.offered.is_empty() && self.loses.is_empty()
    }

    fn count(&mut self, change: &Change, now: Now, names: bool) {
        let told = &change.told;
        let all = [(&mut self.gets, &told.gets), (&mut self.offered, &told.offered), (&mut self.loses, &told.loses)];
        for (counts, lessons) in all {
            lessons.iter().for_each(|lesson| *counts.entry(lesson.clone()).or_default() += 1);
        }
        let moved = told.before != told.after;
        let within_a_day = told.after.as_ref().is_some_and(|(_, due)| *due < timing::later(now.reader, DAY));
        self.moved += usize::from(moved);
        self.soon += usize::from(moved && within_a_day);
        self.crowd += usize::from(change.hurries);
        self.next_withdrawn += usize::from(told.loses.contains(&change.before.lesson));
        if names && (moved || told.promises()) {
            self.names.push(told.clone());
        }
    }
}

/// A new version of a course beside the one in force.
#[derive(Clone, Copy)]
pub struct Edit<'a> {
    pub app: &'a App,
    pub old: &'a Course,
    pub new: &'a Shelved,
    pub now: Now,
    /// How many people would get a lesson within the hour, as far as that is known.
    pub crowd: usize,
}

impl Edit<'_> {
    /// Works out what the new version does to everybody in the course. Writes nothing.
    pub async fn foresee(&self, connection: &mut Connection, names: bool) -> Result<Effect> {
        let mut effect = Effect { course: self.new.course.id.clone(), ..Effect::default() };
        let mut after = 0;
        while let Some((last, read, changes)) = self.page(connection, after).await? {
            after = last;
            effect.people += read;
            changes.iter().for_each(|change| effect.count(change, self.now, names));
        }
        Ok(effect)
    }

    /// Works it out and writes it down; the caller commits, or gives it up.
    ///
    /// # Errors
    /// When an enrolment changed meanwhile; then nothing may be committed.
    pub async fn carry_out(&self, connection: &mut Connection) -> Result<()> {
        let mut after = 0;
        while let Some((last, _, changes)) = self.page(connection, after).await? {
            after = last;
            self.write(connection, &changes).await?;
        }
        Ok(())
    }

    /// The next people behind an id: the last id, how many they are, and what changes.
    async fn page(&self, connection: &mut Connection, after: i64) -> Result<Option<(i64, usize, Vec<Change>)>> {
        let page = enrolments::of_course(connection, &self.new.course.id, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(None) };
        let (last, read) = (last.id, page.len());
        let answers = Answers::read(connection, page.iter().map(|(it, _)| it.id).collect()).await?;
        let mut changes = Vec::new();
        for (before, person) in page {
            let open = self.held_back(connection, &before).await?;
            let reader = self.app.reader(&person, answers.of(before.id));
            changes.extend(self.follow(before, &person, &reader, open));
        }
        Ok(Some((last, read, changes)))
    }

    /// What is under way to a person whose lesson is withdrawn, or who is held at theirs.
    async fn held_back(&self, connection: &mut Connection, it: &Enrolment) -> Result<Vec<outbox::Delivery>> {
        let is_retired = self.new.course.retired.contains(&it.lesson);
        if it.state != State::Held && !(it.state == State::InFlight && is_retired) {
            return Ok(Vec::new());
        }
        let open = outbox::open_of(connection, it.subscriber_id).await?;
        Ok(open.into_iter().filter(|row| row.enrolment_id == it.id).collect())
    }

    /// What the edit does to one person: `None` when nothing. `open`: their messages, as far as they matter.
    fn follow(
        &self,
        before: Enrolment,
        person: &Subscriber,
        reader: &Reader,
        open: Vec<outbox::Delivery>,
    ) -> Option<Change> {
        let mut after = before.clone();
        // What is withdrawn of a message under way, or of one that is held, is taken back first: the rest follows from it.
        let (calls_off, reason) = self.drop_retired(&mut after, person, open);
        let followed = after.follow(self.edited(), reader);
        let result = followed.reconciled;
        let takes_no_mail = person.status == Status::Suppressed;
        if before.state == State::Completed && takes_no_mail {
            // What had ended isn't held, and mustn't begin again by itself.
            let Enrolment { progress, requests, .. } = after;
            after = Enrolment { progress, requests, ..before.clone() };
        }
        let told = Touched::default();
        let mut change = Change { before, after, told, calls_off, reason, hurries: followed.hurries };
        if change.after.state == State::Held {
            self.release(&mut change, person, reader);
        }
        let is_new =
            |id: &&String| !self.old.order.contains(id) || change.before.progress.mark(id) == Some(Mark::Retired);
        let owed = self.new.course.order.iter().filter(|id| change.after.progress.mark(id).is_none());
        let renamed = |id: &&String| result.renamed.iter().any(|(_, name)| name == *id);
        let drafts = self.drafts().filter(|id| change.before.progress.mark(id).is_none()).cloned();
        let loses = result.retired.iter().cloned().chain(drafts).collect();
        change.told = Touched {
            address: person.address.to_string(),
            gets: owed.filter(is_new).filter(|id| !renamed(id)).cloned().collect(),
            offered: result.offered,
            loses,
            before: next_mail(&change.before),
            after: next_mail(&change.after),
        };
        let touches = change.after != change.before || change.told.promises();
        touches.then_some(change)
    }

    /// Lessons that were sent until now and stand in no list any more, though their files are there.
    fn drafts(&self) -> impl Iterator<Item = &String> {
        let new = &self.new.course;
        let is_gone = |id: &&String| !new.order.contains(id) && !new.retired.contains(id);
        let is_renamed = |id: &&String| new.lessons.values().any(|lesson| lesson.was.contains(id));
        self.old.order.iter().filter(is_gone).filter(move |id| !is_renamed(id))
    }

    /// Takes a retired lesson away from somebody who has it under way or is held at it; not from those whose message may
    /// have left. Who is held for their address stays held, whatever becomes of the lesson. What to call off, and why.
    fn drop_retired(
        &self,
        it: &mut Enrolment,
        person: &Subscriber,
        open: Vec<outbox::Delivery>,
    ) -> (Vec<outbox::Delivery>, &'static str) {
        let is_retired = self.new.course.retired.contains(&it.lesson);
        let may_go_on = it.state == State::InFlight || it.state == State::Held && person.status == Status::Active;
        let may_have_left = open.iter().any(|row| matches!(row.state, DeliveryState::Sending | DeliveryState::InDoubt));
        if is_retired && may_go_on && !may_have_left {
            // Should it come back, it is another message than the one that is called off.
            it.occurrence += 1;
            it.state = State::Waiting;
            return (open, "the lesson was retired");
        }
        (open, "")
    }

    /// A lesson that a relay refused for what is in it, or that couldn't be made, is tried again once it was edited; one that
    /// had no moment is looked at again by the new schedule.
    fn release(&self, change: &mut Change, person: &Subscriber, reader: &Reader) {
        let it = &mut change.after;
        let version = |course: &Course| course.lessons.get(&it.lesson).map(|lesson| lesson.version.clone());
        let why = it.held_why.as_deref().unwrap_or_default();
        if why == NO_MOMENT && person.status == Status::Active {
            it.floor = Some(timing::later(self.now.reader, REST));
            return it.advance(&self.new.course, reader, self.now.reader);
        }
        let mendable = why.starts_with(REFUSED_CONTENT) || why.starts_with(UNMADE);
        if mendable && person.status == Status::Active && version(self.old) != version(&self.new.course) {
            it.occurrence += 1;
            it.floor = Some(timing::later(self.now.reader, REST));
            it.advance(&self.new.course, reader, self.now.reader);
            change.reason = "the lesson was edited";
        }
    }

    fn edited(&self) -> Edited<'_> {
        Edited { old: self.old, new: &self.new.course, now: self.now.reader, crowd: self.crowd }
    }

    async fn write(&self, connection: &mut Connection, changes: &[Change]) -> Result<()> {
        for change in changes.iter().filter(|change| !change.reason.is_empty()) {
            for row in &change.calls_off {
                outbox::set_state(
                    connection,
                    row.id,
                    row.state,
                    DeliveryState::Cancelled,
                    change.reason,
                    self.now.wall,
                )
                .await?;
            }
        }
        let changed = changes.iter().filter(|change| change.after != change.before);
        let (under_way, still): (Vec<_>, Vec<_>) =
            changed.map(|change| &change.after).partition(|it| it.state == State::InFlight);
        for it in under_way {
            enrolments::follow_edit(connection, it).await?;
        }
        let written = enrolments::put_all(connection, &still, self.now.wall).await?;
        anyhow::ensure!(written, "an enrolment changed during a reload");
        Ok(())
    }
}

/// The next mail of somebody who waits for it.
fn next_mail(it: &Enrolment) -> Option<(String, Timestamp)> {
    (it.state == State::Waiting).then(|| (it.lesson.clone(), it.due))
}

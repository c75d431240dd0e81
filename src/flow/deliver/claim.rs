//! Claims what is due, within the daily cap of every person and what each domain is given, so that nobody else can send
//! it. Knows no wire.

use crate::address::Address;
use crate::clock::Now;
use crate::course::Value;
use crate::delivery::State;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::enrolment::Reader;
use crate::enrolment::slid;
use crate::flow::App;
use crate::flow::deliver::relays::Relays;
use crate::flow::deliver::sorting::Sorting;
use crate::flow::deliver::ticket::Ticket;
use crate::flow::issue;
use crate::flow::letter::Letter;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelf;
use crate::ids::next_id;
use crate::store::Connection;
use crate::store::calendar::DateUse;
use crate::store::calendar::date_uses;
use crate::store::enrolments;
use crate::store::meta;
use crate::store::meta::Notice;
use crate::store::outbox;
use crate::store::outbox::Delivery;
use crate::store::outbox::Lane;
use crate::store::outbox::Meant;
use crate::store::people;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

/// Looks at a queue in one transaction.
const ROUNDS: usize = 8;

/// So many who are due are looked at where none of the first can go, because their domain takes nothing now: they are moved
/// to its queue many at a time, or those behind them would wait long for their turn.
const SWEEP: usize = 1_000;

/// A claimed message and whom it is for.
#[derive(Debug, Clone)]
pub struct Job {
    pub delivery: Delivery,
    pub subscriber: Subscriber,
    /// Where it goes: the subscriber's address, but for letters about a change of it.
    pub to: Address,
    /// Whose place in a course the message moves: a lesson's alone.
    pub enrolment: Option<Enrolment>,
    /// The latest answers of that person in that course.
    pub answers: BTreeMap<String, Value>,
    /// The courses in force when it was claimed.
    pub shelf: Arc<Shelf>,
}

/// What a look at the queue found.
pub struct Claimed {
    pub jobs: Vec<(Job, Ticket)>,
    /// When the first of those may go that wait for their domain, as far as that is known.
    pub parked: Option<Timestamp>,
    /// There may be more that is due, behind what turned out not to be, or has to wait for its domain.
    pub unfinished: bool,
}

/// Leases at most `room` messages: confirmations first, then what waited for its domain, what is tried again, lessons
/// that are due, and issues. `alone` says that nothing else is on the line: only then a row that three times ended the
/// program is tried, by itself.
///
/// Which lessons are due is read before the transaction begins, so that outcomes can be stored meanwhile: who is taken is
/// taken only as they were read, and nobody but a claim uses up a date.
pub async fn claim(app: &App, relays: &Arc<Relays>, now: Now, room: usize, alone: bool) -> Result<Claimed> {
    let shelf = app.shelf.read().await;
    let mut sorting = Sorting::new(app, relays, now.wall, room);
    let mut due = look(app, &shelf, now, room).await?;
    if due.found == room && !due.may_leave.iter().any(|it| sorting.room_to(&it.subscriber.address) > 0) {
        due = look(app, &shelf, now, SWEEP.max(room)).await?;
    }
    let mut transaction = app.store.begin().await?;
    if alone && let Some(suspect) = outbox::lease_suspect(&mut transaction, now.wall).await? {
        sorting.sort(with_people(&mut transaction, vec![suspect], &shelf).await?);
        return sorting.finish(transaction).await;
    }
    // Most lessons go straight from an enrolment to a session: the queues are often empty.
    let ready = outbox::is_any_ready(&mut transaction, now.wall).await?;
    if ready {
        lease(&mut sorting, &mut transaction, Lane::Confirmation, &shelf).await?;
        for domain in outbox::parked_domains(&mut transaction).await? {
            let most = sorting.room_to_domain(&domain) as i64;
            if most > 0 {
                let waited = outbox::lease_parked(&mut transaction, &domain, now.wall, most).await?;
                sorting.sort(with_people(&mut transaction, waited, &shelf).await?);
            }
        }
        lease(&mut sorting, &mut transaction, Lane::Lesson, &shelf).await?;
    }
    if sorting.room() > 0 && !take_due(app, &shelf, &mut transaction, now, due, &mut sorting).await? {
        // Somebody acted meanwhile: it is looked at anew. What was leased above goes back with the transaction.
        transaction.rollback().await?;
        return Ok(Claimed { jobs: Vec::new(), parked: None, unfinished: true });
    }
    if ready {
        lease(&mut sorting, &mut transaction, Lane::Issue, &shelf).await?;
    }
    let claimed = sorting.finish(transaction).await;
    drop(shelf);
    claimed
}

/// Leases what is ready in a lane. What has to wait for its domain makes room for those behind it; a few rounds end it, so
/// that others may write.
async fn lease(sorting: &mut Sorting<'_>, connection: &mut Connection, lane: Lane, shelf: &Arc<Shelf>) -> Result<()> {
    for _ in 0..ROUNDS {
        let room = sorting.room();
        let leased =
            if room > 0 { outbox::lease(connection, lane, sorting.now, room as i64).await? } else { Vec::new() };
        let found = leased.len();
        let taken = sorting.sort(with_people(connection, leased, shelf).await?);
        if taken == found {
            break;
        }
    }
    Ok(())
}

/// The earliest instant of the wall clock after `now` at which there will be something to claim. What could be claimed
/// already and wasn't is held back: only an act can free it.
pub async fn next(app: &App, now: Now) -> Result<Option<Timestamp>> {
    let mut connection = app.store.read().await?;
    let due = enrolments::next_due(&mut connection, now.reader).await?;
    let issue = issue::next(app, &mut connection, now).await?;
    let due = due.into_iter().chain(issue).min();
    let ready = outbox::next_ready(&mut connection, now.wall).await?;
    let doubt = outbox::oldest_doubt(&mut connection).await?;
    let doubt = doubt.map(|since| since.saturating_add(app.settings.delivery.in_doubt_after).unwrap_or(Timestamp::MAX));
    let now = app.clock.now().wall;
    let due = due.map(|due| now.saturating_add(app.clock.until_reader(due)).unwrap_or(Timestamp::MAX));
    Ok(due.into_iter().chain(ready).chain(doubt).min())
}

async fn with_people(connection: &mut Connection, leased: Vec<Delivery>, shelf: &Arc<Shelf>) -> Result<Vec<Job>> {
    if leased.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = leased.iter().map(|it| it.subscriber_id).collect();
    let subscribers = people::by_ids(connection, &ids).await?;
    let subscribers: HashMap<i64, Subscriber> = subscribers.into_iter().map(|it| (it.id, it)).collect();
    let lessons = leased.iter().filter(|it| it.lane == Lane::Lesson);
    let places = people::places(connection, &lessons.map(|it| it.enrolment_id).collect::<Vec<_>>()).await?;
    let mut places: HashMap<i64, Enrolment> = places.into_iter().map(|it| (it.id, it)).collect();
    let answers = Answers::read(connection, leased.iter().map(|it| it.enrolment_id).collect()).await?;
    let jobs = leased.into_iter().filter_map(|delivery| {
        let subscriber = subscribers.get(&delivery.subscriber_id)?.clone();
        let (to, shelf) = (recipient(&delivery, &subscriber), Arc::clone(shelf));
        let enrolment = places.remove(&delivery.enrolment_id).filter(|_| delivery.lane == Lane::Lesson);
        let answers = answers.of(delivery.enrolment_id);
        Some(Job { delivery, subscriber, to, enrolment, answers, shelf })
    });
    Ok(jobs.collect())
}

fn recipient(delivery: &Delivery, subscriber: &Subscriber) -> Address {
    let elsewhere = match delivery.lane {
        Lane::Confirmation => Letter::of(delivery).ok().and_then(|letter| letter.elsewhere()),
        Lane::Lesson | Lane::Issue => None,
    };
    elsewhere.unwrap_or_else(|| subscriber.address.clone())
}

/// What a look at the enrolments found, longest due first. Nothing of it is written yet.
struct Look {
    found: usize,
    /// Whose mail may leave today.
    may_leave: Vec<Due>,
    /// Those that aren't due after all, as they stand now.
    changed: Vec<Enrolment>,
    /// Those that slide to another day: id, serial, when, and why.
    slides: Vec<(i64, i64, Timestamp, String)>,
}

/// Reads at most `room` enrolments that are due, and what decides over them.
async fn look(app: &App, shelf: &Shelf, now: Now, room: usize) -> Result<Look> {
    let mut connection = app.store.read().await?;
    let found = outbox::due(&mut connection, now.reader, room as i64).await?;
    let mut look = Look { found: found.len(), may_leave: Vec::new(), changed: Vec::new(), slides: Vec::new() };
    if found.is_empty() {
        return Ok(look);
    }
    let answers = Answers::read(&mut connection, found.iter().map(|(it, _)| it.id).collect()).await?;
    let found = found.into_iter().map(|(it, person)| Due::new(app, it, person, &answers)).collect();
    let due = look_again(shelf, now, found, &mut look.changed);
    let people: BTreeSet<i64> = due.iter().map(|it| it.subscriber.id).collect();
    let people: Vec<i64> = people.into_iter().collect();
    let uses = date_uses(&mut connection, &people).await?;
    let holds = meta::holds(&mut connection).await?;
    let mut calendar = Calendar::new(app, now, &due, uses, &holds);
    for it in due {
        match calendar.slides(shelf, &it) {
            Some((later, why)) => look.slides.push((it.enrolment.id, it.enrolment.serial, later, why)),
            None => look.may_leave.push(it),
        }
    }
    Ok(look)
}

/// Takes those who were found, as far as there is room or they have to wait for their domain anyway; the others are found
/// again. False when somebody changed one of them since.
async fn take_due(
    app: &App,
    shelf: &Arc<Shelf>,
    connection: &mut Connection,
    now: Now,
    look: Look,
    sorting: &mut Sorting<'_>,
) -> Result<bool> {
    let Look { mut may_leave, changed, slides, .. } = look;
    // What isn't due after all makes room for those behind it, who weren't looked at.
    sorting.unfinished |= !changed.is_empty() || !slides.is_empty();
    if !enrolments::put_all(connection, &changed.iter().collect::<Vec<_>>(), now.wall).await? {
        return Ok(false);
    }
    outbox::slide(connection, &slides).await?;
    let mut choice = sorting.choice();
    may_leave.retain(|it| choice.takes(&it.subscriber.address));
    let Some(jobs) = take(app, shelf, connection, now, may_leave).await? else { return Ok(false) };
    sorting.sort(jobs);
    Ok(true)
}

/// An enrolment that is due by its cached time, and what decides over it.
struct Due {
    enrolment: Enrolment,
    subscriber: Subscriber,
    reader: Reader,
}

impl Due {
    fn new(app: &App, enrolment: Enrolment, subscriber: Subscriber, answers: &Answers) -> Due {
        let reader = app.reader(&subscriber, answers.of(enrolment.id));
        Due { enrolment, subscriber, reader }
    }
}

/// The due time is a cache: by now an answer may have come, or the wait for one has ended. Returns those whose mail may
/// leave; the others are `changed`, as they stand now.
fn look_again(shelf: &Shelf, now: Now, found: Vec<Due>, changed: &mut Vec<Enrolment>) -> Vec<Due> {
    let mut due = Vec::new();
    for mut it in found {
        let Some(shelved) = shelf.get(&it.enrolment.course) else { continue };
        let mut fresh = it.enrolment.clone();
        fresh.advance(&shelved.course, &it.reader, now.reader);
        let is_same = it.enrolment.state == fresh.state && it.enrolment.lesson == fresh.lesson;
        if is_same && fresh.state == enrolment::State::Waiting && fresh.due <= now.reader {
            // What was asked for and met since isn't stored with each mail's record; it excuses nothing any more.
            it.enrolment.requests = fresh.requests;
            due.push(it);
        } else {
            changed.push(fresh);
        }
    }
    due
}

/// Puts due enrolments in flight, each with its outbox row already leased. Where that row exists already, the lesson
/// was sent before: the enrolment is held and nothing leaves. `None` when an enrolment isn't as it was read.
async fn take(
    app: &App,
    shelf: &Arc<Shelf>,
    connection: &mut Connection,
    now: Now,
    due: Vec<Due>,
) -> Result<Option<Vec<Job>>> {
    if due.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let marks: Vec<(i64, i64)> = due.iter().map(|it| (it.enrolment.id, it.enrolment.serial)).collect();
    if outbox::take(connection, &marks).await? != marks.len() as u64 {
        return Ok(None);
    }
    let rows: Vec<Delivery> = due.iter().map(|it| delivery(app, now, &it.enrolment)).collect();
    let new: BTreeSet<i64> = outbox::insert(connection, &rows, now.wall).await?.into_iter().collect();
    let mut jobs = Vec::new();
    for (row, it) in rows.into_iter().zip(due) {
        let Due { mut enrolment, subscriber, reader } = it;
        enrolment.state = enrolment::State::InFlight;
        if new.contains(&row.id) {
            let (to, shelf) = (subscriber.address.clone(), Arc::clone(shelf));
            let (enrolment, answers) = (Some(enrolment), reader.answers);
            jobs.push(Job { delivery: row, subscriber, to, enrolment, answers, shelf });
            continue;
        }
        tracing::error!(
            enrolment = enrolment.id,
            lesson = enrolment.lesson,
            "this lesson was claimed before; the enrolment is held"
        );
        enrolment.state = enrolment::State::Held;
        enrolment.held_why = Some(format!("lesson {} was already sent to this person", enrolment.lesson));
        enrolments::put(connection, &enrolment, now.wall).await?;
    }
    Ok(Some(jobs))
}

fn delivery(app: &App, now: Now, enrolment: &Enrolment) -> Delivery {
    let meant = Meant {
        what: format!("lesson/{}/{}", enrolment.course, enrolment.lesson),
        whom: enrolment.id,
        occurrence: enrolment.occurrence,
        subscriber_id: enrolment.subscriber_id,
        enrolment_id: enrolment.id,
        lane: Lane::Lesson,
    };
    Delivery {
        serial: enrolment.serial,
        state: State::Leased,
        epoch: 1,
        claims: 1,
        expires: now.wall.saturating_add(app.settings.delivery.lesson_expires).unwrap_or(Timestamp::MAX),
        due: enrolment.due,
        why: enrolment.why.clone(),
        ..Delivery::new(next_id(now.wall), meant, now.wall)
    }
}

/// How many course mails each person has had, or has under way, on each local date.
struct Calendar<'a> {
    app: &'a App,
    now: Now,
    used: HashMap<i64, BTreeMap<Date, u32>>,
    own: HashMap<i64, Option<Date>>,
    /// What else could go today, by person.
    rivals: HashMap<i64, BTreeSet<Turn>>,
}

/// Whose turn it is when not all may go: due longest, then served longest ago, by date of any mail and by its lesson.
type Turn = (Timestamp, Option<Date>, Timestamp, i64);

impl<'a> Calendar<'a> {
    fn new(app: &'a App, now: Now, due: &[Due], uses: Vec<DateUse>, holds: &[Notice]) -> Calendar<'a> {
        let people: HashMap<i64, &Subscriber> = due.iter().map(|it| (it.subscriber.id, &it.subscriber)).collect();
        let mut calendar = Calendar { app, now, used: HashMap::new(), own: HashMap::new(), rivals: HashMap::new() };
        for it in uses {
            let days = calendar.used.entry(it.subscriber_id).or_default();
            if let Some(date) = it.last_date {
                *days.entry(date).or_insert(0) += it.last_count;
            }
            let Some(person) = people.get(&it.subscriber_id) else { continue };
            let today = app.local_date(person, now.reader);
            if let Some(instant) = it.in_flight {
                let date = app.local_date(person, instant);
                *days.entry(date).or_insert(0) += 1;
                // It may be accepted at any time, also long after it was due.
                if date != today {
                    *days.entry(today).or_insert(0) += 1;
                }
            }
            calendar.own.insert(it.enrolment_id, it.last_date);
            let waits = it.waiting.filter(|waits| waits.due <= now.reader && it.last_date != Some(today));
            if let Some(waits) = waits.filter(|waits| !holds.iter().any(|hold| hold.covers(&waits.what))) {
                let turns = calendar.rivals.entry(it.subscriber_id).or_default();
                turns.insert((waits.due, it.last_date, waits.basis, it.enrolment_id));
            }
        }
        calendar
    }

    /// `None` when the lesson may leave today, which then counts; else the moment to which it slides, and why.
    fn slides(&mut self, shelf: &Shelf, due: &Due) -> Option<(Timestamp, String)> {
        let (enrolment, person) = (&due.enrolment, due.subscriber.id);
        let today = due.reader.local_date(self.now.reader);
        let days = self.used.entry(person).or_default();
        let turns = self.rivals.entry(person).or_default();
        let turn = (enrolment.due, enrolment.last_date, enrolment.basis, enrolment.id);
        let before = u32::try_from(turns.range(..turn).count()).unwrap_or(u32::MAX);
        turns.remove(&turn);
        let cap = self.app.settings.site.daily_cap;
        let full = days.get(&today).copied().unwrap_or(0).saturating_add(before) >= cap;
        let again = self.own.get(&enrolment.id).copied().flatten() == Some(today);
        let shelved = shelf.get(&enrolment.course)?;
        let full_days = days.iter().filter(|(_, count)| **count >= cap).map(|(date, _)| *date);
        let taken: BTreeSet<Date> = full_days.chain([today]).collect();
        let slides = || slid(&shelved.course, enrolment, &due.reader, self.now.reader, &taken);
        let slid = (full || again).then(slides).flatten();
        if slid.is_none() {
            *days.entry(today).or_insert(0) += 1;
        }
        slid
    }
}

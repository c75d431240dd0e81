//! Puts the coach's files in force: the whole course is read and checked, then swapped together with the
//! reconciliation of everybody in it, visibly at once. A broken course stays as it was.

use crate::clock::Now;
use crate::course;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Loaded;
use crate::course::Tree;
use crate::delivery::State::Cancelled;
use crate::delivery::State::InDoubt;
use crate::delivery::State::Sending;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::enrolment::Known;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::issue;
use crate::flow::operate::REFUSED_CONTENT;
use crate::flow::operate::UNMADE;
use crate::flow::read_courses;
use crate::flow::shelf;
use crate::flow::shelf::Shelf;
use crate::flow::shelf::Shelved;
use crate::ids::next_id;
use crate::message::check_course;
use crate::problem::Problem;
use crate::problem::Source;
use crate::problem::any_error;
use crate::store::Connection;
use crate::store::courses::Version;
use crate::store::courses::put_in_force;
use crate::store::enrolments;
use crate::store::meta;
use crate::store::outbox;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many enrolments are read at a time.
const PAGE: i64 = 1000;
/// How soon after an edit a lesson may come that wasn't due yet.
const REST: SignedDuration = SignedDuration::from_hours(1);

/// What a reload found.
#[derive(Debug, Default)]
pub struct Reloaded {
    /// Courses whose new version is in force.
    pub swapped: Vec<String>,
    /// Why other courses keep their last good version.
    pub problems: Vec<Problem>,
}

/// Reads the courses folder and puts in force what is whole and new.
///
/// # Errors
/// When the folder can't be read, or the database not be written; the versions in force stay.
pub async fn from_disk(app: &App) -> Result<Reloaded> {
    let folder = app.settings.courses.clone();
    let prefix = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let found =
        tokio::task::spawn_blocking(move || read_courses::read_trees(&folder, &prefix).map(|found| (found, prefix)))
            .await??;
    let (found, prefix) = found;
    let is_there = |id: &String| found.trees.contains_key(id) || found.problems.contains_key(id);
    let gone: Vec<String> = app.shelf.read().await.courses.keys().filter(|id| !is_there(id)).cloned().collect();
    let mut reloaded = put(app, found.trees, &prefix).await?;
    for id in gone {
        let source = Source::new(format!("{prefix}/{id}/course.toml"), "");
        let help = "put it back; to end a course, retire its lessons";
        reloaded.problems.push(Problem::error(&source, 0..0, "the folder of this course is gone", help));
    }
    reloaded.problems.extend(found.problems.into_values().flatten());
    alarm(app, &reloaded.problems).await;
    Ok(reloaded)
}

/// Puts these trees in force, as far as they are whole and new.
pub async fn put(app: &App, trees: BTreeMap<String, Tree>, prefix: &str) -> Result<Reloaded> {
    let mut loaded: Vec<Loaded> = trees.iter().map(|(id, tree)| course::load(id, prefix, tree)).collect();
    course::check_shelf(&mut loaded);
    let mut reloaded = Reloaded::default();
    for one in loaded {
        reloaded.problems.extend(one.problems);
        let Some(course) = one.course else { continue };
        let current = app.shelf.read().await.get(&course.id).cloned();
        if current.as_ref().is_some_and(|current| current.course.version == course.version) {
            continue;
        }
        let (id, tree) = (course.id.clone(), &trees[&course.id]);
        let problems = check_course(&app.templates, &app.settings.site, &course);
        if any_error(&problems) {
            reloaded.problems.extend(problems);
            continue;
        }
        match Shelved::new(&app.templates, &app.settings.site, course) {
            Ok(shelved) => {
                swap(app, shelved, tree, current.as_deref()).await?;
                reloaded.swapped.push(id);
            }
            Err(problems) => reloaded.problems.extend(problems),
        }
    }
    app.changed.notify_waiters();
    Ok(reloaded)
}

/// The courses in force, as the database keeps them.
pub async fn from_store(app: &App) -> Result<()> {
    let stored = crate::store::courses::in_force(&mut *app.store.read().await?).await?;
    let mut shelf = Shelf::default();
    for version in stored {
        let course = shelf::unpack(&version.course, &version.files)?;
        match Shelved::new(&app.templates, &app.settings.site, course) {
            Ok(shelved) => {
                shelf.courses.insert(version.course, Arc::new(shelved));
            }
            Err(problems) => {
                anyhow::bail!("course {} no longer renders: {}; correct the template", version.course, problems[0])
            }
        }
    }
    *app.shelf.write().await = Arc::new(shelf);
    Ok(())
}

/// One transaction for the version and everybody in it; nobody reads the shelf meanwhile.
async fn swap(app: &App, new: Shelved, tree: &Tree, old: Option<&Shelved>) -> Result<()> {
    let now = app.clock.now();
    let mut shelf = app.shelf.write().await;
    let mut transaction = app.store.begin().await?;
    let version =
        Version { course: new.course.id.clone(), version: new.course.version.clone(), files: shelf::pack(tree)? };
    put_in_force(&mut transaction, next_id(now.wall), &version, now.wall.as_millisecond()).await?;
    keep_holds(&mut transaction, &new.course, now).await?;
    if let Some(old) = old {
        reconcile_all(app, &mut transaction, &old.course, &new, now).await?;
    }
    match old.filter(|old| old.course.kind == Kind::Newsletter) {
        Some(old) => issue::follow_edit(app, &mut transaction, &old.course, &new, now).await?,
        None => issue::begin(app, &mut transaction, &new, now).await?,
    }
    transaction.commit().await?;
    tracing::info!(course = version.course, version = &version.version[..12], "a course is in force");
    let mut courses = shelf.courses.clone();
    courses.insert(version.course, Arc::new(new));
    *shelf = Arc::new(Shelf { courses });
    Ok(())
}

/// A lesson that is held stays so under its new name.
async fn keep_holds(connection: &mut Connection, course: &Course, now: Now) -> Result<()> {
    let scope = |name: &str| format!("lesson/{}/{name}", course.id);
    let holds = meta::holds(connection).await?;
    for lesson in course.lessons.values() {
        let held = holds.iter().find(|hold| lesson.was.iter().any(|was| hold.name == scope(was)));
        if let Some(hold) = held {
            meta::hold(connection, &scope(&lesson.id), &hold.why, now.wall.as_millisecond()).await?;
        }
    }
    Ok(())
}

async fn reconcile_all(app: &App, connection: &mut Connection, old: &Course, new: &Shelved, now: Now) -> Result<()> {
    let mut after = 0;
    loop {
        let page = enrolments::of_course(connection, &new.course.id, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = last.id;
        for (mut enrolment, subscriber) in page {
            // Who is held for their address stays held, whatever becomes of the lesson.
            let may_go_on = enrolment.state != State::Held || subscriber.status == Status::Active;
            let is_retired = new.course.retired.contains(&enrolment.lesson);
            if is_retired && may_go_on && drop_unsent(connection, &enrolment, now).await? {
                enrolment.state = State::Waiting;
            }
            let occurrence = enrolment.occurrence;
            if let Some(changed) = reconcile(app, old, new, enrolment, &subscriber, now) {
                if changed.state == State::InFlight {
                    enrolments::follow_edit(connection, &changed).await?;
                    continue;
                }
                if changed.occurrence > occurrence {
                    cancel_unmade(connection, &changed, now).await?;
                }
                anyhow::ensure!(
                    enrolments::put(connection, &changed, now.wall).await?,
                    "an enrolment changed during a reload"
                );
            }
        }
    }
}

/// The next occurrence takes the place of a message that couldn't be made.
async fn cancel_unmade(connection: &mut Connection, enrolment: &Enrolment, now: Now) -> Result<()> {
    for row in outbox::open_of(connection, enrolment.subscriber_id).await? {
        if row.enrolment_id == enrolment.id {
            outbox::set_state(connection, row.id, row.state, Cancelled, "the lesson was edited", now.wall).await?;
        }
    }
    Ok(())
}

/// Takes a retired lesson away from somebody who has it under way or is held at it. False for those whose message may
/// have left, and for those who don't wait for it in this way.
async fn drop_unsent(connection: &mut Connection, enrolment: &Enrolment, now: Now) -> Result<bool> {
    if !matches!(enrolment.state, State::InFlight | State::Held) {
        return Ok(false);
    }
    let open = outbox::open_of(connection, enrolment.subscriber_id).await?;
    let own: Vec<_> = open.iter().filter(|row| row.enrolment_id == enrolment.id).collect();
    if own.iter().any(|row| matches!(row.state, Sending | InDoubt)) {
        return Ok(false);
    }
    for row in own {
        outbox::set_state(connection, row.id, row.state, Cancelled, "the lesson was retired", now.wall).await?;
    }
    Ok(true)
}

/// What an edit does to one person: `None` when nothing.
fn reconcile(
    app: &App,
    old: &Course,
    new: &Shelved,
    before: Enrolment,
    person: &Subscriber,
    now: Now,
) -> Option<Enrolment> {
    let result = enrolment::reconcile(Known::of(old), &new.course, &before.progress);
    let mut after = Enrolment { progress: result.progress, ..before.clone() };
    if let Some((_, name)) = result.renamed.iter().find(|(old, _)| *old == after.lesson) {
        after.lesson.clone_from(name);
    }
    match after.state {
        State::Waiting | State::Awaiting | State::Completed => {
            new.advance(app, &mut after, person);
            soften(app, new, &before, &mut after, person, now);
        }
        // A message under way ends first; the record then looks at the new version.
        State::InFlight | State::Pending | State::Paused | State::Left => {}
        State::Held => released_by_edit(app, old, new, &mut after, person, now),
    }
    (after != before).then_some(after)
}

/// Nobody gets a lesson within the hour because of an edit, and many who would are spread over the day.
fn soften(app: &App, new: &Shelved, before: &Enrolment, after: &mut Enrolment, person: &Subscriber, now: Now) {
    let moved = before.due != after.due || before.lesson != after.lesson;
    if after.state != State::Waiting || !moved || before.state == State::Completed && after.is_new() {
        return;
    }
    let soon = now.reader.saturating_add(REST).unwrap_or(Timestamp::MAX);
    if after.due < soon && after.due < before.due {
        after.floor = Some(soon);
        new.schedule(app, after, person);
    }
}

/// A lesson that a relay refused for what is in it, or that couldn't be made, is tried again once it was edited.
fn released_by_edit(app: &App, old: &Course, new: &Shelved, after: &mut Enrolment, person: &Subscriber, now: Now) {
    let version = |course: &Course| course.lessons.get(&after.lesson).map(|lesson| lesson.version.clone());
    let why = after.held_why.as_deref().unwrap_or_default();
    let mendable = why.starts_with(REFUSED_CONTENT) || why.starts_with(UNMADE);
    if mendable && person.status == Status::Active && version(old) != version(&new.course) {
        after.occurrence += 1;
        after.held_why = None;
        after.floor = Some(now.reader.saturating_add(REST).unwrap_or(Timestamp::MAX));
        new.schedule(app, after, person);
    }
}

/// Keeps what is wrong with the files before the operator's eyes until it is mended.
async fn alarm(app: &App, problems: &[Problem]) {
    const KEY: &str = "courses";
    match problems.iter().find(|problem| problem.severity == crate::problem::Severity::Error) {
        Some(first) => {
            let text = format!("{first}; the last good version stays in force; run `dripline check`");
            tracing::warn!(problem = text, "course files have errors");
            app.raise(KEY, &text).await;
        }
        None => app.lower(KEY).await,
    }
}

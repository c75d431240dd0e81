//! Puts the coach's files in force: the whole course is read and checked, then swapped together with the
//! reconciliation of everybody in it, visibly at once. A broken course stays as it was.

use crate::clock::Now;
use crate::course;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Loaded;
use crate::course::Tree;
use crate::flow::App;
use crate::flow::edit::Edit;
use crate::flow::edit::Effect;
use crate::flow::issue;
use crate::flow::plan;
use crate::flow::read_courses;
use crate::flow::shelf;
use crate::flow::shelf::Shelf;
use crate::flow::shelf::Shelved;
use crate::ids::next_id;
use crate::message::check_course;
use crate::message::check_images;
use crate::problem::Problem;
use crate::problem::Source;
use crate::problem::any_error;
use crate::store::Connection;
use crate::store::courses::Version;
use crate::store::courses::put_in_force;
use crate::store::enrolments;
use crate::store::meta;
use crate::store::meta::Notice;
use crate::text::counted;
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The alarm of files that can't be put in force.
const ALARM: &str = "courses";
/// How the alarm of an edit begins that waits for a yes.
const PLAN: &str = "plan/";

/// What a reload found.
#[derive(Debug, Default)]
pub struct Reloaded {
    /// Courses whose new version is in force.
    pub swapped: Vec<String>,
    /// Courses, and their new versions, that wait for somebody's yes.
    pub waiting: Vec<(String, String)>,
    /// Why other courses keep their last good version.
    pub problems: Vec<Problem>,
}

/// Reads the courses folder and puts in force what is whole and new.
///
/// # Errors
/// When the folder can't be read, or the database not be written; the versions in force stay.
pub async fn from_disk(app: &App) -> Result<Reloaded> {
    let read = read_folder(app).await;
    if let Err(error) = &read {
        app.raise(ALARM, &format!("{error:#}; the last good versions stay in force")).await;
    }
    let (found, prefix) = read?;
    let gone = gone(app, &found, &prefix).await;
    let mut reloaded = put(app, found.trees, &prefix).await?;
    reloaded.problems.extend(gone);
    reloaded.problems.extend(found.problems.into_values().flatten());
    alarm(app, &reloaded.problems).await;
    Ok(reloaded)
}

/// A problem for each course in force whose folder isn't there any more.
pub async fn gone(app: &App, found: &read_courses::Found, prefix: &str) -> Vec<Problem> {
    let is_there = |id: &String| found.trees.contains_key(id) || found.problems.contains_key(id);
    let shelf = app.shelf.read().await;
    let gone = shelf.courses.keys().filter(|id| !is_there(id)).map(|id| {
        let source = Source::new(format!("{prefix}/{id}/course.toml"), "");
        let help = "put it back; to end a course, retire its lessons";
        Problem::error(&source, 0..0, "the folder of this course is gone", help)
    });
    gone.collect()
}

/// What stands in the courses folder, and the folder's name for problems.
pub async fn read_folder(app: &App) -> Result<(read_courses::Found, String)> {
    let folder = app.settings.courses.clone();
    let prefix = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    tokio::task::spawn_blocking(move || Ok((read_courses::read_trees(&folder, &prefix)?, prefix))).await?
}

/// Puts these trees in force, as far as they are whole and new.
pub async fn put(app: &App, trees: BTreeMap<String, Tree>, prefix: &str) -> Result<Reloaded> {
    let mut reloaded = Reloaded::default();
    let fresh = fresh(app, &trees, prefix).await?;
    reloaded.problems = fresh.problems;
    for (shelved, current) in fresh.versions {
        let (id, version) = (shelved.course.id.clone(), shelved.course.version.clone());
        match swap(app, shelved, &trees[&id], current.as_deref()).await? {
            Swapped::InForce => reloaded.swapped.push(id),
            Swapped::Asks(effect) => {
                reloaded.waiting.push((id, version));
                app.raise(&plan_key(&effect.course), &question(&effect)).await;
            }
        }
    }
    // What was asked about an edit that is in force by now, or was taken back, is asked no more.
    let waits = |notice: &Notice| reloaded.waiting.iter().any(|(course, _)| plan_key(course) == notice.name);
    for notice in meta::alarms(&mut *app.store.read().await?).await? {
        if notice.name.starts_with(PLAN) && !waits(&notice) {
            app.lower(&notice.name).await;
        }
    }
    app.changed.notify_waiters();
    Ok(reloaded)
}

/// Courses whose files differ from what is in force.
pub struct Fresh {
    /// Each whole new version, and the one in force, if any.
    pub versions: Vec<(Shelved, Option<Arc<Shelved>>)>,
    /// Why others stay as they are.
    pub problems: Vec<Problem>,
}

/// Which of these trees are whole and new. Changes nothing.
pub async fn fresh(app: &App, trees: &BTreeMap<String, Tree>, prefix: &str) -> Result<Fresh> {
    let mut loaded: Vec<Loaded> = trees.iter().map(|(id, tree)| course::load(id, prefix, tree)).collect();
    course::check_shelf(&mut loaded);
    let mut fresh = Fresh { versions: Vec::new(), problems: Vec::new() };
    for one in loaded {
        fresh.problems.extend(one.problems);
        let Some(course) = one.course else { continue };
        let current = app.shelf.read().await.get(&course.id).cloned();
        if current.as_ref().is_some_and(|current| current.course.version == course.version) {
            continue;
        }
        let lost = current.as_ref().and_then(|current| lost(&current.course, &course, &trees[&course.id]));
        // Away from the runtime: whoever looks at an image for the first time decodes it.
        let (course, _) = tokio::task::spawn_blocking(move || {
            let looked_at = check_images(&course);
            (course, looked_at)
        })
        .await?;
        let mut problems = check_course(&app.templates, &app.settings.site, &course);
        problems.extend(lost);
        if current.is_some() && !any_error(&problems) {
            problems.extend(unmet(app, &course).await?);
        }
        if any_error(&problems) {
            fresh.problems.extend(problems);
            continue;
        }
        match Shelved::new(&app.templates, &app.settings.site, course) {
            Ok(shelved) => fresh.versions.push((shelved, current)),
            Err(problems) => fresh.problems.extend(problems),
        }
    }
    Ok(fresh)
}

/// What can't be filled in for people who signed up before a field was required. The form asks only those who come.
async fn unmet(app: &App, course: &Course) -> Result<Vec<Problem>> {
    let (mut judged, mut problems) = (course.clone(), Vec::new());
    let mut connection = app.store.read().await?;
    for (name, _) in course.fields.iter().filter(|(_, field)| field.required) {
        let people = enrolments::without_field(&mut connection, &course.id, name).await?;
        if people == 0 {
            continue;
        }
        let editions = judged.translations.values_mut().map(|it| &mut it.course.fields);
        let fields = editions.chain([&mut judged.fields]).filter_map(|fields| fields.get_mut(name));
        fields.for_each(|field| field.required = false);
        let who = counted(people, "person in this course has", "people in this course have");
        let message = format!("{who} no `{name}`, which wasn't required when they signed up");
        let help = format!("write {{{{ subscriber.fields.{name} or \"…\" }}}} in the lessons that name it");
        problems.push(Problem::error(&course.source, 0..0, message, help));
    }
    drop(connection);
    if problems.is_empty() {
        return Ok(problems);
    }
    let found = check_course(&app.templates, &app.settings.site, &judged);
    // Nobody minds as long as no lesson needs it.
    Ok(if any_error(&found) { problems.into_iter().chain(found).collect() } else { Vec::new() })
}

/// A lesson in force whose file is gone, and of which nothing says what became of it: under another name it would be sent
/// twice.
fn lost(old: &Course, new: &Course, tree: &Tree) -> Option<Problem> {
    let is_known = |id: &&String| {
        let was = new.lessons.values().any(|lesson| lesson.was.contains(id));
        was || new.retired.contains(id) || tree.contains_key(&format!("{id}.md"))
    };
    let lost = old.order.iter().find(|id| !is_known(id))?;
    let message = format!("lesson `{lost}` is gone, and may have been sent");
    let help = format!("write was = [\"{lost}\"] in the file that it became, or list it in `retired`");
    Some(Problem::error(&new.source, 0..0, message, help))
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

/// What became of a new version.
enum Swapped {
    InForce,
    /// Somebody has to say yes first.
    Asks(Effect),
}

/// One transaction for the version and everybody in it; nobody reads the shelf meanwhile.
async fn swap(app: &App, new: Shelved, tree: &Tree, old: Option<&Shelved>) -> Result<Swapped> {
    let now = app.clock.now();
    let mut shelf = app.shelf.write().await;
    let mut transaction = app.store.begin().await?;
    let version =
        Version { course: new.course.id.clone(), version: new.course.version.clone(), files: shelf::pack(tree)? };
    put_in_force(&mut transaction, next_id(now.wall), &version, now.wall.as_millisecond()).await?;
    keep_holds(&mut transaction, &new.course, now).await?;
    if let Some(old) = old {
        let edit = Edit { app, old: &old.course, new: &new, now, crowd: 0 };
        let effect = edit.foresee(&mut transaction, false).await?;
        if effect.asks() && !plan::is_confirmed(&mut transaction, &version.course, &version.version).await? {
            return Ok(Swapped::Asks(effect));
        }
        Edit { crowd: effect.crowd, ..edit }.carry_out(&mut transaction).await?;
        plan::forget_yes(&mut transaction, &version.course).await?;
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
    Ok(Swapped::InForce)
}

/// What waits for a yes, before the operator's eyes.
fn question(effect: &Effect) -> String {
    let course = &effect.course;
    let reach = match effect.next_withdrawn {
        0 => format!("it reaches {} within a day", counted(effect.soon, "person", "people")),
        people => format!("it withdraws the next lesson of {}", counted(people, "person", "people")),
    };
    format!("the edit of {course} waits: {reach}; look at it with `dripline plan`, which says how to confirm it")
}

fn plan_key(course: &str) -> String {
    format!("{PLAN}{course}")
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

/// Keeps what is wrong with the files before the operator's eyes until it is mended.
async fn alarm(app: &App, problems: &[Problem]) {
    match problems.iter().find(|problem| problem.severity == crate::problem::Severity::Error) {
        Some(first) => {
            let text =
                format!("{first}; the last good version stays in force; `dripline plan` says all that keeps it so");
            tracing::warn!(problem = text, "course files have errors");
            app.raise(ALARM, &text).await;
        }
        None => app.lower(ALARM).await,
    }
}

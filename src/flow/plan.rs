//! What the files on disk would change for the people enrolled now, and the yes of whoever looked at it.

use crate::flow::App;
use crate::flow::edit::Edit;
use crate::flow::edit::Effect;
use crate::flow::reload;
use crate::problem::Problem;
use crate::store::Connection;
use crate::store::meta;
use anyhow::Result;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

/// Digits of the hash that people copy.
const HASH: usize = 12;

/// Every edit that isn't in force.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// Names what was shown: another edit has another.
    pub hash: String,
    /// Somebody has to confirm it.
    pub asks: bool,
    pub courses: Vec<Effect>,
    /// Courses that nobody is in yet.
    pub new: Vec<String>,
    /// Why the files of other courses can't be put in force.
    #[serde(skip)]
    pub problems: Vec<Problem>,
    #[serde(skip)]
    versions: Vec<(String, String)>,
}

/// What became of a confirmation.
#[derive(Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It comes into force: by the daemon, or by whoever reads the files next.
    Yes,
    /// The files have changed since: their hash now.
    Another(String),
    /// Everything on disk is in force already.
    NothingWaits,
}

/// Works out what the files on disk would change. Writes nothing. `names`: also for whom.
pub async fn plan(app: &App, names: bool) -> Result<Plan> {
    let (found, prefix) = reload::read_folder(app).await?;
    let fresh = reload::fresh(app, &found.trees, &prefix).await?;
    let mut problems = reload::gone(app, &found, &prefix).await;
    problems.extend(found.problems.into_values().flatten());
    problems.extend(fresh.problems);
    let mut plan =
        Plan { hash: String::new(), asks: false, courses: Vec::new(), new: Vec::new(), problems, versions: Vec::new() };
    let mut hash = Sha256::new();
    for (new, old) in &fresh.versions {
        let course = &new.course;
        hash.update(format!("{} {}\n", course.id, course.version));
        plan.versions.push((course.id.clone(), course.version.clone()));
        let Some(old) = old else {
            plan.new.push(course.id.clone());
            continue;
        };
        let mut connection = app.store.read().await?;
        let edit = Edit { app, old: &old.course, new, now: app.clock.now(), crowd: 0 };
        let effect = edit.foresee(&mut connection, names).await?;
        plan.asks |= effect.asks() && !is_confirmed(&mut connection, &course.id, &course.version).await?;
        plan.courses.push(effect);
    }
    plan.hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..HASH].to_string();
    Ok(plan)
}

/// Says yes to what `hash` names.
pub async fn confirm(app: &App, hash: &str) -> Result<Confirmed> {
    let plan = plan(app, false).await?;
    if plan.versions.is_empty() {
        return Ok(Confirmed::NothingWaits);
    }
    if !hash.eq_ignore_ascii_case(&plan.hash) {
        return Ok(Confirmed::Another(plan.hash));
    }
    let mut transaction = app.store.begin().await?;
    for (course, version) in &plan.versions {
        meta::set(&mut transaction, &key(course), version).await?;
    }
    transaction.commit().await?;
    Ok(Confirmed::Yes)
}

/// Whether somebody said yes to this version.
pub async fn is_confirmed(connection: &mut Connection, course: &str, version: &str) -> Result<bool> {
    Ok(meta::get(connection, &key(course)).await?.is_some_and(|said| said == version))
}

/// A yes is used up by the edit that it was said to: the same files mean something else to people at another time.
pub async fn forget_yes(connection: &mut Connection, course: &str) -> Result<()> {
    Ok(meta::remove(connection, &key(course)).await?)
}

fn key(course: &str) -> String {
    format!("confirmed/{course}")
}

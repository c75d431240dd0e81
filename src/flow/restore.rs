//! Puts a backup in the place of the database. The old one is moved aside, and the restored one starts held: what was sent
//! since the backup was made isn't in it. Knows SQLite's files only.

use crate::course::Kind;
use crate::flow::App;
use crate::flow::backup::sync_folder;
use crate::flow::carry_over::carry_over;
use crate::flow::journal;
use crate::flow::open;
use crate::store::backup;
use crate::store::backup::Stops;
use crate::store::meta;
use anyhow::Context as _;
use anyhow::Result;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

/// What a restored database is.
#[derive(Debug)]
pub struct Restored {
    /// Where the database is that was there before.
    pub aside: Option<PathBuf>,
    /// When a relay last took a mail, as far as the backup knows.
    pub last_accepted: Option<Timestamp>,
    /// Messages that were on the wire, or in doubt, when the backup was made.
    pub in_doubt: i64,
    /// People whom the database that was there before knew to have left, or to get nothing, and the backup didn't: here
    /// too now. `None`: there was none that can be read.
    pub stopped: Option<usize>,
    /// Issues of newsletters that went out since, as `NEWSLETTER/ISSUE`: they are due again. `None`: there are newsletters,
    /// and no database that can be asked.
    pub issues: Option<Vec<String>>,
    pub breaches: Vec<String>,
}

/// What the database that was there before can still say.
struct Known {
    stops: Option<Stops>,
    issues: Option<BTreeSet<String>>,
}

/// SQLite's files, by what their names end in.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

const WHY: &str = "this database was restored from a backup: what was sent since then isn't in it";

/// Puts the backup `from` at `place`. `open` opens a database by its URL, and migrates it.
///
/// # Errors
/// When a daemon works at `place`, or the backup can't be used. The database that is there then stays untouched.
pub async fn restore(place: &Path, from: &Path, open: impl AsyncFn(String) -> Result<App>) -> Result<Restored> {
    make_folder(place)?;
    let _lock = backup::lock(place)?;
    let fresh = with_ending(place, ".restoring");
    let prepared = async {
        lay_beside(from, &fresh).await?;
        if place.exists() {
            // One that can't be opened is moved aside with its log.
            backup::settle(place).await.ok();
        }
        let app = open(url(&fresh)).await.with_context(|| format!("{} can't be used", from.display()))?;
        let known = Known { stops: backup::stops(place).await.ok(), issues: backup::issues(place).await.ok() };
        prepare(&app, known).await
    };
    let (mut restored, now) = prepared.await.inspect_err(|_| remove(&fresh))?;
    restored.aside = move_aside(place, now)?;
    fs::rename(&fresh, place).with_context(|| format!("can't move the backup to {}", place.display()))?;
    sync_folder(place)?;
    let app = open(url(place)).await?;
    open::adopt(&app).await?;
    app.store.close().await;
    Ok(restored)
}

/// A copy of the backup that is known to be whole. What stood beside a database that was copied by hand comes along.
async fn lay_beside(from: &Path, fresh: &Path) -> Result<()> {
    remove(fresh);
    for ending in ["", "-wal"] {
        let source = with_ending(from, ending);
        if ending.is_empty() || source.exists() {
            copy(&source, &with_ending(fresh, ending)).with_context(|| format!("can't copy {}", source.display()))?;
        }
    }
    let damages = backup::damages(fresh).await;
    let damages = damages.with_context(|| format!("{} is no database that can be read", from.display()))?.join("; ");
    anyhow::ensure!(damages.is_empty(), "{} can't be used: {damages}; take another backup", from.display());
    Ok(())
}

/// Holds everything in the copy, before it is anybody's database.
async fn prepare(app: &App, known: Known) -> Result<(Restored, Timestamp)> {
    let now = app.clock.now().wall;
    let mut transaction = app.store.begin().await?;
    meta::hold(&mut transaction, "all", WHY, now.as_millisecond()).await?;
    let text = format!("nothing is sent: {WHY}; look at `dripline status`, then `dripline release`");
    meta::raise(&mut transaction, "hold/all", &text, now.as_millisecond()).await?;
    transaction.commit().await?;
    let stopped = match known.stops {
        Some(stops) => Some(carry_over(app, stops).await?),
        None => None,
    };
    let issues = issues_since(app, known.issues).await?;
    let breaches = journal::verify(app).await?;
    let status = journal::status(app).await?;
    let in_doubt = ["sending", "in_doubt"].iter().filter_map(|state| status.deliveries.get(state)).sum();
    let last_accepted = backup::last_accepted(&mut *app.store.read().await?).await?;
    app.store.forget_old_pages().await?;
    app.store.close().await;
    Ok((Restored { aside: None, last_accepted, in_doubt, stopped, issues, breaches }, now))
}

async fn issues_since(app: &App, known: Option<BTreeSet<String>>) -> Result<Option<Vec<String>>> {
    let here = backup::issues_in(&mut *app.store.read().await?).await?;
    let newsletters = app.shelf.read().await.courses.values().any(|it| it.course.kind == Kind::Newsletter);
    let none = || if newsletters { None } else { Some(Vec::new()) };
    Ok(known.map_or_else(none, |known| Some(known.difference(&here).cloned().collect())))
}

fn move_aside(place: &Path, now: Timestamp) -> Result<Option<PathBuf>> {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let mut aside = with_ending(place, &format!(".before-restore-{stamp}"));
    while aside.exists() {
        aside = with_ending(&aside, "-again");
    }
    let was_there = place.exists();
    for ending in ENDINGS {
        let file = with_ending(place, ending);
        if file.exists() {
            fs::rename(&file, with_ending(&aside, ending)).with_context(|| format!("can't move {}", file.display()))?;
        }
    }
    Ok(was_there.then_some(aside))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut copied = File::options().create_new(true).write(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut copied)?;
    copied.sync_all()
}

fn make_folder(place: &Path) -> Result<()> {
    let Some(folder) = place.parent().filter(|folder| !folder.exists()) else { return Ok(()) };
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("can't make the folder {}", folder.display()))
}

fn remove(database: &Path) {
    for ending in ENDINGS {
        fs::remove_file(with_ending(database, ending)).ok();
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

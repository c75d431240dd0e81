//! Many people from a file, by the rules of `sign_up`: a batch of rows is one transaction, so that an interruption leaves
//! whole rows, sending goes on meanwhile, and a repetition finds who is there already. Knows no terminal.

mod columns;
mod moved;
mod records;
mod row;
mod text;

pub use columns::Mapping;

use crate::address::Address;
use crate::clock::Now;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::reload;
use crate::flow::sheet::Fact;
use crate::flow::shelf::Shelf;
use crate::flow::sign_up;
use crate::flow::sign_up::SignedUp;
use crate::flow::sign_up::Word;
use crate::flow::standing::Standing;
use crate::flow::standing::Standings;
use crate::keys::nearest;
use crate::store::courses;
use anyhow::Result;
use columns::Columns;
use records::Records;
use row::Door;
use row::Row;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::HashMap;
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use text::Text;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::channel;

/// Rows of one transaction: few enough that a daemon's writes wait no longer than 0.1 s.
const BATCH: usize = 1000;

/// What to import.
#[derive(Debug, Clone)]
pub struct Settings {
    pub file: PathBuf,
    pub maps: Vec<Mapping>,
    /// Tells everything and writes nothing.
    pub dry_run: bool,
}

/// A row that wasn't imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The line of the file on which the row begins.
    pub line: u64,
    /// A sentence with the next action.
    pub reason: String,
}

/// What became of some rows.
#[derive(Debug, Default)]
pub struct Tally {
    /// Rows that weren't empty.
    pub read: u64,
    pub imported: u64,
    /// Mails queued that ask for confirmation.
    pub confirmations: u64,
    /// Rows whose person is in that course already.
    pub already: u64,
    /// Lessons that are due now.
    pub due: u64,
    pub refused: Vec<Refused>,
    /// Bytes of the file that were taken so far.
    pub bytes: u64,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("can't read {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    #[error("{0} is a folder; name a file of comma-separated values")]
    Folder(PathBuf),
    #[error("{0} is empty; its first line must name the columns: email,first_name,zone,language,course,source")]
    Empty(PathBuf),
    #[error("{0}, line {1}: {2}")]
    Header(PathBuf, u64, String),
}

/// An import under way.
#[derive(Debug)]
pub struct Import {
    batches: Receiver<std::io::Result<Batch>>,
    dry_run: bool,
    /// Who would have been asked, while nothing is written.
    asked: HashSet<String>,
    /// What the shelf was made of, by the database.
    versions: Vec<(String, String)>,
    /// Length of the file in bytes.
    pub length: u64,
    /// Whether everybody must be asked, since no column says where consent came from.
    pub lacks_source: bool,
}

#[derive(Debug)]
struct Batch {
    rows: Vec<(u64, Result<Row, String>)>,
    /// Bytes of the file that were taken so far.
    bytes: u64,
}

impl Import {
    /// Opens the file and looks at its header; nothing is written before the first step.
    ///
    /// # Errors
    /// When the file can't be read, or its header isn't understood.
    pub async fn open(app: &App, settings: &Settings) -> Result<Import, ImportError> {
        let path = &settings.file;
        let unreadable = |error| ImportError::Unreadable(path.clone(), error);
        let file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        if about.is_dir() {
            return Err(ImportError::Folder(path.clone()));
        }
        let mut records = Records::new(Text::new(file)).map_err(unreadable)?;
        let header = records.read().map_err(unreadable)?.ok_or_else(|| ImportError::Empty(path.clone()))?;
        let fault = |text: String| ImportError::Header(path.clone(), header.line, text);
        let cells = header.cells.map_err(|error| fault(error.to_string()))?;
        let shelf = app.shelf.read().await;
        let courses: Vec<&str> = shelf.courses.keys().map(String::as_str).collect();
        let columns = Columns::new(&cells, &settings.maps, &courses).map_err(fault)?;
        let lacks_source = !columns.has(Fact::Source) && !columns.has(Fact::Suppressed);
        let door = Door::new(columns, app.clock.now().reader.max(app.clock.now().wall));
        let (send, batches) = channel(2);
        tokio::task::spawn_blocking(move || read_batches(records, door, &send));
        let versions = shelf.courses.iter().map(|(id, it)| (id.clone(), it.course.version.clone())).collect();
        let dry_run = settings.dry_run;
        Ok(Import { batches, dry_run, asked: HashSet::new(), versions, length: about.len(), lacks_source })
    }

    /// Imports the next batch of rows, whole or not at all; `None` at the end.
    ///
    /// # Errors
    /// When the file can't be read on, or the database not be written; all earlier batches stay.
    pub async fn step(&mut self, app: &App) -> Result<Option<Tally>> {
        let Some(batch) = self.batches.recv().await else { return Ok(None) };
        let batch = batch?;
        loop {
            match self.enrol(app, &batch).await? {
                Some(tally) => return Ok(Some(tally)),
                // A daemon has put an edit in force since the last batch.
                None => reload::from_store(app).await?,
            }
        }
    }

    /// `None`, and nothing done, where other versions of the courses are in force than the last time.
    async fn enrol(&mut self, app: &App, batch: &Batch) -> Result<Option<Tally>> {
        let now = app.clock.now();
        let shelf = app.shelf.read().await;
        let rows = batch.rows.iter().filter_map(|(_, row)| row.as_ref().ok());
        let addresses: Vec<&Address> = rows.map(|row| &row.request.address).collect();
        let mut tally = Tally { bytes: batch.bytes, ..Tally::default() };
        if self.dry_run {
            let mut standings = Standings::read(app, &mut *app.store.read().await?, &addresses).await?;
            self.decide(app, &shelf, &mut standings, batch, now, &mut tally)?;
            return Ok(Some(tally));
        }
        let mut transaction = app.store.begin().await?;
        let versions = courses::versions(&mut transaction).await?;
        if versions != self.versions {
            self.versions = versions;
            return Ok(None);
        }
        let mut standings = Standings::read(app, &mut transaction, &addresses).await?;
        self.decide(app, &shelf, &mut standings, batch, now, &mut tally)?;
        standings.write(app, &mut transaction, now).await?;
        transaction.commit().await?;
        app.changed.notify_waiters();
        Ok(Some(tally))
    }

    fn decide<'a>(
        &mut self,
        app: &App,
        shelf: &'a Shelf,
        standings: &mut Standings<'a>,
        batch: &'a Batch,
        now: Now,
        tally: &mut Tally,
    ) -> Result<()> {
        for (line, row) in &batch.rows {
            tally.read += 1;
            let decided = match row {
                Ok(row) => self.decide_row(app, shelf, standings.of(&row.request.address), row, now, tally)?,
                Err(reason) => Err(reason.clone()),
            };
            if let Err(reason) = decided {
                tally.refused.push(Refused { line: *line, reason });
            }
        }
        Ok(())
    }

    /// The inner error is why the row is refused.
    fn decide_row<'a>(
        &mut self,
        app: &App,
        shelf: &'a Shelf,
        standing: &mut Standing<'a>,
        row: &'a Row,
        now: Now,
        tally: &mut Tally,
    ) -> Result<Result<(), String>> {
        let before = standing.enrolments.len();
        let (mut was_new, mut signed_up) = (false, SignedUp::AlreadyEnrolled);
        let is_whole = row.suppressed.is_none() || !row.request.course.is_empty();
        if is_whole {
            signed_up = match &row.moved {
                Some(moved) => moved::take_over(app, shelf, standing, row, moved, now)?,
                None if was_there(standing, row) => SignedUp::AlreadyEnrolled,
                None => sign_up::decide(app, shelf, standing, &row.request, now)?,
            };
        }
        if let Some(reason) = reason(&signed_up, row, shelf) {
            return Ok(Err(reason));
        }
        if let (Some(suppression), None) = (&row.suppressed, &standing.suppression) {
            standing.suppress(suppression.clone(), before > 0);
            was_new = true;
        }
        if signed_up == SignedUp::Asked && self.is_first(row) {
            tally.confirmations += 1;
        }
        let place = standing.enrolments.iter().rfind(|it| it.course == row.request.course);
        if signed_up == SignedUp::Enrolled && place.is_some_and(|it| it.state == State::Waiting && it.due <= now.reader)
        {
            tally.due += 1;
        }
        if was_new || standing.enrolments.len() > before || signed_up == SignedUp::Enrolled {
            tally.imported += 1;
        } else {
            tally.already += 1;
        }
        Ok(Ok(()))
    }

    /// Whether this person is asked for the first time; where nothing is written only we know.
    fn is_first(&mut self, row: &Row) -> bool {
        !self.dry_run || self.asked.insert(row.request.address.key())
    }
}

/// Whether this very consent brought the person into the course before: whoever has completed it or left it since then
/// isn't sent it again because a file is imported a second time.
fn was_there(standing: &Standing<'_>, row: &Row) -> bool {
    let source = match &row.request.word {
        Word::Confirmed(source) => Some(source),
        Word::Visitor(_) | Word::Owner(_) | Word::Operator => None,
    };
    let course = &row.request.course;
    standing.suppression.is_none()
        && standing.enrolments.iter().any(|it| it.course == *course)
        && standing.agreed.iter().any(|it| it.course == *course && Some(&it.source) == source)
}

/// Why a row isn't imported.
fn reason(signed_up: &SignedUp, row: &Row, shelf: &Shelf) -> Option<String> {
    let course = &row.request.course;
    Some(match signed_up {
        SignedUp::Enrolled | SignedUp::Asked | SignedUp::AskedBefore | SignedUp::AlreadyEnrolled => return None,
        SignedUp::Suppressed(why) => {
            format!("email: this address gets nothing: {why}; `dripline suppression lift` undoes that, with a reason")
        }
        SignedUp::NoSuchCourse => match nearest(course, shelf.courses.keys().map(String::as_str)) {
            Some(near) => format!("course: there is no course {course}; did you mean {near}?"),
            None => format!("course: there is no course {course}; `dripline check` shows what is wrong with the files"),
        },
        SignedUp::UnknownField(name) => {
            format!(
                "field:{name}: the course {course} asks for no such field; empty the cell, or add it under [fields]"
            )
        }
        SignedUp::MissingField(name) => format!("field:{name}: the course {course} needs it, and the cell is empty"),
        SignedUp::Closed => format!("course: {course} has begun and takes nobody any more (late = \"closed\")"),
    })
}

/// Reads the whole file into batches, until nobody wants them any more.
fn read_batches(mut records: Records<Text<File>>, mut door: Door, send: &Sender<std::io::Result<Batch>>) {
    let mut seen = HashMap::new();
    loop {
        let batch = read_batch(&mut records, &mut door, &mut seen);
        let ends = batch.as_ref().map_or(true, |batch| batch.rows.len() < BATCH);
        if send.blocking_send(batch).is_err() || ends {
            return;
        }
    }
}

fn read_batch(
    records: &mut Records<Text<File>>,
    door: &mut Door,
    seen: &mut HashMap<[u8; 16], u64>,
) -> std::io::Result<Batch> {
    let mut rows = Vec::with_capacity(BATCH);
    while rows.len() < BATCH {
        let Some(record) = records.read()? else { break };
        let line = record.line;
        let cells = record.cells.map_err(|fault| fault.to_string());
        let row = cells.and_then(|cells| door.read(&cells)).and_then(|row| once(seen, line, row));
        rows.push((line, row));
    }
    Ok(Batch { rows, bytes: records.source().taken })
}

/// The first row of a person, course and run stands; a second one is refused.
fn once(seen: &mut HashMap<[u8; 16], u64>, line: u64, row: Row) -> Result<Row, String> {
    let run = row.moved.as_ref().and_then(|moved| moved.run).unwrap_or(0);
    let name = format!("{}\0{}\0{run}", row.request.address.key(), row.request.course);
    let mut key = [0; 16];
    key.copy_from_slice(&Sha256::digest(name)[..16]);
    match *seen.entry(key).or_insert(line) {
        first if first == line => Ok(row),
        first => Err(format!("the same person and course stand in line {first} already; take one of them out")),
    }
}

//! Many people come in from a file and go out into one: what is refused and why, what a repetition finds, and that whoever
//! is moved to another database goes on where they stood.

mod faults;
mod interrupted;
mod moved;
mod rules;
mod stored;

use crate::app::TestApp;
use dripline::flow::export::Export;
use dripline::flow::export::LeftOut;
use dripline::flow::import::Import;
use dripline::flow::import::Settings;
use dripline::flow::import::Tally;

/// What became of all rows of a file with this text.
pub async fn import(app: &TestApp, text: impl AsRef<[u8]>) -> Tally {
    run(app, text, false).await
}

async fn dry_run(app: &TestApp, text: impl AsRef<[u8]>) -> Tally {
    run(app, text, true).await
}

async fn run(app: &TestApp, text: impl AsRef<[u8]>, dry_run: bool) -> Tally {
    let file = app.folder.path().join("people.csv");
    std::fs::write(&file, text).unwrap();
    let settings = Settings { file, maps: Vec::new(), dry_run };
    let mut import = Import::open(&app.app, &settings).await.unwrap_or_else(|error| panic!("{error}"));
    let mut sum = Tally::default();
    while let Some(step) = import.step(&app.app).await.unwrap() {
        sum.read += step.read;
        sum.imported += step.imported;
        sum.confirmations += step.confirmations;
        sum.already += step.already;
        sum.due += step.due;
        sum.refused.extend(step.refused);
        sum.bytes = step.bytes;
    }
    sum
}

async fn export(app: &TestApp) -> (String, LeftOut) {
    let mut export = Export::begin(&app.app).await;
    let mut bytes = Vec::new();
    while let Some(piece) = export.step(&app.app).await.unwrap() {
        bytes.extend(piece);
    }
    (String::from_utf8(bytes).unwrap(), export.left_out)
}

/// (imported, there already, refused, mails that ask)
fn counts(tally: &Tally) -> (u64, u64, usize, u64) {
    assert_eq!(tally.read, tally.imported + tally.already + tally.refused.len() as u64);
    (tally.imported, tally.already, tally.refused.len(), tally.confirmations)
}

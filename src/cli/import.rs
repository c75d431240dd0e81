//! `dripline import`: many people from a file.

use crate::cli::Context;
use crate::cli::output;
use crate::daemon::stop_on_signals;
use crate::flow::App;
use crate::flow::import::Import;
use crate::flow::import::Mapping;
use crate::flow::import::Refused;
use crate::flow::import::Settings;
use crate::flow::import::Tally;
use crate::text::counted;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use serde_json::json;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often a line tells how far it is, where no terminal shows a bar.
const TELL: Duration = Duration::from_secs(5);

/// Bring in many people from a file of comma-separated values
///
/// The first line names the columns: email, first_name, zone, language, course, source, and field:NAME for a course's
/// own fields. Only email and course are needed. source says where a person's consent came from: whoever has one is
/// confirmed, everybody else is asked by mail. What `dripline export` writes is read too, so that people go on where they
/// stood. Rows that can't be imported are printed with their line and the reason; mend them in the file and run the same
/// command again: who is there already stays as they are.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Comma-, semicolon- or tab-separated, in UTF-8 (or UTF-16 with its mark)
    pub file: PathBuf,
    /// Tell everything, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What the file calls one of these columns; may be repeated. `--map 'Notes='` leaves a column out
    #[arg(long = "map", value_name = "THEIRS=OURS")]
    pub maps: Vec<Mapping>,
    /// Print an object
    #[arg(long)]
    pub json: bool,
}

/// Exit status 1 when rows were refused, or when it was stopped before the end.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    let settings = Settings { file: args.file.clone(), maps: args.maps.clone(), dry_run: args.dry_run };
    let import = Import::open(&app, &settings).await?;
    if import.lacks_source {
        eprintln!("the file has no column `source`: a mail asks everybody to confirm");
    }
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let mut report = Report { args, progress: Progress::new(import.length), sum: Tally::default() };
    let whole = report.follow(&app, import, &stop).await?;
    report.tell(whole)?;
    Ok(if whole && report.sum.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a daemon works on the same database; looked up once a second.
#[derive(Default)]
struct Daemon {
    looked: Option<(Instant, bool)>,
}

impl Daemon {
    async fn works(&mut self, app: &App) -> bool {
        if let Some((at, works)) = self.looked
            && at.elapsed() < Duration::from_secs(1)
        {
            return works;
        }
        let lock = app.store.lock().await;
        let works = lock.is_err();
        if let Ok(lock) = lock {
            lock.release().await;
        }
        self.looked = Some((Instant::now(), works));
        works
    }
}

struct Report {
    args: Args,
    progress: Progress,
    sum: Tally,
}

impl Report {
    /// Imports batch after batch. Whether it came to the end of the file.
    async fn follow(&mut self, app: &App, mut import: Import, stop: &CancellationToken) -> anyhow::Result<bool> {
        let mut daemon = Daemon::default();
        while !stop.is_cancelled() {
            let began = Instant::now();
            let Some(step) = import.step(app).await? else { return Ok(true) };
            let took = began.elapsed();
            // Half of the time belongs to a daemon that works on the same database.
            if !self.args.dry_run && daemon.works(app).await {
                tokio::time::sleep(took).await;
            }
            self.add(step)?;
        }
        Ok(false)
    }

    fn add(&mut self, mut step: Tally) -> anyhow::Result<()> {
        let sum = &mut self.sum;
        sum.read += step.read;
        sum.imported += step.imported;
        sum.confirmations += step.confirmations;
        sum.already += step.already;
        sum.due += step.due;
        sum.bytes = step.bytes;
        if !self.args.json && !step.refused.is_empty() {
            let lines = self.lines(&step.refused);
            self.progress.aside(|| output::data(lines))?;
        }
        self.sum.refused.append(&mut step.refused);
        self.progress.tell(&self.sum);
        Ok(())
    }

    fn lines(&self, refused: &[Refused]) -> String {
        let name = self.args.file.display();
        let mut text = String::new();
        for it in refused {
            writeln!(text, "{name}:{}: {}", it.line, it.reason).ok();
        }
        text
    }

    fn tell(&mut self, whole: bool) -> anyhow::Result<()> {
        self.progress.end();
        let sum = &self.sum;
        if self.args.json {
            let refused: Vec<_> =
                sum.refused.iter().map(|it| json!({ "line": it.line, "reason": it.reason })).collect();
            let told = json!({
                "read": sum.read,
                "imported": sum.imported,
                "confirmations": sum.confirmations,
                "already": sum.already,
                "refused": refused,
                "due_now": sum.due,
                "dry_run": self.args.dry_run,
                "whole": whole,
            });
            output::data(format!("{told:#}\n"))?;
        }
        eprint!("{}", in_words(sum, self.args.dry_run, whole));
        Ok(())
    }
}

fn in_words(sum: &Tally, dry_run: bool, whole: bool) -> String {
    let refused = sum.refused.len();
    let mut text = format!(
        "{} read: {} imported, {} there already, {refused} refused; {} for confirmation\n",
        counted(sum.read, "row", "rows"),
        sum.imported,
        sum.already,
        counted(sum.confirmations, "mail asks", "mails ask")
    );
    if sum.due > 0 {
        let hold = "`dripline hold` first keeps them until `dripline release`";
        let due = counted(sum.due, "lesson is due now and leaves", "lessons are due now and leave");
        writeln!(text, "{due} at once while the daemon runs; {hold}").ok();
    }
    if refused > 0 {
        text.push_str(
            "mend the refused rows in the file and import it again: who is there already stays as they are\n",
        );
    }
    if !whole {
        text.push_str("stopped before the end; the same command goes on: who is there already stays as they are\n");
    }
    if dry_run {
        text.push_str("nothing was written (--dry-run)\n");
    }
    text
}

/// A bar on a terminal, lines otherwise; both on standard error.
struct Progress {
    bar: ProgressBar,
    length: u64,
    told: Instant,
}

impl Progress {
    fn new(length: u64) -> Progress {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(length) } else { ProgressBar::hidden() };
        let looks = "{bar:30} {percent:>3} %  {msg}  {elapsed}, {eta} to go";
        bar.set_style(ProgressStyle::with_template(looks).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress { bar, length, told: Instant::now() }
    }

    fn tell(&mut self, sum: &Tally) {
        let rows = format!("{}, {} refused", counted(sum.read, "row", "rows"), sum.refused.len());
        if !self.bar.is_hidden() {
            self.bar.set_position(sum.bytes);
            self.bar.set_message(rows);
        } else if self.told.elapsed() >= TELL {
            self.told = Instant::now();
            eprintln!("{rows}, {} %", (sum.bytes * 100).checked_div(self.length).unwrap_or(100));
        }
    }

    /// Prints something else without tearing the bar.
    fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse_words;

    #[test]
    fn a_column_is_mapped_to_one_of_ours_or_to_nothing() {
        let check = |map: &str, expect: bool| {
            assert_eq!(parse_words::<Args>(&["people.csv", "--map", map]).is_ok(), expect, "{map}");
        };
        check("Mail address=email", true);
        check("a=b=Zone", true);
        check("Instrument=field:instrument", true);
        check("Notes=", true);
        check("Notes", false);
        check("=email", false);
        check("Mail=emial", false);
        check("Mail=field:no such", false);
        assert!(parse_words::<Args>(&["--dry-run"]).is_err());
    }

    #[test]
    fn the_end_is_told_with_what_to_do_next() {
        let sum = Tally { read: 9, imported: 4, confirmations: 1, already: 3, due: 3, ..Tally::default() };
        let text = in_words(&sum, false, true);
        assert!(text.starts_with("9 rows read: 4 imported, 3 there already, 0 refused; 1 mail asks"), "{text}");
        assert!(text.contains("3 lessons are due now") && text.contains("dripline hold"), "{text}");
        assert!(!text.contains("mend") && !text.contains("stopped") && !text.contains("nothing was written"), "{text}");
        let refused = vec![Refused { line: 2, reason: "email: the cell is empty".to_string() }];
        let text = in_words(&Tally { refused, ..Tally::default() }, true, false);
        assert!(text.contains("mend") && text.contains("stopped") && text.contains("nothing was written"), "{text}");
    }
}

//! What a machine can do to the real program: die at any operation, lose its power, fill its disk, lock its database, freeze it,
//! turn its clocks. What is promised is in docs/proof.md. `DRIPLINE_EVERY=1` has it go wrong at every single operation, which
//! takes long.

mod clocks;
mod clones;
mod deaths;
mod disk;
mod frozen;
mod locked;
mod order;
mod replies;
mod shim;

use crate::app::Kind;
use crate::crash::check_copies;
use crate::crash::copies_of;
use crate::crash::extra;
use crate::crash::number;
use crate::crash::seed;
use crate::program::Accepted;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use crate::program::until_or;
use shim::Faults;
use shim::Faulty;
use std::collections::BTreeMap;
use std::fs;
use std::ops::AddAssign;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;
use tempfile::TempDir;

const PEOPLE: usize = 12;
const CONNECTIONS: usize = 3;
/// Seconds; longer than anything else takes.
const IN_DOUBT_AFTER: i64 = 3 * 3600;
/// Everything is over in a second or two; on a machine that does other things too.
const LONG: Duration = Duration::from_secs(60);
const SOME_WAIT: Duration = Duration::from_secs(1);

/// A site on SQLite whose people all wait for their first lesson, and a mailbox that takes it.
struct Ground {
    site: Site,
    sink: Sink,
    /// The database as it was before the first daemon.
    seeded: TempDir,
    /// What the mailbox got from daemons before.
    earlier: usize,
}

impl Ground {
    fn new(script: &str) -> Ground {
        let sink = Sink::start(script);
        let delivery = format!("connections = {CONNECTIONS}\n[delivery]\nin_doubt_after = \"{IN_DOUBT_AFTER} s\"");
        let site = Site::on(Kind::Sqlite, sink.url(), &delivery);
        site.course("calm", &["one", "two"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
        seed(&site, PEOPLE);
        let seeded = tempfile::tempdir().unwrap();
        copy_folder(&site.path().join("data"), seeded.path());
        Ground { site, sink, seeded, earlier: 0 }
    }

    /// How many operations of this kind a run without a fault has.
    fn operations(&self, on: &'static str) -> u64 {
        let faulty = self.serve(&Faults { on, ..Faults::default() });
        until("all mails", LONG, || self.mails().len() == PEOPLE);
        let whole = faulty.count();
        faulty.program.stop();
        whole
    }

    /// Everything as it was before the first daemon, but for what the mailbox has.
    fn renew(&mut self) {
        self.earlier = self.sink.accepted().len();
        let data = self.site.path().join("data");
        fs::remove_dir_all(&data).unwrap();
        copy_folder(self.seeded.path(), &data);
    }

    fn serve(&self, faults: &Faults) -> Faulty {
        Faulty::serve(&self.site, &self.sink, faults)
    }

    /// What came since it was renewed, by reader.
    fn mails(&self) -> BTreeMap<String, Vec<Accepted>> {
        copies_of(self.sink.accepted().into_iter().skip(self.earlier))
    }

    /// Another daemon, without faults, brings everything to its end.
    #[track_caller]
    fn recover(&self, what: &str) -> End {
        let daemon = self.serve(&Faults::default());
        self.bring_to_an_end(daemon, what)
    }

    /// This daemon does: nobody is without their mail but for what is in doubt, and nobody got a copy; then doubts are
    /// resolved: nothing is lost, and copies come only of what was in doubt.
    #[track_caller]
    fn bring_to_an_end(&self, daemon: Faulty, what: &str) -> End {
        daemon.is_ready();
        let mut doubt = 0;
        let start = Instant::now();
        let told = || format!("{what}\n{:?}\n{}", self.site.deliveries(), daemon.program.told());
        let all_said = || {
            let deliveries = self.site.deliveries();
            assert_eq!((deliveries["quarantined"], deliveries["held"]), (0, 0), "{what}");
            doubt = deliveries["in_doubt"] as usize;
            if start.elapsed() > SOME_WAIT {
                // A relay that failed is asked again when some time is over.
                daemon.pass(15);
            }
            deliveries["accepted"] as usize + doubt == PEOPLE
        };
        until_or("everything to be said", LONG, all_said, told);
        let before = self.mails();
        assert_eq!(extra(&before), 0, "{what}: somebody got a copy though nothing in doubt was sent again: {before:?}");
        let missing = PEOPLE - before.len();
        assert!(missing <= doubt, "{what}: {missing} people have no mail, and only {doubt} mails are in doubt");
        if doubt > 0 {
            daemon.pass(IN_DOUBT_AFTER + 1);
            until_or("doubts to be resolved", LONG, || self.site.deliveries()["accepted"] == PEOPLE as i64, told);
        }
        daemon.program.stop();
        let after = self.mails();
        assert_eq!(after.len(), PEOPLE, "{what}: mails are lost");
        assert!(extra(&after) <= doubt, "{what}: {} extra copies of {doubt} in doubt", extra(&after));
        check_copies(&after);
        assert_eq!(self.site.good(&["verify"]), "", "{what}");
        End { doubt, copies: extra(&after) }
    }
}

/// How a run, or several, came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct End {
    /// Mails that were in doubt.
    doubt: usize,
    /// Mails that came beyond the first to each.
    copies: usize,
}

impl AddAssign for End {
    fn add_assign(&mut self, other: End) {
        self.doubt += other.doubt;
        self.copies += other.copies;
    }
}

/// Which of so many operations go wrong: some, spread over all, or every n-th where `DRIPLINE_EVERY` says so.
fn moments(whole: u64, some: u64) -> Vec<u64> {
    (1..=whole).step_by(every(whole, some) as usize).collect()
}

fn every(whole: u64, some: u64) -> u64 {
    number("DRIPLINE_EVERY").unwrap_or(whole / some).max(1)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mode = fs::metadata(from).unwrap().permissions();
    fs::set_permissions(to, mode).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

//! The real program with `tests/faults/shim.c` before its libc: what it asks of the kernel goes wrong where a test says so.
//! Knows no course and no mail.

use crate::program::Program;
use crate::program::Ran;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use std::cell::Cell;
use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// What goes wrong, and at which operation. The words are those of `shim.c`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Which operations count; none named: all.
    pub on: &'static str,
    /// Counted from 1; 0: never.
    pub at: u64,
    pub what: &'static str,
    /// What becomes of unsynced writes at death; empty: they stay.
    pub power: &'static str,
    /// Whoever sleeps in the kernel is woken at once: SQLite's waits for a lock.
    pub hurry: bool,
    /// Writes down every operation.
    pub logged: bool,
}

/// A program under that library.
pub struct Faulty {
    pub program: Program,
    told: TempDir,
    /// How many seconds ahead the wall clock is, and the one that only counts.
    ahead: Cell<(i64, i64)>,
}

/// One line of the library's log.
#[derive(Debug)]
pub struct Operation {
    pub kind: char,
    pub fd: i32,
    /// What the kernel answered.
    pub done: i64,
    pub path: String,
    pub bytes: Vec<u8>,
}

impl Faulty {
    /// `serve` in this site, which sends to this sink.
    pub fn serve(site: &Site, sink: &Sink, faults: &Faults) -> Faulty {
        let told = tempfile::tempdir().unwrap();
        let at = |name: &str| told.path().join(name);
        File::create(at("count")).unwrap().set_len(8).unwrap();
        File::create(at("clock")).unwrap().set_len(16).unwrap();
        let mut command = site.command(&["serve", "--log-format", "json"]);
        let (_, port) = sink.url().rsplit_once(':').unwrap();
        let folder = fs::canonicalize(site.path()).unwrap().join("data");
        command.env("LD_PRELOAD", library()).env("FAULTS_FOLDER", folder).env("FAULTS_PORT", port);
        for (name, file) in
            [("TOLD", "told"), ("COUNT", "count"), ("CLOCK", "clock"), ("UNTIL", "mended"), ("END", "end")]
        {
            command.env(format!("FAULTS_{name}"), at(file));
        }
        let given = [("ON", faults.on), ("DO", faults.what), ("POWER", faults.power)];
        for (name, value) in given.into_iter().filter(|(_, value)| !value.is_empty()) {
            command.env(format!("FAULTS_{name}"), value);
        }
        command.env("FAULTS_AT", faults.at.to_string());
        if faults.logged {
            command.env("FAULTS_LOG", at("log"));
        }
        if faults.hurry {
            command.env("FAULTS_HURRY", "1");
        }
        Faulty { program: Program::start(&mut command, site.path()), told, ahead: Cell::new((0, 0)) }
    }

    /// Another command in this site, which sees the clocks that this program sees.
    pub fn beside(&self, site: &Site, words: &[&str]) -> Ran {
        let mut command = site.command(words);
        Ran::from(command.env("LD_PRELOAD", library()).env("FAULTS_CLOCK", self.at("clock")).output().unwrap())
    }

    /// Whether the operation has come at which it goes wrong.
    pub fn has_happened(&self) -> bool {
        self.at("told").exists()
    }

    /// How many operations there were that count.
    pub fn count(&self) -> u64 {
        u64::from_ne_bytes(fs::read(self.at("count")).unwrap().try_into().unwrap())
    }

    /// The disk has room again, or works; nothing goes wrong any more.
    pub fn mend(&self) {
        File::create(self.at("mended")).unwrap();
    }

    /// The next operation is the last.
    pub fn end(&mut self) {
        File::create(self.at("end")).unwrap();
        assert_eq!(self.program.ends(SOON), None, "it ended by itself: {}", self.program.told());
    }

    /// So much time passes at once.
    pub fn pass(&self, seconds: i64) {
        self.turn(seconds, seconds);
    }

    /// Somebody turns the wall clock.
    pub fn jump(&self, seconds: i64) {
        self.turn(seconds, 0);
    }

    /// SIGSTOP has come: nothing of it moves.
    pub fn is_frozen(&self) -> bool {
        self.has_happened() && self.program.state() == 'T'
    }

    #[track_caller]
    pub fn is_ready(&self) {
        self.program.tells("\"ready\"");
    }

    pub fn log(&self) -> Vec<Operation> {
        let log = fs::read_to_string(self.at("log")).unwrap();
        log.lines().map(Operation::read).collect()
    }

    fn turn(&self, wall: i64, counted: i64) {
        let (was_wall, was_counted) = self.ahead.get();
        self.ahead.set((was_wall + wall, was_counted + counted));
        let nanoseconds = [was_wall + wall, was_counted + counted].map(|it| (it * 1_000_000_000).to_ne_bytes());
        let file = File::options().write(true).open(self.at("clock")).unwrap();
        file.write_all_at(&nanoseconds.concat(), 0).unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.told.path().join(name)
    }
}

impl Operation {
    fn read(line: &str) -> Operation {
        let parts: Vec<&str> = line.split(' ').collect();
        let [kind, fd, done, path, hex] = parts[..] else { panic!("a broken line in the library's log: {line}") };
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        Operation {
            kind: kind.chars().next().unwrap(),
            fd: fd.parse().unwrap(),
            done: done.parse().unwrap(),
            path: path.to_string(),
            bytes: hex.as_bytes().chunks(2).map(byte).collect(),
        }
    }
}

/// Built once for all tests of a run.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shim.so");
        let fresh = built.with_extension(std::process::id().to_string());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]).arg(&fresh).arg(source);
        let status = compiler.arg("-lpthread").status();
        assert!(status.is_ok_and(|it| it.success()), "cc can't build tests/faults/shim.c: `apt-get install gcc`");
        fs::rename(fresh, &built).unwrap();
        built
    })
}

//! The program as its users have it: a folder, commands, a daemon, and a mailbox in a process of its own. Knows no rule of the product.

use crate::app::Database;
use crate::app::Kind;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use tempfile::TempDir;

/// What stands in every mail of these sites.
pub const POSTAL_ADDRESS: &str = "12 Rue Exemple, Springfield";
pub const DISCLAIMER: &str = "These letters teach; they do not replace a physician.";

/// Longest that anything may take that another process does at once.
pub const SOON: Duration = Duration::from_secs(20);

/// A folder with a dripline.toml, and the commands that run in it.
pub struct Site {
    folder: TempDir,
    database: Database,
}

impl Site {
    /// `more` is written behind `[[relay]]`'s url: further keys of the relay, then further tables.
    pub fn new(relay: &str, more: &str) -> Site {
        Site::on(Kind::of_this_run(), relay, more)
    }

    pub fn on(kind: Kind, relay: &str, more: &str) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { database: kind.make(folder.path()), folder };
        site.configure(relay, more);
        site
    }

    pub fn configure(&self, relay: &str, more: &str) {
        let text = format!(
            "[site]\nname = \"Steady Ground\"\nurl = \"https://learn.example.org\"\npostal_address = \"{POSTAL_ADDRESS}\"\n\
             time_zone = \"America/Toronto\"\n\n[sender]\nname = \"Ana\"\naddress = \"ana@learn.example.org\"\n\n\
             [web]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\n[database]\nurl = \"{}\"\n\n[[relay]]\nurl = \"{relay}\"\n{more}\n",
            self.database.url()
        );
        self.write("dripline.toml", &text);
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> &str {
        self.database.url()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A course of short lessons named by number words, with this `[schedule]`.
    pub fn course(&self, id: &str, lessons: &[&str], schedule: &str) {
        let listed = lessons.iter().map(|lesson| format!("\"{lesson}\"")).collect::<Vec<_>>().join(", ");
        let settings = format!(
            "title = \"Course {id}\"\nlanguage = \"en\"\nlessons = [{listed}]\nrequire = [\"disclaimer\"]\n\
             disclaimer = \"{DISCLAIMER}\"\n\n[schedule]\n{schedule}\n"
        );
        self.write(&format!("courses/{id}/course.toml"), &settings);
        for lesson in lessons {
            self.lesson(id, lesson, "", &format!("The body of {lesson}, for the reader to sit with.\n"));
        }
    }

    pub fn lesson(&self, course: &str, lesson: &str, keys: &str, text: &str) {
        let text = format!(
            "+++\nsubject = \"Lesson {lesson}\"\n{keys}\n+++\n\nDear {{{{ subscriber.first_name or \"friend\" }}}},\n\n{text}\n\
             - breathe out\n- and look *round*\n"
        );
        self.write(&format!("courses/{course}/{lesson}.md"), &text);
    }

    /// The program in this folder, with no variable of ours but `PATH` and a place for temporary files.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dripline"));
        command.current_dir(self.path()).args(words).env_clear().env("TMPDIR", self.path());
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, words: &[&str]) -> Ran {
        Ran::from(self.command(words).output().unwrap())
    }

    /// Standard output of a command that must go well.
    #[track_caller]
    pub fn good(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!(ran.status, Some(0), "{words:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    #[track_caller]
    pub fn json(&self, words: &[&str]) -> Value {
        let text = self.good(words);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{words:?}: {error}: {text}"))
    }

    /// How many deliveries are in each state.
    #[track_caller]
    pub fn deliveries(&self) -> BTreeMap<String, i64> {
        let status = self.json(&["status", "--json"]);
        serde_json::from_value(status["deliveries"].clone()).unwrap()
    }

    /// Starts `serve` with these flags and returns when it says that it is ready.
    #[track_caller]
    pub fn serve(&self, flags: &[&str]) -> Program {
        let daemon = self.start(&[&["serve"], flags].concat());
        daemon.tells("\"ready\"");
        daemon
    }

    /// Starts a command that goes on.
    pub fn start(&self, words: &[&str]) -> Program {
        let mut command = self.command(words);
        command.arg("--log-format").arg("json");
        Program::start(&mut command, self.path())
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A process that goes on until it is told to end; dropping it kills it.
pub struct Program {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Program {
    /// What it prints goes to files in `folder`.
    pub fn start(command: &mut Command, folder: &Path) -> Program {
        let (file, out) = tempfile::Builder::new().suffix(".out").tempfile_in(folder).unwrap().keep().unwrap();
        let err = out.with_extension("err");
        let child = command.stdout(file).stderr(File::create(&err).unwrap()).spawn().unwrap();
        Program { child, out, err }
    }

    pub fn printed(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    pub fn told(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    /// Returns when its standard error holds `text`.
    #[track_caller]
    pub fn tells(&self, text: &str) {
        until(text, SOON, || self.told().contains(text));
    }

    /// Where `serve` serves its pages.
    pub fn pages(&self) -> String {
        let told = self.told();
        let lines = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found = lines.filter_map(|line| Some(line["pages"].as_str()?.to_string())).next();
        found.unwrap_or_else(|| panic!("no address of pages in {told}"))
    }

    /// `TERM`, `INT`, `HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success(), "kill -{name} failed");
    }

    /// How the kernel names what it does: `T` when it is stopped.
    pub fn state(&self) -> char {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, behind_name) = stat.rsplit_once(") ").unwrap();
        behind_name.chars().next().unwrap()
    }

    /// kill -9, and the process is gone when this returns.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().unwrap();
    }

    /// The exit status, which must come within `limit`.
    #[track_caller]
    pub fn ends(&mut self, limit: Duration) -> Option<i32> {
        let mut status = None;
        let err = self.err.clone();
        let ended = || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        };
        until_or("the end of the program", limit, ended, || fs::read_to_string(&err).unwrap());
        status.and_then(|status| status.code())
    }

    /// SIGTERM, and a good end.
    #[track_caller]
    pub fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.ends(Duration::from_secs(25)), Some(0), "{}", self.told());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A mailbox in another process: each mail a file, each accepted mail a synced line in a log.
pub struct Sink {
    program: Program,
    folder: TempDir,
    url: String,
}

/// One line of the mailbox's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub message_id: String,
    pub hash: String,
    pub to: String,
}

impl Sink {
    pub fn start(script: &str) -> Sink {
        let folder = tempfile::tempdir().unwrap();
        let program = Sink::run(folder.path(), "127.0.0.1:0", script);
        let mut url = String::new();
        until("the mailbox", SOON, || {
            url = program.printed().trim().to_string();
            url.starts_with("smtp://")
        });
        Sink { program, folder, url }
    }

    /// The same mailbox at the same address, with another script.
    pub fn restart(&mut self, script: &str) {
        self.program.kill();
        let listen = self.url.trim_start_matches("smtp://").to_string();
        self.program = Sink::run(self.folder.path(), &listen, script);
        until("the mailbox", SOON, || self.program.printed().starts_with("smtp://"));
    }

    fn run(folder: &Path, listen: &str, script: &str) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dripline"));
        command.current_dir(folder).env_clear();
        command.args(["mailbox", "--listen", listen, "--folder", "mails", "--log", "log", "--script", script]);
        Program::start(&mut command, folder)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the mails are, a file each.
    pub fn mails(&self) -> PathBuf {
        self.folder.path().join("mails")
    }

    /// Every mail that was accepted, in order. A line that is being written doesn't count.
    pub fn accepted(&self) -> Vec<Accepted> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        whole.lines().map(Accepted::read).collect()
    }

    /// How many bytes the log has: grows with every mail, and costs nothing to ask.
    pub fn log_bytes(&self) -> u64 {
        fs::metadata(self.folder.path().join("log")).map_or(0, |it| it.len())
    }

    #[track_caller]
    pub fn wait_for(&self, mails: usize, limit: Duration) {
        until(&format!("{mails} mails"), limit, || self.accepted().len() >= mails);
    }
}

impl Accepted {
    fn read(line: &str) -> Accepted {
        let mut parts = line.split('\t').map(str::to_string);
        let mut part = || parts.next().unwrap_or_else(|| panic!("a broken line in the mailbox's log: {line}"));
        Accepted { message_id: part(), hash: part(), to: part() }
    }
}

/// Looks again and again at what another process does.
#[track_caller]
pub fn until(what: &str, limit: Duration, condition: impl FnMut() -> bool) {
    until_or(what, limit, condition, String::new);
}

/// The same; where it waits in vain, `state` says how things stand.
pub fn until_or(what: &str, limit: Duration, mut condition: impl FnMut() -> bool, state: impl Fn() -> String) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "waited {} s in vain for {what}\n{}", limit.as_secs(), state());
        thread::sleep(Duration::from_millis(2));
    }
}

/// The first line of the answer to a GET, without a library.
pub fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_string()
}

/// Asks one of the judges in `tests/judges`, which are written in Python so that they share no code with us.
#[track_caller]
pub fn judge(name: &str, question: &Value) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(name);
    let started = Command::new("python3").arg(&path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.unwrap_or_else(|error| {
        panic!(
            "python3 can't be started ({error}); the tests need it as an independent judge: `apt-get install python3`"
        )
    });
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the judge {name} failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

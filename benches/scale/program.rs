//! The program with its folder, and what it uses of the machine. Knows no case.

use super::Result;
use dripline::clock::Clock;
use jiff::SignedDuration;
use serde_json::Value;
use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;
use tempfile::TempDir;

/// A folder with a dripline.toml.
pub struct Site(TempDir);

impl Site {
    /// `more`: further keys of the relay.
    pub fn new(relay: &str, more: &str) -> Result<Site> {
        let site = Site(tempfile::tempdir()?);
        fs::create_dir(site.path().join("courses"))?;
        let text = format!(
            "[site]\nname = \"Steady Ground\"\nurl = \"https://learn.example.org\"\npostal_address = \"1 Example Street\"\n\
             [sender]\nname = \"Ana\"\naddress = \"ana@learn.example.org\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
             [[relay]]\nurl = \"{relay}\"\n{more}\n"
        );
        fs::write(site.path().join("dripline.toml"), text)?;
        Ok(site)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn course(&self, id: &str, settings: &str) -> Result<()> {
        self.lesson(id, settings, "")
    }

    /// A newsletter in UTC whose only issue leaves after so long.
    pub fn issue(&self, id: &str, settings: &str, after: SignedDuration) -> Result<()> {
        let date = Clock::system().now().wall.checked_add(after)?.strftime("date = %Y-%m-%dT%H:%M:%S\n");
        self.lesson(id, settings, &date.to_string())
    }

    fn lesson(&self, id: &str, settings: &str, keys: &str) -> Result<()> {
        let folder = self.path().join("courses").join(id);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("course.toml"), format!("title = \"{id}\"\nlanguage = \"en\"\n{settings}"))?;
        Ok(fs::write(folder.join("one.md"), format!("+++\nsubject = \"One\"\n{keys}+++\n\nBreathe out.\n"))?)
    }

    pub fn run(&self, words: &[&str]) -> Result<Vec<u8>> {
        let done = self.command(words).stderr(Stdio::null()).output()?;
        if !done.status.success() {
            return Err(format!("`dripline {}` failed", words.join(" ")).into());
        }
        Ok(done.stdout)
    }

    pub fn status(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.run(&["status", "--json"])?)?)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dripline"));
        command.current_dir(self.path()).args(words).stdin(Stdio::null());
        command
    }
}

/// A running `dripline serve`, which ends with this.
pub struct Daemon {
    child: Child,
    pages: String,
    pub ready_after: Duration,
}

/// What a process has used so far.
pub struct Used {
    /// Seconds of processor time.
    pub cpu: f64,
    /// Calls that read.
    pub reads: u64,
    /// Bytes.
    pub written: u64,
    /// MB, at the most.
    pub memory: u64,
}

impl Daemon {
    pub fn start(site: &Site) -> Result<Daemon> {
        let started = Instant::now();
        let mut child = site.command(&["serve", "--log-format", "json"]).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("a pipe")?).lines();
        let mut pages = String::new();
        loop {
            let line = lines.next().ok_or("the daemon ended before it was ready")??;
            let told: Value = serde_json::from_str(&line)?;
            if let Some(address) = told["pages"].as_str() {
                pages = address.to_string();
            }
            if told["message"] == "ready" {
                break;
            }
        }
        let ready_after = started.elapsed();
        // Nobody reads on: a full pipe would hold the daemon up.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Daemon { child, pages, ready_after })
    }

    /// Fills in the form of a course.
    pub fn sign_up(&self, course: &str, address: &str) -> Result<()> {
        let body = format!("{{\"email\": \"{address}\"}}");
        let mut stream = TcpStream::connect(&self.pages)?;
        write!(
            stream,
            "POST /c/{course} HTTP/1.1\r\nHost: learn.example.org\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 202") { Ok(()) } else { Err(answer.into()) }
    }

    pub fn used(&self) -> Result<Used> {
        const TICKS_A_SECOND: f64 = 100.0;
        let of = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", self.child.id()));
        let stat = of("stat")?;
        let fields: Vec<&str> = stat.rsplit_once(')').ok_or("a name in brackets")?.1.split_whitespace().collect();
        let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        let (io, status) = (of("io")?, of("status")?);
        let number = |text: &str, name: &str| -> Result<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| name.to_string())?;
            Ok(line.trim_start_matches(':').split_whitespace().next().ok_or("a number")?.parse()?)
        };
        Ok(Used {
            cpu: ticks / TICKS_A_SECOND,
            reads: number(&io, "syscr")?,
            written: number(&io, "write_bytes")?,
            memory: number(&status, "VmHWM")? / 1024,
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

//! What the whole program costs its operator when there are many people: importing them, starting, doing nothing, and
//! letting a confirmation through before issues and a reader through beside a domain that takes nothing. The real program
//! with the real commands, and a sink in this process.
//!
//! `cargo bench --bench scale -- [people=1000000] [slow=100000] [issues=50000]`; 0 leaves a case out

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use dripline::mailbox;
use dripline::mailbox::Mailbox;
use jiff::SignedDuration;
use program::Daemon;
use program::Site;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ZONES: [&str; 5] = ["Europe/Berlin", "America/Toronto", "Asia/Shanghai", "America/Sao_Paulo", "Asia/Jerusalem"];
/// Nobody in it is due before this program is forgotten.
const COHORT: &str = "kind = \"course\"\nlessons = [\"one\"]\n[schedule]\nwait = \"1 day\"\nsend = \"30 8 * * *\"\nstarts = 2099-01-11\n";
const COURSE: &str = "kind = \"course\"\nlessons = [\"one\"]\n[schedule]\nwait = \"1 day\"\nsend = \"30 8 * * *\"\n";
const NEWSLETTER: &str = "kind = \"newsletter\"\nlessons = [\"one\"]\n[newsletter]\ntime_zone = \"UTC\"\n";
const IDLE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |key: &str, otherwise: usize| -> Result<usize> {
        let value = words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        Ok(value.map(str::parse).transpose()?.unwrap_or(otherwise))
    };
    let known = |word: &String| ["people=", "issues=", "slow="].iter().any(|key| word.starts_with(key));
    if let Some(unknown) = words.iter().find(|word| !known(word)) {
        return Err(format!("`{unknown}` is none of people=, issues=, slow= with a number").into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _inside = runtime.enter();
    let (people, slow, issues) = (number("people", 1_000_000)?, number("slow", 100_000)?, number("issues", 50_000)?);
    if people > 0 {
        many_people(people)?;
    }
    if slow > 0 {
        slow_domain(slow)?;
    }
    if issues > 0 {
        confirmation(issues)?;
    }
    Ok(())
}

/// Import, start, rest.
fn many_people(people: usize) -> Result<()> {
    let site = Site::new("smtp://127.0.0.1:9", "")?;
    site.course("cohort", COHORT)?;
    let file = site.path().join("people.csv");
    write_people(&file, people, "cohort", "example.org")?;
    let started = Instant::now();
    let rows = csv::Reader::from_path(&file)?.into_records().filter(std::result::Result::is_ok).count();
    let reading = started.elapsed();
    assert_eq!(rows, people);
    let started = Instant::now();
    site.run(&["import", "people.csv"])?;
    let importing = started.elapsed();
    println!(
        "import of {people} people: {:.1} s, {:.1} us each, {:.0} times reading the file alone",
        importing.as_secs_f64(),
        importing.as_secs_f64() * 1e6 / people as f64,
        importing.as_secs_f64() / reading.as_secs_f64()
    );
    assert_eq!(site.status()?["enrolments"]["active"], people, "everybody is there");
    for _ in 0..3 {
        drop(Daemon::start(&site)?);
    }
    let daemon = Daemon::start(&site)?;
    println!("start to ready with {people} people: {:.0} ms", daemon.ready_after.as_secs_f64() * 1e3);
    // What a start leaves to do is over by then.
    std::thread::sleep(Duration::from_secs(3));
    let before = daemon.used()?;
    std::thread::sleep(IDLE);
    let after = daemon.used()?;
    println!(
        "doing nothing for {} s: {:.0} ms of processor time, {} reads, {} bytes written; {} MB of memory at the most",
        IDLE.as_secs(),
        (after.cpu - before.cpu) * 1e3,
        after.reads - before.reads,
        after.written - before.written,
        after.memory
    );
    Ok(())
}

/// Somebody signs up while an issue goes to many, through a relay that takes 100 a second. An issue to more than a hundred
/// can be stopped for ten minutes before it leaves.
fn confirmation(issues: usize) -> Result<()> {
    let sink = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), mailbox::Settings::default())?;
    let site = Site::new(&format!("smtp://{}", sink.address()), "rate = \"100/s\"")?;
    // Everybody is there before it leaves.
    site.issue("notes", NEWSLETTER, SignedDuration::from_secs(10 + issues as i64 / 5000))?;
    write_people(&site.path().join("people.csv"), issues, "notes", "example.org")?;
    site.run(&["import", "people.csv"])?;
    let daemon = Daemon::start(&site)?;
    println!("waiting ten minutes for the issue to leave");
    wait(|| sink.accepted() > 500)?;
    let asked = Instant::now();
    daemon.sign_up("notes", "late@example.net")?;
    wait(|| sink.received().iter().any(|mail| mail.to == "late@example.net"))?;
    let before = sink.accepted();
    println!(
        "a confirmation among {issues} issues at 100 a second: after {:.2} s, when {before} mails had left",
        asked.elapsed().as_secs_f64()
    );
    assert!(before < issues as u64, "the issues were all sent before");
    Ok(())
}

/// As many as `slow` wait at a domain that takes nothing now, longer than anybody else; how fast the others get theirs.
fn slow_domain(slow: usize) -> Result<()> {
    const OTHERS: usize = 10_000;
    let mut took = Vec::new();
    for slow in [0, slow] {
        let script = "to=*@slow.example rcpt reply \"421 4.7.0 too many, slow down\"".parse()?;
        let sink = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), mailbox::Settings { script, ..Default::default() })?;
        let site = Site::new(&format!("smtp://{}", sink.address()), "connections = 16")?;
        site.course("now", COURSE)?;
        write_people(&site.path().join("slow.csv"), slow, "now", "slow.example")?;
        write_people(&site.path().join("others.csv"), OTHERS, "now", "example.org")?;
        site.run(&["import", "slow.csv"])?;
        site.run(&["import", "others.csv"])?;
        let started = Instant::now();
        let _daemon = Daemon::start(&site)?;
        wait(|| sink.accepted() >= OTHERS as u64)?;
        took.push(started.elapsed().as_secs_f64());
        println!("{OTHERS} others beside {slow} for a domain that takes none: {:.1} s", took[took.len() - 1]);
    }
    println!("with the slow domain / without: {:.2}", took[1] / took[0]);
    Ok(())
}

fn wait(mut done: impl FnMut() -> bool) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(15 * 60);
    while !done() {
        if Instant::now() > until {
            return Err("a quarter of an hour wasn't enough".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn write_people(file: &Path, people: usize, course: &str, domain: &str) -> Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    writeln!(file, "email,first_name,zone,language,course,source")?;
    for n in 0..people {
        let zone = ZONES[n % ZONES.len()];
        writeln!(file, "reader{n}@{domain},Sam {n},{zone},en,{course},the paper list of 2024")?;
    }
    Ok(file.flush()?)
}

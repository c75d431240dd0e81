//! Postfix's `smtp-source` into the same sink: the yardstick that everybody can take up. It knows no PIPELINING.

use super::Result;
use super::case::Case;
use super::case::Leg;
use super::case::cpu_of_children;
use super::sink::Counted;
use super::sink::Sink;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

const PROGRAM: &str = "/usr/sbin/smtp-source";

/// `None` where it isn't installed.
pub fn source(case: &Case, bytes: usize) -> Result<Option<Leg>> {
    if !Path::new(PROGRAM).exists() {
        return Ok(None);
    }
    let sink = Sink::start(case, "")?;
    let (started, cpu) = (Instant::now(), cpu_of_children()?);
    let [sessions, length, mails] = [case.connections, bytes, case.due].map(|number| number.to_string());
    let mut command = Command::new(PROGRAM);
    command.args([
        "-4",
        "-d",
        "-s",
        &sessions,
        "-l",
        &length,
        "-m",
        &mails,
        "-f",
        "b@example.org",
        "-t",
        "r@example.org",
    ]);
    let status = command.arg(sink.address.to_string()).stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err("smtp-source failed".into());
    }
    let (took, cpu) = (started.elapsed().as_secs_f64(), cpu_of_children()? - cpu);
    let Counted { mails, .. } = sink.count()?;
    assert_eq!(mails, case.due);
    Ok(Some(Leg { rate: case.due as f64 / took, cpu: cpu * 1e6 / case.due as f64 }))
}

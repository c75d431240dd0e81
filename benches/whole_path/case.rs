//! What is measured, from the words behind the command, and how a measured rate is written.

use super::Result;
use std::fmt;
use std::fs;
use std::time::Duration;
use std::time::Instant;

/// One set of circumstances.
#[derive(Debug, Clone)]
pub struct Case {
    pub people: usize,
    /// How many of them have a lesson due; the others' are due in a year.
    pub due: usize,
    pub rounds: usize,
    pub connections: usize,
    /// Between us and the sink, there and back.
    pub round_trip: Duration,
    /// Of a hundred recipients, so many don't exist; at most 50.
    pub refused: usize,
    /// Asked for each second beside the sending.
    pub pages: u32,
    /// Signed with RSA-2048.
    pub dkim: bool,
    /// The first session to send a body never gets an answer.
    pub silent: bool,
    /// On the server of `tests/with-postgres`, in place of SQLite.
    pub postgres: bool,
}

impl Case {
    pub fn read(words: &[String]) -> Result<Case> {
        let number = |key: &str, otherwise: usize| -> Result<usize> {
            let value = words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
            Ok(value.map(str::parse).transpose()?.unwrap_or(otherwise))
        };
        let flag = |name: &str| words.iter().any(|word| word == name);
        const KEYS: [&str; 7] = ["people", "due", "rounds", "connections", "rtt", "refused", "pages"];
        const FLAGS: [&str; 3] = ["dkim", "silent", "postgres"];
        let known = |word: &&String| {
            FLAGS.contains(&word.as_str()) || word.split_once('=').is_some_and(|(key, _)| KEYS.contains(&key))
        };
        if let Some(unknown) = words.iter().find(|word| !known(word)) {
            return Err(format!("`{unknown}` is none of {KEYS:?} with a number, nor of {FLAGS:?}").into());
        }
        let people = number("people", 20_000)?;
        Ok(Case {
            people,
            due: number("due", people)?.min(people),
            rounds: number("rounds", 3)?.max(1),
            connections: number("connections", 16)?.max(1),
            round_trip: Duration::from_millis(number("rtt", 0)? as u64),
            refused: number("refused", 0)?,
            pages: u32::try_from(number("pages", 0)?)?,
            dkim: flag("dkim"),
            silent: flag("silent"),
            postgres: flag("postgres"),
        })
    }

    /// How the sink misbehaves.
    pub fn script(&self) -> String {
        let silence = if self.silent { "nth=1 dot hang" } else { "" };
        let refusals = self.every().map(|every| format!("every={every} rcpt reply \"550 5.1.1 nobody\""));
        format!("{silence};{}", refusals.unwrap_or_default())
    }

    /// How many mails the sink takes in the end.
    pub fn taken(&self) -> usize {
        self.due - self.every().map_or(0, |every| self.due / every)
    }

    /// Which recipients don't exist: one of so many.
    fn every(&self) -> Option<usize> {
        (self.refused > 0).then(|| 100 / self.refused.min(50))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { people, due, rounds, connections, .. } = self;
        let database = if self.postgres { "PostgreSQL" } else { "SQLite, synchronous=FULL" };
        write!(f, "{people} people, {due} of them due, {connections} connections, {rounds} rounds, {database}")?;
        write!(
            f,
            ", round trip {} ms, {}",
            self.round_trip.as_millis(),
            if self.dkim { "RSA-2048" } else { "no DKIM" }
        )?;
        if self.silent {
            f.write_str(", one session falls silent")?;
        }
        if self.refused > 0 {
            write!(f, ", {} % of the recipients don't exist", self.refused)?;
        }
        if self.pages > 0 {
            write!(f, ", {} pages a second", self.pages)?;
        }
        Ok(())
    }
}

/// A measured rate.
pub struct Leg {
    /// Messages a second.
    pub rate: f64,
    /// Processor time of the sending process for each message, in microseconds.
    pub cpu: f64,
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} messages/s, {:.0} us CPU each", self.rate, self.cpu)
    }
}

/// Time and processor time of this process since a moment.
pub struct Watch(Instant, f64);

impl Watch {
    pub fn start() -> Result<Watch> {
        Ok(Watch(Instant::now(), cpu_time("/proc/self/stat", [11, 12])?))
    }

    pub fn leg(&self, mails: usize) -> Result<Leg> {
        let cpu = cpu_time("/proc/self/stat", [11, 12])? - self.1;
        Ok(Leg { rate: mails as f64 / self.0.elapsed().as_secs_f64(), cpu: cpu * 1e6 / mails as f64 })
    }
}

/// Seconds of processor time, user and system: these fields of a process, counted behind its name.
fn cpu_time(stat: &str, fields: [usize; 2]) -> Result<f64> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = fs::read_to_string(stat)?;
    let after_name = stat.rsplit_once(')').ok_or("a name in brackets")?.1;
    let all: Vec<&str> = after_name.split_whitespace().collect();
    let mut sum = 0.0;
    for field in fields {
        sum += all[field].parse::<f64>()?;
    }
    Ok(sum / TICKS_A_SECOND)
}

/// Processor time of the children that have ended.
pub fn cpu_of_children() -> Result<f64> {
    cpu_time("/proc/self/stat", [13, 14])
}

/// MB that this process has had in memory at the most.
pub fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("VmHWM")?;
    Ok(line.split_whitespace().nth(1).ok_or("a number")?.parse::<u64>()? / 1024)
}

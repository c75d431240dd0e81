//! Reads one lesson's file. Doesn't know the other lessons: what needs them is left to `load.rs`.

use crate::course::Backfill;
use crate::course::Lesson;
use crate::course::ask;
use crate::course::ask::AskFile;
use crate::course::file;
use crate::course::names;
use crate::keys;
use crate::keys::Keys;
use crate::keys::Overrides;
use crate::problem::Problem;
use jiff::civil;
use sha2::Digest;
use sha2::Sha256;
use toml::Spanned;

/// Subjects longer than this are cut off by most mail programs, in characters.
const SUBJECT: usize = 78;

/// A lesson as its own file says, and what must be checked against the course.
pub struct LessonFile {
    /// `when` is still absent.
    pub lesson: Lesson,
    pub when: Option<Spanned<String>>,
    pub was: Vec<Spanned<String>>,
    pub asks: Vec<AskFile>,
    /// Where `wait`, `send`, `date` and `archive` stand.
    pub timing: Vec<(&'static str, std::ops::Range<usize>)>,
    /// Where the keys begin.
    pub front: usize,
    /// The front matter is there and is TOML, so what it doesn't say isn't there.
    pub readable: bool,
    pub problems: Vec<Problem>,
}

/// Reads `bytes`; `name` is the file's name as shown to people.
pub fn read(id: &str, name: &str, bytes: &[u8]) -> LessonFile {
    let (source, problem) = file::decode(name, bytes);
    let mut lesson = LessonFile {
        lesson: Lesson {
            id: id.to_string(),
            subject: String::new(),
            preview: None,
            wait: None,
            send: None,
            date: None,
            archive: false,
            when: None,
            backfill: Backfill::Offer,
            was: Vec::new(),
            content_note: None,
            asks: Vec::new(),
            source,
            body: 0,
            version: hex(&Sha256::digest(bytes)),
        },
        when: None,
        was: Vec::new(),
        asks: Vec::new(),
        timing: Vec::new(),
        front: 0,
        readable: false,
        problems: problem.into_iter().collect(),
    };
    if lesson.problems.is_empty() {
        lesson.read();
    }
    lesson
}

/// Bytes as small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl LessonFile {
    fn read(&mut self) {
        let source = self.lesson.source.clone();
        let front = match file::front_matter(&source) {
            Ok(front) => front,
            Err(problem) => return self.problems.push(problem),
        };
        self.lesson.body = front.body;
        self.front = front.toml.start;
        let toml = &source.text[front.toml.clone()];
        let ((), problems) = keys::read(&source, toml, front.toml.start, &Overrides::new(), |keys| self.keys(keys));
        self.readable = toml::de::DeTable::parse(toml).is_ok();
        self.problems.extend(problems);
        if self.lesson.markdown().trim().is_empty() {
            let end = source.text.len();
            self.problems.push(Problem::error(
                &source,
                end..end,
                "the lesson has no text",
                "write it below the second line `+++`",
            ));
        }
    }

    fn keys(&mut self, keys: &Keys<'_>) {
        let lesson = &mut self.lesson;
        keys.missing("subject", "write subject = \"…\": it is the mail's subject");
        lesson.subject = subject(keys).unwrap_or_default();
        lesson.preview = keys.text("preview").map(Spanned::into_inner);
        let wait = keys.parsed("wait", "write a number and a unit, like \"3 days\" or \"36 hours\"");
        let send = keys.parsed("send", "write five fields, like \"30 8 * * Mon-Fri\"");
        let date = date(keys);
        self.timing.extend(wait.as_ref().map(|wait| ("wait", wait.span())));
        self.timing.extend(send.as_ref().map(|send| ("send", send.span())));
        self.timing.extend(date.as_ref().map(|date| ("date", date.span())));
        lesson.wait = wait.map(Spanned::into_inner);
        lesson.send = send.map(Spanned::into_inner);
        lesson.date = date.map(Spanned::into_inner);
        let archive = keys.boolean("archive");
        self.timing.extend(archive.as_ref().map(|archive| ("archive", archive.span())));
        lesson.archive = archive.is_some_and(Spanned::into_inner);
        self.when = keys.text("when");
        let words = [("offer", Backfill::Offer), ("send", Backfill::Send), ("never", Backfill::Never)];
        lesson.backfill = names::one_of(keys, "backfill", &words).unwrap_or(Backfill::Offer);
        self.was = keys.strings("was").map(Spanned::into_inner).unwrap_or_default();
        lesson.was = self.was.iter().map(|id| id.get_ref().clone()).collect();
        lesson.content_note = keys.text("content_note").map(Spanned::into_inner);
        self.asks = ask::asks(keys);
        lesson.asks = self.asks.iter().map(AskFile::sketch).collect();
        keys.finish();
    }
}

fn subject(keys: &Keys<'_>) -> Option<String> {
    let subject = keys.text("subject")?;
    let text = subject.get_ref();
    if text.chars().any(char::is_control) {
        keys.error(subject.span(), "a subject is one line of text", "remove line breaks and control characters");
    }
    let length = text.chars().count();
    // How long it is with values in it, only a mail can show.
    if length > SUBJECT && !text.contains('{') {
        let message = format!("the subject has {length} characters, and mail programs show at most {SUBJECT}");
        keys.warning(subject.span(), message, "shorten it, or begin with what matters");
    }
    Some(subject.into_inner())
}

fn date(keys: &Keys<'_>) -> Option<Spanned<civil::DateTime>> {
    let written = keys.datetime("date", moment_help)?;
    let moment = written.get_ref();
    if moment.date.is_none() && moment.time.is_none() {
        // Not a moment even for TOML, which said so.
        return None;
    }
    let local = if moment.offset.is_none() { moment.date.zip(moment.time) } else { None };
    let parsed = local.and_then(|(date, time)| format!("{date}T{time}").parse().ok());
    if parsed.is_none() {
        let help = format!("{}: without a zone, each person's own is meant", moment_help(&moment.to_string()));
        keys.error(written.span(), "`date` is no local date and time", help);
    }
    parsed.map(|parsed| Spanned::new(written.span(), parsed))
}

/// How to write the moment that a text means; one without a time gets one.
fn moment_help(text: &str) -> String {
    let meant = keys::date_meant(text);
    let morning =
        |meant: civil::DateTime| if meant.time() == civil::Time::MIN { meant.date().at(9, 0, 0, 0) } else { meant };
    let (moment, like) = match meant.map(morning) {
        Some(moment) => (moment, ""),
        None => (civil::date(2026, 12, 1).at(9, 0, 0, 0), ", a date and a time like this, without quotes"),
    };
    format!("write date = {moment}{like}")
}

//! When the mailbox misbehaves, and how: rules parsed from text. Knows no socket.
//!
//! One rule a line, or separated by `;`: `[to=PATTERN] [every=N] [nth=N] [times=N] [after=BYTES] PHASE ACTION`.
//!
//! ```
//! use dripline::mailbox::Script;
//!
//! assert!(r#"to=*@slow.test rcpt reply "451 4.7.1 later" times=2; nth=3 dot close"#.parse::<Script>().is_ok());
//! ```

use std::str::FromStr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Rules, of which the first that fits fires.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    rules: Vec<Rule>,
}

/// A rule that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no rule: {1}; write [to=PATTERN] [every=N] [nth=N] [times=N] [after=BYTES], then one of connect, greeting, \
     ehlo, tls, auth, mail, rcpt, data, body, dot, rset, then one of reply \"451 later\", close, hang, garbage, split, late-reset, delay 50ms"
)]
pub struct ScriptError(String, &'static str);

/// The point at which a rule may fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Connect,
    Greeting,
    Ehlo,
    Tls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    Dot,
    Rset,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// These words instead of the usual reply; `\r\n` inside is sent as a line break.
    Reply(String),
    Close,
    /// Nothing is said any more, and the connection stays.
    Hang,
    /// Bytes that are no SMTP.
    Garbage,
    /// The usual reply, byte by byte.
    Split,
    /// The usual work is done and recorded, and the connection closed instead of the reply.
    LateReset,
    Delay(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    to: Option<String>,
    every: Option<u64>,
    nth: Option<u64>,
    times: Option<u64>,
    after: usize,
    moment: Moment,
    action: Action,
}

/// What fires now; in a body, after so many bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue {
    pub action: Action,
    pub after: usize,
}

/// A script being played by many connections: each rule counts how often its moment came and how often it fired.
pub struct Play {
    parts: Vec<Part>,
}

struct Part {
    rule: Rule,
    seen: AtomicU64,
    fired: AtomicU64,
}

impl Play {
    pub fn new(script: Script) -> Play {
        let part = |rule| Part { rule, seen: AtomicU64::new(0), fired: AtomicU64::new(0) };
        Play { parts: script.rules.into_iter().map(part).collect() }
    }

    /// Each rule counts its moments whether or not another fires; the first whose turn it is does.
    pub fn cue(&self, moment: Moment, to: Option<&str>) -> Option<Cue> {
        let due: Vec<&Part> = self.parts.iter().filter(|part| part.is_due(moment, to)).collect();
        let part = due.into_iter().find(|part| part.may_fire())?;
        Some(Cue { action: part.rule.action.clone(), after: part.rule.after })
    }
}

impl Part {
    fn is_due(&self, moment: Moment, to: Option<&str>) -> bool {
        let rule = &self.rule;
        let fits = |pattern: &String| to.is_some_and(|to| matches(&pattern.to_lowercase(), &to.to_lowercase()));
        if rule.moment != moment || !rule.to.as_ref().is_none_or(fits) {
            return false;
        }
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        rule.nth.is_none_or(|nth| seen == nth) && rule.every.is_none_or(|every| seen.is_multiple_of(every))
    }

    fn may_fire(&self) -> bool {
        let times = self.rule.times.unwrap_or(u64::MAX);
        let more = |fired| (fired < times).then_some(fired + 1);
        self.fired.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Script, ScriptError> {
        let rules = split(text, |c| c == ';' || c == '\n');
        let rules = rules.iter().map(|rule| rule.trim()).filter(|rule| !rule.is_empty() && !rule.starts_with('#'));
        Ok(Script { rules: rules.map(Rule::parse).collect::<Result<_, _>>()? })
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Rule, ScriptError> {
        let wrong = |why| ScriptError(text.to_string(), why);
        let words = split(text, char::is_whitespace);
        let (options, plain): (Vec<&str>, Vec<&str>) = words
            .iter()
            .map(String::as_str)
            .filter(|word| !word.is_empty())
            .partition(|word| word.contains('=') && !word.starts_with('"'));
        let [moment, action, argument @ ..] = plain.as_slice() else {
            return Err(wrong("it has no phase or no action"));
        };
        let moment = Moment::parse(moment).ok_or(wrong("it has no such phase"))?;
        let action = Action::parse(action, argument).ok_or(wrong("it has no such action"))?;
        let mut rule = Rule { to: None, every: None, nth: None, times: None, after: 0, moment, action };
        for option in options {
            let (key, value) = option.split_once('=').unwrap_or((option, ""));
            let number = || value.parse::<u64>().ok().filter(|n| *n > 0).ok_or(wrong("a number above 0 must follow ="));
            match key {
                "to" => rule.to = Some(value.to_string()),
                "every" => rule.every = Some(number()?),
                "nth" => rule.nth = Some(number()?),
                "times" => rule.times = Some(number()?),
                "after" => rule.after = usize::try_from(number()?).unwrap_or(usize::MAX),
                _ => return Err(wrong("it has an unknown option")),
            }
        }
        Ok(rule)
    }
}

impl Moment {
    fn parse(word: &str) -> Option<Moment> {
        Some(match word {
            "connect" => Moment::Connect,
            "greeting" => Moment::Greeting,
            "ehlo" => Moment::Ehlo,
            "tls" => Moment::Tls,
            "auth" => Moment::Auth,
            "mail" => Moment::Mail,
            "rcpt" => Moment::Rcpt,
            "data" => Moment::Data,
            "body" => Moment::Body,
            "dot" => Moment::Dot,
            "rset" => Moment::Rset,
            _ => return None,
        })
    }
}

impl Action {
    fn parse(word: &str, argument: &[&str]) -> Option<Action> {
        Some(match (word, argument) {
            ("reply", [text]) => Action::Reply(unquoted(text)),
            ("close", []) => Action::Close,
            ("hang", []) => Action::Hang,
            ("garbage", []) => Action::Garbage,
            ("split", []) => Action::Split,
            ("late-reset", []) => Action::LateReset,
            ("delay", [time]) => Action::Delay(parse_delay(time)?),
            _ => return None,
        })
    }
}

fn parse_delay(text: &str) -> Option<Duration> {
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    inner.replace("\\r", "\r").replace("\\n", "\n")
}

/// Parts of a text between separators that stand outside quotes.
fn split(text: &str, is_separator: impl Fn(char) -> bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        if !quoted && is_separator(c) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// `*` stands for anything, also nothing.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).any(|skip| tail.is_char_boundary(skip) && matches(rest, &tail[skip..]))
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rules_fire_when_their_turn_comes() {
        let check = |script: &str, moment: Moment, to: Option<&str>, expect: &[bool]| {
            let play = Play::new(script.parse().unwrap());
            let fired: Vec<bool> = expect.iter().map(|_| play.cue(moment, to).is_some()).collect();
            assert_eq!(fired, expect, "{script}");
        };
        let ana = Some("Ana@slow.test");
        check("dot close", Moment::Dot, ana, &[true, true, true]);
        check("dot close", Moment::Data, ana, &[false]);
        check("dot close times=1", Moment::Dot, ana, &[true, false, false]);
        check("nth=2 dot close", Moment::Dot, ana, &[false, true, false]);
        check("every=2 dot close", Moment::Dot, ana, &[false, true, false, true]);
        check("to=*@slow.test rcpt close", Moment::Rcpt, ana, &[true]);
        check("to=a*@*.test rcpt close", Moment::Rcpt, ana, &[true]);
        check("to=*@fast.test rcpt close", Moment::Rcpt, ana, &[false]);
        check("to=* mail close", Moment::Mail, None, &[false]);
    }

    #[test]
    fn the_first_rule_whose_turn_it_is_wins_and_all_count() {
        let play =
            Play::new("nth=1 dot close\nnth=2 dot hang; # a remark\ndot reply \"250 a; b\\r\\n\"".parse().unwrap());
        let actions: Vec<Action> = (0..3).filter_map(|_| play.cue(Moment::Dot, None)).map(|cue| cue.action).collect();
        assert_eq!(actions, [Action::Close, Action::Hang, Action::Reply("250 a; b\r\n".to_string())]);
    }

    #[test]
    fn what_is_no_rule_is_refused_with_the_rule_in_the_message() {
        for text in
            ["dot", "dot explode", "lunch close", "nth=0 dot close", "why=1 dot close", "dot delay 5", "dot close now"]
        {
            let error = text.parse::<Script>().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}

//! One question of a lesson as it stands in its mail: with links that open it on its page, or, in a mail of before there were
//! any, only with how to reply. Knows no answer and no person.

use crate::course::Ask;
use crate::course::AskKind;
use crate::message::blocks::Block;
use crate::message::blocks::boxed;
use crate::message::blocks::escape;
use crate::message::plain;
use crate::text::Mail;
use crate::text::fill;

/// Numbers of a scale that stand in a mail one by one. More of them make one link: each is heavy, and Gmail hides what is
/// behind 102 KB.
const NUMBERS: i64 = 21;

/// Stands in the place of the mail's own link until there is one. Escaped words have no such quotes.
const OPENS: &str = "href=\"answer:";
/// The same in the text part, where nothing is escaped: no line of a coach's has a control character.
const OPENS_TEXT: &str = "\u{1}";

/// A question in both ways, written once for each version of its lesson.
#[derive(Clone)]
pub struct Question {
    linked: Block,
    replied: Block,
    shown: Block,
}

/// How the one who reads a question answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way<'a> {
    /// By this link, which opens the questions of one mail.
    Link(&'a str),
    /// By a reply to the mail.
    Reply,
    /// Not at all: it stands on the web for everybody.
    None,
}

impl Question {
    /// The nth question of its lesson, counted from 1. `dress` puts styles into HTML.
    pub fn new(number: usize, ask: &Ask, words: &Mail, dress: &dyn Fn(&str) -> String) -> Question {
        let dressed = |block: Block| Block { html: dress(&block.html), ..block };
        let reply = reply(ask, words);
        Question {
            linked: dressed(linked(number, ask, words)),
            replied: dressed(unlinked(ask, words, reply)),
            shown: dressed(unlinked(ask, words, "")),
        }
    }

    pub fn html(&self, way: Way<'_>) -> String {
        match way {
            Way::Link(link) => self.linked.html.replace(OPENS, &format!("href=\"{}", escape(link))),
            Way::Reply => self.replied.html.clone(),
            Way::None => self.shown.html.clone(),
        }
    }

    pub fn text(&self, way: Way<'_>) -> String {
        match way {
            Way::Link(link) => self.linked.text.replace(OPENS_TEXT, link),
            Way::Reply => self.replied.text.clone(),
            Way::None => self.shown.text.clone(),
        }
    }
}

fn linked(number: usize, ask: &Ask, words: &Mail) -> Block {
    let opens = |option: i64, label: &str| format!("<a {OPENS}?q={number}&amp;o={option}\">{}</a>", escape(label));
    let button = |label: &str| rows(&[format!("<a {OPENS}?q={number}\">{}</a>", escape(label))]);
    let (ways, hint) = match &ask.kind {
        AskKind::Choice(options) | AskKind::Choices(options) => {
            let labels = (1..).zip(options.iter());
            let many = matches!(ask.kind, AskKind::Choices(_)).then_some(words.ask_more);
            (rows(&labels.map(|(n, (_, label))| opens(n, label)).collect::<Vec<_>>()), many)
        }
        AskKind::Scale { min, max, .. } if max - min < NUMBERS => {
            let numbers: Vec<String> = (*min..=*max).map(|n| opens(n, &n.to_string())).collect();
            (format!("<p class=\"scale\">{}</p>\n", numbers.join("\n")), None)
        }
        AskKind::Scale { .. } => (button(words.ask_number), None),
        AskKind::Text => (button(words.ask_write), None),
    };
    let ends = scale(ask, words).map(|ends| format!("<p>{}</p>\n", escape(&ends))).unwrap_or_default();
    let hint = hint.map(|hint| format!("{} ", escape(hint))).unwrap_or_default();
    let html = boxed(&format!(
        "<p><strong>{}</strong></p>\n{ends}{ways}<p dir=\"auto\" class=\"quiet\">{hint}{}</p>\n",
        escape(&ask.question),
        escape(words.ask_or_reply)
    ));
    let text = format!(
        "{}{}\n<{OPENS_TEXT}?q={number}>\n\n{}\n",
        what_is_asked(ask, words),
        plain::wrap(words.ask_open),
        plain::wrap(words.ask_or_reply)
    );
    Block { html, text, images: Vec::new() }
}

/// Links below each other, as wide as the mail. A table, because Outlook gives nothing else a width.
fn rows(links: &[String]) -> String {
    let rows: String = links.iter().map(|link| format!("<tr><td>{link}</td></tr>\n")).collect();
    format!("<table role=\"presentation\" class=\"options\">\n<tbody>{rows}</tbody>\n</table>\n")
}

fn reply(ask: &Ask, words: &Mail) -> &'static str {
    match &ask.kind {
        AskKind::Choice(_) => words.ask_reply,
        AskKind::Choices(_) => words.ask_reply_many,
        AskKind::Scale { .. } => words.ask_reply_scale,
        AskKind::Text => words.ask_reply_words,
    }
}

/// `reply` says how to answer; empty where nobody can.
fn unlinked(ask: &Ask, words: &Mail, reply: &str) -> Block {
    let items: String = labels(ask).map(|option| format!("<li>{}</li>\n", escape(option))).collect();
    let list = if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") };
    let ends = scale(ask, words).map(|ends| format!("<p>{}</p>\n", escape(&ends))).unwrap_or_default();
    let hint = match reply {
        "" => String::new(),
        reply => format!("<p dir=\"auto\" class=\"quiet\">{}</p>\n", escape(reply)),
    };
    let html = boxed(&format!("<p><strong>{}</strong></p>\n{list}{ends}{hint}", escape(&ask.question)));
    Block { html, text: format!("{}{}\n", what_is_asked(ask, words), plain::wrap(reply)), images: Vec::new() }
}

/// The question and what there is to choose from, as plain text.
fn what_is_asked(ask: &Ask, words: &Mail) -> String {
    let list: String = labels(ask).map(|option| plain::rewrap(&format!("  - {option}")) + "\n").collect();
    let list = if list.is_empty() { list } else { format!("{list}\n") };
    let ends = scale(ask, words).map(|ends| format!("{}\n\n", plain::wrap(&ends))).unwrap_or_default();
    format!("{}\n\n{list}{ends}", plain::wrap(&ask.question))
}

fn labels(ask: &Ask) -> impl Iterator<Item = &str> {
    let options = match &ask.kind {
        AskKind::Choice(options) | AskKind::Choices(options) => options.as_slice(),
        AskKind::Scale { .. } | AskKind::Text => &[],
    };
    options.iter().map(|(_, label)| label.as_str())
}

/// From where to where a scale goes, in words.
fn scale(ask: &Ask, words: &Mail) -> Option<String> {
    let AskKind::Scale { min, max, low, high } = &ask.kind else { return None };
    let (min, max) = (min.to_string(), max.to_string());
    let sentence = if low.is_empty() && high.is_empty() { words.ask_scale } else { words.ask_scale_ends };
    let values = [("min", min.as_str()), ("max", max.as_str()), ("low", low.as_str()), ("high", high.as_str())];
    Some(fill(sentence, &values))
}

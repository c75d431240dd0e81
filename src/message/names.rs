//! Checks every name that a lesson's tags use against the names that exist, also in branches that no sample person
//! reaches. Reads tags as tokens; knows no values.

use crate::course::Ask;
use crate::course::Course;
use crate::course::Lesson;
use crate::keys::nearest;
use crate::keys::round_quotes;
use crate::message::calls;
use crate::message::letter::FOLDERS;
use crate::message::look::theme::Theme;
use crate::message::paths::Path;
use crate::message::paths::Token;
use crate::message::paths::defined_by;
use crate::message::paths::paths;
use crate::message::paths::tokens;
use crate::message::tags::Tag;
use crate::message::tags::TagKind;
use crate::problem::Problem;
use crate::problem::Source;
use crate::text::words;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Names that exist where a tag stands: paths like `subscriber.first_name`, and those that tags `set` themselves.
pub struct Names {
    paths: BTreeSet<String>,
    /// Questions of this lesson, which `ask()` may place.
    asks: BTreeSet<String>,
    own: BTreeSet<String>,
    answers_allowed: bool,
    /// course.toml has a crisis text, which `crisis()` may place.
    has_crisis: bool,
}

/// Where `crisis()` has nothing to place.
pub const NO_CRISIS: &str = "this course has no crisis text";

const LINKS: [&str; 8] = ["pause", "slower", "faster", "again", "next_now", "my_course", "leave", "web_view"];

/// What lessons and templates may use.
const KNOWN: [&str; 12] = [
    "subscriber.first_name",
    "subscriber.language",
    "course.id",
    "course.title",
    "course.summary",
    "course.language",
    "lesson.id",
    "lesson.subject",
    "lesson.preview",
    "lesson.content_note",
    "progress.number",
    "progress.of",
];

/// What only templates may use. Fields and questions differ from course to course: rendering finds those that are
/// missing.
const IN_TEMPLATES: [&str; 41] = [
    "answers",
    "archive.after",
    "archive.after.title",
    "archive.after.url",
    "archive.all.title",
    "archive.all.url",
    "archive.before",
    "archive.before.title",
    "archive.before.url",
    "archive.date",
    "archive.get.title",
    "archive.get.url",
    "asked",
    "confirm_url",
    "direction",
    "disclaimer_html",
    "end",
    "footer.disclaimer_text",
    "footer.text",
    "footer.why",
    "footer.why_text",
    "footer_html",
    "language",
    "mail.course",
    "mail.list",
    "mail.page",
    "mail.preview",
    "mail.progress",
    "mail.subject",
    "mail.title",
    "never_url",
    "next",
    "offered",
    "page_url",
    "site.name",
    "site.postal_address",
    "site.url",
    "start",
    "subscriber.fields",
    "theme.logo.alt",
    "theme.logo.url",
];

const OF_LESSONS: [&str; 9] =
    ["subscriber.", "course.", "lesson.", "progress.", "links", "answers", "archive.", "offered", "next"];
const OF_LETTERS: [&str; 4] = ["asked", "confirm_url", "never_url", "page_url"];

/// More names than anybody reads.
const MANY: usize = 60;

/// Tags that name templates and their parts, not values.
const STRUCTURE: [&str; 5] = ["block", "endblock", "extends", "include", "import"];

impl Names {
    /// What the body of `lesson` may use.
    pub fn of_body(course: &Course, lesson: &Lesson) -> Names {
        let mut paths: BTreeSet<String> = KNOWN.iter().map(ToString::to_string).collect();
        paths.extend(LINKS.iter().map(|link| format!("links.{link}")));
        paths.extend(course.fields.keys().map(|field| format!("subscriber.fields.{field}")));
        let asked = course.lessons.values().flat_map(|lesson| &lesson.asks);
        paths.extend(asked.chain(&lesson.asks).map(|ask| format!("answers.{}", ask.id)));
        let asks = lesson.asks.iter().map(|ask: &Ask| ask.id.clone()).collect();
        Names { paths, asks, own: BTreeSet::new(), answers_allowed: true, has_crisis: course.crisis.is_some() }
    }

    /// What the subject and the preview may use: no answers (health data), no links, nothing of themselves.
    pub fn of_header(course: &Course, lesson: &Lesson) -> Names {
        let mut names = Names::of_body(course, lesson);
        names.paths.retain(|path| !["answers.", "links.", "lesson."].iter().any(|root| path.starts_with(root)));
        names.paths.insert("lesson.id".to_string());
        names.asks.clear();
        names.answers_allowed = false;
        names
    }

    /// What the template of a mail may use, whichever mail it is.
    pub fn of_template(path: &str) -> Names {
        let known = KNOWN.iter().chain(&IN_TEMPLATES).map(ToString::to_string);
        let mut paths: BTreeSet<String> = known.collect();
        paths.extend(LINKS.iter().map(|link| format!("links.{link}")));
        paths.extend(Theme::default().fixed().into_keys());
        let words = serde_json::to_value(&words("en").mail).unwrap_or_default();
        paths.extend(words.as_object().into_iter().flat_map(|words| words.keys().map(|word| format!("words.{word}"))));
        if FOLDERS.iter().any(|folder| path.starts_with(&format!("mail/{folder}/"))) {
            paths.retain(|path| !OF_LESSONS.iter().any(|root| path.starts_with(root)));
        } else if path.starts_with("mail/lesson/") {
            paths.retain(|path| !OF_LETTERS.contains(&path.as_str()));
        }
        Names { paths, asks: BTreeSet::new(), own: BTreeSet::new(), answers_allowed: true, has_crisis: false }
    }

    /// As [`Names::check`], for a template. One that has components is left to Tera: their parameters are names, too.
    pub fn check_template(&mut self, tags: &[Tag], source: &Arc<Source>, problems: &mut Vec<Problem>) {
        let all: Vec<Vec<Token>> = tags.iter().map(|tag| tokens(&tag.text)).collect();
        let first = |tokens: &[Token], words: &[&str]| {
            tokens.iter().find(|token| token.is_name()).is_some_and(|token| words.contains(&token.text.as_str()))
        };
        if all.iter().any(|tokens| first(tokens, &["component"]) || tokens.get(2).is_some_and(|token| token.is("<"))) {
            return;
        }
        for tokens in &all {
            self.own.extend(defined_by(tokens));
        }
        for (tag, tokens) in tags.iter().zip(&all).filter(|(_, tokens)| !first(tokens, &STRUCTURE)) {
            for path in paths(tokens) {
                self.check_path(tag, &path, source, problems);
            }
        }
    }

    /// Reports every name in `tags` that doesn't exist, and says which questions they place.
    pub fn check(&mut self, tags: &[Tag], source: &Arc<Source>, problems: &mut Vec<Problem>) -> BTreeSet<String> {
        for tag in tags {
            self.own.extend(defined_by(&tokens(&tag.text)));
        }
        let mut placed = BTreeSet::new();
        for tag in tags {
            if let Some((at, help)) = round_quotes(&tag.text) {
                let message = "these quotation marks are none in a tag";
                problems.push(Problem::error(source, place(tag, &at), message, help));
                continue;
            }
            let tokens = tokens(&tag.text);
            for path in paths(&tokens) {
                self.check_path(tag, &path, source, problems);
            }
            check_safe(tag, &tokens, source, problems);
            self.check_crisis(tag, &tokens, source, problems);
            self.check_component(tag, &tokens, source, problems);
            placed.extend(self.check_ask(tag, &tokens, source, problems));
        }
        placed
    }

    fn check_path(&self, tag: &Tag, path: &Path, source: &Arc<Source>, problems: &mut Vec<Problem>) {
        let root = path.names.first().map_or("", String::as_str);
        if self.own.contains(root) {
            return;
        }
        let full = path.names.join(".");
        if self.is_group(&full) && tag.kind == TagKind::Value && !tag.text.contains(['|', '[', '(']) {
            let message = format!("`{full}` holds several values");
            let help = format!("print one of them: {}", self.below(&full).collect::<Vec<_>>().join(", "));
            problems.push(Problem::error(source, place(tag, &path.range), message, help));
            return;
        }
        let within = |known: &String| *known == full || known.starts_with(&format!("{full}."));
        // A method of a value, `subscriber.first_name.x`, is Tera's to refuse.
        if self.paths.iter().any(within) || self.paths.iter().any(|known| full.starts_with(&format!("{known}."))) {
            return;
        }
        // An object may be empty here: a course without fields, or without questions.
        if matches!(full.as_str(), "subscriber.fields" | "answers") && self.answers_allowed {
            return;
        }
        let span = place(tag, &path.range);
        if root == "answers" && !self.answers_allowed {
            let help = "answers are private, and a subject is seen by everyone on the way";
            problems.push(Problem::error(source, span, "an answer can't stand in a subject or preview", help));
            return;
        }
        let help = match nearest(&full, self.paths.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", self.known().join(", ")),
        };
        problems.push(Problem::error(source, span, format!("unknown name `{full}`"), help));
    }

    /// The names to choose from; where there are too many of them, the groups.
    fn known(&self) -> Vec<&str> {
        let group = |path: &'_ str| path.find('.').unwrap_or(path.len());
        let groups: BTreeSet<&str> = self.paths.iter().map(|path| &path[..group(path)]).collect();
        let all = || self.paths.iter().map(String::as_str).collect();
        if self.paths.len() > MANY { groups.into_iter().collect() } else { all() }
    }

    fn is_group(&self, path: &str) -> bool {
        self.below(path).next().is_some()
    }

    fn below<'n>(&'n self, path: &str) -> impl Iterator<Item = &'n str> + use<'n> {
        let prefix = format!("{path}.");
        self.paths.iter().map(String::as_str).filter(move |known| known.starts_with(&prefix))
    }

    /// A place for a text that isn't written would stay empty in the mail.
    fn check_crisis(&self, tag: &Tag, tokens: &[Token], source: &Arc<Source>, problems: &mut Vec<Problem>) {
        let call = tokens.windows(2).find(|pair| pair[0].is("crisis") && pair[1].is("("));
        if let Some(call) = call.filter(|_| !self.has_crisis) {
            let help = "write crisis = \"…\" in course.toml: where to turn in an emergency";
            problems.push(Problem::error(source, place(tag, &call[0].range), NO_CRISIS, help));
        }
    }

    fn check_component(&self, tag: &Tag, tokens: &[Token], source: &Arc<Source>, problems: &mut Vec<Problem>) {
        if let Some(name) = calls::called(tokens).filter(|_| !self.answers_allowed) {
            let message = format!("`{}` can't stand in a subject or preview", name.text);
            problems.push(Problem::error(source, place(tag, &name.range), message, "write it into the lesson's text"));
        }
        let faults = calls::faults(tokens).into_iter();
        problems.extend(faults.map(|it| Problem::error(source, place(tag, &it.range), it.message, it.help)));
    }

    fn check_ask(
        &self,
        tag: &Tag,
        tokens: &[Token],
        source: &Arc<Source>,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let call = tokens.windows(2).position(|pair| pair[0].is("ask") && pair[1].is("("))?;
        let rest = &tokens[call..];
        let id = match rest.get(2..6) {
            Some([name, equals, id, close]) if name.is("id") && equals.is("=") && close.is(")") => id.quoted(),
            _ => None,
        };
        let span = place(tag, &tokens[call].range);
        match id {
            Some(id) if self.asks.contains(id) => return Some(id.to_string()),
            Some(id) => {
                let help = format!("add an [[ask]] with id = \"{id}\" to this lesson, or correct the id");
                problems.push(Problem::error(source, span, format!("this lesson has no question `{id}`"), help));
            }
            None => {
                let help = "write {{ ask(id=\"…\") }} with the id of a question of this lesson";
                problems.push(Problem::error(source, span, "`ask` needs the id of a question, in quotes", help));
            }
        }
        None
    }
}

/// Only what is escaped can't become a link or a tag.
fn check_safe(tag: &Tag, tokens: &[Token], source: &Arc<Source>, problems: &mut Vec<Problem>) {
    let safe = tokens.windows(2).find(|pair| (pair[0].is("|") || pair[0].is("filter")) && pair[1].is("safe"));
    if let Some(pair) = safe {
        let help = "remove it, and write HTML or Markdown in the lesson itself";
        let message = "`safe` would let what a person typed pass as HTML";
        problems.push(Problem::error(source, place(tag, &pair[1].range), message, help));
    }
}

/// Where a part of a tag stands in the source.
fn place(tag: &Tag, range: &Range<usize>) -> Range<usize> {
    tag.span.start + range.start..tag.span.start + range.end
}

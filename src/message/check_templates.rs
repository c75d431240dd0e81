//! Everything that is wrong with the coach's templates and theme, before any course uses them: reads each, and makes
//! sample mails of all kinds with them. Writes to nobody.

use crate::course;
use crate::course::Course;
use crate::course::Tree;
use crate::keys::nearest;
use crate::message::Archive;
use crate::message::Asked;
use crate::message::Letter;
use crate::message::Logo;
use crate::message::Rendered;
use crate::message::Templates;
use crate::message::Titled;
use crate::message::Values;
use crate::message::check_lesson;
use crate::message::css;
use crate::message::letter;
use crate::message::look::lint;
use crate::message::look::styles;
use crate::message::look::theme;
use crate::message::names::Names;
use crate::message::prepare;
use crate::message::sample::Person;
use crate::message::sample::sample;
use crate::message::tags;
use crate::message::templates::built_in;
use crate::message::templates::is_mail;
use crate::message::visible::visible;
use crate::picture;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Site;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The course that sample mails are made of.
const SAMPLE: &str = "sample";

const COURSE: &str = r#"
title = "A sample"
summary = "What a mail may hold."
language = "en"
lessons = ["sample"]
require = ["disclaimer", "crisis"]
disclaimer = "Words that stand in every mail."
crisis = "Where to turn."
schedule = { wait = "2 days", send = "30 8 * * *" }
"#;

const LESSON: &str = r#"+++
subject = "A sample"
preview = "What a mail may hold."
content_note = "This is a sample."
ask = [{ id = "how", question = "How was it?", kind = "choice", options = { well = "Well", ill = "Ill" } }]
+++
Dear {{ subscriber.first_name or "reader" }},

here is [a link]({{ links.web_view }}).

{{ crisis() }}
"#;

/// Every problem of the coach's mail templates and theme: `overrides` are the files below the templates folder.
pub fn check_templates(site: &Site, overrides: &BTreeMap<String, Vec<u8>>) -> Vec<Problem> {
    let read = theme::read(overrides);
    let (fixed, mut problems) = (read.theme.fixed(), read.faint);
    problems.extend(read.theme.logo.as_ref().and_then(unseen));
    let loaded = Templates::load(overrides);
    let broken: &[Problem] = loaded.as_ref().err().map_or(&[], Vec::as_slice);
    for (path, bytes) in overrides {
        let source = Source::new(format!("templates/{path}"), String::from_utf8_lossy(bytes));
        problems.extend(unused(path, overrides, &source));
        problems.extend(styled(path, &source));
        if is_mail(path) && path != styles::FILE {
            let readable = !broken.iter().any(|problem| problem.file() == source.name);
            read_one(path, &source, &fixed, readable, &mut problems);
        }
    }
    match loaded {
        Err(found) => {
            let new = found.into_iter().map(|problem| of_parent(problem, overrides));
            let new: Vec<_> = new.filter(|new| !problems.iter().any(|old| tells(old, new))).collect();
            problems.extend(new);
        }
        Ok(templates) => {
            let found = sample_mails(&templates, site, overrides);
            // An unknown name is reported as that; it needn't be called undefined too.
            let new: Vec<_> = found.into_iter().filter(|new| !problems.iter().any(|old| tells(old, new))).collect();
            problems.extend(new);
        }
    }
    problem::sort(&mut problems);
    problems
}

/// A logo that nobody could see.
fn unseen(logo: &Logo) -> Option<Problem> {
    let fault = picture::prepared(&logo.bytes).err()?;
    let source = Source::new(format!("templates/{}", logo.file), "");
    Some(Problem::error(&source, 0..0, format!("this logo {fault}"), fault.help()))
}

/// Whether a problem speaks of the place of another.
fn tells(known: &Problem, other: &Problem) -> bool {
    // The reader of MJML means an element by its bracket, we by its name.
    let behind = other.span.end.max(other.span.start + 1);
    known.file() == other.file() && known.span.start <= behind && other.span.start <= known.span.end
}

/// A built-in template lacks nothing but what the coach's layout doesn't have any more.
fn of_parent(problem: Problem, overrides: &BTreeMap<String, Vec<u8>>) -> Problem {
    let path = problem.file().trim_start_matches("templates/");
    let block = problem.message.strip_prefix("Block `").and_then(|rest| rest.split('`').next());
    let parent = if path.ends_with(".txt") { "mail/layout.txt" } else { "mail/layout.mjml" };
    match (block, overrides.get(parent)) {
        (Some(block), Some(bytes)) if !overrides.contains_key(path) => {
            let source = Source::new(format!("templates/{parent}"), String::from_utf8_lossy(bytes));
            let message = format!("this layout has no block `{block}`, into which mails are written");
            let help = format!(
                "write {{% block {block} %}}{{% endblock %}} where their words belong: compare the built-in one"
            );
            Problem::error(&source, 0..0, message, help)
        }
        _ => problem,
    }
}

/// What mail programs don't do of its styles.
fn styled(path: &str, source: &Arc<Source>) -> Vec<Problem> {
    if !is_mail(path) {
        return Vec::new();
    }
    let mut remarks = Vec::new();
    if path == styles::FILE {
        remarks = css::look_at_sheet(&without_tags(&source.text));
    }
    for (at, style) in styles_within(path, &source.text) {
        let found = css::look_at_style(style).into_iter();
        remarks.extend(found.map(|it| css::Remark { at: at + it.at.start..at + it.at.end, ..it }));
    }
    let problem =
        |it: css::Remark| Problem { severity: it.severity, ..Problem::error(source, it.at, it.message, it.help) };
    remarks.into_iter().map(problem).collect()
}

/// The values of `style` attributes, and where they begin.
fn styles_within<'t>(path: &str, text: &'t str) -> Vec<(usize, &'t str)> {
    let mut found = Vec::new();
    let markup = path.ends_with(".html") || path.ends_with(".mjml");
    for (at, name) in text.match_indices(" style=\"").filter(|_| markup) {
        let start = at + name.len();
        found.extend(text[start..].split('"').next().map(|style| (start, style)));
    }
    found
}

/// Braces of tags aren't those of rules; places stay.
fn without_tags(sheet: &str) -> String {
    sheet.replace("{{", "  ").replace("}}", "  ")
}

/// What a template's own text shows. Where Tera can't read it, its names may be anything.
fn read_one(
    path: &str,
    source: &Arc<Source>,
    fixed: &BTreeMap<String, String>,
    readable: bool,
    problems: &mut Vec<Problem>,
) {
    // What keeps it from being read is reported where it is loaded.
    let marked = tags::mark_template(source, fixed, &mut Vec::new());
    if path.ends_with(".mjml") {
        problems.extend(lint::lint(&marked, source));
    }
    if readable {
        Names::of_template(path).check_template(&marked.tags, source, problems);
    }
}

/// A file that stands in for none of ours, and that no other template names: most likely its path is misspelt.
fn unused(path: &str, overrides: &BTreeMap<String, Vec<u8>>, source: &Arc<Source>) -> Option<Problem> {
    let ours = built_in();
    let is_template = [".mjml", ".html", ".txt", ".css", ".toml"].iter().any(|ending| path.ends_with(ending));
    let quoted = [format!("\"{path}\""), format!("'{path}'")];
    let named = |bytes: &Vec<u8>| {
        let text = String::from_utf8_lossy(bytes);
        quoted.iter().any(|name| text.contains(name))
    };
    if !is_template || path.starts_with("web/") || path == theme::FILE || ours.contains_key(path) {
        return None;
    }
    if overrides.values().any(named) {
        return None;
    }
    let known = || ours.keys().map(String::as_str).chain([theme::FILE]);
    let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
    let moved =
        known().find(|known| file(known) == file(path) && file(path) != "mail.html" && file(path) != "mail.txt");
    let help = match moved.or_else(|| nearest(path, known())) {
        Some(near) => format!("did you mean `templates/{near}`?"),
        None => "give it the path of the built-in template that it replaces, or remove it".to_string(),
    };
    Some(Problem::error(source, 0..0, "no template of ours has this path, and none names it", help))
}

/// The problems of a lesson, its page and each letter, in the templates that made them.
fn sample_mails(templates: &Templates, site: &Site, overrides: &BTreeMap<String, Vec<u8>>) -> Vec<Problem> {
    let tree = Tree::from([
        ("course.toml".to_string(), COURSE.as_bytes().to_vec()),
        (format!("{SAMPLE}.md"), LESSON.as_bytes().to_vec()),
    ]);
    let Some(course) = course::load(SAMPLE, SAMPLE, &tree).course else { return Vec::new() };
    let Some(lesson) = course.lessons.get(SAMPLE) else { return Vec::new() };
    let found = check_lesson(templates, site, &course, lesson);
    let mut problems: Vec<Problem> = found.into_iter().filter_map(|problem| in_template(problem, overrides)).collect();
    let values = sample(site, &course, lesson, Person::HasAll);
    if let Ok(prepared) = prepare(templates, site, &course, lesson) {
        problems.extend(prepared.page(&values).err().map(|error| *error.problem));
        let page = || Titled { title: "A sample".to_string(), url: format!("{}/c/{SAMPLE}", site.url) };
        let nobody = Values::of_nobody(&course, values.progress, &page().url, page().url);
        for beside in [None, Some(page())] {
            let date = "5 March 2026".to_string();
            let around = Archive { get: page(), all: page(), before: beside.clone(), after: beside, date };
            problems.extend(prepared.archived(&nobody, &around).err().map(|error| *error.problem));
        }
    }
    problems.extend(sample_letters(templates, site, &course, overrides));
    // Each of these mails would say the same of the same place.
    let mut told: Vec<Problem> = Vec::new();
    for problem in problems {
        if !told
            .iter()
            .any(|known| known.file() == problem.file() && known.span == problem.span && !problem.span.is_empty())
        {
            told.push(problem);
        }
    }
    told
}

/// A problem that was found in the sample is one of the template that made the mail.
fn in_template(problem: Problem, overrides: &BTreeMap<String, Vec<u8>>) -> Option<Problem> {
    if problem.file().starts_with("templates/") {
        return Some(problem);
    }
    let html = problem.message.contains("HTML part");
    let names =
        if html { ["mail/layout.mjml", "mail/lesson/mail.html"] } else { ["mail/layout.txt", "mail/lesson/mail.txt"] };
    let message = problem.message.replace(&format!(" of `{SAMPLE}`"), " of a lesson");
    blame(&names, overrides, message)
}

/// The first of these templates that is the coach's is the one to look at.
fn blame(names: &[&str], overrides: &BTreeMap<String, Vec<u8>>, message: String) -> Option<Problem> {
    let (path, bytes) = names.iter().find_map(|name| overrides.get_key_value(*name))?;
    let source = Source::new(format!("templates/{path}"), String::from_utf8_lossy(bytes));
    Some(Problem::error(&source, 0..0, message, "the template must show it: compare it with the built-in one"))
}

fn sample_letters(
    templates: &Templates,
    site: &Site,
    course: &Course,
    overrides: &BTreeMap<String, Vec<u8>>,
) -> Vec<Problem> {
    let asked = [Asked { title: &course.title, summary: &course.summary }];
    let link = |page: &str| format!("{}/{page}/sample", site.url);
    let (confirm, never, page) = (link("confirm"), link("never"), link("my"));
    let letters = [
        ("a confirmation", Letter::Confirmation { asked: &asked, confirm_url: &confirm, never_url: Some(&never) }),
        ("the mail with the link to one's page", Letter::Page { page_url: &page }),
        ("the mail to a new address", Letter::NewAddress { confirm_url: &confirm }),
        ("the mail about a changed address", Letter::AddressChanged),
    ];
    let mut problems = Vec::new();
    for (name, sample) in &letters {
        match letter(templates, site, sample, &course.language) {
            Ok(rendered) => problems.extend(without_link(name, sample, &rendered, overrides)),
            Err(error) => problems.push(*error.problem),
        }
    }
    problems
}

/// Where a letter lacks the link for whose sake it is sent.
fn without_link(
    name: &str,
    letter: &Letter<'_>,
    rendered: &Rendered,
    overrides: &BTreeMap<String, Vec<u8>>,
) -> Vec<Problem> {
    let Some(link) = letter.link() else { return Vec::new() };
    let template = |ending: &str| format!("mail/{}/mail.{ending}", letter.folder());
    let mut problems = Vec::new();
    if !visible(&rendered.html).links.iter().any(|it| it == link) {
        let message = format!("the HTML part of {name} lacks its link");
        problems.extend(blame(&[&template("html"), "mail/layout.mjml"], overrides, message));
    }
    if !rendered.text.contains(link) {
        let message = format!("the text part of {name} lacks its link");
        problems.extend(blame(&[&template("txt"), "mail/layout.txt"], overrides, message));
    }
    problems
}

//! What templates see that is the same in many mails: the site, the theme, the words of a language, a course's own texts.
//! Knows no person.

use crate::course::Course;
use crate::course::Kind;
use crate::message::Templates;
use crate::message::blocks;
use crate::message::blocks::Block;
use crate::message::look::styles::sides;
use crate::message::plain;
use crate::problem::Problem;
use crate::site::Site;
use crate::text::direction;
use crate::text::fill;
use crate::text::words;
use serde_json::json;
use tera::Context;

/// A text of the course in both forms; empty where it has none.
pub fn block(markdown: Option<&str>, key: &str, site: &Site, course: &Course, problems: &mut Vec<Problem>) -> Block {
    markdown.map(|markdown| blocks::of_course(markdown, key, site, course, problems)).unwrap_or_default()
}

/// What is the same in every mail of a course.
pub fn of_course(templates: &Templates, site: &Site, course: &Course, disclaimer: &Block) -> Context {
    let words = words(&course.language);
    let why = match course.kind {
        Kind::Course => words.mail.why_course,
        Kind::Newsletter => words.mail.why_newsletter,
    };
    let why = fill(why, &[("course", &course.title)]);
    let mut context = of_language(templates, site, &course.language);
    context.insert(
        "course",
        &json!({ "id": course.id, "title": course.title, "summary": course.summary, "language": course.language }),
    );
    let own = &templates.theme().footer.text;
    context.insert(
        "footer",
        &json!({ "why": why, "why_text": plain::wrap(&why), "disclaimer_text": disclaimer.text, "text": own }),
    );
    let html = templates.styles.of_block(&disclaimer.html, direction(&course.language));
    context.insert_value("disclaimer_html", tera::Value::safe_string(&html));
    context
}

/// What is the same in every mail of a language.
pub fn of_language(templates: &Templates, site: &Site, language: &str) -> Context {
    let mut context = Context::new();
    let (start, end) = sides(direction(language));
    context.insert("start", start);
    context.insert("end", end);
    context.insert("theme", &templates.theme().context(&site.url));
    let footer = templates.styles.of_block(&templates.theme().footer.html, direction(language));
    context.insert_value("footer_html", tera::Value::safe_string(&footer));
    context.insert("site", &json!({ "name": site.name, "url": site.url, "postal_address": site.postal_address }));
    context.insert("words", &words(language).mail);
    context.insert("language", language);
    context.insert("direction", direction(language));
    context
}

//! Checks that the files of a translation can be read and hold known keys. Doesn't build a translated course.

use crate::course::file;
use crate::course::names;
use crate::keys;
use crate::keys::Keys;
use crate::keys::Overrides;
use crate::problem::Problem;

/// Problems of a translation's course.toml, which holds only what is translated. `folder` must be a language tag.
pub fn course(folder: &str, name: &str, bytes: &[u8]) -> Vec<Problem> {
    let (source, problem) = file::decode(name, bytes);
    let mut problems = Vec::new();
    if !names::is_language(folder) {
        let message = format!("a folder with a course.toml is a translation, and `{folder}` isn't a language tag");
        problems.push(Problem::error(&source, 0..0, message, "name it like `fr` or `pt-BR`, or move the course out"));
    }
    if problem.is_none() {
        problems.extend(keys::read(&source, &source.text, 0, &Overrides::new(), course_keys).1);
    }
    problems.extend(problem);
    problems
}

/// Problems of a translated lesson.
pub fn lesson(name: &str, bytes: &[u8]) -> Vec<Problem> {
    let (source, problem) = file::decode(name, bytes);
    if let Some(problem) = problem {
        return vec![problem];
    }
    match file::front_matter(&source) {
        Err(problem) => vec![problem],
        Ok(front) => {
            let toml = &source.text[front.toml.clone()];
            keys::read(&source, toml, front.toml.start, &Overrides::new(), lesson_keys).1
        }
    }
}

fn course_keys(keys: &Keys<'_>) {
    texts(keys, &["title", "summary", "disclaimer", "crisis", "consent", "about"]);
    if let Some(invite) = keys.table("invite") {
        texts(&invite, &["text", "url"]);
        invite.finish();
    }
    if let Some(fields) = keys.table("fields") {
        for name in fields.names() {
            let Some(field) = fields.table(name.get_ref()) else { continue };
            texts(&field, &["label"]);
            field.finish();
        }
    }
    for stage in keys.tables("stage") {
        texts(&stage, &["id", "title"]);
        stage.finish();
    }
    keys.finish();
}

fn lesson_keys(keys: &Keys<'_>) {
    texts(keys, &["subject", "preview", "content_note"]);
    for ask in keys.tables("ask") {
        texts(&ask, &["id", "question", "low", "high"]);
        if let Some(options) = ask.table("options") {
            for name in options.names() {
                options.text(name.get_ref());
            }
        }
        ask.finish();
    }
    keys.finish();
}

fn texts(keys: &Keys<'_>, names: &[&str]) {
    for name in names {
        keys.text(name);
    }
}

//! A course in another language: a folder with the same file names, whose files hold only what is translated. What isn't
//! translated stays as the original has it.

use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Invite;
use crate::course::Lesson;
use crate::course::Translation;
use crate::course::Tree;
use crate::course::ask;
use crate::course::file;
use crate::course::lesson::hex;
use crate::course::names;
use crate::course::settings;
use crate::keys;
use crate::keys::Keys;
use crate::keys::Overrides;
use crate::keys::nearest;
use crate::problem::Problem;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::BTreeSet;
use toml::Spanned;

const MANIFEST: &str = "course.toml";

/// The course in the language of `folder`, whose files people know by `name`. `about`: the original's file of this key.
pub fn translate(
    original: &Course,
    about: Option<&str>,
    folder: &str,
    tree: &Tree,
    name: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) -> Translation {
    let mut course = Course { language: folder.to_string(), ..original.clone() };
    let path = |file: &str| format!("{folder}/{file}");
    let own = tree
        .get(&path(MANIFEST))
        .and_then(|bytes| manifest(&mut course, folder, &name(&path(MANIFEST)), bytes, problems));
    let about = about_file(&course, own, about.map(path), folder, tree, problems);
    if let Some((about, bytes)) = about.as_ref().and_then(|about| Some((about, tree.get(about)?))) {
        let (text, problem) = file::decode(&name(about), bytes);
        problems.extend(problem);
        course.about = Some(text.text.clone());
        course.texts.insert("about", text);
    }
    let mut translated = BTreeSet::new();
    for (id, lesson) in &mut course.lessons {
        let file = path(&format!("{id}.md"));
        if let Some(bytes) = tree.get(&file) {
            translate_lesson(lesson, &name(&file), bytes, problems);
            translated.insert(id.clone());
        }
    }
    for stray in strays(original, folder, tree, about.as_deref()) {
        let (source, _) = file::decode(&name(&stray), &[]);
        let id = stray.rsplit('/').next().and_then(|file| file.strip_suffix(".md")).unwrap_or_default();
        let help = match nearest(id, original.lessons.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}.md`?"),
            None => "name it like the original's file, or remove it".to_string(),
        };
        problems.push(Problem::warning(
            &source,
            0..0,
            "the original has no lesson of this name: nobody gets this",
            help,
        ));
    }
    // Images of its own stand in for the original's of the same name.
    let prefix = format!("{folder}/");
    let own =
        original.files.iter().filter_map(|(at, bytes)| Some((at.strip_prefix(&prefix)?.to_string(), bytes.clone())));
    course.files.extend(own.collect::<Vec<_>>());
    Translation { course, lessons: translated }
}

fn strays(original: &Course, folder: &str, tree: &Tree, about: Option<&str>) -> Vec<String> {
    let mut strays = Vec::new();
    // Where the original lists nothing that can be read, everything would be one.
    if original.lessons.is_empty() {
        return strays;
    }
    for path in tree.keys() {
        let file = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let Some(id) = file.filter(|file| !file.contains('/')).and_then(|file| file.strip_suffix(".md")) else {
            continue;
        };
        let is_about = about == Some(path.as_str());
        if !original.lessons.contains_key(id) && !original.retired.iter().any(|retired| retired == id) && !is_about {
            strays.push(path.clone());
        }
    }
    strays
}

/// The translation's course.toml, which holds only what is translated. `folder` must be a language tag.
fn manifest(
    course: &mut Course,
    folder: &str,
    name: &str,
    bytes: &[u8],
    problems: &mut Vec<Problem>,
) -> Option<Spanned<String>> {
    let (source, problem) = file::decode(name, bytes);
    if !names::is_language(folder) {
        let message = format!("a folder with a course.toml is a translation, and `{folder}` isn't a language tag");
        problems.push(Problem::error(&source, 0..0, message, "name it like `fr` or `pt-BR`, or move the course out"));
    }
    if let Some(problem) = problem {
        problems.push(problem);
        return None;
    }
    let original = std::mem::replace(&mut course.source, source.clone());
    let (about, found) = keys::read(&source, &source.text, 0, &Overrides::new(), |keys| course_keys(keys, course));
    problems.extend(found);
    let table = toml::de::DeTable::parse(&source.text).ok();
    let own = |key: &str| table.as_ref().is_some_and(|table| table.get_ref().get(key).is_some());
    let from_original = TEXTS.into_iter().filter(|key| !own(key)).map(|key| (key, original.clone()));
    course.texts.extend(from_original.collect::<Vec<_>>());
    about
}

/// Keys of course.toml that are Markdown, or lead elsewhere.
const TEXTS: [&str; 4] = ["disclaimer", "crisis", "consent", "invite"];

/// Where the text of the course's page stands: where the translation's own `about` says, or in a file of the same name
/// as the original's, if there is one.
fn about_file(
    course: &Course,
    own: Option<Spanned<String>>,
    same: Option<String>,
    folder: &str,
    tree: &Tree,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let Some(own) = own else { return same.filter(|path| tree.contains_key(path)) };
    let path = format!("{folder}/{}", own.get_ref());
    if tree.contains_key(&path) {
        return Some(path);
    }
    let help = "write it, or remove `about`";
    problems.push(Problem::error(&course.source, own.span(), format!("there is no file `{path}`"), help));
    None
}

fn course_keys(keys: &Keys<'_>, course: &mut Course) -> Option<Spanned<String>> {
    let text = |key: &str| keys.text(key).map(Spanned::into_inner);
    replace(&mut course.title, text("title"));
    replace(&mut course.summary, text("summary"));
    course.disclaimer = text("disclaimer").or(course.disclaimer.take());
    course.crisis = text("crisis").or(course.crisis.take());
    course.consent = text("consent").or(course.consent.take());
    let about = keys.text("about");
    if let Some(table) = keys.table("invite") {
        let (words, url) = (table.text("text"), table.text("url"));
        settings::check_web_url(&table, url.as_ref());
        let original = course.invite.take();
        let (old_words, old_url) = original.map(|it| (it.text, it.url)).unzip();
        let words = words.map(Spanned::into_inner).or(old_words);
        course.invite = words.zip(url.map(Spanned::into_inner).or(old_url)).map(|(text, url)| Invite { text, url });
        table.finish();
    }
    if let Some(fields) = keys.table("fields") {
        for name in fields.names() {
            let Some(table) = fields.table(name.get_ref()) else { continue };
            let label = table.text("label").map(Spanned::into_inner);
            match course.fields.get_mut(name.get_ref()) {
                Some(field) => replace(&mut field.label, label),
                None => unknown(keys, &name, "field", course.fields.keys()),
            }
            table.finish();
        }
    }
    for table in keys.tables("stage") {
        let (id, title) = (table.text("id"), table.text("title").map(Spanned::into_inner));
        let Some(id) = id else { continue };
        match course.stages.iter_mut().find(|stage| stage.id == *id.get_ref()) {
            Some(stage) => replace(&mut stage.title, title),
            None => unknown(keys, &id, "stage", course.stages.iter().map(|stage| &stage.id)),
        }
        table.finish();
    }
    keys.finish();
    about
}

fn translate_lesson(lesson: &mut Lesson, name: &str, bytes: &[u8], problems: &mut Vec<Problem>) {
    let (source, problem) = file::decode(name, bytes);
    if let Some(problem) = problem {
        return problems.push(problem);
    }
    let front = match file::front_matter(&source) {
        Ok(front) => front,
        Err(problem) => return problems.push(problem),
    };
    let toml = &source.text[front.toml.clone()];
    lesson.source = source.clone();
    lesson.body = front.body;
    lesson.version = hex(&Sha256::digest(bytes));
    let ((), found) = keys::read(&source, toml, front.toml.start, &Overrides::new(), |keys| lesson_keys(keys, lesson));
    problems.extend(found);
    if lesson.markdown().trim().is_empty() {
        let end = source.text.len();
        let help = "write it below the second line `+++`";
        problems.push(Problem::error(&source, end..end, "the lesson has no text", help));
    }
}

fn lesson_keys(keys: &Keys<'_>, lesson: &mut Lesson) {
    let text = |key: &str| keys.text(key).map(Spanned::into_inner);
    keys.missing("subject", "write subject = \"…\" in this language: it is the mail's subject");
    replace(&mut lesson.subject, text("subject"));
    lesson.preview = text("preview").or(lesson.preview.take());
    lesson.content_note = text("content_note").or(lesson.content_note.take());
    for table in keys.tables("ask") {
        let id = table.text("id");
        let known = id.as_ref().and_then(|id| lesson.asks.iter_mut().find(|ask| ask.id == *id.get_ref()));
        match (known, id) {
            (Some(ask), _) => ask_keys(&table, ask),
            (None, Some(id)) => {
                unknown(keys, &id, "question", lesson.asks.iter().map(|ask| &ask.id));
                ask_keys(
                    &table,
                    &mut Ask { kind: AskKind::Text, id: String::new(), question: String::new(), alert: vec![] },
                );
            }
            (None, None) => {}
        }
    }
    keys.finish();
}

fn ask_keys(table: &Keys<'_>, ask: &mut Ask) {
    let text = |key: &str| table.text(key).map(Spanned::into_inner);
    replace(&mut ask.question, text("question"));
    let (new_low, new_high) = (text("low"), text("high"));
    let known = match &ask.kind {
        AskKind::Choice(options) | AskKind::Choices(options) => &options[..],
        AskKind::Scale { .. } | AskKind::Text => &[],
    };
    let labels = ask::labels(table, known);
    match &mut ask.kind {
        AskKind::Choice(options) | AskKind::Choices(options) => {
            let is_read = !options.is_empty();
            for name in labels.iter().flat_map(Keys::names) {
                let label = labels.as_ref().and_then(|labels| labels.text(name.get_ref())).map(Spanned::into_inner);
                match options.iter_mut().find(|(id, _)| id == name.get_ref()) {
                    Some((_, known)) => replace(known, label),
                    None if is_read => unknown(table, &name, "option", options.iter().map(|(id, _)| id)),
                    // The original's own couldn't be read.
                    None => {}
                }
            }
            if let Some(labels) = &labels {
                ask::look_alike(labels, options);
            }
        }
        AskKind::Scale { low, high, .. } => {
            replace(low, new_low);
            replace(high, new_high);
        }
        AskKind::Text => {}
    }
    table.finish();
}

fn replace(text: &mut String, new: Option<String>) {
    if let Some(new) = new {
        *text = new;
    }
}

fn unknown<'n>(keys: &Keys<'_>, name: &Spanned<String>, kind: &str, known: impl Iterator<Item = &'n String>) {
    let help = match nearest(name.get_ref(), known.map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "a translation changes words only; remove it".to_string(),
    };
    keys.error(name.span(), format!("the original has no {kind} `{}`", name.get_ref()), help);
}

//! Where a course leads to in the world: every address of the web in its lessons and texts, each with its place. Asks
//! nobody whether something answers there.

use crate::course::Course;
use crate::message::blocks;
use crate::message::marked::Marked;
use crate::message::prose;
use crate::message::stray;
use crate::message::tags;
use crate::problem::Problem;
use crate::problem::Source;
use std::ops::Range;
use std::sync::Arc;

/// One address, where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    pub source: Arc<Source>,
    pub span: Range<usize>,
}

/// Every address of the web that a course leads to, in each of its languages. One that a person's value is part of isn't
/// among them.
pub fn outside_links(course: &Course) -> Vec<Link> {
    let mut links = Vec::new();
    let all = course.lessons.keys().cloned().collect();
    let translations = course.translations.values().map(|it| (&it.course, &it.lessons));
    for (edition, lessons) in [(course, &all)].into_iter().chain(translations) {
        links.extend(of_texts(edition, &mut Vec::new()));
        for lesson in edition.lessons.values().filter(|lesson| lessons.contains(&lesson.id)) {
            let body = tags::mark(&lesson.source, lesson.body..lesson.source.text.len(), &[], &mut Vec::new());
            let found = prose::look(&body, &lesson.source, &mut Vec::new());
            links.extend(found.into_iter().map(|(url, at)| {
                let span = body.source_at(at.start)..body.source_at(at.end);
                Link { url, source: Arc::clone(&lesson.source), span }
            }));
        }
    }
    links
}

/// What is wrong with the texts of course.toml beyond what keeps a page from being made, and where they lead.
pub fn of_texts(course: &Course, problems: &mut Vec<Problem>) -> Vec<Link> {
    let texts = [
        ("disclaimer", &course.disclaimer),
        ("crisis", &course.crisis),
        ("consent", &course.consent),
        ("about", &course.about),
    ];
    let mut links = Vec::new();
    for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?))) {
        let mut found = Vec::new();
        let written = Source::new("", text);
        for (url, at) in prose::look(&Marked::untagged(text), &written, &mut found) {
            let (source, span) = blocks::place(course, key, text, &at);
            links.push(Link { url, source, span });
        }
        if blocks::untagged(text, key, &written).is_none() {
            stray::look(&written, 0..text.len(), &mut found);
        }
        problems.extend(found.into_iter().map(|problem| blocks::placed(problem, course, key, text)));
    }
    if let Some(invite) = &course.invite {
        let (source, span) = blocks::place(course, "invite", &invite.url, &(0..invite.url.len()));
        links.push(Link { url: invite.url.clone(), source, span });
    }
    links
}

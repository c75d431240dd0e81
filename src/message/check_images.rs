//! Whether readers can see the images of a course: each is decoded and prepared as it will be for them. Knows no mail.

use crate::course::Course;
use crate::message::blocks;
use crate::message::markdown;
use crate::message::marked::Marked;
use crate::message::tags;
use crate::picture;
use crate::problem::Problem;
use pulldown_cmark::Event;
use pulldown_cmark::Tag;
use std::ops::Range;
use std::sync::Arc;

/// Every image that the texts of a course show and nobody could see, in each of its languages. The first time this takes
/// as long as preparing them all does; mails and pages then find them ready.
pub fn check_images(course: &Course) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for edition in [course].into_iter().chain(course.translations.values().map(|it| &it.course)) {
        // What isn't translated stands in each of them.
        let new = of_edition(edition).into_iter();
        problems.extend(new.filter(|new| !problems.contains(new)).collect::<Vec<_>>());
    }
    problems
}

fn of_edition(course: &Course) -> Vec<Problem> {
    let mut problems = Vec::new();
    for lesson in course.lessons.values() {
        let range = lesson.body..lesson.source.text.len();
        // What is wrong with its tags is told where they are filled in.
        let marked = tags::mark(&lesson.source, range, &[], &mut Vec::new());
        for (place, message, help) in faults(&marked, course) {
            let span = marked.source_at(place.start)..marked.source_at(place.end);
            problems.push(Problem::error(&lesson.source, span, message, help));
        }
    }
    let texts = [
        ("about", &course.about),
        ("consent", &course.consent),
        ("crisis", &course.crisis),
        ("disclaimer", &course.disclaimer),
    ];
    for (key, text) in texts {
        let marked = Marked::untagged(text.as_deref().unwrap_or_default());
        let span = blocks::key_span(&course.source.text, key);
        for (_, message, help) in faults(&marked, course) {
            problems.push(Problem::error(&Arc::clone(&course.source), span.clone(), message, help));
        }
    }
    problems
}

fn faults(marked: &Marked, course: &Course) -> Vec<(Range<usize>, String, &'static str)> {
    let mut faults = Vec::new();
    for (event, range) in markdown::parse(marked) {
        let Event::Start(Tag::Image { dest_url, .. }) = event else { continue };
        let Some(bytes) = course.files.get(&markdown::path_of(&dest_url)) else { continue };
        // One that is too heavy, or a drawing, is told of as that.
        let light = bytes.len() <= markdown::IMAGE_LIMIT && markdown::is_image(&dest_url);
        if let Some(fault) = Some(bytes).filter(|_| light).and_then(|bytes| picture::prepared(bytes).err()) {
            faults.push((range, format!("the image `{dest_url}` {fault}"), fault.help()));
        }
    }
    faults
}

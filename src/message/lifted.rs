//! What stands for itself in a text, though Markdown takes it for words: tags that print paragraphs, addresses, and images
//! with a caption. Changes events; judges nothing.

use crate::message::blocks;
use crate::message::markdown::Placed;
use crate::message::marked::Marked;
use crate::message::marked::Part;
use crate::message::tags;
use crate::message::tags::TagKind;
use pulldown_cmark::Event;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;

/// Takes paragraphs that hold nothing but block tags out of their `<p>`.
pub fn lift_block_tags<'a>(marked: &Marked, events: Vec<Placed<'a>>) -> Vec<Placed<'a>> {
    let mut lifted: Vec<Placed<'a>> = Vec::with_capacity(events.len());
    let mut paragraph = None;
    for (event, range) in events {
        match event {
            Event::Start(Tag::Paragraph) => paragraph = Some(lifted.len()),
            Event::End(TagEnd::Paragraph) => {
                let start = paragraph.take().unwrap_or(lifted.len());
                let inner = lifted[start.min(lifted.len())..].iter().skip(1).map(|(event, _)| event);
                if let Some(marks) = only_block_tags(marked, inner) {
                    lifted.truncate(start);
                    lifted.push((Event::Start(Tag::HtmlBlock), range.clone()));
                    lifted.push((Event::Html(format!("{marks}\n").into()), range.clone()));
                    lifted.push((Event::End(TagEnd::HtmlBlock), range));
                    continue;
                }
            }
            _ => {}
        }
        lifted.push((event, range));
    }
    lifted
}

/// Makes a link of `{{ links.… }}` where it stands among words: not every program does.
pub fn link_addresses<'a>(marked: &Marked, events: Vec<Placed<'a>>) -> Vec<Placed<'a>> {
    let mut linked: Vec<Placed<'a>> = Vec::with_capacity(events.len());
    let mut closed = 0;
    for (event, range) in events {
        match &event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_)) => closed += 1,
            Event::End(TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock) => closed -= 1,
            Event::Text(text) if closed == 0 && marked.has_mark(text) => {
                linked.extend(marked.parts(text).into_iter().map(|part| (words_or_link(marked, part), range.clone())));
                continue;
            }
            _ => {}
        }
        linked.push((event, range));
    }
    linked
}

fn words_or_link<'a>(marked: &Marked, part: Part<'_>) -> Event<'a> {
    match part {
        Part::Text(text) => Event::Text(text.to_string().into()),
        Part::Mark(n) => {
            let mark = marked.mark(n);
            let is_link = marked.tags.get(n).is_some_and(tags::Tag::is_link);
            if is_link {
                Event::InlineHtml(format!("<a href=\"{mark}\">{mark}</a>").into())
            } else {
                Event::Text(mark.into())
            }
        }
    }
}

fn only_block_tags<'e, 'a: 'e>(marked: &Marked, events: impl Iterator<Item = &'e Event<'a>>) -> Option<String> {
    let mut marks = String::new();
    for event in events {
        match event {
            Event::Text(text) => marks.push_str(text.trim()),
            Event::SoftBreak => marks.push('\n'),
            _ => return None,
        }
    }
    let blocks_only = marked.parts(&marks).iter().all(|part| match part {
        Part::Text(text) => text.trim().is_empty(),
        Part::Mark(n) => marked.tags.get(*n).is_some_and(|tag| tag.kind != TagKind::Value),
    });
    (blocks_only && !marks.is_empty()).then_some(marks)
}

/// Makes a figure of each paragraph that is one image with a title: the title is its caption, in sight of everybody.
pub fn caption_images<'a>(events: Vec<Placed<'a>>) -> Vec<Placed<'a>> {
    let mut captioned: Vec<Placed<'a>> = Vec::with_capacity(events.len());
    let mut paragraph = None;
    for (event, range) in events {
        let ends = event == Event::End(TagEnd::Paragraph);
        if event == Event::Start(Tag::Paragraph) {
            paragraph = Some(captioned.len());
        }
        captioned.push((event, range));
        if let Some(start) = paragraph.take_if(|_| ends)
            && let Some(figure) = figure(&captioned[start..])
        {
            captioned.truncate(start);
            captioned.extend(figure);
        }
    }
    captioned
}

/// Two paragraphs, because mail programs know no better: the image, and below it the caption.
fn figure<'a>(paragraph: &[Placed<'a>]) -> Option<Vec<Placed<'a>>> {
    let [_, (Event::Start(Tag::Image { link_type, dest_url, title, id }), range), alt @ .., close, _] = paragraph
    else {
        return None;
    };
    let is_alone = !alt.iter().any(|(event, _)| *event == Event::End(TagEnd::Image));
    if title.is_empty() || close.0 != Event::End(TagEnd::Image) || !is_alone {
        return None;
    }
    let html = |html: String| (Event::Html(html.into()), range.clone());
    let caption = format!("</p>\n<p class=\"quiet caption\">{}</p>\n", blocks::escape(title));
    let image = Tag::Image { link_type: *link_type, dest_url: dest_url.clone(), title: "".into(), id: id.clone() };
    let mut figure = vec![(Event::Start(Tag::HtmlBlock), range.clone()), html("<p class=\"figure\">".to_string())];
    figure.push((Event::Start(image), range.clone()));
    figure.extend(alt.iter().cloned());
    figure.extend([
        (Event::End(TagEnd::Image), range.clone()),
        html(caption),
        (Event::End(TagEnd::HtmlBlock), range.clone()),
    ]);
    Some(figure)
}

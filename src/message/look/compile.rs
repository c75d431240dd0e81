//! A template file becomes what Tera fills in for each mail: layouts from MJML, HTML with its styles inlined, plain text
//! as it is. Remembers where each tag was written.

use crate::message::look::mjml;
use crate::message::look::styles::Styles;
use crate::message::marked::Instead;
use crate::message::marked::Marked;
use crate::message::tags;
use crate::message::tags::Tag;
use crate::message::tags::TagKind;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A template as Tera gets it.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// As it was written.
    pub source: Arc<Source>,
    pub template: String,
    /// Where each tag stands in the template, and where it was written; `None`: nothing was changed.
    tags: Option<Vec<(Range<usize>, Range<usize>)>>,
}

/// Compiles a template by the ending of its path. `fixed` are the names that stand for the same in every mail.
///
/// # Errors
/// What keeps it from being used.
pub fn compile(
    path: &str,
    source: &Arc<Source>,
    fixed: &BTreeMap<String, String>,
    styles: &Styles,
) -> Result<Compiled, Vec<Problem>> {
    if !path.ends_with(".mjml") && !path.ends_with(".html") {
        return Ok(Compiled { source: Arc::clone(source), template: source.text.clone(), tags: None });
    }
    let mut problems = Vec::new();
    let mut marked = tags::mark_template(source, fixed, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let html = if path.ends_with(".mjml") {
        mjml::render(&marked, source).map_err(|problem| vec![problem])?
    } else {
        // Which side a line begins at is known with the language, so it is a tag, too.
        let [start, end] = ["{{ start }}", "{{ end }}"].map(|tag| {
            marked.tags.push(Tag { text: tag.to_string(), span: 0..0, kind: TagKind::Value });
            marked.mark(marked.tags.len() - 1)
        });
        styles.inline(&marked.text, &marked, &start, &end)
    };
    Ok(Compiled::new(source, &marked, &html))
}

impl Compiled {
    fn new(source: &Arc<Source>, marked: &Marked, html: &str) -> Compiled {
        let filled = marked.fill("", html, "", &Instead::new());
        let tags = filled.places().iter().map(|(at, n)| (at.clone(), marked.tags[*n].span.clone()));
        Compiled { source: Arc::clone(source), tags: Some(tags.collect()), template: filled.template }
    }

    /// Where something was written that stands here in the template: the place within its tag, or the tag before it.
    pub fn origin(&self, at: &Range<usize>) -> Range<usize> {
        let Some(tags) = &self.tags else { return at.clone() };
        let behind = tags.partition_point(|(place, _)| place.start <= at.start);
        let Some((place, written)) = behind.checked_sub(1).and_then(|n| tags.get(n)) else { return 0..0 };
        let moved = |at: usize| (written.start + at.saturating_sub(place.start)).min(written.end);
        moved(at.start)..moved(at.end)
    }
}

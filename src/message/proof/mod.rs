//! Proves that a lesson can be filled in for every subscriber, whatever they left out and whichever branch they take:
//! follows each condition and remembers what must be there where it holds. Renders nothing; knows no person.

mod expression;
mod walk;

use crate::course::Course;
use crate::course::Lesson;
use crate::message::branches::too_much;
use crate::message::marked::Marked;
use crate::message::tags::Tag;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// What not every subscriber has.
#[derive(Debug, Clone, Default)]
pub struct Lacks {
    paths: BTreeSet<String>,
}

/// What is sure of a text, whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sure {
    /// Some words of it show.
    pub words: bool,
    /// `{{ crisis() }}` is among it.
    pub crisis: bool,
}

impl Lacks {
    /// What a reader of this lesson may lack. A required field is there: nobody is added without it.
    pub fn of(course: &Course, lesson: &Lesson) -> Lacks {
        let mut paths = BTreeSet::from(["subscriber.first_name".to_string()]);
        let optional = course.fields.iter().filter(|(_, field)| !field.required);
        paths.extend(optional.map(|(id, _)| format!("subscriber.fields.{id}")));
        let asked = course.lessons.values().chain([lesson]).flat_map(|lesson| &lesson.asks);
        paths.extend(asked.map(|ask| format!("answers.{}", ask.id)));
        if lesson.content_note.is_none() {
            paths.insert("lesson.content_note".to_string());
        }
        // One with tags may come to nothing.
        if lesson.preview.as_ref().is_none_or(|preview| preview.contains('{')) {
            paths.insert("lesson.preview".to_string());
        }
        Lacks { paths }
    }

    /// Whether this name, or what it is a part of, may be missing.
    fn lacks(&self, name: &str) -> bool {
        self.paths.contains(name)
            || self.paths.iter().any(|path| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }
}

/// Reports every tag of a marked text that needs what may be missing, and says what is sure. `at` is the place of the
/// text in `source`.
pub fn prove(
    marked: &Marked,
    lacks: &Lacks,
    at: Range<usize>,
    source: &Arc<Source>,
    problems: &mut Vec<Problem>,
) -> Sure {
    // What nobody reads is reported as that.
    if too_much(marked).is_some() {
        return Sure { words: true, crisis: true };
    }
    let text = |from: usize, to: usize| source.text.get(from..to).is_some_and(|words| !words.trim().is_empty());
    let mut sure = walk::Walk::new(marked.written(), lacks, &text, at);
    let known = sure.whole();
    problems.extend(sure.missing.iter().map(|(tag, name)| missing(tag, name, source)));
    Sure { words: known.contains(walk::WORDS), crisis: known.contains(walk::CRISIS) }
}

fn missing(tag: &Tag, name: &str, source: &Arc<Source>) -> Problem {
    let written = brief(&tag.text);
    if tag.text.starts_with("{%") {
        let message = format!("`{written}` needs a value that may be missing for a subscriber");
        let is_there = if name.starts_with("answers.") { "answered" } else { "defined" };
        let help = format!("not everyone has `{name}`: begin with {name} is {is_there} and …");
        return Problem::error(source, tag.span.clone(), message, help);
    }
    let help =
        format!("not everyone has `{name}`: write {{{{ {name} or \"something else\" }}}}, or ask for it with `if`");
    Problem::error(source, tag.span.clone(), format!("`{written}` may be missing for a subscriber"), help)
}

/// As much of a tag as a sentence can hold.
pub fn brief(tag: &str) -> String {
    const LONGEST: usize = 100;
    let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
    if tag.chars().count() <= LONGEST {
        return tag;
    }
    tag.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::Lacks;
    use super::prove;
    use crate::message::tags;
    use crate::problem::Source;
    use std::collections::BTreeSet;

    /// What is lacked in a text, by column; `c` is the crisis text that is surely there, `w` words.
    fn check(text: &str, expect: &[usize], sure: &str) {
        let paths = ["answers.a", "answers.b", "answers.list", "subscriber.first_name", "subscriber.fields.town"];
        let lacks = Lacks { paths: BTreeSet::from(paths.map(String::from)) };
        let source = Source::new("", text);
        let marked = tags::mark(&source, 0..text.len(), &[], &mut Vec::new());
        let mut problems = Vec::new();
        let found = prove(&marked, &lacks, 0..text.len(), &source, &mut problems);
        let places: Vec<usize> = problems.iter().map(|problem| problem.position().1).collect();
        assert_eq!(places, expect, "{text}: {problems:?}");
        let said = format!("{}{}", if found.words { "w" } else { "" }, if found.crisis { "c" } else { "" });
        assert_eq!(said, sure, "{text}");
    }

    #[test]
    fn what_a_condition_says_is_known_in_its_branch_and_nowhere_else() {
        check("{{ answers.a }}", &[1], "w");
        check("{{ answers.c }}", &[], "w");
        check("{% if answers.a %}{{ answers.a }}{% endif %} {{ answers.a }}", &[46], "w");
        check("{% if answers.a is answered %}{{ answers.a }}{% else %}{{ answers.a }}{% endif %}", &[56], "w");
        check("{% if answers.a is not answered %}x{% else %}{{ answers.a }}{% endif %}", &[], "w");
        check("{% if not answers.a is defined %}x{% else %}{{ answers.a }}{% endif %}", &[], "w");
        check(
            "{% if answers.a == \"x\" %}{{ answers.a }}{% elif answers.b %}{{ answers.b }}{{ answers.a }}{% endif %}",
            &[76],
            "",
        );
        check("{% if answers.a != \"x\" %}{{ answers.a }}{% else %}{{ answers.a }}{% endif %}", &[26], "w");
        check("{% if answers.a in [\"x\"] %}{{ answers.a }}{% endif %}", &[], "");
        check("{% if answers.a not in [\"x\"] %}y{% else %}{{ answers.a }}{% endif %}", &[], "w");
        check("{% if answers.a and answers.b %}{{ answers.a ~ answers.b }}{% endif %}", &[], "");
        check("{% if answers.a or answers.b %}{{ answers.a }}{% endif %}", &[32], "");
        check("{% if not (answers.a or answers.b) %}x{% else %}{{ answers.a or answers.b }}{% endif %}", &[49], "w");
        check("{% if answers.a is answered and answers.a > 3 %}x{% endif %}", &[], "");
        check("{% if answers.a > 3 and answers.a is answered %}x{% endif %}", &[1], "");
    }

    #[test]
    fn an_expression_needs_what_it_can_not_do_without() {
        check("{{ answers.a or \"x\" }} {{ answers.a or answers.b }}", &[24], "w");
        check("{{ answers.a | default(value=3) }} {{ answers.a | default(value=answers.b) }}", &[36], "w");
        check("{{ answers.a | upper }} {{ (answers.a or \"x\") | upper }}", &[1], "w");
        check("{{ answers.a if answers.a else \"x\" }} {{ \"x\" if answers.a else answers.a }}", &[39], "w");
        check(
            "{{ answers[\"a\"] }} {{ answers?.a }} {{ answers.a?.b or 1 }} {{ answers.a.b or 1 }}",
            &[1, 20, 61],
            "w",
        );
        check("{{ answers.a - 1 }} {{ 1 + 2.5 }} {{ -answers.a }}", &[1, 35], "w");
        check(
            "{% for x in answers.list %}{{ x }}{% endfor %}{% for x in answers.list or [] %}{{ x }}{% endfor %}",
            &[1],
            "",
        );
        check(
            "{% if answers.list and \"x\" in answers.list %}y{% endif %}{% if \"x\" in answers.list %}y{% endif %}",
            &[58],
            "",
        );
        check("{{ answers.a | nonsense( }} {{ answers.a is nonsense }}", &[], "w");
        check("{{ answers.list | join(sep=\", \") }} {{ [1, 2] | join(sep=answers.b) }}", &[1, 37], "w");
    }

    #[test]
    fn names_that_tags_make_are_followed_too() {
        check("{% set x = answers.a %}{{ x }} {{ x or 1 }}", &[24], "w");
        check("{% set x = answers.a or 1 %}{{ x }}", &[], "w");
        check("{% if answers.a %}{% set x = 1 %}{% endif %}{{ x }}", &[45], "w");
        check("{% if answers.a %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", &[], "w");
        check("{% set x %}y{% endset %}{{ x }}", &[], "w");
    }

    #[test]
    fn words_and_the_crisis_text_are_sure_where_every_branch_has_them() {
        check("x", &[], "w");
        check(" \n", &[], "");
        check("{{ crisis() }}", &[], "wc");
        check("{% if answers.a %}x{% endif %}", &[], "");
        check("{% if answers.a %}x{% else %} {% endif %}", &[], "");
        check("{% if answers.a %}{{ crisis() }}{% else %}{{ crisis() }}{% endif %}", &[], "wc");
        check("{% if answers.a %}{{ crisis() }}{% elif answers.b %}{{ crisis() }}{% endif %}", &[], "");
        check("x {% for x in answers.list or [] %}{{ crisis() }}{% endfor %}", &[], "w");
        check("{% for x in [1] %}{{ crisis() }}{% endfor %}", &[], "wc");
    }
}

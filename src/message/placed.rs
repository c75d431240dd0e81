//! Questions that a lesson shows twice to the same person. Knows no question, and no person.

use crate::message::marked::Marked;
use crate::message::paths::tokens;
use crate::message::tags::first_word;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The branches around a tag: the number of each construct, and which of its branches.
type Branches = BTreeSet<(usize, usize)>;

/// Warns of a question within a `for`, and of one that is shown wherever it is shown already.
pub fn look(body: &Marked, source: &Arc<Source>, problems: &mut Vec<Problem>) {
    let mut earlier: Vec<(String, Branches)> = Vec::new();
    for (n, tag) in body.tags.iter().enumerate() {
        let Some(id) = question(&tag.text) else { continue };
        let around = branches(body, n);
        let repeats = around.iter().any(|(construct, branch)| {
            let first = body.constructs[*construct].first().map_or("", |first| first_word(&body.tags[*first].text));
            first == "for" && *branch == 1
        });
        let again =
            |(other, there): &(String, Branches)| *other == id && (there.is_subset(&around) || around.is_subset(there));
        if repeats || earlier.iter().any(again) {
            let message = format!("question `{id}` may be shown more than once");
            let help = "place it once, outside of every `for`: each person answers it once";
            problems.push(Problem::warning(source, tag.span.clone(), message, help));
        }
        earlier.push((id, around));
    }
}

/// The id in `ask(id="…")`.
fn question(tag: &str) -> Option<String> {
    let tokens = tokens(tag);
    let call = tokens.windows(5).find(|call| call[0].is("ask") && call[1].is("("))?;
    call[4].quoted().map(str::to_string)
}

fn branches(body: &Marked, n: usize) -> Branches {
    let constructs = body.constructs.iter().enumerate();
    let around =
        constructs.filter(|(_, tags)| tags.first().is_some_and(|it| *it < n) && tags.last().is_some_and(|it| n < *it));
    around.map(|(number, tags)| (number, tags.iter().filter(|it| **it < n).count())).collect()
}

//! What coaches do to their courses: one random edit after the other. Knows no person.

use crate::simulation::chance::Chance;
use crate::simulation::draft::Draft;
use crate::simulation::draft::Moments;
use crate::simulation::draft::Page;
use crate::simulation::draft::Rest;
use jiff::civil::Date;

/// The draft after one edit that is in order. `from`: around which date new fixed dates lie.
pub fn edited(draft: &Draft, chance: &mut Chance, from: Date) -> Draft {
    loop {
        let new = any(draft, chance, from);
        if new.checked().is_some() {
            return new;
        }
    }
}

fn any(draft: &Draft, chance: &mut Chance, from: Date) -> Draft {
    let mut new = draft.clone();
    match chance.below(9) {
        0 | 1 => insert(&mut new, chance, from, false),
        2 => insert(&mut new, chance, from, true),
        3 => reorder(&mut new, chance),
        4 | 5 => retire(&mut new, chance),
        6 => rename(&mut new, chance),
        7 => new.rest = Rest::random(chance),
        _ => new.send = Moments::random(chance),
    }
    if chance.one_in(6) {
        let at = chance.below(new.pages.len());
        new.pages[at].text = format!("Breathe {}.", chance.below(1000));
    }
    new
}

fn insert(new: &mut Draft, chance: &mut Chance, from: Date, append: bool) {
    let page = new.page(chance, from);
    let birth = page.birth;
    let place = |len: usize, chance: &mut Chance| if append { len } else { chance.below(len + 1) };
    if new.parts.is_empty() {
        let at = place(new.pages.len(), chance);
        new.pages.insert(at, page);
        return;
    }
    new.pages.push(page);
    let part = chance.below(new.parts.len());
    let at = place(new.parts[part].pages.len(), chance);
    new.parts[part].pages.insert(at, birth);
}

fn reorder(new: &mut Draft, chance: &mut Chance) {
    if new.parts.is_empty() {
        let (from, to) = (chance.below(new.pages.len()), chance.below(new.pages.len()));
        let page = new.pages.remove(from);
        return new.pages.insert(to, page);
    }
    let part = chance.below(new.parts.len());
    let pages = &mut new.parts[part].pages;
    let (from, to) = (chance.below(pages.len()), chance.below(pages.len()));
    let page = pages.remove(from);
    pages.insert(to, page);
}

/// Not what others name: a question, or the lesson behind which a stage begins.
fn retire(new: &mut Draft, chance: &mut Chance) {
    let at = chance.below(new.pages.len());
    let birth = new.pages[at].birth;
    let is_named = new.parts.iter().any(|part| part.after == Some(birth) || part.pages == [birth]);
    if new.pages.len() < 3 || new.pages[at].asks.is_some() || is_named {
        return;
    }
    let Page { id, was, .. } = new.pages.remove(at);
    new.retired.push((id, birth));
    // Whoever had it under an older name and was away for both edits doesn't exist: every edit reaches everybody.
    drop(was);
    new.parts.iter_mut().for_each(|part| part.pages.retain(|it| *it != birth));
}

fn rename(new: &mut Draft, chance: &mut Chance) {
    let at = chance.below(new.pages.len());
    let page = &mut new.pages[at];
    let known = page.was.len();
    let name = format!("l{}{}", page.birth, "abcdefghijklmnopqrstuvwxyz".chars().nth(known % 26).unwrap());
    page.was.push(std::mem::replace(&mut page.id, name));
}

//! Whether links between pages of the repository lead to a page and a heading that exist. Asks nothing of the web.

use super::read;
use super::root;
use std::path::Path;

/// Every link of this page that leads nowhere, with page and line.
pub fn dead(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, line) in outside_code(&read(page)) {
        for target in targets(&line).filter(|target| !leads_somewhere(page, target)) {
            found.push(format!("{page}:{at}: {target} leads nowhere"));
        }
    }
    found
}

fn leads_somewhere(page: &str, target: &str) -> bool {
    if target.contains(':') {
        return true;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => Path::new(page).to_path_buf(),
        _ => Path::new(page).parent().unwrap_or(Path::new("")).join(file),
    };
    let there = root().join(&path);
    there.exists() && (heading.is_empty() || headings(&read(&path.to_string_lossy())).iter().any(|it| it == heading))
}

/// What stands in `](…)`, inline code left out.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

/// Lines with their numbers, without fenced blocks, and without what stands between backticks.
fn outside_code(text: &str) -> Vec<(usize, String)> {
    let mut fence = None;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let begun = line.trim_start();
        let ticks = begun.len() - begun.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open => fence = None,
            Some(_) => (),
            None if ticks > 2 => fence = Some(ticks),
            None => found.push((at + 1, line.split('`').step_by(2).collect())),
        }
    }
    found
}

/// As GitHub makes them: small letters, digits and hyphens for spaces.
fn headings(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if line.starts_with('#') && !fenced {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it));
            found.push(kept.collect::<String>().replace(' ', "-"));
        }
    }
    found
}

#[test]
fn links_are_found_and_headings_named_as_they_are_on_the_web() {
    let text = "# A page\n\nSee [this](a.md#b) and `[not](this.md)`.\n\n```\n[nor](that.md)\n```\n## `[[stage]]` instead of `lessons`\n";
    let lines = outside_code(text);
    let found: Vec<&str> = lines.iter().flat_map(|(_, line)| targets(line)).collect();
    assert_eq!(found, ["a.md#b"]);
    assert_eq!(headings(text), ["a-page", "stage-instead-of-lessons"]);
    assert!(leads_somewhere("docs/coach.md", "operator.md#commands"));
    assert!(!leads_somewhere("docs/coach.md", "operator.md#no-such-heading"));
    assert!(!leads_somewhere("docs/coach.md", "nobody.md"));
}

//! Keeps the house in order: what lib.rs and the contributor's guide say about the layout is enforced here.

mod rules;
mod samples;
mod source;

use source::Source;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const LANDED: &str = "migrations/landed.sha256";

#[test]
fn a_module_uses_only_the_rooms_above_it() {
    let rooms = rules::rooms(&read("src/lib.rs"));
    assert!(rooms.len() > 20, "lib.rs names only {} rooms", rooms.len());
    all(&rust("src"), |source| rules::order(&rooms, source));
}

#[test]
fn store_and_relay_are_strangers() {
    all(&rust("src"), rules::strangers);
}

#[test]
fn every_crate_is_named_only_where_it_belongs() {
    all(&rust("src"), rules::crates);
}

#[test]
fn rules_touch_no_outside() {
    let rooms = rules::rooms(&read("src/lib.rs"));
    all(&rust("src"), |source| rules::purity(&rooms, source));
}

#[test]
fn every_arrow_can_be_seen() {
    all(&rust("src"), rules::arrows);
    all(&rust("tests"), rules::arrows);
}

#[test]
fn every_file_says_what_it_owns() {
    all(&rust("src"), rules::opening);
    all(&rust("tests"), rules::opening);
    all(&rust("benches"), rules::opening);
}

#[test]
fn files_and_functions_end_in_time() {
    all(&rust("src"), rules::lengths);
}

#[test]
fn what_has_no_room_has_no_owner() {
    all(&rust("src"), rules::names);
    all(&rust("tests"), rules::names);
}

#[test]
fn nothing_is_left_for_later() {
    let keeps_house = |source: &&Source| !source.path.starts_with("tests/it/tidy");
    for folder in ["src", "tests", "benches"] {
        all(rust(folder).iter().filter(keeps_house), rules::unfinished);
    }
}

#[test]
fn no_text_needs_an_issue_tracker_to_be_understood() {
    let keeps_house = |source: &&Source| !source.path.starts_with("tests/it/tidy");
    let texts = ["src", "tests", "benches", "docs", "courses", "templates", "migrations", "README.md"]
        .map(|folder| files(folder, ""));
    all(texts.iter().flatten().filter(keeps_house), rules::trackers);
}

#[test]
fn a_migration_that_landed_stays_as_it_is() {
    let landed = read(LANDED).text;
    let migrations: Vec<(String, String)> =
        files("migrations", ".sql").into_iter().map(|it| (it.path, it.text)).collect();
    assert!(!migrations.is_empty(), "no migration found");
    let breaches = [rules::migrations(&landed, &migrations), rules::twins(&migrations)].concat();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

/// The code moves on; a canary that no longer fits it would be found out only by whoever starts `tests/canary`.
#[test]
fn the_canaries_fit_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patches = files("tests/canaries", ".patch");
    assert!(patches.len() > 5, "the canaries aren't where they were");
    for patch in patches {
        let done = Command::new("git").args(["apply", "--check", &patch.path]).current_dir(root).output().unwrap();
        assert!(done.status.success(), "{}: {}", patch.path, String::from_utf8_lossy(&done.stderr));
    }
}

fn all<'a>(sources: impl IntoIterator<Item = &'a Source>, rule: impl Fn(&Source) -> Vec<String>) {
    let mut breaches = String::new();
    for breach in sources.into_iter().flat_map(rule) {
        writeln!(breaches, "{breach}").unwrap();
    }
    assert!(breaches.is_empty(), "\n{breaches}");
}

fn rust(folder: &str) -> Vec<Source> {
    files(folder, ".rs")
}

/// Every text file below `folder` whose name ends so; none where there is no such folder.
fn files(folder: &str, end: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut ahead = vec![root.join(folder)];
    while let Some(path) = ahead.pop() {
        if let Ok(entries) = path.read_dir() {
            ahead.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.to_string_lossy().ends_with(end)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            found.push(Source::new(&path.strip_prefix(root).unwrap().to_string_lossy(), &text));
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn read(path: &str) -> Source {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    Source::new(path, &text.unwrap_or_else(|error| panic!("{path}: {error}")))
}

//! Shows that each rule of the house can fail.

use super::rules;
use super::source::Source;

/// How many breaches the rule finds in `text` at `path`.
fn check(rule: impl Fn(&Source) -> Vec<String>, path: &str, text: &str, expect: usize) {
    let breaches = rule(&Source::new(path, text));
    assert_eq!(breaches.len(), expect, "{path}: {text}\n{breaches:#?}");
}

fn rooms() -> Vec<String> {
    rules::rooms(&Source::new(
        "src/lib.rs",
        "pub mod ids;\n// pub mod text;\npub mod course;\npub mod store;\npub mod flow;\n",
    ))
}

#[test]
fn a_room_that_looks_down_is_seen() {
    assert_eq!(rooms(), ["ids", "course", "store", "flow"]);
    let order = |source: &Source| rules::order(&rooms(), source);
    check(order, "src/course/mod.rs", "use crate::ids::Id;\nuse crate::course::load;", 0);
    check(order, "src/course/mod.rs", "use crate::flow::App;", 1);
    check(order, "src/course/load.rs", "fn a() { b(crate::store::c()) }", 1);
    check(order, "src/ids.rs", "#[cfg(test)]\nmod tests { use crate::course::Course; }", 1);
    check(order, "src/ids.rs", "// crate::flow\nlet a = \"crate::flow\"; $crate::flow; a_crate::flow;", 0);
    check(order, "src/elsewhere.rs", "", 1);
    check(order, "src/main.rs", "use crate::flow::App;", 0);
}

#[test]
fn adapters_that_meet_are_seen() {
    check(rules::strangers, "src/store/open.rs", "use crate::relay::Reply;", 1);
    check(rules::strangers, "src/relay/mod.rs", "crate::store::open()", 1);
    check(rules::strangers, "src/relay/mod.rs", "use crate::relay::Reply;", 0);
    check(rules::strangers, "src/flow/mod.rs", "use crate::relay::Reply; use crate::store::Store;", 0);
}

#[test]
fn a_crate_in_the_wrong_place_is_seen() {
    check(rules::crates, "src/flow/mod.rs", "use sqlx::Row;", 1);
    check(rules::crates, "src/flow/mod.rs", "use sqlx;", 1);
    check(rules::crates, "src/flow/mod.rs", "fn a() -> sqlx::Error {}", 1);
    check(rules::crates, "src/store/mod.rs", "use sqlx::Row;", 0);
    check(rules::crates, "src/flow/mod.rs", "// sqlx::Row\nuse super::sqlx::Row; mysqlx::a(); let sqlx = 1;", 0);
    check(rules::crates, "src/web/mod.rs", "use getrandom::fill; axum::serve()", 1);
    check(rules::crates, "src/timing/due.rs", "use super::cron::Cron; use crate::timing::cron::Cron;", 0);
}

#[test]
fn a_rule_that_touches_the_outside_is_seen() {
    let purity = |source: &Source| rules::purity(&rooms(), source);
    check(purity, "src/course/load.rs", "use std::fs;", 1);
    check(purity, "src/course/load.rs", "pub async fn a() { tokio::spawn(b); }", 2);
    check(purity, "src/store/open.rs", "use std::fs; pub async fn a() {}", 0);
}

#[test]
fn a_hidden_arrow_is_seen() {
    check(rules::arrows, "src/a.rs", "use crate::ids::Id;\nfn a() {}", 0);
    check(rules::arrows, "src/a.rs", "use crate::{ids, text};", 1);
    check(rules::arrows, "src/a.rs", "use crate::ids::{Id,\n Token};", 1);
    check(rules::arrows, "src/a.rs", "pub(crate) mod a; use super::super::b;", 2);
}

#[test]
fn a_file_without_its_sentence_is_seen() {
    check(rules::opening, "src/a.rs", "//! Owns a.\n", 0);
    check(rules::opening, "src/a.rs", "// Owns a.\n", 1);
    check(rules::opening, "src/a.rs", "", 1);
}

#[test]
fn length_is_seen() {
    let function = |lines: usize| format!("fn a() {{\n{}}}\n", "b();\n".repeat(lines - 2));
    check(rules::lengths, "src/a.rs", &function(60), 0);
    check(rules::lengths, "src/a.rs", &function(61), 1);
    check(rules::lengths, "src/a.rs", &"\n".repeat(400), 0);
    check(rules::lengths, "src/a.rs", &"\n".repeat(401), 1);
}

#[test]
fn a_module_without_a_noun_is_seen() {
    check(rules::names, "src/flow/helpers.rs", "", 1);
    check(rules::names, "src/common/a.rs", "", 1);
    check(rules::names, "src/a.rs", "mod util { }\nmod utility;", 1);
}

#[test]
fn unfinished_work_is_seen() {
    check(rules::unfinished, "src/a.rs", "// TODO\nfn a() { todo!() } /* FIXME */", 3);
    check(rules::unfinished, "src/a.rs", "let a = \"TODO\"; // done", 0);
}

#[test]
fn a_number_of_a_tracker_is_seen() {
    check(rules::trackers, "src/a.rs", "// see #4711", 1);
    check(rules::trackers, "src/a.rs", "// (#12) in the pull request", 2);
    check(rules::trackers, "src/a.rs", "let a = \" #12\"; // #123456 is a colour, #333 too; RFC 5321 section 4", 0);
    check(rules::trackers, "docs/a.md", "See https://example.org/a/issues/7. An issue of the newsletter.", 1);
}

#[test]
fn migrations_that_part_are_seen() {
    let check = |sqlite: &str, postgres: &str, expect: usize| {
        let migrations = [("migrations/sqlite/1.sql", sqlite), ("migrations/postgres/1.sql", postgres)];
        let found = rules::twins(&migrations.map(|(path, text)| (path.to_string(), text.to_string())));
        assert_eq!(found.len(), expect, "{found:?}");
    };
    check("a INTEGER NOT NULL PRIMARY KEY,\nb BLOB", "a BIGINT NOT NULL PRIMARY KEY,\nb BYTEA", 0);
    check("a TEXT NOT NULL", "a TEXT COLLATE \"C\" NOT NULL", 0);
    check("a BIGINT NOT NULL", "a INTEGER NOT NULL", 1);
    check("a TEXT NOT NULL", "a TEXT", 1);
    check("a\nb", "a", 1);
    let alone = [("migrations/sqlite/2.sql".to_string(), String::new())];
    assert_eq!(rules::twins(&alone).len(), 1);
    assert_eq!(rules::twins(&[("migrations/postgres/0.sql".to_string(), String::new())]), Vec::<String>::new());
}

#[test]
fn an_edited_migration_is_seen() {
    let check = |landed: &str, text: &str, expect: usize| {
        let found = rules::migrations(landed, &[("migrations/a.sql".to_string(), text.to_string())]);
        assert_eq!(found.len(), expect, "{landed}: {found:?}");
    };
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  migrations/a.sql\n";
    check(abc, "abc", 0);
    check(abc, "abcd", 1);
    check("", "abc", 1);
    check(&abc.replace("a.sql", "b.sql"), "abc", 2);
}

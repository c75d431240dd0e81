//! A folder of fifty lessons in three languages. A limit here is many times what is measured: it tells another order of
//! work, not a slow machine.

use super::Desk;
use std::time::Duration;
use std::time::Instant;

const LIMIT: Duration = Duration::from_secs(3);

#[test]
fn a_large_course_is_looked_at_page_by_page() {
    let names: Vec<String> = (1..=50).map(|n| format!("lesson-{n}")).collect();
    let ids: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = "A paragraph of some words, with *more* of them, and [a link](https://example.org).\n\n".repeat(20);
    let desk = Desk::of("smtp://127.0.0.1:9", |site| {
        site.course("large", &ids, "wait = \"2 days\"\nsend = \"30 8 * * *\"");
        for language in ["pt", "he"] {
            site.write(&format!("courses/large/{language}/course.toml"), "title = \"Large\"\n");
            for id in &ids {
                site.write(
                    &format!("courses/large/{language}/{id}.md"),
                    &format!("+++\nsubject = \"{language} {id}\"\n+++\n\n{text}"),
                );
            }
        }
    });
    for path in [
        "/",
        "/course/large",
        "/lesson/large/lesson-30",
        "/lesson/large/lesson-31?language=he",
        "/mail/dark/large/lesson-30",
        "/plan/large",
    ] {
        let asked = Instant::now();
        desk.page(path);
        assert!(asked.elapsed() < LIMIT, "{path} took {:?}", asked.elapsed());
    }
    let mut events = desk.listen();
    let saved = Instant::now();
    desk.site.lesson("large", "lesson-30", "", "Saved.");
    events.next("changed");
    assert!(desk.page("/mail/light/large/lesson-30").contains("Saved."));
    assert!(saved.elapsed() < LIMIT, "a save took {:?}", saved.elapsed());
}

//! Issues from another program: for everybody to read, and for nobody's mailbox.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::issues::ANA;
use crate::issues::BEN;
use crate::issues::dated;
use crate::issues::newsletter;
use crate::issues::problems;
use dripline::flow::archive;
use dripline::flow::import_issues::Import;
use dripline::flow::import_issues::import_issues;
use std::path::Path;

const LONDON: &str = "time_zone = \"Europe/London\"";

/// Forty posts: the last of them an hour before now, so that anything but the archive would still send it.
fn posts(app: &TestApp, folder: &Path) {
    for n in 1..40 {
        let text = format!("---\ntitle: Old number {n}\ndate: 2024-{:02}-{:02}\n---\nOnce.\n", 1 + n / 20, 1 + n % 20);
        std::fs::write(folder.join(format!("old-{n}.md")), text).unwrap();
    }
    let now = app.app.clock.now().reader - hours(1);
    std::fs::write(folder.join("fresh.md"), format!("---\ntitle: Just sent\ndate: {now}\n---\nOnce.\n")).unwrap();
}

fn import(app: &TestApp, folder: &Path) {
    let courses = app.courses();
    let site = &app.app.settings.site;
    let now = app.app.clock.now().reader;
    let templates = courses.with_file_name("templates");
    let import =
        Import { folder, courses: &courses, templates: &templates, newsletter: "notes", site, now, dry_run: false };
    assert_eq!(import_issues(&import).unwrap().told.len(), 40);
}

async fn listed(app: &TestApp) -> Vec<String> {
    let shelf = app.app.shelf.read().await.clone();
    let all = archive::list(&app.app, shelf.get("notes").unwrap(), "en").await.unwrap();
    all.into_iter().map(|it| it.title).collect()
}

#[tokio::test]
async fn forty_imported_issues_are_read_at_their_dates_and_sent_to_nobody() {
    let app = TestApp::new().await;
    newsletter(&app, LONDON, &[("next", &dated("2026-03-12T09:00:00"))]).await;
    app.enrol(ANA, "notes").await;
    app.enrol(BEN, "notes").await;
    app.advance(days(2)).await;
    let folder = tempfile::tempdir().unwrap();
    posts(&app, folder.path());
    import(&app, folder.path());
    let reloaded = app.reload_without_a_yes().await;
    assert_eq!((reloaded.swapped, reloaded.waiting.len()), (vec!["notes".to_string()], 0), "{:?}", reloaded.problems);
    app.advance(days(3)).await;
    assert_eq!((app.mails(), problems(&app).await), (0, Vec::new()));
    let titles = listed(&app).await;
    assert_eq!(titles.len(), 40);
    assert_eq!(
        (titles[0].as_str(), titles[1].as_str(), titles[39].as_str()),
        ("Just sent", "Old number 39", "Old number 1")
    );
    app.advance(days(8)).await;
    assert_eq!(app.subjects_to(ANA), ["notes next"]);
    assert_eq!((app.mails(), problems(&app).await), (2, Vec::new()));
    assert_eq!(listed(&app).await[0], "notes next");
    app.verify().await;
}

#[tokio::test]
async fn an_issue_that_is_added_late_but_dated_before_the_newsletter_began_is_archive() {
    let app = TestApp::new().await;
    newsletter(&app, LONDON, &[("next", &dated("2026-03-12T09:00:00"))]).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(5)).await;
    let two = [
        ("next", dated("2026-03-12T09:00:00")),
        ("before", dated("2026-02-01T09:00:00")),
        ("after", dated("2026-03-03T09:00:00")),
    ];
    let two: Vec<(&str, &str)> = two.iter().map(|(id, front)| (*id, front.as_str())).collect();
    newsletter(&app, LONDON, &two).await;
    app.advance(days(1)).await;
    let held = problems(&app).await;
    assert!(held.len() == 1 && held[0].contains("notes/after is held"), "{held:?}");
    assert_eq!((app.mails(), listed(&app).await), (0, vec!["notes before".to_string()]));
}

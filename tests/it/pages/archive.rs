//! A newsletter's earlier issues: which have appeared, what their pages show to nobody in particular, and their feed.

use super::browser::Answer;
use super::site::TestSite;
use crate::program::judge;
use dripline::flow::issue;
use dripline::flow::reload;
use dripline::flow::stop;
use dripline::flow::stop::Stopped;
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeMap;

const KEYS: &str = r#"
title = "Notes & <news>"
summary = "Now and then."
kind = "newsletter"
language = "en"
disclaimer = "This isn't medical care."
"#;
const LONDON: &str = "[newsletter]\ntime_zone = \"Europe/London\"\n";
const EVERYWHERE: &str = "[newsletter]\ntime_zone = \"subscriber\"\n";

/// Everything that a lesson may say of one person.
const ISSUE: &str = r#"
preview = 'For {{ subscriber.first_name or "everybody" }}'
[[ask]]
id = "well"
question = "How are you?"
kind = "choice"
options = { fine = "Fine", so = "So so" }
+++
Dear {{ subscriber.first_name or "friend" }}, [pause]({{ links.pause }}), [leave]({{ links.leave }}), [yours]({{ links.my_course }}),
[again]({{ links.again }}), [in a browser]({{ links.web_view }}).{% if answers.well is answered %} You were well.{% endif %}
"#;

fn files(rules: &str, issues: &[(&str, &str, &str)]) -> BTreeMap<String, String> {
    let ids: Vec<&str> = issues.iter().map(|(id, _, _)| *id).collect();
    let mut files = BTreeMap::from([("course.toml".to_string(), format!("{KEYS}lessons = {ids:?}\n{rules}"))]);
    for (id, date, subject) in issues {
        let date = if date.is_empty() { String::new() } else { format!("date = {date}\n") };
        files.insert(format!("{id}.md"), format!("+++\nsubject = {subject}\n{date}{}", ISSUE.trim_start()));
    }
    files
}

/// The newsletter is called `stages`.
async fn site(rules: &str, issues: &[(&str, &str, &str)]) -> TestSite {
    let mut files = files(rules, issues);
    files.insert("draft.md".to_string(), "+++\nsubject = \"A draft\"\n+++\nSoon.\n".to_string());
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    TestSite::start_with_files(&files).await
}

const THREE: [(&str, &str, &str); 3] = [
    ("old", "2026-03-01T09:00:00", "\"The old one\""),
    (
        "one",
        "2026-03-05T09:00:00",
        "'''Ana & <script>alert(1)</script> ]]> for {{ subscriber.first_name or \"you\" }}'''",
    ),
    ("two", "2026-03-07T09:00:00", "\"Two\""),
];

async fn pass(site: &TestSite, hours: i64) {
    site.clock.advance(SignedDuration::from_hours(hours));
    issue::step(&site.app).await.unwrap();
}

/// Where the entries of the list lead, from the first to the last.
async fn listed(site: &TestSite) -> Vec<String> {
    let page = site.get("/archive/stages").await;
    assert_eq!(page.status, 200);
    let links = page.body.split("https://learn.example.org/archive/stages/").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_string()).collect()
}

async fn feed(site: &TestSite) -> serde_json::Value {
    let feed = site.get("/archive/stages/feed.xml").await;
    assert_eq!((feed.status, feed.header("content-type")), (200, Some("application/atom+xml; charset=utf-8")));
    judge("atom.py", &json!({ "feed": feed.body }))
}

fn assert_is_nobodys(page: &Answer) {
    for own in ["/leave/", "/my/", "/act/", "/answer/", "/view/"] {
        assert!(!page.body.contains(own), "{own}: {}", page.body);
    }
}

#[tokio::test]
async fn issues_appear_when_their_moment_has_passed_newest_first() {
    let site = site(LONDON, &THREE).await;
    assert_eq!(listed(&site).await, ["old"]);
    assert_eq!(site.get("/archive/stages/one").await.status, 404);
    pass(&site, 71).await;
    assert_eq!(listed(&site).await, ["old"]);
    pass(&site, 1).await;
    assert_eq!(listed(&site).await, ["one", "old"]);
    assert_eq!(site.get("/archive/stages/one").await.status, 200);
    pass(&site, 48).await;
    assert_eq!(listed(&site).await, ["two", "one", "old"]);
    let page = site.get("/archive/stages").await;
    assert_eq!(page.title(), "Earlier issues of “Notes &amp; &lt;news&gt;”");
    assert!(page.body.contains("<time datetime=\"2026-03-05\" lang=\"en\">5 March 2026</time>"), "{}", page.body);
    assert!(page.body.contains("<span><bdi>For everybody</bdi></span>") && page.body.contains("href=\"/c/stages\""));
    assert!(!page.body.contains("<script") && page.body.contains("for you</bdi></a>"), "{}", page.body);
    assert!(site.get("/c/stages").await.body.contains("href=\"/archive/stages\""));
}

#[tokio::test]
async fn an_issue_reads_as_for_nobody_and_has_no_link_of_a_person() {
    let site = site(LONDON, &THREE).await;
    pass(&site, 72).await;
    let before = site.dump().await;
    let page = site.get("/archive/stages/one").await;
    assert!(page.body.contains("Dear friend,") && page.body.contains("for you</h1>"), "{}", page.body);
    assert!(page.body.contains("How are you?") && page.body.contains("So so"), "{}", page.body);
    assert!(!page.body.contains("reply to this mail"), "nobody got a mail here: {}", page.body);
    assert!(page.body.contains("This isn't medical care.") || page.body.contains("This isn&#39;t medical care."));
    assert!(page.body.contains("How are you?") && !page.body.contains("You were well"), "{}", page.body);
    assert!(!page.body.contains("You get this") && !page.body.contains("<script"), "{}", page.body);
    let begin = "href=\"https://learn.example.org/c/stages\"";
    assert_eq!(page.body.matches(begin).count(), 5, "four of the text and that of the footer: {}", page.body);
    assert!(page.body.contains("Get it by e-mail</a>") && page.body.contains("All issues</a>"), "{}", page.body);
    assert!(page.body.contains("href=\"https://learn.example.org/archive/stages/one\""), "{}", page.body);
    for path in ["/archive/stages", "/archive/stages/one", "/archive/stages/feed.xml"] {
        let shown = site.get(path).await;
        assert_is_nobodys(&shown);
        assert_eq!(shown.header("x-robots-tag"), Some("all"), "{path}");
        assert_eq!(shown.header("cache-control"), Some("public, max-age=300"), "{path}");
        assert_eq!(shown.header("vary"), Some("accept-language"), "{path}");
        let policy = shown.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{path}: {policy}");
        let head = site.head(path).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
    }
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn what_is_not_there_or_is_no_newsletter_is_not_found() {
    let newsletter = site(LONDON, &THREE).await;
    let paths = [
        "/archive/none",
        "/archive/none/feed.xml",
        "/archive/stages/two",
        "/archive/stages/draft",
        "/archive/stages/x",
    ];
    for path in paths {
        let page = newsletter.get(path).await;
        assert_eq!((page.status, page.title().as_str()), (404, "There is no page here"), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
    }
    let course = TestSite::start().await;
    for path in ["/archive/stages", "/archive/stages/one", "/archive/stages/feed.xml"] {
        assert_eq!(course.get(path).await.status, 404, "{path}");
    }
    assert!(!course.get("/c/stages").await.body.contains("/archive/"));
}

#[tokio::test]
async fn a_feed_is_atom_whatever_the_titles_hold() {
    let site = site(LONDON, &THREE).await;
    pass(&site, 72).await;
    pass(&site, 48).await;
    let feed = feed(&site).await;
    assert_eq!(feed["title"], "Notes & <news>");
    assert_eq!((&feed["id"], &feed["author"]), (&json!("https://learn.example.org/archive/stages"), &json!("Ana")));
    assert_eq!(feed["updated"], "2026-03-07T09:00:00Z");
    assert_eq!(feed["links"]["self"], "https://learn.example.org/archive/stages/feed.xml");
    assert_eq!(feed["links"]["alternate"], "https://learn.example.org/archive/stages");
    let mut entries = feed["entries"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 3);
    let content = entries[1].as_object_mut().unwrap().remove("content").unwrap();
    let content = content.as_str().unwrap();
    assert!(
        content.contains("<p") && content.contains("Dear friend,") && content.contains("How are you?"),
        "{content}"
    );
    assert!(content.contains("medical care") && !content.contains("style=") && !content.contains("<html"), "{content}");
    assert_eq!(
        entries[1],
        json!({
            "id": "https://learn.example.org/archive/stages/one",
            "title": "Ana & <script>alert(1)</script> ]]> for you",
            "updated": "2026-03-05T09:00:00Z", "published": "2026-03-05T09:00:00Z", "summary": "For everybody",
            "links": { "alternate": "https://learn.example.org/archive/stages/one" },
        })
    );
}

#[tokio::test]
async fn an_empty_archive_says_so_and_its_feed_is_one_all_the_same() {
    let site = site(LONDON, &THREE[2..]).await;
    assert!(site.get("/archive/stages").await.body.contains("Nothing has appeared yet."));
    let feed = feed(&site).await;
    assert_eq!((&feed["entries"], &feed["updated"]), (&json!([]), &json!("1970-01-01T00:00:00Z")));
}

#[tokio::test]
async fn an_issue_at_each_readers_hour_appears_when_it_is_over_everywhere() {
    let site = site(EVERYWHERE, &THREE[1..2]).await;
    // 2026-03-05T20:00Z: nine o'clock twelve hours behind UTC is at 21:00Z.
    pass(&site, 83).await;
    assert_eq!(site.texts("SELECT lesson FROM issue").await, ["one", "one"]);
    assert_eq!(listed(&site).await, Vec::<String>::new());
    pass(&site, 1).await;
    assert_eq!(listed(&site).await, ["one"]);
}

#[tokio::test]
async fn an_issue_that_nobody_has_yet_waits_and_one_that_was_stopped_is_gone() {
    let site = site(LONDON, &THREE).await;
    site.enrol().await;
    pass(&site, 72).await;
    assert_eq!(listed(&site).await, ["old"], "its only reader doesn't have it yet");
    let mut transaction = site.app.store.begin().await.unwrap();
    sqlx::query("UPDATE outbox SET state = 10 WHERE lane = 2").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(listed(&site).await, ["one", "old"]);
    assert!(matches!(stop::stop(&site.app, "stages", "one").await.unwrap(), Stopped::Now(_)));
    assert_eq!(listed(&site).await, ["old"]);
    assert_eq!(site.get("/archive/stages/one").await.status, 404);
    assert!(matches!(stop::stop(&site.app, "stages", "two").await.unwrap(), Stopped::Now(_)));
    pass(&site, 48).await;
    assert_eq!(listed(&site).await, ["old"]);
}

#[tokio::test]
async fn an_issue_that_is_held_for_being_late_waits_for_a_human() {
    let site = site(LONDON, &THREE[1..2]).await;
    pass(&site, 24 * 5).await;
    assert_eq!(site.texts("SELECT scope FROM hold ORDER BY scope").await, ["lesson/garden/one", "lesson/stages/one"]);
    assert_eq!(listed(&site).await, Vec::<String>::new());
    let scope = dripline::flow::operate::Scope::Lesson { course: "stages".to_string(), lesson: "one".to_string() };
    dripline::flow::operate::release(&site.app, &scope).await.unwrap();
    assert_eq!(listed(&site).await, ["one"]);
}

#[tokio::test]
async fn one_without_a_date_appears_when_it_leaves_and_a_new_name_is_no_new_issue() {
    let rules = "[newsletter]\ntime_zone = \"Europe/London\"\nissues = \"0 9 * * Thu\"\n";
    let site = site(rules, &[("one", "", "\"One\"")]).await;
    assert_eq!(listed(&site).await, Vec::<String>::new());
    pass(&site, 72).await;
    assert_eq!(listed(&site).await, ["one"]);
    assert_eq!(feed(&site).await["entries"][0]["updated"], "2026-03-05T09:00:00Z");
    let renamed = files(rules, &[("first", "", "\"One\"\nwas = [\"one\"]")]);
    let tree: BTreeMap<String, Vec<u8>> = renamed.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let courses = BTreeMap::from(["garden", "stages"].map(|id| (id.to_string(), tree.clone())));
    let reloaded = reload::put(&site.app, courses, "courses").await.unwrap();
    assert_eq!(reloaded.swapped, ["garden", "stages"], "{:?}", reloaded.problems);
    assert_eq!(listed(&site).await, ["first"]);
    let entry = feed(&site).await["entries"][0].clone();
    assert_eq!(entry["id"], "https://learn.example.org/archive/stages/one");
    assert_eq!(entry["links"]["alternate"], "https://learn.example.org/archive/stages/first");
    assert_eq!(site.get("/archive/stages/one").await.status, 200, "links to its former name still work");
}

#[tokio::test]
async fn a_field_that_everybody_gives_is_a_blank_and_a_retired_issue_is_gone() {
    let field = "[fields.instrument]\nlabel = \"Your instrument\"\nrequired = true\n";
    let rules = format!("{LONDON}{field}");
    let mut issue = files(&rules, &THREE[..1]);
    issue.insert(
        "old.md".to_string(),
        "+++\nsubject = \"For your {{ subscriber.fields.instrument }}\"\ndate = 2026-03-01T09:00:00\n+++\nPlay.\n"
            .to_string(),
    );
    let texts: Vec<(&str, &str)> = issue.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let site = TestSite::start_with_files(&texts).await;
    assert!(site.get("/archive/stages/old").await.body.contains("For your …</h1>"));
    let mut without = files(&rules, &THREE[2..]);
    without.insert(
        "course.toml".to_string(),
        without["course.toml"].replace("lessons =", "retired = [\"old\"]\nlessons ="),
    );
    let tree: BTreeMap<String, Vec<u8>> = without.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let courses = BTreeMap::from(["garden", "stages"].map(|id| (id.to_string(), tree.clone())));
    let reloaded = reload::put(&site.app, courses, "courses").await.unwrap();
    assert_eq!(reloaded.swapped, ["garden", "stages"], "{:?}", reloaded.problems);
    assert_eq!(listed(&site).await, Vec::<String>::new());
    assert_eq!(site.get("/archive/stages/old").await.status, 404);
}

#[tokio::test]
async fn an_issue_leads_to_its_neighbours_and_says_when_it_appeared_and_where_it_stands() {
    let site = site(LONDON, &THREE).await;
    pass(&site, 72).await;
    pass(&site, 48).await;
    let page = site.get("/archive/stages/one").await.body;
    assert!(page.contains(">5 March 2026</p>"), "{page}");
    assert!(page.contains("/archive/stages/old\"") && page.contains(">Older: The old one</a>"), "{page}");
    assert!(page.contains("/archive/stages/two\"") && page.contains(">Newer: Two</a>"), "{page}");
    assert!(page.contains("<link rel=\"canonical\" href=\"https://learn.example.org/archive/stages/one\">"), "{page}");
    assert!(page.contains("<meta property=\"og:title\" content=\"Ana &amp; &lt;script&gt;"), "{page}");
    assert!(page.contains("<meta name=\"description\" content=\"For everybody\">"), "{page}");
    let last = site.get("/archive/stages/two").await.body;
    assert!(!last.contains("Newer:") && last.contains("Older: Ana"), "{last}");
    let list = site.get("/archive/stages").await.body;
    assert!(list.contains("<link rel=\"canonical\" href=\"https://learn.example.org/archive/stages\">"), "{list}");
    assert!(list.contains("<meta property=\"og:description\" content=\"Now and then.\">"), "{list}");
}

#[tokio::test]
async fn who_has_a_page_already_is_told_so_in_a_line() {
    let site = site(LONDON, &THREE).await;
    for path in ["/archive/stages", "/archive/stages/old", "/archive/stages/feed.xml"] {
        let first = site.get(path).await;
        let tag = first.header("etag").unwrap().to_string();
        let (again, body) = site.get_if_changed(path, &tag).await;
        assert_eq!((again, body.as_str()), (304, ""), "{path}");
        let (other, body) = site.get_if_changed(path, "\"another\"").await;
        assert_eq!((other, body), (200, first.body), "{path}");
    }
}

#[tokio::test]
async fn two_hundred_issues_stand_year_by_year() {
    let names: Vec<(String, String)> = (0..200)
        .map(|n| (format!("n{n}"), format!("{}-{:02}-{:02}T09:00:00", 2010 + n / 13, 1 + n % 12, 1 + n % 28)))
        .collect();
    let issues: Vec<(&str, &str, &str)> =
        names.iter().map(|(id, date)| (id.as_str(), date.as_str(), "\"Old\"")).collect();
    let site = site(LONDON, &issues).await;
    let list = site.get("/archive/stages").await.body;
    let years: Vec<&str> = list.split("<h2>").skip(1).map(|rest| &rest[..4]).collect();
    let expect: Vec<String> = (2010..=2025).rev().map(|year| year.to_string()).collect();
    assert_eq!(years, expect);
    assert_eq!(list.matches("<time ").count(), 200);
    assert_eq!(feed(&site).await["entries"].as_array().unwrap().len(), 50);
}

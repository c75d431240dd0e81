//! What the pages show: every course and lesson, every view, every sample person, the public pages and the plan.

use super::Desk;

#[test]
fn the_first_page_lists_courses_with_their_lessons_in_order_and_what_nobody_gets() {
    let desk = Desk::open();
    let page = desk.page("/");
    let places = [
        "Calm</a>",
        "First things",
        "/lesson/calm/welcome",
        "/lesson/calm/neck",
        "Second things",
        "/lesson/calm/end",
        "Drafts",
        "/lesson/calm/draft",
        "Retired",
        "/lesson/calm/gone",
        "Notes</a>",
        "/lesson/notes/one",
    ];
    let found: Vec<usize> =
        places.iter().map(|text| page.find(text).unwrap_or_else(|| panic!("{text} in {page}"))).collect();
    assert!(found.is_sorted(), "{found:?}");
    assert!(page.contains("begins after welcome") && page.contains("en · he"), "{page}");
    assert!(!page.contains("style=") && !page.contains("<script>"), "{page}");
}

#[test]
fn every_view_of_a_lesson_shows_the_mail_that_would_be_sent() {
    let desk = Desk::open();
    let check = |view: &str, texts: &[&str], not: &[&str]| {
        let page = desk.page(&format!("/lesson/calm/welcome?view={view}"));
        for text in texts {
            assert!(page.contains(text), "{view}: {text} in {page}");
        }
        for text in not {
            assert!(!page.contains(text), "{view}: {text} in {page}");
        }
    };
    check(
        "together",
        &["/mail/light/calm/welcome", "/mail/dark/calm/welcome", "class=\"phone\"", "A quiet start.", "<meter "],
        &["/mail/no-images"],
    );
    check("wide", &["/mail/light/calm/welcome", "class=\"wide\""], &["class=\"phone\""]);
    check("phone", &["class=\"phone\""], &["class=\"wide\""]);
    check("dark", &["/mail/dark/calm/welcome"], &["/mail/light/"]);
    check("no-images", &["/mail/no-images/calm/welcome"], &["/mail/light/"]);
    check("text", &["<pre class=\"sheet\"", "Dear Ana María, you play ‹Your instrument›."], &["<iframe"]);
    check(
        "source",
        &["Content-Type: multipart/alternative", "List-Unsubscribe: &lt;https://learn.example.org/leave/"],
        &["<iframe"],
    );
    check("file", &["id=\"L1\"", "[[ask]]"], &["<iframe"]);
}

#[test]
fn a_frame_shows_the_mail_in_its_dress_and_runs_nothing() {
    let desk = Desk::open();
    let light = desk.get("/mail/light/calm/welcome");
    let policy = light.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox allow-same-origin allow-popups"),
        "{policy}"
    );
    assert!(!policy.contains("allow-scripts") && policy.contains("frame-ancestors 'self'"), "{policy}");
    assert!(
        light.body.contains("@media (max-width: 0)") && light.body.contains("color-scheme: light !important"),
        "{}",
        light.body
    );
    assert!(light.body.contains("src=\"/image/") && !light.body.contains("learn.example.org/image/"), "{}", light.body);
    let dark = desk.page("/mail/dark/calm/welcome");
    assert!(dark.contains("@media (min-width: 0)") && dark.contains("color-scheme: dark !important"), "{dark}");
    let bare = desk.get("/mail/no-images/calm/welcome");
    assert!(!bare.body.contains("/image/") && bare.body.contains("alt=\"A leaf\""), "{}", bare.body);
    assert!(!bare.header("content-security-policy").unwrap().contains("img-src"), "{}", bare.head);
    let at = light.body.find("/image/").unwrap();
    let image = desk.get(light.body[at..].split('"').next().unwrap());
    assert_eq!((image.status, image.header("content-type")), (200, Some("image/png")));
    assert_eq!(desk.get("/mail/upside-down/calm/welcome").status, 404);
}

#[test]
fn every_sample_person_gets_their_own_mail() {
    let desk = Desk::open();
    let text = |query: &str| desk.page(&format!("/lesson/calm/welcome?view=text&{query}"));
    let mail = |query: &str| desk.page(&format!("/mail/light/calm/welcome?{query}"));
    assert!(text("who=bare").contains("Dear friend, you play nothing."));
    let hostile = mail("who=hostile");
    assert!(hostile.contains("{{ 7*7 }}") && hostile.contains("&lt;b&gt;O"), "{hostile}");
    assert!(!hostile.contains("<b>O") && !hostile.contains("49"), "{hostile}");
    assert!(text("who=hostile").contains("{{ 7*7 }}"));
    let rtl = mail("who=rtl");
    assert!(rtl.contains("dir=\"rtl\"") && rtl.contains("נועה"), "{rtl}");
    assert!(mail("language=he").contains("שלום Ana María"));
    // What isn't translated comes as it is written.
    assert!(desk.page("/mail/light/calm/end?language=he").contains("The end."));
    assert!(desk.page("/lesson/calm/welcome?language=he").contains("lang=\"he\" dir=\"auto\">ברוכים הבאים</h1>"));
}

#[test]
fn each_answer_that_decides_is_a_person_of_its_own_and_a_condition_says_who_gets_the_lesson() {
    let desk = Desk::open();
    let frame = |query: &str| desk.page(&format!("/mail/light/calm/welcome?{query}"));
    assert!(frame("answer.region=neck").contains("Words for a neck."));
    assert!(frame("answer.region=hand").contains("Words for others."));
    assert!(frame("answer.region=").contains("Words for others."));
    let page = desk.page("/lesson/calm/welcome");
    for link in ["?answer.region=neck", "?answer.region=hand", "?answer.region=\""] {
        assert!(page.contains(link), "{link} in {page}");
    }
    let passed_over = "With these answers nobody gets this lesson";
    let neck = desk.page("/lesson/calm/neck");
    assert!(
        !neck.contains(passed_over) && neck.contains("only when <code>answers.region == &quot;neck&quot;"),
        "{neck}"
    );
    assert!(desk.page("/lesson/calm/neck?answer.region=hand").contains(passed_over));
    assert!(desk.page("/mail/light/calm/neck?answer.region=hand").contains("For necks alone."));
}

#[test]
fn drafts_what_was_retired_and_the_programs_own_mails_can_be_looked_at() {
    let desk = Desk::open();
    let check = |lesson: &str, words: &str, kind: &str| {
        assert!(desk.page(&format!("/mail/light/calm/{lesson}")).contains(words), "{lesson}");
        assert!(desk.page(&format!("/lesson/calm/{lesson}")).contains(kind), "{lesson}");
    };
    check("draft", "Not yet.", "a draft");
    check("gone", "No more.", "retired");
    check("@back", "Calm", "the program’s own");
    check("@closing", "Calm", "the program’s own");
}

#[test]
fn the_public_pages_look_as_they_will_and_their_forms_do_nothing() {
    let desk = Desk::open();
    let page = desk.get("/site/c/calm");
    assert!(
        page.body.contains("About <em>calm</em>.") && page.body.contains("/site/assets/style.css"),
        "{}",
        page.body
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'none'") && !policy.contains("script-src"), "{policy}");
    assert!(desk.page("/site/c/calm?language=he").contains("רוגע"));
    let archive = desk.page("/site/archive/notes");
    assert!(archive.find("/site/archive/notes/two") < archive.find("/site/archive/notes/one"), "{archive}");
    assert!(desk.page("/site/archive/notes/one").contains("The first issue."));
    assert!(desk.page("/site/").contains("/site/c/calm"));
    assert!(desk.page("/site/assets/style.css").contains("--ground"));
    let around = desk.page("/pages/notes");
    assert!(
        around.contains("/site/c/notes?language=en") && around.contains("/site/archive/notes?language=en"),
        "{around}"
    );
    assert_eq!(
        super::client::ask(&desk.at, "POST", "/site/c/calm", &[("Sec-Fetch-Site", "same-origin")], "").status,
        405
    );
}

#[test]
fn a_plan_is_a_calendar_that_says_what_simulate_says() {
    let desk = Desk::open();
    let flags = [
        "--signup",
        "2026-03-27T22:15",
        "--zone",
        "Europe/Berlin",
        "--answer",
        "region=neck",
        "--pace",
        "1.5",
        "--pause",
        "2026-03-30..2026-04-08",
    ];
    let simulated = desk.site.json(&[&["simulate", "calm", "--json"], &flags[..]].concat());
    let page = desk.page("/plan/calm?signup=2026-03-27T22%3A15&zone=Europe%2FBerlin&pace=1.5&answer.region=neck&pause_from=2026-03-30&pause_to=2026-04-08");
    let plan = simulated.as_array().unwrap();
    assert_eq!(plan.len(), 3);
    for one in plan {
        let (utc, why) = (one["utc"].as_str().unwrap(), one["why"].as_str().unwrap());
        assert!(page.contains(&format!("datetime=\"{utc}\"")) && page.contains(why), "{one} in {page}");
    }
    assert!(page.contains("<caption>March 2026</caption>") && page.contains("class=\"paused\""), "{page}");
    assert_eq!(page.matches("class=\"comes\"").count(), 3);
    let other = desk.page("/plan/calm?signup=2026-03-27T22%3A15&answer.region=hand");
    assert!(other.contains("Not among them: ") && other.contains("The neck"), "{other}");
    let wrong = desk.page("/plan/calm?signup=x&zone=x&pace=-1&pause_from=2026-04-01");
    assert_eq!(wrong.matches("class=\"notice wrong\"").count(), 4, "{wrong}");
}

//! The link in the mail that asks.

use super::site::COURSE;
use super::site::TestSite;
use dripline::link::Scope;
use jiff::SignedDuration;

#[tokio::test]
async fn looking_at_the_link_shows_the_courses_and_changes_nothing() {
    let site = TestSite::start().await;
    let link = site.sign_up().await;
    let before = site.dump().await;
    for _ in 0..2 {
        let page = site.get(&link).await;
        assert_eq!((page.status, page.title().as_str()), (200, "Please confirm"));
        assert!(page.body.contains("Four &lt;gentle&gt; stages"), "{}", page.body);
        assert_eq!(page.body.matches("<button").count(), 1);
        assert!(page.body.contains("<form method=\"post\">"));
        let head = site.head(&link).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
    }
    assert_eq!(site.dump().await, before);
    assert_eq!(site.states().await, ["pending"]);
}

#[tokio::test]
async fn the_button_begins_the_course_once_however_often_it_is_pressed() {
    let site = TestSite::start().await;
    let link = site.sign_up().await;
    let first = site.post(&link, None, b"").await;
    assert_eq!((first.status, first.title().as_str()), (200, "You're in"));
    assert!(first.body.contains("The first lesson is on its way."));
    assert_eq!(first.header("location"), None);
    assert_eq!(site.states().await, ["active"]);
    let after = site.dump().await;
    let second = site.post(&link, None, b"").await;
    assert_eq!((second.status, second.title().as_str()), (200, "You have confirmed already"));
    assert_eq!(site.get(&link).await.body, second.body);
    assert_eq!(site.dump().await, after);
}

#[tokio::test]
async fn who_has_confirmed_is_told_what_comes_next_and_gets_the_way_to_their_own_page() {
    let cohort = COURSE.replace("wait =", "starts = 2026-04-01, wait =");
    let newsletter = "title = \"Four <gentle> stages\"\nsummary = \"Now and then.\"\nkind = \"newsletter\"\nlanguage = \"en\"\n\
                      lessons = [\"one\", \"two\"]\n[newsletter]\nissues = \"30 8 * * 1\"\n";
    let table = [
        (COURSE, "stages</bdi></strong><br>The first lesson is on its way."),
        (&cohort, "It begins on Wednesday, 1 April."),
        (newsletter, "You get each new issue by e-mail"),
    ];
    for (course, expect) in table {
        let site = TestSite::start_with_files(&[("course.toml", course)]).await;
        let link = site.sign_up().await;
        let page = site.post(&link, None, b"").await.body;
        assert!(page.contains(expect), "{page}");
        let (_, rest) = page.split_once("https://learn.example.org/my/").unwrap();
        let token = rest.split('"').next().unwrap();
        let opens = |days: i64| {
            site.app.keys.verify(Scope::My, token, site.clock.now().wall + SignedDuration::from_hours(24 * days))
        };
        assert!(opens(0).is_some() && opens(59).is_some() && opens(60).is_none());
    }
}

#[tokio::test]
async fn two_presses_at_the_same_time_begin_the_course_once() {
    let site = TestSite::start().await;
    let link = site.sign_up().await;
    let (one, two) = tokio::join!(site.post(&link, None, b""), site.post(&link, None, b""));
    let mut titles = [one.title(), two.title()];
    titles.sort_unstable();
    assert_eq!(titles, ["You have confirmed already", "You're in"]);
    assert_eq!(site.states().await, ["active"]);
    assert_eq!(site.dump().await.matches("consent: ").count(), 1);
}

#[tokio::test]
async fn old_and_unknown_links_say_what_to_do_and_change_nothing() {
    let site = TestSite::start().await;
    let link = site.sign_up().await;
    site.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    let before = site.dump().await;
    let old = site.get(&link).await;
    assert_eq!((old.status, old.title().as_str()), (200, "This link no longer works"));
    assert!(old.body.contains("sign up again"));
    let garbled = format!("{link}x");
    for path in [link.as_str(), garbled.as_str(), "/confirm/unknown", "/confirm/%00%ff%27", "/confirm/'--"] {
        if path != "/confirm/%00%ff%27" {
            assert_eq!(site.get(path).await.body, old.body, "{path}");
            assert_eq!(site.post(path, None, b"").await.body, old.body, "{path}");
        } else {
            assert_eq!(site.get(path).await.status, 400, "not UTF-8");
        }
    }
    assert_eq!(site.dump().await, before);
}

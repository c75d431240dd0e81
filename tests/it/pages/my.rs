//! A person's own page, and what they ask of a course from it or from a mail.

use super::browser;
use super::browser::Answer;
use super::dump::dump;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::preferences;
use dripline::flow::preferences::Which;
use dripline::link::Action;
use dripline::link::Scope;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

const ANA: &str = "ana@example.org";
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// Ana is in a course of four, a lesson a day at 08:30, and has had the first: it is Monday, 09:00 in London.
struct Site {
    app: TestApp,
    at: SocketAddr,
    /// Path of her own page.
    my: String,
}

impl Site {
    async fn start() -> Site {
        let app = TestApp::new().await;
        app.course("calm", &["one", "two", "three", "four"]).await;
        app.enrol(ANA, "calm").await;
        app.settle().await;
        let router = dripline::web::router(Arc::clone(&app.app), &BTreeMap::new(), &[]).unwrap();
        let at = browser::serve(router).await;
        let person = app.number("SELECT id FROM subscriber").await;
        let my = format!("/my/{}", app.app.keys.sign(Scope::My, person, None));
        Site { app, at, my }
    }

    async fn get(&self, path: &str) -> Answer {
        browser::ask(self.at, "GET", path, None, b"").await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        browser::ask(self.at, "POST", path, FORM, form.as_bytes()).await
    }

    /// Path of a link in the mail of lesson one.
    async fn act(&self, action: Action) -> String {
        let enrolment = self.app.number("SELECT id FROM enrolment").await;
        format!("/act/{}", self.app.app.keys.sign(Scope::Act(action), enrolment, None))
    }

    /// Lesson and local moment of what comes next.
    async fn next(&self) -> String {
        let person = self.app.person(ANA).await;
        let next = person.enrolments.last().and_then(|it| it.next.as_ref());
        next.map_or("nothing".to_string(), |it| format!("{} {}", it.lesson, it.local.strftime("%a %H:%M")))
    }

    /// Presses the button that takes the last change back, where a page offers it.
    async fn undo(&self, page: &Answer) -> Answer {
        let from = page.body.find("/act/").unwrap();
        let url: String = page.body[from..].chars().take_while(|c| *c != '"').collect();
        self.post(&url, "").await
    }
}

fn has(page: &Answer, texts: &[&str]) {
    assert_eq!(page.status, 200, "{}", page.body);
    for text in texts {
        assert!(page.body.contains(text), "no {text:?} in {}", page.body);
    }
}

#[tokio::test]
async fn ones_own_page_shows_what_comes_next_with_the_reason_and_what_came() {
    let site = Site::start().await;
    let page = site.get(&site.my).await;
    has(&page, &["1 of 4 lessons have come", "Tuesday, 3 March, 08:30", "calm two", "Wednesday, 4 March, 08:30"]);
    has(&page, &["a day after the lesson before it", "calm one", "/view/", "/leave/"]);
    assert!(!page.body.contains(ANA), "the address stands on no page that a link opens");
}

#[tokio::test]
async fn each_action_says_what_will_happen_does_it_and_can_be_taken_back() {
    let site = Site::start().await;
    let now = "two Tue 08:30";
    for (action, choice, shown, then) in [
        ("pause", "choice=3d", "goes on from Thursday, 5 March", "nothing"),
        ("slower", "choice=2", "twice as long as the course has it", "two Wed 08:30"),
        ("again", "", "calm one", "one Tue 08:30"),
    ] {
        let path = format!("{}/calm/{action}", site.my);
        let before = dump(&site.app.app).await;
        let page = site.get(&path).await;
        has(&page, &[shown, "March, 08:30", "<button"]);
        assert_eq!(dump(&site.app.app).await, before, "{action}: looking at a page changes nothing");
        assert_eq!(site.next().await, now);
        let done = site.post(&path, choice).await;
        has(&done, &["Done", "Take it back"]);
        assert_eq!(site.next().await, then, "{action}");
        has(&site.undo(&done).await, &["Taken back", "Tuesday, 3 March, 08:30"]);
        assert_eq!(site.next().await, now, "{action}");
    }
    site.app.verify().await;
}

#[tokio::test]
async fn an_action_of_a_mail_needs_no_page_of_ones_own_and_shows_no_way_to_it() {
    let site = Site::start().await;
    let slower = site.act(Action::Slower).await;
    has(&site.get(&slower).await, &["Go slower in “calm”?", "Friday, 6 March, 08:30"]);
    let done = site.post(&slower, "choice=1.5").await;
    has(&done, &["Your pace is set."]);
    assert!(!done.body.contains("/my/"), "{}", done.body);
    assert_eq!(site.next().await, "two Wed 08:30");
    // Only what stood there to be chosen can be chosen.
    has(&site.post(&slower, "choice=99").await, &["Go slower in “calm”?"]);
    assert_eq!(site.next().await, "two Wed 08:30");
}

#[tokio::test]
async fn a_pause_without_end_ends_on_ones_own_page() {
    let site = Site::start().await;
    let pause = site.act(Action::Pause).await;
    site.post(&pause, "choice=open").await;
    site.app.advance(days(3)).await;
    has(&site.get(&site.my).await, &["Paused, until you say so.", "/calm/resume"]);
    let resume = format!("{}/calm/resume", site.my);
    has(&site.get(&resume).await, &["Go on with “calm”?", "March, 08:30"]);
    has(&site.post(&resume, "").await, &["It goes on."]);
    assert_eq!(site.app.state(ANA).await, "active");
    site.app.verify().await;
}

#[tokio::test]
async fn what_isnt_possible_is_said_before_the_button_and_after_it() {
    let site = Site::start().await;
    let now = site.act(Action::NextNow).await;
    let page = site.get(&now).await;
    has(&page, &["That isn’t possible just now", "You can ask for the next one after 10:00"]);
    assert!(!page.body.contains("<button"), "{}", page.body);
    has(&site.post(&now, "").await, &["That isn’t possible just now"]);
    site.app.advance(hours(2)).await;
    has(&site.get(&now).await, &["Send it now"]);
    has(&site.post(&now, "").await, &["The next lesson is on its way."]);
    site.app.settle().await;
    assert_eq!(site.app.subjects_to(ANA), ["calm one", "calm two"]);
}

#[tokio::test]
async fn an_older_change_cannot_be_taken_back_over_a_newer_one() {
    let site = Site::start().await;
    let slower = site.act(Action::Slower).await;
    let first = site.post(&slower, "choice=1.5").await;
    let second = site.post(&slower, "choice=2").await;
    assert_eq!(site.undo(&first).await.title(), "This can’t be taken back any more");
    has(&site.undo(&second).await, &["Taken back"]);
    has(&site.undo(&first).await, &["Taken back"]);
    assert_eq!(site.undo(&first).await.status, 404, "once");
}

#[tokio::test]
async fn settings_are_kept_as_the_form_shows_them_and_taken_back() {
    let site = Site::start().await;
    let settings = format!("{}/settings", site.my);
    has(&site.get(&settings).await, &["Tuesday, 3 March, 08:30", "value=\"Europe/London\" selected"]);
    let form = "hour=18%3A15&day=Wed&day=Sat&zone=Asia%2FKolkata&language=en&first_name=Ana%20%3Cb%3E";
    let done = site.post(&settings, form).await;
    has(&done, &["Your settings are kept.", "Wednesday, 4 March, 18:15", "Saturday, 7 March, 18:15"]);
    let page = site.get(&settings).await;
    has(&page, &["value=\"18:15\"", "value=\"Wed\" checked", "value=\"Asia/Kolkata\" selected", "Ana &lt;b&gt;"]);
    has(&site.post(&settings, "hour=noon").await, &["Please write an hour like 07:30."]);
    has(&site.undo(&done).await, &["Tuesday, 3 March, 08:30"]);
    assert_eq!(site.next().await, "two Tue 08:30");
    let page = site.get(&settings).await;
    assert!(!page.body.contains("Ana &lt;b&gt;"), "the name is as it was, too: {}", page.body);
}

#[tokio::test]
async fn a_further_course_begins_at_a_press_of_who_has_proven_their_address() {
    let site = Site::start().await;
    site.app.course("evening", &["dusk"]).await;
    let join = format!("{}/evening/join", site.my);
    has(&site.get(&site.my).await, &["/evening/join"]);
    has(&site.get(&join).await, &["Begin “evening”?"]);
    has(&site.post(&join, "").await, &["You’re in."]);
    site.app.settle().await;
    assert_eq!(site.app.subjects_to(ANA), ["calm one", "evening dusk"]);
    has(&site.post(&join, "").await, &["There is nothing to change"]);
    site.app.verify().await;
}

#[tokio::test]
async fn a_link_that_is_too_old_says_what_it_was_and_what_to_do_now() {
    let site = Site::start().await;
    let keys = &site.app.app.keys;
    let past = Some("2026-01-01T00:00:00Z".parse().unwrap());
    let old = |scope: Scope, id: i64| keys.sign(scope, id, past);
    for (path, title) in [
        (format!("/act/{}", old(Scope::Act(Action::Pause), 1)), "This link is too old"),
        (format!("/my/{}", old(Scope::My, 1)), "This link is too old"),
        (format!("/act/{}", keys.sign(Scope::Act(Action::Pause), 1, None)), "This link isn’t whole"),
        ("/act/aaaa".to_string(), "This link isn’t whole"),
        (format!("/my/{}/calm/pause", old(Scope::My, 1)), "This link is too old"),
    ] {
        for page in [site.get(&path).await, site.post(&path, "choice=1w").await] {
            let expect = if page.status == 405 { "There is no page here" } else { title };
            assert_eq!(page.title(), expect, "{path}: {}", page.body);
        }
    }
    let unknown = site.get(&format!("{}/nowhere/pause", site.my)).await;
    assert_eq!((unknown.status, unknown.title().as_str()), (404, "There is no page here"));
}

#[tokio::test]
async fn a_mail_leads_to_every_action_in_one_tap_and_again_means_its_own_lesson() {
    let site = Site::start().await;
    site.app.advance(days(1)).await;
    let mail = site.app.mails_to(ANA).into_iter().next().unwrap();
    let path = |word: &str| {
        let from = mail.text.find(word).unwrap_or_else(|| panic!("no {word} in {}", mail.text));
        let url = mail.text[from..].split(['<', '>']).nth(1).unwrap();
        url.strip_prefix("https://learn.example.org").unwrap_or_else(|| panic!("{url}")).to_string()
    };
    for (word, title) in [
        ("What comes next", "Your page"),
        ("Pause:", "Pause “calm”?"),
        ("Slower:", "Go slower in “calm”?"),
        ("Send this again:", "Read a lesson of “calm” again?"),
        ("The next one now:", "That isn’t possible just now"),
    ] {
        assert_eq!(site.get(&path(word)).await.title(), title);
    }
    // Lesson two came since; the first mail means lesson one.
    site.post(&path("Send this again:"), "").await;
    assert_eq!(site.next().await, "one Wed 08:30");
}

#[tokio::test]
async fn the_dates_of_two_courses_are_those_on_which_their_lessons_then_come() {
    let site = Site::start().await;
    site.app.course("evening", &["dusk", "night", "dawn", "noon"]).await;
    site.app.enrol(ANA, "evening").await;
    site.app.settle().await;
    let address = ANA.parse().unwrap();
    let outlook = preferences::outlook(&site.app.app, &address, &Which::All, 3).await.unwrap();
    let told = outlook.iter().flat_map(|it| {
        let course = it.enrolment.course.clone();
        it.plan.iter().map(move |mail| format!("{} {course}/{}", mail.local.strftime("%Y-%m-%d %H:%M"), mail.lesson))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    site.app.advance(days(7)).await;
    let taken = site.app.taken(ANA).await;
    assert_eq!(told, taken[2..8], "{taken:?}");
}

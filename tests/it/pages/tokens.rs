//! Every route with a token, against every token: which opens what, and what stays closed.

use super::dump::dump;
use super::pair::ANA;
use super::pair::Ask;
use super::pair::BEN;
use super::pair::CLEO;
use super::pair::Got;
use super::pair::Pair;
use super::pair::Rows;
use super::pair::SCOPES;
use super::pair::router;
use super::pair::routes;
use crate::app::days;
use dripline::flow::preferences;
use dripline::link::Action;
use dripline::link::KeyRing;
use dripline::link::Scope;
use jiff::Timestamp;

const ACTS: &[Scope] = &[
    Scope::Act(Action::Pause),
    Scope::Act(Action::Slower),
    Scope::Act(Action::Faster),
    Scope::Act(Action::Again),
    Scope::Act(Action::NextNow),
    Scope::Undo,
];

/// A route with a token in it.
struct Door {
    route: &'static str,
    /// What is asked for, with `{token}` in its place.
    path: &'static str,
    opened_by: &'static [Scope],
    /// What is answered to a token that doesn't open it, by GET and by POST.
    closed: (u16, u16),
}

const fn door(route: &'static str, path: &'static str, opened_by: &'static [Scope], closed: (u16, u16)) -> Door {
    Door { route, path, opened_by, closed }
}

const DOORS: [Door; 12] = [
    door("/act/{token}", "/act/{token}", ACTS, (404, 404)),
    door("/answer/{token}", "/answer/{token}?q=1&o=1", &[Scope::Answer], (404, 404)),
    door("/confirm/{token}", "/confirm/{token}", &[], (200, 200)),
    door("/leave/{token}", "/leave/{token}", &[Scope::Leave, Scope::Never], (404, 404)),
    door("/my/{token}", "/my/{token}", &[Scope::My], (404, 405)),
    door("/my/{token}/address", "/my/{token}/address", &[Scope::My], (404, 404)),
    door("/my/{token}/erase", "/my/{token}/erase", &[Scope::My], (404, 404)),
    door("/my/{token}/export", "/my/{token}/export", &[Scope::My], (404, 405)),
    door("/my/{token}/settings", "/my/{token}/settings", &[Scope::My], (404, 404)),
    door("/my/{token}/{course}/join", "/my/{token}/walk/join", &[Scope::My], (404, 404)),
    door("/my/{token}/{course}/{action}", "/my/{token}/calm/pause", &[Scope::My], (404, 404)),
    door("/view/{token}", "/view/{token}", &[Scope::View], (404, 405)),
];

impl Door {
    fn path(&self, token: &str) -> String {
        self.path.replace("{token}", token)
    }

    fn closed_to(&self, method: &str) -> u16 {
        if method == "POST" { self.closed.1 } else { self.closed.0 }
    }
}

impl Pair {
    async fn knock(&self, method: &str, path: &str) -> Got {
        if method == "POST" {
            return self.post(path, "answer=7&email=new%40example.org&hour=05%3A55&choice=1w&agree=1").await;
        }
        let ask = Ask { method: method.to_string(), path: path.into(), ..Ask::default() };
        self.ask(&ask).await.unwrap()
    }

    async fn dump(&self) -> String {
        dump(&self.app.app).await
    }

    fn sign(&self, scope: Scope, rows: &Rows, expires: Option<Timestamp>) -> String {
        self.app.app.keys.sign(scope, rows.of(scope), expires)
    }

    /// Whom a token that isn't whole belonged to can't be told by what is answered.
    async fn stays_closed(&self, door: &Door, method: &str, token: &str, about: &str) {
        let got = self.knock(method, &door.path(token)).await;
        let nonsense = self.knock(method, &door.path("nonsense")).await;
        assert_eq!(got, nonsense, "{method} {} {about}", door.route);
        assert_eq!(got.status, door.closed_to(method), "{method} {} {about}", door.route);
        let kind = got.header("content-type");
        assert!(kind.starts_with("text/html"), "{method} {} {about}: {kind}", door.route);
        assert!(method == "HEAD" || !got.title().is_empty(), "{method} {} {about}", door.route);
    }
}

/// A token with some harm done to it, under the name of the harm.
fn harmed(good: &str, foreign: String) -> Vec<(&'static str, String)> {
    let letter = |at: usize| if good[at..].starts_with('a') { "b" } else { "a" };
    let at = good.len() - 10;
    vec![
        ("of another installation", foreign),
        ("cut", good[..good.len() - 1].to_string()),
        ("cut by half", good[..good.len() / 2].to_string()),
        ("longer", format!("{good}a")),
        ("with another first letter", format!("{}{}", letter(0), &good[1..])),
        ("with another letter", format!("{}{}{}", &good[..at], letter(at), &good[at + 1..])),
        ("twice", format!("{good}{good}")),
        ("with a NUL", format!("{good}%00")),
        ("with a blank", format!("%20{good}")),
    ]
}

#[test]
fn every_route_with_a_token_is_one_of_these_doors() {
    let routes: Vec<String> = routes().into_iter().filter(|route| route.contains("{token}")).collect();
    let doors: Vec<&str> = DOORS.iter().map(|door| door.route).collect();
    assert_eq!(routes, doors, "name a new route here, with the scopes whose tokens open it");
}

#[tokio::test]
async fn a_token_opens_the_doors_of_its_scope_alone_and_looking_changes_nothing() {
    let pair = Pair::start().await;
    let ana = pair.rows(ANA).await;
    let tomorrow = pair.app.now() + days(1);
    let before = pair.dump().await;
    for door in &DOORS {
        for scope in SCOPES {
            let good = pair.sign(scope, &ana, None);
            for token in [good.clone(), good.to_uppercase(), pair.sign(scope, &ana, Some(tomorrow))] {
                if door.opened_by.contains(&scope) {
                    let page = pair.knock("GET", &door.path(&token)).await;
                    assert_eq!(page.status, 200, "{} {scope:?}", door.route);
                    assert!(page.body != pair.knock("GET", &door.path("nonsense")).await.body);
                    let head = pair.knock("HEAD", &door.path(&token)).await;
                    assert_eq!((head.status, head.body.len()), (200, 0), "{} {scope:?}", door.route);
                } else {
                    pair.stays_closed(door, "GET", &token, &format!("{scope:?}")).await;
                    pair.stays_closed(door, "HEAD", &token, &format!("{scope:?}")).await;
                    pair.stays_closed(door, "POST", &token, &format!("{scope:?}")).await;
                }
            }
        }
        assert_eq!(pair.dump().await, before, "{}", door.route);
    }
}

#[tokio::test]
async fn a_token_that_is_not_whole_or_not_ours_opens_nothing() {
    let pair = Pair::start().await;
    let ana = pair.rows(ANA).await;
    let foreign = KeyRing::new((1, [9; 32]), vec![(0, [8; 32])]);
    let before = pair.dump().await;
    for door in &DOORS {
        for scope in SCOPES {
            let good = pair.sign(scope, &ana, None);
            for (harm, token) in harmed(&good, foreign.sign(scope, ana.of(scope), None)) {
                for method in ["GET", "HEAD", "POST"] {
                    pair.stays_closed(door, method, &token, &format!("{scope:?} {harm}")).await;
                }
            }
        }
        assert_eq!(pair.dump().await, before, "{}", door.route);
    }
}

#[tokio::test]
async fn an_expired_token_opens_nothing_and_names_nobody() {
    let pair = Pair::start().await;
    let ana = pair.rows(ANA).await;
    let before = pair.dump().await;
    for door in &DOORS {
        for scope in SCOPES {
            let token = pair.sign(scope, &ana, Some(pair.app.now()));
            for method in ["GET", "HEAD", "POST"] {
                let got = pair.knock(method, &door.path(&token)).await;
                assert_eq!(got.status, door.closed_to(method), "{method} {} {scope:?}", door.route);
                let text = got.text();
                assert!(!text.contains("Sam") && !text.contains("example.org\""), "{method} {}", door.route);
                if !door.opened_by.contains(&scope) {
                    pair.stays_closed(door, method, &token, "expired").await;
                }
            }
        }
        assert_eq!(pair.dump().await, before, "{}", door.route);
    }
}

#[tokio::test]
async fn of_somebody_who_was_erased_only_the_links_to_leave_still_open() {
    let pair = Pair::start().await;
    let (cleo, ana) = (pair.rows(CLEO).await, pair.rows(ANA).await);
    assert!(preferences::erase(&pair.app.app, &CLEO.parse().unwrap()).await.unwrap());
    let before = pair.dump().await;
    for door in &DOORS {
        for scope in SCOPES {
            let token = pair.sign(scope, &cleo, None);
            for method in ["GET", "HEAD", "POST"] {
                let about = format!("{method} {} {scope:?}", door.route);
                if [Scope::Leave, Scope::Never].contains(&scope) && door.opened_by.contains(&scope) {
                    assert_eq!(pair.knock(method, &door.path(&token)).await.status, 200, "{about}");
                } else if scope == Scope::Undo && door.opened_by.contains(&scope) {
                    // It was good once: that it is too late now is no secret to who holds it.
                    assert_eq!(pair.knock(method, &door.path(&token)).await.status, 404, "{about}");
                } else {
                    pair.stays_closed(door, method, &token, "erased").await;
                }
            }
        }
    }
    assert_eq!(pair.dump().await, before);
    let undo = pair.sign(Scope::Undo, &ana, None);
    assert_eq!(pair.get(&format!("/act/{undo}")).await.status, 200, "everybody else's links still open");
}

#[tokio::test]
async fn after_a_rotation_of_keys_and_after_years_everybody_can_still_leave() {
    let mut pair = Pair::start().await;
    let (ana, cleo) = (pair.rows(ANA).await, pair.rows(CLEO).await);
    let month = Some(pair.app.now() + days(30));
    let links = |rows: &Rows| [Scope::Leave, Scope::Never].map(|scope| pair.sign(scope, rows, None));
    let leave: Vec<String> = links(&ana).into_iter().chain(links(&cleo)).collect();
    let bounded: Vec<(Scope, String)> = SCOPES.map(|scope| (scope, pair.sign(scope, &ana, month))).to_vec();
    preferences::erase(&pair.app.app, &CLEO.parse().unwrap()).await.unwrap();
    pair.app
        .break_with(&format!("INSERT INTO signing_key(kid, secret, created) VALUES (9, x'{}', 0)", "5a".repeat(32)))
        .await;
    pair.app.restart().await;
    pair.router = router(&pair.app);
    assert!(!leave.contains(&pair.sign(Scope::Leave, &ana, None)), "links are signed with the new key");
    for (scope, token) in &bounded {
        for door in DOORS.iter().filter(|door| door.opened_by.contains(scope)) {
            assert_eq!(pair.get(&door.path(token)).await.status, 200, "{} {scope:?}", door.route);
        }
    }
    pair.app.sleep_without_a_daemon(days(4000));
    for (scope, token) in &bounded {
        for door in DOORS.iter().filter(|door| door.opened_by.contains(scope)) {
            assert_eq!(pair.get(&door.path(token)).await.status, 404, "{} {scope:?}", door.route);
        }
    }
    for token in &leave {
        for method in ["GET", "HEAD", "POST", "POST"] {
            assert_eq!(pair.knock(method, &format!("/leave/{token}")).await.status, 200, "{method}");
        }
    }
    let reasons = pair.app.texts("SELECT reason FROM suppression ORDER BY reason").await;
    assert!(reasons.contains(&"never write to me".to_string()), "{reasons:?}");
}

#[tokio::test]
async fn the_single_use_tokens_of_mails_open_only_as_they_were_sent() {
    let mut pair = Pair::start().await;
    let token = pair.confirmation("dora@example.org", "walk").await;
    let before = pair.dump().await;
    let gone = pair.get("/confirm/nonsense").await;
    let other = if token.starts_with('A') { "B" } else { "A" };
    let wrong = [
        token.to_uppercase(),
        token.to_lowercase(),
        token[1..].to_string(),
        format!("{token}="),
        format!("{other}{}", &token[1..]),
        format!("{token}%00"),
    ];
    for wrong in wrong.iter().filter(|wrong| **wrong != token) {
        assert_eq!(pair.get(&format!("/confirm/{wrong}")).await, gone, "{wrong}");
        assert_eq!(pair.post(&format!("/confirm/{wrong}"), "").await, gone, "{wrong}");
    }
    for door in DOORS.iter().filter(|door| door.route != "/confirm/{token}") {
        for method in ["GET", "HEAD", "POST"] {
            pair.stays_closed(door, method, &token, "a single-use token").await;
        }
    }
    let asks = pair.get(&format!("/confirm/{token}")).await;
    assert!(asks.status == gone.status && asks.body != gone.body);
    assert_eq!(pair.knock("HEAD", &format!("/confirm/{token}")).await.status, 200);
    assert_eq!(pair.dump().await, before);
}

#[tokio::test]
async fn with_ones_own_token_nobody_reaches_what_is_anothers() {
    let pair = Pair::start().await;
    let (ana, ben) = (pair.rows(ANA).await, pair.rows(BEN).await);
    let my = format!("/my/{}", pair.sign(Scope::My, &ana, None));
    let theirs = |dump: &str| {
        let ids = [ben.person, ben.enrolment, ben.mail, ben.act].map(|id| id.to_string());
        let lines = dump.lines().filter(|line| line.contains(BEN) || ids.iter().any(|id| line.contains(id.as_str())));
        lines.map(str::to_string).collect::<Vec<_>>()
    };
    let before = pair.dump().await;
    assert!(theirs(&before).len() > 5);
    for action in ["pause", "resume", "slower", "faster", "next-now", "again", "start-again", "nothing"] {
        let nobodys = pair.get(&format!("{my}/nowhere/{action}")).await;
        for course in ["walk", &ben.enrolment.to_string(), "%2e%2e", "calm%2Fpause"] {
            let path = format!("{my}/{course}/{action}");
            assert_eq!(pair.get(&path).await, nobodys, "{path}");
            assert_eq!(pair.post(&path, "choice=1w").await.status, 404, "{path}");
        }
    }
    assert_eq!(pair.dump().await, before);
    let other = format!(
        "subscriber={}&id={}&email=ben%40example.org&enrolment={}&hour=05%3A55",
        ben.person, ben.person, ben.enrolment
    );
    let act = |scope| format!("/act/{}", pair.sign(scope, &ana, None));
    let paths = [
        format!("{my}/settings"),
        format!("{my}/address"),
        format!("{my}/calm/pause"),
        act(Scope::Act(Action::NextNow)),
        act(Scope::Undo),
        format!("/leave/{}", pair.sign(Scope::Leave, &ana, None)),
        format!("{my}/erase"),
    ];
    for path in paths {
        assert!(pair.post(&format!("{path}?{other}"), &other).await.status < 500, "{path}");
        assert_eq!(theirs(&pair.dump().await), theirs(&before), "{path}");
    }
    assert!(!pair.dump().await.contains(ANA));
}

#[tokio::test]
async fn a_link_to_answers_opens_the_questions_of_its_mail_alone() {
    let pair = Pair::start().await;
    let ana = pair.rows(ANA).await;
    let path = format!("/answer/{}", pair.sign(Scope::Answer, &ana, None));
    let before = pair.dump().await;
    let none = pair.get(&format!("{path}?q=5")).await;
    assert_eq!(none.status, 404);
    let numbers = ["0", "-1", "-0", "99", "9223372036854775807", "9223372036854775808", "18446744073709551616"];
    for number in numbers.iter().chain(&["1e0", "1.0", "%31%00", "", "NaN", "0x1", "%EF%BC%91", "1%26q=2", "%00"]) {
        for query in [format!("q={number}"), format!("q={number}&q=1"), format!("o=1&q={number}&o=2")] {
            assert_eq!(pair.get(&format!("{path}?{query}")).await, none, "{query}");
            assert_eq!(pair.post(&format!("{path}?{query}"), "answer=7").await, none, "{query}");
        }
        for question in 1..=4 {
            let page = pair.get(&format!("{path}?q={question}&o={number}")).await;
            // Of the numbers here only 0 stands for something: on the scale.
            let on_scale = question == 1 && ["0", "-0"].contains(number);
            assert_eq!((page.status, page.text().contains(" checked")), (200, on_scale), "{question} {number}");
        }
    }
    assert_eq!(pair.dump().await, before);
    assert_eq!(pair.post(&format!("{path}?q=1"), "answer=7").await.status, 200);
    let rows = pair.app.texts("SELECT enrolment_id || ' ' || question FROM answer").await;
    assert_eq!(rows, [format!("{} ease", ana.enrolment)]);
}

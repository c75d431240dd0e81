//! People tap an answer in their mail: the page that opens, what its button keeps, and what it says when it can't.

use super::ANA;
use super::COURSE;
use super::EASE;
use super::Pages;
use super::begun;
use super::kept;
use super::lesson;
use super::questions;
use super::stored;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::pages::browser;
use crate::pages::browser::Answer;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::link::Scope;

/// Ana in the first lesson of `calm`, the pages, and the path of her questions: 1 a scale, 2 a choice, 3 choices, 4 words.
async fn asked() -> (TestApp, Pages, String) {
    let app = begun("", &[ANA]).await;
    let pages = Pages::of(&app).await;
    let path = questions(&app.mails_to(ANA)[0]);
    (app, pages, path)
}

fn checked(page: &Answer) -> Vec<&str> {
    let inputs = page.body.split("<input ").skip(1).filter_map(|input| input.split_once('>'));
    let inputs = inputs.map(|(input, _)| input).filter(|input| input.ends_with(" checked"));
    inputs.map(|input| input.split_once("value=\"").unwrap().1.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn a_mail_links_each_option_by_numbers_and_its_text_part_each_question() {
    let (app, _, path) = asked().await;
    let mail = app.mails_to(ANA).remove(0);
    let html = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap().body_html(0).unwrap().into_owned();
    let links: Vec<&str> = html.split(&path).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let scale = (0..=10).map(|number| format!("?q=1&amp;o={number}"));
    let rest = ["?q=2&amp;o=1", "?q=2&amp;o=2", "?q=2&amp;o=3", "?q=3&amp;o=1", "?q=3&amp;o=2", "?q=4"];
    assert_eq!(links, scale.chain(rest.map(String::from)).collect::<Vec<_>>());
    for number in 1..=4 {
        assert_eq!(mail.text.matches(&format!("{path}?q={number}>")).count(), 1, "{}", mail.text);
    }
    for said in ["neck", "worse", "region"] {
        assert!(!links.iter().any(|link| link.contains(said)));
    }
}

#[tokio::test]
async fn what_was_tapped_is_chosen_and_nothing_is_kept_before_the_button() {
    let (app, pages, path) = asked().await;
    let check = async |query: &str, title: &str, expect: &[&str]| {
        let page = pages.get(&format!("{path}{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.body);
        assert!(page.body.contains(&format!(">{title}</")), "{query}: {}", page.body);
        assert_eq!(checked(&page), expect, "{query}");
        assert_eq!(page.body.matches("<button").count(), 1);
    };
    check("?q=1&o=7", "How easy was it?", &["7"]).await;
    check("?q=1&o=11", "How easy was it?", &[]).await;
    check("?q=2&o=2", "Where is it?", &["hand"]).await;
    check("?q=2&o=0", "Where is it?", &[]).await;
    check("?q=2&o=-9223372036854775808", "Where is it?", &[]).await;
    check("?o=x&q=3", "Which parts?", &[]).await;
    check("?q=4", "Anything else?", &[]).await;
    check("", "How easy was it?", &[]).await;
    browser::ask(pages.0, "HEAD", &format!("{path}?q=2&o=1"), None, b"").await;
    assert_eq!(stored(&app).await, Vec::<String>::new());
    kept(&app, ANA, "one", "parts", &["a"]).await;
    check("?q=3&o=2", "Which parts?", &["a", "l"]).await;
    kept(&app, ANA, "one", "note", &["<b>calm</b>"]).await;
    assert!(pages.get(&format!("{path}?q=4")).await.body.contains("\n&lt;b&gt;calm&lt;"));
}

#[tokio::test]
async fn each_kind_of_answer_is_kept_told_in_words_and_can_be_changed() {
    let (app, pages, path) = asked().await;
    let check = async |number: u8, body: &str, said: &str| {
        let page = pages.post(&format!("{path}?q={number}&o=1"), body).await;
        assert_eq!((page.status, page.title().as_str()), (200, "Thank you, your answer is kept"), "{}", page.body);
        assert!(page.body.contains(&format!("<p class=\"kept\"><bdi lang=\"en\">{said}</bdi></p>")), "{}", page.body);
        assert!(page.body.contains(&format!("href=\"?q={number}\"")), "{}", page.body);
        assert_eq!(page.body.matches("href=\"?q=").count(), 4, "the others, too");
    };
    check(1, "answer=7", "7").await;
    check(2, "answer=neck", "Neck").await;
    check(3, "answer=l&answer=a", "Arms, Legs").await;
    check(3, "", "None of these").await;
    check(4, "answer=%20a+%22word%22%0D%0Aor+two", "a &quot;word&quot;\nor two").await;
    check(2, "answer=hand&language=x", "Hand").await;
    let expect = ["one ease 7", "one note \"a \\\"word\\\"\\nor two\"", "one parts []", "one region \"hand\""];
    assert_eq!(stored(&app).await, expect);
    let others = pages.post(&format!("{path}?q=1"), "answer=8").await.body;
    assert!(others.contains("<span><bdi lang=\"en\">Hand</bdi></span>"), "{others}");
    let longest = "%F0%9F%8E%BB".repeat(2_000);
    assert_eq!(pages.post(&format!("{path}?q=4"), &format!("answer={longest}")).await.status, 200);
    app.verify().await;
}

#[tokio::test]
async fn what_is_no_answer_brings_the_page_again_with_a_sentence_and_what_was_entered() {
    let (app, pages, path) = asked().await;
    let check = async |number: u8, body: &str, sentence: &str| {
        let page = pages.post(&format!("{path}?q={number}"), body).await;
        assert_eq!(page.status, 422, "{}", page.body);
        assert!(page.body.contains("aria-describedby=\"wrong hint\"") && page.body.contains(sentence), "{}", page.body);
        page.body
    };
    check(1, "", "Please choose one of the numbers.").await;
    check(1, "answer=11", "Please choose one of the numbers.").await;
    check(1, "answer=1&answer=2", "Please choose one of the numbers.").await;
    check(2, "other=neck", "Please choose one of these.").await;
    check(2, "answer=%FF%00", "One of these is no longer there.").await;
    check(3, "answer=a&answer=a", "One of these is no longer there.").await;
    check(4, "answer=+%0A", "Please write a word or two.").await;
    let long = format!("{}&lt;", "x".repeat(2_000));
    let page = check(4, &format!("answer={}%3C", "x".repeat(2_000)), "This is longer than 2000 characters.").await;
    assert!(page.contains(&long), "what was entered is lost");
    check(4, &format!("answer={}", "x".repeat(50_000)), "This is longer than 2000 characters.").await;
    let odd = browser::ask(pages.0, "POST", &format!("{path}?q=2"), Some("application/json"), b"{}").await;
    assert_eq!(odd.status, 422);
    assert_eq!(stored(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_link_that_opens_nothing_says_what_it_meant_and_what_can_be_done() {
    let (app, pages, path) = asked().await;
    let check = async |path: &str, title: &str| {
        for page in [pages.get(path).await, pages.post(path, "answer=1").await] {
            assert_eq!((page.status, page.title().as_str()), (404, title), "{path}");
            assert!(page.body.contains("simply reply to the mail"), "{}", page.body);
        }
    };
    let (gone, no_more) = ("This question can't be opened any more", "This question is asked no more");
    for number in ["5", "0", "-1", "x", "", "99999999999999999999999", "%F0"] {
        check(&format!("{path}?q={number}"), no_more).await;
    }
    let nobody = app.app.keys.sign(Scope::Answer, 77, None);
    let other = app.app.keys.sign(Scope::View, app.number("SELECT id FROM outbox").await, None);
    for token in [nobody.as_str(), &other, "x", &format!("{}a", &path[8..])] {
        check(&format!("/answer/{token}?q=1"), gone).await;
    }
    app.clock.advance(days(61));
    check(&format!("{path}?q=1"), gone).await;
    let unending = app.app.keys.sign(Scope::Answer, app.number("SELECT id FROM outbox").await, None);
    let unending = format!("/answer/{unending}?q=1");
    assert_eq!(pages.get(&unending).await.status, 200);
    preferences::erase(&app.app, &ANA.parse().unwrap()).await.unwrap();
    check(&unending, gone).await;
}

#[tokio::test]
async fn numbers_mean_what_they_meant_when_the_mail_was_made() {
    let (app, pages, path) = asked().await;
    let ask = "[[ask]]\nid = \"region\"\nquestion = \"Where now?\"\nkind = \"choice\"\n\
               options = { jaw = \"Jaw\", hand = \"The hand\", neck = \"Neck\" }\n";
    app.write("calm/first.md", lesson("calm one", &format!("was = [\"one\"]\n{ask}"), "Breathe."));
    std::fs::remove_file(app.courses().join("calm/one.md")).unwrap();
    app.write("calm/course.toml", COURSE.replace("\"one\"", "\"first\""));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    let page = pages.get(&format!("{path}?q=2&o=2")).await;
    assert!(page.body.contains(">Where now?</h1>"), "{}", page.body);
    assert_eq!(checked(&page), ["hand"]);
    assert_eq!(checked(&pages.get(&format!("{path}?q=2&o=3")).await), Vec::<&str>::new(), "an option that is no more");
    assert_eq!(pages.get(&format!("{path}?q=1")).await.title(), "This question is asked no more");
    assert_eq!(pages.post(&format!("{path}?q=2"), "answer=jaw").await.status, 200);
    assert_eq!(stored(&app).await, ["first region \"jaw\""]);
    app.break_with("DELETE FROM course_version WHERE version NOT IN (SELECT version FROM course_in_force)").await;
    assert_eq!(pages.get(&format!("{path}?q=2")).await.title(), "This question is asked no more");
}

#[tokio::test]
async fn a_safety_answer_shows_the_crisis_text_first_and_rests_the_course_until_they_say_so() {
    let (app, pages, path) = asked().await;
    let page = pages.post(&format!("{path}?q=2"), "answer=worse").await;
    assert_eq!((page.status, page.title().as_str()), (200, "Please read this first"), "{}", page.body);
    let places: Vec<usize> =
        ["<p>Call 112.</p>", "is paused until you say", "Your coach is told", "/my/", "It got worse"]
            .iter()
            .map(|part| page.body.find(part).unwrap_or_else(|| panic!("{part}: {}", page.body)))
            .collect();
    assert!(places.is_sorted(), "{}", page.body);
    assert_eq!(app.state(ANA).await, "paused");
    let told = app.status().await.problems.remove(0);
    assert!(told.contains("safety answer") && told.contains("is paused"), "{told}");
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one"]);
    let again = pages.post(&format!("{path}?q=2"), "answer=worse").await;
    assert!(again.body.contains("is paused until you say"), "it still is");
    app.verify().await;
}

#[tokio::test]
async fn a_course_without_a_crisis_text_shows_where_to_turn_all_the_same() {
    let app = begun("", &[ANA]).await;
    let pages = Pages::of(&app).await;
    app.write("calm/course.toml", COURSE.replace("crisis = \"Call 112.\"\n", ""));
    assert!(app.reload().await.problems.is_empty());
    let path = questions(&app.mails_to(ANA)[0]);
    let page = pages.post(&format!("{path}?q=2"), "answer=worse").await.body;
    assert!(page.contains("please call the emergency number where you are now"), "{page}");
}

#[tokio::test]
async fn the_safety_answer_of_somebody_who_is_held_is_told_as_it_is() {
    let app = begun("times=1 nth=2 rcpt reply \"550 5.1.1 no such user\"", &[ANA]).await;
    let pages = Pages::of(&app).await;
    let path = questions(&app.mails_to(ANA)[0]);
    app.advance(days(1)).await;
    assert_eq!(app.state(ANA).await, "held");
    let page = pages.post(&format!("{path}?q=2"), "answer=worse").await.body;
    assert!(page.contains("Call 112.") && !page.contains("is paused until you say"), "{page}");
    let told = app.status().await.problems.join("\n");
    assert!(told.contains("their course is held, not paused"), "{told}");
}

#[tokio::test]
async fn an_answer_changes_what_comes_until_its_branch_is_taken() {
    let (app, pages, path) = asked().await;
    pages.post(&format!("{path}?q=2"), "answer=hand").await;
    pages.post(&format!("{path}?q=2"), "answer=neck").await;
    app.advance(days(1)).await;
    assert!(app.mails_to(ANA)[1].text.contains("Soften the neck."));
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Leave).await.unwrap();
    assert_eq!(pages.post(&format!("{path}?q=2"), "answer=hand").await.status, 200);
    assert_eq!(stored(&app).await, ["one region \"hand\""]);
}

#[tokio::test]
async fn a_question_that_was_asked_before_shows_then_and_now() {
    let (app, pages, path) = asked().await;
    let first = pages.post(&format!("{path}?q=1"), "answer=2").await.body;
    assert!(!first.contains("Then and now"), "{first}");
    app.advance(days(2)).await;
    let path = questions(&app.mails_to(ANA)[2]);
    let page = pages.post(&format!("{path}?q=1"), "answer=7").await;
    for part in [
        "<h2>Then and now</h2>",
        "<svg class=\"chart\" viewBox=\"0 0 320.0 150.0\" direction=\"ltr\" role=\"img\"",
        "<desc id=\"chart-1-told\">From 2 on Monday, 2 March to 7 on Wednesday, 4 March.</desc>",
        "<bdi lang=\"en\">calm one</bdi>",
        "<bdi lang=\"en\">calm three</bdi>",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("style=") && !page.body.contains("<script"), "{}", page.body);
}

#[tokio::test]
async fn an_issue_is_answered_by_a_tap_and_so_is_its_web_view() {
    let app = TestApp::new().await;
    let toml = "title = \"Notes\"\nkind = \"newsletter\"\nlanguage = \"en\"\nlessons = [\"march\"]\n[newsletter]\nissues = \"0 12 * * *\"\n";
    app.write("notes/course.toml", toml);
    app.write("notes/march.md", lesson("March", EASE, "News."));
    assert!(app.reload().await.problems.is_empty());
    app.enrol(ANA, "notes").await;
    app.advance(days(1)).await;
    let pages = Pages::of(&app).await;
    let mail = app.mails_to(ANA).remove(0);
    let path = questions(&mail);
    let view = mail.text.split_once("/view/").unwrap().1.split('>').next().unwrap().to_string();
    assert!(pages.get(&format!("/view/{view}")).await.body.contains(&format!("{path}?q=1&amp;o=10\"")));
    assert_eq!(pages.post(&format!("{path}?q=1"), "answer=5").await.status, 200);
    assert_eq!(stored(&app).await, ["march ease 5"]);
}

#[tokio::test]
async fn a_mail_with_questions_goes_out_again_with_the_same_links() {
    let app = TestApp::scripted("times=1 dot late-reset").await;
    super::asking(&app).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 4").await, 1, "in doubt");
    // Made anew: only what it was made of is kept.
    app.break_with("DELETE FROM body").await;
    app.advance(hours(1)).await;
    let mails = app.mails_to(ANA);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].bytes, mails[1].bytes);
    assert!(mails[0].text.contains("/answer/"));
}

//! People answer the questions of their lessons: what is stored, what is refused, and what follows.

mod by_link;
mod counted;
mod history;
mod pages;

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use dripline::course::Value;
use dripline::flow::answer;
use dripline::flow::answer::Kept;
use dripline::flow::answer::Recorded;
use dripline::flow::answer::Refusal;
use dripline::flow::answer::Wrong;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::message::Answer;
use pages::Pages;
use pages::questions;
use serde_json::json;

const ANA: &str = "ana@example.org";
const BEN: &str = "ben@example.org";

const COURSE: &str = "title = \"Calm\"\nlanguage = \"en\"\nlessons = [\"one\", \"two\", \"three\"]\ncrisis = \"Call 112.\"\n\n\
                      [schedule]\nwait = \"1 day\"\nsend = \"30 8 * * *\"\n";
const EASE: &str = "[[ask]]\nid = \"ease\"\nquestion = \"How easy was it?\"\nkind = \"scale\"\n";
const ONE: &str = "[[ask]]\nid = \"region\"\nquestion = \"Where is it?\"\nkind = \"choice\"\n\
                   options = { neck = \"Neck\", hand = \"Hand\", worse = \"It got worse\" }\nalert = [\"worse\"]\n\
                   [[ask]]\nid = \"parts\"\nquestion = \"Which parts?\"\nkind = \"choices\"\noptions = { a = \"Arms\", l = \"Legs\" }\n\
                   [[ask]]\nid = \"note\"\nquestion = \"Anything else?\"\nkind = \"text\"\n";
const TWO: &str = "{% if answers.region == \"neck\" %}Soften the neck.{% else %}Soften the rest.{% endif %}\n\n\
                   {% if answers.ease is answered %}You said {{ answers.ease }}.{% else %}You said nothing.{% endif %}";

fn lesson(subject: &str, asks: &str, text: &str) -> String {
    format!("+++\nsubject = \"{subject}\"\n{asks}+++\n\n{text}\n")
}

/// The course `calm`: its first lesson asks four things, the last asks one of them again, the second speaks of answers.
async fn asking(app: &TestApp) {
    app.write("calm/course.toml", COURSE);
    app.write("calm/one.md", lesson("calm one", &format!("{EASE}{ONE}"), "Breathe."));
    app.write("calm/two.md", lesson("calm two", "", TWO));
    app.write("calm/three.md", lesson("calm three", EASE, "Look back."));
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
}

/// In the first lesson of `calm`.
async fn begun(script: &str, people: &[&str]) -> TestApp {
    let app = TestApp::scripted(script).await;
    asking(&app).await;
    for address in people {
        app.enrol(address, "calm").await;
    }
    app.advance(hours(1)).await;
    app
}

/// Whichever course it is, but for `walk`.
async fn enrolment(app: &TestApp, address: &str) -> i64 {
    let sql = "SELECT e.id FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id WHERE e.course <> 'walk' AND s.address = ";
    app.number(&format!("{sql}'{address}'")).await
}

async fn record(app: &TestApp, address: &str, lesson: &str, question: &str, raw: &[&str]) -> Recorded {
    let raw: Vec<String> = raw.iter().map(ToString::to_string).collect();
    answer::record(&app.app, enrolment(app, address).await, lesson, question, &raw).await.unwrap()
}

async fn kept(app: &TestApp, address: &str, lesson: &str, question: &str, raw: &[&str]) -> Kept {
    match record(app, address, lesson, question, raw).await {
        Recorded::Kept(kept) => *kept,
        Recorded::Refused(refusal) => panic!("{refusal}"),
    }
}

async fn refused(app: &TestApp, address: &str, lesson: &str, question: &str, raw: &[&str]) -> Refusal {
    match record(app, address, lesson, question, raw).await {
        Recorded::Kept(kept) => panic!("{kept:?}"),
        Recorded::Refused(refusal) => refusal,
    }
}

/// Lesson, question and value of every stored answer.
async fn stored(app: &TestApp) -> Vec<String> {
    app.texts("SELECT lesson || ' ' || question || ' ' || value FROM answer ORDER BY lesson, question, value").await
}

#[tokio::test]
async fn each_kind_of_answer_is_stored_and_the_last_one_wins() {
    let app = begun("", &[ANA]).await;
    assert_eq!(kept(&app, ANA, "one", "region", &["hand"]).await.value, Value::Text("hand".to_string()));
    kept(&app, ANA, "one", "parts", &["l", "a"]).await;
    kept(&app, ANA, "one", "ease", &["7"]).await;
    kept(&app, ANA, "one", "note", &[" \"Calm\"\u{0} at last\n"]).await;
    let again = kept(&app, ANA, "one", "region", &["neck"]).await;
    assert_eq!((again.course.as_str(), again.lesson.as_str(), again.safety), ("calm", "one", None));
    let expect = ["one ease 7", "one note \"\\\"Calm\\\" at last\"", "one parts [\"a\",\"l\"]", "one region \"neck\""];
    assert_eq!(stored(&app).await, expect);
    assert_eq!(app.number("SELECT cast(max(at) as bigint) FROM answer").await, app.clock.now().reader.as_millisecond());
    kept(&app, ANA, "one", "parts", &[]).await;
    let person = app.person(ANA).await;
    assert_eq!(
        serde_json::to_value(&person.answers).unwrap(),
        json!({ "ease": 7, "note": "\"Calm\" at last", "parts": [], "region": "neck" })
    );
    app.verify().await;
}

#[tokio::test]
async fn what_is_no_answer_is_refused_with_a_sentence_and_changes_nothing() {
    let app = begun("", &[ANA]).await;
    let check = async |lesson: &str, question: &str, raw: &[&str], expect: Refusal| {
        assert_eq!(refused(&app, ANA, lesson, question, raw).await, expect, "{lesson} {question}");
    };
    let unknown = Wrong::NoSuchOption("neck, hand, worse".to_string());
    check("one", "region", &["<script>"], Refusal::Wrong(unknown)).await;
    check("one", "region", &[], Refusal::Wrong(Wrong::NotOne)).await;
    check("one", "parts", &["a", "a"], Refusal::Wrong(Wrong::Twice)).await;
    check("one", "ease", &["11"], Refusal::Wrong(Wrong::OffTheScale(0, 10))).await;
    check("one", "note", &["\n "], Refusal::Wrong(Wrong::Empty)).await;
    check("one", "note", &[&"x".repeat(2_001)], Refusal::Wrong(Wrong::TooLong)).await;
    check("one", "mood", &["x"], Refusal::NotAsked).await;
    check("three", "ease", &["5"], Refusal::NotGot).await;
    check("four", "ease", &["5"], Refusal::NotGot).await;
    let nobody = answer::record(&app.app, 7, "one", "ease", &["5".to_string()]).await.unwrap();
    assert_eq!(nobody, Recorded::Refused(Refusal::NoPlace));
    assert_eq!(stored(&app).await, Vec::<String>::new());
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    for entered in ["<script>", "11"] {
        let said = refused(&app, ANA, "one", "region", &[entered]).await.to_string();
        assert!(!said.contains(entered), "{said}");
    }
}

#[tokio::test]
async fn a_lesson_that_may_have_arrived_can_be_answered_before_its_record() {
    let app = TestApp::scripted("times=1 dot late-reset").await;
    asking(&app).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 4").await, 1, "in doubt");
    kept(&app, ANA, "one", "ease", &["5"]).await;
    let app = begun("times=9 rcpt reply \"451 4.3.0 later\"", &[ANA]).await;
    assert_eq!(refused(&app, ANA, "one", "ease", &["5"]).await, Refusal::NotGot);
}

#[tokio::test]
async fn a_renamed_lesson_keeps_one_answer_under_its_new_name() {
    let app = begun("", &[ANA]).await;
    kept(&app, ANA, "one", "ease", &["2"]).await;
    std::fs::rename(app.courses().join("calm/one.md"), app.courses().join("calm/first.md")).unwrap();
    let was = lesson("calm one", &format!("was = [\"one\"]\n{EASE}{ONE}"), "Breathe.");
    app.write("calm/first.md", was);
    app.write("calm/course.toml", COURSE.replace("\"one\"", "\"first\""));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    assert_eq!(kept(&app, ANA, "one", "ease", &["3"]).await.lesson, "first");
    assert_eq!(stored(&app).await, ["first ease 3"]);
    kept(&app, ANA, "first", "ease", &["4"]).await;
    assert_eq!(stored(&app).await, ["first ease 4"]);
}

#[tokio::test]
async fn a_safety_answer_pauses_the_course_and_tells_the_coach_without_saying_whom() {
    let app = begun("", &[ANA, BEN]).await;
    app.course("walk", &["one", "two", "three", "four"]).await;
    app.enrol(ANA, "walk").await;
    let safety = kept(&app, ANA, "one", "region", &["worse"]).await.safety.unwrap();
    assert_eq!((safety.crisis.as_deref(), safety.paused), (Some("Call 112."), true));
    let places = app.person(ANA).await.enrolments;
    let states: Vec<_> = places.iter().map(|it| (it.course.as_str(), it.state, it.paused_until)).collect();
    assert_eq!(states, [("calm", "paused", None), ("walk", "active", None)]);
    let problems = app.status().await.problems;
    let told = &problems[0];
    let number = enrolment(&app, ANA).await.to_string();
    for part in ["calm/one", number.as_str(), "`dripline answers calm`"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(problems.len() == 1 && !told.contains("ana") && !told.contains("worse"), "{told}");

    let raw = ["worse".to_string()];
    let again = answer::record(&app.app, enrolment(&app, ANA).await, "one", "region", &raw).await.unwrap();
    assert!(matches!(again, Recorded::Kept(kept) if kept.safety.is_some()));
    assert_eq!(app.status().await.problems.len(), 1, "once for each enrolment");
    kept(&app, BEN, "one", "region", &["worse"]).await;
    assert_eq!(app.status().await.problems.len(), 2);
    app.advance(days(2)).await;
    let mut subjects = app.subjects_to(ANA);
    subjects.retain(|subject| !subject.starts_with("walk"));
    assert_eq!(subjects, ["calm one"], "and no mail about it");
    assert_eq!(answer::seen(&app.app, "cal").await.unwrap(), 0);
    assert_eq!(answer::seen(&app.app, "calm").await.unwrap(), 2);
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    app.verify().await;
}

#[tokio::test]
async fn a_safety_answer_after_the_end_of_a_course_is_told_all_the_same() {
    let app = begun("", &[ANA]).await;
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Leave).await.unwrap();
    let safety = kept(&app, ANA, "one", "region", &["worse"]).await.safety.unwrap();
    assert!(!safety.paused);
    assert_eq!((app.state(ANA).await, app.status().await.problems.len()), ("left", 1));
}

#[tokio::test]
async fn a_lesson_speaks_of_what_its_reader_answered() {
    let app = begun("", &[ANA, BEN]).await;
    kept(&app, ANA, "one", "region", &["neck"]).await;
    kept(&app, ANA, "one", "ease", &["3"]).await;
    kept(&app, BEN, "one", "region", &["hand"]).await;
    app.advance(days(1)).await;
    let text = |address: &str| app.mails_to(address).remove(1).text;
    assert!(text(ANA).contains("Soften the neck.") && text(ANA).contains("You said 3."), "{}", text(ANA));
    assert!(text(BEN).contains("Soften the rest.") && text(BEN).contains("You said nothing."), "{}", text(BEN));
    app.verify().await;
}

#[tokio::test]
async fn a_message_in_doubt_goes_out_again_with_the_answers_it_was_made_of() {
    let app = begun("times=1 nth=2 dot late-reset", &[ANA]).await;
    kept(&app, ANA, "one", "region", &["neck"]).await;
    app.advance(hours(22) + minutes(40)).await;
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 4").await, 1, "in doubt");
    kept(&app, ANA, "one", "region", &["hand"]).await;
    // Made anew: only what it was made of is kept.
    app.break_with("DELETE FROM body").await;
    app.advance(hours(2)).await;
    let mails = app.mails_to(ANA);
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[1].bytes, mails[2].bytes);
    assert!(mails[2].text.contains("Soften the neck."), "{}", mails[2].text);
}

#[tokio::test]
async fn the_latest_answer_over_all_lessons_and_courses_is_what_is_known_of_a_person() {
    let app = begun("", &[ANA]).await;
    kept(&app, ANA, "one", "ease", &["3"]).await;
    app.advance(days(2)).await;
    kept(&app, ANA, "three", "ease", &["8"]).await;
    assert_eq!(stored(&app).await, ["one ease 3", "three ease 8"]);
    assert_eq!(app.person(ANA).await.answers["ease"], Answer::Number(8));
    app.clock.advance(minutes(1));
    kept(&app, ANA, "one", "ease", &["1"]).await;
    assert_eq!(app.person(ANA).await.answers["ease"], Answer::Number(1));
}

#[tokio::test]
async fn an_issue_is_answered_by_who_got_it() {
    let app = TestApp::new().await;
    let toml = "title = \"Notes\"\nkind = \"newsletter\"\nlanguage = \"en\"\nlessons = [\"march\"]\n[newsletter]\nissues = \"0 12 * * *\"\n";
    app.write("notes/course.toml", toml);
    app.write("notes/march.md", lesson("March", EASE, "News."));
    assert!(app.reload().await.problems.is_empty());
    app.enrol(ANA, "notes").await;
    assert_eq!(refused(&app, ANA, "march", "ease", &["5"]).await, Refusal::NotGot);
    app.advance(days(1)).await;
    assert_eq!(app.subjects_to(ANA), ["March"]);
    kept(&app, ANA, "march", "ease", &["5"]).await;
    app.verify().await;
}

#[tokio::test]
async fn by_hand_the_latest_lesson_that_asked_is_meant() {
    let app = begun("", &[ANA]).await;
    let by_hand = async |address: &str, course: &str, lesson: Option<&str>, question: &str| {
        let address = address.parse().unwrap();
        let raw = ["4".to_string()];
        match answer::record_by_hand(&app.app, &address, course, lesson, question, &raw).await.unwrap() {
            Recorded::Kept(kept) => Ok(kept.lesson),
            Recorded::Refused(refusal) => Err(refusal),
        }
    };
    assert_eq!(by_hand(ANA, "calm", None, "ease").await, Ok("one".to_string()));
    app.advance(days(3)).await;
    assert_eq!(by_hand(ANA, "calm", None, "ease").await, Ok("three".to_string()));
    assert_eq!(by_hand(ANA, "calm", Some("one"), "ease").await, Ok("one".to_string()));
    assert_eq!(by_hand(ANA, "calm", None, "note").await, Ok("one".to_string()));
    assert_eq!(by_hand(ANA, "calm", Some("two"), "ease").await, Err(Refusal::NotAsked));
    assert_eq!(by_hand(ANA, "calm", None, "mood").await, Err(Refusal::NotGotAny));
    assert_eq!(by_hand(ANA, "walk", None, "ease").await, Err(Refusal::NoCourse("walk".to_string())));
    assert_eq!(by_hand(BEN, "calm", None, "ease").await, Err(Refusal::NobodyThere));
    app.course("walk", &["one"]).await;
    assert_eq!(by_hand(ANA, "walk", None, "ease").await, Err(Refusal::NotEnrolled("walk".to_string())));
}

#[tokio::test]
async fn who_is_erased_leaves_no_answer() {
    let app = begun("", &[ANA, BEN]).await;
    kept(&app, ANA, "one", "note", &["a secret"]).await;
    kept(&app, BEN, "one", "ease", &["5"]).await;
    app.advance(days(1)).await;
    preferences::erase(&app.app, &ANA.parse().unwrap()).await.unwrap();
    assert_eq!(stored(&app).await, ["one ease 5"]);
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE inputs LIKE '%secret%'").await, 0);
    app.verify().await;
}

#[tokio::test]
async fn a_reader_counts_the_lessons_they_will_get_and_a_repetition_keeps_its_number() {
    let app = TestApp::new().await;
    let ask = "[[ask]]\nid = \"region\"\nquestion = \"Where?\"\nkind = \"choice\"\noptions = { neck = \"Neck\", hand = \"Hand\" }\n";
    app.write("calm/course.toml", COURSE.replace("\"two\", \"three\"", "\"neck\", \"hand\", \"two\", \"three\""));
    app.write("calm/one.md", lesson("calm one", ask, "Breathe."));
    app.write("calm/neck.md", lesson("calm neck", "when = 'answers.region == \"neck\"'\n", "Breathe."));
    app.write("calm/hand.md", lesson("calm hand", "when = 'answers.region == \"hand\"'\n", "Breathe."));
    ["two", "three"].iter().for_each(|id| app.write(&format!("calm/{id}.md"), lesson(id, "", "Breathe.")));
    assert!(app.reload().await.problems.is_empty());
    app.enrol(ANA, "calm").await;
    app.advance(hours(1)).await;
    answer::record_by_hand(&app.app, &ANA.parse().unwrap(), "calm", None, "region", &["hand".into()]).await.unwrap();
    app.advance(days(1)).await;
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Again(Some("one".to_string()))).await.unwrap();
    app.advance(days(3)).await;
    let counted: Vec<String> = app
        .mails_to(ANA)
        .iter()
        .map(|mail| String::from_utf8_lossy(&mail.bytes).into_owned())
        .map(|bytes| bytes[bytes.find(">Lesson ").unwrap() + 1..].chars().take("Lesson 1 of 3".len()).collect())
        .collect();
    // Nobody knows yet where it is: neither of the two is counted.
    assert_eq!(counted, ["Lesson 1 of 3", "Lesson 2 of 4", "Lesson 1 of 4", "Lesson 3 of 4", "Lesson 4 of 4"]);
}

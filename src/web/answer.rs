//! `/answer/{token}?q=…&o=…`: one question of a mail, with what was tapped there chosen already, and kept at the press of the
//! button. The address names question and option by number, never what they say.

use crate::course::AskKind;
use crate::course::Value;
use crate::flow::answer;
use crate::flow::answer::Kept;
use crate::flow::answer::Question;
use crate::flow::answer::Questions;
use crate::flow::answer::Recorded;
use crate::flow::answer::Refusal;
use crate::flow::answer::TEXT_LIMIT;
use crate::flow::answer::Wrong;
use crate::link::Scope;
use crate::text::AnswerPage;
use crate::text::fill;
use crate::web::Web;
use crate::web::act;
use crate::web::answered::answered;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

/// Octets of a form that are read: the longest text, each of its characters escaped, and some more.
const FORM: usize = 12 * TEXT_LIMIT + 4 * 1024;
/// The name of the form's only field.
const FIELD: &str = "answer";

pub fn routes() -> Router<Web> {
    Router::new().route("/answer/{token}", get(show).post(keep)).layer(DefaultBodyLimit::max(FORM))
}

/// What is asked for, and all that is known of it.
struct Asked<'a> {
    voice: Voice<'a>,
    /// The mail, by its outbox row.
    delivery: i64,
    questions: Questions,
    /// The question that the link names; the first where it names none.
    number: usize,
}

async fn show(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let asked = match ask(&web, &visitor, &token, &query).await? {
        Ok(asked) => asked,
        Err(gone) => return Ok(gone),
    };
    let Some(question) = asked.questions.question(asked.number) else { return no_more(&asked) };
    let tapped = value(&query, "o").and_then(|number| question.option(number.parse().ok()?));
    form(&asked, question, &chosen(question, tapped), None)
}

async fn keep(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    entered: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let asked = match ask(&web, &visitor, &token, &query).await? {
        Ok(asked) => asked,
        Err(gone) => return Ok(gone),
    };
    let Some(question) = asked.questions.question(asked.number) else { return no_more(&asked) };
    let entered = match entered {
        Ok(Form(pairs)) => pairs.into_iter().filter(|(name, _)| name == FIELD).map(|(_, value)| value).collect(),
        Err(FormRejection::BytesRejection(_)) => return wrong(&asked, question, &[], &Wrong::TooLong),
        Err(_) => Vec::new(),
    };
    let questions = &asked.questions;
    let recorded = answer::record(&web.app, questions.enrolment, &questions.lesson, &question.ask.id, &entered).await?;
    match recorded {
        Recorded::Kept(kept) => told(&web, asked, *kept).await,
        Recorded::Refused(Refusal::Wrong(why)) => wrong(&asked, question, &entered, &why),
        Recorded::Refused(
            Refusal::NobodyThere
            | Refusal::NotEnrolled(_)
            | Refusal::NoPlace
            | Refusal::NoCourse(_)
            | Refusal::NotGot
            | Refusal::NotGotAny
            | Refusal::NotAsked,
        ) => no_more(&asked),
    }
}

/// Reads the link; `Err` is the page for a link that opens nothing.
async fn ask<'a>(
    web: &'a Web,
    visitor: &Visitor,
    token: &str,
    query: &str,
) -> Result<Result<Asked<'a>, Response>, Failure> {
    let delivery = web.app.keys.verify(Scope::Answer, token, web.app.clock.now().wall);
    let found = match delivery {
        Some(delivery) => answer::questions(&web.app, delivery).await?.map(|questions| (delivery, questions)),
        None => None,
    };
    let Some((delivery, questions)) = found else {
        let voice = web.speak(visitor, None, None);
        let words = &voice.words.answer;
        return Ok(Err(voice.nothing_here(words.gone_title, &[words.gone, words.gone_next])?));
    };
    let voice = web.speak(visitor, questions.speaks.as_deref(), Some(&questions.language));
    let first = questions.all.first().map_or(1, |it| it.number);
    // A number that is none names no question.
    let number = value(query, "q").map_or(first, |number| number.parse().unwrap_or(0));
    Ok(Ok(Asked { voice, delivery, questions, number }))
}

/// The value of a number in a query.
fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// What is chosen when the page opens: what was tapped in the mail, else what was answered before. Of several options
/// those that were answered before stay chosen beside the one that was tapped.
fn chosen(question: &Question, tapped: Option<String>) -> Vec<String> {
    let before = match &question.given {
        Some(Value::Text(text)) => vec![text.clone()],
        Some(Value::Texts(ids)) => ids.clone(),
        Some(Value::Number(number)) => vec![number.to_string()],
        None => Vec::new(),
    };
    match (&question.ask.kind, tapped) {
        (_, None) => before,
        (AskKind::Choices(_), Some(tapped)) => before.into_iter().chain([tapped]).collect(),
        (AskKind::Choice(_) | AskKind::Scale { .. } | AskKind::Text, Some(tapped)) => vec![tapped],
    }
}

fn wrong(asked: &Asked<'_>, question: &Question, entered: &[String], why: &Wrong) -> Result<Response, Failure> {
    let words = &asked.voice.words.answer;
    let limit = TEXT_LIMIT.to_string();
    let sentence = match (why, &question.ask.kind) {
        (Wrong::NotOne, AskKind::Text) | (Wrong::Empty, _) => words.wrong_empty,
        (Wrong::NotOne, AskKind::Scale { .. }) | (Wrong::OffTheScale(..), _) => words.wrong_number,
        (Wrong::NotOne, AskKind::Choice(_) | AskKind::Choices(_)) => words.wrong_none,
        (Wrong::NoSuchOption(_) | Wrong::Twice, _) => words.wrong_option,
        (Wrong::TooLong, _) => words.wrong_long,
    };
    let page = form(asked, question, entered, Some(&fill(sentence, &[("limit", &limit)])))?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The page that asks. `wrong`: why what was entered couldn't be kept.
fn form(asked: &Asked<'_>, question: &Question, chosen: &[String], wrong: Option<&str>) -> Result<Response, Failure> {
    let words = &asked.voice.words.answer;
    let is_chosen = |id: &str| chosen.iter().any(|it| it == id);
    let option = |id: &str, label: &str| json!({ "id": id, "label": label, "chosen": is_chosen(id) });
    let (kind, options) = match &question.ask.kind {
        AskKind::Choice(options) => ("choice", options.iter().map(|(id, label)| option(id, label)).collect()),
        AskKind::Choices(options) => ("choices", options.iter().map(|(id, label)| option(id, label)).collect()),
        AskKind::Scale { min, max, .. } => {
            let numbers = (*min..=*max).map(|number| number.to_string());
            ("scale", numbers.map(|number| option(&number, &number)).collect())
        }
        AskKind::Text => ("text", Vec::new()),
    };
    let (hint, ends) = hints(words, &question.ask.kind);
    asked.voice.page(
        "web/answer.html",
        &json!({
            "of_course": fill(words.of_course, &[("course", &asked.questions.course_title)]),
            "language": asked.questions.language,
            "question": question.ask.question,
            "kind": kind,
            "hint": hint,
            "ends": ends,
            "options": options as Vec<serde_json::Value>,
            "text": chosen.first().filter(|_| question.ask.kind == AskKind::Text),
            "limit": TEXT_LIMIT,
            "wrong": wrong,
        }),
    )
}

/// How to answer, and what the ends of a scale are called.
fn hints(words: &AnswerPage, kind: &AskKind) -> (String, String) {
    let limit = TEXT_LIMIT.to_string();
    match kind {
        AskKind::Choice(_) => (words.choose_one.to_string(), String::new()),
        AskKind::Choices(_) => (words.choose_many.to_string(), String::new()),
        AskKind::Text => (fill(words.write, &[("limit", &limit)]), String::new()),
        AskKind::Scale { min, max, low, high } => {
            let (min, max) = (min.to_string(), max.to_string());
            let values = [("min", min.as_str()), ("low", low), ("max", &max), ("high", high)];
            let named = !low.is_empty() || !high.is_empty();
            let ends = if named { fill(words.scale_ends, &values) } else { String::new() };
            (fill(words.choose_number, &values), ends)
        }
    }
}

/// The page behind the button. What may be urgent comes first.
async fn told(web: &Web, before: Asked<'_>, kept: Kept) -> Result<Response, Failure> {
    let voice = before.voice;
    let words = &voice.words.answer;
    let questions = answer::questions(&web.app, before.delivery).await?.unwrap_or(before.questions);
    let said = |ask, value: &Value| match answer::in_words(Some(ask), value) {
        words if words.is_empty() => voice.words.answer.none.to_string(),
        words => words,
    };
    let others = questions.all.iter().filter(|it| it.number != before.number);
    let others: Vec<serde_json::Value> = others
        .map(|it| {
            let given = it.given.as_ref().map(|value| said(&it.ask, value));
            json!({ "number": it.number, "question": it.ask.question, "said": given })
        })
        .collect();
    let mut history = answer::history(&web.app, questions.subscriber).await?;
    history.retain(|it| it.course == kept.course && it.ask.id == kept.ask.id && it.given.len() > 1);
    let expires = Some(act::expires(web));
    let safety = kept.safety.as_ref().map(|safety| {
        let my_course = web.app.links().my_course(questions.subscriber, expires);
        json!({ "crisis": safety.crisis_html, "paused": safety.paused, "my_course": my_course })
    });
    voice.page(
        "web/answer_kept.html",
        &json!({
            "title": if safety.is_some() { words.crisis_title } else { words.kept_title },
            "safety": safety,
            "language": questions.language,
            "number": before.number,
            "question": kept.ask.question,
            "said": said(&kept.ask, &kept.value),
            "others": others,
            "answers": answered(voice.words, voice.language, &history),
        }),
    )
}

/// For a question that the lesson asks no more, or never asked.
fn no_more(asked: &Asked<'_>) -> Result<Response, Failure> {
    let words = &asked.voice.words.answer;
    let meant = fill(words.no_more, &[("course", &asked.questions.course_title)]);
    asked.voice.nothing_here(words.no_more_title, &[&meant, words.no_more_next])
}

/// What the templates of this page are tried with: everything that they may use.
pub fn samples() -> [(&'static str, serde_json::Value); 3] {
    let question = json!({
        "of_course": "A question of “A course”", "language": "en", "question": "How was it?", "kind": "scale",
        "hint": "Choose a number.", "ends": "0 is “low”.", "text": null, "limit": 2000, "wrong": "Choose one.",
        "options": [{ "id": "0", "label": "0", "chosen": true }],
    });
    let chart = json!({
        "width": 320, "height": 150, "left": 36, "right": 320, "line": "76,116 280,24",
        "ends": [{ "number": 0, "x": 26, "anchor": "end", "y": 116 }], "points": [{ "x": 76, "y": 116, "number": "0" }],
        "dates": [{ "x": 76, "text": "2026-03-02" }],
    });
    let answers = json!([{
        "course": "A course", "language": "en", "question": "How was it?", "chart": chart, "described": "From 0 to 10.",
        "ends": "0 is “low”.", "replies": [{ "date": "2026-03-02", "on": "Monday, 2 March", "lesson": "A lesson", "words": "0" }],
    }]);
    let kept = json!({
        "title": "Thank you", "language": "en", "number": 1, "question": "How was it?", "said": "0", "answers": answers,
        "safety": { "crisis": "<p>Call 112.</p>", "paused": true, "my_course": "https://example.org/my/a" },
        "others": [{ "number": 2, "question": "And then?", "said": "Better" }],
    });
    [("web/answer.html", question), ("web/answers.html", json!({ "answers": answers })), ("web/answer_kept.html", kept)]
}

//! `/my/{token}/{course}/join`: somebody whose address is proven already begins a further course at the press of a button.

use crate::flow::my::Mine;
use crate::flow::sign_up;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::SignedUp;
use crate::flow::sign_up::Visit;
use crate::flow::sign_up::Word;
use crate::text::fill;
use crate::web::Web;
use crate::web::form::entered_fields;
use crate::web::form::fields_of;
use crate::web::guard::Failure;
use crate::web::my::own;
use crate::web::my::path;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use std::collections::BTreeMap;

pub fn routes() -> Router<Web> {
    Router::new().route("/my/{token}/{course}/join", get(show).post(join))
}

async fn show(
    State(web): State<Web>,
    visitor: Visitor,
    Path((token, course)): Path<(String, String)>,
) -> Result<Response, Failure> {
    match own(&web, &visitor, &token).await? {
        Ok(mine) => {
            let voice = web.speak(&visitor, mine.person.language.as_deref(), None);
            form(&web, voice, &mine, &path(&web, &token), &course, BTreeMap::new()).await
        }
        Err(page) => page,
    }
}

async fn join(
    State(web): State<Web>,
    visitor: Visitor,
    Path((token, course)): Path<(String, String)>,
    Form(entered): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let mine = match own(&web, &visitor, &token).await? {
        Ok(mine) => mine,
        Err(page) => return page,
    };
    let voice = web.speak(&visitor, mine.person.language.as_deref(), None);
    let words = &voice.words.my;
    let home = path(&web, &token);
    let Some(shelved) = mine.others.iter().find(|it| it.course.id == course) else {
        return form(&web, voice, &mine, &home, &course, BTreeMap::new()).await;
    };
    let mut wrong = BTreeMap::new();
    let fields = entered_fields(&shelved.course, voice.words, &entered, &mut wrong);
    if shelved.course.consent.is_some() && !entered.contains_key("agree") {
        wrong.insert("agree".to_string(), voice.words.wrong_agree);
    }
    if !wrong.is_empty() {
        return form(&web, voice, &mine, &home, &course, wrong).await;
    }
    let page = format!("/my/{course}/join");
    let request = Request {
        address: mine.person.address.clone(),
        course,
        first_name: None,
        zone: None,
        language: None,
        fields,
        word: Word::Owner(Visit { evidence: visitor.evidence(page), language: voice.language.to_string() }),
    };
    let text = match sign_up::add(&web.app, request).await? {
        SignedUp::Enrolled | SignedUp::AlreadyEnrolled => words.join_done,
        SignedUp::Suppressed(_) => words.refused_no_mail,
        SignedUp::Asked | SignedUp::AskedBefore | SignedUp::NoSuchCourse => words.join_not,
        SignedUp::UnknownField(_) | SignedUp::MissingField(_) | SignedUp::Closed => words.join_not,
    };
    let title = if text == words.join_done { words.done_title } else { words.refused_title };
    voice.page("web/act.html", &json!({ "title": title, "text": [text], "home": home }))
}

async fn form(
    web: &Web,
    voice: Voice<'_>,
    mine: &Mine,
    home: &str,
    course: &str,
    wrong: BTreeMap<String, &'static str>,
) -> Result<Response, Failure> {
    let Some(shelved) = mine.others.iter().find(|it| it.course.id == course) else {
        let known = web.app.shelf.read().await.get(course).is_some();
        let words = &voice.words.my;
        let already = json!({ "title": words.no_change_title, "text": [words.no_change], "home": home });
        return if known { voice.page("web/act.html", &already) } else { nothing(voice) };
    };
    let edition = shelved.in_language(voice.language);
    let page = json!({
        "title": fill(voice.words.my.join_heading, &[("course", &edition.course.title)]),
        "summary": edition.course.summary,
        "language": edition.course.language,
        "consent": edition.page.consent,
        "fields": fields_of(&edition.course),
        "wrong": wrong,
        "home": home,
    });
    voice.page("web/join.html", &page)
}

fn nothing(voice: Voice<'_>) -> Result<Response, Failure> {
    let words = voice.words;
    voice.nothing_here(words.not_found_title, &[words.not_found, words.not_found_next])
}

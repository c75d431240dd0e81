//! `/my/{token}/address`: another address for the same person; and the page behind the link that is mailed there.

use crate::address::Address;
use crate::flow::address;
use crate::flow::address::Change;
use crate::subscriber::Subscriber;
use crate::text::fill;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::owner;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

pub fn routes() -> Router<Web> {
    Router::new().route("/my/{token}/address", get(show).post(ask))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let person = owner::owner(&web, &token).await?;
    let voice = owner::voice(&web, &visitor, person.as_ref());
    match person {
        Some(person) => form(voice, &person, "", ""),
        None => owner::gone(&web, voice),
    }
}

/// The same answer, and as soon, whatever is known of the new address.
async fn ask(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(values): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let person = owner::owner(&web, &token).await?;
    let voice = owner::voice(&web, &visitor, person.as_ref());
    let Some(person) = person else { return owner::gone(&web, voice) };
    let entered = values.get("email").map(String::as_str).unwrap_or_default();
    let Ok(address) = entered.parse::<Address>() else {
        let page = form(voice, &person, entered, voice.words.wrong_email)?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let app = Arc::clone(&web.app);
    tokio::spawn(async move {
        if let Err(error) = address::ask(&app, person.id, &address).await {
            tracing::error!("the link to a new address couldn't be queued: {error:#}");
        }
    });
    let (words, own) = (voice.words, &voice.words.own);
    voice.notice(own.address_sent_title, &[own.address_sent, words.asked_lost, own.address_often])
}

/// What `/confirm/` shows of a link to a new address; `None` when it isn't one.
pub async fn look_at(web: &Web, visitor: &Visitor, token: &str) -> Result<Option<Response>, Failure> {
    Ok(match address::look_at(&web.app, token).await? {
        Change::Asks(language) => {
            Some(web.speak(visitor, language.as_deref(), None).page("web/new-address.html", &json!({}))?)
        }
        over => passed(web.speak(visitor, None, None), &over)?,
    })
}

/// The press of its button.
pub async fn confirm(web: &Web, visitor: &Visitor, token: &str) -> Result<Option<Response>, Failure> {
    Ok(match address::confirm(&web.app, token).await? {
        Change::Asks(language) => {
            let voice = web.speak(visitor, language.as_deref(), None);
            let own = &voice.words.own;
            Some(voice.notice(own.changed_title, &[own.changed, own.changed_told, voice.words.close])?)
        }
        over => passed(web.speak(visitor, None, None), &over)?,
    })
}

fn passed(voice: Voice<'_>, change: &Change) -> Result<Option<Response>, Failure> {
    let (words, own) = (voice.words, &voice.words.own);
    match change {
        Change::Used => voice.notice(own.changed_title, &[own.changed_before]).map(Some),
        Change::Gone => voice.notice(words.gone_title, &[own.new_gone, own.new_gone_next]).map(Some),
        Change::Unknown | Change::Asks(_) => Ok(None),
    }
}

fn form(voice: Voice<'_>, person: &Subscriber, entered: &str, wrong: &str) -> Result<Response, Failure> {
    let now = fill(voice.words.own.address_now, &[("address", &person.address.masked())]);
    voice.page("web/address.html", &json!({ "now": now, "entered": entered, "wrong": wrong }))
}

//! Whose page a token opens, and what is shown when it opens none. Knows no page.

use crate::flow::personal;
use crate::link::Scope;
use crate::subscriber::Subscriber;
use crate::text::fill;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::response::Response;

/// `None`: the token isn't ours, has expired, or its person was erased.
pub async fn owner(web: &Web, token: &str) -> Result<Option<Subscriber>, Failure> {
    match web.app.keys.verify(Scope::My, token, web.app.clock.now().wall) {
        Some(id) => Ok(personal::person(&web.app, id).await?),
        None => Ok(None),
    }
}

/// Pages in the language of a person.
pub fn voice<'a>(web: &'a Web, visitor: &Visitor, person: Option<&Subscriber>) -> Voice<'a> {
    web.speak(visitor, person.and_then(|person| person.language.as_deref()), None)
}

pub fn gone(web: &Web, voice: Voice<'_>) -> Result<Response, Failure> {
    let own = &voice.words.own;
    let url = format!("{}/my", web.app.settings.site.url);
    voice.nothing_here(own.gone_title, &[own.gone, &fill(own.gone_next, &[("url", &url)])])
}

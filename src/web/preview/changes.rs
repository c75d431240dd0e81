//! `/changes`: tells an open page that its files have changed (server-sent events). What changed the page asks for itself.

use crate::flow::preview::Told;
use crate::web::preview::Preview;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use axum::routing::get;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;
use std::convert::Infallible;
use tokio::sync::broadcast::error::RecvError;

pub fn routes() -> Router<Preview> {
    Router::new().route("/changes", get(tell))
}

/// Begins with the number of what is in force: a page that shows another one looks again, as after a lost connection.
async fn tell(State(preview): State<Preview>) -> Response {
    let told = preview.desk.listen();
    let first = Event::default().event("at").data(preview.state().number.to_string());
    let events = stream::unfold((told, preview.clone()), |(mut told, preview)| async move {
        let event = match told.recv().await {
            Ok(Told::Changed { number, course }) => changed(number, course.as_deref()),
            Ok(Told::Found { course }) => Event::default().event("found").data(json!({ "course": course }).to_string()),
            Err(RecvError::Lagged(_)) => changed(preview.state().number, None),
            Err(RecvError::Closed) => return None,
        };
        Some((event, (told, preview)))
    });
    let all = stream::once(async { first }).chain(events).map(Ok::<Event, Infallible>);
    let until = all.take_until(preview.stop.clone().cancelled_owned());
    Sse::new(until).keep_alive(KeepAlive::default()).into_response()
}

fn changed(number: u64, course: Option<&str>) -> Event {
    Event::default().event("changed").data(json!({ "number": number.to_string(), "course": course }).to_string())
}

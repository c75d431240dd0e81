//! `/mail/{look}/{course}/{lesson}`: the document of a frame in which a mail stands; `/image/{hash}`: an image that it shows.

use crate::address::Address;
use crate::flow::preview::Mail;
use crate::flow::preview::Person;
use crate::flow::preview::RENDER_TIME;
use crate::flow::preview::Trouble;
use crate::flow::preview::make;
use crate::flow::view;
use crate::message::image_hash;
use crate::site::Images;
use crate::web::image::answer;
use crate::web::preview::Preview;
use crate::web::preview::chosen::Chosen;
use crate::web::preview::shown;
use crate::web::preview::shown::Look;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A mail runs nothing and sends nothing; its links open beside the preview. The page around it may measure it, which is all
/// that `allow-same-origin` gives where no script runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; form-action 'none'; frame-ancestors 'self'; \
     base-uri 'none'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
/// As above, and no image shows.
const BARE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; \
     base-uri 'none'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

pub fn routes() -> Router<Preview> {
    Router::new().route("/mail/{look}/{course}/{lesson}", get(show)).route("/image/{hash}", get(picture))
}

async fn show(
    State(preview): State<Preview>,
    Path((look, course, lesson)): Path<(String, String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let state = preview.state();
    let Some(look) = Look::from_word(&look) else { return StatusCode::NOT_FOUND.into_response() };
    let Some(whole) = state.books.get(&course).and_then(|book| book.course.as_deref()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let chosen = Chosen::read(&query);
    let (person, _) = chosen.person(whole, whole.lessons.get(&lesson));
    let policy = if look == Look::NoImages { BARE_POLICY } else { POLICY };
    match preview.mail(&course, &lesson, person, None).await {
        Ok(mail) => {
            let html = shown::document(&mail, look, &state.ground.settings.site.url);
            ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
        }
        Err(_) => {
            let sentence = "There is no mail to show; the page around this says why.\n";
            ([(header::CONTENT_SECURITY_POLICY, policy)], (StatusCode::NOT_FOUND, sentence)).into_response()
        }
    }
}

impl Preview {
    /// Makes a mail off the runtime and within its time; a template that goes on longer is left to itself.
    pub async fn mail(&self, course: &str, lesson: &str, person: Person, to: Option<Address>) -> Result<Mail, Trouble> {
        let (desk, state) = (Arc::clone(&self.desk), self.state());
        let book = state.books.get(course).cloned().ok_or(Trouble::Nothing)?;
        if let Some(problem) = book.stuck(lesson, &person.language) {
            return Err(Trouble::Problems(vec![problem]));
        }
        if state.ground.settings.site.images == Images::Embed {
            book.prepare_pictures().await;
        }
        let to = to.or_else(|| "reader@example.org".parse().ok()).ok_or(Trouble::Nothing)?;
        let (name, of) = (lesson.to_string(), Arc::clone(&book));
        let language = person.language.clone();
        let making = tokio::task::spawn_blocking(move || make(&desk, &state, &of, &name, &person, &to));
        match tokio::time::timeout(RENDER_TIME, making).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) => Err(Trouble::Sentence("Making this mail broke the renderer.".to_string())),
            Err(_) => Err(Trouble::Problems(book.is_stuck(lesson, &language).into_iter().collect())),
        }
    }
}

/// An image of any course, or the logo, as readers get it.
pub async fn picture(State(preview): State<Preview>, Path(hash): Path<String>) -> Response {
    let state = preview.state();
    // Preparing takes long, the first time.
    let finding = tokio::task::spawn_blocking(move || {
        let logo = state.templates.theme().logo.as_ref().filter(|logo| logo.hash == hash);
        let courses = || state.books.values().filter_map(|book| book.course.as_deref());
        let translated = courses().flat_map(|course| course.translations.values().map(|it| &it.course));
        let mut files = courses().chain(translated).flat_map(|course| &course.files);
        match logo {
            Some(logo) => view::as_shown(&logo.file, &logo.bytes),
            None => files.find(|(_, bytes)| image_hash(bytes) == hash).and_then(|(path, it)| view::as_shown(path, it)),
        }
    });
    let found = finding.await.ok().flatten();
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |(kind, bytes)| answer(kind, bytes))
}

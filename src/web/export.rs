//! `/my/{token}/export`: everything that is stored of a person, as a file for them.

use crate::flow::personal;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::owner;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;

pub fn routes() -> Router<Web> {
    Router::new().route("/my/{token}/export", get(download))
}

async fn download(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let Some(person) = owner::owner(&web, &token).await? else {
        return owner::gone(&web, owner::voice(&web, &visitor, None));
    };
    let everything = personal::export(&web.app, &person.address).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, serde_json::to_string_pretty(&everything)?).into_response())
}

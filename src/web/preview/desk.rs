//! The frame of the coach's pages: their templates, their style and their script. Knows no course.

use crate::web::preview::Preview;
use anyhow::Context as _;
use anyhow::Result;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;
use tera::Context;
use tera::Tera;

#[derive(rust_embed::Embed)]
#[folder = "templates/preview/"]
#[prefix = "preview/"]
struct BuiltIn;

/// The templates, parsed.
pub struct Pages(Tera);

impl Pages {
    pub fn load() -> Result<Pages> {
        let html = BuiltIn::iter().filter(|path| path.ends_with(".html"));
        let texts = html.filter_map(|path| {
            let text = String::from_utf8(BuiltIn::get(&path)?.data.into_owned()).ok()?;
            Some((path.to_string(), text))
        });
        let mut tera = Tera::new();
        tera.autoescape_on([".html"]);
        tera.add_raw_templates(texts.collect::<Vec<_>>()).context("a page of the preview isn't Tera")?;
        Ok(Pages(tera))
    }
}

pub fn routes() -> Router<Preview> {
    Router::new().route("/assets/{name}", get(asset))
}

impl Preview {
    /// A page about a course, or about the whole site.
    pub fn page(&self, template: &str, course: Option<&str>, values: &Value) -> Response {
        let state = self.state();
        let mut context = Context::new();
        context.insert("page", values);
        let problems = state.problems.len();
        let site = &state.ground.settings.site.name;
        context
            .insert("desk", &json!({ "site": site, "number": state.number, "course": course, "problems": problems }));
        match self.pages.0.render(&format!("preview/{template}"), &context) {
            Ok(html) => Html(html).into_response(),
            Err(error) => {
                tracing::error!("a page of the preview can't be made: {:#}", anyhow::Error::from(error));
                (StatusCode::INTERNAL_SERVER_ERROR, "This page can't be made; please report this.\n").into_response()
            }
        }
    }

    /// In the place of what isn't there, or isn't there any more.
    pub fn gone(&self, course: Option<&str>, sentence: &str) -> Response {
        (StatusCode::NOT_FOUND, self.page("gone.html", course, &json!({ "sentence": sentence }))).into_response()
    }
}

pub async fn nothing_here(State(preview): State<Preview>) -> Response {
    preview.gone(None, "There is no page here.")
}

async fn asset(Path(name): Path<String>) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some(_) | None => return StatusCode::NOT_FOUND.into_response(),
    };
    match BuiltIn::get(&format!("preview/{name}")) {
        Some(file) => ([(header::CONTENT_TYPE, kind)], file.data.into_owned()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

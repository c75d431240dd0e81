//! Pages as HTML: their templates, the words and the site's frame around them, and their style. Knows no verb.

use crate::message::Palette;
use crate::message::READABLE;
use crate::message::Theme;
use crate::site::Site;
use crate::text;
use crate::text::Words;
use crate::text::direction;
use crate::web::Web;
use crate::web::guard::Failure;
use anyhow::Context as _;
use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::BTreeMap;
use tera::Context;
use tera::Tera;

const STYLE: &str = "web/style.css";

#[derive(rust_embed::Embed)]
#[folder = "templates/web/"]
#[prefix = "web/"]
struct BuiltIn;

/// Every page's template, parsed.
pub struct Pages {
    tera: Tera,
    style: Vec<u8>,
}

/// Pages in one language.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    pages: &'a Pages,
    /// BCP 47.
    pub language: &'static str,
    pub words: &'static text::Page,
}

/// A page that only tells something: the heading, and what to know and do.
#[derive(Debug, Serialize)]
pub struct Notice<'a> {
    pub title: &'a str,
    pub paragraphs: &'a [&'a str],
}

pub fn routes() -> Router<Web> {
    Router::new().route("/assets/style.css", get(style))
}

impl Pages {
    /// Parses the built-in templates and those that take their place.
    pub fn load(site: &Site, overrides: &BTreeMap<String, Vec<u8>>) -> Result<Pages> {
        let mut files: BTreeMap<String, Vec<u8>> = BuiltIn::iter()
            .filter_map(|path| Some((path.to_string(), BuiltIn::get(&path)?.data.into_owned())))
            .collect();
        let own = overrides.iter().filter(|(path, _)| path.starts_with("web/"));
        files.extend(own.map(|(path, bytes)| (path.clone(), bytes.clone())));
        let mut style = files.remove(STYLE).unwrap_or_default();
        style.extend(colours(&Theme::of(overrides)).into_bytes());
        let mut texts = Vec::new();
        for (path, bytes) in files.into_iter().filter(|(path, _)| path.ends_with(".html")) {
            let text =
                String::from_utf8(bytes).with_context(|| format!("templates/{path} isn't UTF-8; save it as UTF-8"))?;
            texts.push((path, text));
        }
        let mut tera = Tera::new();
        tera.autoescape_on([".html"]);
        tera.add_raw_templates(texts)
            .context("a page's template isn't Tera; correct it, or remove it: the built-in one takes its place")?;
        *tera.global_context() = frame(site, &style);
        Ok(Pages { tera, style })
    }

    /// The style sheet of all of them.
    pub fn style(&self) -> &[u8] {
        &self.style
    }

    /// The paths of all built-in files.
    pub fn built_in() -> impl Iterator<Item = String> {
        BuiltIn::iter().map(|path| path.to_string())
    }

    pub fn voice(&self, words: &'static Words) -> Voice<'_> {
        Voice { pages: self, language: words.language, words: &words.page }
    }
}

impl Voice<'_> {
    /// The page of a template with its own values, which it sees under `page`.
    pub fn page(&self, template: &str, values: &impl Serialize) -> Result<Response, Failure> {
        Ok(Html(self.html(template, values)?).into_response())
    }

    /// Whether a template can be shown with these values.
    pub fn try_out(&self, template: &str, values: &impl Serialize) -> Result<()> {
        self.html(template, values).map(drop)
    }

    fn html(&self, template: &str, values: &impl Serialize) -> Result<String> {
        let mut context = Context::new();
        context.insert("page", values);
        context.insert("words", self.words);
        context.insert("language", self.language);
        context.insert("direction", direction(self.language));
        Ok(self.pages.tera.render(template, &context)?)
    }

    pub fn notice(&self, title: &str, paragraphs: &[&str]) -> Result<Response, Failure> {
        self.page("web/notice.html", &Notice { title, paragraphs })
    }

    /// As [`Voice::page`], for a link that leads nowhere any more.
    pub fn gone(&self, template: &str, values: &impl Serialize) -> Result<Response, Failure> {
        Ok((StatusCode::NOT_FOUND, self.page(template, values)?).into_response())
    }

    /// As [`Voice::notice`], for an address behind which there is nothing.
    pub fn nothing_here(&self, title: &str, paragraphs: &[&str]) -> Result<Response, Failure> {
        Ok((StatusCode::NOT_FOUND, self.notice(title, paragraphs)?).into_response())
    }
}

/// The theme as custom properties, behind the style sheet's own; nothing where the coach left our colours alone.
fn colours(theme: &Theme) -> String {
    let properties = |palette: &Palette| {
        // A button stands on the card here, and its colour is that of words, too.
        let fits = palette.button.contrast(palette.card) >= READABLE;
        let (act, on_act) = if fits { (palette.button, palette.button_text) } else { (palette.link, palette.card) };
        let (ground, sheet, ink) = (palette.background, palette.card, palette.text);
        let (quiet, line) = (palette.muted, palette.line);
        format!(
            ":root {{ --ground: {ground}; --sheet: {sheet}; --ink: {ink}; --quiet: {quiet}; --line: {line}; \
             --act: {act}; --act-deep: {act}; --on-act: {on_act}; }}"
        )
    };
    let mut css = String::new();
    if theme.light != Palette::LIGHT {
        css.push_str(&format!("@media not all and (prefers-color-scheme: dark) {{ {} }}\n", properties(&theme.light)));
    }
    if theme.dark != Palette::DARK {
        css.push_str(&format!("@media (prefers-color-scheme: dark) {{ {} }}\n", properties(&theme.dark)));
    }
    css
}

/// What every page sees besides its own values.
fn frame(site: &Site, style: &[u8]) -> Context {
    let version: String = Sha256::digest(style).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let mut context = Context::new();
    context.insert("style", &version);
    let root = root(&site.url);
    let site = json!({ "name": site.name, "url": site.url, "postal_address": site.postal_address, "root": root });
    context.insert("site", &site);
    context
}

/// The path below which a proxy shows our pages, without a slash at its end: that of the site's URL.
pub fn root(url: &str) -> &str {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    behind_scheme.find('/').map_or("", |at| behind_scheme[at..].trim_end_matches('/'))
}

async fn style(State(web): State<Web>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, web.pages.style().to_vec()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_take_the_colours_of_the_theme_and_only_those_that_can_be_read() {
        let check = |theme: &str, expect: &str| {
            let files = BTreeMap::from([("theme.toml".to_string(), theme.as_bytes().to_vec())]);
            let css = colours(&Theme::of(&files));
            assert!(if expect.is_empty() { css.is_empty() } else { css.contains(expect) }, "{theme}: {css}");
        };
        check("", "");
        check(
            "[light]\ncard = \"#fffdf8\"\n",
            "@media not all and (prefers-color-scheme: dark) { :root { --ground: #f6f4f0; --sheet: #fffdf8;",
        );
        check("[light]\nbutton = \"#005a9c\"\n", "--act: #005a9c; --act-deep: #005a9c; --on-act: #ffffff;");
        check("[dark]\nbutton = \"#405050\"\n", "@media (prefers-color-scheme: dark) { :root {");
        check("[dark]\nbutton = \"#405050\"\n", "--act: #8cc9c2; --act-deep: #8cc9c2; --on-act: #202526;");
    }

    #[test]
    fn pages_stand_below_the_path_of_the_sites_url() {
        let check = |url: &str, expect: &str| assert_eq!(root(url), expect, "{url}");
        check("https://learn.example.org", "");
        check("https://learn.example.org/", "");
        check("https://example.org/learn", "/learn");
        check("http://127.0.0.1:8080/a/b/", "/a/b");
    }
}

//! `/leave/{token}`: ends a course, or everything, at the press of a button; also for mail programs that press it for
//! their reader (RFC 8058): at once, without cookie or redirect, whatever the body, and as often as they like.

use crate::flow::preferences;
use crate::link::Scope;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

pub fn routes() -> Router<Web> {
    Router::new().route("/leave/{token}", get(show).post(leave))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let voice = web.speak(&visitor, None, None);
    match enrolment(&web, &token) {
        Some(_) => voice.page("web/leave.html", &json!({})),
        None => invalid(voice),
    }
}

/// A body that can't be read counts as none: who holds the link may leave.
async fn leave(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let voice = web.speak(&visitor, None, None);
    let Some(enrolment) = enrolment(&web, &token) else { return invalid(voice) };
    let all = wants_all(&body.unwrap_or_default());
    preferences::leave_by_link(&web.app, enrolment, all).await?;
    let words = voice.words;
    let done = if all { words.left_all } else { words.left_course };
    voice.notice(words.left_title, &[done, words.left_under_way, words.left_back])
}

fn enrolment(web: &Web, token: &str) -> Option<i64> {
    web.app.keys.verify(Scope::Leave, token, web.app.clock.now().wall)
}

fn invalid(voice: Voice<'_>) -> Result<Response, Failure> {
    let words = voice.words;
    voice.nothing_here(words.leave_invalid_title, &[words.leave_invalid, words.leave_invalid_next])
}

/// Whether a form holds `all=1`. Both encodings are told apart by what is there: a `Content-Type` may be lost or wrong.
fn wants_all(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.trim().split('&').any(|pair| pair == "all=1")
        || parts(&text).any(|(name, value)| name == "all" && value == "1")
}

/// Names and values of multipart/form-data (RFC 7578), as far as they are text: the lines behind a part's headers, up
/// to the next boundary.
fn parts(text: &str) -> impl Iterator<Item = (String, String)> {
    let mut lines = text.lines().map(str::trim_end).peekable();
    std::iter::from_fn(move || {
        loop {
            let Some(name) = field_name(lines.next()?) else { continue };
            while lines.next_if(|line| !line.is_empty() && !line.starts_with("--")).is_some() {}
            lines.next_if(|line| line.is_empty());
            let mut value = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("--")) {
                value.push(line);
            }
            return Some((name, value.join("\n").trim().to_string()));
        }
    })
}

fn field_name(line: &str) -> Option<String> {
    let (header, value) = line.split_once(':')?;
    let parameters = value.split(';').map(str::trim);
    let name = parameters.filter_map(|it| it.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case("name"));
    let name = name.filter(|_| header.trim().eq_ignore_ascii_case("content-disposition"));
    name.map(|(_, quoted)| quoted.trim().trim_matches('"').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_form_that_says_so_leaves_everything() {
        let check = |body: &str, expect: bool| assert_eq!(wants_all(body.as_bytes()), expect, "{body:?}");
        check("", false);
        check("List-Unsubscribe=One-Click", false);
        check("all=1", true);
        check("all=1\r\n", true);
        check("List-Unsubscribe=One-Click&all=1", true);
        check("all=", false);
        check("all=0", false);
        check("small=1", false);
        let one_click =
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
        check(one_click, false);
        check("--x\r\nContent-Disposition: form-data; name=\"all\"\r\n\r\n1\r\n--x--\r\n", true);
        check("--x\ncontent-disposition: form-data; Name=all\nContent-Type: text/plain\n\n1\n--x--", true);
        check("--x\r\nContent-Disposition: form-data; name=\"all\"\r\n\r\n0\r\n--x--\r\n", false);
        check("--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nall=1\r\n--x--\r\n", false);
        check("--x\r\nContent-Disposition: form-data; name=\"all\"", false);
        check("\u{0}\u{1}=&&;:\r\n\r\n--", false);
    }

    #[test]
    fn bytes_that_are_no_text_leave_one_course() {
        assert!(!wants_all(&[0xff, 0xfe, b'a', b'l', b'l', 0xc3]));
    }
}

//! `/leave/{token}`: ends a course, or everything, at the press of a button; also for mail programs that press it for
//! their reader (RFC 8058): at once, without cookie or redirect, whatever the body, and as often as they like. Who has left
//! may say why, and for a day take it back. A link of the mail that asks ends more: whoever presses there is never written
//! to again.

use crate::flow::farewell;
use crate::flow::farewell::Gone;
use crate::flow::farewell::Leaver;
use crate::flow::never;
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
use percent_encoding::percent_decode_str;
use serde_json::json;

pub fn routes() -> Router<Web> {
    Router::new().route("/leave/{token}", get(show).post(leave))
}

/// What a link ends.
enum Ends {
    /// The course of an enrolment.
    Course(i64),
    /// All mail to a person's address.
    AllMail(i64),
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let enrolment = match ends(&web, &token) {
        Some(Ends::Course(enrolment)) => enrolment,
        Some(Ends::AllMail(_)) => return speak(&web, &visitor, None).page("web/never.html", &json!({})),
        None => return invalid(speak(&web, &visitor, None)),
    };
    let leaver = farewell::look_at(&web.app, enrolment).await?;
    let (title, language) = titled(leaver.as_ref());
    let page = json!({ "course": title, "course_language": language });
    speak(&web, &visitor, leaver.as_ref()).page("web/leave.html", &page)
}

/// A body that can't be read counts as none: who holds the link may leave.
async fn leave(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let enrolment = match ends(&web, &token) {
        Some(Ends::Course(enrolment)) => enrolment,
        Some(Ends::AllMail(subscriber)) => {
            never::never_write(&web.app, subscriber).await?;
            let voice = speak(&web, &visitor, None);
            let words = &voice.words.door;
            return voice.notice(words.never_done_title, &[words.never_done, words.never_back]);
        }
        None => return invalid(speak(&web, &visitor, None)),
    };
    let body = body.unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    let all = value(&body, "all").as_deref() == Some("1");
    let gone = farewell::leave(&web.app, enrolment, all, value(&body, "reason").as_deref()).await?;
    let voice = speak(&web, &visitor, gone.as_ref().map(|gone| &gone.leaver));
    left(&web, voice, gone.as_ref(), all)
}

fn left(web: &Web, voice: Voice<'_>, gone: Option<&Gone>, all: bool) -> Result<Response, Failure> {
    let words = voice.words;
    let heard = gone.is_some_and(|gone| gone.heard);
    let done = if all { words.left_all } else { words.left_course };
    let last = if heard { words.own.left_thanks } else { words.left_back };
    let undo = gone.and_then(|gone| gone.undo).map(|(act, until)| web.app.links().undo(act, Some(until)));
    let (title, language) = titled(gone.map(|gone| &gone.leaver));
    let open = gone.filter(|gone| gone.leaver.title.is_some()).map(|gone| gone.leaver.course.as_str());
    let page = json!({
        "course": title,
        "course_language": language,
        "paragraphs": [done, words.left_under_way, last],
        "undo": undo.unwrap_or_default(),
        "asks": gone.is_some() && !heard,
        "again": open.unwrap_or_default(),
    });
    voice.page("web/left.html", &page)
}

fn speak<'a>(web: &'a Web, visitor: &Visitor, leaver: Option<&Leaver>) -> Voice<'a> {
    let own = leaver.and_then(|leaver| leaver.person.language.as_deref());
    web.speak(visitor, own, leaver.and_then(|leaver| leaver.title.as_ref()).map(|(_, language)| language.as_str()))
}

/// The course's title and its language; empty where there is none.
fn titled(leaver: Option<&Leaver>) -> (&str, &str) {
    let title = leaver.and_then(|leaver| leaver.title.as_ref());
    title.map_or(("", ""), |(title, language)| (title, language))
}

fn ends(web: &Web, token: &str) -> Option<Ends> {
    let subject = |scope| web.app.keys.verify(scope, token, web.app.clock.now().wall);
    subject(Scope::Leave).map(Ends::Course).or_else(|| subject(Scope::Never).map(Ends::AllMail))
}

fn invalid(voice: Voice<'_>) -> Result<Response, Failure> {
    let words = voice.words;
    voice.nothing_here(words.leave_invalid_title, &[words.leave_invalid, words.leave_invalid_next])
}

/// What a form holds under a name. Both encodings are told apart by what is there: a `Content-Type` may be lost or wrong.
fn value(body: &str, name: &str) -> Option<String> {
    let pairs = body.trim().split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| decoded(value));
    found.or_else(|| parts(body).find(|(known, _)| known == name).map(|(_, value)| value))
}

fn decoded(value: &str) -> String {
    percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
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
        let check = |body: &str, expect: bool| {
            assert_eq!(value(body, "all").as_deref() == Some("1"), expect, "{body:?}");
        };
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
    fn a_reason_is_read_in_both_encodings() {
        let check = |body: &str, expect: Option<&str>| assert_eq!(value(body, "reason").as_deref(), expect, "{body:?}");
        check("", None);
        check("all=1", None);
        check("reason=", Some(""));
        check("reason=too+much%2C+for+now%0D%0AThank+you&all=1", Some("too much, for now\r\nThank you"));
        check("a=b&reason=%D7%A9%D7%9C%D7%95%D7%9D", Some("שלום"));
        check(
            "--x\r\nContent-Disposition: form-data; name=\"reason\"\r\n\r\none\r\ntwo\r\n--x--\r\n",
            Some("one\ntwo"),
        );
    }
}

//! `/act/{token}`: one action from a mail. Its page says what will happen and what then comes next; the press of its button
//! does it, and for a day it can be taken back.

use crate::flow::my;
use crate::flow::preferences;
use crate::flow::preferences::Acted;
use crate::flow::preferences::Outlook;
use crate::flow::preferences::Which;
use crate::link::Action;
use crate::link::Scope;
use crate::link::Token;
use crate::text::fill;
use crate::web::Web;
use crate::web::doing::Ask;
use crate::web::doing::Doing;
use crate::web::doing::Moment;
use crate::web::doing::moments;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// A link to a page of one's own that stands on a page works as long as one that stands in a mail.
pub const LINKS_ACT: SignedDuration = SignedDuration::from_hours(60 * 24);

pub fn routes() -> Router<Web> {
    Router::new().route("/act/{token}", get(show).post(press))
}

/// What the token of an action leads to.
enum Meant {
    Do(Box<Doing>),
    /// Take back an act of this person.
    Undo {
        act: i64,
        what: String,
        person: Box<crate::subscriber::Subscriber>,
    },
    /// The act can't be taken back any more.
    UndoGone,
    /// It expired.
    Old,
    /// No token of ours, or of somebody who is no more.
    Nothing,
}

/// One thing that may be chosen, with what would then come.
#[derive(Debug, Serialize)]
struct Choice {
    key: String,
    label: String,
    /// Beside the label: from when it goes on.
    note: String,
    dates: Vec<Moment>,
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let meant = meant(&web, &token).await?;
    let voice = web.speak(&visitor, meant.language(), None);
    let words = &voice.words.my;
    match meant {
        Meant::Do(doing) => page_of(&web, voice, &doing).await,
        Meant::Undo { what, .. } => {
            let text = fill(words.undo_about, &[("what", what_words(voice, &what))]);
            let page = json!({ "title": words.undo_title, "text": [text], "button": words.undo });
            voice.page("web/act.html", &page)
        }
        Meant::UndoGone | Meant::Old | Meant::Nothing => refuse(voice, &meant),
    }
}

async fn press(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let meant = meant(&web, &token).await?;
    let voice = web.speak(&visitor, meant.language(), None);
    match meant {
        Meant::Do(doing) => done_page(&web, voice, &doing, form.get("choice").map(String::as_str)).await,
        Meant::Undo { act, person, .. } => {
            let (acted, _) = preferences::undo(&web.app, &person.address, &Which::All, Some(act)).await?;
            let words = &voice.words.my;
            match acted {
                Acted::On(done) => {
                    let outlook = preferences::outlook(&web.app, &person.address, &Which::All, my::AHEAD).await?;
                    let told = outlook.into_iter().filter(|it| done.courses.contains(&it.enrolment.course));
                    let dates = dates_of(&web, voice, told.collect()).await;
                    let page = json!({
                        "title": words.undone_title, "text": [words.undone], "dates": dates,
                        "dates_title": words.dates,
                    });
                    voice.page("web/act.html", &page)
                }
                Acted::Nothing | Acted::NobodyThere => refuse(voice, &Meant::UndoGone),
                Acted::Refused(_) => refuse(voice, &Meant::UndoGone),
            }
        }
        Meant::UndoGone | Meant::Old | Meant::Nothing => refuse(voice, &meant),
    }
}

/// The page of an action: what it will do, for each thing that may be chosen.
pub async fn page_of(web: &Web, voice: Voice<'_>, doing: &Doing) -> Result<Response, Failure> {
    let words = &voice.words.my;
    let said = doing.words(voice);
    let which = Which::Course(doing.course.course.id.clone());
    let (mut choices, mut refused, mut changes) = (Vec::new(), None, false);
    for (key, act) in doing.choices(web.app.clock.now().reader) {
        let foreseen = preferences::foresee(&web.app, &doing.person.address, &which, &act, my::AHEAD).await?;
        changes |= foreseen.changes;
        if foreseen.refused.is_some() {
            refused = foreseen.refused;
            continue;
        }
        let newest = foreseen.outlook.into_iter().filter(|it| it.enrolment.id == doing.enrolment.id);
        let dates = dates_of(web, voice, newest.collect()).await;
        choices.push(Choice { label: doing.label(voice, &key), note: doing.note(voice, &act), key, dates });
    }
    if let Some(refused) = refused.filter(|_| choices.is_empty()) {
        return doing.refuse(voice, &refused);
    }
    if !changes && doing.ask != Ask::StartAgain {
        let none = doing.nothing_to_choose(voice).unwrap_or(words.no_change);
        return doing.notice(voice, words.no_change_title, none);
    }
    let single = choices.len() == 1;
    let dates = choices.first().filter(|_| single).map(|it| json!(it.dates)).unwrap_or_default();
    let page = json!({
        "title": said.title, "text": said.text, "button": said.button, "choose": said.choose,
        "choices": if single { Vec::new() } else { choices },
        "dates": dates, "dates_title": words.dates_then, "no_dates": single.then_some(words.dates_none),
        "home": doing.home, "checked": doing.preselected(),
    });
    voice.page("web/act.html", &page)
}

/// Does it, and says what came of it.
pub async fn done_page(web: &Web, voice: Voice<'_>, doing: &Doing, choice: Option<&str>) -> Result<Response, Failure> {
    let words = &voice.words.my;
    let app = &web.app;
    let course = &doing.course.course.id;
    let which = Which::Course(course.clone());
    let address = &doing.person.address;
    let acted = if let Ask::StartAgain = doing.ask {
        preferences::start_again(app, address, course).await?
    } else {
        let mut choices = doing.choices(app.clock.now().reader);
        let wished = choices.iter().position(|(key, _)| Some(key.as_str()) == choice);
        // What wasn't offered can't be chosen; a page with one button has nothing to choose.
        let Some(at) = wished.or((choices.len() == 1).then_some(0)) else { return page_of(web, voice, doing).await };
        preferences::act(app, address, &which, &choices.swap_remove(at).1).await?
    };
    match acted {
        Acted::On(done) => {
            let outlook = preferences::outlook(app, address, &which, my::AHEAD).await?;
            let newest = outlook.into_iter().max_by_key(|it| it.enrolment.run);
            let dates = dates_of(web, voice, newest.into_iter().collect()).await;
            let until = doing.rest_until(voice, app.clock.now().reader, choice);
            let text = [until.unwrap_or_else(|| doing.words(voice).done.to_string())];
            let expires = expires(web);
            let page = json!({
                "title": words.done_title, "text": text, "dates": dates, "dates_title": words.dates,
                "undo": app.links().undo(done.act, Some(expires)), "home": doing.home,
            });
            voice.page("web/act.html", &page)
        }
        Acted::Nothing => doing.notice(voice, words.no_change_title, words.no_change),
        Acted::Refused(refused) => doing.refuse(voice, &refused),
        Acted::NobodyThere => refuse(voice, &Meant::Nothing),
    }
}

/// When links end that a page shows now.
pub fn expires(web: &Web) -> Timestamp {
    web.app.clock.now().wall.saturating_add(LINKS_ACT).unwrap_or(Timestamp::MAX)
}

/// The page for a link that is too old, or none of ours.
pub fn stale(voice: Voice<'_>, is_old: bool) -> Result<Response, Failure> {
    refuse(voice, if is_old { &Meant::Old } else { &Meant::Nothing })
}

/// The next mails of an outlook in words.
pub async fn dates_of(web: &Web, voice: Voice<'_>, outlook: Vec<Outlook>) -> Vec<Moment> {
    let shelf = web.app.shelf.read().await.clone();
    let many = outlook.len() > 1;
    let of = |it: &Outlook| {
        let shelved = shelf.get(&it.enrolment.course);
        let told = shelved.map(|shelved| moments(voice, shelved, &it.plan, many)).unwrap_or_default();
        it.plan.iter().map(|mail| mail.utc).zip(told).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = outlook.iter().flat_map(of).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, told)| told).take(my::AHEAD).collect()
}

async fn meant(web: &Web, token: &str) -> Result<Meant, Failure> {
    let now = web.app.clock.now().wall;
    for action in Action::ALL {
        match web.app.keys.read(Scope::Act(action), token, now) {
            Token::Good(subject) => {
                let doing = match action {
                    Action::Again => Doing::again(web, subject).await?,
                    Action::Pause => Doing::of(web, subject, Ask::Pause).await?,
                    Action::Slower => Doing::of(web, subject, Ask::Slower).await?,
                    Action::Faster => Doing::of(web, subject, Ask::Faster).await?,
                    Action::NextNow => Doing::of(web, subject, Ask::NextNow).await?,
                };
                return Ok(doing.map_or(Meant::Nothing, |doing| Meant::Do(Box::new(doing))));
            }
            Token::Expired => return Ok(Meant::Old),
            Token::Bad => {}
        }
    }
    match web.app.keys.read(Scope::Undo, token, now) {
        Token::Good(act) => Ok(match preferences::undoable(&web.app, act).await? {
            Some((person, what)) => Meant::Undo { act, what, person: Box::new(person) },
            None => Meant::UndoGone,
        }),
        Token::Expired => Ok(Meant::UndoGone),
        Token::Bad => Ok(Meant::Nothing),
    }
}

impl Meant {
    fn language(&self) -> Option<&str> {
        match self {
            Meant::Do(doing) => doing.person.language.as_deref(),
            Meant::Undo { person, .. } => person.language.as_deref(),
            Meant::UndoGone | Meant::Old | Meant::Nothing => None,
        }
    }
}

fn refuse(voice: Voice<'_>, meant: &Meant) -> Result<Response, Failure> {
    let words = &voice.words.my;
    let (title, text) = match meant {
        Meant::UndoGone => (words.undo_gone_title, words.undo_gone),
        Meant::Old => (words.old_title, words.old),
        Meant::Nothing | Meant::Do(_) | Meant::Undo { .. } => (words.bad_title, words.bad),
    };
    let page = json!({ "title": title, "text": [text, words.old_next], "fresh": words.old_button });
    voice.gone("web/act.html", &page)
}

/// What was done, as a person says it, by the name under which it is kept.
pub fn what_words(voice: Voice<'_>, what: &str) -> &'static str {
    let words = &voice.words.my;
    match what {
        "pause" | "pause of a stage" => words.what_pause,
        "going on" | "going on with a stage" => words.what_resume,
        "next now" => words.what_next_now,
        "again" | "repeat" => words.what_again,
        "leave" => words.what_leave,
        "start again" => words.what_start_again,
        _ => words.what_settings,
    }
}

//! Made-up values for every page, so that a coach's template is tried before a reader opens it.

use serde_json::Value;
use serde_json::json;

/// What each page is tried with by [`super::check`]: everything that its template may use.
pub fn samples() -> Vec<(&'static str, Value)> {
    let entry = json!({ "id": "course", "title": "A course", "summary": "What it is.", "language": "en" });
    let zones = json!([["Europe", [["Europe/Berlin", "Berlin"]]]]);
    let form = json!({
        "action": "https://learn.example.org/embed/course", "newsletter": false, "consent": "<p>Yes.</p>",
        "text_language": "en", "shown": "token",
        "fields": [{ "input": "field:instrument", "label": "Your instrument", "required": true }],
        "zones": zones, "zone": "Europe/Berlin", "zone_chosen": true,
        "languages": [{ "tag": "en", "name": "English", "chosen": true }],
        "entered": { "values": { "email": "reader" }, "wrong": { "email": "This is no address." } },
    });
    let course = json!({
        "id": "course", "title": "A course", "summary": "What it is.", "language": "en", "newsletter": false,
        "expect": ["Two lessons"], "about": "<p>About.</p>", "disclaimer": "<p>No care.</p>",
        "invite": { "text": "Talk", "url": "https://example.org" }, "closed": false, "again": false, "form": form,
    });
    let own_page = "https://learn.example.org/my/token";
    let left = json!({
        "course": "A course", "course_language": "en", "paragraphs": ["A sentence."], "undo": "/act/token", "asks": true,
        "again": "course",
    });
    vec![
        ("web/notice.html", json!({ "title": "A title", "paragraphs": ["A sentence."] })),
        ("web/home.html", json!({ "courses": [entry], "newsletters": [entry] })),
        ("web/course.html", course.clone()),
        ("web/embed.html", course),
        ("web/confirm.html", json!({ "titles": ["A course"] })),
        (
            "web/confirmed.html",
            json!({ "courses": [{ "title": "A course", "next": "It begins." }], "own_page": own_page }),
        ),
        ("web/never.html", json!({})),
        ("web/leave.html", json!({ "course": "A course", "course_language": "en" })),
        ("web/left.html", left),
        ("web/link.html", json!({ "entered": "reader", "wrong": "This is no address." })),
        ("web/address.html", json!({ "now": "Now.", "entered": "reader", "wrong": "This is no address." })),
        ("web/new-address.html", json!({})),
        ("web/erase.html", json!({ "token": "token" })),
    ]
}

/// The pages of one's own.
pub fn own_samples() -> Vec<(&'static str, Value)> {
    let entry = json!({ "id": "course", "title": "A course", "summary": "What it is.", "language": "en" });
    let zones = json!([["Europe", [["Europe/Berlin", "Berlin"]]]]);
    let mail = json!({ "when": "Monday, 8:30", "what": "A lesson", "why": "Two days after the last one." });
    let choice = json!({ "key": "1w", "label": "A week", "note": "from Monday", "dates": [mail] });
    let act = json!({
        "title": "A title", "text": ["A sentence."], "button": "Do it", "choose": "Which?", "choices": [choice], "checked": "1w",
        "dates": [mail], "dates_title": "The next mails", "no_dates": "None.", "undo": "/act/token", "home": "/my/token", "fresh": "Anew",
    });
    let lesson = json!({ "id": "lesson", "title": "A lesson", "url": "/view/token", "on": "Monday" });
    let stage = json!({ "id": "stage", "title": "A stage", "rests": false, "begun": true });
    let place = json!({
        "id": "course", "path": "/my/token/course", "title": "A course", "language": "en", "newsletter": false, "progress": "1 of 2",
        "state": "On its way.", "plan": [mail], "goes": true, "paused": true, "ended": true, "slower": true, "faster": true,
        "pace": "Slow", "got": [lesson], "offered": [lesson], "stages": [stage], "leave": "/leave/token", "left": false,
    });
    let my = json!({
        "path": "/my/token", "places": [place], "others": [entry], "name": "Ana", "zone": "Europe/Berlin", "hour": "8:30", "days": "Monday",
        "undo": { "url": "/act/token", "what": "a pause", "until": "Monday" }, "answers": [],
    });
    let settings = json!({
        "home": "/my/token", "name": "Ana", "hour": "08:30", "days": [{ "value": "Mon", "name": "Monday", "checked": true }],
        "zones": zones, "zone": "Europe/Berlin", "languages": [["en", "English"]], "language": "en", "dates": [mail],
        "wrong_hour": "No hour.", "refused": "Never.",
    });
    let join = json!({
        "title": "Begin?", "summary": "What it is.", "language": "en", "consent": "<p>Yes.</p>", "home": "/my/token",
        "fields": [{ "input": "field:instrument", "label": "Your instrument", "required": true }], "wrong": { "agree": "Please agree." },
    });
    vec![("web/act.html", act), ("web/my.html", my), ("web/settings.html", settings), ("web/join.html", join)]
}

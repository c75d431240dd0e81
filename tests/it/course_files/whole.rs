//! Courses that use every key, and what becomes of each.

use crate::course_files::good;
use crate::course_files::newsletter_with;
use crate::course_files::tree;
use crate::course_files::welcome_with;
use crate::course_files::with;
use dripline::course::AskKind;
use dripline::course::Backfill;
use dripline::course::Block;
use dripline::course::Course;
use dripline::course::Kind;
use dripline::course::Late;
use dripline::course::Tree;
use dripline::course::load;
use dripline::timing::Wait;
use jiff::SignedDuration;
use jiff::civil::date;
use std::collections::BTreeSet;

pub const EVERY_COURSE_KEY: &str = r#"
title    = "Four stages"
summary  = "A gentle path in four overlapping stages."
kind     = "course"                       # or "newsletter"
language = "en"
lessons  = ["welcome", "listening", "safety"]   # the order; an unlisted file is a draft
retired  = ["hurry"]
require  = ["disclaimer", "crisis"]
disclaimer = "This isn't *medical* advice."
crisis   = "Call 112."
consent  = "I agree to get lessons."
about    = "about.md"
next     = ["window"]
invite   = { text = "Talk to the coach", url = "https://example.org/talk" }

[sender]
name = "Ana"
address = "ana@learn.example.org"
reply_to = "ana@example.org"

[schedule]
wait   = "2 days"
send   = "30 8 * * Mon-Fri"
spread = "20 min"
skip   = ["2026-12-24..2027-01-02"]
starts = 2027-01-11
late   = "closed"
keep_dates = true
pace   = { slowest = 2.0, fastest = 0.75 }

[fields]
instrument = { label = "Your instrument", required = true }
"#;

pub const EVERY_LESSON_KEY: &str = r#"+++
subject = "Listening before fixing"
preview = "Three quiet minutes, nothing to repair."    # preheader
wait    = "36 hours"
send    = "0 18 * * Sun"
date    = 2026-12-01T09:00:00
when    = 'answers.region in ["neck", "jaw"] and subscriber.fields.instrument == "cello"'
backfill = "send"
was     = ["old-id"]
content_note = "This lesson mentions trauma."

[[ask]]
id = "worse"
question = "Do you feel worse?"
kind = "choices"
options = { no = "No", "yes" = "Yes" }
alert = ["yes"]

[[ask]]
id = "tension"
question = "How tense?"
kind = "scale"
min = 1
max = 5
low = "not at all"
high = "all the time"

[[ask]]
id = "words"
question = "In your words?"
kind = "text"
+++

Dear {{ subscriber.first_name or "friend" }}, ü
"#;

pub fn every_key() -> Tree {
    let files = [("course.toml", EVERY_COURSE_KEY), ("listening.md", EVERY_LESSON_KEY), ("about.md", "# About\r\nus")];
    let files = with(tree(&files), "welcome.md", &good()["welcome.md"]);
    let files = with(files, "images/centre.png", b"png");
    with(files, "safety.md", "+++\nsubject = \"Safety\"\n+++\nRest.\n")
}

fn loaded(tree: &Tree) -> Course {
    let loaded = load("four-stages", "courses", tree);
    assert_eq!(loaded.problems, []);
    loaded.course.unwrap()
}

#[test]
fn every_key_of_a_course_arrives() {
    let course = loaded(&every_key());
    assert_eq!((course.id.as_str(), course.title.as_str()), ("four-stages", "Four stages"));
    assert_eq!(course.summary, "A gentle path in four overlapping stages.");
    assert_eq!((course.kind, course.language.as_str()), (Kind::Course, "en"));
    assert_eq!(course.order, ["welcome", "listening", "safety"]);
    assert_eq!(course.lessons.len(), 3);
    assert_eq!((course.retired, course.next), (vec!["hurry".to_string()], vec!["window".to_string()]));
    assert_eq!(course.require, [Block::Disclaimer, Block::Crisis]);
    assert_eq!(course.disclaimer.as_deref(), Some("This isn't *medical* advice."));
    assert_eq!(course.crisis.as_deref(), Some("Call 112."));
    assert_eq!(course.consent.as_deref(), Some("I agree to get lessons."));
    assert_eq!(course.about.as_deref(), Some("# About\nus"));
    assert_eq!(course.invite.unwrap().url, "https://example.org/talk");
    let sender = course.sender.unwrap();
    assert_eq!((sender.name.as_str(), sender.address.as_str()), ("Ana", "ana@learn.example.org"));
    assert_eq!(sender.reply_to.unwrap().as_str(), "ana@example.org");
    let instrument = &course.fields["instrument"];
    assert_eq!((instrument.label.as_str(), instrument.required), ("Your instrument", true));
    assert_eq!(course.files.keys().collect::<Vec<_>>(), ["images/centre.png"]);
    assert_eq!(course.source.name, "courses/four-stages/course.toml");
    assert!(course.newsletter.is_none() && course.stages.is_empty());
}

#[test]
fn every_key_of_a_schedule_arrives() {
    let schedule = loaded(&every_key()).schedule;
    assert_eq!((schedule.wait, schedule.send.as_str()), (Wait::Days(2), "30 8 * * Mon-Fri"));
    assert_eq!(schedule.spread, SignedDuration::from_mins(20));
    assert_eq!((schedule.skip[0].first, schedule.skip[0].last), (date(2026, 12, 24), date(2027, 1, 2)));
    assert_eq!((schedule.starts, schedule.late, schedule.keep_dates), (Some(date(2027, 1, 11)), Late::Closed, true));
    assert_eq!((schedule.slowest, schedule.fastest), (2.0, 0.75));
    let bare = loaded(&good()).schedule;
    assert_eq!((bare.spread, bare.starts, bare.late), (SignedDuration::ZERO, None, Late::Next));
    assert_eq!((bare.keep_dates, bare.slowest, bare.fastest), (false, 3.0, 0.5));
}

#[test]
fn every_key_of_a_lesson_arrives() {
    let course = loaded(&every_key());
    let lesson = &course.lessons["listening"];
    assert_eq!((lesson.id.as_str(), lesson.subject.as_str()), ("listening", "Listening before fixing"));
    assert_eq!(lesson.preview.as_deref(), Some("Three quiet minutes, nothing to repair."));
    assert_eq!((lesson.wait, lesson.send.as_ref().unwrap().as_str()), (Some(Wait::Hours(36)), "0 18 * * Sun"));
    assert_eq!(lesson.date, Some(date(2026, 12, 1).at(9, 0, 0, 0)));
    assert_eq!(lesson.when.as_ref().unwrap().questions(), BTreeSet::from(["region"]));
    assert_eq!((lesson.backfill, lesson.was.as_slice()), (Backfill::Send, ["old-id".to_string()].as_slice()));
    assert_eq!(lesson.content_note.as_deref(), Some("This lesson mentions trauma."));
    assert_eq!(lesson.markdown(), "\nDear {{ subscriber.first_name or \"friend\" }}, ü\n");
    let pair = |id: &str, label: &str| (id.to_string(), label.to_string());
    assert_eq!(lesson.asks[0].kind, AskKind::Choices(vec![pair("no", "No"), pair("yes", "Yes")]));
    assert_eq!(lesson.asks[0].alert, ["yes"]);
    let (low, high) = ("not at all".to_string(), "all the time".to_string());
    assert_eq!(lesson.asks[1].kind, AskKind::Scale { min: 1, max: 5, low, high });
    assert_eq!((&lesson.asks[2].kind, lesson.asks[2].question.as_str()), (&AskKind::Text, "In your words?"));
}

#[test]
fn every_key_of_a_newsletter_arrives() {
    let keys = "time_zone = \"Europe/Berlin\"\nlate_limit = \"3 hours\"\naudience = 'completed(\"a\")'\nissues =";
    let newsletter = loaded(&newsletter_with("issues =", keys)).newsletter.unwrap();
    assert_eq!(newsletter.issues.unwrap().as_str(), "0 9 1 * *");
    assert_eq!(newsletter.time_zone.unwrap().iana_name(), Some("Europe/Berlin"));
    assert_eq!(newsletter.late_limit, SignedDuration::from_hours(3));
    let audience = newsletter.audience.unwrap();
    assert_eq!(audience.courses()[0].course, "a");
    let bare = loaded(&newsletter_with("issues =", "time_zone = \"subscriber\"\nissues =")).newsletter.unwrap();
    assert_eq!((bare.time_zone, bare.late_limit), (None, SignedDuration::from_hours(24)));
}

#[test]
fn a_version_changes_with_any_byte_and_with_nothing_else() {
    let (first, again) = (loaded(&good()), loaded(&good()));
    let edited = loaded(&welcome_with("Hello.", "Hello!"));
    assert_eq!(first.version, again.version);
    assert_ne!(first.version, edited.version);
    assert_ne!(first.lessons["welcome"].version, edited.lessons["welcome"].version);
    assert_eq!(first.lessons["listening"].version, edited.lessons["listening"].version);
    assert_ne!(first.version, loaded(&with(good(), "a.png", b"")).version);
}

//! One thing that somebody may ask of one of their courses, in the words of a page: what can be chosen, what it will do,
//! and why it isn't possible. Does nothing itself.

use crate::course::Kind;
use crate::enrolment::Enrolment;
use crate::enrolment::Planned;
use crate::enrolment::Refused;
use crate::flow::my;
use crate::flow::preferences::Act;
use crate::flow::preferences::Settings;
use crate::flow::shelf::Shelved;
use crate::subscriber::Subscriber;
use crate::text::My;
use crate::text::fill;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use axum::response::Response;
use jiff::Span;
use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Paces that a page offers, the slowest first: how many times as long as the course's own waits.
const PACES: [f64; 6] = [3.0, 2.0, 1.5, 1.0, 0.75, 0.5];
/// The pause that stands there chosen.
const USUAL_PAUSE: &str = "1w";

/// What is asked of a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    Pause,
    Resume,
    Slower,
    Faster,
    NextNow,
    /// This lesson, or the last one.
    Again(Option<String>),
    /// The lessons of this stage.
    Repeat(String),
    /// Pause this stage.
    Rest(String),
    /// Go on with this stage.
    Wake(String),
    StartAgain,
}

/// Somebody, one of their courses, and what they ask of it.
#[derive(Debug)]
pub struct Doing {
    pub person: Subscriber,
    pub enrolment: Enrolment,
    pub course: Arc<Shelved>,
    pub ask: Ask,
    pub zone: TimeZone,
    /// The person's own page, when they come from there.
    pub home: Option<String>,
}

/// A mail that comes, in words.
#[derive(Debug, Serialize)]
pub struct Moment {
    pub when: String,
    /// What comes; of several courses, with the course.
    pub what: String,
    pub why: String,
}

/// What an action's page says.
pub struct Said {
    pub title: String,
    pub text: Vec<String>,
    pub button: &'static str,
    /// Above what may be chosen.
    pub choose: &'static str,
    /// Once it is done.
    pub done: &'static str,
}

impl Ask {
    /// By the last part of a page's path, and what its query says.
    pub fn from_path(action: &str, query: &BTreeMap<String, String>) -> Option<Ask> {
        let named = |name: &str| query.get(name).cloned();
        match action {
            "pause" => Some(Ask::Pause),
            "resume" => Some(Ask::Resume),
            "slower" => Some(Ask::Slower),
            "faster" => Some(Ask::Faster),
            "next-now" => Some(Ask::NextNow),
            "again" => Some(Ask::Again(named("lesson"))),
            "repeat" => named("stage").map(Ask::Repeat),
            "rest" => named("stage").map(Ask::Rest),
            "wake" => named("stage").map(Ask::Wake),
            "start-again" => Some(Ask::StartAgain),
            _ => None,
        }
    }
}

impl Doing {
    /// `None` when the enrolment, its person or its course is no more.
    pub async fn of(web: &Web, enrolment: i64, ask: Ask) -> Result<Option<Doing>, Failure> {
        let Some((person, enrolment, course)) = my::place(&web.app, enrolment).await? else { return Ok(None) };
        let zone = web.app.zone(&person);
        Ok(Some(Doing { person, enrolment, course, ask, zone, home: None }))
    }

    /// The lesson of one mail again, or the last one, where the mail was the program's own.
    pub async fn again(web: &Web, delivery: i64) -> Result<Option<Doing>, Failure> {
        let Some((enrolment, lesson)) = my::mailed(&web.app, delivery).await? else { return Ok(None) };
        Doing::of(web, enrolment, Ask::Again(lesson)).await
    }

    /// What may be chosen, by a key for the form; one alone where there is nothing to choose.
    pub fn choices(&self, now: Timestamp) -> Vec<(String, Act)> {
        let today = self.zone.to_datetime(now).date();
        let pace = self.enrolment.pace;
        let schedule = &self.course.course.schedule;
        let one = |act: Act| vec![(String::new(), act)];
        let paces = |wished: &mut dyn Iterator<Item = f64>| {
            wished
                .map(|pace| (pace.to_string(), Act::Set(Settings { pace: Some(pace), ..Settings::default() })))
                .collect()
        };
        let newsletter = self.course.course.kind == Kind::Newsletter;
        match &self.ask {
            Ask::Pause => pauses(today),
            Ask::Resume => one(Act::Resume),
            // Its issues keep their dates.
            _ if newsletter => Vec::new(),
            // The nearest first.
            Ask::Slower => paces(&mut PACES.into_iter().rev().filter(|it| *it > pace && *it <= schedule.slowest)),
            Ask::Faster => paces(&mut PACES.into_iter().filter(|it| *it < pace && *it >= schedule.fastest)),
            Ask::NextNow => one(Act::NextNow),
            Ask::Again(lesson) => one(Act::Again(lesson.clone())),
            Ask::Repeat(stage) => one(Act::Repeat(stage.clone())),
            Ask::Rest(stage) => one(Act::PauseStage { stage: stage.clone(), until: None }),
            Ask::Wake(stage) => one(Act::ResumeStage(stage.clone())),
            Ask::StartAgain => Vec::new(),
        }
    }

    /// Which choice stands there chosen; empty: the first.
    pub fn preselected(&self) -> &'static str {
        if self.ask == Ask::Pause { USUAL_PAUSE } else { "" }
    }

    pub fn words(&self, voice: Voice<'_>) -> Said {
        let words = &voice.words.my;
        let course = self.course.in_language(voice.language).course.title.clone();
        let of_course = |title: &str| fill(title, &[("course", &course)]);
        let of_stage = |title: &str, id: &str| fill(title, &[("stage", &self.stage(voice, id))]);
        let said = |title: String, text: &str, button, choose, done| Said {
            title,
            text: vec![text.to_string()],
            button,
            choose,
            done,
        };
        match &self.ask {
            Ask::Pause => {
                let title = of_course(words.pause_title);
                said(title, words.pause_text, words.pause_button, words.pause_choose, words.paused)
            }
            Ask::Resume => {
                said(of_course(words.resume_title), words.resume_text, words.resume_button, "", words.resumed)
            }
            Ask::Slower => {
                let title = of_course(words.slower_title);
                said(title, words.slower_text, words.slower_button, words.pace_choose, words.pace_set)
            }
            Ask::Faster => {
                let title = of_course(words.faster_title);
                said(title, words.faster_text, words.faster_button, words.pace_choose, words.pace_set)
            }
            Ask::NextNow => {
                let title = of_course(words.next_now_title);
                said(title, words.next_now_text, words.next_now_button, "", words.next_now_done)
            }
            Ask::Again(lesson) => {
                let last = lesson.as_deref().or(self.enrolment.progress.last_lesson()).unwrap_or_default();
                let text = fill(words.again_text, &[("lesson", &self.course.title_of(last, voice.language))]);
                said(of_course(words.again_heading), &text, words.again_button, "", words.again_done)
            }
            Ask::Repeat(stage) => {
                let title = of_stage(words.repeat_heading, stage);
                said(title, words.repeat_text, words.repeat_button, "", words.repeat_done)
            }
            Ask::Rest(stage) => {
                said(of_stage(words.rest_heading, stage), words.rest_text, words.rest_button, "", words.rest_done)
            }
            Ask::Wake(stage) => {
                said(of_stage(words.wake_heading, stage), words.wake_text, words.wake_button, "", words.wake_done)
            }
            Ask::StartAgain => {
                let title = of_course(words.start_again_title);
                said(title, words.start_again_text, words.start_again_button, "", words.start_again_done)
            }
        }
    }

    /// The words of a choice.
    pub fn label(&self, voice: Voice<'_>, key: &str) -> String {
        let words = &voice.words.my;
        match key {
            "3d" => words.pause_3_days.to_string(),
            "1w" => words.pause_1_week.to_string(),
            "2w" => words.pause_2_weeks.to_string(),
            "1m" => words.pause_1_month.to_string(),
            "open" => words.pause_open.to_string(),
            pace => pace_words(words, pace.parse().unwrap_or(1.0)),
        }
    }

    /// From when it goes on after a pause.
    pub fn note(&self, voice: Voice<'_>, act: &Act) -> String {
        let Act::Pause { until: Some(date) } = act else { return String::new() };
        fill(voice.words.my.pause_back, &[("date", &voice.words.dates.date(*date))])
    }

    /// The same, once it is done.
    pub fn rest_until(&self, voice: Voice<'_>, now: Timestamp, choice: Option<&str>) -> Option<String> {
        let choices = self.choices(now);
        let (_, act) = choices.iter().find(|(key, _)| Some(key.as_str()) == choice)?;
        let Act::Pause { until: Some(date) } = act else { return None };
        Some(fill(voice.words.my.state_paused_until, &[("date", &voice.words.dates.date(*date))]))
    }

    /// Why there is nothing to choose from.
    pub fn nothing_to_choose(&self, voice: Voice<'_>) -> Option<&'static str> {
        match self.ask {
            Ask::Slower => Some(voice.words.my.no_choice_slower),
            Ask::Faster => Some(voice.words.my.no_choice_faster),
            Ask::Pause | Ask::Resume | Ask::NextNow | Ask::Again(_) => None,
            Ask::Repeat(_) | Ask::Rest(_) | Ask::Wake(_) | Ask::StartAgain => None,
        }
    }

    pub fn refuse(&self, voice: Voice<'_>, refused: &Refused) -> Result<Response, Failure> {
        self.notice(voice, voice.words.my.refused_title, &refused_words(&voice.words.my, refused))
    }

    pub fn notice(&self, voice: Voice<'_>, title: &str, text: &str) -> Result<Response, Failure> {
        voice.page("web/act.html", &json!({ "title": title, "text": [text], "home": self.home }))
    }

    fn stage(&self, voice: Voice<'_>, id: &str) -> String {
        let stages = &self.course.in_language(voice.language).course.stages;
        stages.iter().find(|stage| stage.id == id).map_or(id, |stage| &stage.title).to_string()
    }
}

/// The next mails of one course in words. `many`: each says of which course it is.
pub fn moments(voice: Voice<'_>, shelved: &Shelved, plan: &[Planned], many: bool) -> Vec<Moment> {
    let course = &shelved.in_language(voice.language).course.title;
    let of = plan.iter().map(|it| {
        let lesson = shelved.title_of(&it.lesson, voice.language);
        Moment {
            when: voice.words.dates.moment(it.local),
            what: if many { format!("{course}: {lesson}") } else { lesson },
            why: voice.words.reasons.of(&voice.words.dates, &it.why),
        }
    });
    of.collect()
}

/// A pace as people say it.
pub fn pace_words(words: &My, pace: f64) -> String {
    let known = [
        (3.0, words.pace_3),
        (2.0, words.pace_2),
        (1.5, words.pace_1_5),
        (1.0, words.pace_1),
        (0.75, words.pace_0_75),
        (0.5, words.pace_0_5),
    ];
    let known = known.into_iter().find(|(known, _)| *known == pace).map(|(_, said)| said.to_string());
    known.unwrap_or_else(|| fill(words.pace_other, &[("pace", &pace.to_string())]))
}

pub fn refused_words(words: &My, refused: &Refused) -> String {
    match refused {
        Refused::NothingNext => words.refused_nothing_next.to_string(),
        Refused::TooSoon(time) => fill(words.refused_too_soon, &[("time", time)]),
        Refused::EnoughToday => words.refused_enough.to_string(),
        Refused::NeverSent(_) | Refused::StageNotBegun(_) => words.refused_never_sent.to_string(),
        Refused::NoMoment(_) => words.refused_no_moment.to_string(),
        Refused::TakesNoMail => words.refused_no_mail.to_string(),
        Refused::ChangedSince => words.undo_gone.to_string(),
        Refused::NoSuchLesson(_) | Refused::NoSuchStage(_) | Refused::PauseIsOver | Refused::BegunAgain => {
            words.refused_other.to_string()
        }
    }
}

fn pauses(today: Date) -> Vec<(String, Act)> {
    let lengths: [(&str, Span); 4] = [("3d", 3.days()), ("1w", 1.week()), ("2w", 2.weeks()), ("1m", 1.month())];
    let ended = lengths.into_iter().filter_map(|(key, length)| Some((key, today.checked_add(length).ok()?)));
    let ended = ended.map(|(key, until)| (key.to_string(), Act::Pause { until: Some(until) }));
    ended.chain([("open".to_string(), Act::Pause { until: None })]).collect()
}

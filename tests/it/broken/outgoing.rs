//! Whether every mail of a site can be made: each lesson, in each language, for people who lack everything, have
//! everything, or gave one of the answers that there are. Sends nothing.

use dripline::config;
use dripline::config::Config;
use dripline::course::Ask;
use dripline::course::AskKind;
use dripline::course::Course;
use dripline::flow::Settings;
use dripline::flow::check;
use dripline::flow::compose;
use dripline::flow::compose::LessonMail;
use dripline::flow::shelf::Shelved;
use dripline::link::KeyRing;
use dripline::link::Links;
use dripline::link::Subjects;
use dripline::message::Answer;
use dripline::message::Progress;
use dripline::message::Templates;
use dripline::message::Values;
use dripline::message::message_id;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;

/// The first mail of this site that can't be made.
pub fn failure(site: &Path) -> Option<String> {
    let config = config::load(&site.join("dripline.toml"), Vec::new()).config.unwrap();
    let content = check::read(&config.courses, &config.templates);
    let templates = match Templates::load(&content.templates) {
        Ok(templates) => templates,
        Err(problems) => return Some(format!("the templates passed and can't be loaded: {}", problems[0])),
    };
    let settings = settings(&config);
    content.shelf.into_iter().find_map(|loaded| match loaded.course {
        Some(course) => course_failure(&settings, &templates, course),
        None => Some(format!("{} passed and is no course", loaded.id)),
    })
}

/// The first mail of a course that can't be made.
pub fn course_failure(settings: &Settings, templates: &Templates, course: Course) -> Option<String> {
    let lessons: Vec<String> = course.lessons.keys().cloned().collect();
    let shelved = match Shelved::new(templates, &settings.site, course) {
        Ok(shelved) => shelved,
        Err(problems) => return Some(format!("it passed and can't be compiled: {}", problems[0])),
    };
    lessons.iter().find_map(|lesson| lesson_failure(settings, &shelved, lesson))
}

/// The first mail of a lesson that can't be made.
pub fn lesson_failure(settings: &Settings, shelved: &Shelved, lesson: &str) -> Option<String> {
    let to = "reader@example.org".parse().unwrap();
    let languages = [shelved.course.language.clone()].into_iter().chain(shelved.course.translations.keys().cloned());
    for language in languages {
        for values in people(settings, &shelved.course, &language) {
            let leave = values.links.leave.clone();
            let mail = LessonMail {
                shelved,
                lesson,
                values: values.clone(),
                to: &to,
                message_id: message_id(1, 1, &settings.sender.address),
                date: Timestamp::UNIX_EPOCH,
                leave_url: Some(&leave),
            };
            if let Err(why) = compose::lesson(settings, mail) {
                return Some(format!(
                    "{lesson} in {language} passed and can't be sent: {why}; to {:?}",
                    values.answers
                ));
            }
        }
    }
    None
}

/// One who lacks everything, one who has everything, and one for each answer to each question, with and without the rest.
fn people(settings: &Settings, course: &Course, language: &str) -> Vec<Values> {
    let asks: Vec<&Ask> = course.lessons.values().flat_map(|lesson| &lesson.asks).collect();
    let first: BTreeMap<String, Answer> = asks.iter().map(|ask| (ask.id.clone(), possible(ask).remove(0))).collect();
    let mut people = vec![person(settings, course, language, BTreeMap::new(), false)];
    people.push(person(settings, course, language, first.clone(), true));
    for ask in asks {
        for answer in possible(ask) {
            let alone = BTreeMap::from([(ask.id.clone(), answer.clone())]);
            people.push(person(settings, course, language, alone, false));
            let mut among = first.clone();
            among.insert(ask.id.clone(), answer);
            people.push(person(settings, course, language, among, true));
        }
    }
    people
}

/// Answers that may make a difference; at least one.
fn possible(ask: &Ask) -> Vec<Answer> {
    match &ask.kind {
        AskKind::Choice(options) => options.iter().map(|(id, _)| Answer::One(id.clone())).collect(),
        AskKind::Choices(options) => {
            let all = options.iter().map(|(id, _)| id.clone()).collect();
            vec![Answer::Many(all), Answer::Many(Vec::new())]
        }
        AskKind::Scale { min, max, .. } => vec![Answer::Number(*max), Answer::Number(*min)],
        AskKind::Text => vec![Answer::One("… <b>&amp;\n{{ x }}".to_string())],
    }
}

fn person(
    settings: &Settings,
    course: &Course,
    language: &str,
    answers: BTreeMap<String, Answer>,
    has_all: bool,
) -> Values {
    let keys = KeyRing::new((0, [0; 32]), Vec::new());
    let subjects = Subjects { subscriber: 1, enrolment: 2, outbox: 3 };
    let fields = course.fields.iter().filter(|(_, field)| has_all || field.required);
    Values {
        first_name: has_all.then(|| "Ana \"the\" <Reader>".to_string()),
        language: language.to_string(),
        fields: fields.map(|(id, _)| (id.clone(), "cello".to_string())).collect(),
        answers,
        progress: Progress { number: 1, of: u32::try_from(course.order.len()).unwrap().max(1) },
        links: Links::new(&settings.site.url, &keys).urls(subjects, Some(Timestamp::UNIX_EPOCH)),
        offered: Vec::new(),
        next: Vec::new(),
    }
}

pub fn settings(config: &Config) -> Settings {
    Settings {
        site: config.site.clone(),
        sender: config.sender.clone(),
        bounce: config.bounce.clone(),
        courses: config.courses.clone(),
        data: config.data.clone(),
        delivery: config.delivery,
        retention: config.retention,
        dkim: config.dkim.clone(),
        operator: config.operator.clone(),
        redirect_to: None,
    }
}

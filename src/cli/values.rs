//! Values of the command line, parsed at the door: what a command gets needs no further look.

use crate::flow::App;
use crate::flow::operate;
use crate::timing::Weekdays;
use crate::timing::parse_duration;
use jiff::civil::Time;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// `COURSE/LESSON`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonName {
    pub course: String,
    pub lesson: String,
}

/// What `hold` and `release` are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Course(String),
    Lesson(LessonName),
}

impl fmt::Display for LessonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.course, self.lesson)
    }
}

impl FromStr for LessonName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<LessonName, &'static str> {
        match text.split_once('/').map(|(course, lesson)| (is_id(course), is_id(lesson), course, lesson)) {
            Some((true, true, course, lesson)) => {
                Ok(LessonName { course: course.to_string(), lesson: lesson.to_string() })
            }
            Some(_) | None => {
                Err("a lesson is named COURSE/LESSON, like four-stages/welcome, and an issue NEWSLETTER/ISSUE")
            }
        }
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Scope, &'static str> {
        if text.contains('/') {
            return text.parse().map(Scope::Lesson);
        }
        course(text).map(Scope::Course)
    }
}

/// A course by its folder's name.
pub fn course(text: &str) -> Result<String, &'static str> {
    if is_id(text) { Ok(text.to_string()) } else { Err("a course is named by its folder, like four-stages") }
}

/// `name=value`; the value may be empty and may hold `=`.
pub fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if is_id(name) => Ok((name.to_string(), value.to_string())),
        Some(_) | None => Err("write name=value"),
    }
}

/// How long a shortened day takes: more than nothing, at most a day.
pub fn short_day(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let wrong = || "write how long a day takes, like 20s or 10min, at most 24hours".to_string();
    let duration = parse_duration(&format!("{count} {}", unit.trim()), true).map_err(|_| wrong())?;
    let duration = Duration::try_from(duration).map_err(|_| wrong())?;
    let day = Duration::from_secs(24 * 60 * 60);
    if duration.is_zero() || duration > day { Err(wrong()) } else { Ok(duration) }
}

/// What a command's scope means; none is everything.
pub fn scope(scope: Option<Scope>) -> operate::Scope {
    match scope {
        None => operate::Scope::All,
        Some(Scope::Course(course)) => operate::Scope::Course(course),
        Some(Scope::Lesson(LessonName { course, lesson })) => operate::Scope::Lesson { course, lesson },
    }
}

/// A sentence when a scope names a course or lesson that isn't there.
pub async fn unknown(app: &App, scope: &operate::Scope) -> Option<String> {
    let shelf = app.shelf.read().await;
    let (course, lesson) = match scope {
        operate::Scope::All => return None,
        operate::Scope::Course(course) => (course, None),
        operate::Scope::Lesson { course, lesson } => (course, Some(lesson)),
    };
    let Some(shelved) = shelf.get(course) else {
        let known: Vec<&str> = shelf.courses.keys().map(String::as_str).collect();
        return Some(format!("there is no course {course}; there are: {}", known.join(", ")));
    };
    let lesson = lesson.filter(|lesson| !shelved.course.lessons.contains_key(*lesson))?;
    Some(format!("the course {course} has no lesson {lesson}; it has: {}", shelved.course.order.join(", ")))
}

/// An hour of the day: `07:30`.
pub fn hour(text: &str) -> Result<Time, &'static str> {
    Time::strptime("%H:%M", text).map_err(|_| "write an hour and minutes, like 07:30")
}

/// Weekdays as people write them, checked.
pub fn weekdays(text: &str) -> Result<String, String> {
    text.parse::<Weekdays>().map(|_| text.to_string())
}

/// A person's pace: waits are multiplied by it.
pub fn pace(text: &str) -> Result<f64, &'static str> {
    let pace = text.parse::<f64>().ok().filter(|pace| pace.is_finite() && *pace > 0.0);
    pace.ok_or("a pace is a number above 0; 2 is half as fast")
}

/// A text that says something.
pub fn said(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("write something") } else { Ok(text.to_string()) }
}

/// Names of files and folders that can't lead elsewhere.
fn is_id(text: &str) -> bool {
    let fits = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '/' | '\\');
    !text.is_empty() && !text.starts_with('.') && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_course_or_a_lesson_of_it() {
        let check = |text: &str, expect: Option<&str>| {
            let shown = text.parse::<Scope>().ok().map(|scope| match scope {
                Scope::Course(course) => format!("course {course}"),
                Scope::Lesson(lesson) => format!("lesson {lesson}"),
            });
            assert_eq!(shown.as_deref(), expect, "{text}");
        };
        check("four-stages", Some("course four-stages"));
        check("four-stages/welcome", Some("lesson four-stages/welcome"));
        check("four-stages/", None);
        check("/welcome", None);
        check("a/b/c", None);
        check("..", None);
        check("../x", None);
        check("", None);
    }

    #[test]
    fn a_short_day_is_longer_than_nothing_and_no_longer_than_a_day() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(short_day(text).ok(), expect.map(Duration::from_secs), "{text}");
        };
        check("20s", Some(20));
        check("10 min", Some(600));
        check("1day", Some(86_400));
        check("2days", None);
        check("0s", None);
        check("20", None);
        check("s", None);
        check("-5s", None);
    }

    #[test]
    fn a_pair_is_parted_at_its_first_equals_sign() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let expect = expect.map(|(name, value)| (name.to_string(), value.to_string()));
            assert_eq!(pair(text).ok(), expect, "{text}");
        };
        check("region=neck", Some(("region", "neck")));
        check("note=a=b", Some(("note", "a=b")));
        check("note=", Some(("note", "")));
        check("=x", None);
        check("region", None);
    }

    #[test]
    fn a_pace_is_a_number_above_nothing() {
        let check = |text: &str, expect: Option<f64>| assert_eq!(pace(text).ok(), expect, "{text}");
        check("1.5", Some(1.5));
        check("0", None);
        check("-1", None);
        check("inf", None);
        check("NaN", None);
        check("fast", None);
    }
}

//! What `check` costs: five courses of fifty lessons in three languages, with questions, conditions and pictures. The
//! yardstick is reading the same files and parsing their Markdown once.
//!
//! `cargo bench --bench check -- [courses] [lessons] [rounds]`

#![allow(clippy::unwrap_used, clippy::expect_used)]

use dripline::flow::check;
use dripline::problem::Problem;
use dripline::site::Site;
use jiff::tz::TimeZone;
use pulldown_cmark::Event;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Besides English, in which every lesson is written.
const LANGUAGES: [&str; 2] = ["pt", "fr"];
/// Paragraphs of a lesson; with them it has some 400 words.
const PARAGRAPHS: usize = 8;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |at: usize, otherwise: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(otherwise);
    let (courses, lessons, rounds) = (number(0, 5), number(1, 50), number(2, 5));
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("courses"), courses, lessons)?;
    println!("{courses} courses of {lessons} lessons in {} languages, {rounds} rounds", LANGUAGES.len() + 1);
    for round in 1..=rounds {
        let started = Instant::now();
        let parsed = parse(&folder.path().join("courses"))?;
        let plain = started.elapsed();
        let started = Instant::now();
        let content = check::read(&folder.path().join("courses"), &folder.path().join("templates"));
        let problems: Vec<Problem> = check::check(&site(), &content);
        let checked = started.elapsed();
        assert!(problems.is_empty(), "the sample is sound: {}", problems[0]);
        assert_eq!(parsed.0, courses * lessons * (LANGUAGES.len() + 1), "every lesson is there");
        let ratio = checked.as_secs_f64() / plain.as_secs_f64();
        println!(
            "round {round}: check {checked:.2?}, reading and parsing {plain:.2?} ({} events), ratio {ratio:.1}",
            parsed.1
        );
    }
    Ok(())
}

fn site() -> Site {
    Site {
        name: "Steady Ground".to_string(),
        url: "https://learn.example.org".to_string(),
        postal_address: "12 Rue Exemple, Montréal".to_string(),
        time_zone: TimeZone::UTC,
        language: "en".to_string(),
        daily_cap: 1,
        quiet_during_course: false,
        images: dripline::site::Images::Serve,
    }
}

/// How many Markdown files there are, and how many events they are made of.
fn parse(folder: &Path) -> Result<(usize, usize)> {
    let (mut files, mut events) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let (inner_files, inner_events) = parse(&path)?;
            files += inner_files;
            events += inner_events;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = fs::read_to_string(&path)?;
            files += 1;
            events += Parser::new_ext(&text, Options::ENABLE_TABLES).filter(|event| *event != Event::SoftBreak).count();
        }
    }
    Ok((files, events))
}

fn write(folder: &Path, courses: usize, lessons: usize) -> Result<()> {
    for course in 0..courses {
        let own = folder.join(format!("course-{course}"));
        let order: Vec<String> = (0..lessons).map(|n| format!("\"lesson-{n}\"")).collect();
        fs::create_dir_all(&own)?;
        fs::write(
            own.join("course.toml"),
            format!(
                "title = \"Course {course}\"\nlanguage = \"en\"\nlessons = [{}]\nrequire = [\"disclaimer\"]\n\
                 disclaimer = \"This is *no* medical advice: see [a doctor](https://example.org) first.\"\n\
                 crisis = \"Call **112**.\"\n[schedule]\nwait = \"2 days\"\nsend = \"30 8 * * Mon-Fri\"\n",
                order.join(", ")
            ),
        )?;
        for language in LANGUAGES {
            fs::create_dir_all(own.join(language))?;
            fs::write(own.join(language).join("course.toml"), format!("title = \"Course {course}\"\n"))?;
        }
        for n in 0..lessons {
            fs::write(own.join(format!("lesson-{n}.md")), lesson(n, true))?;
            for language in LANGUAGES {
                fs::write(own.join(language).join(format!("lesson-{n}.md")), lesson(n, false))?;
            }
        }
    }
    Ok(())
}

fn lesson(n: usize, original: bool) -> String {
    let kind = if original { "kind = \"choice\"\n" } else { "" };
    let mut text = format!(
        "+++\nsubject = \"Lesson {n}\"\n[[ask]]\nid = \"q{n}\"\nquestion = \"How was it?\"\n{kind}\
         options = {{ well = \"Well\", ill = \"Ill\" }}\n+++\n\nDear {{{{ subscriber.first_name or \"friend\" }}}},\n\n\
         {{% if answers.q{n} is answered %}}You said {{{{ answers.q{n} }}}}.{{% else %}}Good to have you here.{{% endif %}}\n\n"
    );
    for paragraph in 0..PARAGRAPHS {
        text.push_str(&format!("## Part {paragraph}\n\nThree *quiet* minutes, nothing to repair: "));
        text.push_str(&"sit down where you are, let the hands rest, and notice what moves by itself. ".repeat(3));
        text.push_str("\n\n- one thing\n- [another](https://example.org/page)\n\n");
    }
    text
}

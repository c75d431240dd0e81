//! `dripline preview` as a coach has it: the real program, a browser of a few lines, files that are saved while it looks.

mod client;
mod gate;
mod hostile;
mod problems;
mod saves;
mod sending;
mod speed;
mod views;

use crate::app::Kind;
use crate::program::Program;
use crate::program::SOON;
use crate::program::Site;
use crate::program::until;
use client::Answer;
use client::Events;
use std::fs;

/// A course with everything that a preview shows: stages, a question that decides, a draft, a retired lesson, a picture, two
/// translations of which one runs from right to left.
const COURSE: &str = r#"title = "Calm"
summary = "Slowly."
language = "en"
retired = ["gone"]
disclaimer = "This isn't medical care."
require = ["disclaimer"]
about = "about.md"

[[stage]]
id = "first"
title = "First things"
lessons = ["welcome", "neck"]

[[stage]]
id = "second"
title = "Second things"
lessons = ["end"]
after = "welcome"

[fields]
instrument = { label = "Your instrument", required = false }

[schedule]
wait = "2 days"
send = "30 8 * * Mon-Fri"
"#;

const WELCOME: &str = r#"+++
subject = 'Welcome, {{ subscriber.first_name or "friend" }}'
preview = "A quiet start."

[[ask]]
id = "region"
question = "Where is it?"
kind = "choice"
options = { hand = "Hand", neck = "Neck" }
+++

Dear {{ subscriber.first_name or "friend" }}, you play {{ subscriber.fields.instrument or "nothing" }}.

![A leaf](leaf.png)

{% if answers.region is answered and answers.region == "neck" %}
Words for a neck.
{% else %}
Words for others.
{% endif %}
"#;

const NECK: &str = "+++\nsubject = \"The neck\"\nwhen = 'answers.region == \"neck\"'\n+++\n\nFor necks alone.\n";

/// A preview of a site.
pub struct Desk {
    pub site: Site,
    pub program: Program,
    /// Host and port.
    pub at: String,
}

impl Desk {
    /// Of the course above and a newsletter.
    pub fn open() -> Desk {
        Desk::of("smtp://127.0.0.1:9", |site| {
            site.write("courses/calm/course.toml", COURSE);
            site.write("courses/calm/about.md", "About *calm*.\n");
            fs::write(site.path().join("courses/calm/leaf.png"), include_bytes!("pictures/dot.png")).unwrap();
            site.write("courses/calm/welcome.md", WELCOME);
            site.write("courses/calm/neck.md", NECK);
            site.lesson("calm", "end", "", "The end.");
            site.lesson("calm", "draft", "", "Not yet.");
            site.lesson("calm", "gone", "", "No more.");
            site.write("courses/calm/he/course.toml", "title = \"רוגע\"\n");
            site.write(
                "courses/calm/he/welcome.md",
                "+++\nsubject = \"ברוכים הבאים\"\n+++\n\nשלום {{ subscriber.first_name or \"\" }}\n",
            );
            site.write("courses/notes/course.toml", "title = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\nlessons = [\"one\", \"two\"]\n[newsletter]\nissues = \"0 9 1 * *\"\n");
            site.lesson("notes", "one", "", "The first issue.");
            site.lesson("notes", "two", "", "The second issue.");
        })
    }

    pub fn of(relay: &str, lay_out: impl FnOnce(&Site)) -> Desk {
        let site = Site::on(Kind::Sqlite, relay, "");
        lay_out(&site);
        Desk::start(site)
    }

    pub fn start(site: Site) -> Desk {
        let program = site.start(&["preview", "--listen", "127.0.0.1:0"]);
        let mut at = String::new();
        until("the address of the preview", SOON, || {
            let printed = program.printed();
            at = printed.trim().strip_prefix("http://").unwrap_or_default().to_string();
            printed.ends_with('\n') && !at.is_empty()
        });
        Desk { site, program, at }
    }

    pub fn get(&self, path: &str) -> Answer {
        client::ask(&self.at, "GET", path, &[], "")
    }

    /// A page that must be there.
    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// What is told of changes from now on.
    pub fn listen(&self) -> Events {
        Events::open(&self.at)
    }

    /// Returns when the page holds the text.
    #[track_caller]
    pub fn shows(&self, path: &str, text: &str) {
        until(&format!("{text} at {path}"), SOON, || self.get(path).body.contains(text));
    }
}

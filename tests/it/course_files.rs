//! What a coach writes, and what the program says about it: a small course without problems, one file of which is
//! replaced, and one test for each kind of problem.

mod bytes;
mod conditions;
mod disk;
mod keys;
mod references;
mod whole;

use dripline::course::Loaded;
use dripline::course::Tree;
use dripline::course::load;

const COURSE: &str = "\
title = \"Four stages\"
language = \"en\"
lessons = [\"welcome\", \"listening\"]

[schedule]
wait = \"2 days\"
send = \"30 8 * * Mon-Fri\"
";

const NEWSLETTER: &str = "\
title = \"Notes\"
kind = \"newsletter\"
language = \"en\"
lessons = [\"first\"]

[newsletter]
issues = \"0 9 1 * *\"
";

const WELCOME: &str = "\
+++
subject = \"Welcome\"

[[ask]]
id = \"region\"
question = \"Where?\"
kind = \"choice\"
options = { neck = \"Neck\", jaw = \"Jaw\" }

[[ask]]
id = \"parts\"
question = \"Which?\"
kind = \"choices\"
options = { left = \"Left\", right = \"Right\" }

[[ask]]
id = \"ease\"
question = \"How easy?\"
kind = \"scale\"
+++
Hello.
";

const LISTENING: &str = "+++\nsubject = \"Listening\"\n+++\nListen.\n";

fn good() -> Tree {
    tree(&[("course.toml", COURSE), ("welcome.md", WELCOME), ("listening.md", LISTENING)])
}

fn newsletter() -> Tree {
    tree(&[("course.toml", NEWSLETTER), ("first.md", LISTENING)])
}

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect()
}

fn with(mut tree: Tree, path: &str, bytes: impl AsRef<[u8]>) -> Tree {
    tree.insert(path.to_string(), bytes.as_ref().to_vec());
    tree
}

/// The good course's course.toml with one piece of text replaced.
fn course_with(old: &str, new: &str) -> Tree {
    assert!(COURSE.contains(old), "{old}");
    with(good(), "course.toml", COURSE.replacen(old, new, 1))
}

fn newsletter_with(old: &str, new: &str) -> Tree {
    assert!(NEWSLETTER.contains(old), "{old}");
    with(newsletter(), "course.toml", NEWSLETTER.replacen(old, new, 1))
}

fn welcome_with(old: &str, new: &str) -> Tree {
    assert!(WELCOME.contains(old), "{old}");
    with(good(), "welcome.md", WELCOME.replacen(old, new, 1))
}

/// The second lesson with more keys.
fn listening_with(keys: &str) -> Tree {
    with(good(), "listening.md", format!("+++\nsubject = \"Listening\"\n{keys}\n+++\nListen.\n"))
}

fn lines(loaded: &Loaded) -> Vec<String> {
    let line = |problem: &dripline::problem::Problem| {
        assert!(!problem.help.is_empty(), "{problem} has no next step");
        problem.to_string().replacen("courses/four-stages/", "", 1)
    };
    loaded.problems.iter().map(line).collect()
}

#[track_caller]
fn check(tree: &Tree, expect: &[&str]) {
    let loaded = load("four-stages", "courses", tree);
    assert_eq!(lines(&loaded), expect);
    let fails = expect.iter().any(|line| line.contains(": error: "));
    assert_eq!(loaded.course.is_none(), fails, "a course is there exactly when no error is");
}

#[track_caller]
fn check_help(tree: &Tree, help: &str) {
    let loaded = load("four-stages", "courses", tree);
    let found: Vec<_> = loaded.problems.iter().map(|problem| problem.help.as_str()).collect();
    assert!(found.iter().any(|one| one.contains(help)), "{help:?} isn't in {found:?}");
}

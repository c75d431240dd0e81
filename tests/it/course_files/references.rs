//! What files say about each other: ids, stages, questions, courses.

use crate::course_files::check;
use crate::course_files::course_with;
use crate::course_files::good;
use crate::course_files::listening_with;
use crate::course_files::newsletter_with;
use crate::course_files::welcome_with;
use crate::course_files::with;
use dripline::course::Loaded;
use dripline::course::Tree;
use dripline::course::check_shelf;
use dripline::course::load;

#[test]
fn an_id_stands_in_one_place_only() {
    check(
        &course_with("\"listening\"]", "\"listening\", \"welcome\"]"),
        &["course.toml:3:36: error: duplicate id: `welcome` stands twice in `lessons`"],
    );
    check(
        &course_with("\n[schedule]", "retired = [\"welcome\"]\n[schedule]"),
        &["course.toml:4:12: error: duplicate id: `welcome` stands in `lessons` and in `retired`"],
    );
    check(
        &listening_with("was = [\"hearing\", \"welcome\"]"),
        &["listening.md:3:19: error: duplicate id: `welcome` stands in `lessons` and in a lesson's `was`"],
    );
    check(
        &welcome_with("id = \"parts\"", "id = \"region\""),
        &["welcome.md:11:6: error: duplicate id: this lesson asks `region` twice"],
    );
}

const STAGES: &str = "\
title = \"Stages\"
language = \"en\"
[[stage]]
id = \"one\"
lessons = [\"welcome\"]
[[stage]]
id = \"two\"
lessons = [\"listening\"]
after = \"welcome\"
[schedule]
wait = \"1 day\"
send = \"0 8 * * *\"
";

fn stages_with(old: &str, new: &str) -> Tree {
    assert!(STAGES.contains(old), "{old}");
    with(good(), "course.toml", STAGES.replacen(old, new, 1))
}

#[test]
fn stages_list_the_lessons_and_begin_after_a_lesson_of_another() {
    let course = load("s", "", &with(good(), "course.toml", STAGES)).course.unwrap();
    assert_eq!(course.order, ["welcome", "listening"]);
    assert_eq!(course.stages[1].after.as_deref(), Some("welcome"));
    assert_eq!(course.stages[1].title, "two");
    check(
        &stages_with("after = \"welcome\"", "after = \"listening\""),
        &["course.toml:9:9: error: `listening` is a lesson of this stage itself"],
    );
    check(
        &stages_with("after = \"welcome\"", "after = \"welcom\""),
        &["course.toml:9:9: error: no stage has a lesson `welcom`"],
    );
    check(
        &stages_with("[\"welcome\"]", "[\"welcome\"]\nafter = \"listening\""),
        &[
            "course.toml:6:9: error: a cycle: stage `one` waits for `two`, which waits for `one`, so none of them ever begins",
            "course.toml:10:9: error: a cycle: stage `two` waits for `one`, which waits for `two`, so none of them ever begins",
        ],
    );
    check(&stages_with("\"two\"", "\"one\""), &["course.toml:7:6: error: duplicate id: there are two stages `one`"]);
    check(
        &stages_with("language = \"en\"", "language = \"en\"\nlessons = [\"welcome\"]"),
        &["course.toml:3:11: error: `lessons` and [[stage]] exclude each other"],
    );
}

#[test]
fn a_question_asked_again_has_the_same_words_and_options() {
    let again = |question: &str, options: &str| {
        let ask = "[[ask]]\nid = \"region\"\nkind = \"choice\"";
        listening_with(&format!("{ask}\nquestion = \"{question}\"\noptions = {{ {options} }}"))
    };
    check(&again("Where?", "neck = \"Neck\", jaw = \"Jaw\""), &[]);
    check(
        &again("Where now?", "neck = \"Neck\", jaw = \"Jaw\""),
        &["listening.md:4:6: error: `region` is asked with other words than in `welcome`"],
    );
    check(
        &again("Where?", "jaw = \"Jaw\", neck = \"Neck\""),
        &["listening.md:4:6: error: `region` is asked with another kind or other options than in `welcome`"],
    );
}

/// The folders of a shelf, each with more text at the top of its course.toml.
fn shelf(folders: &[(&str, &Tree, &str)]) -> Vec<String> {
    let load_one = |(id, tree, top): &(&str, &Tree, &str)| {
        let toml = String::from_utf8(tree["course.toml"].clone()).unwrap();
        load(id, "courses", &with((*tree).clone(), "course.toml", format!("{top}\n{toml}")))
    };
    let mut shelf: Vec<Loaded> = folders.iter().map(load_one).collect();
    check_shelf(&mut shelf);
    for loaded in &shelf {
        assert_eq!(loaded.course.is_some(), loaded.problems.is_empty(), "{}", loaded.id);
    }
    shelf.iter().flat_map(|loaded| &loaded.problems).map(ToString::to_string).collect()
}

#[test]
fn courses_name_courses_that_exist_and_never_in_a_circle() {
    let good = good();
    assert_eq!(shelf(&[("a", &good, "next = [\"b\"]"), ("b", &good, "")]), [""; 0]);
    assert_eq!(
        shelf(&[("a", &good, "next = [\"window\"]"), ("windows", &good, "")]),
        ["courses/a/course.toml:1:9: error: `next` names no course: `window`",]
    );
    assert_eq!(
        shelf(&[("a", &good, "next = [\"b\"]"), ("b", &good, "next = [\"a\"]"), ("c", &good, "next = [\"a\"]")]),
        [
            "courses/a/course.toml:1:9: error: a cycle of `next`: `a` → `b` → `a`",
            "courses/b/course.toml:1:9: error: a cycle of `next`: `b` → `a` → `b`",
        ]
    );
    let broken = "colour = 1\nnext = [\"b\", \"nowhere\"]";
    assert_eq!(
        shelf(&[("a", &good, broken), ("b", &good, "next = [\"c\"]"), ("c", &good, "colour = 1")]),
        [
            "courses/a/course.toml:1:1: error: unknown key `colour`",
            "courses/a/course.toml:2:14: error: `next` names no course: `nowhere`",
            "courses/c/course.toml:1:1: error: unknown key `colour`",
        ]
    );
    let letter =
        newsletter_with("issues =", "audience = 'completed(\"a\") or completed(\"b\") or completed(\"n\")'\nissues =");
    assert_eq!(
        shelf(&[("a", &good, ""), ("n", &letter, "")]),
        [
            "courses/n/course.toml:8:41: error: `audience` names no course: `b`",
            "courses/n/course.toml:8:59: error: `audience` names `n`, a newsletter, which nobody completes",
        ]
    );
}

#[test]
fn every_problem_of_every_file_is_found_in_one_run() {
    let tree = with(course_with("title", "tilte"), "welcome.md", "+++\nsubjet = \"x\"\n+++\nx\n");
    let tree =
        with(tree, "listening.md", "+++\nsubject = \"x\"\nwhen = 'answers.where == 1'\nwait = \"0 days\"\n+++\n");
    check(
        &with(tree, "fr/course.toml", "titel = \"x\"\n"),
        &[
            "course.toml:1:1: error: unknown key `tilte`",
            "fr/course.toml:1:1: error: unknown key `titel`",
            "listening.md:3:9: error: `when`: no lesson asks a question `where`",
            "listening.md:4:8: error: `wait`: a wait of 0 would send lessons all at once; the shortest is 1 hour",
            "listening.md:6:1: error: the lesson has no text",
            "welcome.md:2:1: error: unknown key `subjet`",
        ],
    );
}

#[test]
fn a_folder_named_like_a_language_is_a_translation() {
    let translated = with(good(), "pt-BR/course.toml", "title = \"Quatro\"\n");
    let lesson = "+++\nsubject = \"Bem-vindo\"\n[[ask]]\nid = \"region\"\nquestion = \"Onde?\"\n+++\nOi.\n";
    let translated = with(translated, "pt-BR/welcome.md", lesson);
    check(&translated, &[]);
    check(
        &with(translated.clone(), "pt-BR/welcome.md", "+++\nsubject = 3\n+++\nOi.\n"),
        &["pt-BR/welcome.md:2:11: error: `subject` should be text in quotes, and is a whole number"],
    );
    check(
        &with(good(), "portuguese/course.toml", ""),
        &[
            "portuguese/course.toml:1:1: error: a folder with a course.toml is a translation, and `portuguese` isn't a language tag",
        ],
    );
    let course = load("c", "", &with(translated, "images/a.png", b"png")).course.unwrap();
    assert_eq!(course.files.keys().collect::<Vec<_>>(), ["images/a.png"]);
}

#[test]
fn dates_that_cannot_be_kept_and_questions_asked_too_late_are_refused() {
    let dated = |date: &str| format!("+++\nsubject = \"S\"\ndate = {date}\n+++\nText.\n");
    let asking = "+++\nsubject = \"S\"\n[[ask]]\nid = \"region\"\nquestion = \"Where?\"\nkind = \"text\"\n+++\nText.\n";
    let depends = "+++\nsubject = \"S\"\nwhen = 'answers.region is answered'\n+++\nText.\n";
    check_dated(
        &[("a", &dated("2027-02-01T09:00:00")), ("b", &dated("2027-02-01T08:00:00"))],
        &["b.md:3:8: error: b is dated 2027-02-01T08:00:00, but a, which comes first, 2027-02-01T09:00:00"],
    );
    check_dated(&[("a", asking), ("b", depends)], &[]);
    let late = "error: `when` depends on `region`, which is asked only in b";
    check_dated(&[("a", depends), ("b", asking)], &[&format!("a.md:3:8: {late}")]);
}

fn check_dated(lessons: &[(&str, &str)], expect: &[&str]) {
    let order: Vec<String> = lessons.iter().map(|(id, _)| format!("\"{id}\"")).collect();
    let toml = format!(
        "title = \"T\"\nlanguage = \"en\"\nlessons = [{}]\n[schedule]\nwait = \"1 day\"\nsend = \"0 9 * * *\"\n",
        order.join(", ")
    );
    let mut tree: dripline::course::Tree = [("course.toml".to_string(), toml.into_bytes())].into();
    tree.extend(lessons.iter().map(|(id, text)| (format!("{id}.md"), text.as_bytes().to_vec())));
    let problems = dripline::course::load("c", "", &tree).problems;
    let found: Vec<String> = problems.iter().map(|it| it.to_string()).collect();
    let found: Vec<&str> = found.iter().map(|it| it.lines().next().unwrap().trim_start_matches("c/")).collect();
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.contains(expect), "{found}\n{expect}");
    }
}

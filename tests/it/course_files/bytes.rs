//! Bytes that are no lesson, truncated or random: refused at their place, and never a panic.

use crate::course_files::check;
use crate::course_files::good;
use crate::course_files::whole::every_key;
use crate::course_files::with;
use dripline::course::Tree;
use dripline::course::load;
use dripline::problem::any_error;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::prelude::prop;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::proptest;
use proptest::test_runner::TestCaseError;

#[test]
fn bytes_that_are_no_lesson_are_refused_at_the_place() {
    let listening = |bytes: &[u8], expect: &[&str]| check(&with(good(), "listening.md", bytes), expect);
    listening(b"", &["listening.md:1:1: error: the lesson has no front matter"]);
    listening(b"# Listening\n", &["listening.md:1:1: error: the lesson has no front matter"]);
    listening(b"+++\nsubject = \"x\"\n\nText\n", &["listening.md:1:1: error: the front matter has no end"]);
    listening(b"+++\nsubject = \"x\"\n+++\n \n", &["listening.md:5:1: error: the lesson has no text"]);
    listening(
        b"+++\nsubject = \"x\n+++\nText\n",
        &["listening.md:2:13: error: this isn't TOML: invalid basic string, expected `\"`"],
    );
    listening("+++\r\nsubject = \"ü\"\r\n+++\r\nText \u{e9}\r\n".as_bytes(), &[]);
    listening(
        b"\xef\xbb\xbf+++\r\nsubject = \"x\"\r\ncolour = 1\r\n+++\r\nText\r\n",
        &["listening.md:3:1: error: unknown key `colour`"],
    );
    listening(b"+++\r\nsubject = \"x\"\r\n+++\r\nna\xefve\n", &["listening.md:4:3: error: this isn't UTF-8"]);
    listening(b"+++\nsubject = \"x\"\n+++\na\0b\n", &["listening.md:4:2: error: a text has no NUL characters"]);
    listening(&[b'a'; 1024 * 1024 + 1], &["listening.md:1:1: error: the file is over 1 MiB"]);
}

#[test]
fn a_lesson_cut_off_anywhere_in_its_front_matter_is_an_error_in_that_file() {
    let whole = every_key();
    let loaded = load("four-stages", "courses", &whole).course.unwrap();
    for lesson in loaded.lessons.values() {
        let path = format!("{}.md", lesson.id);
        for end in 0..=lesson.body {
            let cut = with(whole.clone(), &path, &whole[&path][..end]);
            let loaded = load("four-stages", "courses", &cut);
            assert!(loaded.course.is_none(), "{path} cut off at byte {end} is a course");
            for problem in &loaded.problems {
                assert_eq!(problem.file(), lesson.source.name, "{path} cut off at {end}: {problem}");
                assert!(problem.position().0 >= 1);
            }
        }
    }
}

#[test]
fn what_is_nested_without_end_is_refused_and_never_overflows_the_stack() {
    let (open, dots) = ("[".repeat(200_000), vec!["a"; 200_000].join("."));
    for toml in [format!("lessons = {open}"), format!("{dots} = 1"), format!("[{dots}]"), "a={".repeat(200_000)] {
        let nested = with(every_key(), "course.toml", &toml);
        assert!(load("four-stages", "courses", &nested).course.is_none());
        let nested = with(every_key(), "listening.md", format!("+++\n{toml}\n+++\nText"));
        assert!(load("four-stages", "courses", &nested).course.is_none());
    }
}

/// Every problem points into its file, whatever stood there.
fn points_into_its_file(tree: &Tree) -> Result<(), TestCaseError> {
    let loaded = load("four-stages", "courses", tree);
    for problem in &loaded.problems {
        prop_assert!(problem.source.text.get(problem.span.clone()).is_some(), "{problem} at {:?}", problem.span);
        prop_assert!(!problem.help.is_empty(), "{problem}");
    }
    prop_assert_eq!(loaded.course.is_none(), any_error(&loaded.problems));
    Ok(())
}

proptest! {
    #[test]
    fn random_bytes_never_panic(path in 0..3_usize, bytes in vec(any::<u8>(), 0..300)) {
        points_into_its_file(&with(every_key(), PATHS[path], bytes))?;
    }

    #[test]
    fn random_text_between_fences_never_panics(text in "[a-zü=\"'\\[\\]{}#. \r\n0-9:-]{0,200}") {
        points_into_its_file(&with(every_key(), "listening.md", format!("+++\n{text}\n+++\nText")))?;
    }

    #[test]
    fn a_good_file_with_bytes_exchanged_never_panics(
        path in 0..3_usize,
        at in any::<prop::sample::Index>(),
        length in 0..20_usize,
        bytes in vec(any::<u8>(), 0..20),
    ) {
        let tree = every_key();
        let mut file = tree[PATHS[path]].clone();
        let start = at.index(file.len());
        let end = (start + length).min(file.len());
        file.splice(start..end, bytes);
        points_into_its_file(&with(tree, PATHS[path], file))?;
    }
}

const PATHS: [&str; 3] = ["course.toml", "welcome.md", "listening.md"];

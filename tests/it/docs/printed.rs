//! Whether a command printed what a page says it prints. Knows no command.

/// `…` in a line stands for anything in that line, and a line that is `…` alone for any lines, also none.
pub fn matches(expect: &str, got: &str) -> bool {
    let expect: Vec<&str> = expect.lines().collect();
    let got: Vec<&str> = got.lines().collect();
    lines(&expect, &got)
}

fn lines(expect: &[&str], got: &[&str]) -> bool {
    match expect {
        [] => got.is_empty(),
        ["…", rest @ ..] => (0..=got.len()).any(|left_out| lines(rest, &got[left_out..])),
        [first, rest @ ..] => got.split_first().is_some_and(|(line, more)| words(first, line) && lines(rest, more)),
    }
}

fn words(expect: &str, got: &str) -> bool {
    let Some((before, behind)) = expect.split_once('…') else { return expect == got };
    let Some(left) = got.strip_prefix(before) else { return false };
    left.char_indices().map(|(at, _)| at).chain([left.len()]).any(|at| words(behind, &left[at..]))
}

#[test]
fn an_ellipsis_stands_for_what_differs_each_time() {
    let check = |expect: &str, got: &str, same: bool| assert_eq!(matches(expect, got), same, "{expect:?} and {got:?}");
    check("", "", true);
    check("", "a\n", false);
    check("a\n", "a\n", true);
    check("a\n", "", false);
    check("a\n", "a\nb\n", false);
    check("a … c\n", "a b c\n", true);
    check("a … c\n", "a b d\n", false);
    check("…a\n", "zéa\n", true);
    check("on … at …\n", "on Monday at 8\n", true);
    check("on … at …\n", "on Monday\nat 8\n", false);
    check("a\n…\nz\n", "a\nz\n", true);
    check("a\n…\nz\n", "a\nb\nc\nz\n", true);
    check("a\n…\nz\n", "a\nb\nz\ny\n", false);
    check("…\n", "", true);
}

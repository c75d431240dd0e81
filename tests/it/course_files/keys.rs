//! Keys and their values: unknown, missing, impossible.

use crate::course_files::COURSE;
use crate::course_files::LISTENING;
use crate::course_files::check;
use crate::course_files::check_help;
use crate::course_files::course_with;
use crate::course_files::good;
use crate::course_files::lines;
use crate::course_files::listening_with;
use crate::course_files::newsletter;
use crate::course_files::newsletter_with;
use crate::course_files::welcome_with;
use crate::course_files::with;
use dripline::course::Tree;
use dripline::course::load;

#[test]
fn a_course_without_problems_loads() {
    check(&good(), &[]);
    check(&newsletter(), &[]);
}

#[test]
fn an_unknown_key_is_named_with_what_was_probably_meant() {
    check(&course_with("title", "tilte"), &["course.toml:1:1: error: unknown key `tilte`"]);
    check_help(&course_with("title", "tilte"), "did you mean `title`?");
    check(&course_with("send =", "sent = 1\nsend ="), &["course.toml:7:1: error: unknown key `schedule.sent`"]);
    check(&listening_with("prevew = \"x\""), &["listening.md:3:1: error: unknown key `prevew`"]);
    check(
        &welcome_with("kind = \"scale\"", "kind = \"scale\"\nmaximum = 3"),
        &["welcome.md:20:1: error: unknown key `maximum` of question `ease`"],
    );
}

#[test]
fn what_is_required_and_missing_is_named() {
    check(
        &with(good(), "course.toml", "summary = \"x\"\n"),
        &[
            "course.toml:1:1: error: `language` is missing",
            "course.toml:1:1: error: `lessons` is missing",
            "course.toml:1:1: error: `schedule.send` is missing",
            "course.toml:1:1: error: `schedule.wait` is missing",
            "course.toml:1:1: error: `title` is missing",
        ],
    );
    check(&course_with("wait = \"2 days\"\n", ""), &["course.toml:5:1: error: `schedule.wait` is missing"]);
    check(
        &with(good(), "listening.md", "+++\npreview = \"x\"\n+++\nListen.\n"),
        &["listening.md:2:1: error: `subject` is missing"],
    );
}

#[test]
fn a_newsletter_needs_issues_or_a_date_in_each_issue() {
    let without = newsletter_with("issues = \"0 9 1 * *\"\n", "");
    check(&without, &["first.md:2:1: error: `date` is missing"]);
    let dated = "+++\nsubject = \"A\"\ndate = 2026-12-01T09:00:00\n+++\nText.\n";
    check(&with(without, "first.md", dated), &[]);
}

#[test]
fn a_folder_without_course_toml_is_a_problem() {
    let mut tree = good();
    tree.remove("course.toml");
    let loaded = load("four-stages", "courses", &tree);
    assert_eq!(lines(&loaded), ["course.toml:1:1: error: this folder has no course.toml"]);
    check(&with(good(), "course.toml", ""), &["course.toml:1:1: error: course.toml is empty"]);
}

#[test]
fn a_listed_lesson_without_a_file_is_an_error_at_its_place_in_the_list() {
    check(
        &course_with("\"listening\"", "\"lisening\""),
        &[
            "course.toml:3:23: error: there is no lesson file `lisening.md`",
            "listening.md:1:1: warning: a draft: nobody gets `listening`",
        ],
    );
    check_help(&course_with("\"listening\"", "\"lisening\""), "did you mean \"listening\"?");
    check(
        &course_with("\"listening\"", "\"listening.md\""),
        &[
            "course.toml:3:23: error: `listening.md` can't be a lesson's id",
            "listening.md:1:1: warning: a draft: nobody gets `listening`",
        ],
    );
    check(
        &with(course_with("\"listening\"", "\"listening\", \"Größe\""), "Größe.md", LISTENING),
        &["course.toml:3:36: error: `Größe` can't be a lesson's id"],
    );
}

#[test]
fn a_draft_and_what_is_wrong_in_it_are_warnings() {
    check(
        &with(good(), "later.md", "+++\nsubjet = \"x\"\n+++\n"),
        &[
            "later.md:1:1: warning: a draft: nobody gets `later`",
            "later.md:2:1: warning: unknown key `subjet`",
            "later.md:4:1: warning: the lesson has no text",
        ],
    );
}

#[test]
fn dates_to_skip_leave_moments() {
    let skip =
        |range: &str| course_with("send =", &format!("skip = [\"2026-12-24..2027-01-02\", \"{range}\"]\nsend ="));
    check(&skip("2027-01-03..2031-12-01"), &[]);
    let expect = "course.toml:7:1: error: `schedule.skip` leaves `schedule.send` no moment for 5 years from ";
    check(&skip("2027-01-03..2207-01-02"), &[&format!("{expect}2026-12-24")]);
    check(&skip("0001-01-01..9999-12-31"), &[&format!("{expect}2026-12-24")]);
}

#[test]
fn a_subject_of_more_than_78_characters_is_a_warning() {
    let subject = |n: usize| with(good(), "listening.md", format!("+++\nsubject = \"{}\"\n+++\nx\n", "ü".repeat(n)));
    check(&subject(78), &[]);
    check(
        &subject(79),
        &["listening.md:2:11: warning: the subject has 79 characters, and mail programs show at most 78"],
    );
}

#[test]
fn a_choice_needs_options() {
    check(
        &welcome_with("options = { neck = \"Neck\", jaw = \"Jaw\" }\n", ""),
        &["welcome.md:4:1: error: a choice without options"],
    );
    check(
        &welcome_with("{ neck = \"Neck\", jaw = \"Jaw\" }", "{}"),
        &["welcome.md:8:11: error: a choice without options"],
    );
}

#[test]
fn a_required_block_must_be_defined_in_course_toml() {
    let course = |block: &str| with(good(), "course.toml", format!("require = [\"{block}\"]\n{COURSE}"));
    check(
        &course("disclaimer"),
        &["course.toml:1:12: error: `require` names `disclaimer`, which this file doesn't define"],
    );
    check(&course("crysis"), &["course.toml:1:12: error: `require` knows no block `crysis`"]);
    check_help(&course("crysis"), "did you mean \"crisis\"?");
    let defined = format!("require = [\"crisis\"]\ncrisis = \"Call 112.\"\n{COURSE}");
    check(&with(good(), "course.toml", defined), &[]);
}

#[test]
fn times_that_cannot_be_meant_are_refused_at_their_place() {
    let first = |tree: &Tree, expect: &str| {
        let found = lines(&load("four-stages", "courses", tree));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expect), "{found:?} doesn't begin with {expect}");
    };
    first(&course_with("30 8 * * Mon-Fri", "61 8 * * *"), "course.toml:7:8: error: `schedule.send`: ");
    first(&course_with("30 8 * * Mon-Fri", "0 0 30 8 * *"), "course.toml:7:8: error: `schedule.send`: ");
    first(&course_with("30 8 * * Mon-Fri", "0 8 30 2 *"), "course.toml:7:8: error: `schedule.send`: ");
    first(&course_with("2 days", "0 days"), "course.toml:6:8: error: `schedule.wait`: ");
    first(&course_with("2 days", "20 min"), "course.toml:6:8: error: `schedule.wait`: ");
    first(&course_with("send =", "spread = \"20 minutes\"\nsend ="), "course.toml:7:10: error: `schedule.spread`: ");
    first(
        &course_with("send =", "skip = [\"2027-02-02..2027-02-01\"]\nsend ="),
        "course.toml:7:9: error: `schedule.skip`: ",
    );
    first(
        &course_with("send =", "starts = 2027-01-11T08:00:00\nsend ="),
        "course.toml:7:10: error: `schedule.starts` is no date",
    );
    first(
        &course_with("send =", "starts = \"2027-01-11\"\nsend ="),
        "course.toml:7:10: error: `schedule.starts` should be a date",
    );
    first(&course_with("send =", "starts = 2027-02-30\nsend ="), "course.toml:7:10: error: this isn't TOML");
    first(
        &course_with("send =", "late = \"never\"\nsend ="),
        "course.toml:7:8: error: `schedule.late` can't be \"never\"",
    );
    first(
        &course_with("send =", "late = \"closed\"\nsend ="),
        "course.toml:7:1: error: `schedule.late` is for a cohort",
    );
    first(
        &course_with("send =", "keep_dates = true\nsend ="),
        "course.toml:7:1: error: `schedule.keep_dates` is for a cohort",
    );
    first(
        &course_with("send =", "pace = { slowest = 0.9 }\nsend ="),
        "course.toml:7:20: error: `schedule.pace.slowest` isn't from 1 to 100",
    );
    for fastest in ["1.5", "0", "-1"] {
        let tree = course_with("send =", &format!("pace = {{ fastest = {fastest} }}\nsend ="));
        first(&tree, "course.toml:7:20: error: `schedule.pace.fastest` isn't from 0.01 to 1");
    }
    first(&listening_with("wait = \"soon\""), "listening.md:3:8: error: `wait`: ");
    first(&listening_with("date = 2026-12-01"), "listening.md:3:8: error: `date` is no local date and time");
    first(&listening_with("date = 2026-12-01T09:00:00Z"), "listening.md:3:8: error: `date` is no local date and time");
    first(
        &newsletter_with("issues =", "late_limit = \"1 year\"\nissues ="),
        "course.toml:7:14: error: `newsletter.late_limit`: ",
    );
    first(
        &newsletter_with("issues =", "time_zone = \"Europe/Berln\"\nissues ="),
        "course.toml:7:13: error: there is no time zone",
    );
}

#[test]
fn language_sender_invitation_and_fields_are_checked() {
    let course = |line: &str| with(good(), "course.toml", format!("{line}\n{COURSE}"));
    check(&course_with("\"en\"", "\"english\""), &["course.toml:2:12: error: `english` isn't a language tag"]);
    check(
        &course("invite = { text = \"Talk\", url = \"example.org\" }"),
        &["course.toml:1:33: error: `example.org` isn't a web address"],
    );
    check(
        &course("sender = { name = \"Ana\", address = \"ana\" }"),
        &[
            "course.toml:1:36: error: `sender.address`: this isn't an e-mail address; it should look like name@example.org",
        ],
    );
    check(&course("sender = { name = \"Ana\" }"), &["course.toml:1:10: error: `sender.address` is missing"]);
    check(
        &course("fields = { \"my-horn\" = {}, first_name = {}, horn = { lable = \"x\" } }"),
        &[
            "course.toml:1:12: error: `my-horn` can't be a field's name",
            "course.toml:1:28: error: `first_name` is always asked and can't be a field",
            "course.toml:1:54: error: unknown key `fields.horn.lable`",
        ],
    );
    check(&course("about = \"about.md\""), &["course.toml:1:9: error: there is no file `about.md`"]);
}

#[test]
fn a_course_has_a_schedule_and_a_newsletter_has_issues() {
    check(
        &course_with("[schedule]", "[newsletter]\n[schedule]"),
        &["course.toml:5:1: error: [newsletter] is only for kind = \"newsletter\""],
    );
    check(
        &newsletter_with("[newsletter]", "[schedule]\n[newsletter]"),
        &["course.toml:6:1: error: [schedule] is only for kind = \"course\""],
    );
    check(
        &with(newsletter(), "first.md", "+++\nsubject = \"A\"\nwait = \"2 days\"\n+++\nx\n"),
        &["first.md:3:8: error: an issue of a newsletter has no `wait`"],
    );
    check(
        &course_with("language", "kind = \"letter\"\nlanguage"),
        &["course.toml:2:8: error: `kind` can't be \"letter\", only \"course\" or \"newsletter\""],
    );
}

#[test]
fn a_question_is_complete_and_its_alert_names_options() {
    check(
        &welcome_with("jaw = \"Jaw\" }", "jaw = \"Jaw\" }\nalert = [\"jar\"]"),
        &["welcome.md:9:10: error: `alert` names no option of this question: `jar`"],
    );
    check(
        &welcome_with("kind = \"scale\"", "kind = \"scale\"\nalert = [\"9\"]"),
        &["welcome.md:20:9: error: `alert` names options, and this question has none"],
    );
    check(
        &welcome_with("kind = \"scale\"", "kind = \"scale\"\nmin = 5\nmax = 5"),
        &["welcome.md:21:7: error: the scale ends at 5 and begins at 5"],
    );
    check(
        &welcome_with("kind = \"scale\"", "kind = \"scael\""),
        &[
            "welcome.md:19:8: error: `kind` of question `ease` can't be \"scael\", only \"choice\" or \"choices\" or \"scale\" or \"text\"",
        ],
    );
    check(
        &welcome_with("id = \"ease\"", "id = \"the-ease\""),
        &["welcome.md:17:6: error: `the-ease` can't be a question's id"],
    );
    check(
        &welcome_with("question = \"How easy?\"\n", ""),
        &["welcome.md:16:1: error: `question` of question `ease` is missing"],
    );
}

//! What `check` says about lessons and templates, and what the final bytes must hold.

use crate::message::built_in;
use crate::message::bytes;
use crate::message::course;
use crate::message::lesson;
use crate::message::lint;
use crate::message::look::LOGO;
use crate::message::region;
use crate::message::render;
use crate::message::site;
use crate::message::values;
use dripline::course::Block;
use dripline::course::Course;
use dripline::course::Lesson;
use dripline::message;
use dripline::message::Required;
use dripline::message::Templates;
use dripline::message::Values;
use proptest::prelude::any;
use proptest::prelude::prop;
use proptest::strategy::Strategy;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// What `check` says about a lesson: line, message.
pub fn complaints(lesson: Lesson) -> Vec<String> {
    let mut course = course(lesson);
    course.files.insert("images/hand.png".into(), LOGO.to_vec());
    complaints_of(&course, &built_in())
}

fn complaints_of(course: &Course, templates: &Templates) -> Vec<String> {
    let found = message::check_lesson(templates, &site(), course, &course.lessons["listening"]);
    found.iter().map(ToString::to_string).map(|line| line.replace("courses/four-stages/", "")).collect()
}

#[test]
fn check_names_every_problem_of_a_lesson_with_its_place() {
    let check = |body: &str, expect: &[&str]| assert_eq!(complaints(lesson(body)), expect, "{body}");
    check("Hello {{ subscriber.first_name or \"you\" }}, {{ subscriber.fields.town }}.", &[]);
    check(
        "Hello.\n\nDear {{ subscriber.first_name }},\n{{ subscriber.fields.instrument }}\n",
        &[
            "listening.md:6:6: error: `{{ subscriber.first_name }}` may be missing for a subscriber",
            "listening.md:7:1: error: `{{ subscriber.fields.instrument }}` may be missing for a subscriber",
        ],
    );
    check(
        "{{ subscriber.frist_name or \"x\" }} {{ nonsense or 1 }}",
        &[
            "listening.md:4:4: error: unknown name `subscriber.frist_name`",
            "listening.md:4:39: error: unknown name `nonsense`",
        ],
    );
    check(
        "a {% if subscriber.first_name %}{{ answers.nothing }}{% endif %}",
        &["listening.md:4:36: error: unknown name `answers.nothing`"],
    );
    check("a {% if progress.number > 1 %}b", &["listening.md:4:3: error: `if` is never closed"]);
    check("a {% endif %}", &["listening.md:4:3: error: `endif` has no opening tag here"]);
    check("a {{ b", &["listening.md:4:3: error: `{{` opens a tag that nothing closes"]);
    check(
        "{% include \"mail/layout.mjml\" %}",
        &[
            "listening.md:4:1: error: a lesson can't use `include`: it may not read other files",
            "listening.md:4:1: error: this lesson has no plain text",
        ],
    );
    check(
        "One {% if progress.number > 1 %} two.\n\nThree {% endif %} four.",
        &["listening.md:4:5: error: `{% if progress.number > 1 %}` opens in one paragraph and closes in another"],
    );
    check(
        "- one {% if progress.number > 1 %}\n- two {% endif %}",
        &["listening.md:4:7: error: `{% if progress.number > 1 %}` opens in one paragraph and closes in another"],
    );
    check("{% if progress.number > 1 %}\n- one\n{% endif %}\n- two", &[]);
    check(
        "Words {{ crisis() }} words",
        &["listening.md:4:7: error: `{{ crisis() }}` prints paragraphs, and stands within one"],
    );
    check("{{ ask(id=\"region\") }}", &["listening.md:4:4: error: this lesson has no question `region`"]);
    check(
        "{{ get_env(name=\"HOME\") }}",
        &["listening.md:4:1: error: `{{ get_env(name=\"HOME\") }}`: Unknown function `get_env`"],
    );
    check("{{ now() }}", &["listening.md:4:1: error: `{{ now() }}`: Unknown function `now`"]);
    check("# One\n\n### Three\n", &["listening.md:6:1: error: a heading of level 3 follows one of level 1"]);
    check(
        "[a](other.md) [b](listening.md) [c](javascript:alert(1)) [d](mailto:a@b.org)",
        &[
            "listening.md:4:1: error: dead link `other.md`",
            "listening.md:4:15: error: dead link `listening.md`",
            "listening.md:4:33: error: a link can't go to `javascript:`",
        ],
    );
    check(
        "[a]({{ subscriber.language }}:x) [b]({{ links.pause }})",
        &["listening.md:4:1: error: a link can't begin with a value"],
    );
    check(
        "![](images/hand.png) ![x](images/none.png) ![x](notes.pdf)",
        &[
            "listening.md:4:1: error: an image without a description",
            "listening.md:4:22: error: there is no image `images/none.png`",
            "listening.md:4:44: error: an image that a mail can't show",
        ],
    );
    check("<!-- nothing -->", &["listening.md:4:1: error: this lesson has no plain text"]);
    check(&"word ".repeat(30_000), &["listening.md:4:1: error: this mail has 321 KB; the limit is 100 KB"]);
    check(
        "{% for a in range(end=900) %}{% for b in range(end=900) %}{{ \"0123456789\" }}{% endfor %}{% endfor %}",
        &["listening.md:4:101: error: this lesson grows beyond 1024 KiB"],
    );
}

#[test]
fn a_crisis_text_that_is_not_written_can_not_be_placed() {
    let mut course = course(lesson("a\n\n{{ crisis() }}"));
    course.crisis = None;
    assert_eq!(complaints_of(&course, &built_in()), ["listening.md:6:4: error: this course has no crisis text"]);
}

#[test]
fn a_tag_where_nothing_is_filled_in_is_an_error() {
    let mut noted = lesson("Hello.");
    noted.content_note = Some("For {{ subscriber.first_name }}".to_string());
    let note = "error: `content_note` stands in mails as it is, with this tag in it";
    let found = complaints(noted);
    assert!(found.len() == 1 && found[0].ends_with(note), "{found:?}");
    let mut course = course(lesson("Hello."));
    course.disclaimer = Some("Dear {% if x %}".to_string());
    let found = complaints_of(&course, &built_in());
    assert!(
        found.len() == 1 && found[0].ends_with("error: `disclaimer` stands in mails as it is, with this tag in it")
    );
}

#[test]
fn check_refuses_what_could_let_words_become_html_or_never_end() {
    let check = |body: &str, expect: &[&str]| assert_eq!(complaints(lesson(body)), expect, "{body}");
    check(
        "{{ subscriber.fields.town | safe }} {% filter safe %}a{% endfilter %}",
        &[
            "listening.md:4:29: error: `safe` would let what a person typed pass as HTML",
            "listening.md:4:47: error: `safe` would let what a person typed pass as HTML",
        ],
    );
    check(
        "Go <a href={{ subscriber.fields.town }}>there</a>",
        &[
            "listening.md:4:4: error: a link can't begin with a value",
            "listening.md:4:4: error: a value can't stand within the tag `<a>`",
        ],
    );
    check("<p>Take <a href=\"{{ links.pause }}\">a pause</a>, {{ subscriber.fields.town }}.</p>", &[]);
    check(
        "Go <a href=\"javascript:x\" onclick=\"y\">there</a>",
        &[
            "listening.md:4:4: error: a link can't go to `javascript:`",
            "listening.md:4:4: error: a mail can't have `onclick`",
        ],
    );
    check("Hi\n\n<script>\nx()\n</script>", &["listening.md:6:1: error: a mail can't have `<script>`"]);
    check(
        "A hand: <img\nsrc=\"images/hand.png\">",
        &[
            "listening.md:4:9: error: an image that a mail can't show",
            "listening.md:4:9: error: an image without a description",
        ],
    );
    check("A <img alt=\"hand\" src=\"https://a.org/b.png\">", &[]);
    check("A ![ ](images/hand.png)", &["listening.md:4:3: error: an image without a description"]);
    check("Write to <ana@example.org>, or see <https://a.org/b>.", &[]);
    check("a {% set_global a = 1 %}", &["listening.md:4:3: error: `set_global` is no tag of a lesson"]);
    let nested = "{% for a in range(end=9) %}{% for b in range(end=9) %}{% for c in range(end=9) %}x{% endfor %}{% endfor %}{% endfor %}";
    check(nested, &["listening.md:4:55: error: a `for` stands within two others, and may never come to an end"]);
    check(
        "a {% for a in range(end=1001) %}{% endfor %}",
        &[
            "listening.md:4:3: error: `{% for a in range(end=1001) %}`: `range` gives more than 1000 numbers: no mail needs them",
        ],
    );
}

#[test]
fn an_answer_may_steer_a_lesson_but_never_stands_in_its_subject() {
    let mut steered = lesson("{% if answers.region == \"neck\" %}Neck.{% else %}Else.{% endif %}");
    steered.asks.push(region());
    assert_eq!(complaints(steered.clone()), Vec::<String>::new());
    let values = Values { answers: BTreeMap::new(), ..values() };
    let rendered = render(steered.clone(), &values);
    assert!(rendered.text.starts_with("Else.\n\nWhere does it show up most for you?"), "{}", rendered.text);
    steered.subject = "{% if subscriber.first_name %}For you{% endif %}".into();
    assert_eq!(complaints(steered.clone()), ["listening.md:2:1: error: the subject may be empty for a subscriber"]);
    steered.subject = "About your {{ answers.region or \"body\" }}".into();
    assert_eq!(complaints(steered), ["listening.md:2:1: error: an answer can't stand in a subject or preview"]);
}

#[test]
fn check_says_how_to_ask_for_a_value_that_may_be_missing() {
    let check = |body: &str, expect: &[&str]| {
        let mut lesson = lesson(body);
        lesson.asks.push(region());
        assert_eq!(complaints(lesson), expect, "{body}");
    };
    check("a {% if answers.region is answered and answers.region == \"neck\" %}b{% endif %}", &[]);
    check("a {% if answers.region is not answered %}b{% endif %}", &[]);
    check("{% for id, value in subscriber.fields %}{{ id }}: {{ value }}{% endfor %} {{ answers | length }}", &[]);
    check(
        "a {% if \"n\" in answers.region %}b{% endif %}",
        &[
            "listening.md:4:3: error: `{% if \"n\" in answers.region %}` needs a value that may be missing for a subscriber",
        ],
    );
    check(
        "{{ links }} {{ subscriber.fields }}",
        &[
            "listening.md:4:4: error: `links` holds several values",
            "listening.md:4:16: error: `subscriber.fields` holds several values",
        ],
    );
}

#[test]
fn an_image_is_served_under_its_hash_and_a_heavy_one_is_refused() {
    let rendered = render(lesson("![a hand](images/hand.png)"), &values());
    let hash = message::image_hash(super::DOT);
    assert!(rendered.html.contains(&format!("src=\"https://learn.example.org/image/{hash}\"")));
    let mut heavy = course(lesson("![a hand](images/hand.png)"));
    heavy.files.insert("images/hand.png".into(), [LOGO, &vec![0; 1_200_000]].concat());
    let expect = ["listening.md:4:1: error: the image `images/hand.png` has 1.2 MB; the limit is 1 MB"];
    assert_eq!(complaints_of(&heavy, &built_in()), expect);
}

#[test]
fn a_template_that_drops_a_required_block_is_caught_on_the_final_bytes() {
    let check = |path: &str, from: &str, to: &str, expect: &[&str]| {
        let original = std::fs::read_to_string(format!("{}/templates/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(original.contains(from), "{path} {from}");
        let own = original.replace(from, to);
        let templates = Templates::load(&BTreeMap::from([(path.to_string(), own.into_bytes())])).unwrap();
        assert_eq!(complaints_of(&course(lesson("Hello.")), &templates), expect, "{path} {from}");
    };
    let html = "mail/layout.mjml";
    check(
        html,
        "{{ disclaimer_html }}",
        "",
        &["listening.md:4:1: error: the HTML part of `listening` lacks the disclaimer"],
    );
    check(
        html,
        "{{ disclaimer_html }}",
        "<!-- {{ disclaimer_html }} -->",
        &["listening.md:4:1: error: the HTML part of `listening` lacks the disclaimer"],
    );
    check(
        html,
        "{{ site.postal_address }}",
        "<span style=\"display:none\">{{ site.postal_address }}</span>",
        &["listening.md:4:1: error: the HTML part of `listening` lacks the postal address"],
    );
    check(
        html,
        "{{ words.leave }}",
        "",
        &["listening.md:4:1: error: the HTML part of `listening` lacks the link to leave"],
    );
    let text = "mail/layout.txt";
    check(
        text,
        "{{ footer.disclaimer_text }}",
        "",
        &["listening.md:4:1: error: the text part of `listening` lacks the disclaimer"],
    );
    check(
        text,
        "{{ links.leave }}",
        "",
        &["listening.md:4:1: error: the text part of `listening` lacks the link to leave"],
    );
    check(
        text,
        "{{ site.postal_address }}",
        "{{ site.nonsense }}",
        &[
            "templates/mail/layout.txt:35:9: error: Field `nonsense` is not defined. Available fields: name, postal_address, url",
        ],
    );
}

#[test]
fn a_required_crisis_text_must_stand_in_every_lesson() {
    let mut without = course(lesson("Hello."));
    without.require.push(Block::Crisis);
    assert_eq!(
        complaints_of(&without, &built_in()),
        [
            "listening.md:4:1: error: the HTML part of `listening` lacks the crisis text",
            "listening.md:4:1: error: the text part of `listening` lacks the crisis text",
        ]
    );
    let mut with = course(lesson("Hello.\n\n{{ crisis() }}\n"));
    with.require.push(Block::Crisis);
    assert_eq!(complaints_of(&with, &built_in()), Vec::<String>::new());
}

#[test]
fn a_real_mail_passes_what_it_must_hold_and_a_changed_one_does_not() {
    let (course, values) = (course(lesson("Hello.")), values());
    let needed = Required::new(&site(), &course);
    let mail = bytes(&render(lesson("Hello."), &values), None, &values.links.leave);
    assert_eq!(message::required(&mail, &needed, &values.links.leave), Ok(()));
    assert!(message::required(&mail, &needed, "https://learn.example.org/leave/other").is_err());
    let text = String::from_utf8(mail).unwrap();
    let (no_html, _) = text.split_once("Content-Type: text/html").unwrap();
    let missing = message::required(no_html.as_bytes(), &needed, &values.links.leave).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "this mail may not leave: it lacks everything in the HTML part; correct the mail's template"
    );
    assert!(message::required(b"nonsense", &needed, "x").is_err());
}

#[test]
fn a_broken_template_of_the_coach_is_reported_at_its_place() {
    let own = |path: &str, text: &str| (path.to_string(), text.as_bytes().to_vec());
    let files = BTreeMap::from([
        own("mail/layout.txt", "fine\n{% if %}"),
        own("mail/lesson/mail.html", "{{ a | nonsense }}"),
        own("web/page.html", "{% not a mail %}"),
    ]);
    let problems = Templates::load(&files).err().unwrap();
    let mut lines: Vec<String> = problems.iter().map(|problem| problem.to_string()).collect();
    lines.sort();
    assert!(lines[0].starts_with("templates/mail/layout.txt:2:7: error: "), "{lines:?}");
    assert!(lines[1].starts_with("templates/mail/lesson/mail.html:1:8: error: "), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn no_text_makes_check_panic_and_what_passes_is_a_sound_mail() {
    const PIECES: [&str; 40] = [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{{ ",
        " }}",
        "{% if a %}",
        "{% if progress.number > 0 %}",
        "{% endif %}",
        "{% else %}",
        "{% raw %}",
        "{% endraw %}",
        "{{ links.leave }}",
        "{{ progress.of }}",
        "qtag0z",
        "qtag1",
        "\n",
        "\n\n",
        "```",
        "~~~\n",
        "- ",
        "1. ",
        "> ",
        "    ",
        "# ",
        "### ",
        "[a](",
        "](b)",
        "![",
        "https://a.org/",
        "<b ",
        "</b>",
        "<!--",
        "|a|b|\n|-|-|\n|",
        "\"",
        "&amp;",
        "é🎻\u{2028}",
        "word \r\n.",
    ];
    let texts = prop::collection::vec(any::<prop::sample::Index>(), 0..24)
        .prop_map(|picks| picks.iter().map(|pick| PIECES[pick.index(PIECES.len())]).collect::<String>());
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let (templates, values) = (built_in(), values());
    let sound = |text: String| {
        let course = course(lesson(&text));
        let lesson = &course.lessons["listening"];
        if message::check_lesson(&templates, &site(), &course, lesson).is_empty() {
            let prepared = message::prepare(&templates, &site(), &course, lesson).unwrap();
            let mail = bytes(&prepared.render(&values).unwrap(), None, &values.links.leave);
            lint(&mail);
            assert_eq!(message::required(&mail, &Required::new(&site(), &course), &values.links.leave), Ok(()));
        }
        Ok(())
    };
    runner.run(&texts, sound).unwrap();
}

//! What coaches write beyond words, as readers get it: footnotes, figures, buttons and recordings.

use super::built_in;
use super::check::complaints;
use super::course;
use super::lesson;
use super::render;
use super::site;
use super::values;
use dripline::message;
use dripline::message::Rendered;

fn both(body: &str) -> Rendered {
    render(lesson(body), &values())
}

fn page(body: &str) -> String {
    let course = course(lesson(body));
    message::prepare(&built_in(), &site(), &course, &course.lessons["listening"]).unwrap().page(&values()).unwrap()
}

/// Without what the style sheet put into the elements.
fn bare(html: &str) -> String {
    let mut bare = String::new();
    let mut rest = html;
    while let Some(at) = rest.find(" style=\"") {
        bare.push_str(&rest[..at]);
        rest = rest[at + 8..].split_once('"').unwrap().1;
    }
    bare + rest
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` isn't in:\n{text}");
    }
}

const NOTES: &str = "Rest first.[^rest] Then move,[^2] and rest again.[^rest]\n\n[^2]: Slowly, as [a friend](https://example.org/a) says.\n\n[^rest]: Ten minutes.\n\n    Not more.\n\nThe end.\n";

#[test]
fn footnotes_are_numbers_in_the_text_and_a_list_behind_it() {
    let rendered = both(NOTES);
    holds(
        &bare(&rendered.html),
        &[
            "Rest first.<sup class=\"mark\" id=\"note-1-ref\">1</sup> Then move,<sup class=\"mark\" id=\"note-2-ref\">2</sup> and rest again.<sup class=\"mark\">1</sup></p>",
            "<p>The end.</p>\n<hr>\n<h2 class=\"quiet notes\">Notes</h2>\n<ol class=\"quiet\">\n<li id=\"note-1\">\n<p>Ten minutes.</p>\n<p>Not more.</p>\n</li>\n<li id=\"note-2\">\n<p>Slowly, as <a href=\"https://example.org/a\">a friend</a> says.</p>\n</li>\n</ol>",
        ],
    );
    assert!(!rendered.html.contains("href=\"#"), "jumping within a mail fails in many programs");
    holds(
        &rendered.text,
        &[
            "Rest first.[1] Then move,[2] and rest again.[1]\n\nThe end.\n\nNotes\n-----\n\n[1] Ten minutes.\n\n    Not more.\n\n[2] Slowly, as a friend <https://example.org/a> says.\n",
        ],
    );
}

#[test]
fn on_a_page_footnotes_lead_there_and_back() {
    holds(
        &bare(&page(NOTES)),
        &[
            "<sup class=\"mark\" id=\"note-1-ref\"><a href=\"#note-1\">1</a></sup> Then",
            "again.<sup class=\"mark\"><a href=\"#note-1\">1</a></sup>",
            "<li id=\"note-1\">\n<p>Ten minutes.</p>\n<p>Not more. <a href=\"#note-1-ref\" aria-label=\"Back to the text\">↩\u{fe0e}</a></p>",
        ],
    );
}

#[test]
fn a_footnote_without_words_or_without_a_number_is_an_error() {
    let check = |body: &str, expect: &[&str]| assert_eq!(complaints(lesson(body)), expect, "{body}");
    check("Rest.[^1]\n", &["listening.md:4:6: error: there is no note `[^1]:`"]);
    check("Rest.\n\n[^1]: Ten minutes.\n", &["listening.md:6:1: error: nothing in the text names the note `[^1]:`"]);
    check("Rest.[^1]\n\n[^1]:\n", &["listening.md:6:1: error: the note `[^1]:` is empty"]);
    check("Rest.[^a]\n\n[^a]: One.\n\n[^A]: Two.\n", &["listening.md:8:1: error: there are two notes `[^A]:`"]);
    check("A class `[^a]`, \\[^1], [^ ] and\n\n```\n[^b]\n```\n", &[]);
    check("Notes in[^1] notes.\n\n[^1]: See there.[^2]\n\n[^2]: There.\n", &[]);
}

#[test]
fn an_image_alone_with_a_title_has_a_caption() {
    let rendered = both(
        "![a hand](images/hand.png \"How the *weight* rests & waits\")\n\nWords ![a hand](images/hand.png \"b\").\n",
    );
    holds(
        &bare(&rendered.html),
        &[
            "<p class=\"figure\"><img src=\"https://learn.example.org/image/",
            "alt=\"a hand\"></p>\n<p class=\"quiet caption\">How the *weight* rests &amp; waits</p>",
            "alt=\"a hand\" title=\"b\">",
        ],
    );
    holds(&rendered.text, &["[a hand]\n\nHow the *weight* rests & waits\n\nWords [a hand]."]);
}

#[test]
fn a_button_is_a_table_and_a_line_of_text() {
    let rendered = both(
        "{{ button(text=\"Talk & rest\", url=\"https://example.org/a?b=1&c=2\") }}\n\n{{ button(text=\"Your page\", url=links.my_course) }}\n",
    );
    holds(
        &bare(&rendered.html),
        &[
            "<td bgcolor=\"#1f5f5b\"><a href=\"https://example.org/a?b=1&amp;c=2\">Talk &amp; rest</a></td>",
            &format!("<a href=\"{}\">Your page</a>", values().links.my_course),
        ],
    );
    holds(
        &rendered.text,
        &["Talk & rest: https://example.org/a?b=1&c=2\n", &format!("Your page:\n{}\n", values().links.my_course)],
    );
}

#[test]
fn a_recording_is_a_card_that_leads_to_it() {
    let rendered = both(
        "{{ audio(title=\"Ten quiet minutes\", url=\"https://example.org/ten.mp3\", length=\"10 min\") }}\n\n{{ audio(title=\"Rest\", url=\"https://example.org/rest\") }}\n",
    );
    holds(&bare(&rendered.html), &["Ten quiet minutes</a>", "Listen · 10 min</p>", ">Listen</p>"]);
    holds(
        &rendered.text,
        &[
            "Listen – Ten quiet minutes (10 min): https://example.org/ten.mp3\n",
            "Listen – Rest: https://example.org/rest\n",
        ],
    );
    assert!(!rendered.html.contains("<audio"));
}

#[test]
fn what_is_wrong_with_a_component_is_told_at_its_place() {
    let check = |body: &str, expect: &[&str]| assert_eq!(complaints(lesson(body)), expect, "{body}");
    check("Hello.\n\n{{ button(text=\"Go\") }}\n", &["listening.md:6:4: error: `button` needs `url`"]);
    check(
        "{{ button(text=\"Go\", link=\"https://x.org\") }}\n",
        &["listening.md:4:4: error: `button` needs `url`", "listening.md:4:22: error: `button` takes no `link`"],
    );
    check(
        "{{ button(text=\"Go\", url=\"javascript:x()\") }}\n",
        &["listening.md:4:26: error: `javascript:x()` is no whole address"],
    );
    check(
        "{{ audio(title=\"Rest\", url=\"audio/rest.mp3\") }}\n",
        &["listening.md:4:28: error: sound isn't served from here, and `audio/rest.mp3` is a file"],
    );
    check(
        "Press {{ button(text=\"Go\", url=\"https://x.org\") }} now.\n",
        &[
            "listening.md:4:7: error: `{{ button(text=\"Go\", url=\"https://x.org\") }}` prints paragraphs, and stands within one",
        ],
    );
}

#[test]
fn a_note_of_the_coach_to_herself_stays_with_her() {
    let body = "Before.<!-- ask Mrs. Smith -->\n\n<!-- she is ill\n{% if subscriber.first_name %} -->\n\nBetween.\n\n{% endif %}\n\nAfter.\n";
    let rendered = both(body);
    for part in [&rendered.html, &rendered.text, &page(body)] {
        assert!(!part.contains("Smith") && !part.contains("ill\n"), "{part}");
        assert!(part.contains("Before.") && part.contains("After."), "{part}");
    }
    holds(&both("<!--[if mso]>only Outlook<![endif]-->\n\nAll.\n").html, &["<!--[if mso]>only Outlook<![endif]-->"]);
}

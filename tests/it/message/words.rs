//! What a mail says in words: values that a person typed, raw HTML as text, and questions.

use crate::message::lesson;
use crate::message::render;
use crate::message::values;
use dripline::course::Ask;
use dripline::course::AskKind;
use dripline::message::Rendered;
use dripline::message::Values;
use std::collections::BTreeMap;

#[test]
fn what_a_person_typed_can_neither_turn_the_words_around_it_nor_begin_a_line() {
    let mut lesson = lesson("Dear {{ subscriber.first_name or \"friend\" }}, {{ subscriber.fields.town or \"you\" }}.");
    lesson.subject = "For {{ subscriber.first_name or \"you\" }}".into();
    let check = |name: &str, expect: &str| {
        let fields = BTreeMap::from([("town".to_string(), name.to_string())]);
        let rendered = render(lesson.clone(), &Values { first_name: Some(name.into()), fields, ..values() });
        let greeting = format!("Dear {expect}, {expect}.").replace("friend, friend", "friend, you");
        assert!(rendered.text.starts_with(&format!("{greeting}\n\n---")), "{}", rendered.text);
        assert!(rendered.html.contains(&format!(">{greeting}</p>")), "{greeting}");
        assert_eq!(rendered.subject, format!("For {expect}").replace("friend", "you"));
    };
    check("\u{202e}Zoë\u{2066}", "Zoë");
    check("Zoë\n\nStop these mails:\nhttp://a", "Zoë Stop these mails: http://a");
    check("Z\u{0}o\u{1b}ë\u{2028}x\u{feff}", "Zoë x");
    check("\u{202e}\u{200f}\n", "friend");
}

#[test]
fn lines_that_grow_with_a_value_are_broken_again() {
    let name = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
    let values = Values { first_name: Some(name.into()), ..values() };
    let body = "> Dear {{ subscriber.first_name }}, and all\n\n1. {{ subscriber.first_name }}\n\n```\n{{ subscriber.first_name }}\n```\n\n{{ subscriber.first_name }} {{ links.pause }}";
    let text = render(lesson(body), &values).text;
    let expect = format!(
        "> Dear one two three four five six seven eight nine ten eleven twelve\n\
         > thirteen fourteen, and all\n\n\
         1. one two three four five six seven eight nine ten eleven twelve\n   thirteen fourteen\n\n    {name}\n\n\
         one two three four five six seven eight nine ten eleven twelve thirteen\nfourteen\n{}\n\n---",
        values.links.pause
    );
    assert!(text.starts_with(&expect), "{text}");
}

#[test]
fn raw_html_becomes_text_that_reads_well() {
    let check = |html: &str, expect: &str| {
        let text = render(lesson(html), &values()).text;
        assert!(text.starts_with(&format!("{expect}\n\n---")), "{text}");
    };
    check("<p\nclass=\"x\">One</p><p>two<br>three\nfour &amp; 1 < 2</p>", "One\n\ntwo\nthree four & 1 < 2");
    check("<!-- not > this -->\n<div>Words</div>", "Words");
    check("<ul><li>a</li>\n<li>b</li></ul>\n\nEnd", "- a\n- b\n\nEnd");
    check("A <b\ntitle=\"2 > 1\">bold</b> word, <a@b.org>", "A bold word, a@b.org");
}

#[test]
fn conditions_leave_no_holes_and_join_no_paragraphs() {
    let check = |body: &str, expect: &str| {
        let text = render(lesson(body), &values()).text;
        assert!(text.starts_with(&format!("{expect}\n\n---")), "{text}");
    };
    check("One.\n\n{%- if progress.number > 1 -%}\n\nTwo.\n\n{%- endif -%}\n\nThree.", "One.\n\nTwo.\n\nThree.");
    check("One {% if progress.number > 9 %}two{% endif %} three.", "One three.");
    check("One{%- if progress.number > 1 %} two{% endif %}.", "One two.");
    check(
        "One.\n{% if progress.number > 9 %}\nTwo.\n{% else %}\nNot two.\n{% endif %}\nThree.",
        "One.\n\nNot two.\n\nThree.",
    );
    check(
        "```\na  {{ progress.number }}  {b}\n```\n\n{% raw %}{{ x }}{% endraw %} {y}",
        "    a  2  {b}\n\n{{ x }} {y}",
    );
}

/// The HTML without its styles.
fn unstyled(html: &str) -> String {
    let mut pieces = html.split(" style=\"");
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |words, piece| words + piece.split_once('"').map_or("", |(_, behind)| behind))
}

#[test]
fn an_address_of_ours_among_words_is_a_link() {
    let pause = values().links.pause;
    let rendered = render(lesson("Rest, {{ links.pause }}. `{{ links.pause }}` [x]({{ links.pause }})"), &values());
    let words = unstyled(&rendered.html);
    let expect =
        format!("<p>Rest, <a href=\"{pause}\">{pause}</a>. <code>{pause}</code> <a href=\"{pause}\">x</a></p>");
    assert!(words.contains(&expect), "{words}");
    // Once more below every mail.
    assert_eq!(rendered.text.matches(&pause).count(), 4, "{}", rendered.text);
}

/// The text part of a lesson that asks this alone, with or without a link.
fn asking(kind: AskKind, linked: bool) -> Rendered {
    let mut lesson = lesson("Hello.");
    let ask = Ask { id: "q".into(), question: "How was it?".into(), kind, alert: Vec::new() };
    lesson.asks.push(ask);
    let mut values = values();
    values.links.answer = values.links.answer.filter(|_| linked);
    render(lesson, &values)
}

fn two_options() -> Vec<(String, String)> {
    vec![("a".to_string(), "Good & \"well\"".to_string()), ("b".to_string(), "long ".repeat(20).trim().into())]
}

fn a_scale(min: i64, max: i64, low: &str, high: &str) -> AskKind {
    AskKind::Scale { min, max, low: low.into(), high: high.into() }
}

#[test]
fn a_mail_of_before_there_were_links_says_how_to_reply_and_no_more() {
    let check = |kind: AskKind, expect: &str| {
        let rendered = asking(kind, false);
        let text = &rendered.text;
        assert!(text.starts_with(&format!("Hello.\n\nHow was it?\n\n{expect}\n\n---")), "{text}");
        assert!(!rendered.html.contains("/answer/") && !text.contains("/answer/"));
    };
    let list = format!("  - Good & \"well\"\n  - {}\n    {}", "long ".repeat(13).trim(), "long ".repeat(7).trim());
    let one = "To answer, simply reply to this mail with the one that fits best.";
    check(AskKind::Choice(two_options()), &format!("{list}\n\n{one}"));
    let many = "To answer, simply reply to this mail with all that fit.";
    check(AskKind::Choices(two_options()), &format!("{list}\n\n{many}"));
    let number = "To answer, simply reply to this mail with a number.";
    check(a_scale(0, 10, "", ""), &format!("From 0 to 10\n\n{number}"));
    check(a_scale(0, 10, "calm", "storm"), &format!("From 0 (calm) to 10 (storm)\n\n{number}"));
    check(AskKind::Text, "To answer, simply reply to this mail in your own words.");
}

#[test]
fn every_kind_of_question_is_answered_by_a_tap_or_a_reply() {
    let url = values().links.answer.unwrap();
    let check = |kind: AskKind, expect: &str, links: &[(&str, &str)]| {
        let rendered = asking(kind, true);
        let (text, reply) = (&rendered.text, "Or simply reply to this mail.");
        let expect = format!("Hello.\n\nHow was it?\n\n{expect}Your answer:\n<{url}?q=1>\n\n{reply}\n\n---");
        assert!(text.starts_with(&expect), "{text}");
        let html = unstyled(&rendered.html);
        let found: Vec<String> =
            html.split("<a href=\"").skip(1).filter(|it| it.starts_with(&url)).map(String::from).collect();
        assert_eq!(found.len(), links.len(), "{html}");
        for (found, (query, label)) in found.iter().zip(links) {
            assert!(found.starts_with(&format!("{url}{query}\">{label}</a>")), "{found}");
        }
        assert!(html.contains(&format!("{reply}</p>")), "{html}");
    };
    let long = "long ".repeat(20);
    let list = format!("  - Good & \"well\"\n  - {}\n    {}\n\n", "long ".repeat(13).trim(), "long ".repeat(7).trim());
    let options = [("?q=1&amp;o=1", "Good &amp; &quot;well&quot;"), ("?q=1&amp;o=2", long.trim())];
    let said = |options: &[(&'static str, &str)]| {
        options.iter().map(|(q, l)| (*q, l.replace("&quot;", "\""))).collect::<Vec<_>>()
    };
    let said = said(&options);
    let said: Vec<(&str, &str)> = said.iter().map(|(q, l)| (*q, l.as_str())).collect();
    check(AskKind::Choice(two_options()), &list, &said);
    check(AskKind::Choices(two_options()), &list, &said);
    let numbers = [("?q=1&amp;o=-1", "-1"), ("?q=1&amp;o=0", "0"), ("?q=1&amp;o=1", "1")];
    check(a_scale(-1, 1, "calm", "storm"), "From -1 (calm) to 1 (storm)\n\n", &numbers);
    check(a_scale(0, 21, "", ""), "From 0 to 21\n\n", &[("?q=1", "Choose a number")]);
    check(AskKind::Text, "", &[("?q=1", "Write your answer")]);
}

#[test]
fn the_heaviest_scale_and_the_longest_list_stay_below_what_gmail_shows() {
    let many = (0..20).map(|n| (format!("o{n}"), "A label of some words".to_string())).collect();
    for kind in [a_scale(0, 20, "calm", "storm"), a_scale(-100, 100, "", ""), AskKind::Choices(many)] {
        let html = asking(kind, true).html;
        assert!(html.len() < 20_000, "{}", html.len());
    }
}

//! Mails as readers and mail programs get them: snapshots of whole mails, hostile values, and what `check` says.

mod carried;
mod check;
mod components;
mod look;
mod words;

use dripline::course::Ask;
use dripline::course::AskKind;
use dripline::course::Backfill;
use dripline::course::Block;
use dripline::course::Course;
use dripline::course::Field;
use dripline::course::Kind as CourseKind;
use dripline::course::Late;
use dripline::course::Lesson;
use dripline::course::Schedule;
use dripline::link::KeyRing;
use dripline::link::Links;
use dripline::link::Subjects;
use dripline::message;
use dripline::message::Answer;
use dripline::message::Head;
use dripline::message::Kind;
use dripline::message::List;
use dripline::message::Progress;
use dripline::message::Rendered;
use dripline::message::Templates;
use dripline::message::Values;
use dripline::problem::Source;
use dripline::site::Images;
use dripline::site::Sender;
use dripline::site::Site;
use dripline::timing::Wait;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;

/// One grey pixel.
const DOT: &[u8] = include_bytes!("pictures/dot.png");
const LESSON: &str = include_str!("message/listening.md");

fn site() -> Site {
    Site {
        name: "Steady Ground".into(),
        url: "https://learn.example.org".into(),
        postal_address: "12 Rue Exemple, Montréal".into(),
        time_zone: TimeZone::UTC,
        language: "en".into(),
        daily_cap: 1,
        quiet_during_course: false,
        images: Images::Serve,
    }
}

fn sender() -> Sender {
    let reply_to = Some("ana@example.org".parse().unwrap());
    Sender { name: "Ana, of Steady Ground".into(), address: "ana@learn.example.org".parse().unwrap(), reply_to }
}

/// A course of one lesson.
fn course(lesson: Lesson) -> Course {
    let source = "title = \"Four stages\"\ndisclaimer = \"…\"\n";
    Course {
        drafts: Vec::new(),
        id: "four-stages".into(),
        title: "Four stages".into(),
        summary: "A gentle path in four overlapping stages.".into(),
        kind: CourseKind::Course,
        language: "en".into(),
        order: vec![lesson.id.clone()],
        stages: Vec::new(),
        lessons: BTreeMap::from([(lesson.id.clone(), lesson)]),
        retired: Vec::new(),
        require: vec![Block::Disclaimer],
        disclaimer: Some(
            "This is *no therapy*. If you are in doubt, see [a doctor](https://example.org/doctors) first.".into(),
        ),
        crisis: Some("**In danger?** Call 112, or the number of your country.".into()),
        consent: None,
        about: None,
        next: Vec::new(),
        invite: None,
        sender: None,
        schedule: Schedule {
            wait: Wait::Days(2),
            send: "30 8 * * *".parse().unwrap(),
            spread: SignedDuration::ZERO,
            skip: Vec::new(),
            starts: None,
            late: Late::Next,
            keep_dates: false,
            slowest: 3.0,
            fastest: 0.5,
        },
        newsletter: None,
        fields: BTreeMap::from([
            ("instrument".to_string(), Field { label: "Your instrument".into(), required: false }),
            ("town".to_string(), Field { label: "Your town".into(), required: true }),
        ]),
        source: Source::new("courses/four-stages/course.toml", source),
        texts: BTreeMap::new(),
        translations: BTreeMap::new(),
        files: BTreeMap::from([("images/hand.png".to_string(), DOT.to_vec())]),
        version: "0".into(),
    }
}

fn lesson(body: &str) -> Lesson {
    let head = "+++\nsubject = \"Listening before fixing\"\n+++\n";
    Lesson {
        archive: false,
        id: "listening".into(),
        subject: "Listening before fixing".into(),
        preview: Some("Three quiet minutes, nothing to repair.".into()),
        wait: None,
        send: None,
        date: None,
        when: None,
        backfill: Backfill::Offer,
        was: Vec::new(),
        content_note: None,
        asks: Vec::new(),
        source: Source::new("courses/four-stages/listening.md", format!("{head}{body}")),
        body: head.len(),
        version: "0".into(),
    }
}

fn region() -> Ask {
    let options = [("neck", "Neck"), ("hand", "Hand"), ("none", "I'd rather not say")];
    Ask {
        id: "region".into(),
        question: "Where does it show up most for you?".into(),
        kind: AskKind::Choice(options.iter().map(|(id, label)| (id.to_string(), label.to_string())).collect()),
        alert: Vec::new(),
    }
}

fn values() -> Values {
    let keys = KeyRing::new((1, [7; 32]), Vec::new());
    let subjects = Subjects { subscriber: 1, enrolment: 2, outbox: 3 };
    Values {
        first_name: Some("Zoë".into()),
        language: "en".into(),
        fields: BTreeMap::from([("town".to_string(), "Montréal".to_string())]),
        answers: BTreeMap::from([("region".to_string(), Answer::One("neck".into()))]),
        progress: Progress { number: 2, of: 12 },
        links: Links::new("https://learn.example.org", &keys).urls(subjects, None),
        offered: Vec::new(),
        next: Vec::new(),
    }
}

fn built_in() -> Templates {
    Templates::load(&BTreeMap::new()).unwrap()
}

fn render(lesson: Lesson, values: &Values) -> Rendered {
    let course = course(lesson);
    message::prepare(&built_in(), &site(), &course, &course.lessons["listening"]).unwrap().render(values).unwrap()
}

fn bytes(rendered: &Rendered, name: Option<&str>, url: &str) -> Vec<u8> {
    let sender = sender();
    let to = "zoe@example.net".parse().unwrap();
    let list_id = message::list_id("four-stages", &sender.address);
    let id = message::message_id(1_860_000_000_000_000_123, 1, &sender.address);
    let feedback_id = Some("listening:four-stages:course:steadyground");
    let list = List { id: &list_id, name: "Four stages", unsubscribe_url: Some(url), feedback_id };
    let date: Timestamp = "2027-03-28T06:30:00Z".parse().unwrap();
    let kind = Kind::Lesson(list);
    message::build(rendered, &Head { from: &sender, to: &to, to_name: name, message_id: &id, date, kind }).unwrap()
}

/// The rules of the wire that parsers forgive.
fn lint(mail: &[u8]) {
    let text = std::str::from_utf8(mail).unwrap();
    assert!(text.is_ascii(), "7-bit");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "CRLF only");
    assert!(text.ends_with("\r\n"));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(body.split("\r\n").all(|line| line.len() <= 76), "body lines");
    for line in head.split("\r\n") {
        assert!(line.len() <= 78 || line.starts_with("List-Unsubscribe:"), "{line}");
        assert!(line.len() <= 998 && !line.trim().is_empty(), "{line}");
        for word in line.split(' ').filter(|word| word.contains("=?")) {
            assert!(word.len() <= 75 && word.starts_with("=?") && word.ends_with("?="), "{word}");
        }
    }
    for name in ["From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id"] {
        let count = head.split("\r\n").filter(|line| line.starts_with(&format!("{name}:"))).count();
        assert_eq!(count, 1, "{name}");
    }
    assert!(!head.contains("\r\nBcc") && !head.contains("\r\nCc"));
}

/// Python's strictest parser, where there is one: no defects, and what it reads as subject and recipient's name.
fn python_reads(mail: &[u8]) -> Option<(String, String)> {
    const SCRIPT: &str = "
import sys, email, email.policy
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP.clone(raise_on_defect=True))
parts = [part.get_content() for part in mail.iter_parts()]
assert [part.get_content_type() for part in mail.iter_parts()] == ['text/plain', 'text/html'] and all(parts)
for name in mail.keys():
    assert not mail[name].defects, name
sys.stdout.reconfigure(encoding='utf-8')
print(mail['subject']); print(mail['to'].addresses[0].display_name)";
    let mut python = Command::new("python3")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    python.stdin.take().unwrap().write_all(mail).unwrap();
    let done = python.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let out = String::from_utf8(done.stdout).unwrap();
    let mut lines = out.lines().map(str::to_string);
    Some((lines.next()?, lines.next().unwrap_or_default()))
}

fn parsed(mail: &[u8]) -> mail_parser::Message<'_> {
    mail_parser::MessageParser::default().parse(mail).unwrap()
}

#[test]
fn a_whole_lesson_as_it_goes_on_the_wire() {
    let mut lesson = lesson(LESSON);
    lesson.asks.push(region());
    lesson.content_note = Some("This lesson mentions an accident.".into());
    let values = values();
    let rendered = render(lesson, &values);
    insta::assert_snapshot!("lesson_text", rendered.text);
    insta::assert_snapshot!("lesson_html", rendered.html);
    let mail = bytes(&rendered, Some("Zoë"), &values.links.leave);
    lint(&mail);
    insta::assert_snapshot!("lesson_wire", String::from_utf8(mail).unwrap().replace("\r\n", "\n"));
}

#[test]
fn a_confirmation_holds_nothing_that_a_visitor_typed_and_no_list_headers() {
    let asked = [message::Asked { title: "Four stages", summary: "A gentle path." }];
    let url = "https://learn.example.org/confirm/abc";
    let letter = message::Letter::Confirmation { asked: &asked, confirm_url: url, never_url: None };
    let rendered = message::letter(&built_in(), &site(), &letter, "en").unwrap();
    let (sender, to) = (sender(), "zoe@example.net".parse().unwrap());
    let id = message::message_id(5, 1, &sender.address);
    let date = Timestamp::UNIX_EPOCH;
    let head = Head { from: &sender, to: &to, to_name: None, message_id: &id, date, kind: Kind::Letter };
    let mail = message::build(&rendered, &head).unwrap();
    insta::assert_snapshot!("confirmation_text", rendered.text);
    insta::assert_snapshot!("confirmation_wire", String::from_utf8(mail.clone()).unwrap().replace("\r\n", "\n"));
    assert!(python_reads(&mail).is_none_or(|(subject, _)| subject == rendered.subject));
    assert!(!String::from_utf8(mail).unwrap().contains("List-"));
}

#[test]
fn every_letter_is_one_mail_with_its_link_in_both_parts() {
    let url = "https://learn.example.org/my/abc";
    let letters = [
        message::Letter::Page { page_url: url },
        message::Letter::NewAddress { confirm_url: url },
        message::Letter::AddressChanged,
    ];
    for letter in letters {
        let rendered = message::letter(&built_in(), &site(), &letter, "en").unwrap();
        assert!(rendered.subject.contains(&site().name), "{}", rendered.subject);
        let carries = letter.link().is_some();
        assert_eq!((rendered.html.contains(url), rendered.text.contains(url)), (carries, carries), "{letter:?}");
        let (sender, to) = (sender(), "zoe@example.net".parse().unwrap());
        let id = message::message_id(5, 1, &sender.address);
        let date = Timestamp::UNIX_EPOCH;
        let head = Head { from: &sender, to: &to, to_name: None, message_id: &id, date, kind: Kind::Letter };
        let mail = String::from_utf8(message::build(&rendered, &head).unwrap()).unwrap();
        assert!(!mail.contains("List-") && mail.contains("Auto-Submitted: auto-generated"), "{letter:?}");
    }
}

#[test]
fn a_page_is_the_mail_without_the_line_that_leads_to_it() {
    let course = course(lesson("Hello {{ subscriber.first_name or \"friend\" }}."));
    let prepared = message::prepare(&built_in(), &site(), &course, &course.lessons["listening"]).unwrap();
    let (page, mail) = (prepared.page(&values()).unwrap(), prepared.render(&values()).unwrap().html);
    assert!(mail.contains(&values().links.web_view) && !page.contains(&values().links.web_view));
    assert!(page.contains("Hello Zoë.") && page.contains(&values().links.leave));
}

#[test]
fn hostile_values_stay_values_in_every_part_and_header() {
    let hostile = [
        "[click](http://evil.test) <script>alert(1)</script>",
        "{{ 7*7 }} {% include \"x\" %}",
        "Bob\r\nBcc: x@evil.test\r\n\r\n<h1>",
        "\u{202e}gnp.exe\u{2066}",
        "\"quoted\\\" <a@b.test>, c",
        "' onmouseover='alert(1)",
        "👩‍👩‍👧 e\u{301} 𝔘 ",
        "=?utf-8?Q?=0ABcc:_x@evil.test?=",
        &"name ".repeat(60),
        &"🎻".repeat(300),
        &"x".repeat(5000),
        ".\r\n.\n\u{2028}..",
    ];
    for name in hostile {
        let mut lesson = lesson(
            "# Dear {{ subscriber.first_name }}\n\n**{{ subscriber.first_name }}** [go](https://x.test/?n={{ subscriber.first_name }} \"{{ subscriber.first_name }}\")\n",
        );
        lesson.subject = "For {{ subscriber.first_name }}".into();
        let values = Values { first_name: Some(name.into()), ..values() };
        let rendered = render(lesson, &values);
        let steers = |c: &char| c.is_whitespace() || c.is_control() || matches!(c, '\u{202a}'..='\u{2069}');
        let said = |text: &str| text.chars().filter(|c| !steers(c)).collect::<String>();
        assert!(said(&rendered.text).contains(&said(name)), "{name}");
        assert!(
            !rendered.text.contains(['\u{202e}', '\u{2066}', '\r']) && !rendered.html.contains('\u{202e}'),
            "{name}"
        );
        assert!(!rendered.html.contains("<script>") && !rendered.html.contains("<h1>\n"), "{name}");
        assert!(!rendered.html.contains("href=\"http://evil"), "{name}");
        assert!(!rendered.html.contains(" onmouseover='"), "{name}");
        let mail = bytes(&rendered, Some(name), &values.links.leave);
        lint(&mail);
        let seen = parsed(&mail);
        assert_eq!(seen.subject().unwrap_or_default(), rendered.subject, "{name}");
        assert_eq!(seen.to().unwrap().first().unwrap().address(), Some("zoe@example.net"), "{name}");
        assert_eq!(
            seen.body_html(0).unwrap().replace("\r\n", "\n"),
            rendered.html.replace("\r\n", "\n").replace('\r', "\n"),
            "{name}"
        );
        if let Some((subject, _)) = python_reads(&mail) {
            assert_eq!(subject, rendered.subject, "{name}");
        }
    }
}

#[test]
fn a_lesson_of_endless_words_still_fits_the_wire() {
    for word in
        ["x".repeat(5000), "🎻".repeat(2000), format!("https://example.org/{}", "a/".repeat(2000)), "=".repeat(3000)]
    {
        let body = format!(
            "> {word}\n\n- {word} {word}\n\n```\n{word}\n.\n```\n\n[{word}](https://example.org/{})",
            "y".repeat(2000)
        );
        let rendered = render(lesson(&body), &values());
        let mail = bytes(&rendered, None, &values().links.leave);
        lint(&mail);
        assert!(python_reads(&mail).is_none_or(|(subject, _)| subject == rendered.subject));
        assert_eq!(parsed(&mail).body_text(0).unwrap().replace("\r\n", "\n").trim_end(), rendered.text.trim_end());
        assert_eq!(rendered.text.matches(word.as_str()).count(), 5);
    }
}

#[test]
fn prepared_lessons_and_templates_show_no_contents_when_debugged() {
    let course = course(lesson("Hello."));
    let prepared = message::prepare(&built_in(), &site(), &course, &course.lessons["listening"]).unwrap();
    assert_eq!(format!("{prepared:?} {:?}", built_in()), "Prepared(listening) Templates(12)");
}

#[test]
fn names_arrive_as_they_were_typed() {
    for name in ["Zoë van Dijk", "Doe, Jane", "a \"b\" \\c", "李小龍", "O'Neil (Jim) <x@y.test>"] {
        let mail = bytes(&render(lesson("Hello."), &values()), Some(name), &values().links.leave);
        lint(&mail);
        assert_eq!(parsed(&mail).to().unwrap().first().unwrap().name(), Some(name));
        assert!(python_reads(&mail).is_none_or(|(_, read)| read == name), "{name}");
    }
}

#[test]
fn two_builds_are_the_same_bytes() {
    let stored = serde_json::to_string(&values()).unwrap();
    let again: Values = serde_json::from_str(&stored).unwrap();
    let build = |values: &Values| {
        let mut lesson =
            lesson("Dear {{ subscriber.first_name }}, {{ subscriber.fields.town }}: {{ answers.region }}.");
        lesson.asks.push(region());
        bytes(&render(lesson, values), Some("Zoë"), &values.links.leave)
    };
    assert_eq!(build(&values()), build(&again));
}

#[test]
fn a_broken_head_is_refused() {
    let rendered = render(lesson("Hello."), &values());
    let (sender, to) = (sender(), "zoe@example.net".parse().unwrap());
    let check = |id: &str, list: &str, url: &str, expect: Option<message::BuildError>| {
        let list = List { id: list, name: "x", unsubscribe_url: Some(url), feedback_id: None };
        let (kind, date) = (Kind::Lesson(list), Timestamp::UNIX_EPOCH);
        let head = Head { from: &sender, to: &to, to_name: None, message_id: id, date, kind };
        assert_eq!(message::build(&rendered, &head).err(), expect, "{id} {url}");
    };
    check("<1.1@a.org>", "x.a.org", "https://a.org/", None);
    check("1.1@a.org", "x.a.org", "https://a.org/", Some(message::BuildError::MessageId));
    check("<1.1@a.org>\r\nBcc: x", "x.a.org", "https://a.org/", Some(message::BuildError::MessageId));
    check("<1.1@a.org>", "x", "https://a.org/", Some(message::BuildError::ListId));
    check("<1.1@a.org>", "x.a.org", "mailto:x@a.org", Some(message::BuildError::UnsubscribeUrl));
    check("<1.1@a.org>", "x.a.org", "https://a.org/>\r\nX: y", Some(message::BuildError::UnsubscribeUrl));
}

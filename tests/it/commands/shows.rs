//! What can be looked at without a subscriber: `check`, `send-test`, `mailbox`, `demo`.

use super::site;
use crate::pages::browser::ask;
use crate::program::POSTAL_ADDRESS;
use crate::program::Program;
use crate::program::SOON;
use crate::program::Site;
use crate::program::until;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

#[test]
fn check_tells_every_problem_of_every_course_with_its_place() {
    let (_sink, site) = site("");
    assert_eq!(site.good(&["check"]), "");
    assert_eq!(site.json(&["check", "--format", "json"]), json!([]));
    site.write("courses/path/two.md", "+++\nsubjekt = \"Two\"\nsend = \"99 8 * * *\"\n+++\n\nDear friend,\n");
    site.write("courses/walk/one.md", "+++\nsubject = \"One\"\n+++\n\nDear {{ subscriber.nick }},\n\n![](gone.png)\n");
    let ran = site.run(&["check", "--format", "json"]);
    assert_eq!(ran.status, Some(1));
    let problems: Vec<serde_json::Value> = serde_json::from_str(&ran.out).unwrap();
    for problem in &problems {
        assert_eq!(super::keys(problem)[..6], ["file", "line", "column", "severity", "message", "help"]);
        assert!(["error", "warning"].contains(&problem["severity"].as_str().unwrap()));
    }
    let at = |file: &str, line: i64| problems.iter().any(|it| it["file"] == file && it["line"] == line);
    assert!(at("courses/path/two.md", 2) && at("courses/path/two.md", 3), "{problems:#?}");
    assert!(at("courses/walk/one.md", 5) && at("courses/walk/one.md", 7), "{problems:#?}");
    let text = site.run(&["check"]);
    assert_eq!(text.status, Some(1));
    assert!(text.out.contains("courses/path/two.md:2:1") && text.out.contains("subject"), "{}", text.out);
    assert!(!site.path().join("data").exists(), "check needs no database");
}

#[test]
fn a_test_mail_arrives_and_counts_for_nobody() {
    let (sink, site) = site("");
    site.good(&["send-test", "path/two", "--to", "coach@example.org"]);
    assert_eq!(sink.accepted().len(), 1);
    assert_eq!(sink.accepted()[0].to, "coach@example.org");
    let mail = fs::read_to_string(mails(&sink.mails()).remove(0)).unwrap();
    assert!(mail.contains("Subject: Lesson two") && mail.contains("The body of two") && mail.contains(POSTAL_ADDRESS));
    assert!(site.deliveries().values().all(|count| *count == 0));
    assert_eq!(site.json(&["subscriber", "list", "--json"]), json!([]));
    let check = |words: &[&str], expect: i32| assert_eq!(site.run(words).status, Some(expect), "{words:?}");
    check(&["send-test", "path/nowhere", "--to", "coach@example.org"], 1);
    check(&["send-test", "nowhere/one", "--to", "coach@example.org"], 1);
    check(&["send-test", "path", "--to", "coach@example.org"], 2);
    check(&["send-test", "path/one"], 2);
    assert_eq!(sink.accepted().len(), 1);
}

#[test]
fn a_test_mail_comes_in_the_language_that_was_asked_for() {
    let (sink, site) = site("");
    site.write("courses/path/pt/course.toml", "title = \"Caminho\"\n");
    site.write("courses/path/pt/two.md", "+++\nsubject = \"Dois\"\n+++\n\nO segundo passo.\n");
    let ask =
        |language: &str| site.run(&["send-test", "path/two", "--to", "coach@example.org", "--language", language]);
    for (language, expect) in [("pt", "O segundo passo."), ("PT-br", "O segundo passo."), ("en", "The body of two")] {
        let before = sink.accepted().len();
        assert_eq!(ask(language).status, Some(0), "{language}");
        let mail = fs::read_to_string(mails(&sink.mails()).remove(before)).unwrap();
        assert!(mail.contains(expect), "{language}: {mail}");
    }
    let refused = ask("fr");
    assert_eq!(refused.status, Some(1));
    assert!(refused.err.contains("the course path isn't in fr; it is in en, pt"), "{}", refused.err);
    assert_eq!(ask("french, please").status, Some(2));
    assert_eq!(sink.accepted().len(), 3);
}

#[test]
fn a_test_mail_is_what_stands_on_disk_or_none() {
    let (sink, site) = site("");
    site.write("courses/path/two.md", "+++\nsubject = \"Two\"\n+++\n\nOther words.\n");
    site.good(&["send-test", "path/two", "--to", "coach@example.org"]);
    let mail = fs::read_to_string(mails(&sink.mails()).remove(0)).unwrap();
    assert!(mail.contains("Other words."), "{mail}");
    site.write("courses/path/two.md", "+++\nsubject = \"Two\"\n+++\n\nNewer words.\n");
    site.write("courses/path/one.md", "+++\nsubject = \"One\n+++\n\nOne.\n");
    let refused = site.run(&["send-test", "path/two", "--to", "coach@example.org"]);
    assert_eq!(refused.status, Some(1));
    assert!(
        refused.err.contains("courses/path/one.md:2") && refused.err.contains("nothing was sent"),
        "{}",
        refused.err
    );
    let plan = site.run(&["plan"]);
    assert!(plan.out.contains("the last good version stays") && !plan.out.contains("is in force"), "{}", plan.out);
    site.write("courses/path/one.md", "+++\nsubject = \"One\"\n+++\n\nOne.\n");
    site.write("courses/path/soon.md", "+++\nsubject = \"Soon\"\n+++\n\nSoon.\n");
    let refused = site.run(&["send-test", "path/soon", "--to", "coach@example.org"]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.err.contains("soon is a draft"), "{}", refused.err);
    assert_eq!(sink.accepted().len(), 1);
}

#[test]
fn a_test_mail_that_is_refused_ends_with_one_and_the_relays_words() {
    let (_sink, site) = site("dot reply \"554 5.7.1 not today\"");
    let refused = site.run(&["send-test", "path/one", "--to", "coach@example.org"]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.err.contains("not today"), "{}", refused.err);
}

#[test]
fn the_mailbox_says_where_it_listens_and_ends_well() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    let mut mailbox = site.start(&["mailbox", "--listen", "127.0.0.1:0", "--folder", "mails"]);
    until("the mailbox", SOON, || mailbox.printed().starts_with("smtp://127.0.0.1:"));
    mailbox.signal("TERM");
    assert_eq!(mailbox.ends(SOON), Some(0));
    let wrong = ["mailbox", "--listen", "127.0.0.1:0", "--folder", "mails", "--script", "lunch close"];
    assert!(matches!(site.run(&wrong).status, Some(1 | 2)), "a script that can't be read");
}

#[tokio::test]
async fn in_the_demo_a_visitor_signs_up_confirms_and_gets_lessons_beside_three_people_on_their_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dripline"));
    command.current_dir(folder.path()).env_clear().env("TMPDIR", folder.path()).args(["demo", "--day", "1s"]);
    let mut demo = Program::start(&mut command, folder.path());
    until("the demo", Duration::from_secs(60), || demo.printed().contains("Ctrl-C"));
    let printed = demo.printed();
    let line = |name: &str| {
        let found = printed.lines().find_map(|line| line.trim().strip_prefix(name));
        found.unwrap().trim().to_string()
    };
    let at = |url: String| -> std::net::SocketAddr { url.strip_prefix("http://").unwrap().parse().unwrap() };
    let (site, inbox) = (at(line("sign up:")), at(line("everybody's mail:")));
    assert!(site.ip().is_loopback() && inbox.ip().is_loopback());
    let received = || async move {
        let answer = ask(inbox, "GET", "/mails.json", None, b"").await;
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        json["mails"].as_array().unwrap().clone()
    };
    let before = received().await;
    for (address, at_least) in [("lin@example.net", 5), ("noa@example.com", 3), ("sam@example.org", 2)] {
        let got = before.iter().filter(|mail| mail["to"] == address).count();
        assert!(got >= at_least, "{address} got {got} in the days before");
    }

    let form = Some("application/x-www-form-urlencoded");
    let body = b"email=visitor%40example.org&first_name=Vera&zone=Europe%2FBerlin&agree=1";
    let answer = ask(site, "POST", "/c/four-stages", form, body).await;
    assert_eq!((answer.status, answer.title().as_str()), (200, "Please look into your mailbox"));
    let hers = |mails: &[serde_json::Value]| {
        let hers = mails.iter().filter(|mail| mail["to"] == "visitor@example.org");
        hers.map(|mail| mail["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let mut numbers = Vec::new();
    while numbers.is_empty() {
        numbers = hers(&received().await);
        tokio::task::yield_now().await;
    }
    let text = ask(inbox, "GET", &format!("/mail/{}/text", numbers[0]), None, b"").await.body;
    let link = text.split_whitespace().find(|word| word.contains("/confirm/")).unwrap();
    let path = link.trim_matches(['<', '>']).split_once(&site.to_string()).unwrap().1;
    assert_eq!(ask(site, "POST", path, None, b"").await.title(), "You're in");
    while numbers.len() < 4 {
        numbers = hers(&received().await);
        tokio::task::yield_now().await;
    }
    let source = ask(inbox, "GET", &format!("/mail/{}/source", numbers[1]), None, b"").await.body;
    assert!(source.contains("To: Vera <visitor@example.org>"), "{source}");
    let html = ask(inbox, "GET", &format!("/mail/{}/html", numbers[3]), None, b"").await;
    assert!(html.body.contains("Dear Vera") && html.body.contains("<base target=\"_blank\">"));
    assert!(html.header("content-security-policy").unwrap().contains("sandbox"));
    let files = mails(Path::new(&line("mails:")));
    assert!(files.len() >= before.len() + 4, "{files:?}");
    demo.signal("INT");
    assert_eq!(demo.ends(SOON), Some(0), "{}", demo.told());
}

/// The files of a mailbox, in the order in which they came.
fn mails(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

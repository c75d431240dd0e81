//! The one thing that a page does: a lesson by the relay of dripline.toml to one address, in a real mailbox.

use super::COURSE;
use super::Desk;
use super::NECK;
use super::WELCOME;
use super::client::Answer;
use super::client::ask;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use std::fs;

fn lay_out(site: &Site) {
    site.write(
        "courses/calm/course.toml",
        &COURSE.replace("about = \"about.md\"\n", "").replace("retired = [\"gone\"]\n", ""),
    );
    site.write("courses/calm/welcome.md", &WELCOME.replace("![A leaf](leaf.png)", ""));
    site.write("courses/calm/neck.md", NECK);
    site.lesson("calm", "end", "", "The end.");
}

fn send(desk: &Desk, path: &str, to: &str) -> Answer {
    let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/x-www-form-urlencoded")];
    ask(&desk.at, "POST", path, &headers, &format!("to={to}"))
}

#[test]
fn a_mail_arrives_as_the_chosen_person_would_get_it() {
    let sink = Sink::start("");
    let desk = Desk::of(sink.url(), lay_out);
    let answer = send(&desk, "/lesson/calm/welcome?answer.region=neck", "coach%40example.org");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.contains("Accepted by ") && answer.body.contains("role=\"status\" id=\"sent\""),
        "{}",
        answer.body
    );
    sink.wait_for(1, SOON);
    assert_eq!(sink.accepted()[0].to, "coach@example.org");
    let file = fs::read_dir(sink.mails()).unwrap().next().unwrap().unwrap().path();
    let mail = fs::read_to_string(file).unwrap();
    assert!(mail.contains("Words for a neck.") && !mail.contains("Words for others."), "{mail}");
    assert!(!desk.site.path().join("data/dripline.db").exists(), "nothing is stored");
    // Looking sends nothing.
    desk.page("/lesson/calm/welcome?answer.region=neck&to=coach%40example.org");
    assert_eq!(sink.accepted().len(), 1);
}

#[test]
fn what_the_relay_refuses_is_told() {
    let sink = Sink::start("rcpt reply \"550 5.1.1 nobody here\"");
    let desk = Desk::of(sink.url(), lay_out);
    let answer = send(&desk, "/lesson/calm/end", "coach%40example.org");
    assert_eq!(answer.status, 502);
    assert!(
        answer.body.contains("Not accepted by ") && answer.body.contains("550 5.1.1 nobody here"),
        "{}",
        answer.body
    );
}

#[test]
fn without_a_relay_that_answers_or_an_address_nothing_is_sent_and_the_page_says_why() {
    let desk = Desk::of("smtp://127.0.0.1:9", lay_out);
    let check = |to: &str, status: u16, said: &str| {
        let answer = send(&desk, "/lesson/calm/end", to);
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(said), "{said} in {}", answer.body);
    };
    check("coach%40example.org", 502, "Not accepted by ");
    check("coach", 422, "This is no e-mail address");
    check("", 422, "This is no e-mail address");
    assert_eq!(send(&desk, "/lesson/calm/nowhere", "coach%40example.org").status, 404);
    desk.site.write("dripline.toml", "site = 1\n");
    desk.shows("/lesson/calm/end", "dripline.toml has errors");
    check("coach%40example.org", 502, "dripline.toml has errors, and until they are mended nothing can be sent.");
}

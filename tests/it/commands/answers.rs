//! Answers by hand, and what the coach sees of them.

use super::ANA;
use super::add_confirmed;
use super::has;
use super::show;
use super::site;
use crate::program::SOON;
use crate::program::Site;
use crate::program::until;
use serde_json::json;

const ASKS: &str = "[[ask]]\nid = \"region\"\nquestion = \"Where is it?\"\nkind = \"choice\"\n\
                    options = { neck = \"Neck\", worse = \"It got worse\" }\nalert = [\"worse\"]\n\
                    [[ask]]\nid = \"parts\"\nquestion = \"Which parts?\"\nkind = \"choices\"\noptions = { a = \"Arms\", l = \"Legs\" }\n\
                    [[ask]]\nid = \"low\"\nquestion = \"How low?\"\nkind = \"scale\"\nmin = -5\nmax = 5\n\
                    [[ask]]\nid = \"note\"\nquestion = \"Anything else?\"\nkind = \"text\"";

#[test]
fn answers_are_entered_by_hand_and_told_to_the_coach() {
    let (sink, site) = site("");
    let settings = std::fs::read_to_string(site.path().join("courses/path/course.toml")).unwrap();
    site.write("courses/path/course.toml", &settings.replace("[schedule]", "crisis = \"Call **112**.\"\n\n[schedule]"));
    site.lesson("path", "one", ASKS, "How was it?");
    add_confirmed(&site, ANA);
    let answer = |site: &Site, question: &str, answers: &[&str]| {
        let words = ["subscriber", "answer", ANA, "--course", "path", "--question", question];
        let answers: Vec<&str> = answers.iter().flat_map(|answer| ["--answer", answer]).collect();
        site.run(&[&words[..], &answers[..]].concat())
    };
    let early = answer(&site, "low", &["-3"]);
    assert!(early.status == Some(1) && early.err.contains("no lesson that this person got"), "{early:?}");
    let daemon = site.serve(&[]);
    sink.wait_for(1, SOON);
    until("the record", SOON, || site.deliveries()["accepted"] == 1);

    for (question, answers, said) in [
        ("low", &["-3"][..], "stored: path/one, How low? -3"),
        ("parts", &["l", "a"], "Which parts? Arms, Legs"),
        ("parts", &[], "Which parts? none of the options"),
        ("note", &["=calmer"], "Anything else? =calmer"),
        ("region", &["neck"], "Where is it? Neck"),
    ] {
        let ran = answer(&site, question, answers);
        assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{question}: {}", ran.err);
        assert!(ran.err.contains(said), "{question}: {}", ran.err);
    }
    for (question, answers, said) in [
        ("region", &["hand"][..], "it has: neck, worse"),
        ("low", &["6"], "from -5 to 5"),
        ("note", &["a", "b"], "exactly one"),
        ("mood", &["x"], "asks this question"),
    ] {
        let ran = answer(&site, question, answers);
        assert!(ran.status == Some(1) && ran.err.contains(said), "{question}: {ran:?}");
    }
    assert_eq!(show(&site, ANA)["answers"], json!({ "low": -3, "note": "=calmer", "parts": [], "region": "neck" }));

    let safety = answer(&site, "region", &["worse"]);
    assert_eq!((safety.status, safety.out.as_str()), (Some(0), "Call **112**.\n"));
    assert!(safety.err.contains("safety answer; the course is paused"), "{}", safety.err);
    assert_eq!(show(&site, ANA)["enrolments"][0]["state"], "paused");
    let problems = site.json(&["status", "--json"])["problems"].to_string();
    assert!(problems.contains("dripline answers path") && !problems.contains("ana@"), "{problems}");
    assert!(!daemon.told().contains("ana@example.org") && !safety.err.contains("ana@example.org"), "{}", safety.err);
    daemon.stop();

    let text = site.good(&["answers", "path"]);
    for part in [
        "path: 1 person has answered",
        "ana@example.org  region: It got worse",
        "    1  It got worse (worse)",
        "mean -3.0",
        "=calmer",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let report = site.json(&["answers", "path", "--json"]);
    has(&report, &["course", "people", "lessons", "then_and_now", "safety", "no_longer_asked"]);
    let questions = &report["lessons"][0]["questions"];
    assert_eq!(questions[0]["options"][1], json!({ "option": "worse", "label": "It got worse", "count": 1 }));
    assert_eq!(
        questions[2],
        json!({ "question": "low", "words": "How low?", "kind": "scale", "count": 1, "mean": -3.0, "min": -3, "max": -3,
            "distribution": { "-3": 1 } })
    );
    let file = site.good(&["answers", "path", "--csv"]);
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines[0], lines.len()), ("email,run,lesson,question,answer,label,at", 5));
    assert!(lines[1].starts_with("ana@example.org,1,one,low,-3,,2") && lines[1].ends_with('Z'), "{file}");
    assert!(lines[3].starts_with("ana@example.org,1,one,note,'=calmer,,"), "{file}");

    assert_eq!(site.run(&["answers", "paht"]).status, Some(1));
    site.good(&["answers", "path", "--seen"]);
    assert_eq!(site.json(&["status", "--json"])["problems"], json!([]));
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn what_was_asked_twice_stands_side_by_side() {
    let (sink, site) = site("");
    let ask = "[[ask]]\nid = \"low\"\nquestion = \"How low?\"\nkind = \"scale\"";
    site.lesson("path", "one", ask, "How was it?");
    site.lesson("path", "two", ask, "And now?");
    add_confirmed(&site, ANA);
    let daemon = site.serve(&["--day", "2s"]);
    sink.wait_for(2, SOON);
    until("the record", SOON, || site.deliveries()["accepted"] == 2);
    for (lesson, answer) in [("one", "3"), ("two", "7")] {
        let words = ["subscriber", "answer", ANA, "--course", "path", "--question", "low"];
        site.good(&[&words[..], &["--lesson", lesson, "--answer", answer]].concat());
    }
    daemon.stop();
    let text = site.good(&["answers", "path"]);
    let (_, repeated) = text.split_once("then and now\n").unwrap();
    let lines: Vec<Vec<&str>> = repeated.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["low", "one", "two"]);
    assert_eq!(lines[1], ["answered", "1", "1"]);
    assert_eq!(lines[2], ["mean", "3.0", "7.0"]);
    assert!(repeated.contains("of 1 who answered more than once: 1 up, 0 down, 0 the same"), "{text}");
}

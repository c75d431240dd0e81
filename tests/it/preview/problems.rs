//! What is wrong stands beside its line, is what `check` says, and keeps nobody from looking at the rest.

use super::Desk;
use crate::program::SOON;
use crate::program::until;
use std::fs;

/// The text of a page without its tags.
fn words(page: &str) -> String {
    let texts = page.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text);
    let text = texts.collect::<Vec<_>>().join(" ");
    let text = text
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn everything_that_check_says_stands_on_a_page_and_nothing_else() {
    let desk = Desk::open();
    desk.site.write("courses/calm/neck.md", "+++\nsubject = \"The neck\"\nwhen = 'answers.regin == \"neck\"'\npreviw = \"x\"\n+++\n\n# One\n\n### Three\n\n![](leaf.png)\n");
    desk.site.write("courses/calm/he/welcome.md", "+++\nsubject = \"ש\"\n+++\n\n{{ subscriber.frist_name }}\n");
    desk.site.write("courses/notes/course.toml", "title = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\nlessons = [\"one\", \"two\"]\n[newsletter]\nissues = \"0 9 1 * *\"\naudience = 'completed(\"calmer\")'\n");
    desk.site.write("templates/mail/body.css", "p { color: ; ");
    desk.site.write("templates/web/home.html", "{% if %}");
    desk.shows("/problems", "templates/web/home.html");
    desk.shows("/", "errors");
    until("everything to be looked at", SOON, || !desk.page("/").contains("looking …"));
    let ran = desk.site.run(&["check", "--format", "json"]);
    let said: Vec<serde_json::Value> = serde_json::from_str(&ran.out).unwrap();
    assert!(said.len() >= 8, "{}", ran.out);
    let mut pages: Vec<String> = ["/problems", "/course/calm", "/course/notes"].map(|path| desk.page(path)).into();
    for lesson in ["calm/welcome", "calm/neck", "calm/end", "calm/draft", "notes/one", "notes/two"] {
        pages.push(desk.page(&format!("/lesson/{lesson}?view=file")));
    }
    pages.push(desk.page("/lesson/calm/welcome?view=file&language=he"));
    let all: Vec<String> = pages.iter().map(|page| words(page)).collect();
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for problem in &said {
        let (message, help) = (problem["message"].as_str().unwrap(), problem["help"].as_str().unwrap());
        let shown = |page: &String| page.contains(&flat(message)) && page.contains(&flat(help));
        assert!(all.iter().any(shown), "{problem} on no page");
    }
    let shown = pages.iter().flat_map(|page| page.split("class=\"problem").skip(1).filter(|it| !it.starts_with("s\"")));
    let shown: Vec<String> = shown.map(|piece| words(piece.split("class=\"help").next().unwrap())).collect();
    assert!(shown.len() >= said.len(), "{shown:?}");
    for words in shown {
        let known = said.iter().any(|problem| words.contains(&flat(problem["message"].as_str().unwrap())));
        assert!(known, "check doesn't say: {words}");
    }
}

#[test]
fn a_problem_stands_under_its_line() {
    let desk = Desk::open();
    desk.site.write(
        "courses/calm/end.md",
        "+++\nsubject = \"The end\"\n+++\n\nGood.\n\n{{ subscriber.frist_name }}\n\nGood again.\n",
    );
    desk.shows("/lesson/calm/end?view=file", "frist_name");
    let page = desk.page("/lesson/calm/end?view=file");
    let line = page.split("id=\"L7\"").nth(1).unwrap().split("</li>").next().unwrap();
    assert!(line.contains("class=\"problem wrong\"") && line.contains("did you mean"), "{line}");
    let others = page.split("id=\"L5\"").nth(1).unwrap().split("</li>").next().unwrap();
    assert!(!others.contains("problem"), "{others}");
}

#[test]
fn a_lesson_of_which_no_mail_can_be_made_shows_why_and_the_others_show_their_mails() {
    let desk = Desk::open();
    let check = |marker: &str, text: &str| {
        desk.site.write("courses/calm/end.md", &text.replace("MARKER", marker));
        desk.shows("/lesson/calm/end", marker);
        let page = desk.page("/lesson/calm/end");
        assert!(page.contains("No mail can be made") && page.contains("class=\"problem wrong\""), "{page}");
        assert!(!page.contains("<iframe") && page.contains("class=\"lines\""), "{page}");
        assert_eq!(desk.get("/mail/light/calm/end").status, 404);
        assert!(desk.page("/mail/light/calm/welcome").contains("Words for others."));
        assert!(desk.page("/").contains("badge wrong"));
        assert_eq!(desk.get("/plan/calm").status, 200);
    };
    check("kestrel", "+++\nsubject = \"The end MARKER\"\n+++\n\n{% if %}\n");
    check("plover", "+++\nsubject = \"The end\"\n+++\n\nMARKER {{ nobody.knows }}\n");
    check("avocet", "MARKER has no head at all\n");
    check("dunlin", "+++\nsubject = \n+++\n\nMARKER\n");
    desk.site.lesson("calm", "end", "", "Mended.");
    desk.shows("/mail/light/calm/end", "Mended.");
}

#[test]
fn a_broken_configuration_is_told_and_the_courses_show_all_the_same() {
    let desk = Desk::open();
    let path = desk.site.path().join("dripline.toml");
    let good = fs::read_to_string(&path).unwrap();
    let check = |text: &[u8], said: &str| {
        fs::write(&path, text).unwrap();
        desk.shows("/problems", said);
        assert!(desk.page("/mail/light/calm/welcome").contains("An address"), "{said}");
        assert!(desk.page("/lesson/calm/welcome").contains("dripline.toml has errors"), "{said}");
    };
    check(good.replace("[sender]", "[sendre]").as_bytes(), "unknown key");
    check(b"site = \n", "class=\"problem wrong\"");
    check(b"\xff\xfe", "this isn&#39;t UTF-8 text");
    fs::write(&path, &good).unwrap();
    desk.shows("/problems", "Nothing is wrong with dripline.toml");
    desk.shows("/mail/light/calm/welcome", "12 Rue Exemple");
    // Gone for a moment, as when an editor puts another in its place: what it said last counts on.
    fs::remove_file(&path).unwrap();
    assert!(desk.page("/mail/light/calm/welcome").contains("12 Rue Exemple"));
}

#[test]
fn it_begins_with_a_configuration_that_cannot_be_used() {
    let desk = Desk::open();
    let Desk { site, program, .. } = desk;
    drop(program);
    site.write("dripline.toml", "[site]\nname = 1\n");
    let desk = Desk::start(site);
    assert!(desk.page("/problems").contains("should be text in quotes"));
    assert!(desk.page("/mail/light/calm/welcome").contains("Words for others."));
}

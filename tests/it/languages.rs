//! A course that is translated: who gets which words, and what is checked of a translation.

use crate::app::TestApp;
use crate::app::days;
use crate::app::request;
use dripline::flow::check;
use dripline::flow::sign_up;
use dripline::flow::sign_up::Word;

const PT: &str = "title = \"Calma\"\ndisclaimer = \"Isto não é medicina.\"\n";

fn write(app: &TestApp) {
    let toml = crate::app::course_toml("calm", &["a", "b"]);
    let disclaimer = "disclaimer = \"This isn't medicine.\"\nrequire = [\"disclaimer\"]\n";
    app.write("calm/course.toml", format!("{disclaimer}{toml}"));
    app.write("calm/a.md", "+++\nsubject = \"First\"\n+++\n\nHello.\n\n![A leaf](leaf.png)\n");
    app.write("calm/b.md", "+++\nsubject = \"Second\"\n+++\n\nHello again.\n");
    app.write("calm/leaf.png", include_bytes!("pictures/dot.png"));
    app.write("calm/pt/course.toml", PT);
    app.write("calm/pt/a.md", "+++\nsubject = \"Primeira\"\n+++\n\nOlá.\n\n![Uma folha](leaf.png)\n");
}

async fn enrol(app: &TestApp, address: &str, language: &str) {
    let mut request = request(address, "calm");
    request.language = Some(language.to_string());
    request.word = Word::Confirmed("by hand".to_string());
    sign_up::add(&app.app, request).await.unwrap();
}

#[tokio::test]
async fn each_reads_a_lesson_in_their_language_where_it_is_translated() {
    let app = TestApp::new().await;
    write(&app);
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    for (address, language) in [("en@example.org", "en"), ("pt@example.org", "pt-BR"), ("fr@example.org", "fr")] {
        enrol(&app, address, language).await;
    }
    app.advance(days(2)).await;
    assert_eq!(app.subjects_to("en@example.org"), ["First", "Second"]);
    assert_eq!(app.subjects_to("fr@example.org"), ["First", "Second"]);
    assert_eq!(app.subjects_to("pt@example.org"), ["Primeira", "Second"]);
    let first = &app.mails_to("pt@example.org")[0];
    assert!(first.text.contains("Olá.") && first.text.contains("Isto não é medicina."), "{}", first.text);
    let second = &app.mails_to("pt@example.org")[1];
    assert!(second.text.contains("This isn't medicine."), "{}", second.text);
    app.verify().await;
}

#[tokio::test]
async fn what_is_wrong_in_a_translation_is_found_in_its_own_file() {
    let table = [
        ("pt/a.md", "+++\nsubject = \"A\"\n+++\n\n{{ subscriber.frist_name }}\n", "pt/a.md:5:", "frist_name"),
        ("pt/a.md", "+++\nsubject = \"A\"\n+++\n\n[x](nowhere.md)\n", "pt/a.md:5:", "nowhere.md"),
        ("pt/a.md", "+++\nsubject = \"A\"\n+++\n\n![](leaf.png)\n", "pt/a.md:5:", "description"),
        ("pt/a.md", "+++\nsubject = \"A\"\nwait = \"3 days\"\n+++\n\nOi.\n", "pt/a.md:3:", "wait"),
        ("pt/a.md", "+++\nsubject = \"A\"\n+++\n", "pt/a.md:", "no text"),
        ("pt/a.md", "+++\npreview = \"A\"\n+++\n\nOi.\n", "pt/a.md:", "subject"),
        ("pt/course.toml", "titel = \"Calma\"\n", "pt/course.toml:1:", "titel"),
        ("pt/course.toml", "about = \"sobre.md\"\n", "pt/course.toml:1:", "sobre.md"),
        ("pt/course.toml", "disclaimer = \"Veja [isto](nada.md)\"\n", "pt/course.toml:1:", "nada.md"),
        ("pt/course.toml", "[fields]\ninstrument = { label = \"x\" }\n", "pt/course.toml:2:", "instrument"),
    ];
    for (file, text, place, word) in table {
        let app = TestApp::new().await;
        write(&app);
        app.write(&format!("calm/{file}"), text);
        let templates = app.folder.path().join("templates");
        let problems = check::check(&app.app.settings.site, &check::read(&app.courses(), &templates));
        let found = problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(
            found.iter().any(|it| it.starts_with(&format!("courses/calm/{place}")) && it.contains(word)),
            "{file} {text}: {found:#?}"
        );
        assert_eq!(app.reload().await.swapped, Vec::<String>::new(), "{file} {text}");
    }
}

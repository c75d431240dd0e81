//! What shouldn't be in a folder or an address: ways out of the folder, files that are no text, templates without an end.

use super::Desk;
use crate::program::SOON;
use crate::program::until;
use std::fs;
use std::time::Instant;

#[test]
fn no_address_leads_out_of_the_courses() {
    let desk = Desk::open();
    desk.site.write("secret.md", "+++\nsubject = \"Secret\"\n+++\n\nmarker-of-a-secret\n");
    desk.site.write("courses/secret.md", "marker-of-a-secret\n");
    for name in ["..%2f..%2fsecret", "..", "%2e%2e/secret", "../secret", "..%5c..%5csecret", "%00", "%ff", "a%0d%0ab"] {
        for path in [
            format!("/lesson/calm/{name}"),
            format!("/lesson/{name}/welcome"),
            format!("/course/{name}"),
            format!("/mail/light/calm/{name}"),
            format!("/plan/{name}"),
            format!("/site/c/{name}"),
            format!("/site/archive/notes/{name}"),
            format!("/assets/{name}"),
            format!("/image/{name}"),
        ] {
            let answer = desk.get(&path);
            assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
            assert!(!answer.body.contains("marker-of-a-secret"), "{path}");
        }
    }
    assert_eq!(desk.get("/assets/layout.html").status, 404);
}

#[test]
fn files_that_cannot_be_read_are_problems_of_their_course_alone() {
    let desk = Desk::open();
    let file = desk.site.path().join("courses/calm/end.md");
    fs::write(&file, b"+++\nsubject = \"\xff\"\n+++\n\nx\n").unwrap();
    desk.shows("/lesson/calm/end", "UTF-8");
    assert_eq!(desk.get("/lesson/calm/end").status, 200);
    let large = desk.site.path().join("courses/calm/large.bin");
    fs::File::create(&large).unwrap().set_len(6 << 20).unwrap();
    desk.shows("/course/calm", "over 5 MiB");
    assert_eq!(desk.get("/lesson/calm/welcome").status, 404);
    assert!(desk.page("/mail/light/notes/one").contains("The first issue."));
    std::os::unix::fs::symlink("/etc", desk.site.path().join("courses/calm/etc")).unwrap();
    fs::remove_file(&large).unwrap();
    desk.shows("/course/calm", "leads out of the folder");
    fs::remove_file(desk.site.path().join("courses/calm/etc")).unwrap();
    desk.site.lesson("calm", "end", "", "Mended.");
    desk.shows("/mail/light/calm/end", "Mended.");
}

#[test]
fn a_template_without_an_end_holds_up_nobody_else_and_not_the_end() {
    let mut desk = Desk::open();
    let loops = "{% for a in range(end=1000) %}{% for b in range(end=1000) %}{% for c in range(end=1000) %}{% endfor %}{% endfor %}{% endfor %}";
    desk.site.write("courses/calm/end.md", &format!("+++\nsubject = \"The end\"\n+++\n\nWords.\n\n{loops}\n"));
    desk.shows("/lesson/calm/end", "takes longer than 2 seconds");
    assert!(desk.page("/mail/light/calm/welcome").contains("Words for others."));
    // It is known by now, and isn't tried again.
    until("an answer at once", SOON, || {
        let asked = Instant::now();
        assert_eq!(desk.get("/lesson/calm/end").status, 200);
        asked.elapsed().as_millis() < 1500
    });
    desk.program.signal("TERM");
    assert_eq!(desk.program.ends(SOON), Some(0));
}

#[test]
fn what_a_coach_calls_things_is_text_on_every_page() {
    let desk = Desk::open();
    desk.site.write(
        "courses/calm/course.toml",
        &super::COURSE
            .replace("title = \"Calm\"", "title = '<script>alert(1)</script>'")
            .replace("\"First things\"", "'<img src=x>'"),
    );
    desk.site.write("courses/calm/end.md", "+++\nsubject = '<script>alert(2)</script>'\nnonsense = '<script>'\n+++\n\n<script>alert(3)</script>\n\n{{ x }}\n");
    desk.shows("/course/calm", "&lt;script&gt;alert(1)");
    for path in [
        "/",
        "/course/calm",
        "/lesson/calm/end?view=file",
        "/lesson/calm/welcome?view=source",
        "/plan/calm",
        "/pages/calm",
        "/lesson/calm/welcome?answer.region=%3Cscript%3E&language=%22%3E%3Cscript%3E",
    ] {
        let page = desk.page(path);
        assert_eq!(page.matches("<script").count(), 1, "{path}: {page}");
        assert!(!page.contains("<img src=x"), "{path}");
    }
}

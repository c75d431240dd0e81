//! `import-issues` from outside: folders as other programs leave them.

use super::site;
use crate::pictures::png;
use crate::program::Site;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;

const MANIFEST: &str = "# My notes\ntitle = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\nlessons = [\n  # the first here\n  \
                        \"mine\", # in spring\n]\n\n[newsletter]\ntime_zone = \"Europe/Paris\"\n";

fn newsletter(site: &Site) {
    site.write("courses/notes/course.toml", MANIFEST);
    site.write("courses/notes/mine.md", "+++\nsubject = \"Mine\"\ndate = 2090-03-05T09:00:00\n+++\n\nDear friend,\n");
    site.write("posts/_index.md", "About this folder.\n");
    site.write(
        "posts/2024-01-05-jekyll.md",
        "---\ntitle: \"It's: Jekyll\"\nexcerpt: A line\n---\nUse {{ page.title }} and {% if x %}.\n",
    );
    site.write(
        "posts/hugo/index.md",
        "+++\ntitle = \"Hugo & more\"\ndate = 2024-02-01T23:30:00Z\n+++\n![A leaf](Leaf%201.png)\n",
    );
    fs::write(site.path().join("posts/hugo/Leaf 1.png"), png(3, 2)).unwrap();
    site.write("posts/ghost.md", "---\ntitle: Ghost\nslug: a-ghost\npublished_at: 2024-03-01 08:15\n---\nOne.\n");
    site.write("posts/2024-04-01-bare.md", "# A bare one\n\nNo head.\n");
    site.write("posts/soon.md", "---\ntitle: Soon\ndate: 2091-01-01\n---\nLater.\n");
    site.write("posts/half.md", "---\ntitle: Half\ndate: 2024-05-01\ndraft: true\n---\nNot yet.\n");
    site.write("posts/2024-06-01-mine.md", "Another of that name.\n");
    site.write("posts/undated.md", "---\ntitle: When\n---\nSome day.\n");
    site.write("posts/empty.md", "---\ntitle: Nothing\ndate: 2024-07-01\n---\n\n");
    site.write("posts/odd.md", "---\ntitle: Odd\ndate: last spring\n---\nText.\n");
}

const IMPORT: [&str; 5] = ["import-issues", "posts", "--newsletter", "notes", "--json"];

/// What became of each file.
fn told(site: &Site, words: &[&str], status: i32) -> BTreeMap<String, Value> {
    let ran = site.run(words);
    assert_eq!(ran.status, Some(status), "{}{}", ran.out, ran.err);
    let told: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    told.into_iter().map(|it| (it["file"].as_str().unwrap().to_string(), it)).collect()
}

fn read(site: &Site, path: &str) -> String {
    fs::read_to_string(site.path().join(path)).unwrap()
}

#[test]
fn a_folder_of_another_program_becomes_issues_and_says_what_it_could_not_read() {
    let (_sink, site) = site("");
    newsletter(&site);
    let before = fs::read_dir(site.path().join("courses/notes")).unwrap().count();
    let dry = told(&site, &[&IMPORT[..], &["--dry-run"]].concat(), 1);
    assert_eq!(fs::read_dir(site.path().join("courses/notes")).unwrap().count(), before);
    assert_eq!(read(&site, "courses/notes/course.toml"), MANIFEST);
    let wet = told(&site, &IMPORT, 1);
    assert_eq!(dry, wet);
    let refused = |file: &str, why: &str| {
        let it = &wet[file];
        assert!(it["became"] == "refused" && it["reason"].as_str().unwrap().contains(why), "{it}");
    };
    assert_eq!(wet["2024-01-05-jekyll.md"]["date"], "2024-01-05T09:00:00");
    assert_eq!(
        (&wet["hugo/index.md"]["issue"], &wet["hugo/index.md"]["date"]),
        (&json!("hugo"), &json!("2024-02-02T00:30:00"))
    );
    assert_eq!((&wet["soon.md"]["became"], &wet["half.md"]["became"]), (&json!("planned"), &json!("draft")));
    refused("2024-06-01-mine.md", "mine is an issue of the newsletter");
    refused("undated.md", "no date");
    refused("empty.md", "no text");
    refused("odd.md", "\"last spring\" can't be read");
    assert_eq!(wet.len(), 10);
    let listed = "lessons = [\n  \"jekyll\",\n  \"hugo\",\n  \"a-ghost\",\n  \"bare\",\n  # the first here\n  \"mine\", # in spring\n  \"soon\",\n]\n";
    assert!(read(&site, "courses/notes/course.toml").contains(listed), "{}", read(&site, "courses/notes/course.toml"));
    assert_eq!(
        read(&site, "courses/notes/jekyll.md"),
        "+++\nsubject = \"It's: Jekyll\"\npreview = \"A line\"\ndate = 2024-01-05T09:00:00\narchive = true\n+++\n\n\
         Use {% raw %}{{ page.title }}{% endraw %} and {% raw %}{% if x %}{% endraw %}.\n"
    );
    assert!(read(&site, "courses/notes/hugo.md").contains("![A leaf](images/hugo/leaf-1.png)"));
    assert!(site.path().join("courses/notes/images/hugo/leaf-1.png").exists());
    assert!(read(&site, "courses/notes/bare.md").contains("subject = \"A bare one\""));
    assert!(
        !read(&site, "courses/notes/soon.md").contains("archive")
            && !read(&site, "courses/notes/half.md").contains("date")
    );
    let report = site.good(&["report", "notes"]);
    for line in [
        "jekyll of 2024-01-05 09:00: only for the archive, sent to nobody",
        "soon of 2091-01-01 09:00: planned\n",
        "half: a draft, which nobody gets until it stands in `lessons`",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    let plan = site.run(&["simulate", "notes", "--signup", "2023-01-01T10:00"]);
    assert!(plan.err.contains("drafts, which nobody gets: half"), "{}", plan.err);
    assert!(
        plan.out.lines().count() == 2 && plan.out.contains(" mine ") && plan.out.contains(" soon "),
        "{}",
        plan.out
    );
    let check = site.run(&["check"]);
    assert!(!check.out.contains("error"), "{}", check.out);
}

#[test]
fn a_second_import_leaves_alone_what_is_there_and_brings_in_what_was_mended() {
    let (_sink, site) = site("");
    newsletter(&site);
    told(&site, &IMPORT, 1);
    let mended = read(&site, "courses/notes/bare.md").replace("No head.", "A better word.");
    site.write("courses/notes/bare.md", &mended);
    for file in ["2024-06-01-mine.md", "empty.md", "odd.md"] {
        fs::remove_file(site.path().join("posts").join(file)).unwrap();
    }
    site.write("posts/undated.md", "---\ntitle: When\ndate: 2024-02-10\n---\nSome day.\n");
    let again = told(&site, &IMPORT, 0);
    let there: Vec<&str> =
        again.iter().filter(|(_, it)| it["became"] == "there").map(|(file, _)| file.as_str()).collect();
    assert_eq!(
        there,
        ["2024-01-05-jekyll.md", "2024-04-01-bare.md", "ghost.md", "half.md", "hugo/index.md", "soon.md"]
    );
    assert_eq!(read(&site, "courses/notes/bare.md"), mended);
    assert!(read(&site, "courses/notes/course.toml").contains("  \"hugo\",\n  \"undated\",\n  \"a-ghost\",\n"));
}

#[test]
fn a_course_and_an_empty_folder_are_told_apart_from_problems_of_a_file() {
    let (_sink, site) = site("");
    site.write("posts/2024-01-05-one.md", "One.\n");
    fs::create_dir(site.path().join("none")).unwrap();
    let check = |folder: &str, newsletter: &str, said: &str| {
        let ran = site.run(&["import-issues", folder, "--newsletter", newsletter]);
        assert!(ran.status == Some(1) && ran.err.contains(said), "{}", ran.err);
    };
    check("posts", "path", "path is a course");
    check("posts", "notes", "there is no newsletter notes; there are: path, walk");
    check("none", "notes", "there is no .md file in none");
    check("nowhere", "notes", "can't read the folder nowhere");
}

/// A newsletter with one issue, and posts; what became of them, what they say, and what was said at the end.
fn imported(posts: &[(&str, &str)]) -> (Site, BTreeMap<String, Value>, String) {
    let (_sink, site) = site("");
    site.write("courses/notes/course.toml", MANIFEST);
    site.write("courses/notes/mine.md", "+++\nsubject = \"Mine\"\ndate = 2090-03-05T09:00:00\n+++\n\nDear friend,\n");
    for (file, text) in posts {
        site.write(&format!("posts/{file}"), text);
    }
    let dry = site.run(&[&IMPORT[..], &["--dry-run"]].concat());
    let ran = site.run(&IMPORT);
    assert_eq!(dry.out, ran.out);
    let told: Vec<Value> = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
    (site, told.into_iter().map(|it| (it["file"].as_str().unwrap().to_string(), it)).collect(), ran.err)
}

fn is_sound(site: &Site) {
    let check = site.run(&["check"]);
    assert!(!check.out.contains("error"), "{}", check.out);
}

#[test]
fn heads_that_are_json_or_hard_yaml_are_read_and_never_become_the_text() {
    let (site, told, _) = imported(&[
        ("a.md", "{\n  \"title\": \"One\",\n  \"date\": \"2024-01-05T09:00:00Z\"\n}\n\nText.\n"),
        ("b.md", "---\rtitle: \"caf\\xE9\"\rdate: 2024-01-06\r---\rText.\r"),
        ("c.md", "---\ntitle: It's: here\ndate: 2024-01-07\n---\nText.\n"),
        ("d.md", "\n\n---json\n{\"title\": \"Four\", \"date\": \"2024-01-08\"}\n---\nText.\n"),
        ("e.md", "---js\n{ title: \"Five\" }\n---\nText.\n"),
        ("2024-01-10-f.md", "---\n\nBelow a rule.\n\n---\n\nMore.\n"),
        ("g.md", "---\ntitle: One\ndate: \"2024-01-01\n---\nText.\n"),
        ("2024-01-11-h.md", "Bell\u{7}, form\u{c}, \u{fffe}\0end.\n"),
    ]);
    for (name, subject) in [("a", "One"), ("b", "café"), ("c", "It's: here"), ("d", "Four")] {
        let written = read(&site, &format!("courses/notes/{name}.md"));
        assert!(
            written.contains(&format!("subject = \"{subject}\"")) && written.ends_with("+++\n\nText.\n"),
            "{written}"
        );
    }
    assert!(told["e.md"]["reason"].as_str().unwrap().contains("`---js`"), "{told:?}");
    assert!(told["g.md"]["reason"].as_str().unwrap().starts_with("line 3 "), "{told:?}");
    assert!(read(&site, "courses/notes/f.md").ends_with("+++\n\n---\n\nBelow a rule.\n\n---\n\nMore.\n"));
    assert!(read(&site, "courses/notes/h.md").ends_with("+++\n\nBell, form, end.\n"));
    is_sound(&site);
}

#[test]
fn what_was_not_public_becomes_a_draft_and_says_why() {
    let (site, told, err) = imported(&[
        ("paid.md", "---\ntitle: Paid\ndate: 2024-01-05\nvisibility: members\n---\nText.\n"),
        ("half.md", "---\ntitle: Half\ndate: 2024-01-05\nisDraft: yes\n---\nText.\n"),
        ("over.md", "---\ntitle: Over\ndate: 2024-01-05\nexpiryDate: 2024-02-01\n---\nText.\n"),
        ("_drafts/2024-01-06-idea.md", "Text.\n"),
        ("later.md", "---\ntitle: Later\ndate: 2024-01-05\npublishDate: 2091-01-01\n---\nText.\n"),
        ("public/2024-01-05-built.md", "Text.\n"),
        (".trash/2024-01-05-old.md", "Text.\n"),
        ("2024-01-07-open.md", "---\nstatus: published\nemail_type: public\n---\nText.\n"),
    ]);
    let draft = |file: &str, why: &str| {
        assert!(told[file]["became"] == "draft" && told[file].to_string().contains(why), "{}", told[file]);
    };
    draft("paid.md", "it was for paying or invited readers");
    draft("half.md", "`isdraft: yes`");
    draft("over.md", "`expirydate: 2024-02-01`");
    draft("_drafts/2024-01-06-idea.md", "it lies in `_drafts`");
    assert_eq!(
        (&told["later.md"]["became"], &told["2024-01-07-open.md"]["became"]),
        (&json!("planned"), &json!("imported"))
    );
    assert_eq!(told.len(), 6);
    assert!(err.contains("not looked into: .trash, public\n"), "{err}");
    assert!(
        read(&site, "courses/notes/course.toml")
            .contains("  \"open\",\n  # the first here\n  \"mine\", # in spring\n  \"later\",\n]")
    );
    is_sound(&site);
}

#[test]
fn a_post_with_an_error_becomes_a_draft_and_the_others_come_into_force() {
    let posts = [
        ("2024-01-05-good.md", "Text.\n"),
        ("2024-01-06-bad.md", "Text.\n\n<script>alert(1)</script>\n"),
        ("2024-01-07-gone.md", "![A leaf](leaf.png)\n"),
    ];
    let (site, told, _) = imported(&posts);
    let until = |file: &str| told[file]["until"].as_str().unwrap_or_default().to_string();
    assert!(until("2024-01-06-bad.md").starts_with("courses/notes/bad.md:9: a mail can't have `<script>`"), "{told:?}");
    assert!(until("2024-01-07-gone.md").contains("there is no image `leaf.png`"), "{told:?}");
    let manifest = read(&site, "courses/notes/course.toml");
    assert!(manifest.contains("\"good\"") && !manifest.contains("bad") && !manifest.contains("gone"), "{manifest}");
    assert!(read(&site, "courses/notes/bad.md").contains("date = 2024-01-06T09:00:00\narchive = true\n"));
    is_sound(&site);
    let again = site.run(&["import-issues", "posts", "--newsletter", "notes"]);
    assert!(
        again.out.contains("bad, a draft until this is mended: courses/notes/bad.md:9: a mail can't have"),
        "{}",
        again.out
    );
    assert!(
        again.err.contains("2 drafts, 1 there already, 0 refused\nmend what") && !again.err.contains("come into"),
        "{}",
        again.err
    );
}

#[test]
fn posts_link_to_each_other_in_the_archive_and_every_kind_of_picture_is_brought() {
    let (sink, site) = site("");
    site.write("courses/notes/course.toml", MANIFEST);
    site.write("courses/notes/mine.md", "+++\nsubject = \"Mine\"\ndate = 2090-03-05T09:00:00\n+++\n\nDear friend,\n");
    site.write(
        "posts/2024-01-05-one.md",
        "[a](2024-01-06-other.md) [b](../other/) [c](/2024/01/06/other/#part) [d]({% post_url 2024-01-06-other %}) [e]({{< relref \"other.md\" >}})\n",
    );
    site.write(
        "posts/2024-01-06-other.md",
        "![A pin][p] ![](my-pin.png)\n\n<img src=\"pin.png\" alt=\"P\">\n\n[whole](pin.png)\n\n[p]: pin.png\n",
    );
    for name in ["pin.png", "my-pin.png"] {
        fs::write(site.path().join("posts").join(name), png(3, 2)).unwrap();
    }
    let told = told(&site, &IMPORT, 0);
    let one = read(&site, "courses/notes/one.md");
    assert_eq!(
        (one.matches("/archive/notes/other)").count(), one.matches("/archive/notes/other#part)").count()),
        (4, 1),
        "{one}"
    );
    assert!(one.contains("[a](http"), "{one}");
    let other = read(&site, "courses/notes/other.md");
    assert!(other.contains("![A pin][p] ![My pin](images/other/my-pin.png)\n"), "{other}");
    assert!(
        other.contains("![P](<images/other/pin.png>)")
            && other.contains("[whole](images/other/pin.png)\n\n[p]: images/other/pin.png"),
        "{other}"
    );
    assert!(told["2024-01-06-other.md"]["notes"][1].as_str().unwrap().contains("has no description"), "{told:?}");
    is_sound(&site);
    drop(sink);
}

#[test]
fn names_are_counted_on_and_a_translation_a_pipe_and_a_far_year_are_refused() {
    let pipe = |site: &Site| {
        let made = std::process::Command::new("mkfifo").arg(site.path().join("posts/pipe.md")).status().unwrap();
        assert!(made.success());
    };
    let (_sink, site) = site("");
    site.write("courses/notes/course.toml", &MANIFEST.replace('\n', "\r\n"));
    site.write("courses/notes/mine.md", "+++\nsubject = \"Mine\"\ndate = 2090-03-05T09:00:00\n+++\n\nDear friend,\n");
    for (file, text) in [
        ("2024-01-05-same.md", "One.\n"),
        ("20240106-same.md", "Two.\n"),
        ("20240107_101500_same.md", "Three.\n"),
        ("2024-01-08-שלום.md", "Four.\n"),
        ("2024-01-08-ערב.md", "Five.\n"),
        ("half.md", "---\ndraft: true\n---\nSix.\n"),
        ("2024-01-09-tale.md", "Seven.\n"),
        ("2024-01-09-tale.he.md", "שבע.\n"),
        ("far.md", "---\ndate: 9999-12-31\n---\nEight.\n"),
    ] {
        site.write(&format!("posts/{file}"), text);
    }
    pipe(&site);
    let first = told(&site, &IMPORT, 1);
    let issue = |file: &str| first[file]["issue"].as_str().unwrap_or_default().to_string();
    assert_eq!(
        [issue("2024-01-05-same.md"), issue("20240106-same.md"), issue("20240107_101500_same.md")],
        ["same", "same-2", "same-3"]
    );
    assert_eq!([issue("2024-01-08-ערב.md"), issue("2024-01-08-שלום.md")], ["issue-2024-01-08", "issue-2024-01-08-2"]);
    for (file, why) in [
        ("2024-01-09-tale.he.md", "put it into courses/notes/he/tale.md"),
        ("far.md", "after 2200"),
        ("pipe.md", "it is no file"),
    ] {
        assert!(first[file]["reason"].as_str().unwrap().contains(why), "{}", first[file]);
    }
    let manifest = read(&site, "courses/notes/course.toml");
    assert_eq!(manifest.matches('\n').count(), manifest.matches("\r\n").count(), "{manifest:?}");
    site.write("courses/notes/half.md", &read(&site, "courses/notes/half.md").replace("Six.", "Six and more."));
    let ran = site.run(&IMPORT);
    let again: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(again.iter().filter(|it| it["became"] == "there").count(), 7, "{}", ran.out);
    assert!(!ran.err.contains("come into force"), "{}", ran.err);
    assert_eq!(read(&site, "courses/notes/course.toml"), manifest);
    is_sound(&site);
}

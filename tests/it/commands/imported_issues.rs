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

//! Folders on disk: what is read, passed over and refused.

use crate::course_files::COURSE;
use crate::course_files::good;
use dripline::flow::read_courses::Found;
use dripline::flow::read_courses::read_courses;
use dripline::flow::read_courses::read_trees;
use std::fs;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use tempfile::TempDir;

/// A site's folder with `courses/four-stages` in it, and the path of that course.
fn site() -> (TempDir, PathBuf) {
    let site = tempfile::tempdir().unwrap();
    let course = site.path().join("courses/four-stages");
    fs::create_dir_all(course.join("images")).unwrap();
    for (path, bytes) in good() {
        fs::write(course.join(path), bytes).unwrap();
    }
    (site, course)
}

fn found(site: &TempDir) -> Found {
    read_trees(&site.path().join("courses"), "courses").unwrap()
}

#[track_caller]
fn refused(site: &TempDir, expect: &[&str]) {
    let found = found(site);
    assert!(!found.trees.contains_key("four-stages"), "half a course must not look like a course");
    let problems: Vec<_> = found.problems["four-stages"].iter().map(ToString::to_string).collect();
    assert_eq!(problems, expect);
}

#[test]
fn a_folder_is_read_without_what_editors_and_systems_leave_there() {
    let (site, course) = site();
    for name in [".git", ".welcome.md.swp", "welcome.md~", "#welcome.md#", "x.swp", "images/.DS_Store"] {
        fs::write(course.join(name), "x").unwrap();
    }
    fs::write(site.path().join("courses/README.md"), "x").unwrap();
    fs::create_dir(site.path().join("courses/.git")).unwrap();
    fs::write(course.join("images/a.png"), "png").unwrap();
    let found = found(&site);
    assert!(found.problems.is_empty());
    assert_eq!(found.trees.keys().collect::<Vec<_>>(), ["four-stages"]);
    let paths: Vec<_> = found.trees["four-stages"].keys().collect();
    assert_eq!(paths, ["course.toml", "images/a.png", "listening.md", "welcome.md"]);
}

#[test]
fn a_link_within_the_courses_is_followed_and_one_that_leads_out_is_refused() {
    let (site, course) = site();
    fs::create_dir(site.path().join("courses/.shared")).unwrap();
    fs::write(site.path().join("courses/.shared/a.png"), "png").unwrap();
    symlink("../.shared", course.join("shared")).unwrap();
    assert_eq!(found(&site).trees["four-stages"]["shared/a.png"], b"png");
    fs::write(site.path().join("secret"), "s").unwrap();
    symlink(site.path().join("secret"), course.join("images/a.png")).unwrap();
    symlink("/etc", course.join("system")).unwrap();
    symlink("nowhere", course.join("lost.md")).unwrap();
    symlink("self", course.join("self")).unwrap();
    symlink("..", course.join("images/up")).unwrap();
    refused(
        &site,
        &[
            "courses/four-stages/images/a.png:1:1: error: this link leads out of the folder of courses",
            "courses/four-stages/images/up:1:1: error: this link leads back to a folder it stands in",
            "courses/four-stages/lost.md:1:1: error: this link leads nowhere",
            "courses/four-stages/self:1:1: error: this link leads nowhere",
            "courses/four-stages/system:1:1: error: this link leads out of the folder of courses",
        ],
    );
}

#[test]
fn a_course_that_is_itself_a_link_to_elsewhere_is_refused() {
    let (site, course) = site();
    fs::rename(&course, site.path().join("elsewhere")).unwrap();
    symlink(site.path().join("elsewhere"), &course).unwrap();
    refused(&site, &["courses/four-stages:1:1: error: this link leads out of the folder of courses"]);
}

#[test]
fn a_file_over_5_mib_and_a_course_over_200_mib_are_refused() {
    let sized = |path: PathBuf, length: u64| File::create(path).unwrap().set_len(length).unwrap();
    let (site, course) = site();
    sized(course.join("film.mp4"), 5 * 1024 * 1024 + 1);
    refused(&site, &["courses/four-stages/film.mp4:1:1: error: this file is over 5 MiB"]);
    fs::remove_file(course.join("film.mp4")).unwrap();
    for n in 10..50 {
        sized(course.join(format!("images/{n}.png")), 5 * 1024 * 1024);
    }
    refused(&site, &["courses/four-stages/images/49.png:1:1: error: the course is over 200 MiB up to this file"]);
}

#[test]
fn a_file_without_the_right_to_read_it_is_a_problem_of_its_course() {
    let (site, course) = site();
    let closed = course.join("listening.md");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        // The superuser may read everything.
        return;
    }
    let problem = "courses/four-stages/listening.md:1:1: error: this can't be read: Permission denied (os error 13)";
    refused(&site, &[problem]);
}

#[test]
fn all_folders_are_checked_alone_and_beside_each_other() {
    let (site, course) = site();
    let courses = site.path().join("courses");
    fs::write(course.join("course.toml"), format!("next = [\"broken\", \"empty\", \"gone\"]\n{COURSE}")).unwrap();
    fs::create_dir(courses.join("empty")).unwrap();
    fs::create_dir(courses.join("broken")).unwrap();
    symlink("/etc/hostname", courses.join("broken/course.toml")).unwrap();
    let shelf = read_courses(&courses, "courses").unwrap();
    let problems: Vec<_> = shelf.iter().flat_map(|one| &one.problems).map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "courses/broken/course.toml:1:1: error: this link leads out of the folder of courses",
            "courses/empty/course.toml:1:1: error: this folder has no course.toml",
            "courses/four-stages/course.toml:1:28: error: `next` names no course: `gone`",
        ]
    );
    assert!(shelf.iter().all(|one| one.course.is_none()));
    assert!(read_courses(Path::new("/nowhere/at/all"), "courses").is_err());
}

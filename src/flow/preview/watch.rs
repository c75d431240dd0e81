//! What a touched file means for the courses: which of them has to be read again. Watches nothing itself.

use crate::flow::read_courses::is_passed_over;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

/// What has to be read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// dripline.toml, and with it everything.
    pub configuration: bool,
    /// Templates, or the folder of courses itself.
    pub everything: bool,
    /// Courses by their folders' names.
    pub courses: BTreeSet<String>,
}

impl Touched {
    pub fn is_empty(&self) -> bool {
        *self == Touched::default()
    }

    pub fn add(&mut self, other: Touched) {
        self.configuration |= other.configuration;
        self.everything |= other.everything;
        self.courses.extend(other.courses);
    }
}

/// What these paths mean. `configuration` is the file, `courses` and `templates` are the folders that it names, all of
/// them absolute. What editors leave beside a file while it is open means nothing.
pub fn touched(paths: &[PathBuf], configuration: &Path, courses: &Path, templates: &Path) -> Touched {
    let mut touched = Touched::default();
    for path in paths {
        if path == configuration {
            touched.configuration = true;
        } else if let Ok(below) = path.strip_prefix(courses) {
            let mut names = below.components().map(|name| name.as_os_str().to_string_lossy().into_owned());
            let all: Vec<String> = names.by_ref().collect();
            match all.first() {
                None => touched.everything = true,
                Some(_) if all.iter().any(|name| is_passed_over(name)) => {}
                Some(course) => drop(touched.courses.insert(course.clone())),
            }
        } else if path.starts_with(templates) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            touched.everything |= !is_passed_over(&name);
        } else if courses.starts_with(path) || templates.starts_with(path) {
            touched.everything = true;
        }
    }
    touched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touched_file_names_what_has_to_be_read_again() {
        let check = |path: &str, expect: (bool, bool, &[&str])| {
            let paths = [PathBuf::from(path)];
            let found = touched(&paths, "/s/dripline.toml".as_ref(), "/s/courses".as_ref(), "/s/templates".as_ref());
            let courses: Vec<&str> = found.courses.iter().map(String::as_str).collect();
            assert_eq!((found.configuration, found.everything, courses.as_slice()), expect, "{path}");
        };
        check("/s/dripline.toml", (true, false, &[]));
        check("/s/courses/calm/one.md", (false, false, &["calm"]));
        check("/s/courses/calm/pt/one.md", (false, false, &["calm"]));
        check("/s/courses/calm", (false, false, &["calm"]));
        check("/s/courses/calm/.one.md.swp", (false, false, &[]));
        check("/s/courses/calm/one.md~", (false, false, &[]));
        check("/s/courses", (false, true, &[]));
        check("/s/templates/theme.toml", (false, true, &[]));
        check("/s/templates/mail/.theme.toml.swp", (false, false, &[]));
        check("/s", (false, true, &[]));
        check("/s/data/dripline.db", (false, false, &[]));
        check("/elsewhere", (false, false, &[]));
    }
}

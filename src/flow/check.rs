//! Every problem in configuration, courses and templates, in one list. Needs no database.

use crate::course::Course;
use crate::course::Loaded;
use crate::flow::read_courses;
use crate::message::Signer;
use crate::message::Templates;
use crate::message::check_course;
use crate::message::check_templates;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Site;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Reads the coach's templates that stand in for the built-in ones: path below the folder → bytes. A folder that isn't
/// there replaces nothing.
pub fn read_templates(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(below) = path.strip_prefix(folder) {
                found.insert(below.to_string_lossy().replace('\\', "/"), fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

/// The problems of every course and template. Each lesson is rendered once for a person who lacks every optional value.
pub fn check(site: &Site, courses: &Path, templates: &Path) -> Vec<Problem> {
    let overrides = read_templates(templates).unwrap_or_default();
    let mut problems = check_templates(site, &overrides);
    let templates = Templates::load(&overrides).or_else(|_| Templates::load(&BTreeMap::new())).ok();
    // Every lesson would say again what is wrong with its templates.
    let told: Vec<String> = problems.iter().map(|problem| problem.file().to_string()).collect();
    let prefix = prefix(courses);
    match read_courses::read_courses(courses, &prefix) {
        Ok(shelf) => {
            for Loaded { sketch, problems: found, .. } in shelf {
                problems.extend(found);
                let (Some(course), Some(templates)) = (sketch, &templates) else { continue };
                let rendered = check_course(templates, site, &course).into_iter();
                problems.extend(rendered.filter(|problem| !told.iter().any(|file| file == problem.file())));
            }
        }
        Err(error) => {
            let source = Source::new(prefix, "");
            let help = "create the folder and put a course into it, or correct `courses` in [content]";
            problems.push(Problem::error(&source, 0..0, format!("{error:#}"), help));
        }
    }
    problem::sort(&mut problems);
    problems
}

/// The courses with a sender of their own that our signatures don't speak for.
pub fn check_senders(courses: &Path, signer: &Signer) -> Vec<Problem> {
    let prefix = prefix(courses);
    let shelf = read_courses::read_courses(courses, &prefix).unwrap_or_default();
    shelf.into_iter().filter_map(|Loaded { sketch, .. }| unsigned(signer, &prefix, &sketch?)).collect()
}

/// A warning where a course has such a sender. `prefix` is what people call the folder of courses.
pub fn unsigned(signer: &Signer, prefix: &str, course: &Course) -> Option<Problem> {
    let sender = course.sender.as_ref().filter(|sender| !signer.covers(&sender.address))?;
    let source = Source::new(format!("{prefix}/{}/course.toml", course.id), "");
    let message = format!(
        "`sender.address` belongs to {}, and mails are signed for {}",
        sender.address.domain(),
        signer.domain()
    );
    let help = "receivers count no signature of ours for these mails (DMARC): use an address of the domain that signs";
    Some(Problem::warning(&source, 0..0, message, help))
}

/// How the folder of courses is called in problems.
pub fn prefix(courses: &Path) -> String {
    courses.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

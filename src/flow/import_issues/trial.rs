//! What `check` will say of a newsletter once files have come to it. Reads the newsletter, writes nothing.

use crate::course;
use crate::course::Tree;
use crate::flow::check;
use crate::flow::import_issues::Import;
use crate::flow::read_courses;
use crate::problem::Severity;

/// The first error of each file, by its path below the newsletter's folder, with `new` among what stands there. Nothing
/// where the newsletter can't be read as it is.
pub fn errors(import: &Import<'_>, new: Tree) -> Vec<(String, String)> {
    let prefix = check::prefix(import.courses);
    let Some(Ok(mut tree)) = read_courses::read_tree(import.courses, &prefix, import.newsletter) else {
        return Vec::new();
    };
    tree.extend(new);
    let mut content = check::read(import.courses, import.templates);
    content.shelf = vec![course::load(import.newsletter, &prefix, &tree)];
    let home = format!("{prefix}/{}/", import.newsletter);
    let mut errors: Vec<(String, String)> = Vec::new();
    for problem in check::check(import.site, &content) {
        let Some(file) = problem.file().strip_prefix(&home).filter(|_| problem.severity == Severity::Error) else {
            continue;
        };
        if !errors.iter().any(|(known, _)| known == file) {
            let (line, _) = problem.position();
            errors.push((file.to_string(), format!("{home}{file}:{line}: {}; {}", problem.message, problem.help)));
        }
    }
    errors
}

//! Reads the folders of courses from disk into trees of bytes. Doesn't know what stands in a file.

use crate::course;
use crate::course::Loaded;
use crate::course::Tree;
use crate::problem::Problem;
use crate::problem::Source;
use anyhow::Context;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Largest file of a course, in bytes.
const LARGEST_FILE: u64 = 5 * 1024 * 1024;
/// Largest course, in bytes over all its files.
const LARGEST_COURSE: u64 = 200 * 1024 * 1024;

/// What was found below a folder of courses, by the folder's name. A course stands in `trees` or in `problems`, never
/// in both: half a course would look like one whose lessons were taken out.
#[derive(Debug, Default)]
pub struct Found {
    pub trees: BTreeMap<String, Tree>,
    pub problems: BTreeMap<String, Vec<Problem>>,
    /// What could be read of a course that stands in `problems`: only to look for more of them.
    partial: BTreeMap<String, Tree>,
}

/// Reads every folder in `courses_dir` and checks it, alone and beside the others, in the order of their names.
/// `prefix` is what people call `courses_dir`.
///
/// # Errors
/// `courses_dir` itself can't be read.
pub fn read_courses(courses_dir: &Path, prefix: &str) -> anyhow::Result<Vec<Loaded>> {
    let found = read_trees(courses_dir, prefix)?;
    let whole = found.trees.iter().map(|(id, tree)| course::load(id, prefix, tree));
    let broken = found.problems.into_iter().map(|(id, problems)| match found.partial.get(&id) {
        Some(tree) => course::load(&id, prefix, tree).as_part(problems),
        None => Loaded::unreadable(id, problems),
    });
    let mut shelf: Vec<Loaded> = whole.chain(broken).collect();
    shelf.sort_by(|a, b| a.id.cmp(&b.id));
    course::check_shelf(&mut shelf);
    Ok(shelf)
}

/// Reads every folder in `courses_dir`. Files beside the folders, dot-files and the backups of editors are passed
/// over; a link that leads out of `courses_dir` is refused.
///
/// # Errors
/// `courses_dir` itself can't be read.
pub fn read_trees(courses_dir: &Path, prefix: &str) -> anyhow::Result<Found> {
    let cannot = || format!("can't read the courses in {}", courses_dir.display());
    let root = fs::canonicalize(courses_dir).with_context(cannot)?;
    let mut found = Found::default();
    for entry in fs::read_dir(&root).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let name = entry.file_name();
        let id = name.to_string_lossy().into_owned();
        if is_passed_over(&id) || fs::metadata(entry.path()).is_ok_and(|found| !found.is_dir()) {
            continue;
        }
        let (tree, problems) = read_folder(&root, &entry.path(), prefix, &id);
        if problems.is_empty() {
            found.trees.insert(id, tree);
        } else {
            found.partial.insert(id.clone(), tree);
            found.problems.insert(id, problems);
        }
    }
    Ok(found)
}

/// The folder of one course, as [`read_trees`] would read it; `None` when there is none of this name.
///
/// # Errors
/// What keeps a file of it from being read.
pub fn read_tree(courses_dir: &Path, prefix: &str, id: &str) -> Option<Result<Tree, Vec<Problem>>> {
    let root = fs::canonicalize(courses_dir).ok()?;
    let folder = root.join(id);
    let is_file = fs::metadata(&folder).is_ok_and(|found| !found.is_dir());
    let is_meant = !is_passed_over(id) && !is_file && fs::symlink_metadata(&folder).is_ok();
    is_meant.then(|| match read_folder(&root, &folder, prefix, id) {
        (tree, problems) if problems.is_empty() => Ok(tree),
        (_, problems) => Err(problems),
    })
}

/// What of a course's folder can be read, and what can't.
fn read_folder(root: &Path, folder: &Path, prefix: &str, id: &str) -> (Tree, Vec<Problem>) {
    let shown = if prefix.is_empty() { id.to_string() } else { format!("{prefix}/{id}") };
    let whole = "folder of courses";
    let mut reading = Reading { root, whole, shown, tree: Tree::new(), size: 0, problems: Vec::new() };
    reading.enter(folder, "", &mut Vec::new());
    (reading.tree, reading.problems)
}

/// Reads the folder of templates: path below it → bytes, and what can't be read. A folder that isn't there is empty.
pub fn read_templates(folder: &Path) -> (Tree, Vec<Problem>) {
    let Ok(root) = fs::canonicalize(folder) else { return (Tree::new(), Vec::new()) };
    let shown = TEMPLATES.to_string();
    let mut reading =
        Reading { root: &root, whole: "folder of templates", shown, tree: Tree::new(), size: 0, problems: Vec::new() };
    reading.enter(&root, "", &mut Vec::new());
    (reading.tree, reading.problems)
}

/// How the folder of templates is called in problems, whatever its name is.
const TEMPLATES: &str = "templates";

/// Whether nothing of a course is read from a file or folder of this name: a dot-file, or what editors leave beside a file
/// while it is open.
pub fn is_passed_over(name: &str) -> bool {
    name.starts_with('.')
        || name.ends_with('~')
        || [".swp", ".swo", ".swx", ".bak", ".tmp", ".orig"].iter().any(|end| name.ends_with(end))
        || (name.starts_with('#') && name.ends_with('#'))
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|entry| entry.is_symlink())
}

/// One course, or the templates, while it is being read.
struct Reading<'a> {
    root: &'a Path,
    /// What the root is.
    whole: &'static str,
    /// What people call its folder.
    shown: String,
    tree: Tree,
    size: u64,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    /// Reads what stands at `path`, known as `relative` within the course; `above` are the folders that lead here.
    fn enter(&mut self, path: &Path, relative: &str, above: &mut Vec<PathBuf>) {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if is_link(path) && error.kind() != io::ErrorKind::PermissionDenied => {
                return self.refuse(relative, "this link leads nowhere", "correct it, or remove it");
            }
            Err(error) => return self.unreadable(relative, &error),
        };
        if !real.starts_with(self.root) {
            let help = format!("put the file itself here: nothing outside the {} is read", self.whole);
            return self.refuse(relative, &format!("this link leads out of the {}", self.whole), &help);
        }
        if above.contains(&real) {
            return self.refuse(relative, "this link leads back to a folder it stands in", "remove it");
        }
        match fs::metadata(&real) {
            Err(error) => self.unreadable(relative, &error),
            Ok(found) if found.is_dir() => {
                above.push(real.clone());
                self.folder(&real, relative, above);
                above.pop();
            }
            Ok(found) if found.is_file() => self.file(&real, relative, found.len()),
            Ok(_) => self.refuse(relative, "this is neither a file nor a folder", "remove it"),
        }
    }

    fn folder(&mut self, folder: &Path, relative: &str, above: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(relative, &error),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if is_passed_over(&name.to_string_lossy()) {
                continue;
            }
            let Some(name) = name.to_str() else {
                let lossy = name.to_string_lossy();
                self.refuse(&below(relative, &lossy), "this file's name isn't UTF-8", "rename it");
                continue;
            };
            self.enter(&entry.path(), &below(relative, name), above);
        }
    }

    fn file(&mut self, path: &Path, relative: &str, length: u64) {
        if length > LARGEST_FILE {
            return self.refuse(relative, "this file is over 5 MiB", "make it smaller, or link to it instead");
        }
        if self.size > LARGEST_COURSE {
            return;
        }
        self.size += length;
        if self.size > LARGEST_COURSE {
            let help = "move large files elsewhere and link to them";
            return self.refuse(relative, "the course is over 200 MiB up to this file", help);
        }
        match fs::read(path) {
            Ok(bytes) => {
                self.tree.insert(relative.to_string(), bytes);
            }
            Err(error) => self.unreadable(relative, &error),
        }
    }

    fn unreadable(&mut self, relative: &str, error: &io::Error) {
        let message = format!("this can't be read: {error}");
        self.refuse(relative, &message, "give the user that dripline runs as the right to read it");
    }

    fn refuse(&mut self, relative: &str, message: &str, help: &str) {
        let source = Source::new(below(&self.shown, relative).trim_end_matches('/'), "");
        self.problems.push(Problem::error(&source, 0..0, message, help));
    }
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") }
}

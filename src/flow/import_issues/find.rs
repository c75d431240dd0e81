//! The Markdown files below a folder, and the folders that hold none of an author's. Opens no file.

use anyhow::Context as _;
use anyhow::Result;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Deepest folder that is looked into.
const DEEPEST: usize = 8;
/// What programs make of an author's files, or need for it.
const MADE: [&str; 3] = ["_site", "public", "node_modules"];

#[derive(Debug, Default)]
pub struct Files {
    /// In the order of their names.
    pub found: Vec<PathBuf>,
    /// Folders below the first that weren't looked into.
    pub skipped: Vec<PathBuf>,
    seen: BTreeSet<PathBuf>,
}

/// Every `.md` and `.markdown` file below the folder.
///
/// # Errors
/// A folder that can't be read.
pub fn files(folder: &Path) -> Result<Files> {
    let mut files = Files::default();
    files.look(folder, 0)?;
    files.found.sort();
    files.skipped.sort();
    Ok(files)
}

impl Files {
    fn look(&mut self, folder: &Path, depth: usize) -> Result<()> {
        let cannot = || format!("can't read the folder {}", folder.display());
        if !self.seen.insert(fs::canonicalize(folder).with_context(cannot)?) {
            return Ok(());
        }
        for entry in fs::read_dir(folder).with_context(cannot)? {
            let path = entry.with_context(cannot)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let is_folder = path.is_dir() && !path.is_symlink();
            if is_folder && (name.starts_with('.') || MADE.contains(&name.as_str()) || depth == DEEPEST) {
                self.skipped.push(path);
            } else if is_folder {
                self.look(&path, depth + 1)?;
            } else if !name.starts_with('.') && is_post(&path, &name) {
                self.found.push(path);
            }
        }
        Ok(())
    }
}

/// A page about a folder is no issue.
fn is_post(path: &Path, name: &str) -> bool {
    let ending = path.extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is_about = name == "_index.md" || name.eq_ignore_ascii_case("readme.md");
    matches!(ending.as_str(), "md" | "markdown") && !is_about
}

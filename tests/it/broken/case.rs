//! One broken folder, as `tests/broken/*.toml` describes it: which file is changed, how, and what is said then.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use tempfile::TempDir;
use toml::Table;
use toml::Value;

pub struct Case {
    pub name: String,
    pub says: Vec<String>,
    edits: Vec<Table>,
}

/// Where cases and the sound site stand.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// Every case of every file.
pub fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let table: Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        let tables = table["case"].as_array().unwrap().iter().map(|case| case.as_table().unwrap());
        cases.extend(tables.map(Case::new));
    }
    cases
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    table.get(key).map(|value| value.as_str().unwrap_or_else(|| panic!("`{key}` is text")))
}

impl Case {
    fn new(table: &Table) -> Case {
        let says = table.get("says").and_then(Value::as_array).into_iter().flatten();
        let more = table.get("more").and_then(Value::as_array).into_iter().flatten();
        let more = more.map(|edit| edit.as_table().unwrap().clone());
        Case {
            name: text(table, "name").unwrap().to_string(),
            says: says.map(|line| line.as_str().unwrap().to_string()).collect(),
            edits: [table.clone()].into_iter().chain(more).collect(),
        }
    }

    /// The site in which nothing is wrong.
    pub fn sound() -> TempDir {
        let site = tempfile::tempdir().unwrap();
        copy(&folder().join("site"), site.path());
        site
    }

    /// The site as this case breaks it.
    pub fn site(&self) -> TempDir {
        let site = Case::sound();
        for edit in &self.edits {
            apply(edit, site.path(), &self.name);
        }
        site
    }
}

/// `delete`, `folder`, `link = "…"`, `hex = "…"` or `whole = "…"` of a file; or `find = "…"` (or `find_hex`) and `put`, which
/// is repeated `times` times. `built_in`: of a copy of our own file.
fn apply(edit: &Table, site: &Path, name: &str) {
    let file = text(edit, "file").unwrap();
    let path = site.join(file);
    let exists = path.symlink_metadata().is_ok();
    if edit.contains_key("delete") {
        return if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() };
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if edit.contains_key("folder") || edit.contains_key("link") {
        if exists {
            fs::remove_file(&path).unwrap();
        }
        match text(edit, "link") {
            Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            None => fs::create_dir(path).unwrap(),
        }
        return;
    }
    if let Some(hex) = text(edit, "hex") {
        return fs::write(path, bytes(hex)).unwrap();
    }
    if let Some(whole) = text(edit, "whole") {
        return fs::write(path, whole).unwrap();
    }
    if edit.contains_key("built_in") {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), &path).unwrap();
    }
    let wanted = text(edit, "find_hex").map_or_else(|| text(edit, "find").unwrap().as_bytes().to_vec(), bytes);
    let times = edit.get("times").and_then(Value::as_integer).map_or(1, |times| usize::try_from(times).unwrap());
    let old = fs::read(&path).unwrap();
    let at = old.windows(wanted.len()).position(|window| window == wanted);
    let at = at.unwrap_or_else(|| panic!("{name}: {file} doesn't hold what is to be changed"));
    let put = text(edit, "put").unwrap().repeat(times);
    fs::write(path, [&old[..at], put.as_bytes(), &old[at + wanted.len()..]].concat()).unwrap();
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

//! Every example in docs/coach does what it says: its files are written, its commands are run, and what they print is compared.
//! Knows no rule of the product.

mod links;
mod page;
mod printed;

use page::Block;
use page::Page;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dripline");

#[test]
fn every_example_for_coaches_does_what_it_says() {
    let pages = Page::all("docs/coach");
    assert!(pages.len() > 5, "only {} pages for coaches", pages.len());
    let wrong: Vec<String> = thread::scope(|scope| {
        let started: Vec<_> = pages.iter().map(|page| scope.spawn(|| Reader::new().follows(page))).collect();
        started.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "\n\n{}\n", wrong.join("\n\n"));
}

/// Somebody with an empty folder who types what a page says.
struct Reader {
    home: TempDir,
    /// Where they are: `cd` moves them.
    folder: PathBuf,
}

impl Reader {
    fn new() -> Reader {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        symlink(PROGRAM, home.path().join("bin/dripline")).unwrap();
        let folder = home.path().join("home");
        fs::create_dir(&folder).unwrap();
        Reader { home, folder }
    }

    /// What isn't as the page says, each with page and line.
    fn follows(mut self, page: &Page) -> Vec<String> {
        let mut wrong = page.wrong.clone();
        let mut ran = 0;
        for block in &page.blocks {
            match block {
                Block::File { path, text } => self.writes(path, text),
                Block::Run { line, command, prints } => {
                    ran += 1;
                    wrong.extend(self.runs(command, prints).map(|why| format!("{}:{line}: {why}", page.path)));
                }
                Block::Shown { line, command } => {
                    wrong.extend(self.could_run(command).map(|why| format!("{}:{line}: {why}", page.path)));
                }
            }
        }
        if ran == 0 {
            wrong.push(format!("{}: no example of it can be run", page.path));
        }
        wrong
    }

    fn writes(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn runs(&mut self, command: &str, prints: &str) -> Option<String> {
        let got = match command.strip_prefix("cd ") {
            Some(to) => self.goes(to),
            None => self.types(command),
        };
        let why = || format!("`{command}` printed\n{got}\ninstead of\n{prints}");
        (!printed::matches(prints, &got)).then(why)
    }

    fn goes(&mut self, to: &str) -> String {
        let folder = self.folder.join(to);
        if !folder.is_dir() {
            return format!("{to} is no folder\n");
        }
        self.folder = folder;
        String::new()
    }

    /// What a terminal shows of it: both outputs, in their order.
    fn types(&self, command: &str) -> String {
        let path = format!("{}:/usr/bin:/bin", self.home.path().join("bin").display());
        let mut shell = Command::new("sh");
        shell.current_dir(&self.folder).args(["-c", &format!("exec 2>&1; {command}")]).stdin(Stdio::null());
        shell.env_clear().env("PATH", path).env("HOME", self.home.path().join("home")).env("TMPDIR", self.home.path());
        String::from_utf8(shell.output().unwrap().stdout).unwrap()
    }

    /// What is only shown has to be a command with flags that exist, for all that.
    fn could_run(&self, command: &str) -> Option<String> {
        let words = command.split(" dripline ").last()?;
        if !command.contains("dripline ") {
            return None;
        }
        let words = words.trim_start_matches("dripline ").split(" #").next()?;
        let got = self.types(&format!("dripline {words} --help"));
        (!got.contains("Usage:") || got.starts_with("error")).then(|| format!("`{command}`: {got}"))
    }
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut pages = vec!["README.md".to_string()];
    pages.extend(names("docs"));
    pages.extend(names("docs/coach"));
    let wrong: Vec<String> = pages.iter().flat_map(|page| links::dead(page)).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The pages of a folder of the repository, by their paths in it.
fn names(folder: &str) -> Vec<String> {
    let entries = root().join(folder).read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md"));
    let mut paths: Vec<String> = names.map(|name| format!("{folder}/{name}")).collect();
    paths.sort();
    paths
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

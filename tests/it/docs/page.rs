//! What a page of the documentation has a reader do, in its order: files to write, commands to type. Knows nothing of how they end.

use super::names;
use super::read;

pub struct Page {
    pub path: String,
    pub blocks: Vec<Block>,
    /// What can't be tried as it is written, with page and line.
    pub wrong: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// ```` ```toml courses/first-steps/course.toml ````: a later one replaces an earlier.
    File { path: String, text: String },
    /// A line of ```` ```console ```` that begins with `$`, and the lines behind it.
    Run { line: usize, command: String, prints: String },
    /// The same of ```` ```console shown ````: for what needs a mail provider, or goes on until it is told to end.
    Shown { line: usize, command: String },
}

/// One block between fences.
struct Fenced<'a> {
    line: usize,
    info: &'a str,
    lines: Vec<&'a str>,
}

impl Page {
    pub fn all(folder: &str) -> Vec<Page> {
        names(folder).iter().map(|path| Page::parse(path, &read(path))).collect()
    }

    pub fn parse(path: &str, text: &str) -> Page {
        let mut page = Page { path: path.to_string(), blocks: Vec::new(), wrong: Vec::new() };
        for fenced in fenced(text) {
            let words: Vec<&str> = fenced.info.split_whitespace().collect();
            match words.as_slice() {
                ["console"] => page.blocks.extend(commands(&fenced)),
                ["console", "shown"] => page.blocks.extend(commands(&fenced).into_iter().filter_map(Block::shown)),
                // What somebody sees elsewhere: in a mail, in another program.
                ["text"] => (),
                [_, file] => page.blocks.push(Block::file(file, &fenced.lines)),
                _ => page
                    .wrong
                    .push(format!("{path}:{}: say which file this is, or whether it is console or text", fenced.line)),
            }
        }
        page
    }
}

impl Block {
    fn file(path: &str, lines: &[&str]) -> Block {
        Block::File { path: path.to_string(), text: lines.iter().map(|line| format!("{line}\n")).collect() }
    }

    fn shown(self) -> Option<Block> {
        let Block::Run { line, command, .. } = self else { return None };
        Some(Block::Shown { line, command })
    }
}

fn commands(fenced: &Fenced) -> Vec<Block> {
    let mut found = Vec::new();
    for (at, text) in fenced.lines.iter().enumerate() {
        if let Some(command) = text.strip_prefix("$ ") {
            let line = fenced.line + 1 + at;
            found.push(Block::Run { line, command: command.to_string(), prints: String::new() });
        } else if let Some(Block::Run { prints, .. }) = found.last_mut() {
            prints.push_str(text);
            prints.push('\n');
        }
    }
    found
}

fn fenced(text: &str) -> Vec<Fenced<'_>> {
    let mut found = Vec::new();
    let mut open: Option<(&str, Fenced)> = None;
    for (at, line) in text.lines().enumerate() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        open = match open {
            Some((fence, block)) if line == fence => {
                found.push(block);
                None
            }
            Some((fence, mut block)) => {
                block.lines.push(line);
                Some((fence, block))
            }
            None if ticks.len() > 2 => {
                Some((ticks, Fenced { line: at + 1, info: &line[ticks.len()..], lines: Vec::new() }))
            }
            None => None,
        };
    }
    assert!(open.is_none(), "a block that has no end");
    found
}

#[test]
fn a_page_is_read_as_its_reader_does_it() {
    let text = "Words.\n\n```toml a/b.toml\nx = 1\n\ny = 2\n```\n\n```console\n$ dripline check\nno problems\n…\n$ ls\n```\n\n\
                ````markdown c.md\n```\ncode\n```\n````\n\n```console shown\n$ dripline serve\nready\n```\n\n```text\nseen\n```\n\n```toml\nz = 3\n```\n";
    let page = Page::parse("p.md", text);
    let run = |line, command: &str, prints: &str| Block::Run { line, command: command.into(), prints: prints.into() };
    let expect = [
        Block::File { path: "a/b.toml".into(), text: "x = 1\n\ny = 2\n".into() },
        run(10, "dripline check", "no problems\n…\n"),
        run(13, "ls", ""),
        Block::File { path: "c.md".into(), text: "```\ncode\n```\n".into() },
        Block::Shown { line: 23, command: "dripline serve".into() },
    ];
    assert_eq!(page.blocks, expect);
    assert_eq!(page.wrong, ["p.md:31: say which file this is, or whether it is console or text"]);
}

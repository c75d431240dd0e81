//! The bytes of a text file become a source, and a lesson's front matter is found in it. Knows no key.

use crate::problem::Problem;
use crate::problem::Source;
use std::ops::Range;
use std::sync::Arc;

/// Longest text file, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Text without a byte-order mark and with `\n` at the end of its lines, so that every span is one of this text.
/// What can't be used comes back with an empty or a lossy source, and the problem.
pub fn decode(name: &str, bytes: &[u8]) -> (Arc<Source>, Option<Problem>) {
    if bytes.len() > LONGEST {
        let source = Source::new(name, "");
        let help = "a mail is at most 100 KB: split the file, or move pictures into files of their own";
        let problem = Problem::error(&source, 0..0, "the file is over 1 MiB", help);
        return (source, Some(problem));
    }
    let source = Source::new(name, plain(&String::from_utf8_lossy(bytes)));
    if let Err(error) = std::str::from_utf8(bytes) {
        let sound = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let at = plain(&sound).len();
        let problem = Problem::error(&source, at..at, "this isn't UTF-8", "save the file in UTF-8");
        return (source, Some(problem));
    }
    let problem = source.text.find('\0').map(|at| {
        Problem::error(&source, at..at + 1, "a text has no NUL characters", "remove it, or save the file in UTF-8")
    });
    (source, problem)
}

fn plain(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

/// Where a lesson's TOML stands, and where its Markdown begins.
pub struct FrontMatter {
    pub toml: Range<usize>,
    pub body: usize,
}

/// Finds the front matter between two lines `+++`, the first of which begins the file.
///
/// # Errors
/// The missing fence.
pub fn front_matter(source: &Arc<Source>) -> Result<FrontMatter, Problem> {
    let text = &source.text;
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != FENCE {
        let help = if first.trim_end() == "---" {
            "write +++ instead of ---, and its keys as TOML: subject = \"…\""
        } else {
            "begin the file with a line `+++`, then `subject = \"…\"`, then another line `+++`"
        };
        return Err(Problem::error(source, 0..first.trim_end().len(), "the lesson has no front matter", help));
    }
    let mut at = first.len();
    for line in lines {
        if line.trim_end() == FENCE {
            return Ok(FrontMatter { toml: first.len()..at, body: at + line.len() });
        }
        at += line.len();
    }
    let help = "write a line `+++` between the keys and the text";
    Err(Problem::error(source, 0..FENCE.len(), "the front matter has no end", help))
}

const FENCE: &str = "+++";

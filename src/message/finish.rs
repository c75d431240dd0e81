//! The last touch on a rendered part: how long it may grow, and a text without gaps and overlong lines. Knows no template.

use crate::message::RENDER_LIMIT;
use crate::message::plain;
use std::io;

/// At most one blank line in a row, nothing at the ends of lines: conditions that were false leave gaps. Lines that grew
/// with a value are broken again.
pub fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.trim_end().lines().map(str::trim_end) {
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank == 0 || blank == 1 && !tidy.is_empty() {
            tidy.push_str(&plain::rewrap(line));
            tidy.push('\n');
        }
    }
    tidy
}

/// Takes [`RENDER_LIMIT`] octets and no more.
pub struct Limited(pub Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > RENDER_LIMIT {
            return Err(io::Error::other("the rendered text is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A text of separated values, row by row, each with the line on which it begins. Stands every way of ending a line,
//! stray quotes and cells without end. Knows no column.

use memchr::memchr2;
use memchr::memchr3;
use std::io::Read;
use std::io::Result;

/// Longest row, in bytes.
pub const LONGEST_ROW: usize = 64 * 1024;
const CHUNK: usize = 256 * 1024;
/// What may stand between cells; the header decides.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads rows from a text.
#[derive(Debug)]
pub struct Records<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    /// The line at `at`, counted from 1.
    line: u64,
    delimiter: u8,
}

/// One row that isn't empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The line of the file on which it begins.
    pub line: u64,
    pub cells: std::result::Result<Cells, Fault>,
}

/// The cells of a row, without their quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cells {
    text: String,
    ends: Vec<usize>,
}

/// Why a line is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a quote opens in this line and never closes; close it, or write a quote inside a cell twice")]
    OpenQuote,
    #[error("text stands behind a closing quote; write a quote inside a cell twice")]
    BehindQuote,
    #[error("this line is longer than 64 KiB")]
    TooLong,
    #[error("this line isn't written in UTF-8, so its letters can't be told; save the file as CSV UTF-8")]
    NotUtf8,
    #[error("this line holds a NUL byte; export the file anew as text")]
    Nul,
    #[error("this line holds the sign � where an earlier conversion lost a letter; write it anew")]
    Lost,
}

impl Cells {
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// A cell by its place, counted from 0; empty where there is none.
    pub fn get(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let end = self.ends.get(at).copied();
        start.zip(end).and_then(|(start, end)| self.text.get(start..end)).unwrap_or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.count()).map(|at| self.get(at))
    }
}

/// A row as it stands in the buffer.
struct Found {
    /// Where the next row begins.
    end: usize,
    lines: u64,
    cells: std::result::Result<Cells, Fault>,
}

impl<R: Read> Records<R> {
    /// Looks at the first line that isn't empty to see what parts its cells.
    ///
    /// # Errors
    /// When the source can't be read.
    pub fn new(source: R) -> Result<Records<R>> {
        let mut records = Records { source, buffer: Vec::new(), at: 0, ended: false, line: 1, delimiter: b',' };
        records.fill()?;
        records.delimiter = records.guess();
        Ok(records)
    }

    pub fn source(&self) -> &R {
        &self.source
    }

    /// The next row that isn't empty; `None` at the end.
    ///
    /// # Errors
    /// When the source can't be read.
    pub fn read(&mut self) -> Result<Option<Record>> {
        loop {
            if self.buffer.len() - self.at <= LONGEST_ROW {
                self.fill()?;
            }
            if self.at == self.buffer.len() {
                return Ok(None);
            }
            let line = self.line;
            let cells = match self.scan() {
                // The quote that closed it was another row's: that row shall have its own chance.
                Some(Found { lines: 2.., cells: Err(Fault::BehindQuote), .. }) | None => Err(self.give_up()?),
                Some(found) => {
                    self.at += found.end;
                    self.line += found.lines;
                    found.cells
                }
            };
            if !cells.as_ref().is_ok_and(|cells| cells.iter().all(|cell| cell.trim().is_empty())) {
                return Ok(Some(Record { line, cells }));
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.at);
        self.at = 0;
        while !self.ended && self.buffer.len() <= LONGEST_ROW {
            let known = self.buffer.len();
            self.buffer.resize(known + CHUNK, 0);
            let read = self.source.read(&mut self.buffer[known..]);
            self.buffer.truncate(known + read.as_ref().map_or(0, |count| *count));
            self.ended = read? == 0;
        }
        Ok(())
    }

    fn guess(&self) -> u8 {
        let head = &self.buffer[..self.buffer.len().min(LONGEST_ROW)];
        let mut lines = head.split(|byte| matches!(byte, b'\n' | b'\r'));
        let first = lines.find(|line| !line.iter().all(u8::is_ascii_whitespace)).unwrap_or_default();
        let count = |delimiter: u8| {
            let mut inside = false;
            let outside = first.iter().filter(|byte| {
                inside ^= **byte == b'"';
                !inside && **byte == delimiter
            });
            outside.count()
        };
        // The first of equals: `max_by_key` would take the last.
        DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
    }

    /// The row at `at`; `None` when it has no end within [`LONGEST_ROW`].
    fn scan(&self) -> Option<Found> {
        let rest = &self.buffer[self.at..];
        let bytes = &rest[..rest.len().min(LONGEST_ROW)];
        // What goes on behind the window has no end in it.
        let whole = self.ended && bytes.len() == rest.len();
        let mut scan = Scan { bytes, whole, at: 0, lines: 0, text: Vec::new(), ends: Vec::new(), is_broken: false };
        while scan.cell(self.delimiter)? {}
        Some(Found { end: scan.at, lines: scan.lines, cells: scan.cells() })
    }

    /// Leaves a row that has no end: its first line is lost, the next one counts again.
    fn give_up(&mut self) -> Result<Fault> {
        let line = &self.buffer[self.at..];
        let fault = match memchr2(b'\n', b'\r', line) {
            Some(_) => Fault::OpenQuote,
            None if self.ended && line.len() <= LONGEST_ROW => Fault::OpenQuote,
            None => Fault::TooLong,
        };
        loop {
            if let Some(end) = memchr2(b'\n', b'\r', &self.buffer[self.at..]) {
                self.at += end;
                // The second byte of a line's end may not be read yet.
                if self.buffer.len() - self.at < 2 {
                    self.fill()?;
                }
                self.at += line_end(&self.buffer[self.at..]);
                self.line += 1;
                return Ok(fault);
            }
            self.at = self.buffer.len();
            if self.ended {
                return Ok(fault);
            }
            self.fill()?;
        }
    }
}

/// How many bytes end a line here: 0 where it goes on.
fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

struct Scan<'b> {
    bytes: &'b [u8],
    /// Whether the text ends where the bytes end.
    whole: bool,
    at: usize,
    lines: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Text stands behind a closing quote.
    is_broken: bool,
}

impl Scan<'_> {
    /// Reads one cell and what ends it. Whether another follows in this row; `None` when it doesn't end.
    fn cell(&mut self, delimiter: u8) -> Option<bool> {
        let is_quoted = self.bytes.get(self.at) == Some(&b'"');
        if is_quoted {
            self.at += 1;
            self.quoted()?;
        }
        let rest = &self.bytes[self.at..];
        let end = memchr3(delimiter, b'\n', b'\r', rest).or(self.whole.then_some(rest.len()))?;
        self.is_broken |= is_quoted && end > 0;
        self.text.extend_from_slice(&rest[..end]);
        self.ends.push(self.text.len());
        self.at += end;
        if self.bytes.get(self.at) == Some(&delimiter) {
            self.at += 1;
            return Some(true);
        }
        let ending = line_end(&self.bytes[self.at..]);
        // A carriage return at the window's edge may have its line feed behind it.
        if ending == 1 && self.at + 1 == self.bytes.len() && !self.whole && self.bytes[self.at] == b'\r' {
            return None;
        }
        self.at += ending;
        self.lines += u64::from(ending > 0);
        Some(false)
    }

    /// Reads what stands in quotes, up to behind the closing one.
    fn quoted(&mut self) -> Option<()> {
        loop {
            let rest = &self.bytes[self.at..];
            let end = memchr3(b'"', b'\n', b'\r', rest)?;
            self.text.extend_from_slice(&rest[..end]);
            self.at += end;
            if rest[end] == b'"' {
                self.at += 1;
                match self.bytes.get(self.at) {
                    Some(b'"') => {
                        self.text.push(b'"');
                        self.at += 1;
                    }
                    Some(_) => return Some(()),
                    None => return self.whole.then_some(()),
                }
                continue;
            }
            let ending = line_end(&self.bytes[self.at..]);
            self.text.push(b'\n');
            self.at += ending;
            self.lines += 1;
        }
    }

    fn cells(self) -> std::result::Result<Cells, Fault> {
        if self.is_broken {
            return Err(Fault::BehindQuote);
        }
        if self.text.contains(&0) {
            return Err(Fault::Nul);
        }
        let text = String::from_utf8(self.text).map_err(|_| Fault::NotUtf8)?;
        if !self.ends.iter().all(|end| text.is_char_boundary(*end)) {
            return Err(Fault::NotUtf8);
        }
        if text.contains('\u{fffd}') {
            return Err(Fault::Lost);
        }
        Ok(Cells { text, ends: self.ends })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "memory can always be read")]
mod tests {
    use super::LONGEST_ROW;
    use super::Records;
    use proptest::prelude::any;
    use proptest::prelude::proptest;

    /// `LINE:cell|cell` of each row, `LINE!Fault` of each that is none.
    fn rows(bytes: &[u8]) -> Vec<String> {
        let mut records = Records::new(bytes).unwrap();
        let mut rows = Vec::new();
        while let Some(record) = records.read().unwrap() {
            rows.push(match record.cells {
                Ok(cells) => format!("{}:{}", record.line, cells.iter().collect::<Vec<_>>().join("|")),
                Err(fault) => format!("{}!{fault:?}", record.line),
            });
        }
        rows
    }

    #[test]
    fn rows_are_told_apart_and_numbered_by_their_lines() {
        let check = |text: &str, expect: &[&str]| assert_eq!(rows(text.as_bytes()), expect, "{text:?}");
        check("", &[]);
        check("\n\r\n , \n\r", &[]);
        check("a,b\n1,2", &["1:a|b", "2:1|2"]);
        check("a,b\r\n\r\n1,2\r\n", &["1:a|b", "3:1|2"]);
        check("a,b\r1,2\r\r3,4\r", &["1:a|b", "2:1|2", "4:3|4"]);
        check("a;b,c\n1;2\n", &["1:a;b|c", "2:1;2"]);
        check("a;b;c\n1;2,5;3\n", &["1:a|b|c", "2:1|2,5|3"]);
        check("a\tb\n1\t\n,\t;\n", &["1:a|b", "2:1|", "3:,|;"]);
        check("\"a;;;\",b\n", &["1:a;;;|b"]);
        check("a,b\n\"x, \"\"y\"\"\r\nz\",2\n3,4\n", &["1:a|b", "2:x, \"y\"\nz|2", "4:3|4"]);
        check("a,b\nO\"Neil,\"\"\n", &["1:a|b", "2:O\"Neil|"]);
        check("a,b\n1,2,3\n1\n", &["1:a|b", "2:1|2|3", "3:1"]);
    }

    #[test]
    fn a_line_that_is_no_row_costs_no_other_line() {
        let check = |bytes: &[u8], expect: &[&str]| assert_eq!(rows(bytes), expect, "{:?}", bytes.get(..80));
        check(b"a,b\n\"O\"Neil,1\n3,4\n", &["1:a|b", "2!BehindQuote", "3:3|4"]);
        check(b"a,b\n1,\"open\n3,4\n5,6", &["1:a|b", "2!OpenQuote", "3:3|4", "4:5|6"]);
        check(b"a,b\n1,\"open\n3,4\n\"five\",6\n", &["1:a|b", "2!OpenQuote", "3:3|4", "4:five|6"]);
        check(b"a,b\n1,\"open", &["1:a|b", "2!OpenQuote"]);
        check(b"a,b\nZo\xeb,2\nZo\xc3\xab,2\n", &["1:a|b", "2!NotUtf8", "3:Zo\u{eb}|2"]);
        check(b"a,b\nx\xc3,\xa9\n3,4\n", &["1:a|b", "2!NotUtf8", "3:3|4"]);
        check(b"a,b\nx\0,2\n3,4\n", &["1:a|b", "2!Nul", "3:3|4"]);
        check("a,b\nJo\u{fffd},2\n3,4\n".as_bytes(), &["1:a|b", "2!Lost", "3:3|4"]);
        let long = "x".repeat(1_000_000);
        check(format!("a,b\n{long},2\r\n3,4\n").as_bytes(), &["1:a|b", "2!TooLong", "3:3|4"]);
        check(format!("a,b\n\"{long}\",2\r3,4\n").as_bytes(), &["1:a|b", "2!TooLong", "3:3|4"]);
        check(format!("a,b\n1,\"{long}").as_bytes(), &["1:a|b", "2!TooLong"]);
        let lines = "3,4\n".repeat(40_000);
        assert_eq!(rows(format!("a,b\n1,\"open\n{lines}").as_bytes()).len(), 40_002);
    }

    #[test]
    fn an_end_of_line_at_the_edge_of_the_window_counts_once() {
        for length in LONGEST_ROW - 6..LONGEST_ROW + 2 {
            let text = format!("a,b\r\n1,{}\r\n3,4\r\n", "x".repeat(length));
            let found = rows(text.as_bytes());
            assert_eq!((found.len(), found[2].as_str()), (3, "3:3|4"), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            rows(&bytes);
        }

        #[test]
        fn any_mixture_of_what_has_a_meaning_comes_to_an_end(text in "[\"\"\"a,;\t\r\n\u{0}\u{eb}]{0,200}") {
            rows(text.as_bytes());
        }

        /// Another reader of such files is the judge.
        #[test]
        fn what_is_written_well_is_read_as_others_read_it(
            table in proptest::collection::vec(proptest::collection::vec("[a\",; \n\u{eb}x]{0,6}", 3), 1..8)
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let filled = table.iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty()));
            let expect: Vec<String> = filled.map(|row| row.join("|")).collect();
            let bytes = [b"k,k,k,k,k,k\n".to_vec(), writer.into_inner().unwrap()].concat();
            let found: Vec<String> = rows(&bytes)[1..].iter().map(|row| row.split_once(':').unwrap().1.to_string()).collect();
            proptest::prop_assert_eq!(found, expect);
        }
    }
}

//! Transfer encodings and header values (RFC 2045, 2047, 5322): text in, 7-bit ASCII out. Knows no header by name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr;
use std::borrow::Cow;

/// Columns after which a header line is folded (RFC 5322 §2.1.1).
const FOLD: usize = 78;

/// Characters that a word may have to stand behind the name of any of our headers.
const LONG: usize = FOLD - 12;

/// Octets of UTF-8 in one encoded word: 52 characters of base64 and 12 around them stay within 75, and with a header's
/// name before them within 76 (RFC 2047 §2).
const WORD: usize = 39;

/// How a body travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    QuotedPrintable,
    Base64,
}

impl Transfer {
    pub fn name(self) -> &'static str {
        match self {
            Transfer::QuotedPrintable => "quoted-printable",
            Transfer::Base64 => "base64",
        }
    }
}

/// A text body in whichever encoding is shorter, with CRLF line ends.
pub fn body(text: &str) -> (Transfer, String) {
    let text = match memchr(b'\r', text.as_bytes()) {
        Some(_) => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        None => Cow::Borrowed(text),
    };
    let quoted = quoted_printable(&text);
    // 76 characters and CRLF for 57 octets.
    if quoted.len() <= text.len().div_ceil(57) * 78 {
        return (Transfer::QuotedPrintable, quoted);
    }
    (Transfer::Base64, base64(text.replace('\n', "\r\n").as_bytes()))
}

/// RFC 2045 §6.8: lines of 76 characters, each with CRLF.
pub fn base64(bytes: &[u8]) -> String {
    let coded = STANDARD.encode(bytes);
    let mut lines = String::with_capacity(coded.len() * 78 / 76 + 2);
    for start in (0..coded.len()).step_by(76) {
        lines.push_str(&coded[start..coded.len().min(start + 76)]);
        lines.push_str("\r\n");
    }
    lines
}

/// RFC 2045 §6.7. A line break of the text is a line break; soft breaks keep lines within 76 characters.
fn quoted_printable(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() * 5 / 4);
    for line in text.split_inclusive('\n') {
        let mut rest = line.strip_suffix('\n').unwrap_or(line).as_bytes();
        let mut column = 0;
        while !rest.is_empty() {
            let run = literals(rest, column == 0);
            // What ends the line needs no room for a soft break's `=`.
            let ends = run.max(1) == rest.len();
            let (wide, least) = if run > 0 { (run, 1) } else { (3, 3) };
            let width = if ends && column + wide <= WIDTH { WIDTH } else { WIDTH - 1 };
            if column + least > width {
                out.extend_from_slice(b"=\r\n");
                column = 0;
                continue;
            }
            if run == 0 {
                out.extend_from_slice(&[b'=', HEX[usize::from(rest[0] >> 4)], HEX[usize::from(rest[0] & 15)]]);
                column += 3;
                rest = &rest[1..];
            } else {
                let (piece, behind) = rest.split_at(run.min(width - column));
                out.extend_from_slice(piece);
                column += piece.len();
                rest = behind;
            }
        }
        if line.ends_with('\n') {
            out.extend_from_slice(b"\r\n");
        }
    }
    String::from_utf8(out).unwrap_or_default()
}

/// How many octets from here on stand for themselves, counted up to one line's width. White space at the end of a line
/// doesn't; and programs on the way have been seen to change lines that begin like a mailbox's separator or end.
fn literals(bytes: &[u8], starts_line: bool) -> usize {
    if starts_line && (bytes[0] == b'.' || bytes.starts_with(b"From ")) {
        return 0;
    }
    let near = &bytes[..bytes.len().min(WIDTH + 1)];
    let run = near.iter().position(|byte| !SHOWN[usize::from(*byte)]).unwrap_or(near.len());
    let ends_in_space = run == bytes.len() && matches!(bytes[run - 1], b' ' | b'\t');
    run - usize::from(ends_in_space)
}

/// Characters of a line at most (RFC 2045 §6.7 rule 5).
const WIDTH: usize = 76;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// The octets that may stand for themselves: white space, and all that shows but `=`.
const SHOWN: [bool; 256] = {
    let mut shown = [false; 256];
    shown[b' ' as usize] = true;
    shown[b'\t' as usize] = true;
    let mut byte = b'!' as usize;
    while byte <= b'~' as usize {
        shown[byte] = byte != b'=' as usize;
        byte += 1;
    }
    shown
};

/// An unstructured header value (RFC 5322 §2.2.1), folded to follow `Name: `.
pub fn unstructured(name: &str, value: &str) -> String {
    let plain = value.bytes().all(|b| matches!(b, b' '..=b'~')) && !value.contains("=?");
    let long = value.split(' ').any(|word| word.len() > LONG);
    if plain && !long { fold(name, value) } else { fold(name, &encoded_words(value)) }
}

/// A display name (RFC 5322 §3.2.5): as it is, in quotes, or as encoded words, which never stand in quotes.
pub fn phrase(name: &str) -> String {
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let encoded = !name.bytes().all(|b| matches!(b, b' '..=b'~')) || name.contains("=?");
    let atoms = name.bytes().all(|b| atom(b) || b == b' ');
    let quoted = format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    if encoded || name.split(' ').any(|word| word.len() > LONG) || !atoms && quoted.len() > LONG {
        return encoded_words(name);
    }
    if atoms { name.to_string() } else { quoted }
}

/// `Name: value`, with line breaks before words that would pass column 78. White space in the value stays as it is.
pub fn fold(name: &str, value: &str) -> String {
    let mut out = format!("{name}:");
    let mut column = out.len();
    let mut in_quotes = false;
    let mut word = String::new();
    let mut push = |word: &mut String| {
        if column + 1 + word.len() > FOLD && column > name.len() + 1 {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(word);
        column += 1 + word.len();
        word.clear();
    };
    for c in value.chars() {
        in_quotes = in_quotes != (c == '"' && !word.ends_with('\\'));
        // Folding within quotes is allowed and often misread.
        if c == ' ' && !in_quotes { push(&mut word) } else { word.push(c) }
    }
    push(&mut word);
    out
}

/// RFC 2047 in UTF-8 and base64; a character is never split between two words.
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut chunk = String::new();
    for c in text.chars() {
        if chunk.len() + c.len_utf8() > WORD {
            words.push(std::mem::take(&mut chunk));
        }
        chunk.push(c);
    }
    words.push(chunk);
    words.iter().map(|chunk| format!("=?utf-8?B?{}?=", STANDARD.encode(chunk))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "what can't be read back is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_keeps_lines_short_and_white_space_at_ends() {
        let check = |text: &str, expect: &str| assert_eq!(quoted_printable(text), expect, "{text:?}");
        check("a=b\n", "a=3Db\r\n");
        check("end \n\tx\t", "end=20\r\n\tx=09");
        check("é", "=C3=A9");
        check(&"x".repeat(76), &"x".repeat(76));
        check(&"x".repeat(77), &format!("{}=\r\nxx", "x".repeat(75)));
        check("\n\n", "\r\n\r\n");
        check(".\n..\nFrom here", "=2E\r\n=2E.\r\n=46rom here");
    }

    proptest::proptest! {
        #[test]
        fn quoted_printable_reads_back_and_stays_within_its_width(text in "[ -~\\tàß\\n=. ]{0,400}") {
            let coded = quoted_printable(&text);
            for line in coded.split("\r\n") {
                proptest::prop_assert!(line.len() <= WIDTH && !line.ends_with([' ', '\t']), "{line:?}");
            }
            let mut octets = Vec::new();
            let joined = coded.replace("=\r\n", "").replace("\r\n", "\n");
            let mut rest = joined.as_bytes();
            while let Some((first, behind)) = rest.split_first() {
                let code = std::str::from_utf8(behind.get(..2).unwrap_or_default()).unwrap();
                let code = u8::from_str_radix(code, 16).ok().filter(|_| *first == b'=');
                octets.push(code.unwrap_or(*first));
                rest = if code.is_some() { &behind[2..] } else { behind };
            }
            proptest::prop_assert_eq!(String::from_utf8(octets).unwrap(), text);
        }
    }

    #[test]
    fn a_body_takes_the_shorter_encoding() {
        let check = |text: &str, expect: Transfer| assert_eq!(body(text).0, expect, "{text}");
        check("plain words, and one é", Transfer::QuotedPrintable);
        check(&"текст ".repeat(50), Transfer::Base64);
        check("", Transfer::QuotedPrintable);
        assert_eq!(body("a\r\nb\rc\n").1, "a\r\nb\r\nc\r\n");
    }

    #[test]
    fn display_names_are_plain_quoted_or_encoded() {
        let check = |name: &str, expect: &str| assert_eq!(phrase(name), expect);
        check("Ana Lima", "Ana Lima");
        check("Doe, Jane", "\"Doe, Jane\"");
        check("a\"b\\c", "\"a\\\"b\\\\c\"");
        check("Zoë", "=?utf-8?B?Wm/Dqw==?=");
        check("=?utf-8?Q?x?=", "=?utf-8?B?PT91dGYtOD9RP3g/PQ==?=");
    }

    #[test]
    fn long_headers_are_folded_and_words_never_exceed_75() {
        let folded = unstructured("Subject", &"🎻 listening ".repeat(30));
        for line in folded.split("\r\n") {
            assert!(line.len() <= FOLD, "{line}");
            for word in line.split(' ').filter(|word| word.starts_with("=?")) {
                assert!(word.len() <= 75 && word.ends_with("?="), "{word}");
            }
        }
        for length in 60..90 {
            let word = "x".repeat(length);
            for name in [word.clone(), format!("a, {word}"), format!("{word} {word}"), "a, ".repeat(length / 3)] {
                let headers = [unstructured("Subject", &name), fold("List-Id", &format!("{} <a.b>", phrase(&name)))];
                assert!(
                    headers.iter().flat_map(|header| header.split("\r\n")).all(|line| line.len() <= FOLD),
                    "{name}"
                );
            }
        }
        assert_eq!(unstructured("Subject", "two  spaces"), "Subject: two  spaces");
    }
}

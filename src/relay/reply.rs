//! Bytes of a relay → a whole reply, or not yet, or no SMTP (RFC 5321 §4.2). Knows no socket.

use crate::outcome::Reply;
use memchr::memchr;

/// Longest line of a reply, in bytes, its line end included. RFC 5321 §4.5.3.1.5 asks for 512; relays say more.
pub const LINE_BYTES: usize = 4096;
/// Most lines of one reply.
pub const LINES: usize = 100;

/// A whole reply, how many bytes it took, and its lines without the code.
#[derive(Debug, PartialEq, Eq)]
pub struct Heard {
    pub reply: Reply,
    pub lines: Vec<String>,
    pub length: usize,
}

/// The bytes can't become a reply any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Garbled(pub &'static str);

/// The reply at the start of `bytes`; `None` while its end hasn't arrived.
pub fn parse(bytes: &[u8]) -> Result<Option<Heard>, Garbled> {
    let mut lines: Vec<String> = Vec::new();
    let mut first_code = None;
    let mut start = 0;
    while let Some(length) = memchr(b'\n', &bytes[start..]) {
        let line = &bytes[start..start + length];
        start += length + 1;
        let (code, last, text) = parse_line(line.strip_suffix(b"\r").unwrap_or(line))?;
        if *first_code.get_or_insert(code) != code {
            return Err(Garbled("the lines of one reply have different codes"));
        }
        lines.push(String::from_utf8_lossy(text).into_owned());
        if last {
            let reply = Reply::new(code, &lines.join("\n"));
            return Ok(Some(Heard { reply, lines, length: start }));
        }
        if lines.len() == LINES {
            return Err(Garbled("the reply has more lines than any real one"));
        }
    }
    begins_like_a_reply(&bytes[start..]).map(|()| None)
}

fn parse_line(line: &[u8]) -> Result<(u16, bool, &[u8]), Garbled> {
    if line.len() >= LINE_BYTES {
        return Err(Garbled("a line of the reply is longer than any real one"));
    }
    let Some((digits, rest)) = line.split_first_chunk::<3>() else {
        return Err(Garbled("the reply has no code"));
    };
    if !matches!(digits[0], b'2'..=b'5') || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Garbled("the reply has no code"));
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.split_first() {
        None => Ok((code, true, rest)),
        Some((b' ', text)) => Ok((code, true, text)),
        Some((b'-', text)) => Ok((code, false, text)),
        Some(_) => Err(Garbled("the reply has something unknown after its code")),
    }
}

/// Garbage without a line end is told at once, instead of after minutes of waiting for the end.
fn begins_like_a_reply(part: &[u8]) -> Result<(), Garbled> {
    if part.len() >= LINE_BYTES {
        return Err(Garbled("a line of the reply is longer than any real one"));
    }
    let starts_well = part.iter().take(3).all(u8::is_ascii_digit);
    if starts_well { Ok(()) } else { Err(Garbled("the reply has no code")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_whole_unfinished_or_garbled() {
        let check = |bytes: &str, expect: Result<Option<(&str, usize)>, ()>| {
            let got = parse(bytes.as_bytes()).map(|heard| heard.map(|h| (h.reply.to_string(), h.length)));
            let expect = expect.map(|heard| heard.map(|(text, length)| (text.to_string(), length)));
            assert_eq!(got.map_err(|_| ()), expect, "{bytes:?}");
        };
        check("250 ok\r\n", Ok(Some(("250 ok", 8))));
        check("250 ok\n", Ok(Some(("250 ok", 7))));
        check("250\r\n", Ok(Some(("250", 5))));
        check("250 \r\nrest", Ok(Some(("250", 6))));
        check("250-a\r\n250-b\r\n250 c\r\n354 next", Ok(Some(("250 a b c", 21))));
        check("550-5.1.1 no\r\n550 5.1.1 body\r\n", Ok(Some(("550 5.1.1 no body", 30))));
        check("299 new\r\n", Ok(Some(("299 new", 9))));
        check("576 new\r\n", Ok(Some(("576 new", 9))));
        check("", Ok(None));
        check("25", Ok(None));
        check("250 ok\r", Ok(None));
        check("250-a\r\n250 b", Ok(None));
        check("250-a\r\n251 b\r\n", Err(()));
        check("250+a\r\n", Err(()));
        check("150 a\r\n", Err(()));
        check("650 a\r\n", Err(()));
        check("hello\r\n", Err(()));
        check("\r\n", Err(()));
        check("\u{0}", Err(()));
        check(&format!("250 {}", "a".repeat(LINE_BYTES)), Err(()));
        check(&"250-a\r\n".repeat(LINES), Err(()));
        check(&format!("250 {}\r\n", "a".repeat(LINE_BYTES)), Err(()));
    }
}

//! A built message → the bytes after DATA (RFC 5321 §4.5.2), or why no relay may see it. Knows no MIME.

use memchr::memchr;
use memchr::memchr_iter;
use memchr::memmem;
use std::borrow::Cow;

/// Longest line, in bytes, without its line end (RFC 5322 §2.1.1).
pub const LINE_BYTES: usize = 998;

/// What goes over the wire: all but the end, and the end, which alone makes the relay take the mail over.
#[derive(Debug, PartialEq, Eq)]
pub struct Stuffed<'b> {
    pub content: Cow<'b, [u8]>,
    pub terminator: &'static [u8],
}

/// Bytes that relays read differently (RFC 5321 §2.3.8), so that a mail could end, or another begin, in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit(pub &'static str);

/// Doubles the dot at the start of each line. A last line without its end gets one.
pub fn stuff(body: &[u8]) -> Result<Stuffed<'_>, Unfit> {
    let dots = dots_at_line_starts(body)?;
    let Some(content) = body.strip_suffix(b"\r\n").or(Some(body).filter(|body| !body.is_empty())) else {
        return Ok(Stuffed { content: Cow::Borrowed(body), terminator: b".\r\n" });
    };
    let terminator = b"\r\n.\r\n";
    if dots.is_empty() {
        return Ok(Stuffed { content: Cow::Borrowed(content), terminator });
    }
    let mut stuffed = Vec::with_capacity(content.len() + dots.len());
    let mut copied = 0;
    for dot in dots {
        stuffed.extend_from_slice(&content[copied..=dot]);
        copied = dot;
    }
    stuffed.extend_from_slice(&content[copied..]);
    Ok(Stuffed { content: Cow::Owned(stuffed), terminator })
}

fn dots_at_line_starts(body: &[u8]) -> Result<Vec<usize>, Unfit> {
    if !(body.is_ascii() || is_international(body)) || memchr(0, body).is_some() {
        return Err(Unfit("a byte that isn't 7-bit text"));
    }
    let mut dots = Vec::new();
    let mut start = 0;
    let mut lines = 0;
    for end in memchr_iter(b'\n', body) {
        let line = &body[start..end];
        let line = line.strip_suffix(b"\r").ok_or(Unfit("a line feed without its carriage return"))?;
        see_line(line, start, &mut dots)?;
        start = end + 1;
        lines += 1;
    }
    see_line(&body[start..], start, &mut dots)?;
    if memchr_iter(b'\r', body).count() != lines {
        return Err(Unfit("a carriage return without its line feed"));
    }
    Ok(dots)
}

/// Other letters in headers alone, in UTF-8 (RFC 6532 §3.2); the envelope asks the relay to carry them.
fn is_international(body: &[u8]) -> bool {
    let (head, rest) = body.split_at(memmem::find(body, b"\r\n\r\n").unwrap_or(body.len()));
    rest.is_ascii() && std::str::from_utf8(head).is_ok()
}

fn see_line(line: &[u8], start: usize, dots: &mut Vec<usize>) -> Result<(), Unfit> {
    if line.len() > LINE_BYTES {
        return Err(Unfit("a line of more than 998 bytes"));
    }
    if line.first() == Some(&b'.') {
        dots.push(start);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_gets_doubled_dots_and_exactly_one_end() {
        let check = |body: &str, expect: &str| {
            let stuffed = stuff(body.as_bytes()).unwrap();
            let wire = [&stuffed.content, stuffed.terminator].concat();
            assert_eq!(String::from_utf8(wire).unwrap(), expect, "{body:?}");
        };
        check("", ".\r\n");
        check("\r\n", "\r\n.\r\n");
        check("a\r\n", "a\r\n.\r\n");
        check("a", "a\r\n.\r\n");
        check(".", "..\r\n.\r\n");
        check(".\r\n", "..\r\n.\r\n");
        check("a\r\n.\r\n.b\r\n..c\r\n", "a\r\n..\r\n..b\r\n...c\r\n.\r\n");
        check("a.\r\n\r\n\r\n", "a.\r\n\r\n\r\n.\r\n");
    }

    #[test]
    fn bytes_that_relays_read_differently_are_refused() {
        let check =
            |body: &[u8], fits: bool| assert_eq!(stuff(body).is_ok(), fits, "{:?}", body.escape_ascii().to_string());
        check(b"a\nb\r\n", false);
        check(b"a\n.\r\n", false);
        check(b"a\rb\r\n", false);
        check(b"a\r", false);
        check(b"a\r\r\n", false);
        check(b"\n", false);
        check(b"a\0\r\n", false);
        check("To: é\r\n\r\ne\r\n".as_bytes(), true);
        check("To: e\r\n\r\né\r\n".as_bytes(), false);
        check(b"To: \xe9\r\n\r\ne\r\n", false);
        check(&[b'a'; 998], true);
        check(&[b'a'; 999], false);
        check(&[&[b'a'; 998][..], b"\r\n"].concat(), true);
        check(&[&[b'a'; 999][..], b"\r\n"].concat(), false);
    }
}

//! The bytes of somebody's file as UTF-8, as far as the file says what they are: a byte order mark is honoured, nothing
//! is guessed. Knows no table.

use encoding_rs::Decoder;
use encoding_rs::Encoding;
use encoding_rs::UTF_8;
use std::io::Read;
use std::io::Result;

const CHUNK: usize = 64 * 1024;

/// Reads a file as UTF-8. A file that begins with the mark of UTF-16 is decoded (what can't be becomes U+FFFD); any other
/// comes through as it is, without the mark of UTF-8.
#[derive(Debug)]
pub struct Text<R> {
    inner: R,
    /// Bytes taken from the file so far.
    pub taken: u64,
    /// The file's first bytes, read to look for a mark.
    head: Vec<u8>,
    begun: bool,
    utf16: Option<Utf16>,
}

struct Utf16 {
    decoder: Decoder,
    decoded: Vec<u8>,
    given: usize,
    ended: bool,
}

impl std::fmt::Debug for Utf16 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Utf16")
    }
}

impl<R: Read> Text<R> {
    pub fn new(inner: R) -> Text<R> {
        Text { inner, taken: 0, head: Vec::new(), begun: false, utf16: None }
    }

    fn begin(&mut self) -> Result<()> {
        self.begun = true;
        let mut head = Vec::new();
        self.inner.by_ref().take(3).read_to_end(&mut head)?;
        self.taken += head.len() as u64;
        if let Some((encoding, length)) = Encoding::for_bom(&head) {
            head.drain(..length);
            if encoding != UTF_8 {
                let decoder = encoding.new_decoder_without_bom_handling();
                self.utf16 = Some(Utf16 { decoder, decoded: Vec::new(), given: 0, ended: false });
            }
        }
        self.head = head;
        Ok(())
    }

    /// Bytes of the file, those read early first. 0 at its end.
    fn raw(&mut self, into: &mut [u8]) -> Result<usize> {
        if !self.head.is_empty() {
            let count = self.head.len().min(into.len());
            into[..count].copy_from_slice(&self.head[..count]);
            self.head.drain(..count);
            return Ok(count);
        }
        let count = self.inner.read(into)?;
        self.taken += count as u64;
        Ok(count)
    }

    fn decode(&mut self, mut utf16: Utf16, into: &mut [u8]) -> Result<(Utf16, usize)> {
        while utf16.given == utf16.decoded.len() && !utf16.ended {
            let mut chunk = vec![0; CHUNK];
            let count = self.raw(&mut chunk)?;
            utf16.ended = count == 0;
            let room = utf16.decoder.max_utf8_buffer_length(count).unwrap_or(CHUNK * 4);
            utf16.decoded.resize(room, 0);
            let (_, _, written, _) = utf16.decoder.decode_to_utf8(&chunk[..count], &mut utf16.decoded, utf16.ended);
            utf16.decoded.truncate(written);
            utf16.given = 0;
        }
        let rest = &utf16.decoded[utf16.given..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        utf16.given += count;
        Ok((utf16, count))
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if !self.begun {
            self.begin()?;
        }
        match self.utf16.take() {
            Some(utf16) => {
                let (utf16, count) = self.decode(utf16, into)?;
                self.utf16 = Some(utf16);
                Ok(count)
            }
            None => self.raw(into),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "memory can always be read")]
mod tests {
    use super::Text;
    use std::io::Read as _;

    #[test]
    fn a_mark_says_how_letters_were_written_and_nothing_else_is_guessed() {
        let check = |bytes: &[u8], expect: &[u8]| {
            let mut read = Vec::new();
            let mut text = Text::new(bytes);
            text.read_to_end(&mut read).unwrap();
            assert_eq!(read, expect, "{bytes:?}");
            assert_eq!(text.taken, bytes.len() as u64);
        };
        check(b"", b"");
        check(b"a", b"a");
        check(b"\xef\xbb\xbfZo\xc3\xab", b"Zo\xc3\xab");
        check(b"\xff\xfeZ\0o\0\xeb\0", b"Zo\xc3\xab");
        check(b"\xfe\xff\0Z\0o\0\xeb", b"Zo\xc3\xab");
        check(b"Zo\xeb", b"Zo\xeb");
        check(b"\xff\xfea\0\0\xd8", b"a\xef\xbf\xbd");
        let long = "Zoë,".repeat(70_000);
        let utf16: Vec<u8> = long.encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&[b"\xff\xfe".as_slice(), &utf16].concat(), long.as_bytes());
    }
}

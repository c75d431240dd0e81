//! How many pixels an image has, from its first bytes: Outlook shows an image without a width as large as it is, beyond
//! the edge of the mail. Decodes nothing.

/// Width and height in pixels of a PNG, GIF, JPEG or WebP file.
pub fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16)? == b"IHDR" {
        return Some((big(bytes.get(16..20)?), big(bytes.get(20..24)?)));
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        return Some((little(bytes.get(6..8)?), little(bytes.get(8..10)?)));
    }
    if bytes.starts_with(b"\xff\xd8") {
        return jpeg(&bytes[2..]);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12)? == b"WEBP" {
        return webp(bytes.get(12..16)?, bytes.get(20..)?);
    }
    None
}

/// Segments up to the one that begins a frame (ITU T.81, B.1.1.3 and B.2.2).
fn jpeg(mut rest: &[u8]) -> Option<(u32, u32)> {
    loop {
        let [0xff, marker, behind @ ..] = rest else { return None };
        match marker {
            0xff => rest = &rest[1..],
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some((big(behind.get(5..7)?), big(behind.get(3..5)?)));
            }
            0x01 | 0xd0..=0xd7 => rest = behind,
            _ => rest = behind.get(big(behind.get(..2)?) as usize..)?,
        }
    }
}

/// RFC 9649, 2.5 to 2.7.
fn webp(kind: &[u8], data: &[u8]) -> Option<(u32, u32)> {
    match kind {
        b"VP8 " => Some((little(data.get(6..8)?) & 0x3fff, little(data.get(8..10)?) & 0x3fff)),
        b"VP8L" => {
            let bits = little(data.get(1..5)?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => Some((little(data.get(4..7)?) + 1, little(data.get(7..10)?) + 1)),
        _ => None,
    }
}

fn big(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn little(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_the_heads_of_files() {
        let check = |bytes: &[u8], expect: Option<(u32, u32)>| assert_eq!(size(bytes), expect, "{bytes:?}");
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\xb0\0\0\x03\x20", Some((1200, 800)));
        check(b"GIF89a\x10\x01\x20\0", Some((272, 32)));
        check(b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x0b\x08\x03\x20\x04\xb0\x03", Some((1200, 800)));
        check(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\xb0\x04\x20\x03", Some((1200, 800)));
        check(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\xaf\xc4\xc7\0", Some((1200, 800)));
        check(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\xaf\x04\0\x1f\x03\0", Some((1200, 800)));
        for nonsense in [&b""[..], b"not really a png", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\0", b"\x89PNG\r\n\x1a\n"] {
            check(nonsense, None);
        }
    }
}

//! The chunks of a WebP file (RFC 9649): its size, orientation, motion, and whether its pixels are exact. Decodes nothing.

use crate::picture::little;

/// Width and height, as they are stored (2.5 to 2.7).
pub fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let data = bytes.get(20..)?;
    match bytes.get(12..16)? {
        b"VP8 " => Some((little(data.get(6..8)?) & 0x3fff, little(data.get(8..10)?) & 0x3fff)),
        b"VP8L" => {
            let bits = little(data.get(1..5)?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => Some((little(data.get(4..7)?) + 1, little(data.get(7..10)?) + 1)),
        _ => None,
    }
}

/// What a camera wrote down, as TIFF.
pub fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let data = chunk(bytes, b"EXIF")?;
    Some(data.strip_prefix(b"Exif\0\0").unwrap_or(data))
}

pub fn moves(bytes: &[u8]) -> bool {
    chunk(bytes, b"ANIM").is_some()
}

/// Made without loss: a drawing rather than a photograph.
pub fn is_exact(bytes: &[u8]) -> bool {
    chunk(bytes, b"VP8L").is_some()
}

/// Whether the file is as long as it says.
pub fn is_whole(bytes: &[u8]) -> bool {
    bytes.get(4..8).is_some_and(|length| little(length) as usize <= bytes.len() - 8)
}

fn chunk<'b>(bytes: &'b [u8], kind: &[u8; 4]) -> Option<&'b [u8]> {
    let mut rest = bytes.get(12..)?;
    loop {
        let length = little(rest.get(4..8)?) as usize;
        let end = length.checked_add(8)?;
        if rest.get(..4)? == kind {
            return rest.get(8..end);
        }
        // Chunks begin at even places.
        rest = rest.get(end + length % 2..)?;
    }
}

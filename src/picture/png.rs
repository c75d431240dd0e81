//! The chunks of a PNG file (W3C PNG, third edition): what they say of its size, orientation and motion, and the file
//! without those that aren't needed to show it. Decodes nothing.

use crate::picture::big;

/// Chunks that say how it looks.
const NEEDED: [&[u8; 4]; 15] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"pHYs",
    b"acTL", b"fcTL", b"fdAT",
];

struct Chunk<'b> {
    kind: &'b [u8],
    data: &'b [u8],
    /// With its length and checksum.
    whole: &'b [u8],
}

/// Width and height, as they are stored.
pub fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let is_first = bytes.get(12..16)? == b"IHDR";
    is_first.then_some(())?;
    Some((big(bytes.get(16..20)?), big(bytes.get(20..24)?)))
}

/// What a camera wrote down, as TIFF.
pub fn exif(bytes: &[u8]) -> Option<&[u8]> {
    chunks(bytes).find(|chunk| chunk.kind == b"eXIf").map(|chunk| chunk.data)
}

pub fn moves(bytes: &[u8]) -> bool {
    chunks(bytes).any(|chunk| chunk.kind == b"acTL")
}

/// The file without texts, times and whatever stands behind its end. `None` where it breaks off.
pub fn cleaned(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = bytes.get(..8)?.to_vec();
    for chunk in chunks(bytes) {
        if NEEDED.iter().any(|needed| chunk.kind == *needed) {
            clean.extend_from_slice(chunk.whole);
        }
        if chunk.kind == b"IEND" {
            return Some(clean);
        }
    }
    None
}

fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = big(rest.get(..4)?) as usize;
        let whole = rest.get(..length.checked_add(12)?)?;
        rest = &rest[whole.len()..];
        Some(Chunk { kind: &whole[4..8], data: &whole[8..8 + length], whole })
    })
}

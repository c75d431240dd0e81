//! The segments of a JPEG file (ITU T.81, annex B): what they say of its size and orientation, and the file without those
//! that aren't needed to show it. Decodes nothing.

use crate::picture::big;
use memchr::memchr;

/// One piece of a file.
struct Segment<'b> {
    marker: u8,
    data: &'b [u8],
    /// With its marker; a scan with its pixels.
    whole: &'b [u8],
}

const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

/// Width and height, as they are stored. A file that breaks off behind them has them, too.
pub fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let segment = next(bytes, &mut at)?;
        if matches!(segment.marker, 0xc0..=0xcf if !matches!(segment.marker, 0xc4 | 0xc8 | 0xcc)) {
            return Some((big(segment.data.get(3..5)?), big(segment.data.get(1..3)?)));
        }
    }
}

/// What the camera wrote down, as TIFF.
pub fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    loop {
        let segment = next(bytes, &mut at)?;
        match segment.marker {
            0xe1 if segment.data.starts_with(b"Exif\0\0") => return segment.data.get(6..),
            SCAN | END => return None,
            _ => {}
        }
    }
}

/// The file without time, place, owner, previews and whatever stands behind its end: its pixels, and what their colours
/// mean. `None` where it breaks off.
pub fn cleaned(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = bytes.get(..2)?.to_vec();
    let mut at = 2;
    loop {
        let segment = next(bytes, &mut at)?;
        if is_needed(&segment) {
            clean.extend_from_slice(segment.whole);
        }
        if segment.marker == END {
            return Some(clean);
        }
    }
}

fn is_needed(segment: &Segment<'_>) -> bool {
    match segment.marker {
        0xe0 => segment.data.starts_with(b"JFIF\0"),
        0xe2 => segment.data.starts_with(b"ICC_PROFILE\0"),
        // Without Adobe's mark, four colours are taken for others.
        0xee => true,
        0xe1 | 0xe3..=0xed | 0xef | 0xfe => false,
        _ => true,
    }
}

fn next<'b>(bytes: &'b [u8], at: &mut usize) -> Option<Segment<'b>> {
    let start = *at;
    if *bytes.get(start)? != 0xff {
        return None;
    }
    // Any number of 0xff may stand before a marker.
    let code = start + bytes.get(start..)?.iter().position(|byte| *byte != 0xff)?;
    let marker = bytes[code];
    let mut end = code + 1;
    let mut data: &[u8] = &[];
    if !matches!(marker, 0x01 | 0xd0..=0xd9) {
        let length = big(bytes.get(end..end + 2)?) as usize;
        data = bytes.get(end + 2..end + length)?;
        end += length;
    }
    if marker == SCAN {
        end = behind_pixels(bytes, end)?;
    }
    *at = end;
    Some(Segment { marker, data, whole: &bytes[start..end] })
}

/// Within a scan, 0xff is followed by zero or by the number of a restart.
fn behind_pixels(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr(0xff, bytes.get(at..)?)?;
        match bytes.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

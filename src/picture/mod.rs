//! A coach's image becomes what readers get: upright, no wider than a mail can show it, without what the camera wrote
//! down about time and place. Bytes in, bytes out; knows no course, no mail and no page.
//!
//! The coach's file stays the truth: it is what courses, backups and the database keep, and its hash is the image's name
//! in mails. What is made of it is made again whenever it is needed and not at hand, always the same by the same program.

mod head;
mod jpeg;
mod make;
mod memo;
mod png;
mod webp;

pub use head::size;
pub use memo::prepared;

use image::ImageFormat;

/// Pixels that a mail of 600 leaves for an image.
pub const COLUMN: u32 = 536;

/// Pixels across at most: screens with twice as many are common, more are rare.
const WIDEST: u32 = 2 * COLUMN;

/// Pixels of an image at most. Decoding takes eight octets for each in the worst case.
const PIXELS: u64 = 25_000_000;

/// An image as readers get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub format: Format,
    pub bytes: Vec<u8>,
}

/// How an image is written. Told by its bytes: names of files lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    Gif,
    Webp,
}

/// Why an image can't be shown. Reads on after its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("is neither PNG, JPEG, GIF nor WebP, whatever its name says")]
    Unknown,
    #[error("is damaged or breaks off: it can't be decoded")]
    Damaged,
    #[error("has {0} × {1} pixels; the limit is 25 million")]
    TooLarge(u32, u32),
    #[error("is an animated WebP, which most mail programs can't show")]
    Moving,
}

impl Fault {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Fault::Unknown => "export it as PNG or JPEG from the program that made it",
            Fault::Damaged => "open it in an image program and save it again, or copy it anew from where it came",
            Fault::TooLarge(..) => "make it smaller: 1200 pixels across are plenty",
            Fault::Moving => "export it as GIF, or as a still PNG",
        }
    }
}

impl Format {
    pub fn of(bytes: &[u8]) -> Option<Format> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Webp),
            _ => None,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::Gif => "image/gif",
            Format::Webp => "image/webp",
        }
    }

    /// What a file's name ends in, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::Gif => "gif",
            Format::Webp => "webp",
        }
    }
}

impl From<Format> for ImageFormat {
    fn from(format: Format) -> ImageFormat {
        match format {
            Format::Png => ImageFormat::Png,
            Format::Jpeg => ImageFormat::Jpeg,
            Format::Gif => ImageFormat::Gif,
            Format::Webp => ImageFormat::WebP,
        }
    }
}

fn big(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn little(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

//! How many pixels an image has when it is held upright, from the heads of its file: Outlook shows an image without a
//! width as large as it is, beyond the edge of the mail. Decodes nothing.

use crate::picture::Format;
use crate::picture::jpeg;
use crate::picture::little;
use crate::picture::png;
use crate::picture::webp;
use image::metadata::Orientation;

/// Width and height in pixels, upright, of a PNG, GIF, JPEG or WebP file.
pub fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let format = Format::of(bytes)?;
    let (width, height) = stored(bytes, format)?;
    let is_turned = match orientation(bytes, format) {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            true
        }
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
    };
    Some(if is_turned { (height, width) } else { (width, height) })
}

/// Width and height, as they are stored.
pub fn stored(bytes: &[u8], format: Format) -> Option<(u32, u32)> {
    match format {
        Format::Png => png::size(bytes),
        Format::Jpeg => jpeg::size(bytes),
        Format::Gif => Some((little(bytes.get(6..8)?), little(bytes.get(8..10)?))),
        Format::Webp => webp::size(bytes),
    }
}

/// How the camera was held.
pub fn orientation(bytes: &[u8], format: Format) -> Orientation {
    let exif = match format {
        Format::Png => png::exif(bytes),
        Format::Jpeg => jpeg::exif(bytes),
        Format::Gif => None,
        Format::Webp => webp::exif(bytes),
    };
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_the_heads_of_files() {
        let check = |bytes: &[u8], expect: Option<(u32, u32)>| assert_eq!(size(bytes), expect, "{bytes:?}");
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\xb0\0\0\x03\x20", Some((1200, 800)));
        check(b"GIF89a\x10\x01\x20\0", Some((272, 32)));
        check(b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x0b\x08\x03\x20\x04\xb0\x03\0\0\0", Some((1200, 800)));
        check(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\xb0\x04\x20\x03", Some((1200, 800)));
        check(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\xaf\xc4\xc7\0", Some((1200, 800)));
        check(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\xaf\x04\0\x1f\x03\0", Some((1200, 800)));
        for nonsense in [&b""[..], b"not really a png", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\0", b"\x89PNG\r\n\x1a\n"] {
            check(nonsense, None);
        }
    }

    #[test]
    fn a_photograph_taken_with_the_camera_on_its_side_is_as_high_as_it_is_stored_wide() {
        let check = |orientation: u8, expect: (u32, u32)| {
            let mut photo =
                b"\xff\xd8\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
            photo.push(orientation);
            photo.extend_from_slice(b"\0\0\0\0\0\0\xff\xc0\0\x0b\x08\x03\x20\x04\xb0\x03\0\0\0");
            assert_eq!(size(&photo), Some(expect), "{orientation}");
        };
        for (orientation, upright) in [(1, true), (2, true), (3, true), (4, true), (5, false), (6, false), (8, false)] {
            check(orientation, if upright { (1200, 800) } else { (800, 1200) });
        }
    }
}

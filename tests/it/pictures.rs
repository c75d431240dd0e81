//! Images on their way from the coach's folder to readers: what becomes of them, what `check` says of those that nobody
//! could see, and mails that carry them inside.

mod checked;
mod inside;
mod made;

use image::DynamicImage;
use image::ImageFormat;
use image::Rgb;
use image::RgbImage;
use std::io::Cursor;

/// Something between a drawing and a photograph: shades, and small tiles that no two are alike.
pub fn scene(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        let ripple = ((x / 5 * 7 + y / 5 * 13) % 29) as u8;
        Rgb([(x * 200 / width) as u8 + ripple, (y * 200 / height) as u8 + ripple, 120 - ripple])
    }))
}

pub fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    written(&scene(width, height), ImageFormat::Jpeg)
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    written(&scene(width, height), ImageFormat::Png)
}

/// What a camera writes down: how it was held, and where.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.push(orientation);
    tiff.extend_from_slice(b"\0\0\0\0\0\0GPS 52.5200 N 13.4050 E");
    tiff
}

/// A photograph with what a camera writes down.
pub fn from_camera(photo: &[u8], orientation: u8) -> Vec<u8> {
    let data = [b"Exif\0\0", exif(orientation).as_slice()].concat();
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    let comment = b"\xff\xfe\x00\x0eOwner: Ana W";
    [&photo[..2], b"\xff\xe1", &length, &data, comment, &photo[2..]].concat()
}

/// A PNG with one more chunk behind its head; nobody who leaves it out looks at its checksum.
pub fn with_chunk(png: &[u8], kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&png[..33], &length, kind, data, &checksum(kind, data), &png[33..]].concat()
}

fn checksum(kind: &[u8], data: &[u8]) -> [u8; 4] {
    let mut sum = u32::MAX;
    for byte in kind.iter().chain(data) {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    (!sum).to_be_bytes()
}

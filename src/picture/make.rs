//! Decodes an image, turns it upright, scales it down and writes it again – or leaves it as it is, where that is no
//! larger. Knows no names.

use crate::picture::Fault;
use crate::picture::Format;
use crate::picture::PIXELS;
use crate::picture::Picture;
use crate::picture::WIDEST;
use crate::picture::head;
use crate::picture::jpeg;
use crate::picture::png;
use crate::picture::webp;
use image::AnimationDecoder;
use image::DynamicImage;
use image::ImageDecoder;
use image::ImageEncoder;
use image::ImageError;
use image::ImageReader;
use image::Limits;
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::CompressionType;
use image::codecs::png::FilterType as PngFilter;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use std::io::Cursor;

/// Octets up to which a file that is narrow enough needs nobody's help.
const SMALL: usize = 40_000;

/// Octets up to which an opaque WebP without loss stays without loss.
const EXACT: usize = 150_000;

/// Octets that decoding may take for one image.
const MEMORY: u64 = PIXELS * 8 + (16 << 20);

/// Of 100. Photographs look the same as at 90, and have half the octets.
const QUALITY: u8 = 80;

/// What readers get of a file.
///
/// # Errors
/// Why nobody could see it.
pub fn make(bytes: &[u8]) -> Result<Picture, Fault> {
    let format = Format::of(bytes).ok_or(Fault::Unknown)?;
    let (width, height) = head::stored(bytes, format).ok_or(Fault::Damaged)?;
    if u64::from(width) * u64::from(height) > PIXELS {
        return Err(Fault::TooLarge(width, height));
    }
    if format == Format::Webp && webp::moves(bytes) {
        return Err(Fault::Moving);
    }
    let clean = cleaned(bytes, format).ok_or(Fault::Damaged)?;
    let Decoded { image, profile } = decode(bytes, format, (width, height))?;
    if moves(bytes, format)? {
        return Ok(Picture { format, bytes: clean });
    }
    let orientation = head::orientation(bytes, format);
    // Mail programs that know no WebP are many.
    let stays = format != Format::Webp && orientation == Orientation::NoTransforms;
    if stays && width <= WIDEST && clean.len() <= SMALL {
        return Ok(Picture { format, bytes: clean });
    }
    let made = write(bytes, format, upright(image, orientation), profile)?;
    // Compressing a photograph once more costs some of it: that has to be worth it.
    let limit = if width > WIDEST { clean.len() } else { clean.len() / 5 * 4 };
    Ok(if stays && made.bytes.len() >= limit { Picture { format, bytes: clean } } else { made })
}

/// The file without what isn't needed to show it; `None` where it breaks off.
fn cleaned(bytes: &[u8], format: Format) -> Option<Vec<u8>> {
    match format {
        Format::Png => png::cleaned(bytes),
        Format::Jpeg => jpeg::cleaned(bytes),
        // Cameras write none of the two.
        Format::Gif => Some(bytes.to_vec()),
        Format::Webp => webp::is_whole(bytes).then(|| bytes.to_vec()),
    }
}

struct Decoded {
    image: DynamicImage,
    /// What its numbers mean as colours.
    profile: Option<Vec<u8>>,
}

fn decode(bytes: &[u8], format: Format, (width, height): (u32, u32)) -> Result<Decoded, Fault> {
    let fault = |error: ImageError| match error {
        ImageError::Limits(_) => Fault::TooLarge(width, height),
        _ => Fault::Damaged,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.into());
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(fault)?;
    let profile = decoder.icc_profile().unwrap_or_default();
    let image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    Ok(Decoded { image, profile })
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    limits
}

/// More than one image, shown in turn: those stay as they were made.
fn moves(bytes: &[u8], format: Format) -> Result<bool, Fault> {
    match format {
        Format::Png => Ok(png::moves(bytes)),
        Format::Jpeg | Format::Webp => Ok(false),
        Format::Gif => {
            let mut decoder = GifDecoder::new(Cursor::new(bytes)).map_err(|_| Fault::Damaged)?;
            decoder.set_limits(limits()).map_err(|_| Fault::Damaged)?;
            let second = decoder.into_frames().nth(1);
            second.transpose().map(|frame| frame.is_some()).map_err(|_| Fault::Damaged)
        }
    }
}

/// Upright, as wide as mails need it at most, and in the fewest channels that hold it.
fn upright(mut image: DynamicImage, orientation: Orientation) -> DynamicImage {
    image.apply_orientation(orientation);
    let plain = plain(image);
    if plain.width() <= WIDEST {
        return plain;
    }
    let height = u64::from(plain.height()) * u64::from(WIDEST) / u64::from(plain.width());
    let height = u32::try_from(height).unwrap_or(u32::MAX).max(1);
    let scale = |image: &DynamicImage| image.resize_exact(WIDEST, height, FilterType::Lanczos3);
    let DynamicImage::ImageRgba8(mut image) = plain else { return scale(&plain) };
    // Pixels that nobody sees have colours, too, and would shine through at the edges.
    for pixel in image.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        pixel.0[..3].iter_mut().for_each(|colour| *colour = (u32::from(*colour) * alpha / 255) as u8);
    }
    let mut scaled = scale(&DynamicImage::ImageRgba8(image)).into_rgba8();
    for pixel in scaled.pixels_mut() {
        let alpha = u32::from(pixel[3]).max(1);
        pixel.0[..3].iter_mut().for_each(|colour| *colour = (u32::from(*colour) * 255 / alpha).min(255) as u8);
    }
    DynamicImage::ImageRgba8(scaled)
}

fn plain(image: DynamicImage) -> DynamicImage {
    let (has_colour, has_alpha) = (image.color().has_color(), image.color().has_alpha());
    if has_alpha {
        let image = image.into_rgba8();
        if image.pixels().any(|pixel| pixel[3] < 255) {
            return DynamicImage::ImageRgba8(image);
        }
        return plain(DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(image).into_rgb8()));
    }
    if has_colour { DynamicImage::ImageRgb8(image.into_rgb8()) } else { DynamicImage::ImageLuma8(image.into_luma8()) }
}

fn write(bytes: &[u8], from: Format, image: DynamicImage, profile: Option<Vec<u8>>) -> Result<Picture, Fault> {
    let is_photograph = match from {
        Format::Jpeg => true,
        Format::Webp => !webp::is_exact(bytes) && !image.color().has_alpha(),
        Format::Png | Format::Gif => false,
    };
    // The colour space of its numbers (ICC.1, 7.2.6): those of four inks were made of three colours by now.
    let space: &[u8] = if image.color().has_color() { b"RGB " } else { b"GRAY" };
    let profile = profile.filter(|profile| profile.get(16..20) == Some(space));
    if is_photograph {
        return as_jpeg(&image, profile);
    }
    let exact = as_png(&image, profile.clone())?;
    // PNG has nothing like WebP's ways of writing a photograph without loss.
    let is_worth_it = from != Format::Webp || image.color().has_alpha() || exact.bytes.len() <= EXACT;
    if is_worth_it { Ok(exact) } else { as_jpeg(&image, profile) }
}

fn as_jpeg(image: &DynamicImage, profile: Option<Vec<u8>>) -> Result<Picture, Fault> {
    let mut bytes = Vec::new();
    finish(JpegEncoder::new_with_quality(&mut bytes, QUALITY), image, profile)?;
    Ok(Picture { format: Format::Jpeg, bytes })
}

fn as_png(image: &DynamicImage, profile: Option<Vec<u8>>) -> Result<Picture, Fault> {
    let mut bytes = Vec::new();
    finish(PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, PngFilter::Adaptive), image, profile)?;
    Ok(Picture { format: Format::Png, bytes })
}

fn finish(mut encoder: impl ImageEncoder, image: &DynamicImage, profile: Option<Vec<u8>>) -> Result<(), Fault> {
    if let Some(profile) = profile {
        // An encoder that takes none writes colours that are a little off.
        let _ = encoder.set_icc_profile(profile);
    }
    image.write_with_encoder(encoder).map_err(|_| Fault::Damaged)
}

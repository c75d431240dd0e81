//! What becomes of an image before readers get it.

use super::exif;
use super::from_camera;
use super::jpeg;
use super::png;
use super::scene;
use super::with_chunk;
use super::written;
use dripline::picture;
use dripline::picture::Fault;
use dripline::picture::Format;
use dripline::picture::Picture;
use image::DynamicImage;
use image::Frame;
use image::ImageFormat;
use image::Rgba;
use image::RgbaImage;
use image::codecs::gif::GifEncoder;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;

const LOSSY: &[u8] = include_bytes!("photo.webp");

fn prepared(bytes: &[u8]) -> Arc<Picture> {
    picture::prepared(bytes).unwrap()
}

fn decoded(picture: &Picture) -> DynamicImage {
    image::load_from_memory(&picture.bytes).unwrap()
}

fn has(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

fn moving_gif() -> Vec<u8> {
    let mut bytes = Vec::new();
    let frames =
        [[200, 0, 0, 255], [0, 0, 200, 255]].map(|colour| Frame::new(RgbaImage::from_pixel(1400, 8, Rgba(colour))));
    GifEncoder::new(&mut bytes).encode_frames(frames).unwrap();
    bytes
}

#[test]
fn what_is_small_and_says_nothing_of_its_maker_stays_byte_for_byte() {
    for small in [png(300, 200), jpeg(300, 200), written(&scene(60, 40), ImageFormat::Gif), moving_gif()] {
        assert!(prepared(&small).bytes == small, "{:?}", Format::of(&small));
    }
}

#[test]
fn a_large_image_is_twice_as_wide_as_a_mail_shows_it_and_lighter() {
    let check = |bytes: &[u8], format: Format| {
        let picture = prepared(bytes);
        let made = decoded(&picture);
        assert_eq!((picture.format, made.width(), made.height()), (format, 1072, 536));
        assert!(picture.bytes.len() < bytes.len(), "{} of {}", picture.bytes.len(), bytes.len());
        assert_eq!(Format::of(&picture.bytes), Some(format));
    };
    check(&jpeg(1600, 800), Format::Jpeg);
    check(&png(1600, 800), Format::Png);
}

#[test]
fn an_image_is_never_scaled_up_nor_replaced_by_a_heavier_one() {
    let narrow = prepared(&jpeg(90, 60));
    assert_eq!((decoded(&narrow).width(), decoded(&narrow).height()), (90, 60));
    // Two colours: less as they are than with the shades between them.
    let bars = DynamicImage::ImageLuma8(image::GrayImage::from_fn(1600, 900, |x, y| {
        image::Luma([(((x / 3 * 7919) ^ (y / 3 * 104_729)) % 7 % 2 * 255) as u8])
    }));
    let bars = written(&bars, ImageFormat::Png);
    assert!(prepared(&bars).bytes == bars);
}

#[test]
fn photographs_lose_place_time_and_owner_and_keep_their_pixels() {
    let plain = jpeg(300, 200);
    let photo = from_camera(&plain, 1);
    assert!(has(&photo, "GPS 52.5200 N") && has(&photo, "Owner: Ana W"));
    let with_rest = [photo.as_slice(), b"a preview behind the end"].concat();
    for photo in [photo, with_rest] {
        assert!(prepared(&photo).bytes == plain, "nothing but the pixels is left");
    }
    for orientation in [3, 6] {
        let turned = prepared(&from_camera(&plain, orientation));
        assert!(!has(&turned.bytes, "GPS") && !has(&turned.bytes, "Exif") && !has(&turned.bytes, "Owner"));
    }
    let drawing = png(300, 200);
    for kind in [b"tEXt", b"iTXt", b"zTXt", b"tIME"] {
        assert!(prepared(&with_chunk(&drawing, kind, b"Author\0Ana W")).bytes == drawing, "{kind:?}");
    }
    assert!(prepared(&with_chunk(&drawing, b"eXIf", &exif(1))).bytes == drawing);
}

#[test]
fn what_colours_mean_is_kept() {
    let named = with_chunk(&png(300, 200), b"sRGB", b"\0");
    assert!(prepared(&named).bytes == named);
    // A profile, as far as anybody looks at it before colours are shown: the space of its numbers.
    let profile = |space: &[u8]| [&[0; 16], space, &[7; 300][..]].concat();
    let with = |space: &[u8]| {
        let data = [b"ICC_PROFILE\0\x01\x01", profile(space).as_slice()].concat();
        let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
        let photo = jpeg(1600, 800);
        prepared(&[&photo[..2], b"\xff\xe2", &length, &data, &photo[2..]].concat())
    };
    assert!(has(&with(b"RGB ").bytes, "ICC_PROFILE"));
    assert!(!has(&with(b"CMYK").bytes, "ICC_PROFILE"), "its numbers are three colours by now");
}

#[test]
fn a_camera_held_on_its_side_makes_an_upright_image() {
    // Red is on the left of what is stored.
    let stored = DynamicImage::ImageRgb8(image::RgbImage::from_fn(64, 32, |x, _| {
        if x < 32 { image::Rgb([220, 10, 10]) } else { image::Rgb([10, 10, 220]) }
    }));
    let check = |orientation: u8, size: (u32, u32), red: (u32, u32)| {
        let photo = from_camera(&written(&stored, ImageFormat::Jpeg), orientation);
        let made = decoded(&prepared(&photo)).into_rgb8();
        assert_eq!(((made.width(), made.height()), picture::size(&photo)), (size, Some(size)), "{orientation}");
        assert!(made.get_pixel(red.0, red.1)[0] > 180, "{orientation}");
    };
    check(1, (64, 32), (5, 16));
    check(3, (64, 32), (58, 16));
    check(6, (32, 64), (16, 5));
    check(8, (32, 64), (16, 58));
    let turned = with_chunk(&written(&stored, ImageFormat::Png), b"eXIf", &exif(6));
    assert_eq!((decoded(&prepared(&turned)).width(), picture::size(&turned)), (32, Some((32, 64))));
}

#[test]
fn webp_becomes_what_every_mail_program_shows() {
    assert_eq!(prepared(LOSSY).format, Format::Jpeg, "a photograph");
    let heavy = prepared(&written(&scene(1600, 800), ImageFormat::WebP));
    assert_eq!((heavy.format, decoded(&heavy).width()), (Format::Jpeg, 1072), "one that would be too heavy as PNG");
    let exact = prepared(&written(&scene(60, 40), ImageFormat::WebP));
    assert_eq!((exact.format, decoded(&exact).into_rgb8()), (Format::Png, scene(60, 40).into_rgb8()), "a drawing");
    let mut see_through = scene(60, 40).into_rgba8();
    see_through.put_pixel(3, 3, Rgba([9, 9, 9, 0]));
    let made = prepared(&written(&DynamicImage::ImageRgba8(see_through), ImageFormat::WebP));
    assert_eq!((made.format, decoded(&made).into_rgba8().get_pixel(3, 3)[3]), (Format::Png, 0));
}

#[test]
fn no_invisible_colour_shines_through_at_an_edge() {
    // White on the left; on the right nothing is to be seen, which is written down as black.
    let half = RgbaImage::from_fn(2000, 40, |x, y| {
        let noise = ((x * 31 + y * 17) % 5) as u8;
        if x < 1000 { Rgba([250 + noise, 250 + noise, 250, 255]) } else { Rgba([0, 0, 0, 0]) }
    });
    let made = prepared(&written(&DynamicImage::ImageRgba8(half), ImageFormat::Png));
    let made = decoded(&made).into_rgba8();
    assert_eq!(made.width(), 1072);
    let darkest = made.pixels().filter(|pixel| pixel[3] > 30).map(|pixel| pixel[0]).min();
    assert!(darkest > Some(235), "{darkest:?}");
}

#[test]
fn what_nobody_could_see_is_a_fault_with_a_next_step() {
    let check = |bytes: &[u8], expect: Fault| {
        assert_eq!(picture::prepared(bytes).unwrap_err(), expect);
        assert!(!expect.help().is_empty());
    };
    check(b"not really a png", Fault::Unknown);
    check(b"", Fault::Unknown);
    for whole in
        [png(300, 200), jpeg(300, 200), moving_gif(), written(&scene(60, 40), ImageFormat::WebP), LOSSY.to_vec()]
    {
        for end in [whole.len() / 2, whole.len() - 20, 30, 13] {
            check(&whole[..end], Fault::Damaged);
        }
    }
    let mut flipped = png(300, 200);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    check(&flipped, Fault::Damaged);
    check(
        b"RIFF\x2a\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0ANIM\x06\0\0\0\0\0\0\0\0\0ANMF\0\0\0\0",
        Fault::Moving,
    );
}

#[test]
fn a_few_octets_that_claim_to_be_a_huge_image_are_never_decoded() {
    let huge = |bytes: Vec<u8>, size: (u32, u32)| {
        assert_eq!(picture::prepared(&bytes).unwrap_err(), Fault::TooLarge(size.0, size.1));
    };
    let mut bomb = png(8, 8);
    bomb[16..24].copy_from_slice(b"\0\0\xff\xff\0\0\xff\xff");
    huge(bomb, (65_535, 65_535));
    let mut bomb = jpeg(8, 8);
    let frame = bomb.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bomb[frame + 5..frame + 9].copy_from_slice(b"\x40\0\x40\0");
    huge(bomb, (16_384, 16_384));
    let mut bomb = written(&scene(8, 8), ImageFormat::Gif);
    bomb[6..10].copy_from_slice(b"\xff\xff\xff\xff");
    huge(bomb, (65_535, 65_535));
}

// What the sine of a number is differs in its last digit from one kind of machine to another.
#[cfg(target_arch = "x86_64")]
#[test]
fn these_are_the_octets_that_this_version_of_the_program_makes() {
    // Another encoder may make others. That is allowed, and has a price: with `images = "embed"`, a mail that was made
    // by the program before and never reached a relay is held after the upgrade (see `freeze` in freeze.rs). Say so in
    // the notes of the release, and write the new hashes here.
    let made = [jpeg(1600, 800), png(1600, 800), LOSSY.to_vec()].map(|bytes| {
        let digest = Sha256::digest(&prepared(&bytes).bytes);
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
    });
    assert_eq!(made, ["8ad650bf758a6ac7", "1c2b6794b3ce894d", "604ed0f4cd8b2f0e"]);
}

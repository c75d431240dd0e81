//! What `check` says of images.

use super::jpeg;
use super::png;
use dripline::course;
use dripline::course::Tree;
use dripline::message::Templates;
use dripline::message::check_course;
use dripline::problem::Problem;
use dripline::site::Images;
use dripline::site::Site;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

fn problems(images: Images, text: &str, files: &[(&str, Vec<u8>)]) -> Vec<Problem> {
    let toml = crate::app::course_toml("Calm", &["one"]);
    let mut tree = Tree::from([
        ("course.toml".to_string(), toml.into_bytes()),
        ("one.md".to_string(), format!("+++\nsubject = \"One\"\n+++\n{text}\n").into_bytes()),
    ]);
    tree.extend(files.iter().map(|(path, bytes)| (path.to_string(), bytes.clone())));
    let loaded = course::load("calm", "courses", &tree);
    let site = Site {
        name: "Steady Ground".into(),
        url: "https://learn.example.org".into(),
        postal_address: "12 Rue Exemple".into(),
        time_zone: TimeZone::UTC,
        language: "en".into(),
        daily_cap: 1,
        quiet_during_course: false,
        images,
    };
    check_course(&Templates::load(&BTreeMap::new()).unwrap(), &site, &loaded.course.unwrap())
}

fn check(text: &str, files: &[(&str, Vec<u8>)], expect: &[(&str, &str)]) {
    let found = problems(Images::Serve, text, files);
    let found: Vec<_> = found.iter().map(|problem| (problem.to_string(), problem.help.as_str())).collect();
    let found: Vec<_> = found.iter().map(|(message, help)| (message.as_str(), *help)).collect();
    assert_eq!(found, expect);
}

#[test]
fn an_image_that_nobody_could_see_is_told_with_its_file_and_the_next_step() {
    let half = png(300, 200)[..400].to_vec();
    check(
        "![a hand](images/hand.png)",
        &[("images/hand.png", half.clone())],
        &[(
            "courses/calm/one.md:4:1: error: the image `images/hand.png` is damaged or breaks off: it can't be decoded",
            "open it in an image program and save it again, or copy it anew from where it came",
        )],
    );
    check(
        "![a hand](hand.jpg)",
        &[("hand.jpg", b"<svg/>".to_vec())],
        &[(
            "courses/calm/one.md:4:1: error: the image `hand.jpg` is neither PNG, JPEG, GIF nor WebP, whatever its name says",
            "export it as PNG or JPEG from the program that made it",
        )],
    );
    let mut bomb = png(8, 8);
    bomb[16..24].copy_from_slice(b"\0\0\x27\x10\0\0\x27\x10");
    check(
        "![a hand](hand.png)",
        &[("hand.png", bomb)],
        &[(
            "courses/calm/one.md:4:1: error: the image `hand.png` has 10000 × 10000 pixels; the limit is 25 million",
            "make it smaller: 1200 pixels across are plenty",
        )],
    );
    // What no text shows is nobody's concern, and a name that lies about a good image harms nobody.
    check("![a hand](hand.png)", &[("hand.png", jpeg(30, 20)), ("old.png", half)], &[]);
}

#[test]
fn a_drawing_in_svg_has_to_be_exported() {
    check(
        "![a leaf](leaf.svg)",
        &[("leaf.svg", b"<svg/>".to_vec())],
        &[(
            "courses/calm/one.md:4:1: error: mail programs don't show the SVG drawing `leaf.svg`",
            "export it as PNG, 1072 pixels across, and name that file",
        )],
    );
}

#[test]
fn a_recording_has_to_lie_elsewhere() {
    check(
        "[listen](audio/rest.mp3)",
        &[("audio/rest.mp3", b"ID3".to_vec())],
        &[(
            "courses/calm/one.md:4:1: error: dead link `audio/rest.mp3`",
            "sound isn't served from here: put the file where it can be heard, and give its whole address: https://…",
        )],
    );
}

#[test]
fn images_within_mails_are_weighed_and_served_ones_are_not() {
    // Noise, which no encoder makes light.
    let noise = |seed: u32| {
        let mut state = seed;
        let image = image::RgbImage::from_fn(520, 520, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        });
        super::written(&image::DynamicImage::ImageRgb8(image), image::ImageFormat::Png)
    };
    let files: Vec<(String, Vec<u8>)> = (0..9).map(|n| (format!("{n}.png"), noise(n))).collect();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let text = |count: usize| (0..count).map(|n| format!("![noise]({n}.png)\n\n")).collect::<String>();
    assert_eq!(problems(Images::Serve, &text(9), &files), []);
    assert_eq!(problems(Images::Embed, &text(0).replace("", "calm"), &files), []);
    let said = |count: usize| {
        problems(Images::Embed, &text(count), &files).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(said(1), ["courses/calm/one.md:4:1: warning: this mail carries 1.1 MB of images"]);
    assert_eq!(said(9), ["courses/calm/one.md:4:1: error: this mail carries 9.7 MB of images; the limit is 8 MB"]);
}

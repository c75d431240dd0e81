//! Mails that carry their images: built twice, read by the last guard before the relay, and shown in a browser.

use super::bytes;
use super::course;
use super::lesson;
use super::site;
use super::values;
use crate::pictures::png;
use dripline::course::Course;
use dripline::message;
use dripline::message::Prepared;
use dripline::message::Required;
use dripline::message::Templates;
use dripline::message::required;
use dripline::site::Images;
use dripline::site::Site;
use std::collections::BTreeMap;

fn embed() -> Site {
    Site { images: Images::Embed, ..site() }
}

fn illustrated() -> Course {
    let mut course = course(lesson("![a hand](images/hand.png)"));
    course.files.insert("images/hand.png".into(), png(1600, 900));
    course
}

fn prepared(site: &Site, course: &Course, files: &BTreeMap<String, Vec<u8>>) -> Prepared {
    message::prepare(&Templates::load(files).unwrap(), site, course, &course.lessons["listening"]).unwrap()
}

fn built(site: &Site, course: &Course, files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let rendered = prepared(site, course, files).render(&values()).unwrap();
    bytes(&rendered, Some("Zoë"), &values().links.leave)
}

#[test]
fn two_builds_are_the_same_and_a_mail_without_images_is_as_it_always_was() {
    let none = BTreeMap::new();
    let course_ = illustrated();
    assert!(built(&embed(), &course_, &none) == built(&embed(), &course_, &none));
    let plain = course(lesson("No image."));
    assert!(built(&embed(), &plain, &none) == built(&site(), &plain, &none));
}

#[test]
fn the_last_guard_reads_html_that_has_images_beside_it() {
    let course = illustrated();
    let mail = built(&embed(), &course, &BTreeMap::new());
    let needed = Required::new(&embed(), &course);
    let leave = values().links.leave;
    required(&mail, &needed, &leave).unwrap();
    let mail = String::from_utf8(mail).unwrap();
    let (before, html) = mail.split_once("text/html; charset").unwrap();
    // Neither the part before nor the images stand in for what the HTML lacks.
    let without = format!("{before}text/html; charset{}", html.replace("Rue", "Via"));
    let missing = required(without.as_bytes(), &needed, &leave).unwrap_err().to_string();
    assert!(missing.contains("the postal address in the HTML part") && !missing.contains("text part"), "{missing}");
    let lost = mail.replace("Content-Type: text/html", "Content-Type: text/htm");
    let missing = required(lost.as_bytes(), &needed, &leave).unwrap_err().to_string();
    assert!(missing.contains("everything in the HTML part"), "{missing}");
}

#[test]
fn a_browser_is_shown_images_where_they_are_served() {
    let course = illustrated();
    let prepared = prepared(&embed(), &course, &BTreeMap::new());
    let address = format!("src=\"https://learn.example.org/image/{}\"", message::image_hash(&png(1600, 900)));
    let page = prepared.page(&values()).unwrap();
    assert!(page.contains(&address) && !page.contains("cid:"), "{page}");
    assert!(prepared.render(&values()).unwrap().html.contains(&address), "until the mail is built");
}

#[test]
fn the_logo_travels_too() {
    let theme = "[logo]\nfile = \"logo.png\"\nalt = \"Steady Ground\"\nwidth = 160\n";
    let files =
        BTreeMap::from([("theme.toml".to_string(), theme.as_bytes().to_vec()), ("logo.png".to_string(), png(320, 80))]);
    let mail = String::from_utf8(built(&embed(), &course(lesson("No image.")), &files)).unwrap();
    assert!(mail.contains("multipart/related") && mail.contains("filename=\"logo.png\""), "{mail}");
    assert!(!mail.contains("/image/"), "{mail}");
}

#[test]
fn what_stands_in_every_mail_of_a_course_brings_its_images() {
    let mut course = course(lesson("{{ crisis() }}"));
    course.crisis = Some("![a hand that holds another](images/hand.png)".into());
    course.disclaimer = Some("![a leaf](images/leaf.png)".into());
    course.files.insert("images/leaf.png".into(), png(30, 20));
    let mail = String::from_utf8(built(&embed(), &course, &BTreeMap::new())).unwrap();
    assert!(mail.contains("filename=\"hand.png\"") && mail.contains("filename=\"leaf.png\""), "{mail}");
    let served = String::from_utf8(built(&site(), &course, &BTreeMap::new())).unwrap();
    assert!(!served.contains("multipart/related") && served.contains("/image/"), "{served}");
}

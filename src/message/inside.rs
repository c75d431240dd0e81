//! The images that travel inside a mail, where the site wants that: which of a lesson's images they are, and how each
//! stands as a part of the message. Decodes nothing itself.

use crate::course::Course;
use crate::message::Templates;
use crate::message::blocks::Block;
use crate::message::encode;
use crate::message::markdown::Document;
use crate::picture;
use crate::picture::Picture;
use crate::site::Images;
use crate::site::Site;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;

/// Characters of a file's name at most.
const NAME: usize = 40;

/// RFC 8187 §3.2.1, as RFC 2231 asks for it.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// An image that mails carry.
#[derive(Debug, Clone)]
pub struct Carried {
    address: String,
    path: String,
    /// The coach's file.
    bytes: Vec<u8>,
    /// What became of it, when it was first needed.
    inside: OnceLock<Option<Inside>>,
}

/// An image with what readers get of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// Where it is served, which is how the HTML names it.
    pub address: String,
    /// Of the file, in its folder.
    pub path: String,
    pub picture: Arc<Picture>,
}

/// The images that the mails of a lesson carry: its own, those of the course's texts that stand in them, and the logo.
pub fn carried(
    templates: &Templates,
    site: &Site,
    course: &Course,
    document: &Document<'_>,
    texts: &[&Block],
) -> Vec<Carried> {
    if site.images == Images::Serve {
        return Vec::new();
    }
    let of_texts = texts.iter().flat_map(|text| &text.images).map(|(address, path)| (address.as_str(), path.as_str()));
    let all: BTreeMap<&str, &str> = document.images().chain(of_texts).collect();
    let own = all.into_iter().filter_map(|(address, path)| Some(Carried::new(address, path, course.files.get(path)?)));
    own.chain(carried_logo(templates, site)).collect()
}

/// The logo, where mails carry their images.
pub fn carried_logo(templates: &Templates, site: &Site) -> Option<Carried> {
    let logo = templates.theme().logo.as_ref().filter(|_| site.images == Images::Embed)?;
    Some(Carried::new(&format!("{}/image/{}", site.url, logo.hash), &logo.file, &logo.bytes))
}

impl Carried {
    fn new(address: &str, path: &str, bytes: &[u8]) -> Carried {
        let (address, path) = (address.to_string(), path.to_string());
        Carried { address, path, bytes: bytes.to_vec(), inside: OnceLock::new() }
    }

    /// `None` where its bytes can't be shown: the mail links to it, as if the site served its images.
    pub fn inside(&self) -> Option<&Inside> {
        let make = || {
            let picture = picture::prepared(&self.bytes).ok()?;
            Some(Inside { address: self.address.clone(), path: self.path.clone(), picture })
        };
        self.inside.get_or_init(make).as_ref()
    }
}

impl Inside {
    /// Where the HTML first shows it.
    pub fn place_in(&self, html: &str) -> Option<usize> {
        html.find(&self.source())
    }

    /// The HTML with this image's id in the place of its address.
    pub fn told_by_id(&self, html: &str, domain: &str) -> String {
        html.replace(&self.source(), &format!("src=\"cid:{}\"", self.id(domain)))
    }

    /// The part of the message that holds it.
    pub fn part(&self, domain: &str) -> String {
        let kind = self.picture.format.content_type();
        format!(
            "Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <{}>\r\n\
             Content-Disposition: inline;\r\n {}\r\n\r\n{}",
            self.id(domain),
            self.file_name(),
            encode::base64(&self.picture.bytes)
        )
    }

    fn source(&self) -> String {
        format!("src=\"{}\"", self.address)
    }

    /// The same in every mail and every copy of it: made of the hash that its address ends in (RFC 2392).
    fn id(&self, domain: &str) -> String {
        let hash = self.address.rsplit('/').next().unwrap_or_default();
        format!("{}@{domain}", hash.get(..32).unwrap_or(hash))
    }

    /// In ASCII for every program, and whole for those that read RFC 2231.
    fn file_name(&self) -> String {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let name = format!("{}.{}", stem.chars().take(NAME).collect::<String>(), self.picture.format.ending());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let ascii: String = name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let plain = format!("filename=\"{ascii}\"");
        if name.is_ascii() {
            return plain;
        }
        format!("{plain};\r\n filename*=utf-8''{}", utf8_percent_encode(&name, ESCAPED))
    }
}

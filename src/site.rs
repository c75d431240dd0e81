//! What the operator says about the whole site, and who its mails come from.

use crate::address::Address;
use jiff::tz::TimeZone;
use std::str::FromStr;

/// `[site]` of dripline.toml.
#[derive(Debug, Clone)]
pub struct Site {
    pub name: String,
    /// What links begin with; never ends in a slash.
    pub url: String,
    pub postal_address: String,
    /// For people whose zone is unknown.
    pub time_zone: TimeZone,
    pub language: String,
    /// Course mails per person and local day, over all courses. At least 1.
    pub daily_cap: u32,
    pub quiet_during_course: bool,
    pub images: Images,
}

/// How the images of a lesson travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// The mail links to them, our pages serve them.
    Serve,
    /// They are inside the mail.
    Embed,
}

/// Who mails come from: the site's, or a course's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub name: String,
    pub address: Address,
    pub reply_to: Option<Address>,
}

impl FromStr for Images {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Images, &'static str> {
        match text {
            "serve" => Ok(Images::Serve),
            "embed" => Ok(Images::Embed),
            _ => Err("this is neither `serve` nor `embed`"),
        }
    }
}

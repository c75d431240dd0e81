//! A colour as a theme writes it, and how well one can be read upon another. Knows no theme.

use std::fmt;
use std::str::FromStr;

/// The least contrast at which WCAG 2.2 (1.4.3, AA) calls running text readable.
pub const READABLE: f64 = 4.5;

/// Red, green and blue in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// What isn't written `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no colour")]
pub struct NoColour(String);

impl Colour {
    /// The contrast ratio of WCAG 2.2, from 1 (the same) to 21 (black upon white).
    pub fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Colour {
    type Err = NoColour;

    fn from_str(text: &str) -> Result<Colour, NoColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or_else(|| NoColour(text.to_string()))?.to_be_bytes();
        Ok(Colour([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn only_six_digits_behind_a_hash_are_a_colour() {
        let check = |text: &str, expect: Option<&str>| {
            let read = text.parse::<Colour>().ok().map(|colour| colour.to_string());
            assert_eq!(read.as_deref(), expect, "{text}");
        };
        check("#1f5f5b", Some("#1f5f5b"));
        check("#ABCDEF", Some("#abcdef"));
        for text in ["", "#fff", "teal", "1f5f5b", "#1f5f5g", "#+1f5f5", "#1f5f5b ", "#éa5f5"] {
            check(text, None);
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let check = |a: &str, b: &str, expect: f64| {
            let (a, b): (Colour, Colour) = (a.parse().unwrap(), b.parse().unwrap());
            assert!((a.contrast(b) - expect).abs() < 0.01 && a.contrast(b) == b.contrast(a), "{a} {b}");
        };
        check("#000000", "#ffffff", 21.0);
        check("#777777", "#ffffff", 4.48);
        check("#767676", "#ffffff", 4.54);
        check("#1f5f5b", "#1f5f5b", 1.0);
    }
}

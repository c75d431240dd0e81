//! What the style owes to tired eyes and unsteady hands: contrast (WCAG 2.2, 1.4.3) and targets (2.5.5), by numbers.

use super::site::TestSite;

/// Foreground on background, by variable.
const PAIRS: [(&str, &str); 8] = [
    ("ink", "sheet"),
    ("quiet", "sheet"),
    ("quiet", "ground"),
    ("act", "sheet"),
    ("act-deep", "sheet"),
    ("on-act", "act"),
    ("on-act", "act-deep"),
    ("ink", "ground"),
];

#[tokio::test]
async fn every_text_stands_out_in_light_and_in_dark() {
    let style = TestSite::start().await.get("/assets/style.css").await.body;
    let (light, rest) = style.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let (dark, _) = rest.split_once("\n}\n").unwrap();
    for scheme in [light, dark] {
        for (text, ground) in PAIRS {
            let (a, b) = (luminance(scheme, text), luminance(scheme, ground));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2} in {scheme}");
        }
    }
}

#[tokio::test]
async fn buttons_are_larger_than_44_pixels_and_loads_come_from_nowhere_else() {
    let style = TestSite::start().await.get("/assets/style.css").await.body;
    let (_, button) = style.split_once("\nbutton {").unwrap();
    let (_, height) = button.split_once("min-height: ").unwrap();
    let rem: f64 = height.split_once("rem;").unwrap().0.parse().unwrap();
    assert!(rem * 16.0 >= 44.0, "{rem}");
    assert!(style.contains(":focus-visible"));
    assert!(!style.contains("url(") && !style.contains("@import"));
}

/// Relative luminance of sRGB, from 0 to 1.
fn luminance(scheme: &str, name: &str) -> f64 {
    let (_, value) = scheme.split_once(&format!("--{name}: #")).unwrap();
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

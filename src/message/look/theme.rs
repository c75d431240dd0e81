//! `theme.toml`: the coach's colours, logo and footer, read with every problem at its place. Knows no template.

use crate::keys;
use crate::keys::Keys;
use crate::keys::Overrides;
use crate::message::blocks;
use crate::message::blocks::Block;
use crate::message::look::colour::Colour;
use crate::message::look::colour::READABLE;
use crate::message::markdown;
use crate::problem::Problem;
use crate::problem::Source;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Where the theme stands below the templates folder.
pub const FILE: &str = "theme.toml";

/// Octets from which a logo, which stands in every mail, is too heavy.
const LOGO_LIMIT: usize = 200_000;
/// Pixels that a mail of 600 leaves for a logo.
const LOGO_WIDTH: i64 = 536;

/// What every mail and page looks like.
#[derive(Debug, Clone)]
pub struct Theme {
    pub light: Palette,
    pub dark: Palette,
    pub logo: Option<Logo>,
    /// Above the reason why a mail came; empty where the coach has none.
    pub footer: Block,
}

/// The colours of one scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Around the card.
    pub background: Colour,
    /// What the lesson stands on.
    pub card: Colour,
    pub text: Colour,
    /// Header, footer, small notes.
    pub muted: Colour,
    pub link: Colour,
    pub button: Colour,
    pub button_text: Colour,
    /// Hairlines, borders of tables and quotes: they carry no meaning, so their contrast is free.
    pub line: Colour,
}

/// A picture in the place of the site's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Below the templates folder.
    pub file: String,
    pub alt: String,
    /// In pixels.
    pub width: u32,
    pub bytes: Vec<u8>,
    /// Its name below `/image/`.
    pub hash: String,
}

/// A theme as far as it could be read, and what is wrong with it.
pub struct Read {
    pub theme: Theme,
    /// What keeps the file from being used.
    pub faults: Vec<Problem>,
    /// Colours that are hard to read upon each other.
    pub faint: Vec<Problem>,
}

impl Palette {
    pub const LIGHT: Palette = Palette {
        background: Colour([0xf6, 0xf4, 0xf0]),
        card: Colour([0xff, 0xff, 0xff]),
        text: Colour([0x24, 0x29, 0x2b]),
        muted: Colour([0x56, 0x5d, 0x60]),
        link: Colour([0x1f, 0x5f, 0x5b]),
        button: Colour([0x1f, 0x5f, 0x5b]),
        button_text: Colour([0xff, 0xff, 0xff]),
        line: Colour([0xd9, 0xd6, 0xcf]),
    };
    pub const DARK: Palette = Palette {
        background: Colour([0x16, 0x19, 0x1a]),
        card: Colour([0x20, 0x25, 0x26]),
        text: Colour([0xe4, 0xe6, 0xe3]),
        muted: Colour([0xa9, 0xb0, 0xb0]),
        link: Colour([0x8c, 0xc9, 0xc2]),
        button: Colour([0x8c, 0xc9, 0xc2]),
        button_text: Colour([0x10, 0x20, 0x1e]),
        line: Colour([0x3d, 0x46, 0x48]),
    };

    /// Every colour with the key that names it.
    pub fn named(&self) -> [(&'static str, Colour); 8] {
        [
            ("background", self.background),
            ("card", self.card),
            ("text", self.text),
            ("muted", self.muted),
            ("link", self.link),
            ("button", self.button),
            ("button_text", self.button_text),
            ("line", self.line),
        ]
    }
}

impl Default for Theme {
    fn default() -> Theme {
        Theme { light: Palette::LIGHT, dark: Palette::DARK, logo: None, footer: Block::default() }
    }
}

/// Reads the theme among the coach's templates; where there is none, or a key is absent, ours stands in.
pub fn read(overrides: &BTreeMap<String, Vec<u8>>) -> Read {
    let shown = format!("templates/{FILE}");
    let Some(bytes) = overrides.get(FILE) else {
        return Read { theme: Theme::default(), faults: Vec::new(), faint: Vec::new() };
    };
    let Ok(text) = String::from_utf8(bytes.clone()) else {
        let problem = Problem::error(&Source::new(shown, ""), 0..0, "this isn't UTF-8", "save it as UTF-8");
        return Read { theme: Theme::default(), faults: vec![problem], faint: Vec::new() };
    };
    let source = Source::new(shown, text);
    let no_overrides = Overrides::new();
    let ((theme, faint), faults) = keys::read(&source, &source.text, 0, &no_overrides, |keys| {
        let mut faint = Vec::new();
        let light = palette(keys, "light", Palette::LIGHT, &mut faint);
        let dark = palette(keys, "dark", Palette::DARK, &mut faint);
        let theme = Theme { light, dark, logo: logo(keys, overrides), footer: footer(keys) };
        keys.finish();
        (theme, faint)
    });
    Read { theme, faults, faint }
}

impl Theme {
    /// The theme among the coach's templates, as far as it can be read. `check` says what can't.
    pub fn of(overrides: &BTreeMap<String, Vec<u8>>) -> Theme {
        read(overrides).theme
    }

    /// What templates may write as `{{ theme.… }}` where it doesn't depend on the site: put in before they are compiled,
    /// so that no mail pays for it, and MJML sees a number where it needs one.
    pub fn fixed(&self) -> BTreeMap<String, String> {
        let mut fixed = BTreeMap::new();
        for (scheme, palette) in [("light", &self.light), ("dark", &self.dark)] {
            for (key, colour) in palette.named() {
                fixed.insert(format!("theme.{scheme}.{key}"), colour.to_string());
            }
        }
        let width = self.logo.as_ref().map_or(0, |logo| logo.width);
        fixed.insert("theme.logo.width".to_string(), width.to_string());
        fixed
    }

    /// What templates see as `theme`. Without a logo there is no `theme.logo`.
    pub fn context(&self, site_url: &str) -> Value {
        let colours = |palette: &Palette| -> Value {
            palette.named().iter().map(|(key, colour)| (key.to_string(), json!(colour.to_string()))).collect()
        };
        let mut theme = json!({
            "light": colours(&self.light),
            "dark": colours(&self.dark),
        });
        if let Some(logo) = &self.logo {
            let url = format!("{site_url}/image/{}", logo.hash);
            theme["logo"] = json!({ "url": url, "alt": logo.alt, "width": logo.width });
        }
        theme
    }
}

fn palette(keys: &Keys<'_>, scheme: &str, base: Palette, faint: &mut Vec<Problem>) -> Palette {
    let Some(table) = keys.table(scheme) else { return base };
    let written = BTreeMap::from(base.named().map(|(key, standard)| {
        let found = table.parsed::<Colour>(key, "write it as # and six digits, like \"#1f5f5b\"");
        (key, found.map_or((standard, None), |found| (*found.get_ref(), Some(found.span()))))
    }));
    table.finish();
    let colour = |key: &str, standard: Colour| written.get(key).map_or(standard, |(colour, _)| *colour);
    let palette = Palette {
        background: colour("background", base.background),
        card: colour("card", base.card),
        text: colour("text", base.text),
        muted: colour("muted", base.muted),
        link: colour("link", base.link),
        button: colour("button", base.button),
        button_text: colour("button_text", base.button_text),
        line: colour("line", base.line),
    };
    let span = |key: &str| written.get(key).and_then(|(_, span)| span.clone());
    faint.extend(contrasts(&palette, scheme, keys.source(), &span));
    palette
}

/// Every pair of colours that a reader sees upon each other and can't tell apart well enough, where one of them is the
/// coach's.
fn contrasts(
    palette: &Palette,
    scheme: &str,
    source: &Arc<Source>,
    span: &impl Fn(&str) -> Option<Range<usize>>,
) -> Vec<Problem> {
    let pairs = [
        ("text", palette.text, "background", palette.background),
        ("text", palette.text, "card", palette.card),
        ("muted", palette.muted, "background", palette.background),
        ("muted", palette.muted, "card", palette.card),
        ("link", palette.link, "background", palette.background),
        ("link", palette.link, "card", palette.card),
        ("button_text", palette.button_text, "button", palette.button),
    ];
    let faint = pairs.into_iter().filter_map(|(front, above, back, below)| {
        let contrast = above.contrast(below);
        let span = span(front).or_else(|| span(back)).filter(|_| contrast < READABLE)?;
        // Rounded down: 4.49 must not read 4.5.
        let shown = (contrast * 10.0).floor() / 10.0;
        let message = format!("`{scheme}.{front}` {above} on `{scheme}.{back}` {below} has a contrast of {shown:.1}:1");
        let help = "at least 4.5:1 is needed to be read well: make one of the two darker or lighter";
        Some(Problem::error(source, span, message, help))
    });
    faint.collect()
}

fn logo(keys: &Keys<'_>, overrides: &BTreeMap<String, Vec<u8>>) -> Option<Logo> {
    let table = keys.table("logo")?;
    table.missing("file", "name a .png, .jpg or .gif file below templates/, like \"logo.png\"");
    table.missing("alt", "say what it shows, for those who don't see it: most often the name itself");
    let (file, alt) = (table.text("file"), table.text("alt"));
    let width = table.integer("width", 16..=LOGO_WIDTH);
    table.missing("width", "say how many pixels wide it is shown, like width = 160");
    table.finish();
    let (file, alt, width) = (file?, alt?, width?);
    let name = file.get_ref().trim_start_matches("./");
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let found = overrides.get(name);
    let fault = match (found, ending.as_deref()) {
        (_, Some("png" | "jpg" | "jpeg" | "gif")) if found.is_none() => {
            Some((format!("there is no file `templates/{name}`"), "put it there, or correct the name"))
        }
        (_, Some("png" | "jpg" | "jpeg" | "gif")) => found.filter(|bytes| bytes.len() > LOGO_LIMIT).map(|bytes| {
            let message = format!("the logo has {} KB; the limit is 200 KB", bytes.len().div_ceil(1000));
            (message, "make it smaller: twice as many pixels as it is shown with are plenty")
        }),
        (_, _) => Some((format!("a mail can't show `{name}` as a logo"), "make it a .png, .jpg or .gif file")),
    };
    if let Some((message, help)) = fault {
        keys.error(file.span(), message, help);
        return None;
    }
    let bytes = found?.clone();
    let hash = markdown::image_hash(&bytes);
    let width = u32::try_from(*width.get_ref()).ok()?;
    Some(Logo { file: name.to_string(), alt: alt.get_ref().clone(), width, bytes, hash })
}

/// Problems of the Markdown stand at the key: its escapes and line breaks make places within it uncertain.
fn footer(keys: &Keys<'_>) -> Block {
    let Some(markdown) = keys.text("footer") else { return Block::default() };
    let written = Source::new("", markdown.get_ref().as_str());
    let (block, problems) = blocks::of_no_course(markdown.get_ref(), "footer", &written);
    for problem in problems {
        keys.error(markdown.span(), problem.message, problem.help);
    }
    block
}

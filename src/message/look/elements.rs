//! The elements of MJML and their attributes (the MJML 4 reference), as far as our renderer knows them: it passes over
//! a misspelt one in silence. A table; judges nothing.

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Other elements of MJML, of these names; none: nothing.
    Elements(&'static [&'static str]),
    /// HTML or words, which MJML passes on as they are.
    Html,
}

pub struct Element {
    pub name: &'static str,
    pub holds: Holds,
    /// Without those that every element of the body has.
    attributes: &'static [&'static [&'static str]],
    /// Whether it stands in the body, and takes `css-class` and `mj-class`.
    body: bool,
}

const BORDER: &[&str] = &["border", "border-bottom", "border-left", "border-right", "border-top", "border-radius"];
const INNER_BORDER: &[&str] = &[
    "inner-background-color",
    "inner-border",
    "inner-border-bottom",
    "inner-border-left",
    "inner-border-right",
    "inner-border-top",
    "inner-border-radius",
];
const PADDING: &[&str] = &["padding", "padding-bottom", "padding-left", "padding-right", "padding-top"];
const BACKGROUND: &[&str] = &[
    "background-color",
    "background-url",
    "background-repeat",
    "background-size",
    "background-position",
    "background-position-x",
    "background-position-y",
];
const FONT: &[&str] = &[
    "color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "letter-spacing",
    "line-height",
    "text-align",
    "text-decoration",
    "text-transform",
];
const LINK: &[&str] = &["href", "rel", "target", "title", "name"];
const CELL: &[&str] = &["align", "container-background-color"];

const HEAD: &[&str] =
    &["mj-attributes", "mj-breakpoint", "mj-font", "mj-include", "mj-preview", "mj-raw", "mj-style", "mj-title"];
const IN_BODY: &[&str] = &["mj-hero", "mj-include", "mj-raw", "mj-section", "mj-wrapper"];
const IN_SECTION: &[&str] = &["mj-column", "mj-group", "mj-include", "mj-raw"];
const IN_COLUMN: &[&str] = &[
    "mj-accordion",
    "mj-button",
    "mj-carousel",
    "mj-divider",
    "mj-image",
    "mj-include",
    "mj-navbar",
    "mj-raw",
    "mj-social",
    "mj-spacer",
    "mj-table",
    "mj-text",
];

/// Every element. What stands in `mj-attributes` is looked at apart: it names elements, and gives them defaults.
pub const ELEMENTS: &[Element] = &[
    head("mjml", Holds::Elements(&["mj-head", "mj-body", "mj-include"]), &[&["lang", "dir", "owa"]]),
    head("mj-head", Holds::Elements(HEAD), &[]),
    head("mj-attributes", Holds::Elements(&[]), &[]),
    head("mj-breakpoint", Holds::Elements(&[]), &[&["width"]]),
    head("mj-font", Holds::Elements(&[]), &[&["name", "href"]]),
    head("mj-preview", Holds::Html, &[]),
    head("mj-title", Holds::Html, &[]),
    head("mj-style", Holds::Html, &[&["inline"]]),
    head("mj-include", Holds::Elements(&[]), &[&["path", "type"]]),
    head("mj-raw", Holds::Html, &[&["position"]]),
    body("mj-body", Holds::Elements(IN_BODY), &[&["background-color", "width"]]),
    body(
        "mj-section",
        Holds::Elements(IN_SECTION),
        &[BORDER, PADDING, BACKGROUND, &["direction", "full-width", "text-align"]],
    ),
    body(
        "mj-wrapper",
        Holds::Elements(&["mj-section", "mj-hero", "mj-raw", "mj-include"]),
        &[BORDER, PADDING, BACKGROUND, &["direction", "full-width", "text-align"]],
    ),
    body(
        "mj-group",
        Holds::Elements(&["mj-column", "mj-raw"]),
        &[&["background-color", "direction", "vertical-align", "width", "mobile-width"]],
    ),
    body(
        "mj-column",
        Holds::Elements(IN_COLUMN),
        &[BORDER, INNER_BORDER, PADDING, &["background-color", "direction", "vertical-align", "width", "mobile-width"]],
    ),
    body(
        "mj-hero",
        Holds::Elements(IN_COLUMN),
        &[
            PADDING,
            BACKGROUND,
            &["background-height", "background-width", "border-radius", "container-background-color", "height"],
            &["inner-background-color", "inner-padding", "mode", "vertical-align", "width"],
        ],
    ),
    body("mj-text", Holds::Html, &[FONT, PADDING, CELL, &["height", "vertical-align"]]),
    body(
        "mj-button",
        Holds::Html,
        &[
            FONT,
            PADDING,
            BORDER,
            CELL,
            LINK,
            &["background-color", "height", "inner-padding", "vertical-align", "width"],
        ],
    ),
    body(
        "mj-image",
        Holds::Elements(&[]),
        &[
            PADDING,
            BORDER,
            CELL,
            LINK,
            &["alt", "fluid-on-mobile", "font-size", "height", "max-height", "sizes"],
            &["src", "srcset", "usemap", "width"],
        ],
    ),
    body(
        "mj-divider",
        Holds::Elements(&[]),
        &[PADDING, CELL, &["border-color", "border-style", "border-width", "width"]],
    ),
    body("mj-spacer", Holds::Elements(&[]), &[PADDING, &["container-background-color", "height"]]),
    body(
        "mj-table",
        Holds::Html,
        &[FONT, PADDING, CELL, &["border", "cellpadding", "cellspacing", "role", "table-layout", "width"]],
    ),
    body(
        "mj-accordion",
        Holds::Elements(&["mj-accordion-element", "mj-raw"]),
        &[PADDING, ICON, &["border", "container-background-color", "font-family"]],
    ),
    body(
        "mj-accordion-element",
        Holds::Elements(&["mj-accordion-title", "mj-accordion-text", "mj-raw"]),
        &[ICON, &["background-color", "border", "font-family"]],
    ),
    body("mj-accordion-title", Holds::Html, &[FONT, PADDING, &["background-color"]]),
    body("mj-accordion-text", Holds::Html, &[FONT, PADDING, &["background-color"]]),
    body(
        "mj-carousel",
        Holds::Elements(&["mj-carousel-image"]),
        &[
            &["align", "border-radius", "container-background-color", "icon-width", "left-icon", "right-icon"],
            &["tb-border", "tb-border-radius", "tb-hover-border-color", "tb-selected-border-color", "tb-width"],
            &["thumbnails"],
            PADDING,
        ],
    ),
    body(
        "mj-carousel-image",
        Holds::Elements(&[]),
        &[LINK, &["alt", "border-radius", "src", "tb-border", "tb-border-radius", "thumbnails-src"]],
    ),
    body(
        "mj-navbar",
        Holds::Elements(&["mj-navbar-link", "mj-raw"]),
        &[
            PADDING,
            &["align", "base-url", "hamburger", "ico-align", "ico-close", "ico-color", "ico-font-family"],
            &[
                "ico-font-size",
                "ico-line-height",
                "ico-open",
                "ico-padding",
                "ico-padding-bottom",
                "ico-padding-left",
                "ico-padding-right",
                "ico-padding-top",
                "ico-text-decoration",
                "ico-text-transform",
            ],
        ],
    ),
    body("mj-navbar-link", Holds::Html, &[FONT, PADDING, LINK]),
    body(
        "mj-social",
        Holds::Elements(&["mj-social-element", "mj-raw"]),
        &[
            FONT,
            PADDING,
            CELL,
            &["border-radius", "icon-height", "icon-padding", "icon-size", "inner-padding"],
            &["mode", "table-layout", "text-padding"],
        ],
    ),
    body(
        "mj-social-element",
        Holds::Html,
        &[
            FONT,
            PADDING,
            LINK,
            &["align", "alt", "background-color", "border-radius", "icon-height", "icon-padding"],
            &["icon-position", "icon-size", "src", "srcset", "sizes", "text-padding", "vertical-align"],
        ],
    ),
];

const ICON: &[&str] = &[
    "icon-align",
    "icon-height",
    "icon-position",
    "icon-unwrapped-alt",
    "icon-unwrapped-url",
    "icon-width",
    "icon-wrapped-alt",
    "icon-wrapped-url",
];

const fn head(name: &'static str, holds: Holds, attributes: &'static [&'static [&'static str]]) -> Element {
    Element { name, holds, attributes, body: false }
}

const fn body(name: &'static str, holds: Holds, attributes: &'static [&'static [&'static str]]) -> Element {
    Element { name, holds, attributes, body: true }
}

impl Element {
    pub fn attributes(&self) -> impl Iterator<Item = &'static str> + use<> {
        let everywhere: &[&str] = if self.body { &["css-class", "mj-class"] } else { &[] };
        self.attributes.iter().copied().flatten().chain(everywhere).copied()
    }
}

pub fn find(name: &str) -> Option<&'static Element> {
    ELEMENTS.iter().find(|element| element.name == name)
}

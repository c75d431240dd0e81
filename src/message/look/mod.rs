//! How mails look: the coach's theme, the layout in MJML, and the styles of what stands in it. Knows no lesson and no
//! person; all of it happens once, never for each mail.

pub mod colour;
pub mod compile;
pub mod elements;
pub mod lint;
pub mod mjml;
pub mod styles;
pub mod theme;

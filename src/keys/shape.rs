//! What stands under a key before it is read as something. Reports nothing.

use crate::keys::Keys;
use crate::keys::Raw;
use toml::Spanned;
use toml::de::DeValue;

impl Keys<'_> {
    /// Whether the value of `key` doesn't come from the file.
    pub fn is_overridden(&self, key: &str) -> bool {
        self.shared.overrides.contains_key(&self.path(key))
    }

    /// Whether `key` is a list, of whatever.
    pub fn is_list(&self, key: &str) -> bool {
        matches!(self.raw(key), Some(Raw::File(DeValue::Array(_), _)))
    }

    /// The value of `key`, if it is a text in the file, whatever else it should be.
    pub fn as_text(&self, key: &str) -> Option<Spanned<String>> {
        match self.raw(key) {
            Some(Raw::File(DeValue::String(text), span)) => Some(Spanned::new(span, text.to_string())),
            Some(Raw::File(..) | Raw::Override(_)) | None => None,
        }
    }
}

//! Every text of a TOML file with its key and place, whatever it is read as. Says nothing of what may stand there.

use std::ops::Range;
use toml::de::DeTable;
use toml::de::DeValue;

/// A text, the key it stands under, and the key of the table that holds it, which is empty for the file itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub table: String,
    pub key: String,
    pub text: String,
    /// In bytes of the TOML, quotes and all.
    pub at: Range<usize>,
}

/// Those texts, as far as the TOML can be read; texts in lists are left out.
///
/// ```
/// let texts = dripline::keys::texts("[sender]\nname = \"Ana\"");
/// assert_eq!((texts[0].table.as_str(), texts[0].key.as_str(), texts[0].text.as_str()), ("sender", "name", "Ana"));
/// ```
pub fn texts(toml: &str) -> Vec<Text> {
    let mut texts = Vec::new();
    below(DeTable::parse_recoverable(toml).0.get_ref(), "", &mut texts);
    texts
}

fn below(table: &DeTable<'_>, name: &str, texts: &mut Vec<Text>) {
    for (key, value) in table {
        let key = key.get_ref().as_ref();
        match value.get_ref() {
            DeValue::String(text) => {
                let (table, text) = (name.to_string(), text.to_string());
                texts.push(Text { table, key: key.to_string(), text, at: value.span() });
            }
            DeValue::Table(inner) => below(inner, key, texts),
            DeValue::Array(items) => {
                for inner in items.iter().filter_map(|item| item.get_ref().as_table()) {
                    below(inner, key, texts);
                }
            }
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
    }
}

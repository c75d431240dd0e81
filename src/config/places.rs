//! `[content]` and `[database]`: where things stand. Knows not what is in them.

use crate::keys::Keys;
use crate::site::Images;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

/// The folder of what the program keeps.
pub const DATA: &str = "data";

/// `[content]`, with absolute folders.
pub struct Content {
    pub courses: PathBuf,
    pub templates: PathBuf,
    pub images: Images,
    /// Where courses and templates are named.
    pub named: [Option<Range<usize>>; 2],
}

pub fn content(keys: &Keys<'_>, base: &Path) -> Content {
    let content = keys.section("content");
    let folder = |key: &str| base.join(content.text(key).map_or(key.to_string(), |text| text.into_inner()));
    let courses = folder("courses");
    let templates = folder("templates");
    let named = ["courses", "templates"].map(|key| Some(content.string(key)?.span()));
    let images = content.parsed("images", "write \"serve\" or \"embed\"");
    content.finish();
    Content { courses, templates, images: images.map_or(Images::Serve, |images| images.into_inner()), named }
}

/// The database's URL; a SQLite path made absolute.
pub fn database(keys: &Keys<'_>, base: &Path) -> String {
    let database = keys.section("database");
    let default = || sqlite(base, &format!("{DATA}/dripline.db"));
    let url = match database.text("url") {
        None => default(),
        Some(text) => absolute(text.get_ref(), base).unwrap_or_else(|| {
            let message = "`database.url` is neither `sqlite:` and a path nor `postgres://…`";
            database.error(text.span(), message, "write \"sqlite:data/dripline.db\", for example");
            default()
        }),
    };
    database.finish();
    url
}

fn absolute(url: &str, base: &Path) -> Option<String> {
    if let Some(rest) = url.strip_prefix("sqlite:") {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let is_file = !path.is_empty() && !path.starts_with(':') && !path.contains('?');
        return is_file.then(|| sqlite(base, path));
    }
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    is_postgres.then(|| url.to_string())
}

fn sqlite(base: &Path, path: &str) -> String {
    format!("sqlite:{}", base.join(path).display())
}

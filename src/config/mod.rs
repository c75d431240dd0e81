//! dripline.toml and the environment become each room's own settings, composed; every problem at once. Opens nothing
//! but that file and the secrets it names, and does nothing with what it read.

mod delivery;
mod dkim;
mod environment;
mod places;
mod relay;
mod secret;
mod site;
mod web;

pub use site::language;
pub use web::WebSettings;

use crate::address::Address;
use crate::flow::DeliverySettings;
use crate::flow::retention::Retention;
use crate::keys;
use crate::keys::Keys;
use crate::message::Signer;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::relay::Settings;
use crate::site::Sender;
use crate::site::Site;
use places::Content;
use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// A configuration without an error in it. All paths are absolute.
#[derive(Clone)]
pub struct Config {
    pub site: Site,
    pub sender: Sender,
    /// Becomes the envelope's sender with a token per delivery (VERP).
    pub bounce: Address,
    pub courses: PathBuf,
    pub templates: PathBuf,
    /// `data` beside the file: this installation's own.
    pub data: PathBuf,
    /// `sqlite:` and an absolute path, or `postgres://…`, which may hold a password.
    pub database: String,
    /// At least one.
    pub relays: Vec<Settings>,
    /// `None`: the relay signs.
    pub dkim: Option<Arc<Signer>>,
    pub delivery: DeliverySettings,
    pub operator: Option<Address>,
    pub web: WebSettings,
    pub retention: Retention,
}

/// Doesn't print what may hold a secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { site, sender, courses, relays, web, .. } = self;
        let mut fields = f.debug_struct("Config");
        fields.field("site", site).field("sender", sender).field("courses", courses);
        fields.field("relays", relays).field("web", web).finish_non_exhaustive()
    }
}

/// What became of a configuration file.
#[derive(Debug)]
pub struct Loaded {
    /// `None` as soon as one problem is an error.
    pub config: Option<Config>,
    /// Where courses and templates stand, so that they can be checked even when another key is wrong. `None` without a file.
    pub folders: Option<Folders>,
    pub problems: Vec<Problem>,
}

/// Absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    pub courses: PathBuf,
    pub templates: PathBuf,
    /// The file that names them, and where; a place is absent where the folder isn't named.
    source: Arc<Source>,
    named: [Option<Range<usize>>; 2],
}

impl Folders {
    /// Where they are when nothing says so.
    pub fn beside(base: &Path) -> Folders {
        let (courses, templates) = (base.join("courses"), base.join("templates"));
        Folders { courses, templates, source: Source::new("dripline.toml", ""), named: [None, None] }
    }

    /// Those that are named and aren't there.
    pub fn missing(&self) -> Vec<Problem> {
        let folders = [("courses", &self.courses), ("templates", &self.templates)].into_iter().zip(&self.named);
        let missing = folders.filter_map(|((key, folder), named)| {
            let at = named.clone().filter(|_| !folder.is_dir())?;
            let message = format!("`content.{key}`: there is no folder {}", folder.display());
            Some(Problem::error(&self.source, at, message, "create it, or correct the path, which begins at this file"))
        });
        missing.collect()
    }
}

/// Reads the file at `path`, with the variables of `environment` that begin with `DRIPLINE__` standing in for its keys.
pub fn load(path: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Loaded {
    let name = path.strip_prefix(".").unwrap_or(path).display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(&name, &error),
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return not_text(&name, &error),
    };
    let base = std::path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_path_buf)).unwrap_or_default();
    parse(&name, &text, &base, environment)
}

/// Reads the text of a configuration file called `name` whose relative paths begin at `base`, an absolute folder.
pub fn parse(name: &str, text: &str, base: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Loaded {
    let source = Source::new(name, secret::masked(text));
    let overrides = environment::overrides(environment);
    let ((config, folders), mut problems) = keys::read(&source, text, 0, &overrides, |keys| {
        let content = places::content(keys, base);
        let folders = Folders {
            courses: content.courses.clone(),
            templates: content.templates.clone(),
            source: Arc::clone(keys.source()),
            named: content.named.clone(),
        };
        (compose(keys, base, content), folders)
    });
    problem::sort(&mut problems);
    let config = config.filter(|_| !problem::any_error(&problems));
    Loaded { config, folders: Some(folders), problems }
}

/// Every section is read before the first missing one ends it, so that all problems are found.
fn compose(keys: &Keys<'_>, base: &Path, content: Content) -> Option<Config> {
    let site = site::site(keys);
    let sender = site::sender(keys, site.as_ref().map(|site| site.name.as_str()));
    let database = places::database(keys, base);
    let relays = relay::relays(keys, base, site.as_ref().map(|site| site.url.as_str()));
    let dkim = dkim::dkim(keys, base, sender.as_ref().map(|(sender, _)| &sender.address));
    let delivery = delivery::delivery(keys);
    let operator = site::operator(keys);
    let web = web::web(keys);
    let retention = delivery::retention(keys);
    keys.finish();
    let (sender, bounce) = sender?;
    Some(Config {
        site: Site { images: content.images, ..site? },
        sender,
        bounce,
        courses: content.courses,
        templates: content.templates,
        data: base.join(places::DATA),
        database,
        relays,
        dkim: dkim.map(Arc::new),
        delivery,
        operator,
        web,
        retention,
    })
}

fn unreadable(name: &str, error: &std::io::Error) -> Loaded {
    let (message, help) = if error.kind() == ErrorKind::NotFound {
        (
            "this file doesn't exist",
            "go to the folder of your site with `cd`, or name the file with --config FILE; `dripline init NAME` makes a site, and `dripline demo` needs none",
        )
    } else {
        ("this file can't be read", "let the user that runs dripline read it")
    };
    let message = format!("{message} ({error})");
    alone(Problem::error(&Source::new(name, ""), 0..0, message, help))
}

fn not_text(name: &str, error: &std::string::FromUtf8Error) -> Loaded {
    let valid = error.utf8_error().valid_up_to();
    let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
    let source = Source::new(name, secret::masked(&before));
    alone(Problem::error(&source, valid..valid, "this isn't UTF-8 text from here on", "save the file as UTF-8"))
}

fn alone(problem: Problem) -> Loaded {
    Loaded { config: None, folders: None, problems: vec![problem] }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests;

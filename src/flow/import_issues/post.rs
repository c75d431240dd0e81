//! One Markdown file of another program becomes an issue as we write it, or a reason why not. Reads it and its pictures, writes
//! nothing.

use crate::course::Front;
use crate::course::is_language;
use crate::course::split_foreign;
use crate::flow::import_issues::links;
use crate::flow::import_issues::links::Links;
use crate::flow::import_issues::name;
use crate::flow::import_issues::public;
use crate::message::Place;
use crate::message::has_tags;
use crate::message::with_addresses;
use crate::message::without_tags;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::path::PathBuf;

/// Longest file, in bytes, as for a lesson.
const LONGEST: u64 = 1024 * 1024;
/// Largest picture, in bytes: `check` says what is wrong with smaller ones.
const LARGEST: u64 = 5 * 1024 * 1024;
/// A date beyond them is a slip.
const YEARS: RangeInclusive<i16> = 1900..=2200;
const PICTURES: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// Where posts come from, and where they go.
pub struct Folder<'a> {
    pub path: &'a Path,
    pub newsletter: &'a str,
    /// Moments with an offset become local in it.
    pub zone: &'a TimeZone,
}

/// An issue that could be written.
#[derive(Debug)]
pub struct Post {
    /// What it would be called.
    pub id: String,
    pub subject: String,
    pub preview: Option<String>,
    pub date: Option<DateTime>,
    pub is_draft: bool,
    markdown: String,
    file: PathBuf,
    /// How links call it: the names on its path, and others of its own.
    pub path: Vec<String>,
    pub names: Vec<String>,
    /// Where its pictures are, and what they are called.
    pub pictures: Vec<(PathBuf, String)>,
    /// What whoever imports it wants to know.
    pub notes: Vec<String>,
}

/// When an issue leaves, or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Past(DateTime),
    Planned(DateTime),
    /// Nobody knows: it is a draft.
    Unknown,
}

impl Post {
    /// Reads `file`, which stands below the folder.
    ///
    /// # Errors
    /// A sentence with what to do.
    pub fn read(folder: &Folder<'_>, file: &Path) -> Result<Post, String> {
        let stem = stem(file);
        is_original(file, folder.newsletter, &stem)?;
        let mut notes = Vec::new();
        let text = text(file, &mut notes)?;
        let (front, markdown) = split_foreign(&text)?;
        if markdown.trim().is_empty() {
            return Err("it has no text; write some, or leave the file out".to_string());
        }
        let (by_name, bare) = name::dated(&stem);
        let date = date(&front, folder.zone)?.or(by_name);
        let title = front.first(&["subject", "title"]).map(String::from).or_else(|| heading(markdown));
        let subject = one_line(&title.clone().unwrap_or_else(|| name::subject(bare)));
        if title.is_none() {
            notes.push(format!("it has no title; its subject is made of its name: {subject}"));
        }
        let slug = front.first(&["slug"]);
        let ids = [slug, Some(bare), Some(&subject)].into_iter().flatten().map(name::id);
        let id = ids.into_iter().find(|id| !id.is_empty()).or_else(|| date.map(|it| format!("issue-{}", it.date())));
        let id = id.ok_or("no letter a-z and no digit is in its name or title; give it `slug: some-name`")?;
        let below = file.strip_prefix(folder.path).unwrap_or(file);
        let root = fs::canonicalize(folder.path).unwrap_or_default();
        let why = public::why_not(&front, &Path::new(root.file_name().unwrap_or_default()).join(below));
        if date.is_none() && why.is_none() {
            let how = "write `date: 2024-01-05` into its head, or begin the file's name with the date";
            return Err(format!("it has no date, and without one it would be sent; {how}"));
        }
        let is_draft = why.is_some();
        notes.extend(why);
        let preview = front.first(&["preview", "description", "excerpt", "customexcerpt", "summary"]);
        Ok(Post {
            names: [Some(id.as_str()), slug, Some(bare)].into_iter().flatten().map(String::from).collect(),
            id,
            subject,
            preview: preview.map(one_line).filter(|line| !line.is_empty()),
            date,
            is_draft,
            markdown: markdown.trim_matches('\n').to_string(),
            file: file.to_path_buf(),
            path: links::path(below),
            pictures: Vec::new(),
            notes,
        })
    }

    /// The text as it will stand: pictures under its id, links to the other issues.
    pub fn settle(&mut self, folder: &Folder<'_>, links: &Links) {
        let mut pictures: Vec<(PathBuf, String)> = Vec::new();
        let mut notes = Vec::new();
        let markdown = links.filled_in(&self.path, &self.markdown);
        if has_tags(&markdown) {
            notes.push("it holds braces that another program fills in; readers see them as they are".to_string());
        }
        let mut bring = |address: &str| {
            let path = picture(folder.path, &self.file, address)?;
            let name = picture_name(address);
            if !pictures.iter().any(|(_, known)| *known == name) {
                pictures.push((path, name.clone()));
            }
            Ok::<_, &'static str>(format!("images/{}/{name}", self.id))
        };
        self.markdown = with_addresses(&markdown, |asked| match asked {
            // A link may lead to a picture, too.
            Place::Link(address) => links.address(&self.path, address).or_else(|| bring(address).ok()),
            Place::Words(address) => {
                let words = words(address);
                notes.push(format!("the picture {address} has no description; write one instead of \"{words}\""));
                Some(words)
            }
            Place::Picture(address) if address.contains("://") || address.starts_with("data:") => None,
            Place::Picture(address) => {
                bring(address).map_err(|why| notes.push(format!("the picture {address} {why}"))).ok()
            }
        });
        self.pictures = pictures;
        self.notes.extend(notes);
    }

    /// The issue's file.
    pub fn written(&self, when: When) -> String {
        let quoted = |text: &str| Value::from(without_tags(text)).to_string();
        let mut text = format!("+++\nsubject = {}\n", quoted(&self.subject));
        if let Some(preview) = &self.preview {
            text.push_str(&format!("preview = {}\n", quoted(preview)));
        }
        match when {
            When::Past(date) => text.push_str(&format!("date = {date}\narchive = true\n")),
            When::Planned(date) => text.push_str(&format!("date = {date}\n")),
            When::Unknown => {}
        }
        text + "+++\n\n" + without_tags(&self.markdown).trim_end() + "\n"
    }
}

/// # Errors
/// A sentence, where the file is a translation of the one beside it.
fn is_original(file: &Path, newsletter: &str, stem: &str) -> Result<(), String> {
    let own = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((name, tag)) = own.rsplit_once('.').filter(|(_, tag)| is_language(tag)) else { return Ok(()) };
    let original = ["md", "markdown"].map(|ending| file.with_file_name(format!("{name}.{ending}")));
    if original.iter().any(|it| it.exists()) {
        let bare = name::id(name::dated(stem.strip_suffix(&format!(".{tag}")).unwrap_or(stem)).1);
        let id = if bare.is_empty() { "NAME" } else { &bare };
        return Err(format!(
            "it is a translation; put it into courses/{newsletter}/{tag}/{id}.md, beside a course.toml"
        ));
    }
    Ok(())
}

/// A file's name without its ending; of `some-title/index.md` that of its folder.
fn stem(file: &Path) -> String {
    let name = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let own = name(file);
    let folder = file.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let is_index = own.split_once('.').is_some_and(|(name, tag)| name == "index" && is_language(tag)) || own == "index";
    if is_index { folder.unwrap_or(own) } else { own }
}

fn text(file: &Path, notes: &mut Vec<String>) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("it can't be read: {error}");
    let found = fs::symlink_metadata(file).map_err(cannot)?;
    if found.is_symlink() {
        return Err("it is a link; put the file itself into the folder".to_string());
    }
    // Who opens a pipe waits until somebody writes.
    if !found.is_file() {
        return Err("it is no file; remove it, or leave it out".to_string());
    }
    if found.len() > LONGEST {
        return Err("it is over 1 MiB; split it, or move pictures into files of their own".to_string());
    }
    let bytes = fs::read(file).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|_| "it isn't UTF-8; save it in UTF-8".to_string())?;
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.contains(is_invisible) {
        text.retain(|c| !is_invisible(c));
        notes.push("it held control characters; they were left out".to_string());
    }
    Ok(text)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}' | '\u{fffe}')
}

/// The latest that is said: what was written before it was published appeared when it was published.
fn date(front: &Front, zone: &TimeZone) -> Result<Option<DateTime>, String> {
    let keys = ["date", "published", "publishedat", "datepublished", "publish", "publishdate", "pubdate"];
    let mut latest = None;
    for said in keys.iter().filter_map(|key| front.first(&[key])).filter(|said| !public::is_answer(said)) {
        let moment = name::moment(said, zone).ok_or_else(|| {
            format!("its date {said:?} can't be read; write it like 2024-01-05 or 2024-01-05T09:00:00")
        })?;
        if !YEARS.contains(&moment.year()) {
            return Err(format!(
                "its date {said:?} lies before {} or after {}; correct it",
                YEARS.start(),
                YEARS.end()
            ));
        }
        latest = latest.max(Some(moment));
    }
    Ok(latest)
}

/// The words of a title that begins the text.
fn heading(markdown: &str) -> Option<String> {
    let line = markdown.lines().find(|line| !line.trim().is_empty())?;
    let words = line.strip_prefix("# ")?.trim().trim_end_matches('#').trim();
    (!words.is_empty()).then(|| words.to_string())
}

fn one_line(text: &str) -> String {
    let is_space = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
    let spaced: String = text.chars().map(|c| if is_space(c) { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where a picture is: beside the file, or from the root of the folder, where sites also keep it in `static`.
fn picture(folder: &Path, file: &Path, address: &str) -> Result<PathBuf, &'static str> {
    let path = place_of(address);
    let path = path.as_str();
    let ending = Path::new(path).extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !PICTURES.contains(&ending.as_str()) {
        return Err("is no .png, .jpg, .gif or .webp");
    }
    let root = fs::canonicalize(folder).map_err(|_| "isn't there")?;
    let bare = path.trim_start_matches('/');
    let beside = file.parent().filter(|_| bare == path).map(|parent| parent.join(path));
    let places = [beside, Some(root.join(bare)), Some(root.join("static").join(bare))];
    let found = places.into_iter().flatten().find_map(|place| fs::canonicalize(place).ok());
    let found = found.ok_or("isn't there")?;
    if !found.starts_with(&root) {
        return Err("lies outside the folder");
    }
    let size = fs::metadata(&found).ok().filter(|it| it.is_file()).map(|it| it.len()).ok_or("is no file")?;
    if size > LARGEST { Err("is over 5 MiB") } else { Ok(found) }
}

/// What a picture is called: small letters, digits, hyphens, of its whole path, so that no two share a name.
fn picture_name(address: &str) -> String {
    let path = place_of(address);
    let (stem, ending) = path.rsplit_once('.').unwrap_or((&path, ""));
    let stem = Some(name::id(stem)).filter(|stem| !stem.is_empty()).unwrap_or_else(|| "picture".to_string());
    format!("{stem}.{}", ending.to_lowercase())
}

/// What a picture is called in words, for want of others.
fn words(address: &str) -> String {
    let path = place_of(address);
    let name = Path::new(&path).file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Some(name::subject(&name)).filter(|words| !words.is_empty()).unwrap_or_else(|| "Picture".to_string())
}

fn place_of(address: &str) -> String {
    let place = address.strip_prefix("__GHOST_URL__").unwrap_or(address).split(['?', '#']).next().unwrap_or_default();
    percent_decode_str(place).decode_utf8_lossy().into_owned()
}

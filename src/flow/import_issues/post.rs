//! One Markdown file of another program becomes an issue as we write it, or a reason why not. Reads it and its pictures, writes
//! nothing.

use crate::course::Front;
use crate::course::split_foreign;
use crate::flow::import_issues::name;
use crate::message::has_tags;
use crate::message::with_pictures;
use crate::message::without_tags;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Longest file, in bytes, as for a lesson.
const LONGEST: u64 = 1024 * 1024;
/// Largest picture, in bytes: `check` says what is wrong with smaller ones.
const LARGEST: u64 = 5 * 1024 * 1024;
const PICTURES: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// An issue that could be written.
#[derive(Debug)]
pub struct Post {
    /// What it would be called; empty where nothing of its name can stand in a link.
    pub id: String,
    pub subject: String,
    pub preview: Option<String>,
    pub date: Option<DateTime>,
    pub is_draft: bool,
    markdown: String,
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
    /// Reads `file`, which stands below `folder`. Moments with an offset become local in `zone`.
    ///
    /// # Errors
    /// A sentence with what to do.
    pub fn read(folder: &Path, file: &Path, zone: &TimeZone) -> Result<Post, String> {
        let text = text(file)?;
        let (front, markdown) = split_foreign(&text)?;
        if markdown.trim().is_empty() {
            return Err("it has no text; write some, or leave the file out".to_string());
        }
        let stem = stem(file);
        let (by_name, bare) = name::dated(&stem);
        let mut notes = Vec::new();
        let date = date(&front, zone)?.or(by_name);
        let title = front.first(&["subject", "title"]).map(String::from).or_else(|| heading(markdown));
        let subject = one_line(&title.clone().unwrap_or_else(|| name::subject(bare)));
        if title.is_none() {
            notes.push(format!("it has no title; its subject is made of its name: {subject}"));
        }
        let ids = [front.first(&["slug"]), Some(bare), Some(&subject)].into_iter().flatten().map(name::id);
        let id = ids.into_iter().find(|id| !id.is_empty()).or_else(|| date.map(|it| format!("issue-{}", it.date())));
        let preview = front.first(&["preview", "description", "excerpt", "custom_excerpt", "summary"]);
        if has_tags(markdown) {
            notes.push("it holds braces that another program fills in; readers see them as they are".to_string());
        }
        let mut post = Post {
            id: id.unwrap_or_default(),
            subject,
            preview: preview.map(one_line).filter(|line| !line.is_empty()),
            date,
            is_draft: front.is_draft(),
            markdown: markdown.trim_matches('\n').to_string(),
            pictures: Vec::new(),
            notes,
        };
        if post.id.is_empty() {
            return Err("no letter a-z and no digit is in its name or title; give it `slug: some-name`".to_string());
        }
        if post.date.is_none() && !post.is_draft {
            let how = "write `date: 2024-01-05` into its head, or begin the file's name with the date";
            return Err(format!("it has no date, and without one it would be sent; {how}"));
        }
        post.find_pictures(folder, file);
        Ok(post)
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
        let markdown = with_pictures(&self.markdown, |address| {
            let name = picture_name(address);
            self.pictures.iter().any(|(_, known)| *known == name).then(|| format!("images/{}/{name}", self.id))
        });
        text + "+++\n\n" + without_tags(&markdown).trim_end() + "\n"
    }

    fn find_pictures(&mut self, folder: &Path, file: &Path) {
        let mut found: Vec<(PathBuf, String)> = Vec::new();
        let mut notes = Vec::new();
        with_pictures(&self.markdown, |address| {
            if address.contains("://") || address.starts_with("data:") {
                return None;
            }
            match picture(folder, file, address) {
                Ok(path) => {
                    let name = picture_name(address);
                    if !found.iter().any(|(_, known)| *known == name) {
                        found.push((path, name));
                    }
                }
                Err(why) => notes.push(format!("the picture {address} {why}; `dripline check` names the place")),
            }
            None
        });
        self.pictures = found;
        self.notes.extend(notes);
    }
}

/// A file's name without its ending; of `some-title/index.md` that of its folder.
pub fn stem(file: &Path) -> String {
    let name = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let own = name(file);
    let folder = file.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    if own == "index" { folder.unwrap_or(own) } else { own }
}

fn text(file: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("it can't be read: {error}");
    if fs::metadata(file).map_err(cannot)?.len() > LONGEST {
        return Err("it is over 1 MiB; split it, or move pictures into files of their own".to_string());
    }
    let bytes = fs::read(file).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|_| "it isn't UTF-8; save it in UTF-8".to_string())?;
    if text.contains('\0') {
        return Err("it holds a NUL character; remove it".to_string());
    }
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

fn date(front: &Front, zone: &TimeZone) -> Result<Option<DateTime>, String> {
    let keys = ["date", "published", "published_at", "publish_date", "publishdate", "pubdate"];
    let said = keys.iter().filter_map(|key| front.first(&[key])).find(|said| !matches!(*said, "true" | "false"));
    let Some(said) = said else { return Ok(None) };
    let moment = name::moment(said, zone);
    moment
        .map(Some)
        .ok_or_else(|| format!("its date {said:?} can't be read; write it like 2024-01-05 or 2024-01-05T09:00:00"))
}

/// The words of a title that begins the text.
fn heading(markdown: &str) -> Option<String> {
    let line = markdown.lines().find(|line| !line.trim().is_empty())?;
    let words = line.strip_prefix("# ")?.trim().trim_end_matches('#').trim();
    (!words.is_empty()).then(|| words.to_string())
}

fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where a picture is: beside the file, or from the root of the folder, where sites also keep it in `static`.
fn picture(folder: &Path, file: &Path, address: &str) -> Result<PathBuf, &'static str> {
    let path = percent_decode_str(address).decode_utf8_lossy().into_owned();
    let path = path.split(['?', '#']).next().unwrap_or_default();
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
    let path = percent_decode_str(address).decode_utf8_lossy().into_owned();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (stem, ending) = path.rsplit_once('.').unwrap_or((path, ""));
    let stem = Some(name::id(stem)).filter(|stem| !stem.is_empty()).unwrap_or_else(|| "picture".to_string());
    format!("{stem}.{}", ending.to_lowercase())
}

//! Old issues from the Markdown folder of another program become files of a newsletter. Overwrites nothing, needs no database
//! and mails nobody: what is past says `archive`.

mod name;
mod post;

use crate::course::Course;
use crate::course::Kind;
use crate::course::Loaded;
use crate::course::with_ids;
use crate::flow::read_courses;
use crate::site::Site;
use anyhow::Context as _;
use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use post::Post;
use post::When;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

/// Deepest folder that is looked into.
const DEEPEST: usize = 8;

/// What became of one file.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Below the folder.
    pub file: String,
    #[serde(flatten)]
    pub became: Became,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "became", rename_all = "snake_case")]
pub enum Became {
    /// In the archive from its date on; nobody gets it.
    Imported {
        issue: String,
        date: DateTime,
    },
    /// Its date is still to come: it is sent then.
    Planned {
        issue: String,
        date: DateTime,
    },
    Draft {
        issue: String,
    },
    /// An import before this one wrote it.
    There {
        issue: String,
    },
    Refused {
        reason: String,
    },
}

/// What is to be imported where.
pub struct Import<'a> {
    pub folder: &'a Path,
    pub courses: &'a Path,
    pub newsletter: &'a str,
    pub site: &'a Site,
    pub now: Timestamp,
    pub dry_run: bool,
}

/// Imports every `.md` and `.markdown` file below the folder, in the order of their names.
///
/// # Errors
/// When the folder or the newsletter can't be read, there is nothing to import, or a file can't be written. The list of
/// course.toml is written last: until then what was written is a draft.
pub fn import_issues(import: &Import<'_>) -> Result<Vec<Told>> {
    let files = files(import.folder)?;
    anyhow::ensure!(!files.is_empty(), "there is no .md file in {}", import.folder.display());
    let course = newsletter(import)?;
    let zone = course.newsletter.as_ref().and_then(|it| it.time_zone.clone());
    let zone = zone.unwrap_or_else(|| import.site.time_zone.clone());
    let home = import.courses.join(import.newsletter);
    let mut shelf =
        Shelf { now: import.now.to_zoned(zone.clone()).datetime(), home, taken: taken(&course), new: Vec::new() };
    let mut told = Vec::new();
    for file in &files {
        told.push(shelf.take(import.folder, file, &zone));
    }
    let manifest = shelf.manifest(&course)?;
    if !import.dry_run {
        shelf.write()?;
        if let Some(manifest) = manifest {
            replace(&shelf.home.join("course.toml"), &manifest)?;
        }
    }
    Ok(told)
}

/// A file that will be written.
struct New {
    post: Post,
    when: When,
    /// An import that broke off has left it already.
    is_there: bool,
}

/// The newsletter's folder while files come to it.
struct Shelf {
    home: PathBuf,
    /// By its clock.
    now: DateTime,
    /// Ids that mean something else, and why.
    taken: Vec<(String, &'static str)>,
    new: Vec<New>,
}

impl Shelf {
    fn take(&mut self, folder: &Path, file: &Path, zone: &TimeZone) -> Told {
        let shown = file.strip_prefix(folder).unwrap_or(file).display().to_string();
        let read = if file.is_symlink() {
            Err("it is a link; put the file itself into the folder".to_string())
        } else {
            Post::read(folder, file, zone)
        };
        let mut post = match read {
            Ok(post) => post,
            Err(reason) => return Told { file: shown, became: Became::Refused { reason }, notes: Vec::new() },
        };
        let when = match post.date.filter(|_| !post.is_draft) {
            Some(date) if date <= self.now => When::Past(date),
            Some(date) => When::Planned(date),
            None => When::Unknown,
        };
        // Two of one name: the later one has its date in it.
        if let Some(date) = post.date.filter(|_| self.new.iter().any(|new| new.post.id == post.id)) {
            post.id = format!("{}-{}", post.id, date.date());
        }
        let notes = std::mem::take(&mut post.notes);
        Told { file: shown, became: self.place(post, when), notes }
    }

    fn place(&mut self, post: Post, when: When) -> Became {
        let issue = post.id.clone();
        let refused = |reason: String| Became::Refused { reason };
        if self.new.iter().any(|new| new.post.id == issue) {
            return refused(format!("another file became {issue}; give one of them `slug: another-name`"));
        }
        let path = self.home.join(format!("{issue}.md"));
        let found = fs::read_to_string(&path).ok();
        let is_same = found.as_deref().is_some_and(|text| is_same_issue(text, &post.written(when)));
        let why = self.taken.iter().find(|(id, _)| *id == issue).map(|(_, why)| *why);
        if let Some(why) = why.filter(|_| !is_same) {
            return refused(format!("{issue} {why}, and is left as it is; give this file `slug: another-name`"));
        }
        if path.exists() && !is_same {
            let how = "rename it, or give this file `slug: another-name`";
            return refused(format!(
                "{issue}.md is there already and says something else, and is left as it is; {how}"
            ));
        }
        let is_whole = found.as_deref() == Some(&post.written(when));
        let became = match when {
            When::Past(date) => Became::Imported { issue: issue.clone(), date },
            When::Planned(date) => Became::Planned { issue: issue.clone(), date },
            When::Unknown => Became::Draft { issue: issue.clone() },
        };
        // What is there whole and isn't listed was left by an import that broke off.
        let is_left = is_whole && why.is_none() && when != When::Unknown;
        if is_same && !is_left {
            self.new.push(New { post, when: When::Unknown, is_there: true });
            return Became::There { issue };
        }
        self.new.push(New { post, when, is_there: is_left });
        became
    }

    /// course.toml with the new ids among those of the file, by their dates; `None` where there are none.
    fn manifest(&self, course: &Course) -> Result<Option<String>> {
        let dates: Vec<Option<DateTime>> =
            course.order.iter().map(|id| course.lessons.get(id).and_then(|lesson| lesson.date)).collect();
        let mut new: Vec<(DateTime, &str)> = Vec::new();
        for it in &self.new {
            match it.when {
                When::Past(date) | When::Planned(date) => new.push((date, &it.post.id)),
                When::Unknown => {}
            }
        }
        if new.is_empty() {
            return Ok(None);
        }
        new.sort_unstable();
        let place = |date: DateTime| dates.iter().position(|it| it.is_some_and(|it| it > date)).unwrap_or(dates.len());
        let placed: Vec<(String, usize)> = new.into_iter().map(|(date, id)| (id.to_string(), place(date))).collect();
        with_ids(&course.source.text, &placed).map(Some).map_err(anyhow::Error::msg)
    }

    fn write(&self) -> Result<()> {
        for it in self.new.iter().filter(|it| !it.is_there) {
            let folder = self.home.join("images").join(&it.post.id);
            for (from, name) in &it.post.pictures {
                fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
                let to = folder.join(name);
                if !to.exists() {
                    fs::copy(from, &to)
                        .with_context(|| format!("can't copy {} to {}", from.display(), to.display()))?;
                }
            }
            let path = self.home.join(format!("{}.md", it.post.id));
            let mut file = fs::File::create_new(&path).with_context(|| format!("can't write {}", path.display()))?;
            file.write_all(it.post.written(it.when).as_bytes())?;
        }
        Ok(())
    }
}

/// The newsletter as far as its files can be read.
fn newsletter(import: &Import<'_>) -> Result<Course> {
    let name = import.newsletter;
    let shelf = read_courses::read_courses(import.courses, "courses")?;
    let known: Vec<String> = shelf.iter().map(|it| it.id.clone()).collect();
    let loaded = shelf.into_iter().find(|it| it.id == name);
    let Some(Loaded { sketch, problems, .. }) = loaded else {
        anyhow::bail!(
            "there is no newsletter {name}; there are: {}. Write courses/{name}/course.toml with title, language, \
             kind = \"newsletter\", lessons = [] and [newsletter] first",
            known.join(", ")
        );
    };
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    let course = sketch.with_context(|| format!("courses/{name}/course.toml can't be read: {first}"))?;
    anyhow::ensure!(course.kind == Kind::Newsletter, "{name} is a course; issues are imported into a newsletter");
    Ok(course)
}

/// The ids that the newsletter uses, and for what.
fn taken(course: &Course) -> Vec<(String, &'static str)> {
    let listed = course.order.iter().map(|id| (id.clone(), "is an issue of the newsletter"));
    let retired = course.retired.iter().map(|id| (id.clone(), "stands in `retired`"));
    let was = course.lessons.values().flat_map(|it| &it.was).map(|id| (id.clone(), "was the name of another issue"));
    listed.chain(retired).chain(was).collect()
}

/// Whether two files are one issue, though somebody may have mended its words since: they are of one date, or both of none
/// and equal.
fn is_same_issue(one: &str, other: &str) -> bool {
    let date = |text: &str| text.lines().find(|line| line.starts_with("date = ")).map(String::from);
    match (date(one), date(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    look(folder, 0, &mut seen, &mut found)?;
    found.sort();
    Ok(found)
}

fn look(folder: &Path, depth: usize, seen: &mut BTreeSet<PathBuf>, found: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = || format!("can't read the folder {}", folder.display());
    if depth > DEEPEST || !seen.insert(fs::canonicalize(folder).with_context(cannot)?) {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // A page about a folder is no issue.
        if name.starts_with('.') || name == "_index.md" || name.eq_ignore_ascii_case("readme.md") {
            continue;
        }
        let ending = path.extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
        if path.is_dir() && !path.is_symlink() {
            look(&path, depth + 1, seen, found)?;
        } else if matches!(ending.as_str(), "md" | "markdown") {
            found.push(path);
        }
    }
    Ok(())
}

/// Writes a whole file or leaves the old one.
fn replace(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("toml.tmp");
    let cannot = || format!("can't write {}", path.display());
    fs::write(&beside, text).with_context(cannot)?;
    if let Ok(old) = fs::metadata(path) {
        fs::set_permissions(&beside, old.permissions()).with_context(cannot)?;
    }
    fs::rename(&beside, path).with_context(cannot)
}

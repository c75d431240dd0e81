//! Old issues from the Markdown folder of another program become files of a newsletter. Overwrites nothing, needs no database
//! and mails nobody: what is past says `archive`.

mod find;
mod links;
mod name;
mod post;
mod public;
mod trial;

use crate::course::Course;
use crate::course::Kind;
use crate::course::Loaded;
use crate::course::Tree;
use crate::course::with_ids;
use crate::flow::read_courses;
use crate::site::Site;
use anyhow::Context as _;
use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::DateTime;
use links::Links;
use links::Page;
use post::Folder;
use post::Post;
use post::When;
use serde::Serialize;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

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
        /// What `check` says of it; mended, it may be listed.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
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
    pub templates: &'a Path,
    pub newsletter: &'a str,
    pub site: &'a Site,
    pub now: Timestamp,
    pub dry_run: bool,
}

/// What became of a folder.
#[derive(Debug)]
pub struct Imported {
    pub told: Vec<Told>,
    /// Folders that weren't looked into.
    pub skipped: Vec<String>,
}

/// Imports every `.md` and `.markdown` file below the folder, in the order of their names. An issue that has an error
/// stays a draft.
///
/// # Errors
/// When the folder or the newsletter can't be read, there is nothing to import, or a file can't be written. The list of
/// course.toml is written last: until then what was written is a draft.
pub fn import_issues(import: &Import<'_>) -> Result<Imported> {
    let files = find::files(import.folder)?;
    anyhow::ensure!(!files.found.is_empty(), "there is no .md file in {}", import.folder.display());
    let course = newsletter(import)?;
    let zone = course.newsletter.as_ref().and_then(|it| it.time_zone.clone());
    let zone = zone.unwrap_or_else(|| import.site.time_zone.clone());
    let folder = Folder { path: import.folder, newsletter: import.newsletter, zone: &zone };
    let home = import.courses.join(import.newsletter);
    let now = import.now.to_zoned(zone.clone()).datetime();
    let mut shelf = Shelf { now, home, taken: taken(&course), new: Vec::new() };
    let read: Vec<Result<usize, String>> = files.found.iter().map(|file| shelf.take(&folder, file)).collect();
    shelf.settle(&folder, format!("{}/archive/{}", import.site.url, import.newsletter));
    while let Some(manifest) = shelf.manifest(&course)? {
        let errors = trial::errors(import, shelf.tree(&manifest)?);
        if !shelf.set_aside(errors) {
            break;
        }
    }
    if !import.dry_run {
        shelf.write()?;
        if let Some(manifest) = shelf.manifest(&course)? {
            shelf.replace("course.toml", &manifest)?;
        }
    }
    let below = |path: &Path| path.strip_prefix(import.folder).unwrap_or(path).display().to_string();
    let told = files.found.iter().zip(read).map(|(file, read)| shelf.told(below(file), read)).collect();
    Ok(Imported { told, skipped: files.skipped.iter().map(|path| below(path)).collect() })
}

/// A file that could be read.
struct New {
    post: Post,
    when: When,
    /// An import before this one has written it.
    is_there: bool,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Comes,
    /// An import before this one has brought it.
    There,
    /// It has an error, and comes as a draft.
    Broken(String),
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
    /// Reads a file and finds its id; gives its place among the new.
    fn take(&mut self, folder: &Folder<'_>, file: &Path) -> Result<usize, String> {
        let mut post = Post::read(folder, file)?;
        let when = match post.date.filter(|_| !post.is_draft) {
            Some(date) if date <= self.now => When::Past(date),
            Some(date) => When::Planned(date),
            None => When::Unknown,
        };
        let (id, is_there) = self.place(&post.id, when)?;
        post.id = id;
        self.new.push(New { post, when, is_there, state: State::Comes });
        Ok(self.new.len() - 1)
    }

    /// The id of a file that would like to be called `name`, and whether it is there already: of several of one name the later
    /// ones have a number.
    fn place(&self, name: &str, when: When) -> Result<(String, bool), String> {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let is_free = |id: &String| !self.new.iter().any(|new| new.post.id == *id);
        let path = |id: &str| self.home.join(format!("{id}.md"));
        let mut ids = [name.to_string()].into_iter().chain(numbered).filter(is_free);
        let first = ids.next().unwrap_or_default();
        let others = ids.take_while(|id| path(id).exists());
        let is_same = |id: &String| fs::read_to_string(path(id)).is_ok_and(|text| self.is_same(id, &text, when));
        if let Some(id) = [first.clone()].into_iter().chain(others).find(is_same) {
            return Ok((id, true));
        }
        let how = "and is left as it is; give this file `slug: another-name`";
        if let Some((_, why)) = self.taken.iter().find(|(id, _)| *id == first) {
            return Err(format!("{first} {why}, {how}"));
        }
        if path(&first).exists() {
            return Err(format!("{first}.md is there already and says something else, {how}"));
        }
        Ok((first, false))
    }

    /// Whether a file is this issue, though somebody may have mended its words since: both are of one date, or drafts.
    fn is_same(&self, id: &str, text: &str, when: When) -> bool {
        let said = text.lines().find_map(|line| line.strip_prefix("date = "));
        match when {
            When::Past(date) | When::Planned(date) => said == Some(&date.to_string()),
            When::Unknown => said.is_none() && !self.taken.iter().any(|(known, _)| known == id),
        }
    }

    /// Once all have their ids.
    fn settle(&mut self, folder: &Folder<'_>, archive: String) {
        let listed = self.new.iter().filter(|it| it.when != When::Unknown).map(|it| &it.post);
        let page = |post: &Post| Page { path: post.path.clone(), names: post.names.clone(), issue: post.id.clone() };
        let links = Links { archive, pages: listed.map(page).collect() };
        for new in &mut self.new {
            new.post.settle(folder, &links);
            let is_taken = self.taken.iter().any(|(id, _)| *id == new.post.id);
            let text = || fs::read_to_string(self.home.join(format!("{}.md", new.post.id))).ok();
            // What is there whole and isn't listed was left by an import that broke off, or is broken still.
            let is_left = || new.when != When::Unknown && !is_taken && text() == Some(new.post.written(new.when));
            if new.is_there && !is_left() {
                new.state = State::There;
            }
        }
    }

    /// course.toml with the new ids among those of the file, by their dates; `None` where there are none.
    fn manifest(&self, course: &Course) -> Result<Option<String>> {
        let dates: Vec<Option<DateTime>> =
            course.order.iter().map(|id| course.lessons.get(id).and_then(|lesson| lesson.date)).collect();
        let mut new: Vec<(DateTime, &str)> = Vec::new();
        for it in self.new.iter().filter(|it| it.state == State::Comes) {
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

    /// The files as they would be.
    fn tree(&self, manifest: &str) -> Result<Tree> {
        let mut tree = Tree::from([("course.toml".to_string(), manifest.as_bytes().to_vec())]);
        for New { post, when, .. } in self.new.iter().filter(|it| it.state == State::Comes) {
            tree.insert(format!("{}.md", post.id), post.written(*when).into_bytes());
            for (from, name) in &post.pictures {
                let bytes = fs::read(from).with_context(|| format!("can't read {}", from.display()))?;
                tree.insert(format!("images/{}/{name}", post.id), bytes);
            }
        }
        Ok(tree)
    }

    /// What has an error doesn't come into force; whether there was any.
    fn set_aside(&mut self, errors: Vec<(String, String)>) -> bool {
        let mut any = false;
        for (file, error) in errors {
            let found = self.new.iter_mut().find(|new| file.strip_suffix(".md") == Some(&new.post.id));
            if let Some(new) = found.filter(|new| new.state == State::Comes) {
                new.state = State::Broken(error);
                any = true;
            }
        }
        any
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

    /// Writes a whole file, with the ends of lines that it had, or leaves the old one.
    fn replace(&self, name: &str, text: &str) -> Result<()> {
        let path = self.home.join(name);
        let beside = path.with_extension("toml.tmp");
        let cannot = || format!("can't write {}", path.display());
        let has_returns = fs::read_to_string(&path).with_context(cannot)?.contains("\r\n");
        let text = if has_returns { text.replace('\n', "\r\n") } else { text.to_string() };
        fs::write(&beside, text).with_context(cannot)?;
        if let Ok(old) = fs::metadata(&path) {
            fs::set_permissions(&beside, old.permissions()).with_context(cannot)?;
        }
        fs::rename(&beside, &path).with_context(cannot)
    }

    fn told(&mut self, file: String, read: Result<usize, String>) -> Told {
        let new = match read {
            Ok(at) => &mut self.new[at],
            Err(reason) => return Told { file, became: Became::Refused { reason }, notes: Vec::new() },
        };
        let issue = new.post.id.clone();
        let became = match (&new.state, new.when) {
            (State::There, _) => return Told { file, became: Became::There { issue }, notes: Vec::new() },
            (State::Broken(error), _) => Became::Draft { issue, until: Some(error.clone()) },
            (State::Comes, When::Past(date)) => Became::Imported { issue, date },
            (State::Comes, When::Planned(date)) => Became::Planned { issue, date },
            (State::Comes, When::Unknown) => Became::Draft { issue, until: None },
        };
        Told { file, became, notes: std::mem::take(&mut new.post.notes) }
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

//! Joins the files of one course folder into a course, or into all that is wrong with them. Doesn't read the disk.

use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::course::Loaded;
use crate::course::Stage;
use crate::course::Translation;
use crate::course::Tree;
use crate::course::dates;
use crate::course::file;
use crate::course::lesson;
use crate::course::lesson::LessonFile;
use crate::course::names;
use crate::course::references;
use crate::course::references::Known;
use crate::course::schedule;
use crate::course::settings;
use crate::course::settings::CourseFile;
use crate::course::shelf::Named;
use crate::course::translation;
use crate::keys;
use crate::keys::Overrides;
use crate::keys::nearest;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Severity;
use crate::problem::Source;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use toml::Spanned;

const MANIFEST: &str = "course.toml";

/// Reads the folder `id`, whose files people know as `{prefix}/{id}/…`. The course is there only when no file has an
/// error; the problems are those of all files, warnings too, sorted by file and place.
///
/// ```
/// use dripline::course::Tree;
///
/// let tree = Tree::from([("course.toml".to_string(), b"titel = \"Four stages\"".to_vec())]);
/// let loaded = dripline::course::load("four-stages", "courses", &tree);
/// assert!(loaded.course.is_none());
/// assert!(loaded.problems.iter().any(|problem| problem.help == "did you mean `title`?"));
/// ```
pub fn load(id: &str, prefix: &str, tree: &Tree) -> Loaded {
    read(Folder { id, prefix, tree, was_in_force: false, unlisted: Vec::new(), problems: Vec::new() })
}

/// As [`load`], of files that were in force: what a newer program asks of new files can't keep it from going on.
pub fn load_stored(id: &str, prefix: &str, tree: &Tree) -> Loaded {
    read(Folder { id, prefix, tree, was_in_force: true, unlisted: Vec::new(), problems: Vec::new() })
}

fn read(mut folder: Folder<'_>) -> Loaded {
    let mut loaded = folder.load();
    problem::sort(&mut folder.problems);
    if !problem::any_error(&folder.problems) {
        loaded.course.clone_from(&loaded.sketch);
    }
    loaded.unlisted = folder.unlisted;
    loaded.problems = folder.problems;
    loaded
}

struct Folder<'a> {
    id: &'a str,
    prefix: &'a str,
    tree: &'a Tree,
    /// An earlier version of the program has found it good.
    was_in_force: bool,
    unlisted: Vec<Lesson>,
    problems: Vec<Problem>,
}

impl Folder<'_> {
    fn load(&mut self) -> Loaded {
        let source = self.manifest();
        if !names::is_id(self.id) {
            let message = format!("`{}` can't be a course's id", self.id);
            self.problems.push(Problem::error(
                &source,
                0..0,
                message,
                format!("rename the folder: {}", names::ID_HELP),
            ));
        }
        let toml_reads = toml::de::DeTable::parse(&source.text).is_ok() && !source.text.is_empty();
        let (file, problems) = keys::read(&source, &source.text, 0, &Overrides::new(), settings::course_file);
        // What isn't text makes no sense as TOML, either.
        let is_garbled = self.problems.iter().any(|problem| problem.source == source) && !toml_reads;
        if !source.text.is_empty() && !is_garbled {
            self.problems.extend(problems);
        }
        let mut lessons = self.lessons(&file, &source);
        let complete = toml_reads && file.listed().all(|id| lessons.iter().any(|l| l.lesson.id == *id.get_ref()));
        let known = Known { complete, was_in_force: self.was_in_force };
        self.problems.extend(references::check(&file, &source, &mut lessons, known));
        if file.kind == Kind::Course && !self.was_in_force {
            self.problems.extend(dates::check(&file, &source, &lessons));
        }
        let drafts = self.drafts(&file, toml_reads);
        let about = self.about(&file, &source);
        for lesson in &mut lessons {
            self.problems.append(&mut lesson.problems);
        }
        self.stray_folders();
        let named = Named::new(&file, &source, toml_reads);
        let about_file = file.about.as_ref().map(|about| about.get_ref().clone());
        let mut sketch = self.sketch(file, source, lessons, about);
        if let Some(course) = &mut sketch {
            course.drafts = drafts;
            course.translations = self.translations(course, about_file.as_deref());
        }
        Loaded { sketch, is_vague: !toml_reads, named: Some(named), ..Loaded::unreadable(self.id, Vec::new()) }
    }

    fn name(&self, path: &str) -> String {
        [self.prefix, self.id, path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// course.toml; empty where it can't be used.
    fn manifest(&mut self) -> Arc<Source> {
        let name = self.name(MANIFEST);
        let Some(bytes) = self.tree.get(MANIFEST) else {
            let source = Source::new(name, "");
            let help = "write one with title, language, lessons and [schedule], or move the folder elsewhere";
            self.problems.push(Problem::error(&source, 0..0, "this folder has no course.toml", help));
            return source;
        };
        let (source, problem) = file::decode(&name, bytes);
        if source.text.is_empty() && problem.is_none() {
            let help = "write title, language, lessons and [schedule]";
            self.problems.push(Problem::error(&source, 0..0, "course.toml is empty", help));
        }
        self.problems.extend(problem);
        source
    }

    /// The lessons that are listed, each once, without those that have no file.
    fn lessons(&mut self, file: &CourseFile, source: &Arc<Source>) -> Vec<LessonFile> {
        let mut lessons = Vec::new();
        let mut seen = BTreeSet::new();
        for listed in file.listed() {
            let id = listed.get_ref();
            if !seen.insert(id) {
                continue;
            }
            let path = format!("{id}.md");
            if let Some(bytes) = self.tree.get(&path).filter(|_| names::is_id(id)) {
                lessons.push(lesson::read(id, &self.name(&path), bytes));
            } else {
                let (message, help) = self.no_lesson(id);
                self.problems.push(Problem::error(source, listed.span(), message, help));
            }
        }
        lessons
    }

    fn no_lesson(&self, id: &str) -> (String, String) {
        if let Some(bare) = id.strip_suffix(".md") {
            return (
                format!("`{id}` can't be a lesson's id"),
                format!("write \"{}\", without .md", names::as_id(bare)),
            );
        }
        if let Some((file, right)) = self.misnamed(id) {
            let also = if right == id { String::new() } else { format!(", and write \"{right}\" here") };
            let message = match names::is_id(id) {
                true => format!("there is no lesson file `{id}.md`"),
                false => format!("`{id}` can't be a lesson's id"),
            };
            return (message, format!("rename the file `{file}` to `{right}.md`{also}"));
        }
        if !names::is_id(id) {
            let help = match nearest(&id.to_lowercase().replace([' ', '_'], "-"), self.markdown_files()) {
                Some(near) => format!("did you mean \"{near}\"? An id has {}", names::ID_LETTERS),
                None => names::ID_HELP.to_string(),
            };
            return (format!("`{id}` can't be a lesson's id"), help);
        }
        let help = match nearest(id, self.markdown_files()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write the file; a lesson that was sent and is no more goes to `retired`".to_string(),
        };
        (format!("there is no lesson file `{id}.md`"), help)
    }

    /// The file that a lesson most likely stands in, under a name that can't be read, and the id that it should have.
    fn misnamed(&self, id: &str) -> Option<(&str, String)> {
        let wanted = names::as_id(id);
        let files = self.tree.keys().filter(|path| !path.contains('/')).map(String::as_str);
        let mut misnamed = files.filter(|path| !path.strip_suffix(".md").is_some_and(names::is_id));
        let file = misnamed.find(|path| as_lesson(path).is_some_and(|stem| names::as_id(stem) == wanted))?;
        (!wanted.is_empty() && !self.tree.contains_key(&format!("{wanted}.md"))).then_some((file, wanted))
    }

    /// Names, without .md, of the Markdown files in the folder itself.
    fn markdown_files(&self) -> impl Iterator<Item = &str> {
        self.tree.keys().filter(|path| !path.contains('/')).filter_map(|path| path.strip_suffix(".md"))
    }

    /// Files that are in no list, by id. Nobody gets them, so what is wrong with them doesn't fail. They are kept to be looked at.
    fn drafts(&mut self, file: &CourseFile, lists_are_known: bool) -> Vec<String> {
        // Where nothing can be listed, everything would be a draft.
        if file.listed().next().is_none() {
            return Vec::new();
        }
        let about = self.about_file(file);
        let (mut found, mut unlisted, mut drafts) = (Vec::new(), Vec::new(), Vec::new());
        for id in self.markdown_files() {
            let path = format!("{id}.md");
            if about.as_ref() == Some(&path) || file.listed().any(|listed| listed.get_ref() == id) {
                continue;
            }
            let Some(bytes) = self.tree.get(&path) else { continue };
            let draft = lesson::read(id, &self.name(&path), bytes);
            let retired = file.retired.iter().any(|retired| retired.get_ref() == id);
            if lists_are_known && !retired {
                drafts.push(id.to_string());
                let message = format!("a draft: nobody gets `{id}`");
                let help = match names::as_id(id) {
                    right if right == id => "list it in `lessons` when it is ready".to_string(),
                    right if right.is_empty() => format!("rename the file: {}", names::ID_HELP),
                    right => format!("rename the file to `{right}.md`: a lesson is listed by such a name only"),
                };
                found.push(Problem::warning(&draft.lesson.source, 0..0, message, help));
            }
            found.extend(draft.problems);
            unlisted.push(draft.lesson);
        }
        let warnings = found.into_iter().map(|problem| Problem { severity: Severity::Warning, ..problem });
        self.problems.extend(warnings);
        self.unlisted = unlisted;
        drafts
    }

    /// Texts in a folder that is named like a language and yet is no translation: nobody gets them.
    fn stray_folders(&mut self) {
        let mut folders = BTreeMap::new();
        for path in self.tree.keys().filter(|path| path.ends_with(".md")) {
            let Some((folder, _)) = path.split_once('/') else { continue };
            if names::is_language(folder) && !self.tree.contains_key(&format!("{folder}/{MANIFEST}")) {
                folders.entry(folder).or_insert(path);
            }
        }
        for (folder, path) in folders {
            let message = format!("a draft: nobody gets what stands in `{folder}`");
            let help = format!("write {folder}/{MANIFEST} with the title in this language, and it is a translation");
            self.problems.push(Problem::warning(&Source::new(self.name(path), ""), 0..0, message, help));
        }
    }

    /// The file that `about` means, also where it is misspelt.
    fn about_file(&self, file: &CourseFile) -> Option<String> {
        let written = file.about.as_ref()?.get_ref();
        if self.tree.contains_key(written) {
            return Some(written.clone());
        }
        nearest(written, self.tree.keys().map(String::as_str)).map(str::to_string)
    }

    fn about(&mut self, file: &CourseFile, source: &Arc<Source>) -> Option<Arc<Source>> {
        let path = file.about.as_ref()?;
        let Some(bytes) = self.tree.get(path.get_ref()) else {
            let message = format!("there is no file `{}`", path.get_ref());
            let help = match nearest(path.get_ref(), self.tree.keys().map(String::as_str)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "write it, or remove `about`".to_string(),
            };
            self.problems.push(Problem::error(source, path.span(), message, help));
            return None;
        };
        let (text, problem) = file::decode(&self.name(path.get_ref()), bytes);
        self.problems.extend(problem);
        Some(text)
    }

    /// Every folder with a course.toml of its own.
    fn translations(&mut self, original: &Course, about: Option<&str>) -> BTreeMap<String, Translation> {
        let folders = self.tree.keys().filter_map(|path| path.strip_suffix(MANIFEST)?.strip_suffix('/'));
        let folders: Vec<&str> = folders.filter(|folder| !folder.contains('/')).collect();
        let mut problems = Vec::new();
        let is_own = |folder: &&&str| folder.eq_ignore_ascii_case(&original.language);
        if let Some(folder) = folders.iter().find(is_own).filter(|_| !self.was_in_force) {
            let source = Source::new(self.name(&format!("{folder}/{MANIFEST}")), "");
            let message = format!("the course itself is in `{folder}`: this would take the place of its own lessons");
            let help = "move these files up into the course's folder, or name the folder by their language";
            problems.push(Problem::error(&source, 0..0, message, help));
        }
        let translate = |folder: &str| {
            let name = |path: &str| self.name(path);
            (folder.to_string(), translation::translate(original, about, folder, self.tree, &name, &mut problems))
        };
        let translations = folders.into_iter().map(translate).collect();
        if self.was_in_force {
            problems.retain(|problem| !problem.message.ends_with(settings::NO_WEB_URL));
        }
        self.problems.append(&mut problems);
        translations
    }

    /// The course as far as its files can be read.
    fn sketch(
        &self,
        file: CourseFile,
        source: Arc<Source>,
        lessons: Vec<LessonFile>,
        about: Option<Arc<Source>>,
    ) -> Option<Course> {
        let order = file.listed().map(|id| id.get_ref().clone()).collect();
        let plain = |ids: Vec<Spanned<String>>| ids.into_iter().map(Spanned::into_inner).collect::<Vec<_>>();
        let stages = file.stages.into_iter().map(|stage| Stage {
            id: stage.id.into_inner(),
            title: stage.title,
            lessons: plain(stage.lessons),
            after: stage.after.map(Spanned::into_inner),
        });
        let lessons: BTreeMap<String, Lesson> =
            lessons.into_iter().map(|file| (file.lesson.id.clone(), file.lesson)).collect();
        Some(Course {
            id: self.id.to_string(),
            title: file.title,
            summary: file.summary,
            kind: file.kind,
            language: file.language,
            order,
            stages: stages.collect(),
            lessons,
            retired: plain(file.retired),
            drafts: Vec::new(),
            require: file.require,
            disclaimer: file.disclaimer,
            crisis: file.crisis,
            consent: file.consent,
            about: about.as_ref().map(|about| about.text.clone()),
            next: plain(file.next),
            invite: file.invite,
            sender: file.sender,
            schedule: file.timing.schedule.or_else(schedule::stand_in)?,
            newsletter: file.timing.newsletter.filter(|_| file.kind == Kind::Newsletter),
            fields: file.fields,
            source,
            texts: about.into_iter().map(|about| ("about", about)).collect(),
            translations: BTreeMap::new(),
            files: self.other_files(),
            version: self.version(),
        })
    }

    /// What is neither TOML nor Markdown of the course or of a translation.
    fn other_files(&self) -> BTreeMap<String, Vec<u8>> {
        let is_text = |path: &str| match path.split_once('/') {
            None => path == MANIFEST || path.ends_with(".md"),
            Some((folder, file)) => {
                let translated = self.tree.contains_key(&format!("{folder}/{MANIFEST}"));
                translated && (file == MANIFEST || (file.ends_with(".md") && !file.contains('/')))
            }
        };
        let others = self.tree.iter().filter(|(path, _)| !is_text(path));
        others.map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
    }

    /// Each path and each content with its length before it, so that no two trees hash alike.
    fn version(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in self.tree {
            for part in [path.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        lesson::hex(&hash.finalize())
    }
}

/// A file's name without its ending, if that is one that a lesson may have got by mistake.
fn as_lesson(path: &str) -> Option<&str> {
    const ENDINGS: [&str; 5] = [".md", ".md.txt", ".markdown", ".mdown", ".txt"];
    let is_at_end = |ending: &&str| {
        path.len()
            .checked_sub(ending.len())
            .and_then(|at| path.get(at..))
            .is_some_and(|it| it.eq_ignore_ascii_case(ending))
    };
    let ending = ENDINGS.iter().filter(|ending| is_at_end(ending)).max_by_key(|ending| ending.len())?;
    Some(&path[..path.len() - ending.len()])
}

//! Reads course.toml. Doesn't know the lessons' files: what needs them is left to `load.rs`.

use crate::address::OwnAddress;
use crate::course::Block;
use crate::course::Field;
use crate::course::Invite;
use crate::course::Kind;
use crate::course::names;
use crate::course::schedule;
use crate::course::schedule::Timing;
use crate::keys::Keys;
use crate::keys::nearest;
use crate::site::Sender;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// course.toml as it says, with the places that are checked against other files.
pub struct CourseFile {
    pub title: String,
    pub summary: String,
    pub kind: Kind,
    pub language: String,
    pub lessons: Vec<Spanned<String>>,
    pub stages: Vec<StageFile>,
    pub retired: Vec<Spanned<String>>,
    pub require: Vec<Block>,
    pub disclaimer: Option<String>,
    pub crisis: Option<String>,
    pub consent: Option<String>,
    pub about: Option<Spanned<String>>,
    pub next: Vec<Spanned<String>>,
    pub invite: Option<Invite>,
    pub sender: Option<Sender>,
    pub timing: Timing,
    pub fields: BTreeMap<String, Field>,
}

pub struct StageFile {
    pub id: Spanned<String>,
    pub title: String,
    pub lessons: Vec<Spanned<String>>,
    pub after: Option<Spanned<String>>,
}

/// A course that is named in another's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub course: String,
    pub at: Range<usize>,
}

impl CourseFile {
    /// Every lesson id in order, with its place; one that is listed twice comes twice.
    pub fn listed(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.lessons.iter().chain(self.stages.iter().flat_map(|stage| &stage.lessons))
    }
}

/// Reads the root table of course.toml.
pub fn course_file(keys: &Keys<'_>) -> CourseFile {
    let kind = kind(keys);
    let (lessons, stages) = lessons(keys, kind);
    let retired = keys.strings("retired").map(Spanned::into_inner).unwrap_or_default();
    let disclaimer = plain(keys, "disclaimer");
    let crisis = plain(keys, "crisis");
    let require = require(keys);
    let timing = schedule::read(keys, kind);
    keys.missing("title", "write title = \"…\": people see it on pages and in mails");
    let file = CourseFile {
        title: plain(keys, "title").unwrap_or_default(),
        summary: plain(keys, "summary").unwrap_or_default(),
        kind,
        language: language(keys).unwrap_or_default(),
        lessons,
        stages,
        retired,
        require,
        disclaimer,
        crisis,
        consent: plain(keys, "consent"),
        about: keys.text("about"),
        next: keys.strings("next").map(Spanned::into_inner).unwrap_or_default(),
        invite: invite(keys),
        sender: sender(keys),
        timing,
        fields: fields(keys),
    };
    keys.finish();
    file
}

fn plain(keys: &Keys<'_>, key: &str) -> Option<String> {
    keys.text(key).map(Spanned::into_inner)
}

fn kind(keys: &Keys<'_>) -> Kind {
    let written = names::one_of(keys, "kind", &[("course", Kind::Course), ("newsletter", Kind::Newsletter)]);
    // A misspelt kind is one problem, not a missing schedule as well.
    let meant = if keys.has("newsletter") && keys.has("kind") { Kind::Newsletter } else { Kind::Course };
    written.unwrap_or(meant)
}

fn language(keys: &Keys<'_>) -> Option<String> {
    keys.missing("language", "write language = \"en\", or whichever the lessons are written in");
    let tag = keys.text("language")?;
    if !names::is_language(tag.get_ref()) {
        let message = format!("`{}` isn't a language tag", tag.get_ref());
        keys.error(tag.span(), message, "write it like \"en\", \"fr\" or \"pt-BR\"");
    }
    Some(tag.into_inner())
}

fn lessons(keys: &Keys<'_>, kind: Kind) -> (Vec<Spanned<String>>, Vec<StageFile>) {
    let listed = keys.strings("lessons");
    if !keys.has("stage") {
        keys.missing("lessons", "write lessons = [\"first\", \"second\"], or [[stage]] tables");
        if let Some(listed) = listed.as_ref().filter(|l| l.get_ref().is_empty() && kind == Kind::Course) {
            keys.error(listed.span(), "`lessons` lists nothing", "name at least one file, without its .md");
        }
        return (listed.map(Spanned::into_inner).unwrap_or_default(), Vec::new());
    }
    let tables = keys.tables("stage");
    let at = tables.first().map_or(0..0, Keys::span);
    if kind == Kind::Newsletter {
        keys.error(at, "a newsletter has no stages", "list its issues in `lessons`");
    } else if let Some(listed) = listed {
        keys.error(listed.span(), "`lessons` and [[stage]] exclude each other", "let the stages list the lessons");
    } else if tables.is_empty() {
        keys.error(keys.span(), "`stage` lists nothing", "write [[stage]] tables, or `lessons`");
    }
    (Vec::new(), tables.iter().map(stage).collect())
}

fn stage(keys: &Keys<'_>) -> StageFile {
    keys.missing("id", "write id = \"…\": pages and commands name the stage by it");
    keys.missing("lessons", "write lessons = [\"first\", \"second\"]");
    let id = keys.text("id").unwrap_or_else(|| Spanned::new(keys.span(), String::new()));
    if !id.get_ref().is_empty() && !names::is_id(id.get_ref()) {
        keys.error(id.span(), format!("`{}` can't be a stage's id", id.get_ref()), names::ID_HELP);
    }
    let lessons = keys.strings("lessons");
    if let Some(empty) = lessons.as_ref().filter(|lessons| lessons.get_ref().is_empty()) {
        keys.error(empty.span(), "this stage lists no lesson", "name at least one file, without its .md");
    }
    let stage = StageFile {
        title: plain(keys, "title").unwrap_or_else(|| id.get_ref().clone()),
        lessons: lessons.map(Spanned::into_inner).unwrap_or_default(),
        after: keys.text("after"),
        id,
    };
    keys.finish();
    stage
}

fn require(keys: &Keys<'_>) -> Vec<Block> {
    const KNOWN: [(&str, Block); 2] = [("disclaimer", Block::Disclaimer), ("crisis", Block::Crisis)];
    let mut blocks = Vec::new();
    for name in keys.strings("require").map(Spanned::into_inner).unwrap_or_default() {
        let word = name.get_ref().as_str();
        let Some((_, block)) = KNOWN.into_iter().find(|(known, _)| *known == word) else {
            let help = match nearest(word, KNOWN.iter().map(|(known, _)| *known)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "only \"disclaimer\" and \"crisis\" can be required".to_string(),
            };
            keys.error(name.span(), format!("`require` knows no block `{word}`"), help);
            continue;
        };
        if !keys.has(word) {
            let help = format!("write {word} = \"…\" in this file, or take it out of `require`");
            keys.error(name.span(), format!("`require` names `{word}`, which this file doesn't define"), help);
        }
        if !blocks.contains(&block) {
            blocks.push(block);
        }
    }
    blocks
}

fn invite(keys: &Keys<'_>) -> Option<Invite> {
    let table = keys.table("invite")?;
    table.missing("text", "write text = \"…\": what the link says");
    table.missing("url", "write url = \"https://…\"");
    let text = plain(&table, "text");
    let url = table.text("url");
    check_web_url(&table, url.as_ref());
    table.finish();
    Some(Invite { text: text?, url: url?.into_inner() })
}

/// What is said of an address that people couldn't be led to, or shouldn't.
pub const NO_WEB_URL: &str = "isn't a web address";

/// Reports such an address.
pub fn check_web_url(table: &Keys<'_>, url: Option<&Spanned<String>>) {
    if let Some(url) = url.filter(|url| !is_web_url(url.get_ref())) {
        let message = format!("`{}` {NO_WEB_URL}", url.get_ref());
        table.error(url.span(), message, "write it in full, like https://example.org/talk");
    }
}

fn is_web_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

fn sender(keys: &Keys<'_>) -> Option<Sender> {
    let table = keys.table("sender")?;
    table.missing("name", "write name = \"…\", or remove [sender] to use the site's");
    table.missing("address", "write address = \"…\", or remove [sender] to use the site's");
    let name = table.text("name");
    if let Some(name) = name.as_ref().filter(|name| name.get_ref().chars().any(char::is_control)) {
        table.error(name.span(), "a sender's name is one line of text", "remove line breaks and control characters");
    }
    let help = "write it like name@example.org";
    let address = table.parsed::<OwnAddress>("address", help).map(|it| it.into_inner().0);
    let reply_to = table.parsed::<OwnAddress>("reply_to", help).map(|it| it.into_inner().0);
    table.finish();
    Some(Sender { name: name?.into_inner(), address: address?, reply_to })
}

fn fields(keys: &Keys<'_>) -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    let Some(table) = keys.table("fields") else { return fields };
    for name in table.names() {
        let id = name.get_ref();
        if matches!(id.as_str(), "first_name" | "language") {
            table.error(name.span(), format!("`{id}` is always asked and can't be a field"), "remove it");
        } else if !names::is_word(id) {
            table.error(name.span(), format!("`{id}` can't be a field's name"), names::WORD_HELP);
        }
        let mut field = Field { label: id.clone(), required: false };
        if let Some(label) = table.as_text(id) {
            let message = format!("`{}` should be a table, and is a text", table.path(id));
            table.error(label.span(), message, format!("write {id} = {{ label = \"{}\" }}", label.get_ref()));
        } else if let Some(keys) = table.table(id) {
            field.label = plain(&keys, "label").unwrap_or(field.label);
            // What isn't true or false is reported, and was most likely meant as true.
            field.required = keys.boolean("required").map_or(keys.has("required"), Spanned::into_inner);
            keys.finish();
        }
        fields.insert(id.clone(), field);
    }
    fields
}

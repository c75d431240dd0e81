//! The templates of mails: built in, and replaced one by one by the coach's files of the same relative path. Knows no
//! course and no person.

use crate::message::blocks::escape_into;
use crate::message::look::compile::Compiled;
use crate::message::look::compile::compile;
use crate::message::look::styles;
use crate::message::look::styles::Styles;
use crate::message::look::theme;
use crate::message::look::theme::Read;
use crate::message::look::theme::Theme;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use tera::ErrorKind;
use tera::Kwargs;
use tera::State;
use tera::Tera;
use tera::TeraResult;
use tera::Value;

/// Numbers that `range` gives at most.
const RANGE_LIMIT: usize = 1000;

#[derive(rust_embed::Embed)]
#[folder = "templates/mail/"]
#[prefix = "mail/"]
struct BuiltIn;

/// Every template of a mail, compiled, and what mails look like.
#[derive(Clone)]
pub struct Templates {
    pub(super) tera: Tera,
    pub(super) files: BTreeMap<String, Arc<Compiled>>,
    pub(super) styles: Arc<Styles>,
    theme: Arc<Theme>,
}

impl Templates {
    /// Compiles the built-in templates and those of the coach, by path relative to the templates folder. Only `theme.toml`
    /// and what ends in `.mjml`, `.html`, `.txt` or `.css` below `mail/` is read.
    ///
    /// # Errors
    /// Everything that keeps a template or the theme from being used, with its place. [`check_templates`] says more.
    ///
    /// [`check_templates`]: crate::message::check_templates
    pub fn load(overrides: &BTreeMap<String, Vec<u8>>) -> Result<Templates, Vec<Problem>> {
        let Read { theme, faults: mut problems, .. } = theme::read(overrides);
        let fixed = theme.fixed();
        let sources = sources(overrides, &mut problems);
        let css = sources.get(styles::FILE).map(|source| Styles::new(source, &fixed));
        let styles = css.unwrap_or_else(|| Ok(Styles::default())).unwrap_or_else(|mut found| {
            problems.append(&mut found);
            Styles::default()
        });
        let mut files = BTreeMap::new();
        for (path, source) in sources.iter().filter(|(path, _)| *path != styles::FILE) {
            match compile(path, source, &fixed, &styles) {
                Ok(compiled) => {
                    files.insert(path.clone(), Arc::new(compiled));
                }
                Err(mut found) => {
                    problems.append(&mut found);
                    stand_in(path, &mut files, &fixed, &styles);
                }
            }
        }
        let tera = parse(&mut files, &fixed, &styles, &mut problems);
        match tera.filter(|_| problems.is_empty()) {
            Some(tera) => Ok(Templates { tera, files, styles: Arc::new(styles), theme: Arc::new(theme) }),
            None => Err(problems),
        }
    }

    pub fn theme(&self) -> &Theme {
        &self.theme
    }
}

/// The templates as they are written: ours, and the coach's in their place.
fn sources(overrides: &BTreeMap<String, Vec<u8>>, problems: &mut Vec<Problem>) -> BTreeMap<String, Arc<Source>> {
    let mut sources = built_in();
    for (path, bytes) in overrides.iter().filter(|(path, _)| is_mail(path)) {
        let shown = format!("templates/{path}");
        match String::from_utf8(bytes.clone()) {
            Ok(text) => {
                sources.insert(path.clone(), Source::new(shown, text));
            }
            Err(_) => {
                let source = Source::new(shown, "");
                problems.push(Problem::error(&source, 0..0, "this isn't UTF-8", "save it as UTF-8"));
            }
        }
    }
    sources
}

/// Puts the built-in template back, so that the next one's faults show too.
fn stand_in(
    path: &str,
    files: &mut BTreeMap<String, Arc<Compiled>>,
    fixed: &BTreeMap<String, String>,
    styles: &Styles,
) {
    files.remove(path);
    let ours = built_in().remove(path).and_then(|source| compile(path, &source, fixed, styles).ok());
    files.extend(ours.map(|compiled| (path.to_string(), Arc::new(compiled))));
}

/// Has Tera read all templates. `None` when it can't say which of them is at fault.
fn parse(
    files: &mut BTreeMap<String, Arc<Compiled>>,
    fixed: &BTreeMap<String, String>,
    styles: &Styles,
    problems: &mut Vec<Problem>,
) -> Option<Tera> {
    for _ in 0..=files.len() {
        let error = match to_tera(files) {
            Ok(tera) => return Some(tera),
            Err(error) => error,
        };
        let (path, problem) = fault(&error, files);
        problems.push(problem);
        let path = path.filter(|path| files.contains_key(path))?;
        stand_in(&path, files, fixed, styles);
    }
    None
}

/// What Tera says is wrong, and in which template at which byte.
pub(super) struct Complaint {
    pub(super) template: String,
    pub(super) at: Range<usize>,
    pub(super) message: String,
}

/// The first complaint of an error that names its place. `text` gives the source of a template.
pub(super) fn complaint<'t>(error: &tera::Error, text: impl Fn(&str) -> Option<&'t str>) -> Option<Complaint> {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => Some(Complaint {
            template: report.filename().to_string(),
            at: report.span().range.clone(),
            message: report.message().to_string(),
        }),
        // Unknown filters and functions come as printed reports: `error: …`, then ` --> template:line:column`.
        ErrorKind::Msg(printed) => {
            let message = printed.lines().find_map(|line| line.strip_prefix("error: "))?;
            let place = printed.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
            let mut pieces = place.rsplitn(3, ':');
            let (column, line) = (pieces.next()?.parse().ok()?, pieces.next()?.parse().ok()?);
            let template = pieces.next()?.to_string();
            let at = offset(text(&template)?, line, column);
            Some(Complaint { template, at: at..at, message: message.to_string() })
        }
        _ => None,
    }
}

/// The byte at a line and a column, both counted from 1, the column in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let inner: usize = text[start..].chars().take(column - 1).map(char::len_utf8).sum();
    start + inner
}

/// The last line of what Tera says, which is the sentence.
pub(super) fn sentence(error: &tera::Error) -> String {
    error.to_string().lines().last().unwrap_or_default().to_string()
}

/// Whether a file below the templates folder is one of a mail's templates.
pub(super) fn is_mail(path: &str) -> bool {
    path.starts_with("mail/") && [".mjml", ".html", ".txt", ".css"].iter().any(|ending| path.ends_with(ending))
}

pub(super) fn built_in() -> BTreeMap<String, Arc<Source>> {
    let files = BuiltIn::iter().filter(|path| is_mail(path)).filter_map(|path| {
        let text = String::from_utf8(BuiltIn::get(&path)?.data.into_owned()).ok()?;
        Some((path.to_string(), Source::new(format!("templates/{path}"), text)))
    });
    files.collect()
}

fn to_tera(files: &BTreeMap<String, Arc<Compiled>>) -> Result<Tera, tera::Error> {
    let mut tera = Tera::new();
    tera.autoescape_on([".html", ".mjml"]);
    tera.set_escape_fn(escape_into);
    tera.register_function("range", range);
    tera.register_test("answered", |value: &Value, _: Kwargs, _: &State| !value.is_undefined() && !value.is_none());
    tera.add_raw_templates(files.iter().map(|(path, compiled)| (path.clone(), compiled.template.clone())))?;
    Ok(tera)
}

/// As Tera's own, but short: two of them within each other must come to an end soon.
fn range(arguments: Kwargs, _: &State) -> TeraResult<Vec<i64>> {
    let (start, end) = (arguments.get::<i64>("start")?.unwrap_or_default(), arguments.must_get::<i64>("end")?);
    let step = arguments.get::<i64>("step_by")?.and_then(|step| usize::try_from(step).ok()).unwrap_or(1).max(1);
    let numbers: Vec<i64> = (start..end).step_by(step).take(RANGE_LIMIT + 1).collect();
    if numbers.len() > RANGE_LIMIT {
        return Err(tera::Error::message(format!("`range` gives more than {RANGE_LIMIT} numbers: no mail needs them")));
    }
    Ok(numbers)
}

/// The template at fault, when Tera says which, and the problem.
fn fault(error: &tera::Error, files: &BTreeMap<String, Arc<Compiled>>) -> (Option<String>, Problem) {
    let text = |path: &str| files.get(path).map(|compiled| compiled.template.as_str());
    if let Some(complaint) = complaint(error, text) {
        return (Some(complaint.template.clone()), in_template(complaint, files));
    }
    let path = match error.kind() {
        ErrorKind::MissingParent { current, .. } => Some(current.clone()),
        ErrorKind::CircularExtend { tpl, .. } | ErrorKind::CircularInclude { tpl, .. } => Some(tpl.clone()),
        _ => None,
    };
    let template = path.clone().unwrap_or_default();
    let complaint = Complaint { template, at: 0..0, message: sentence(error) };
    (path, in_template(complaint, files))
}

/// A complaint about a template, where it was written.
pub(super) fn in_template(complaint: Complaint, files: &BTreeMap<String, Arc<Compiled>>) -> Problem {
    let mut help = "correct the template, or remove it: the built-in one takes its place";
    let mut complaint = complaint;
    if let Some((said, _)) = complaint.message.split_once(" Available variables") {
        complaint.message = said.replace("is not defined.", "isn't there in every mail");
        help = "write it in {% if mail.list %} … {% endif %}, which holds in lessons, or ask whether it is defined";
    }
    match files.get(&complaint.template) {
        Some(compiled) => Problem::error(&compiled.source, compiled.origin(&complaint.at), complaint.message, help),
        None => Problem::error(&Source::new("templates", ""), 0..0, complaint.message, help),
    }
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Templates({})", self.files.len())
    }
}

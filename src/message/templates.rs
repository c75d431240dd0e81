//! The templates of mails: built in, and replaced one by one by the coach's files of the same relative path. Knows no
//! course and no person.

use crate::message::blocks::escape_into;
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

/// Every template of a mail, parsed.
#[derive(Clone)]
pub struct Templates {
    pub(super) tera: Tera,
    pub(super) sources: BTreeMap<String, Arc<Source>>,
}

impl Templates {
    /// Parses the built-in templates and those of the coach, by path relative to the templates folder. Only `.html` and
    /// `.txt` below `mail/` are read.
    ///
    /// # Errors
    /// Every template that isn't Tera, each with where it breaks.
    pub fn load(overrides: &BTreeMap<String, Vec<u8>>) -> Result<Templates, Vec<Problem>> {
        let mut problems = Vec::new();
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
        loop {
            match parse(&sources) {
                Ok(tera) if problems.is_empty() => return Ok(Templates { tera, sources }),
                Ok(_) => return Err(problems),
                Err(error) => {
                    let (path, problem) = fault(&error, &sources);
                    problems.push(problem);
                    // Back to the built-in one, so that the next template's faults show too.
                    let own = path.and_then(|path| sources.remove(&path).map(|_| path));
                    let Some(path) = own else { return Err(problems) };
                    if let Some(built_in) = built_in().remove(&path) {
                        sources.insert(path, built_in);
                    }
                }
            }
            if problems.len() > sources.len() + overrides.len() {
                return Err(problems);
            }
        }
    }
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

fn is_mail(path: &str) -> bool {
    path.starts_with("mail/") && (path.ends_with(".html") || path.ends_with(".txt"))
}

fn built_in() -> BTreeMap<String, Arc<Source>> {
    let files = BuiltIn::iter().filter(|path| is_mail(path)).filter_map(|path| {
        let text = String::from_utf8(BuiltIn::get(&path)?.data.into_owned()).ok()?;
        Some((path.to_string(), Source::new(format!("templates/{path}"), text)))
    });
    files.collect()
}

fn parse(sources: &BTreeMap<String, Arc<Source>>) -> Result<Tera, tera::Error> {
    let mut tera = Tera::new();
    tera.autoescape_on([".html"]);
    tera.set_escape_fn(escape_into);
    tera.register_function("range", range);
    tera.register_test("answered", |value: &Value, _: Kwargs, _: &State| !value.is_undefined() && !value.is_none());
    tera.add_raw_templates(sources.iter().map(|(path, source)| (path.clone(), source.text.clone())))?;
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
fn fault(error: &tera::Error, sources: &BTreeMap<String, Arc<Source>>) -> (Option<String>, Problem) {
    let text = |path: &str| sources.get(path).map(|source| source.text.as_str());
    let (path, span, message) = match complaint(error, text) {
        Some(complaint) => (Some(complaint.template), complaint.at, complaint.message),
        None => {
            let path = match error.kind() {
                ErrorKind::MissingParent { current, .. } => Some(current.clone()),
                ErrorKind::CircularExtend { tpl, .. } | ErrorKind::CircularInclude { tpl, .. } => Some(tpl.clone()),
                _ => None,
            };
            (path, 0..0, sentence(error))
        }
    };
    let source = path.as_ref().and_then(|path| sources.get(path)).cloned();
    let source = source.unwrap_or_else(|| Source::new("templates", ""));
    let help = "correct the template, or remove it: the built-in one takes its place";
    (path, Problem::error(&source, span, message, help))
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Templates({})", self.sources.len())
    }
}

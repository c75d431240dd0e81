//! The issues of a newsletter that have appeared, for nobody in particular to read. Changes nothing.
//!
//! An issue has appeared when all of this holds: the newsletter in force has it in `lessons`; its moment has passed for
//! everybody by the reader's clock, wherever they live; and it was dated before the newsletter began, or has left for
//! somebody, or nobody is there whom it could leave for. One without a date has its moment when the cron line takes it.
//! What is to come, drafts and what was retired or stopped hasn't appeared, nor has what is held and nobody got.

use crate::course::Kind;
use crate::flow::App;
use crate::flow::issue;
use crate::flow::shelf::Shelved;
use crate::message::Archive;
use crate::message::Progress;
use crate::message::Titled;
use crate::message::Values;
use crate::site::Site;
use crate::store::issues;
use crate::store::issues::Fate;
use crate::store::issues::Issue;
use crate::store::meta;
use crate::text::words;
use anyhow::Context as _;
use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;

/// An issue in the list of those that have appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What the issue is called now.
    pub name: String,
    pub url: String,
    /// The URL that it had first: it names the issue for ever.
    pub first_url: String,
    /// As nobody in particular would read it; one line.
    pub title: String,
    /// One line, maybe empty.
    pub preview: String,
    /// Of the title and the preview.
    pub language: String,
    /// In the newsletter's time zone, or wherever its readers live.
    pub date: Date,
    /// Since when its moment has passed for everybody, by the reader's clock.
    pub since: Timestamp,
}

/// Those of a newsletter, newest first, each in this language where it is translated. None of what is no newsletter.
///
/// # Errors
/// When the database can't be read, or a title can't be filled in.
pub async fn list(app: &App, shelved: &Shelved, language: &str) -> Result<Vec<Listed>> {
    let appeared = appeared(app, shelved).await?;
    let site = &app.settings.site;
    appeared.iter().map(|(it, since)| entry(site, shelved, &it.lesson, language, it.moment.date(), *since)).collect()
}

/// One issue as the list shows it, appeared or not; `first_name` is what it was called first.
///
/// # Errors
/// When there is no such issue, or its title can't be filled in.
pub fn entry(
    site: &Site,
    shelved: &Shelved,
    first_name: &str,
    language: &str,
    date: Date,
    since: Timestamp,
) -> Result<Listed> {
    let name = shelved.called_now(first_name);
    let edition = shelved.edition(name, language);
    let (_, prepared) = edition.lesson(name).context("an issue in force isn't ready to be shown")?;
    let (title, preview) = prepared.head(&nobodys(site, edition, name))?;
    Ok(Listed {
        name: name.to_string(),
        url: url(site, shelved, name),
        first_url: url(site, shelved, first_name),
        title,
        preview,
        language: edition.course.language.clone(),
        date,
        since,
    })
}

/// One of them as a web page, and what it is; `None` when there is no such issue, or it hasn't appeared. It keeps its former
/// names.
///
/// # Errors
/// As [`list`].
pub async fn page(app: &App, shelved: &Shelved, name: &str, language: &str) -> Result<Option<(Listed, String)>> {
    let all = list(app, shelved, language).await?;
    let name = shelved.called_now(name);
    let Some(at) = all.iter().position(|it| it.name == name) else { return Ok(None) };
    let html = html(&app.settings.site, shelved, &all, at)?;
    Ok(Some((all[at].clone(), html)))
}

/// One of these issues, newest first, as nobody in particular reads it: with the ways to those beside it.
///
/// # Errors
/// As [`entry`].
pub fn html(site: &Site, shelved: &Shelved, all: &[Listed], at: usize) -> Result<String> {
    let (issue, newer) = (&all[at], at.checked_sub(1).and_then(|at| all.get(at)));
    let edition = shelved.edition(&issue.name, &issue.language);
    let (_, prepared) = edition.lesson(&issue.name).context("an issue in force isn't ready to be shown")?;
    let around = around(site, edition, issue.date, all.get(at + 1), newer);
    Ok(prepared.archived(&nobodys(site, edition, &issue.name), &around)?)
}

/// The words of these issues as HTML, each in the language of its title, in their order.
///
/// # Errors
/// As [`list`].
pub fn words_of(site: &Site, shelved: &Shelved, issues: &[Listed]) -> Result<Vec<String>> {
    let words = issues.iter().map(|it| {
        let edition = shelved.edition(&it.name, &it.language);
        let (_, prepared) = edition.lesson(&it.name).context("an issue in force isn't ready to be shown")?;
        Ok(prepared.words(&nobodys(site, edition, &it.name), &around(site, edition, it.date, None, None))?)
    });
    words.collect()
}

/// What stands around an issue in the place of what is a person's own.
fn around(site: &Site, edition: &Shelved, date: Date, before: Option<&Listed>, after: Option<&Listed>) -> Archive {
    let page = &words(&edition.course.language).page;
    let near = |label: &str, it: &Listed| Titled { title: format!("{label} {}", it.title), url: it.url.clone() };
    Archive {
        get: Titled { title: page.archive.get.to_string(), url: sign_up_url(site, edition) },
        all: Titled { title: page.archive.all.to_string(), url: list_url(site, edition) },
        before: before.map(|it| near(page.archive.before, it)),
        after: after.map(|it| near(page.archive.after, it)),
        date: page.dates.with_year(date),
    }
}

/// Where the list of a newsletter's issues stands.
pub fn list_url(site: &Site, shelved: &Shelved) -> String {
    format!("{}/archive/{}", site.url, shelved.course.id)
}

/// Newest first, each with the instant at which its moment had passed for everybody.
async fn appeared(app: &App, shelved: &Shelved) -> Result<Vec<(Issue, Timestamp)>> {
    let course = &shelved.course;
    let Some(newsletter) = course.newsletter.as_ref().filter(|_| course.kind == Kind::Newsletter) else {
        return Ok(Vec::new());
    };
    let now = app.clock.now();
    let mut connection = app.store.read().await?;
    let all = issues::of(&mut connection, &course.id).await?;
    let kept_back = issues::kept_back(&mut connection, &course.id).await?;
    let holds = meta::holds(&mut connection).await?;
    drop(connection);
    let is_out = |it: &Issue| match it.fate {
        Fate::Archive | Fate::Sent => !kept_back.contains(&it.lesson),
        // Where it has no recipients, only its hold says that nobody has decided yet.
        Fate::Late => {
            let what = issue::what(&course.id, &it.lesson);
            !kept_back.contains(&it.lesson) && !holds.iter().any(|hold| hold.name == what)
        }
        Fate::Stopped => false,
    };
    let known = all.into_iter().filter(|it| course.lessons.contains_key(shelved.called_now(&it.lesson)));
    let timed = known.filter(is_out).map(|it| (newsletter.latest(it.moment), it));
    let mut appeared: Vec<_> = timed.filter(|(since, _)| *since <= now.reader).map(|(since, it)| (it, since)).collect();
    // Of two with one moment the later in the file is the newer.
    let place = |it: &Issue| course.order.iter().position(|id| id == shelved.called_now(&it.lesson));
    appeared.sort_by_key(|(it, since)| std::cmp::Reverse((*since, place(it))));
    Ok(appeared)
}

fn nobodys(site: &Site, edition: &Shelved, name: &str) -> Values {
    let course = &edition.course;
    let place = course.order.iter().position(|id| id == name).unwrap_or(0);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let progress = Progress { number: count(place + 1), of: count(course.order.len()) };
    Values::of_nobody(course, progress, &sign_up_url(site, edition), url(site, edition, name))
}

fn sign_up_url(site: &Site, shelved: &Shelved) -> String {
    format!("{}/c/{}", site.url, shelved.course.id)
}

fn url(site: &Site, shelved: &Shelved, name: &str) -> String {
    format!("{}/{name}", list_url(site, shelved))
}

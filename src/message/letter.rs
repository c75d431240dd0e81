//! The program's own mails to one person, outside of any course: each is a folder of templates and one [`Letter`]. They
//! hold nothing that a visitor typed, not even a name: whoever enters a stranger's address can't say anything to them
//! through us.

use crate::message::RenderError;
use crate::message::Rendered;
use crate::message::Templates;
use crate::message::context;
use crate::message::finish::Limited;
use crate::message::finish::tidy;
use crate::message::one_line;
use crate::message::plain;
use crate::site::Site;
use crate::text::Mail;
use crate::text::fill;
use crate::text::words;
use serde_json::json;
use tera::Context;

/// The folders of all letters, below `mail/`.
pub const FOLDERS: [&str; 4] = ["confirmation", "page", "new-address", "address-changed"];

/// A course that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub title: &'a str,
    pub summary: &'a str,
}

/// What a letter says. Names of links are those by which its templates know them.
#[derive(Debug, Clone, Copy)]
pub enum Letter<'a> {
    /// Asks whether a sign-up was meant, for all courses at once. `never_url` leads to "never write to me".
    Confirmation { asked: &'a [Asked<'a>], confirm_url: &'a str, never_url: Option<&'a str> },
    /// Brings the link to a person's own page.
    Page { page_url: &'a str },
    /// Asks the owner of a new address whether it is theirs.
    NewAddress { confirm_url: &'a str },
    /// Tells the old address that there is a new one.
    AddressChanged,
}

/// The words of a letter outside of its templates. `{site}`
struct Frame {
    subject: &'static str,
    preview: &'static str,
    why: &'static str,
}

/// Makes a letter in a language.
///
/// # Errors
/// When an overriding template uses what this letter doesn't have.
pub fn letter(
    templates: &Templates,
    site: &Site,
    letter: &Letter<'_>,
    language: &str,
) -> Result<Rendered, RenderError> {
    let frame = letter.frame(&words(language).mail);
    let subject = one_line(&fill(frame.subject, &[("site", &site.name)]));
    let why = fill(frame.why, &[("site", &site.name)]);
    let mut context: Context = context::of_language(templates, site, language);
    letter.tell(&mut context);
    let mail = json!({
        "subject": subject,
        "title": subject,
        "preview": frame.preview,
        "progress": "",
        "page": false,
        "list": false,
        "course": false,
    });
    context.insert("mail", &mail);
    let own = &templates.theme().footer.text;
    context.insert("footer", &json!({ "why": why, "why_text": plain::wrap(&why), "disclaimer_text": "", "text": own }));
    context.insert("disclaimer_html", "");
    let part = |ending: &str| {
        let mut out = Limited(Vec::new());
        let done = templates.tera.render_to(&format!("mail/{}/mail.{ending}", letter.folder()), &context, &mut out);
        done.map_err(|error| RenderError::of_template(&error, templates))?;
        Ok(String::from_utf8_lossy(&out.0).into_owned())
    };
    let html = part("html")?;
    let text = tidy(&part("txt")?);
    Ok(Rendered { subject, preview: frame.preview.to_string(), html, text })
}

impl<'a> Letter<'a> {
    pub fn folder(&self) -> &'static str {
        match self {
            Letter::Confirmation { .. } => FOLDERS[0],
            Letter::Page { .. } => FOLDERS[1],
            Letter::NewAddress { .. } => FOLDERS[2],
            Letter::AddressChanged => FOLDERS[3],
        }
    }

    /// The link without which it is of no use.
    pub fn link(&self) -> Option<&'a str> {
        match self {
            Letter::Confirmation { confirm_url, .. } | Letter::NewAddress { confirm_url } => Some(confirm_url),
            Letter::Page { page_url } => Some(page_url),
            Letter::AddressChanged => None,
        }
    }

    fn frame(&self, words: &Mail) -> Frame {
        let (subject, preview, why) = match self {
            Letter::Confirmation { .. } => (words.confirm_subject, words.confirm_asked, words.confirm_why),
            Letter::Page { .. } => (words.page_subject, words.page_asked, words.page_why),
            Letter::NewAddress { .. } => (words.address_subject, words.address_asked, words.address_why),
            Letter::AddressChanged => (words.changed_subject, words.changed, words.changed_why),
        };
        Frame { subject, preview, why }
    }

    /// What its templates see besides what every mail has.
    fn tell(&self, context: &mut Context) {
        match self {
            Letter::Confirmation { asked, confirm_url, never_url } => {
                let course = |it: &Asked<'_>| json!({ "title": one_line(it.title), "summary": one_line(it.summary) });
                context.insert("asked", &asked.iter().map(course).collect::<Vec<_>>());
                context.insert("confirm_url", confirm_url);
                context.insert("never_url", never_url.unwrap_or_default());
            }
            Letter::Page { page_url } => context.insert("page_url", page_url),
            Letter::NewAddress { confirm_url } => context.insert("confirm_url", confirm_url),
            Letter::AddressChanged => {}
        }
    }
}

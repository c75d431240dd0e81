//! The mail that asks whether a sign-up was meant. It holds nothing that a visitor typed, not even a name: whoever
//! enters a stranger's address can't say anything to them through us.

use crate::message::RenderError;
use crate::message::Rendered;
use crate::message::Templates;
use crate::message::context;
use crate::message::one_line;
use crate::message::plain;
use crate::message::prepare::Limited;
use crate::message::prepare::tidy;
use crate::site::Site;
use crate::text::fill;
use crate::text::words;
use serde_json::json;
use tera::Context;

/// A course that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub title: &'a str,
    pub summary: &'a str,
}

/// One confirmation for all courses that were asked for. `never_url` leads to "never write to me".
///
/// # Errors
/// When an overriding template uses what a confirmation doesn't have.
pub fn confirmation(
    templates: &Templates,
    site: &Site,
    asked: &[Asked<'_>],
    language: &str,
    confirm_url: &str,
    never_url: Option<&str>,
) -> Result<Rendered, RenderError> {
    let words = &words(language).mail;
    let subject = one_line(&fill(words.confirm_subject, &[("site", &site.name)]));
    let why = fill(words.confirm_why, &[("site", &site.name)]);
    let courses: Vec<_> = asked
        .iter()
        .map(|course| json!({ "title": one_line(course.title), "summary": one_line(course.summary) }))
        .collect();
    let mut context: Context = context::of_language(templates, site, language);
    context.insert("asked", &courses);
    context.insert("confirm_url", confirm_url);
    context.insert("never_url", &never_url.unwrap_or_default());
    let mail = json!({
        "subject": subject,
        "title": subject,
        "preview": words.confirm_asked,
        "progress": "",
        "page": false,
        "list": false,
        "course": false,
    });
    context.insert("mail", &mail);
    let own = &templates.theme().footer.text;
    context.insert("footer", &json!({ "why": why, "why_text": plain::wrap(&why), "disclaimer_text": "", "text": own }));
    context.insert("disclaimer_html", "");
    let part = |name: &str| {
        let mut out = Limited(Vec::new());
        let done = templates.tera.render_to(name, &context, &mut out);
        done.map_err(|error| RenderError::of_template(&error, templates))?;
        Ok(String::from_utf8_lossy(&out.0).into_owned())
    };
    let html = part("mail/confirmation/mail.html")?;
    let text = tidy(&part("mail/confirmation/mail.txt")?);
    Ok(Rendered { subject, preview: words.confirm_asked.to_string(), html, text })
}

//! Buttons and recordings: what a coach writes as one line, `{{ button(…) }}` or `{{ audio(…) }}`, as the HTML and the text
//! of a mail. Knows no lesson and no person.

use crate::message::blocks::escape;
use crate::message::look::theme::Theme;
use crate::text::Mail;
use tera::Function;
use tera::Kwargs;
use tera::State;
use tera::Tera;
use tera::TeraResult;

/// Stand in HTML that has its styles already, until the words are known. Letters that no language uses.
const ADDRESS: &str = "\u{e000}";
const WORDS: &str = "\u{e001}";
const BESIDE: &str = "\u{e002}";

/// Gives templates `button(text, url)` and `audio(title, url, length)`. `dress` puts styles into HTML.
pub fn register(tera: &mut Tera, words: &Mail, theme: &Theme, dress: &dyn Fn(&str) -> String) {
    let colour = theme.light.button;
    let press = format!(
        "<table role=\"presentation\" class=\"press\">\n\
         <tbody><tr><td bgcolor=\"{colour}\"><a href=\"{ADDRESS}\">{WORDS}</a></td></tr></tbody>\n</table>\n"
    );
    let card = format!(
        "<table role=\"presentation\" class=\"box play\">\n\
         <tbody><tr><td><a href=\"{ADDRESS}\">▶\u{fe0e}&ensp;{WORDS}</a><p class=\"quiet\">{BESIDE}</p></td></tr></tbody>\n</table>\n"
    );
    tera.register_function("button", Button { html: dress(&press) });
    tera.register_function("audio", Audio { html: dress(&card), listen: words.listen });
}

/// One link that looks like what it is for.
struct Button {
    html: String,
}

impl Function<TeraResult<String>> for Button {
    fn call(&self, arguments: Kwargs, state: &State) -> TeraResult<String> {
        let (text, url) = (arguments.must_get::<String>("text")?, arguments.must_get::<String>("url")?);
        if state.autoescaping_enabled() {
            return Ok(filled(&self.html, &url, &text, ""));
        }
        Ok(line(&text, &url))
    }

    fn is_safe(&self) -> bool {
        true
    }
}

/// A link to a recording: mail programs have no players.
struct Audio {
    html: String,
    listen: &'static str,
}

impl Function<TeraResult<String>> for Audio {
    fn call(&self, arguments: Kwargs, state: &State) -> TeraResult<String> {
        let (title, url) = (arguments.must_get::<String>("title")?, arguments.must_get::<String>("url")?);
        let length = arguments.get::<String>("length")?;
        if state.autoescaping_enabled() {
            let beside = length.map_or(self.listen.to_string(), |length| format!("{} · {length}", self.listen));
            return Ok(filled(&self.html, &url, &title, &beside));
        }
        let length = length.map(|length| format!(" ({length})")).unwrap_or_default();
        Ok(line(&format!("{} – {title}{length}", self.listen), &url))
    }

    fn is_safe(&self) -> bool {
        true
    }
}

fn filled(html: &str, url: &str, words: &str, beside: &str) -> String {
    html.replace(ADDRESS, &escape(url)).replace(BESIDE, &escape(beside)).replace(WORDS, &escape(words))
}

/// Words and address in one line; a long address gets its own, so that no program breaks it.
fn line(words: &str, url: &str) -> String {
    let fits = words.chars().count() + url.chars().count() + 2 <= 72;
    let between = if fits { ' ' } else { '\n' };
    format!("{words}:{between}{url}\n")
}

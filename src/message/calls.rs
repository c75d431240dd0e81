//! What stands between the parentheses of `button(…)` and `audio(…)`: which arguments there are, and which values they may
//! have. Reads tags as tokens; fills nothing in.

use crate::keys::nearest;
use crate::message::markdown::is_sound;
use crate::message::paths::Token;
use std::ops::Range;

/// Something to say about a place within a tag.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub range: Range<usize>,
    pub message: String,
    pub help: String,
}

/// A function that prints a component.
struct Component {
    name: &'static str,
    /// All that it takes; those that it needs come first.
    takes: &'static [&'static str],
    needs: usize,
    example: &'static str,
    /// Where its address may lead.
    schemes: &'static [&'static str],
}

const COMPONENTS: [Component; 2] = [
    Component {
        name: "button",
        takes: &["text", "url"],
        needs: 2,
        example: "write {{ button(text=\"Book a talk\", url=\"https://…\") }}",
        schemes: &["https://", "http://", "mailto:", "tel:"],
    },
    Component {
        name: "audio",
        takes: &["title", "url", "length"],
        needs: 2,
        example: "write {{ audio(title=\"Ten quiet minutes\", url=\"https://…\", length=\"10 min\") }}",
        schemes: &["https://", "http://"],
    },
];

/// One argument as it is written: its name, and the tokens of its value.
type Argument<'t> = (&'t Token, &'t [Token]);

/// The component that a tag calls, by its name's token.
pub fn called(tokens: &[Token]) -> Option<&Token> {
    let call = tokens.windows(2).find(|pair| component(&pair[0]).is_some() && pair[1].is("("));
    call.map(|pair| &pair[0])
}

/// Everything wrong with the call of a component in these tokens.
pub fn faults(tokens: &[Token]) -> Vec<Fault> {
    let Some(at) = tokens.windows(2).position(|pair| component(&pair[0]).is_some() && pair[1].is("(")) else {
        return Vec::new();
    };
    let (name, Some(it)) = (&tokens[at], component(&tokens[at])) else { return Vec::new() };
    let Some(arguments) = arguments(&tokens[at + 2..]) else {
        return vec![fault(name, format!("`{}` can't be read", it.name), it.example)];
    };
    let is_given = |wanted: &&&str| arguments.iter().any(|(name, _)| name.is(wanted));
    let missing = it.takes[..it.needs].iter().filter(|wanted| !is_given(wanted));
    let missing = missing.map(|wanted| fault(name, format!("`{}` needs `{wanted}`", it.name), it.example));
    missing.chain(arguments.iter().filter_map(|argument| unfit(it, argument))).collect()
}

fn component(name: &Token) -> Option<&'static Component> {
    COMPONENTS.iter().find(|it| name.is(it.name))
}

/// `name = value, name = value)`
fn arguments(tokens: &[Token]) -> Option<Vec<Argument<'_>>> {
    let end = tokens.iter().position(|token| token.is(")"))?;
    let given = tokens[..end].split(|token| token.is(",")).filter(|argument| !argument.is_empty());
    given.map(|argument| Some((argument.first()?, argument.get(2..)?)).filter(|_| argument[1].is("="))).collect()
}

fn unfit(it: &Component, (name, value): &Argument<'_>) -> Option<Fault> {
    if !it.takes.iter().any(|known| name.is(known)) {
        let help = match nearest(&name.text, it.takes.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", it.takes.join(", ")),
        };
        return Some(fault(name, format!("`{}` takes no `{}`", it.name, name.text), help));
    }
    if name.is("url") {
        return unfit_address(it, name, value);
    }
    match value {
        [words] if words.quoted().is_some_and(|words| !words.trim().is_empty()) => None,
        _ => Some(fault(name, format!("`{}` has to be words in quotes", name.text), it.example)),
    }
}

fn unfit_address(it: &Component, name: &Token, value: &[Token]) -> Option<Fault> {
    if let [links, dot, _] = value
        && links.is("links")
        && dot.is(".")
    {
        return None;
    }
    let [value] = value else { return Some(fault(name, "`url` has to be an address in quotes".into(), it.example)) };
    let Some(url) = value.quoted() else {
        return Some(fault(name, "`url` has to be an address in quotes".into(), it.example));
    };
    if it.schemes.iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme)) {
        return None;
    }
    if is_sound(url) && !url.contains(':') {
        let help = "put the file where it can be heard, and give its whole address: https://…";
        return Some(fault(value, format!("sound isn't served from here, and `{url}` is a file"), help));
    }
    Some(fault(value, format!("`{url}` is no whole address"), "begin it with https://…"))
}

fn fault(at: &Token, message: String, help: impl Into<String>) -> Fault {
    Fault { range: at.range.clone(), message, help: help.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::paths::tokens;

    #[test]
    fn what_a_component_needs_and_takes_is_told() {
        let check = |tag: &str, expect: &[&str]| {
            let found: Vec<String> = faults(&tokens(tag)).into_iter().map(|fault| fault.message).collect();
            assert_eq!(found, expect, "{tag}");
        };
        check("{{ button(text=\"Go\", url=\"https://example.org\") }}", &[]);
        check("{{ button(url=links.my_course, text='Go') }}", &[]);
        check("{{ button(text=\"Write\", url=\"mailto:ana@example.org\",) }}", &[]);
        check("{{ audio(title=\"Rest\", url=\"https://example.org/a.mp3\", length=\"10 min\") }}", &[]);
        check("{{ button() }}", &["`button` needs `text`", "`button` needs `url`"]);
        check("{{ button(\"Go\", \"https://example.org\") }}", &["`button` can't be read"]);
        check("{{ button(text=\" \", url=\"x\") }}", &["`text` has to be words in quotes", "`x` is no whole address"]);
        check(
            "{{ button(text=subscriber.first_name, url=\"https://\") }}",
            &["`text` has to be words in quotes", "`https://` is no whole address"],
        );
        check(
            "{{ button(label=\"Go\", url=answers.x) }}",
            &["`button` needs `text`", "`button` takes no `label`", "`url` has to be an address in quotes"],
        );
        check(
            "{{ audio(title=\"a\", url=\"audio/rest.mp3\") }}",
            &["sound isn't served from here, and `audio/rest.mp3` is a file"],
        );
        check("{{ audio(title=\"a\", url=\"tel:112\") }}", &["`tel:112` is no whole address"]);
        check("{{ ask(id=\"x\") }}", &[]);
    }
}

//! Reads the `[[ask]]` tables of one lesson. Doesn't know what other lessons ask.

use crate::course::Ask;
use crate::course::AskKind;
use crate::course::names;
use crate::keys::Keys;
use crate::keys::nearest;
use std::ops::Range;
use toml::Spanned;

/// A question as it stands in one lesson; `ask` is absent where it couldn't be read.
pub struct AskFile {
    pub id: String,
    pub at: Range<usize>,
    pub ask: Option<Ask>,
    /// Stands for it where it couldn't be read, so that what hangs on it can be looked at.
    stand_in: Ask,
}

impl AskFile {
    pub fn sketch(&self) -> Ask {
        self.ask.clone().unwrap_or_else(|| self.stand_in.clone())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Choice,
    Choices,
    Scale,
    Text,
}

/// Ends of a scale that a person can still choose on.
const SCALE: std::ops::RangeInclusive<i64> = -100..=100;

pub fn asks(keys: &Keys<'_>) -> Vec<AskFile> {
    let mut asks: Vec<AskFile> = Vec::new();
    for table in keys.tables("ask") {
        let Some(ask) = ask(&table) else { continue };
        if asks.iter().any(|earlier| earlier.id == ask.id) {
            let message = format!("duplicate id: this lesson asks `{}` twice", ask.id);
            table.error(ask.at.clone(), message, "give one of them another id");
        }
        asks.push(ask);
    }
    asks
}

fn ask(keys: &Keys<'_>) -> Option<AskFile> {
    keys.missing("id", "write id = \"…\": templates and `when` name the question by it");
    keys.missing("question", "write question = \"…\"");
    keys.missing("kind", "write kind = \"choice\", \"choices\", \"scale\" or \"text\"");
    let id = keys.text("id");
    let question = keys.text("question");
    let words = [("choice", Word::Choice), ("choices", Word::Choices), ("scale", Word::Scale), ("text", Word::Text)];
    let word = names::one_of(keys, "kind", &words);
    let kind = word.and_then(|word| kind(keys, word));
    let alert = alert(keys, kind.as_ref());
    if word.is_none() {
        // Each of them belongs to some kind.
        for key in ["options", "min", "max", "low", "high"] {
            keys.has(key);
        }
    }
    keys.finish();
    let id = id?;
    if !names::is_word(id.get_ref()) {
        let message = format!("`{}` can't be a question's id", id.get_ref());
        keys.error(id.span(), message, names::WORD_HELP);
    }
    let at = id.span();
    let id = id.into_inner();
    let ask = question.zip(kind).map(|(question, kind)| {
        let question = question.into_inner();
        Ask { id: id.clone(), question, kind, alert }
    });
    let stand_in = Ask { id: id.clone(), question: String::new(), kind: likely(word), alert: Vec::new() };
    Some(AskFile { id, at, ask, stand_in })
}

/// A question of this kind, without what makes it one of its own.
fn likely(word: Option<Word>) -> AskKind {
    match word {
        Some(Word::Choice) => AskKind::Choice(Vec::new()),
        Some(Word::Choices) => AskKind::Choices(Vec::new()),
        Some(Word::Scale) => AskKind::Scale { min: 0, max: 10, low: String::new(), high: String::new() },
        Some(Word::Text) | None => AskKind::Text,
    }
}

fn kind(keys: &Keys<'_>, word: Word) -> Option<AskKind> {
    match word {
        Word::Choice => {
            let options = options(keys)?;
            if options.len() == 1 {
                let help =
                    "write another: \"I'd rather not say\" lets a reader decline. A box to tick has kind = \"choices\"";
                keys.warning(keys.span(), "there is only one option to choose", help);
            }
            Some(AskKind::Choice(options))
        }
        Word::Choices => options(keys).map(AskKind::Choices),
        Word::Scale => scale(keys),
        Word::Text => Some(AskKind::Text),
    }
}

fn options(keys: &Keys<'_>) -> Option<Vec<(String, String)>> {
    const HELP: &str = "write options = { id = \"Label\", other = \"Another label\" }";
    if !keys.has("options") {
        keys.error(keys.span(), "a choice without options", HELP);
        return None;
    }
    let table = labels(keys, &[])?;
    let mut options = Vec::new();
    let written = table.names();
    if written.is_empty() {
        keys.error(table.span(), "a choice without options", HELP);
        return None;
    }
    for name in written {
        let id = name.get_ref();
        if !names::is_option(id) {
            keys.error(name.span(), format!("`{id}` can't be an option's id"), "use letters, digits, - and _");
        }
        if let Some(label) = table.text(id) {
            options.push((id.clone(), label.into_inner()));
        }
    }
    look_alike(&table, &options);
    Some(options)
}

/// Warns of labels between which nobody can tell the difference. `table` is that of the options.
pub fn look_alike(table: &Keys<'_>, options: &[(String, String)]) {
    let folded = |label: &str| label.trim().to_lowercase();
    for (n, (id, label)) in options.iter().enumerate() {
        let same = |(_, other): &&(String, String)| folded(other) == folded(label);
        let Some((other, _)) = options[..n].iter().find(same) else { continue };
        let at = table.names().into_iter().find(|name| name.get_ref() == id).map_or(table.span(), |name| name.span());
        let help = "say in other words what is different, or remove one of them";
        table.warning(at, format!("the options `{other}` and `{id}` have the same label"), help);
    }
}

/// The table of a choice's options. Labels alone are no options yet: answers are kept by ids, of which some are `known`.
pub fn labels<'k>(keys: &Keys<'k>, known: &[(String, String)]) -> Option<Keys<'k>> {
    if !keys.is_list("options") {
        return keys.table("options");
    }
    let labels = keys.strings("options")?;
    let option = |(n, label): (usize, &Spanned<String>)| {
        let id = known.get(n).map_or_else(|| names::as_id(label.get_ref()), |(id, _)| id.clone());
        format!("{id} = \"{}\"", label.get_ref())
    };
    let written: Vec<String> = labels.get_ref().iter().enumerate().map(option).collect();
    let message = format!("`{}` should be a table, and is a list", keys.path("options"));
    let help = match written.is_empty() {
        true => "write options = { id = \"Label\", other = \"Another label\" }".to_string(),
        false => format!("write options = {{ {} }}", written.join(", ")),
    };
    keys.error(labels.span(), message, help);
    None
}

fn scale(keys: &Keys<'_>) -> Option<AskKind> {
    let end = |key: &str, default: i64| {
        if keys.has(key) {
            keys.integer(key, SCALE).map(|n| (*n.get_ref(), n.span()))
        } else {
            Some((default, keys.span()))
        }
    };
    let low = keys.string("low").map(|text| text.into_inner()).unwrap_or_default();
    let high = keys.string("high").map(|text| text.into_inner()).unwrap_or_default();
    let ((min, _), (max, at)) = end("min", 0).zip(end("max", 10))?;
    if min >= max {
        keys.error(at, format!("the scale ends at {max} and begins at {min}"), "let `max` be above `min`");
        return None;
    }
    Some(AskKind::Scale { min, max, low, high })
}

fn alert(keys: &Keys<'_>, kind: Option<&AskKind>) -> Vec<String> {
    let Some(alerts) = keys.strings("alert") else { return Vec::new() };
    let options: &[(String, String)] = match kind {
        None => return Vec::new(),
        Some(AskKind::Choice(options) | AskKind::Choices(options)) => options,
        Some(AskKind::Scale { .. } | AskKind::Text) => {
            let help = "only a choice has safety answers: ask with kind = \"choice\"";
            keys.error(alerts.span(), "`alert` names options, and this question has none", help);
            return Vec::new();
        }
    };
    for alert in alerts.get_ref() {
        if options.iter().any(|(id, _)| id == alert.get_ref()) {
            continue;
        }
        let help = match nearest(alert.get_ref(), options.iter().map(|(id, _)| id.as_str())) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "name one of the question's options".to_string(),
        };
        keys.error(alert.span(), format!("`alert` names no option of this question: `{}`", alert.get_ref()), help);
    }
    alerts.into_inner().into_iter().map(|alert| alert.into_inner()).collect()
}

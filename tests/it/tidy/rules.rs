//! The rules of the house, each from a source to its breaches. Reads no file.

use super::source::Source;
use sha2::Digest as _;
use sha2::Sha256;

/// Which crates may be named where, and why only there.
const CRATES: &[(&[&str], &[&str], &str)] = &[
    (&["sqlx"], &["store/"], "all SQL is in the store, so that it is written and tested once for every database"),
    (
        &["axum", "hyper", "hyper_util", "tower", "tower_http"],
        &["web/", "mailbox/", "reach.rs", "daemon.rs"],
        "pages are the edge, and one room asks others for theirs; a verb can't know of HTTP",
    ),
    (&["lettre"], &["relay/"], "the relay's conversation has one owner; mails are built by our own message room"),
    (
        &["rustls", "tokio_rustls", "webpki_roots", "rustls_native_certs"],
        &["relay/", "reach.rs", "mailbox/"],
        "protection of a connection has one owner on each side, for mails and for pages",
    ),
    (&["tera", "pulldown_cmark"], &["message/", "web/"], "what a reader sees is made in two rooms only"),
    (
        &["image"],
        &["picture/", "web/mod.rs"],
        "what an image's bytes mean is known in one room; the page of that name is the other",
    ),
    (&["mrml", "css_inline"], &["message/look/"], "how mails look is settled once, before any of them is made"),
    (&["cron", "chrono"], &["timing/"], "everything else speaks jiff; two calendars disagree one day"),
    (
        &["toml"],
        &["keys.rs", "keys/", "config/", "course/"],
        "TOML is parsed at the door; after that nobody validates again",
    ),
    (
        &["clap", "clap_complete", "clap_mangen", "indicatif"],
        &["cli/", "main.rs"],
        "only the edge knows how it was asked",
    ),
    (&["miette"], &["cli/"], "problems are plain values; only the edge draws them"),
    (&["notify", "sd_notify"], &["daemon.rs", "daemon/"], "only the daemon loops, waits and is watched"),
    (&["csv", "encoding_rs"], &["flow/"], "files of people are read and written by the verbs that need them"),
    (&["zstd"], &["flow/"], "the verb that freezes a mail is the one that packs it"),
    (
        &["mail_auth", "aws_lc_rs"],
        &["message/dkim", "flow/dkim_key.rs"],
        "keys that sign mails are read and used in one place, and made in one",
    ),
    (&["hmac"], &["link.rs", "flow/"], "a secret that many rooms can sign with has no owner"),
    (&["subtle"], &["link.rs", "web/"], "secrets are compared where they come in"),
    (&["getrandom"], &["ids.rs"], "chance enters at one door"),
    (&["rust_embed"], &["cli/", "mailbox/", "message/", "web/"], "each room embeds its own files"),
    (
        &["secrecy"],
        &["config/", "relay/"],
        "a secret goes from the file to the login or the signature, and nowhere else",
    ),
    (&["tracing_subscriber"], &["cli/"], "where lines go is decided once, at the edge"),
];

/// Below the rules begin the rooms that may touch the outside.
const FIRST_ADAPTER: &str = "store";
/// What a rule would need to touch the outside.
const OUTSIDE: &[&str] = &["tokio::", "std::fs", "std::net::Tcp", "std::env", "std::process", "std::thread"];

const HOMELESS: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "service", "services", "misc"];
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;

/// The rooms of lib.rs from top to bottom.
pub fn rooms(map: &Source) -> Vec<String> {
    map.uses("pub mod ").map(|at| map.word(at + "pub mod ".len()).to_string()).collect()
}

pub fn order(rooms: &[String], source: &Source) -> Vec<String> {
    let Some(here) = room(source).and_then(|room| rooms.iter().position(|it| it == room)) else {
        return if matches!(source.path.as_str(), "src/lib.rs" | "src/main.rs") {
            Vec::new()
        } else {
            vec![format!("{}: isn't part of a room that lib.rs lists", source.path)]
        };
    };
    let below = used_rooms(source).filter(|(used, _)| !rooms[..=here].iter().any(|it| it == used));
    let breach = |(used, at): (String, String)| {
        format!(
            "{at}: uses `{used}`, which lib.rs doesn't list above `{}`; a room may use only the rooms above it",
            rooms[here]
        )
    };
    below.map(breach).collect()
}

pub fn strangers(source: &Source) -> Vec<String> {
    let other = match room(source) {
        Some("store") => "relay",
        Some("relay") => "store",
        _ => return Vec::new(),
    };
    let met = used_rooms(source).filter(|(used, _)| used == other);
    met.map(|(_, at)| format!("{at}: names `{other}`; adapters are strangers, they meet in `flow`")).collect()
}

pub fn crates(source: &Source) -> Vec<String> {
    let inside = source.path.strip_prefix("src/").unwrap_or(&source.path);
    let mut breaches = Vec::new();
    for (names, places, reason) in CRATES {
        if places.iter().any(|place| inside.starts_with(place)) {
            continue;
        }
        for name in *names {
            for at in source.uses(name).filter(|at| is_crate(source, *at, name)) {
                let places = places.join(", ");
                breaches.push(format!("{}: `{name}` belongs to {places} alone: {reason}", place(source, at)));
            }
        }
    }
    breaches
}

pub fn purity(rooms: &[String], source: &Source) -> Vec<String> {
    let adapters = rooms.iter().position(|room| room == FIRST_ADAPTER).unwrap();
    if !room(source).is_some_and(|room| rooms[..adapters].iter().any(|it| it == room)) {
        return Vec::new();
    }
    let outside = OUTSIDE.iter().chain(&["async fn", "async move"]);
    let touched = outside.flat_map(|word| source.uses(word).map(move |at| (*word, at)));
    let breach = |(word, at)| {
        format!(
            "{}: `{word}`; words and rules are values in, values out, so that a test needs no world",
            place(source, at)
        )
    };
    touched.map(breach).collect()
}

pub fn arrows(source: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    for own in ["use crate::", "use dripline::"] {
        for at in source.uses(own) {
            let statement = source.code[at..].split(';').next().unwrap_or_default();
            if statement.contains('{') {
                breaches
                    .push(format!("{}: one `{own}…` a line, no braces: every arrow can be seen", place(source, at)));
            }
        }
    }
    for (text, instead) in
        [("pub(crate) mod", "a room is public or a secret of its room"), ("super::super", "name the room: `crate::…`")]
    {
        breaches.extend(source.uses(text).map(|at| format!("{}: `{text}`; {instead}", place(source, at))));
    }
    breaches
}

pub fn opening(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![format!("{}:1: open with `//!` and a sentence: what the file owns and what it doesn't know", source.path)]
}

pub fn lengths(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let mut breaches = Vec::new();
    // The words of a language stand in one file, so that who translates it has all of them before their eyes.
    let is_language = source.path.strip_prefix("src/text/").is_some_and(|name| name.len() == "en.rs".len());
    if lines > FILE_LINES && !is_language {
        breaches.push(format!(
            "{}: {lines} lines; files aim at 200 and end by {FILE_LINES}: which noun in it wants a file of its own?",
            source.path
        ));
    }
    for function in source.functions().into_iter().filter(|it| it.lines > FUNCTION_LINES) {
        breaches.push(format!(
            "{}:{}: `{}` has {} lines; functions aim at 25 and end by {FUNCTION_LINES}: name its parts",
            source.path, function.line, function.name, function.lines
        ));
    }
    breaches
}

pub fn names(source: &Source) -> Vec<String> {
    let parts = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let files = parts.filter(|part| HOMELESS.contains(part)).map(|part| (part, source.path.clone()));
    let modules = source.uses("mod ").map(|at| (source.word(at + "mod ".len()), place(source, at)));
    let homeless = files.chain(modules.filter(|(name, _)| HOMELESS.contains(name)));
    homeless.map(|(name, at)| format!("{at}: a module called `{name}`; what has no room has no owner")).collect()
}

pub fn unfinished(source: &Source) -> Vec<String> {
    let marks = ["TODO", "FIXME", "XXX", "HACK"];
    let words = marks.iter().flat_map(|mark| source.comments.match_indices(mark));
    let macros = ["todo!", "unimplemented!"].iter().flat_map(|name| source.uses(name).map(move |at| (at, *name)));
    let found = words.chain(macros);
    let breach =
        |(at, mark)| format!("{}: `{mark}`; finish it, or leave it out and say so in the docs", place(source, at));
    found.map(breach).collect()
}

pub fn trackers(source: &Source) -> Vec<String> {
    let text = if source.path.ends_with(".rs") { &source.comments } else { &source.text };
    let small = text.to_ascii_lowercase();
    let words = ["issue tracker", "pull request", "bug tracker", "/issues/", "/pull/", "jira"];
    let words = words.iter().flat_map(|word| small.match_indices(word)).map(|(at, _)| at);
    let numbers = small.match_indices('#').map(|(at, _)| at).filter(|at| is_number(&small, *at));
    let breach = |at| {
        format!(
            "{}: leans on an issue tracker; say the reason itself, a number is no use to whoever reads this later",
            place(source, at)
        )
    };
    words.chain(numbers).map(breach).collect()
}

/// `landed` holds lines of `sha256sum`; `migrations` are paths and texts.
pub fn migrations(landed: &str, migrations: &[(String, String)]) -> Vec<String> {
    let landed: Vec<(&str, &str)> = landed.lines().filter_map(|line| line.split_once("  ")).collect();
    let mut breaches = Vec::new();
    for (path, text) in migrations {
        let found: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        match landed.iter().find(|(_, it)| it == path) {
            None => breaches.push(format!("{path}: a new migration; `sha256sum {path} >> migrations/landed.sha256` makes it lasting")),
            Some((hash, _)) if *hash != found => breaches.push(format!(
                "{path}: has been edited after it landed; databases that ran it would refuse to open. Write a further migration"
            )),
            Some(_) => {}
        }
    }
    let gone = landed.iter().filter(|(_, path)| !migrations.iter().any(|(it, _)| it == path));
    breaches.extend(
        gone.map(|(_, path)| format!("{path}: has landed and is gone; databases that ran it would refuse to open")),
    );
    breaches
}

/// Files of `migrations/sqlite` and `migrations/postgres` with the same name must differ in column types only; what
/// stands in PostgreSQL's folder alone is a word of SQLite's that it lacks.
pub fn twins(migrations: &[(String, String)]) -> Vec<String> {
    let of = |database: &'static str| {
        let folder = format!("migrations/{database}/");
        let named =
            move |(path, text): &(String, String)| Some((path.strip_prefix(&folder)?.to_string(), text.clone()));
        migrations.iter().filter_map(named).collect::<Vec<_>>()
    };
    let postgres = of("postgres");
    let mut breaches = Vec::new();
    for (name, text) in of("sqlite") {
        let Some((_, twin)) = postgres.iter().find(|(it, _)| *it == name) else {
            breaches.push(format!("migrations/sqlite/{name}: has no twin in migrations/postgres"));
            continue;
        };
        let (ours, theirs) = (without_types(&text), without_types(twin));
        let differs = ours.lines().zip(theirs.lines()).position(|(one, other)| one != other);
        if let Some(line) = differs.or((ours.lines().count() != theirs.lines().count()).then_some(0)) {
            let line = line + 1;
            breaches.push(format!(
                "migrations/postgres/{name}:{line}: differs from SQLite's in more than column types; statements are written once"
            ));
        }
    }
    breaches
}

/// Each pair of words that mean the same, as one.
fn without_types(text: &str) -> String {
    let types = [
        ("TEXT COLLATE \"C\"", "TEXT"),
        ("BYTEA", "BLOB"),
        ("INTEGER NOT NULL PRIMARY KEY", "BIGINT NOT NULL PRIMARY KEY"),
    ];
    types.iter().fold(text.to_string(), |text, (one, other)| text.replace(one, other))
}

/// The room a file of src belongs to.
fn room(source: &Source) -> Option<&str> {
    let inside = source.path.strip_prefix("src/")?;
    let room = inside.split('/').next()?.trim_end_matches(".rs");
    (!matches!(inside, "lib.rs" | "main.rs")).then_some(room)
}

fn used_rooms(source: &Source) -> impl Iterator<Item = (String, String)> + '_ {
    let uses = source.uses("crate::").map(|at| (source.word(at + "crate::".len()).to_string(), place(source, at)));
    uses.filter(|(room, _)| !room.is_empty())
}

/// Whether the name at `at` is a crate's: the head of a path, or imported whole.
fn is_crate(source: &Source, at: usize, name: &str) -> bool {
    let after = &source.code[at + name.len()..];
    let imported =
        source.code[..at].trim_end().ends_with("use") && (after.starts_with(';') || after.starts_with(" as "));
    after.starts_with("::") || imported
}

/// `#` and up to five digits, as trackers number things; a colour has six, or letters.
fn is_number(text: &str, at: usize) -> bool {
    let opened = text[..at].chars().next_back().is_none_or(|it| it.is_whitespace() || it == '(');
    let rest = &text[at + 1..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let closed = rest[digits..].chars().next().is_none_or(|it| !it.is_alphanumeric());
    opened && (1..=5).contains(&digits) && digits != 3 && closed
}

fn place(source: &Source, at: usize) -> String {
    format!("{}:{}", source.path, source.line(at))
}

//! `dripline dkim-key`: keys that sign mails, and what to publish of them.

use crate::cli::Context;
use crate::cli::output;
use crate::config;
use crate::config::Config;
use crate::flow::dkim_key;
use crate::message::Algorithm;
use crate::message::DkimKey;
use crate::message::is_selector;
use crate::message::record_name;
use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::json;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make keys that sign mails, and print the DNS records to publish
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One key of this kind; without it one of each, because some receivers read only RSA
    #[arg(long, value_enum)]
    pub algorithm: Option<Kind>,
    /// The name under which the key is published; without it the next free one of d1, d2, …
    #[arg(long, value_name = "NAME", value_parser = selector)]
    pub selector: Option<String>,
    /// The domain that signs; without it the one of [dkim], or of the sender's address
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub domain: Option<String>,
    /// Where the key is written; without it secrets/dkim-NAME.pem beside the configuration
    #[arg(long, value_name = "FILE", requires = "algorithm")]
    pub out: Option<PathBuf>,
    /// Print an array of {algorithm, selector, domain, file, name, value, strings}
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// 2048 bits; every receiver reads it
    Rsa,
    /// Short and fast; beside RSA
    Ed25519,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Rsa => "rsa",
            Kind::Ed25519 => "ed25519",
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Kind::Rsa => Algorithm::Rsa,
            Kind::Ed25519 => Algorithm::Ed25519,
        }
    }
}

/// A key that is about to be made.
struct Planned {
    kind: Kind,
    selector: String,
    file: PathBuf,
}

/// A DNS string holds 255 octets (RFC 1035 §3.3); a record may have several, which receivers join.
const DNS_STRING: usize = 255;

/// Nothing is written when one of the files exists.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let base = std::path::absolute(&context.config)?.parent().map(Path::to_path_buf).unwrap_or_default();
    // Also while the configuration names keys that are still to be made.
    let config = config::load(&context.config, context.environment.clone()).config;
    let domain = match (&args.domain, &config) {
        (Some(domain), _) => domain.clone(),
        (None, Some(config)) => domain_of(config),
        (None, None) => anyhow::bail!("the configuration can't be used to find the domain; name it with --domain"),
    };
    let planned = plan(&args, &base, config.as_ref());
    if !planned.iter().all(|key| is_selector(&key.selector)) {
        anyhow::bail!(
            "with the kind of key behind it this --selector has more than 63 characters; choose a shorter one"
        );
    }
    if let Some(there) = planned.iter().find(|key| key.file.exists()) {
        anyhow::bail!("{} exists, and a key is never overwritten; choose another --selector", there.file.display());
    }
    let mut made = Vec::new();
    for key in planned {
        made.push((dkim_key::make(key.kind.algorithm(), &key.file)?, key));
    }
    output::data(if args.json { as_json(&made, &domain)? } else { as_text(&made, &domain, &base) })?;
    eprintln!("Publish the records first, then put these lines into dripline.toml and restart the daemon.");
    if config.is_some_and(|config| config.dkim.is_some()) {
        eprintln!(
            "They take the place of the [dkim] that is there. Keep the old records for a week: mails are on their way."
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn domain_of(config: &Config) -> String {
    match &config.dkim {
        Some(signer) => signer.domain().to_string(),
        None => config.sender.address.domain().to_string(),
    }
}

fn plan(args: &Args, base: &Path, config: Option<&Config>) -> Vec<Planned> {
    let kinds = args.algorithm.map_or(vec![Kind::Rsa, Kind::Ed25519], |kind| vec![kind]);
    let beside = |selector: &str| base.join(format!("secrets/dkim-{selector}.pem"));
    let signer = config.and_then(|config| config.dkim.as_ref());
    let is_free =
        |name: &String| !beside(name).exists() && !signer.is_some_and(|signer| signer.selectors().any(|it| it == name));
    let mut free = (1..).map(|number| format!("d{number}")).filter(is_free);
    let both = kinds.len() > 1;
    let planned = kinds.into_iter().map(|kind| {
        let selector = match &args.selector {
            Some(name) if both => format!("{name}-{}", kind.name()),
            Some(name) => name.clone(),
            None => free.next().unwrap_or_default(),
        };
        let file = args.out.clone().unwrap_or_else(|| beside(&selector));
        Planned { kind, selector, file }
    });
    planned.collect()
}

fn as_text(made: &[(DkimKey, Planned)], domain: &str, base: &Path) -> String {
    let mut text = String::new();
    for (key, Planned { kind, selector, file }) in made {
        let (name, value) = (record_name(selector, domain), key.record());
        let quoted = strings(&value).iter().map(|part| format!("  \"{part}\"")).collect::<Vec<_>>().join("\n");
        text.push_str(&format!(
            "Key   {} ({})\nName  {name}\nType  TXT\nValue {value}\n\nThe same for a zone file:\n{name}. 3600 IN TXT (\n{quoted} )\n\n",
            file.display(),
            kind.name()
        ));
    }
    let keys: Vec<String> = made
        .iter()
        .map(|(_, key)| format!("  {{ selector = \"{}\", file = \"{}\" }},\n", key.selector, named(&key.file, base)))
        .collect();
    text + &format!("For dripline.toml:\n[dkim]\ndomain = \"{domain}\"\nkeys = [\n{}]\n", keys.concat())
}

fn as_json(made: &[(DkimKey, Planned)], domain: &str) -> anyhow::Result<String> {
    let all: Vec<_> = made
        .iter()
        .map(|(key, it)| {
            json!({
                "algorithm": it.kind.name(), "selector": it.selector, "domain": domain, "file": it.file,
                "name": record_name(&it.selector, domain), "value": key.record(), "strings": strings(&key.record()),
            })
        })
        .collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&all).context("the answer can't be written")?))
}

/// As dripline.toml names it: from its own folder on.
fn named(file: &Path, base: &Path) -> String {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    whole.strip_prefix(base).unwrap_or(&whole).display().to_string()
}

fn strings(value: &str) -> Vec<&str> {
    (0..value.len()).step_by(DNS_STRING).map(|at| &value[at..value.len().min(at + DNS_STRING)]).collect()
}

fn selector(text: &str) -> Result<String, &'static str> {
    let help = "use letters, digits and hyphens, at most 63, like d1";
    if is_selector(text) { Ok(text.to_string()) } else { Err(help) }
}

fn domain(text: &str) -> Result<String, &'static str> {
    let domain = idna::domain_to_ascii_strict(text).ok().filter(|domain| domain.contains('.'));
    domain.ok_or("write a domain like learn.example.org")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn names_are_checked_at_the_door_and_one_file_holds_one_key() {
        let args: Args = parse("--algorithm rsa --selector d9 --domain LEARN.example.org --out key.pem").unwrap();
        assert_eq!((args.selector.as_deref(), args.domain.as_deref()), (Some("d9"), Some("learn.example.org")));
        let check = |line: &str| assert!(parse::<Args>(line).is_err(), "{line}");
        check("--out key.pem");
        check("--selector a_b");
        check("--selector -a");
        check("--selector a-");
        check(&format!("--algorithm rsa --selector {}", "x".repeat(64)));
        check("--domain localhost");
        check("--algorithm dsa");
    }

    #[test]
    fn a_long_value_is_parted_into_strings_of_the_dns() {
        let check = |length: usize, expect: &[usize]| {
            let value = "x".repeat(length);
            assert_eq!(strings(&value).iter().map(|part| part.len()).collect::<Vec<_>>(), expect);
        };
        check(60, &[60]);
        check(255, &[255]);
        check(410, &[255, 155]);
    }
}

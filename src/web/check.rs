//! What is wrong with the coach's templates of pages: shows each with sample values. Answers nobody.

use crate::keys::nearest;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Site;
use crate::text;
use crate::web::answer;
use crate::web::archive;
use crate::web::pages::Pages;
use crate::web::samples;
use std::collections::BTreeMap;
use tera::ErrorKind;

const HELP: &str = "correct the template, or remove it: the built-in one takes its place";

/// The coach's templates of pages that the daemon would refuse, that can't be shown, or that stand in for nothing.
pub fn check(site: &Site, overrides: &BTreeMap<String, Vec<u8>>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = overrides.keys().filter_map(|path| unused(path, overrides)).collect();
    let alone = overrides.iter().filter_map(|(path, bytes)| {
        let error = Pages::load(site, &BTreeMap::from([(path.clone(), bytes.clone())])).err()?;
        Some(report(path, &error, overrides))
    });
    let alone: Vec<Problem> = alone.collect();
    match Pages::load(site, overrides) {
        Err(error) if alone.is_empty() => problems.push(report("web", &error, overrides)),
        Err(_) => problems.extend(alone),
        Ok(pages) => {
            let voice = pages.voice(text::words(&site.language));
            let samples = samples::samples().into_iter().chain(samples::own_samples());
            for (template, values) in samples.chain(answer::samples()).chain(archive::samples()) {
                problems
                    .extend(voice.try_out(template, &values).err().map(|error| report(template, &error, overrides)));
            }
        }
    }
    problem::sort(&mut problems);
    problems
}

/// A file whose path is most likely misspelt.
fn unused(path: &str, overrides: &BTreeMap<String, Vec<u8>>) -> Option<Problem> {
    let ours: Vec<String> = Pages::built_in().collect();
    if !path.starts_with("web/") || ours.iter().any(|known| known == path) {
        return None;
    }
    let quoted = [format!("\"{path}\""), format!("'{path}'")];
    let names = |bytes: &Vec<u8>| {
        let text = String::from_utf8_lossy(bytes);
        quoted.iter().any(|name| text.contains(name))
    };
    if overrides.values().any(names) {
        return None;
    }
    let help = match nearest(path, ours.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `templates/{near}`?"),
        None => "give it the path of the built-in template that it replaces, or remove it".to_string(),
    };
    let source = Source::new(format!("templates/{path}"), "");
    Some(Problem::error(&source, 0..0, "no page of ours has this path, and no template names it", help))
}

/// What Tera says, in the template and at the place of which it says it.
fn report(template: &str, error: &anyhow::Error, overrides: &BTreeMap<String, Vec<u8>>) -> Problem {
    let said = error.root_cause().to_string();
    let printed = said.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(said.trim()).to_string();
    let (mut path, mut at, mut sentence) = (template.to_string(), 0..0, printed);
    if let Some(tera) = error.chain().find_map(|cause| cause.downcast_ref::<tera::Error>())
        && let ErrorKind::SyntaxError(found) | ErrorKind::RenderingError(found) = tera.kind()
    {
        (path, at) = (found.filename().to_string(), found.span().range.clone());
        sentence = found.message().split(" Available variables").next().unwrap_or_default().to_string();
    }
    let text = overrides.get(&path).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let source = Source::new(format!("templates/{path}"), text);
    Problem::error(&source, at, format!("this page's template can't be used: {sentence}"), HELP)
}

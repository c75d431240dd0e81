//! Whether the addresses to which courses lead still answer: each is asked once, however often it is written. Writes to
//! nobody and needs no database.

use crate::course::Loaded;
use crate::message::Link;
use crate::message::outside_links;
use crate::problem::Problem;
use crate::reach::Answer;
use crate::reach::Visitor;
use anyhow::Context as _;
use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long one address may take, with all its redirects.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Addresses that are asked at a time.
const AT_ONCE: usize = 4;

/// The problems of every address of the web in these courses, each where it is written. An address that has moved for
/// good, or won't answer a program, is a warning. `told` hears of each as it is asked.
///
/// # Errors
/// When TLS can't be set up.
pub async fn check_links(shelf: &[Loaded], patience: Duration, told: impl Fn(usize, usize)) -> Result<Vec<Problem>> {
    let visitor = Visitor::new(patience).context("TLS can't be set up")?;
    let mut places: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    for link in shelf.iter().filter_map(|loaded| loaded.sketch.as_ref()).flat_map(outside_links) {
        let page = link.url.split('#').next().unwrap_or_default().to_string();
        places.entry(page).or_default().push(link);
    }
    let all = places.len();
    let visits = stream::iter(places).map(|(page, links)| {
        let visitor = visitor.clone();
        async move { (visitor.visit(&page).await, links) }
    });
    let mut visits = visits.buffer_unordered(AT_ONCE);
    let (mut problems, mut done) = (Vec::new(), 0);
    while let Some((answer, links)) = visits.next().await {
        done += 1;
        told(done, all);
        problems.extend(links.iter().filter_map(|link| problem(&answer, link)));
    }
    Ok(problems)
}

fn problem(answer: &Answer, link: &Link) -> Option<Problem> {
    let Link { url, source, span } = link;
    let error = |message: String, help: &str| Some(Problem::error(source, span.clone(), message, help));
    let warning = |message: String, help: &str| Some(Problem::warning(source, span.clone(), message, help));
    match answer {
        Answer::Fine { moved: None } => None,
        Answer::Fine { moved: Some(place) } => warning(
            format!("`{url}` has moved for good to {place}"),
            "write the new address: the old one may end one day",
        ),
        Answer::Gone { status, at } => {
            let way = if at == url { String::new() } else { format!(", at {at}") };
            error(format!("dead link: `{url}` answers {status}{way}"), "find its new address, or take the link out")
        }
        Answer::Unwilling { status } => warning(
            format!("`{url}` answers {status} to a program"),
            "open it in a browser: it may be there for people",
        ),
        Answer::Unreachable(why) => {
            error(format!("`{url}` couldn't be reached: {why}"), "try again; if it stays so, open it in a browser")
        }
    }
}

//! The whole path, from a seeded database to a sink in another process, beside a replay of one prebuilt mail through the
//! same sessions (the ceiling) and, where Postfix's `smtp-source` is installed, beside that. Every mail is counted at the
//! sink: a rate without that count is void.
//!
//! `cargo bench --bench whole_path -- [people=20000] [due=PEOPLE] [rounds=3] [connections=16] [rtt=0] [refused=0] [pages=0]
//! [dkim] [silent] [postgres]`

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod case;
mod path;
mod replay;
mod seed;
#[path = "../site/mod.rs"]
mod site;
mod sink;
mod source;

use case::Case;
use std::error::Error;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match words.split_first() {
        Some((first, rest)) if first == sink::ROLE => runtime.block_on(sink::run(rest)),
        Some((first, rest)) if first == seed::ROLE => runtime.block_on(seed::run(rest)),
        _ => runtime.block_on(compare(&Case::read(&words)?)),
    }
}

async fn compare(case: &Case) -> Result<()> {
    println!("{case}");
    let mut ratios = [("replay", Vec::new()), ("smtp-source", Vec::new())];
    for round in 1..=case.rounds {
        let folder = tempfile::tempdir()?;
        seed::seed(folder.path(), case)?;
        let whole = path::whole_path(folder.path(), case).await?;
        println!("round {round}: whole path  {}", whole.leg);
        println!("         making the mails alone {:.0} us each, {} bytes", whole.making, whole.mail.len());
        println!("         peak memory of this process so far {} MB", whole.memory);
        let beside = [Some(replay::replay(case, &whole.mail).await?), source::source(case, whole.mail.len())?];
        for ((name, ratios), leg) in ratios.iter_mut().zip(beside) {
            if let Some(leg) = leg {
                println!("         {name:11} {leg}");
                ratios.push(whole.leg.rate / leg.rate);
            }
        }
    }
    for (name, mut ratios) in ratios.into_iter().filter(|(_, ratios)| !ratios.is_empty()) {
        ratios.sort_by(f64::total_cmp);
        let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
        println!("whole path / {name}: median {:.2}, {least:.2}-{most:.2}", ratios[ratios.len() / 2]);
    }
    Ok(())
}

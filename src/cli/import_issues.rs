//! `dripline import-issues`: what a newsletter sent before, from the Markdown folder of another program.

use crate::cli::Context;
use crate::cli::output;
use crate::cli::values;
use crate::clock::Clock;
use crate::config::Config;
use crate::flow;
use crate::flow::import_issues::Became;
use crate::flow::import_issues::Import;
use crate::flow::import_issues::Imported;
use crate::flow::import_issues::Told;
use crate::flow::import_issues::import_issues;
use crate::problem::any_error;
use crate::text::counted;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Bring earlier issues of a newsletter into its archive, from a folder of Markdown
///
/// Reads every .md file below the folder, as Hugo, Jekyll, Ghost and Buttondown write them: with TOML (+++), YAML (---), JSON
/// or nothing at the top. title or subject, date or published, description, preview or excerpt, slug and draft are read; a
/// date may stand at the beginning of the file's name instead. Each becomes an issue of the newsletter, with its pictures.
/// What is past stands in the archive and the feed at its date and is sent to nobody; what is dated ahead is sent on its
/// date; what wasn't for everybody, and what `check` finds an error in, becomes a draft. No file is overwritten: the same
/// command again brings in what was refused before.
#[derive(Debug, clap::Args)]
pub struct Args {
    pub folder: PathBuf,
    /// The newsletter's folder below `courses`
    #[arg(long, value_name = "NEWSLETTER", value_parser = values::course)]
    pub newsletter: String,
    /// Tell everything, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print an array of {file, became, issue, date, reason, notes}
    #[arg(long)]
    pub json: bool,
}

/// Exit status 1 when a file was refused.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let config = context.config()?;
    let import = Import {
        folder: &args.folder,
        courses: &config.courses,
        templates: &config.templates,
        newsletter: &args.newsletter,
        site: &config.site,
        now: Clock::system().now().reader,
        dry_run: args.dry_run,
    };
    let Imported { told, skipped } = import_issues(&import)?;
    output::data(if args.json {
        format!("{}\n", serde_json::to_string_pretty(&told)?)
    } else {
        told.iter().map(line).collect()
    })?;
    eprint!("{}", in_words(&told, args.dry_run));
    if !skipped.is_empty() {
        eprintln!("not looked into: {}", skipped.join(", "));
    }
    let comes = |told: &Told| matches!(told.became, Became::Imported { .. } | Became::Planned { .. });
    if !args.dry_run && told.iter().any(comes) {
        eprint!("{}", next(&config, &args.newsletter));
    }
    let refused = told.iter().any(|it| matches!(it.became, Became::Refused { .. }));
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn line(told: &Told) -> String {
    let became = match &told.became {
        Became::Imported { issue, date } => format!("{issue}, of {}, for the archive", date.strftime("%Y-%m-%d %H:%M")),
        Became::Planned { issue, date } => {
            format!("{issue}, PLANNED: it is sent on {}", date.strftime("%Y-%m-%d at %H:%M"))
        }
        Became::Draft { issue, until: None } => format!("{issue}, a draft: nobody gets it"),
        Became::Draft { issue, until: Some(problem) } => format!("{issue}, a draft until this is mended: {problem}"),
        Became::There { issue } => format!("{issue} is there already and stays as it is"),
        Became::Refused { reason } => format!("refused: {reason}"),
    };
    let mut text = format!("{}: {became}\n", told.file);
    for note in &told.notes {
        writeln!(text, "    {note}").ok();
    }
    text
}

fn in_words(told: &[Told], dry_run: bool) -> String {
    let mut counts = [0; 5];
    for it in told {
        counts[match it.became {
            Became::Imported { .. } => 0,
            Became::Planned { .. } => 1,
            Became::Draft { .. } => 2,
            Became::There { .. } => 3,
            Became::Refused { .. } => 4,
        }] += 1;
    }
    let [imported, planned, drafts, there, refused] = counts;
    let mut text = format!(
        "{} read: {imported} for the archive, {planned} planned, {}, {there} there already, {refused} refused\n",
        counted(told.len(), "file", "files"),
        counted(drafts, "draft", "drafts")
    );
    if refused > 0 {
        text.push_str("mend the refused files and import the folder again: what is there already stays as it is\n");
    }
    if told.iter().any(|it| matches!(it.became, Became::Draft { until: Some(_), .. })) {
        text.push_str("mend what is said of the drafts in the newsletter's folder, and put their ids into `lessons`\n");
    }
    if dry_run {
        text.push_str("nothing was written (--dry-run)\n");
    }
    text
}

/// What `check` says of the newsletter now, since an error keeps all of it from coming into force.
fn next(config: &Config, newsletter: &str) -> String {
    let prefix = format!("/{newsletter}/");
    let content = flow::check::read(&config.courses, &config.templates);
    let mut problems = flow::check::check(&config.site, &content);
    problems.retain(|problem| problem.file().contains(&prefix));
    if any_error(&problems) {
        "`dripline check` names errors in these files: until they are mended the newsletter stays as it was\n"
            .to_string()
    } else {
        format!("they come into force as any edit does; then look at {}/archive/{newsletter}\n", config.site.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;
    use jiff::civil::date;

    #[test]
    fn a_folder_and_a_newsletter_are_needed() {
        assert!(parse::<Args>("posts --newsletter notes --dry-run").is_ok_and(|args| args.dry_run));
        assert!(parse::<Args>("posts").is_err());
        assert!(parse::<Args>("--newsletter notes").is_err());
        assert!(parse::<Args>("posts --newsletter ../notes").is_err());
    }

    #[test]
    fn each_file_is_a_line_and_what_is_refused_says_what_to_do() {
        let told = |became: Became, notes: &[&str]| Told {
            file: "a.md".to_string(),
            became,
            notes: notes.iter().map(|note| note.to_string()).collect(),
        };
        let moment = date(2024, 1, 5).at(9, 0, 0, 0);
        let imported = told(Became::Imported { issue: "a".to_string(), date: moment }, &["a note"]);
        assert_eq!(line(&imported), "a.md: a, of 2024-01-05 09:00, for the archive\n    a note\n");
        let refused = told(Became::Refused { reason: "it has no text; write some".to_string() }, &[]);
        assert_eq!(line(&refused), "a.md: refused: it has no text; write some\n");
        let text = in_words(&[imported, refused], true);
        assert!(text.starts_with("2 files read: 1 for the archive, 0 planned, 0 drafts, 0 there already, 1 refused\n"));
        assert!(text.contains("mend") && text.contains("nothing was written"), "{text}");
    }
}

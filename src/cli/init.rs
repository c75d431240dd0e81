//! `dripline init`: a folder with everything that a new site needs. Opens no database and asks nothing.

use crate::cli::Context;
use crate::cli::output;
use anyhow::Context as _;
use rust_embed::Embed;
use std::fs;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

/// Lay out a new site: configuration, one course, templates, secrets, a systemd unit, a check of each commit
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder that doesn't exist yet, or is empty
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// The files of a new site. Names in [`HIDDEN`] get their dot when they are written.
#[derive(Embed)]
#[folder = "packaging/new-site/"]
struct NewSite;

/// What begins with a dot in a site, and doesn't here, where it would count for this repository.
const HIDDEN: [&str; 2] = ["gitignore", "github/"];

/// What git runs.
const HOOKS: &str = "hooks/";

const UNIT: &str = include_str!("../../packaging/dripline.service");

/// What stands in the unit for the site's folder and for the program.
const UNIT_FOLDER: &str = "/srv/dripline";
const UNIT_PROGRAM: &str = "/usr/local/bin/dripline";

/// Nothing is written into a folder that holds anything.
pub async fn run(args: Args, _context: &Context) -> anyhow::Result<ExitCode> {
    let shown = args.folder.display();
    if args.folder.exists() {
        let mut entries = fs::read_dir(&args.folder).with_context(|| format!("{shown} can't be read as a folder"))?;
        anyhow::ensure!(entries.next().is_none(), "{shown} isn't empty, and is left as it is; name a new folder");
    }
    let folder = std::path::absolute(&args.folder)?;
    lay_out(&folder).with_context(|| format!("can't write the new site to {shown}"))?;
    output::data(next_steps(&args.folder))?;
    Ok(ExitCode::SUCCESS)
}

fn lay_out(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    for private in ["secrets", "data"] {
        DirBuilder::new().mode(0o700).create(folder.join(private))?;
    }
    for path in NewSite::iter() {
        let bytes = NewSite::get(&path).context("a bundled file is gone")?.data;
        let hidden = HIDDEN.iter().any(|name| path.starts_with(name));
        let file = folder.join(if hidden { format!(".{path}") } else { path.to_string() });
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(&file, bytes)?;
        if path.starts_with(HOOKS) {
            fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
        }
    }
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from(UNIT_PROGRAM));
    fs::write(folder.join("dripline.service"), unit(folder, &program))?;
    Ok(())
}

/// The unit with this site's paths.
fn unit(folder: &Path, program: &Path) -> String {
    let mut text = String::new();
    for line in UNIT.lines().filter(|line| !line.starts_with("# The daemon under systemd")) {
        let quoted = line.contains('"');
        let line = line
            .replace(UNIT_PROGRAM, &for_systemd(program, quoted))
            .replace(UNIT_FOLDER, &for_systemd(folder, quoted));
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// `%` begins a specifier; within quotes, `"` and `\` are special too (systemd.syntax).
fn for_systemd(path: &Path, quoted: bool) -> String {
    let text = path.display().to_string().replace('%', "%%");
    if quoted { text.replace('\\', "\\\\").replace('"', "\\\"") } else { text }
}

fn next_steps(folder: &Path) -> String {
    format!(
        "A new site stands in {0}. Write your names and addresses into {0}/dripline.toml; then\n\n  \
         cd {1}\n  \
         dripline check\n  \
         dripline simulate my-first-course\n  \
         dripline preview                                                   # look at it in a browser while you write\n  \
         dripline send-test my-first-course/welcome --to you@example.org    # as soon as your relay is in dripline.toml\n  \
         git init && git config core.hooksPath hooks                        # if you like: commits are checked, too\n",
        folder.display(),
        for_shell(&folder.display().to_string())
    )
}

/// A path as a shell takes it for one word.
fn for_shell(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
    if path.chars().all(is_plain) { path.to_string() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_into_the_folder_can_be_pasted_into_a_shell() {
        let check = |folder: &str, line: &str| {
            let text = next_steps(Path::new(folder));
            assert!(text.lines().any(|it| it.trim() == line), "{line} in {text}");
        };
        check("my-site", "cd my-site");
        check("Kurs \u{e4}/it's $1", "cd 'Kurs \u{e4}/it'\\''s $1'");
    }

    #[test]
    fn the_unit_has_the_paths_of_the_site_and_of_the_program() {
        let check = |folder: &str, program: &str, expect: [&str; 3]| {
            let text = unit(Path::new(folder), Path::new(program));
            for line in expect {
                assert!(text.lines().any(|it| it == line), "{line} in {text}");
            }
            assert!(!text.contains(UNIT_FOLDER) || folder.starts_with(UNIT_FOLDER), "{text}");
        };
        check(
            "/home/ana/my site",
            "/opt/dripline",
            [
                "WorkingDirectory=/home/ana/my site",
                "ExecStart=\"/opt/dripline\" serve",
                "ReadWritePaths=\"/home/ana/my site/data\"",
            ],
        );
        check(
            "/a%b\"c",
            "/usr/bin/dripline",
            [
                "WorkingDirectory=/a%%b\"c",
                "ExecStart=\"/usr/bin/dripline\" serve",
                "ReadWritePaths=\"/a%%b\\\"c/data\"",
            ],
        );
    }
}

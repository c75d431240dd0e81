//! A copy of the whole database, made while the daemon works and looked at before it counts. Knows SQLite's file only: a
//! server has its own tools.

use crate::flow::App;
use crate::ids::random;
use crate::store::backup;
use anyhow::Context as _;
use anyhow::Result;
use std::fs;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

/// A backup that is whole.
#[derive(Debug)]
pub struct Made {
    pub octets: u64,
    /// What the database promises and doesn't keep; the backup has it all the same.
    pub breaches: Vec<String>,
}

/// Writes the database to `file`, with mode 600. It is there whole or not at all.
///
/// # Errors
/// When `file` exists, can't be written, or what was written is damaged.
pub async fn make(app: &App, file: &Path) -> Result<Made> {
    anyhow::ensure!(!file.exists(), "{} exists and is left as it is; name another file", file.display());
    let unfinished = unfinished(file)?;
    let cant_write = || format!("can't write {}", unfinished.display());
    // SQLite would make it readable for all.
    File::options().create_new(true).write(true).mode(0o600).open(&unfinished).with_context(cant_write)?;
    let made = fill(app, &unfinished).await.and_then(|made| {
        put(&unfinished, file)?;
        Ok(made)
    });
    if made.is_err() {
        fs::remove_file(&unfinished).ok();
    }
    made
}

async fn fill(app: &App, file: &Path) -> Result<Made> {
    let copied = backup::copy(&mut *app.store.read().await?, file).await;
    copied.with_context(|| format!("can't write the backup to {}", file.display()))?;
    let shelf = app.shelf.read().await;
    let called_now = |course: &str, lesson: &str| {
        shelf.get(course).map_or_else(|| lesson.to_string(), |shelved| shelved.called_now(lesson).to_string())
    };
    let damages = backup::damages(file).await.context("the backup can't be read")?;
    anyhow::ensure!(
        damages.is_empty(),
        "the backup is damaged, and so may be the database: {}; run `dripline verify`, and keep your older backups",
        damages.join("; ")
    );
    let breaches = backup::breaches(file, &called_now).await?;
    Ok(Made { octets: fs::metadata(file)?.len(), breaches })
}

/// Synced first, and never over a file that came meanwhile.
fn put(unfinished: &Path, file: &Path) -> Result<()> {
    File::open(unfinished)?.sync_all().with_context(|| format!("can't write {}", unfinished.display()))?;
    match fs::hard_link(unfinished, file) {
        Ok(()) => fs::remove_file(unfinished)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            anyhow::bail!("{} came into being meanwhile and is left as it is; name another file", file.display())
        }
        // Some file systems have no second names.
        Err(_) => fs::rename(unfinished, file).with_context(|| format!("can't write {}", file.display()))?,
    }
    sync_folder(file)
}

/// Makes a new name in this file's folder survive a power cut.
pub fn sync_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("can't sync the folder {}", folder.display()))
}

fn unfinished(file: &Path) -> Result<PathBuf> {
    let name = file.file_name().with_context(|| format!("{} is no name of a file", file.display()))?;
    let chance: String = random::<4>().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(file.with_file_name(format!(".{}.{chance}.unfinished", name.display())))
}

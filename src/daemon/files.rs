//! Notices that the coach's files were touched, and has them put in force. Reads none of them itself.

use crate::daemon::LONGEST_SLEEP;
use crate::daemon::OVERDUE;
use crate::flow::App;
use crate::flow::plan;
use crate::flow::reload;
use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long files must be still before they are read: an editor or a copy may be at work.
const STILL: Duration = Duration::from_millis(400);
/// Until the folder is looked for again that couldn't be watched.
const AGAIN: Duration = Duration::from_secs(1);

/// The folder of courses, watched.
pub struct Files {
    courses: PathBuf,
    watcher: notify::Result<RecommendedWatcher>,
    touched: mpsc::Sender<()>,
    touches: mpsc::Receiver<()>,
}

impl Files {
    /// Watches from now on: what is saved while the files are first read isn't missed.
    pub fn new(courses: &Path) -> Files {
        let courses = std::path::absolute(courses).unwrap_or_else(|_| courses.to_path_buf());
        let (touched, touches) = mpsc::channel(1);
        let watcher = watcher(&courses, &touched);
        if let Err(error) = &watcher {
            tracing::warn!(%error, "changed files aren't noticed by themselves; send SIGHUP after an edit");
        }
        Files { courses, watcher, touched, touches }
    }

    /// Puts edited files in force, on SIGHUP and when they have been still for a moment.
    pub async fn follow(mut self, app: Arc<App>, mut waiting: Vec<(String, String)>, stop: CancellationToken) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = confirmed(&app, &waiting) => {}
                _ = hangup.recv() => {}
                Some(()) = self.touches.recv() => {
                    // Until nothing moves any more.
                    while tokio::time::timeout(STILL, self.touches.recv()).await.is_ok_and(|it| it.is_some()) {}
                    // The folder may be another one by now. It is watched before it is read.
                    self.watcher = watcher(&self.courses, &self.touched);
                }
                () = tokio::time::sleep(AGAIN), if self.watcher.is_err() => {
                    self.watcher = watcher(&self.courses, &self.touched);
                    if self.watcher.is_err() {
                        continue;
                    }
                }
            }
            match reload::from_disk(&app).await {
                Ok(reloaded) => waiting = reloaded.waiting,
                Err(error) => tracing::warn!("{error:#}; the courses stay as they were"),
            }
        }
    }
}

/// Tells when something in the folder is touched, and when another folder takes its place or it becomes a link to one: that
/// is seen from the folder around it.
fn watcher(courses: &Path, touched: &mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let (touched, folder) = (touched.clone(), courses.to_path_buf());
    let concerns = move |paths: &[PathBuf]| paths.is_empty() || paths.iter().any(|path| path.starts_with(&folder));
    let tell = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access() && concerns(&event.paths)) {
            touched.try_send(()).ok();
        }
    };
    let mut watcher = notify::recommended_watcher(tell)?;
    if let Some(around) = courses.parent() {
        watcher.watch(around, RecursiveMode::NonRecursive)?;
    }
    watcher.watch(courses, RecursiveMode::Recursive)?;
    Ok(watcher)
}

/// Until somebody has said yes to one of these edits, in another process.
async fn confirmed(app: &App, waiting: &[(String, String)]) {
    loop {
        for (course, version) in waiting {
            let Ok(mut connection) = app.store.read().await else { continue };
            if plan::is_confirmed(&mut connection, course, version).await.unwrap_or(false) {
                return;
            }
        }
        tokio::time::sleep(if waiting.is_empty() { LONGEST_SLEEP } else { OVERDUE }).await;
    }
}

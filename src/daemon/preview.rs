//! Serves the preview, and has it read again what is saved. Editors save by writing beside and renaming, so folders are
//! watched, never files.

use crate::clock::Clock;
use crate::flow::preview::Desk;
use crate::flow::preview::Ground;
use crate::flow::preview::Touched;
use crate::flow::preview::touched;
use crate::web;
use anyhow::Result;
use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// How long what belongs to one save is gathered.
const GATHER: Duration = Duration::from_millis(30);
/// Until folders are looked for again that couldn't be watched.
const AGAIN: Duration = Duration::from_secs(1);

/// Reads dripline.toml again; `None` where it is gone, and what it said last counts on.
pub type Read = Box<dyn Fn() -> Option<Ground> + Send + Sync>;

/// What is served, and where it comes from.
pub struct Preview {
    desk: Arc<Desk>,
    /// dripline.toml, an absolute path.
    configuration: PathBuf,
    read: Arc<Read>,
    watch: Watch,
}

impl Preview {
    /// Watches the folders, and then reads them: no save is missed.
    ///
    /// # Errors
    /// When a built-in template can't be used.
    pub fn open(ground: Ground, configuration: PathBuf, read: Read) -> Result<Preview> {
        let watch = Watch::new(&ground, &configuration);
        let desk = Arc::new(Desk::open(ground, Clock::system(), web::check)?);
        Ok(Preview { desk, configuration, read: Arc::new(read), watch })
    }

    /// Serves until the token is cancelled.
    ///
    /// # Errors
    /// When a built-in template can't be used.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken) -> Result<()> {
        let pages = web::preview::router(Arc::clone(&self.desk), stop.clone())?;
        let looking = tokio::spawn(look(Arc::clone(&self.desk)));
        let following = tokio::spawn(self.follow());
        web::serve(listener, pages, stop).await;
        following.abort();
        looking.abort();
        Ok(())
    }

    /// Has read again what is saved.
    async fn follow(mut self) {
        loop {
            let touched = self.watch.gather(&self.desk, &self.configuration).await;
            let ground = if touched.configuration { (self.read)() } else { None };
            if touched.configuration || touched.everything {
                // Other folders may be meant, or be there; what is saved from here on is seen.
                let state = self.desk.state();
                self.watch = Watch::new(ground.as_ref().unwrap_or(&state.ground), &self.configuration);
            }
            let desk = Arc::clone(&self.desk);
            // Reading takes its time, and pages are served meanwhile. What breaks it is told where it is looked at.
            tokio::task::spawn_blocking(move || apply(&desk, ground, &touched)).await.ok();
        }
    }
}

/// Looks for what is wrong, lesson by lesson, and again after each change.
async fn look(desk: Arc<Desk>) {
    loop {
        while desk.step().await {}
        desk.changed.notified().await;
    }
}

fn apply(desk: &Desk, ground: Option<Ground>, touched: &Touched) {
    if touched.configuration || touched.everything {
        desk.read_all(ground);
    } else {
        touched.courses.iter().for_each(|course| desk.read_course(course));
    }
}

/// The folders that are watched at the moment.
struct Watch {
    events: UnboundedReceiver<notify::Result<notify::Event>>,
    /// Ends with this.
    _watcher: Option<RecommendedWatcher>,
    /// Every folder that is meant is there.
    is_whole: bool,
}

impl Watch {
    fn new(ground: &Ground, configuration: &Path) -> Watch {
        let (told, events) = mpsc::unbounded_channel();
        let base = configuration.parent().unwrap_or(configuration);
        let folders = [
            (base, RecursiveMode::NonRecursive),
            (ground.settings.courses.as_path(), RecursiveMode::Recursive),
            (ground.templates.as_path(), RecursiveMode::Recursive),
        ];
        let mut watcher = watcher(told);
        let mut is_whole = watcher.is_some();
        for (folder, mode) in folders {
            let watched = watcher.as_mut().is_some_and(|watcher| watcher.watch(folder, mode).is_ok());
            // A folder that isn't there is seen to come where it stands beside dripline.toml.
            is_whole &= watched || (!folder.exists() && folder.parent() == Some(base));
        }
        if watcher.is_none() {
            tracing::warn!("saved files aren't noticed by themselves on this machine; reload the page after a save");
        }
        Watch { events, _watcher: watcher, is_whole }
    }

    /// What was touched by one save.
    async fn gather(&mut self, desk: &Desk, configuration: &Path) -> Touched {
        let first = tokio::select! {
            first = self.events.recv() => first,
            () = tokio::time::sleep(AGAIN), if !self.is_whole => None,
        };
        let Some(first) = first else {
            return self.appeared(desk).await;
        };
        let mut gathered = meaning(first, desk, configuration);
        if !gathered.is_empty() {
            tokio::time::sleep(GATHER).await;
            while let Ok(more) = self.events.try_recv() {
                gathered.add(meaning(more, desk, configuration));
            }
        }
        gathered
    }

    /// A folder elsewhere that wasn't there may be there now.
    async fn appeared(&mut self, desk: &Desk) -> Touched {
        if self._watcher.is_none() {
            std::future::pending::<()>().await;
        }
        let state = desk.state();
        let everything = state.ground.settings.courses.exists() == state.books.is_empty();
        Touched { everything, ..Touched::default() }
    }
}

fn watcher(told: UnboundedSender<notify::Result<notify::Event>>) -> Option<RecommendedWatcher> {
    let tell = move |event: notify::Result<notify::Event>| {
        if event.as_ref().is_ok_and(|event| event.kind.is_access() && !event.need_rescan()) {
            return;
        }
        told.send(event).ok();
    };
    notify::recommended_watcher(tell).ok()
}

fn meaning(event: notify::Result<notify::Event>, desk: &Desk, configuration: &Path) -> Touched {
    let state = desk.state();
    match event {
        Ok(event) if !event.need_rescan() => {
            touched(&event.paths, configuration, &state.ground.settings.courses, &state.ground.templates)
        }
        // Some were lost: everything may have changed.
        Ok(_) | Err(_) => Touched { everything: true, ..Touched::default() },
    }
}

//! Opens everything that a verb needs, for the daemon and for commands alike.

use crate::clock::Clock;
use crate::clock::ShortDay;
use crate::clock::from_ms;
use crate::flow::App;
use crate::flow::Settings;
use crate::flow::asking::Asking;
use crate::flow::reload;
use crate::ids::random;
use crate::link::KeyRing;
use crate::message::Templates;
use crate::store::Connection;
use crate::store::Store;
use crate::store::enrolments;
use crate::store::meta;
use crate::store::outbox;
use crate::timing::zone_data;
use anyhow::Context as _;
use anyhow::Result;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::RwLock;

const ADDRESS_KEY: &str = "address_key";
const EPOCH: &str = "epoch";
const ZONE_DATA: &str = "zone_data";
const DAY_ANCHOR: &str = "day_anchor_ms";
const DAY_LENGTH: &str = "day_length_ms";

/// Opens the database (creating or migrating it first), the keys, the stored courses and the clock that it keeps.
pub async fn open(url: &str, clock: Clock, settings: Settings, templates: Templates) -> Result<App> {
    let store = Store::open(url).await?;
    let now = clock.now().wall.as_millisecond();
    let mut transaction = store.begin().await?;
    let keys = signing_keys(&mut transaction, now).await?;
    let address_key = address_key(&mut transaction).await?;
    let short_day = short_day(&mut transaction).await?;
    if meta::get(&mut transaction, EPOCH).await?.is_none() {
        meta::set(&mut transaction, EPOCH, "1").await?;
        meta::set(&mut transaction, ZONE_DATA, zone_data()).await?;
        // Before the commit: a kill between the two leaves a database that is still new.
        let mark = mark(1, &Store::which_copy(&mut transaction).await?);
        write_mark(&store.epoch_file(&settings.data), &mark)?;
    }
    transaction.commit().await?;
    let app = App {
        clock: clock.with_short_day(short_day),
        store,
        settings,
        templates,
        keys,
        address_key,
        shelf: RwLock::new(Arc::default()),
        changed: Notify::new(),
        asking: Asking::default(),
    };
    reload::from_store(&app).await?;
    Ok(app)
}

/// Begins a rehearsal with a shortened day, or goes on with the one that the database keeps.
///
/// # Errors
/// When the database keeps another day than the one asked for.
pub async fn rehearse(app: &mut App, day: Option<Duration>) -> Result<()> {
    let mut transaction = app.store.begin().await?;
    let kept = short_day(&mut transaction).await?;
    match (kept, day) {
        (None, None) => return Ok(()),
        (Some(kept), Some(day)) if kept.day == day => return Ok(()),
        (Some(kept), _) => anyhow::bail!(
            "this database rehearses with a day of {} s; start with `--day {}s`, or use another database",
            kept.day.as_secs_f64(),
            kept.day.as_secs_f64()
        ),
        (None, Some(day)) => {
            let anchor = app.clock.now().wall;
            meta::set(&mut transaction, DAY_ANCHOR, &anchor.as_millisecond().to_string()).await?;
            meta::set(&mut transaction, DAY_LENGTH, &day.as_millis().to_string()).await?;
            transaction.commit().await?;
            app.clock = app.clock.clone().with_short_day(Some(ShortDay { anchor, day }));
        }
    }
    Ok(())
}

/// What a daemon does before anything else: sees whether the database is a copy, and resolves what the last one left.
pub async fn take_over(app: &App) -> Result<()> {
    let now = app.clock.now().wall;
    let mut transaction = app.store.begin().await?;
    let epoch: i64 = meta::get(&mut transaction, EPOCH).await?.and_then(|text| text.parse().ok()).unwrap_or(0);
    let copy = Store::which_copy(&mut transaction).await?;
    let file = app.store.epoch_file(&app.settings.data);
    let beside = fs::read_to_string(&file).unwrap_or_default();
    if ![epoch, epoch - 1].iter().any(|epoch| mark(*epoch, &copy) == beside.trim()) {
        let why = "this database is a copy or was restored: what it doesn't know may have been sent meanwhile";
        meta::hold(&mut transaction, "all", why, now.as_millisecond()).await?;
        let text = format!("nothing is sent: {why}; look at `dripline status`, then `dripline release`");
        meta::raise(&mut transaction, "hold/all", &text, now.as_millisecond()).await?;
    }
    if meta::get(&mut transaction, ZONE_DATA).await?.is_none_or(|known| known != zone_data()) {
        enrolments::touch_all(&mut transaction, app.clock.now().reader).await?;
        meta::set(&mut transaction, ZONE_DATA, zone_data()).await?;
    }
    let (leased, sending) = outbox::recover(&mut transaction, now).await?;
    meta::set(&mut transaction, EPOCH, &(epoch + 1).to_string()).await?;
    transaction.commit().await?;
    write_mark(&file, &mark(epoch + 1, &copy))?;
    if leased + sending > 0 {
        tracing::info!(ready_again = leased, in_doubt = sending, "the last daemon stopped with messages under way");
    }
    Ok(())
}

/// Tells the next daemon that this database belongs here: it isn't taken for a copy.
pub async fn adopt(app: &App) -> Result<()> {
    let mut connection = app.store.read().await?;
    let epoch = meta::get(&mut connection, EPOCH).await?.and_then(|text| text.parse().ok()).unwrap_or(0);
    let copy = Store::which_copy(&mut connection).await?;
    write_mark(&app.store.epoch_file(&app.settings.data), &mark(epoch, &copy))
}

async fn signing_keys(connection: &mut Connection, now: i64) -> Result<KeyRing> {
    if meta::signing_keys(connection).await?.is_empty() {
        meta::add_signing_key(connection, 1, &random::<32>(), now).await?;
    }
    let mut keys = Vec::new();
    for (kid, secret) in meta::signing_keys(connection).await? {
        let secret: [u8; 32] = secret.try_into().ok().context("a signing key is damaged; restore a backup")?;
        keys.push((u8::try_from(kid).context("there are more signing keys than 255")?, secret));
    }
    let newest = keys.remove(0);
    Ok(KeyRing::new(newest, keys))
}

async fn address_key(connection: &mut Connection) -> Result<[u8; 32]> {
    let hex = match meta::get(connection, ADDRESS_KEY).await? {
        Some(hex) => hex,
        None => {
            let hex: String = random::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
            meta::set(connection, ADDRESS_KEY, &hex).await?;
            hex
        }
    };
    let bytes: Option<Vec<u8>> = (0..32).map(|n| u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()).collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .context("the key of suppressed addresses is damaged; restore a backup")
}

async fn short_day(connection: &mut Connection) -> Result<Option<ShortDay>> {
    let anchor = meta::get(connection, DAY_ANCHOR).await?.and_then(|text| text.parse().ok());
    let day = meta::get(connection, DAY_LENGTH).await?.and_then(|text| text.parse().ok());
    Ok(anchor.zip(day).map(|(anchor, day)| ShortDay { anchor: from_ms(anchor), day: Duration::from_millis(day) }))
}

/// What tells a database from its copies: how many daemons have begun on it, and which copy it is as far as it knows.
fn mark(epoch: i64, copy: &str) -> String {
    format!("{epoch} {copy}").trim_end().to_string()
}

/// Written whole beside, then moved: a crash leaves the old mark or the new one, and once this returns a lost power leaves
/// the new one.
fn write_mark(path: &Path, mark: &str) -> Result<()> {
    let fresh = path.with_extension("epoch-new");
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| fs::write(&fresh, format!("{mark}\n")))
        .and_then(|()| fs::File::open(&fresh)?.sync_all());
    written
        .and_then(|()| fs::rename(&fresh, path))
        .and_then(|()| fs::File::open(folder)?.sync_all())
        .with_context(|| format!("can't write {}; check the folder's permissions and its disk", path.display()))
}

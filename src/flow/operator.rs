//! Tells the operator of trouble by mail: once, and again only when it went away and came back. No address of a reader and
//! nothing that a relay said stands in it.

use crate::flow::App;
use crate::flow::compose;
use crate::flow::deliver::Courier;
use crate::flow::deliver::Line;
use crate::pace::day;
use crate::relay::Envelope;
use crate::store::Connection;
use crate::store::meta;
use crate::store::quota;
use crate::store::report;
use crate::store::troubles;
use crate::store::troubles::Trouble;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::fmt::Write as _;

/// Alarms that come by the number and are one trouble together: what their keys begin with, and what is said of many.
const TOGETHER: [(&str, &str); 3] = [
    ("delivery/", "deliveries wait for you; `dripline status` names them and says how to go on"),
    (
        "record/",
        "outcomes couldn't be recorded; run `dripline verify`, then `dripline retry` as `dripline status` says",
    ),
    ("expired/", "people are held because their lesson expired again and again; `dripline status` names them"),
];
/// Between two mails at least: what comes meanwhile stands in the next one together.
const GAP: SignedDuration = SignedDuration::from_mins(5);
/// A relay that is away for so long is a trouble.
const AWAY: SignedDuration = SignedDuration::from_mins(10);
/// Remembered in the database: when the last mail was tried.
const TRIED: &str = "operator/tried";

/// Makes a trouble of a relay that is away for long.
pub async fn watch(app: &App, line: &Line) {
    for (url, since) in line.long_away(AWAY) {
        let text = format!(
            "{url} has taken no mail since {}; nothing is lost, what waits leaves when it works again; look whether it is up",
            shown(since)
        );
        if !is_known(app, &format!("relay/{url}")).await {
            app.raise(&format!("relay/{url}"), &text).await;
        }
    }
}

/// Looks what trouble there is, and tells the operator what is new. Whether a mail left.
pub async fn step(app: &App, courier: &Courier) -> Result<bool> {
    let Some(operator) = &app.settings.operator else { return Ok(false) };
    let now = app.clock.now().wall;
    let mut connection = app.store.read().await?;
    let current = current(&mut connection, now).await?;
    let before = troubles::all(&mut connection).await?;
    drop(connection);
    if differs(&current, &before) {
        let mut transaction = app.store.begin().await?;
        troubles::see(&mut transaction, &current, now).await?;
        transaction.commit().await?;
    }
    let untold = troubles::untold(&mut *app.store.read().await?).await?;
    if untold.is_empty() || !may_try(app, now).await? {
        return Ok(false);
    }
    let to = app.settings.redirect_to.as_ref().unwrap_or(operator);
    let bytes = compose::notice(&app.settings, to, &subject(app, &untold), &text(app, &untold), id(&untold), now);
    let bytes = bytes.map_err(anyhow::Error::msg)?;
    let envelope = Envelope::new(app.settings.bounce.to_string(), to.clone(), &bytes);
    let Some(relay) = courier.carry(&envelope, &bytes).await else { return Ok(false) };
    let mut transaction = app.store.begin().await?;
    troubles::tell(&mut transaction, &untold, now).await?;
    quota::count(&mut transaction, &[(relay, day(now), 1)]).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn is_known(app: &App, key: &str) -> bool {
    let known = async { meta::alarms(&mut *app.store.read().await?).await };
    known.await.is_ok_and(|alarms| alarms.iter().any(|alarm| alarm.name == key))
}

/// Every trouble there is: the alarms, and what waits for a human. Single people who are held stand in `status` alone:
/// mostly it is their address, and where it is the lesson, that is held.
async fn current(connection: &mut Connection, now: Timestamp) -> Result<Vec<Trouble>> {
    let mut troubles: Vec<Trouble> = Vec::new();
    let alarms = meta::alarms(connection).await?;
    for alarm in &alarms {
        if TOGETHER.iter().any(|(prefix, _)| alarm.name.starts_with(prefix)) {
            continue;
        }
        let since = crate::clock::from_ms(alarm.since);
        troubles.push(Trouble { key: alarm.name.clone(), text: alarm.why.clone(), since, over: None });
    }
    let waiting = report::waiting_for_a_human(connection, MOST).await?.len();
    for (prefix, said) in TOGETHER {
        let these: Vec<_> = alarms.iter().filter(|alarm| alarm.name.starts_with(prefix)).collect();
        let count = if prefix == TOGETHER[0].0 { waiting.max(these.len()) } else { these.len() };
        if count > 0 {
            let since = these.iter().map(|alarm| crate::clock::from_ms(alarm.since)).min().unwrap_or(now);
            let text = format!("{} {said}", counted(count));
            troubles.push(Trouble { key: prefix.to_string(), text, since, over: None });
        }
    }
    Ok(troubles)
}

const MOST: i64 = 100;

fn counted(count: usize) -> String {
    if count >= MOST as usize { format!("{MOST} or more") } else { count.to_string() }
}

/// Whether what was written down isn't what there is.
fn differs(current: &[Trouble], before: &[Trouble]) -> bool {
    let same = |one: &Trouble, other: &Trouble| one.key == other.key && one.text == other.text && other.over.is_none();
    let known = |it: &Trouble| before.iter().any(|other| same(it, other));
    !current.iter().all(known)
        || before.iter().any(|it| it.over.is_none() && !current.iter().any(|now| now.key == it.key))
}

/// Not twice within the gap, whether or not it went well.
async fn may_try(app: &App, now: Timestamp) -> Result<bool> {
    let tried = meta::get(&mut *app.store.read().await?, TRIED).await?.and_then(|ms| ms.parse().ok());
    let tried = tried.map_or(Timestamp::MIN, crate::clock::from_ms);
    // A clock that was set back keeps nobody uninformed.
    if tried <= now && tried.duration_until(now) < GAP {
        return Ok(false);
    }
    let mut transaction = app.store.begin().await?;
    meta::set(&mut transaction, TRIED, &now.as_millisecond().to_string()).await?;
    transaction.commit().await?;
    Ok(true)
}

fn subject(app: &App, untold: &[Trouble]) -> String {
    let site = &app.settings.site.name;
    match untold {
        [_] => format!("{site}: something needs you"),
        many => format!("{site}: {} things need you", many.len()),
    }
}

fn text(app: &App, untold: &[Trouble]) -> String {
    let mut text = format!("This is dripline, which sends the courses of {}.\n", app.settings.site.url);
    for it in untold {
        let over = it.over.map_or(String::new(), |over| format!(", until {}", shown(over)));
        write!(text, "\nSince {}{over}:\n{}\n", shown(it.since), it.text).ok();
    }
    text.push_str(
        "\n`dripline status` shows how everything stands now. You get one mail about each trouble, and another only when\n\
         it went away and came back.\n",
    );
    text
}

/// The same for another try.
fn id(untold: &[Trouble]) -> i64 {
    untold.iter().map(|it| it.since.as_millisecond()).max().unwrap_or(0)
}

fn shown(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

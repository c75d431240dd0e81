//! `/my/{token}/settings`: how mails reach a person: hour, weekdays, zone, language, and their name. One press keeps all of
//! it, and for a day it can be taken back.

use crate::address::clean_line;
use crate::flow::my;
use crate::flow::my::Mine;
use crate::flow::preferences;
use crate::flow::preferences::Act;
use crate::flow::preferences::Acted;
use crate::flow::preferences::Settings;
use crate::flow::preferences::Which;
use crate::text;
use crate::timing;
use crate::web::Web;
use crate::web::act;
use crate::web::doing::refused_words;
use crate::web::form::zones;
use crate::web::guard::Failure;
use crate::web::my::own;
use crate::web::my::path;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Time;
use serde_json::Value;
use serde_json::json;

/// As the form's checkboxes and a cron line name them, from Monday.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

pub fn routes() -> Router<Web> {
    Router::new().route("/my/{token}/settings", get(show).post(keep))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    match own(&web, &visitor, &token).await? {
        Ok(mine) => {
            let voice = web.speak(&visitor, mine.person.language.as_deref(), None);
            form(&web, voice, &mine, &token, None, None).await
        }
        Err(page) => page,
    }
}

/// Pairs, since several days have one name.
async fn keep(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(entered): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let mine = match own(&web, &visitor, &token).await? {
        Ok(mine) => mine,
        Err(page) => return page,
    };
    let settings = read(&entered);
    let chosen = settings.as_ref().ok().and_then(|it| it.language.clone()).or(mine.person.language.clone());
    let voice = web.speak(&visitor, chosen.as_deref(), None);
    let words = &voice.words.my;
    let Ok(settings) = settings else {
        return form(&web, voice, &mine, &token, Some(words.settings_wrong_hour), None).await;
    };
    let address = &mine.person.address;
    match preferences::act(&web.app, address, &Which::All, &Act::Set(settings)).await? {
        Acted::On(done) => {
            let outlook = preferences::outlook(&web.app, address, &Which::All, my::AHEAD).await?;
            let dates = act::dates_of(&web, voice, outlook).await;
            let page = json!({
                "title": words.done_title, "text": [words.settings_done], "dates": dates, "dates_title": words.dates,
                "undo": web.app.links().undo(done.act, Some(act::expires(&web))), "home": path(&web, &token),
            });
            voice.page("web/act.html", &page)
        }
        Acted::Nothing => {
            let page = json!({ "title": words.no_change_title, "text": [words.no_change], "home": path(&web, &token) });
            voice.page("web/act.html", &page)
        }
        Acted::Refused(refused) => form(&web, voice, &mine, &token, None, Some(refused_words(words, &refused))).await,
        Acted::NobodyThere => act::stale(voice, false),
    }
}

async fn form(
    web: &Web,
    voice: Voice<'_>,
    mine: &Mine,
    token: &str,
    wrong_hour: Option<&str>,
    refused: Option<String>,
) -> Result<Response, Failure> {
    let person = &mine.person;
    let days = person.weekdays.as_deref().and_then(|days| days.parse::<timing::Weekdays>().ok());
    let own: Vec<usize> = days.iter().flat_map(timing::Weekdays::days).collect();
    let days = DAYS
        .iter()
        .enumerate()
        .map(|(at, day)| json!({ "value": day, "name": voice.words.dates.weekdays[at], "checked": own.contains(&at) }));
    let outlook = preferences::outlook(&web.app, &person.address, &Which::All, my::AHEAD).await?;
    let zone = mine.zone.iana_name().unwrap_or("UTC");
    let page = json!({
        "home": path(web, token),
        "name": person.first_name,
        "hour": person.hour.map(|hour| hour.strftime("%H:%M").to_string()),
        "days": days.collect::<Vec<Value>>(),
        "zones": zones(zone),
        "zone": zone,
        "languages": text::languages().collect::<Vec<_>>(),
        "language": voice.language,
        "dates": act::dates_of(web, voice, outlook).await,
        "wrong_hour": wrong_hour,
        "refused": refused,
    });
    voice.page("web/settings.html", &page)
}

/// What the form says: all of it, since it shows all of it. `Err` for an hour that is none.
fn read(entered: &[(String, String)]) -> Result<Settings, ()> {
    let one = |name: &str| entered.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
    let hour = match one("hour").unwrap_or_default() {
        "" => None,
        text => Some(Time::strptime("%H:%M", text).or_else(|_| Time::strptime("%H:%M:%S", text)).map_err(drop)?),
    };
    let is_day = |day: &&str| entered.iter().any(|(name, value)| name == "day" && value == *day);
    let days: Vec<&str> = DAYS.into_iter().filter(|day| is_day(day)).collect();
    let zone = one("zone").filter(|name| timing::zone(name).is_ok());
    let language = one("language").filter(|tag| text::languages().any(|(known, _)| known == *tag));
    Ok(Settings {
        pace: None,
        hour: Some(hour),
        weekdays: Some((!days.is_empty()).then(|| days.join(","))),
        zone: zone.map(String::from),
        language: language.map(String::from),
        first_name: Some(one("first_name").and_then(clean_line)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_all_of_a_persons_settings() {
        let check = |form: &str, expect: Option<(Option<&str>, Option<&str>, Option<&str>)>| {
            let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_string(), value.to_string())).collect();
            let found = read(&pairs).ok();
            let found = found.as_ref().map(|it| {
                let hour = it.hour.flatten().map(|hour| hour.strftime("%H:%M").to_string());
                (hour, it.weekdays.clone().flatten(), it.zone.clone())
            });
            let found = found.as_ref().map(|(a, b, c)| (a.as_deref(), b.as_deref(), c.as_deref()));
            assert_eq!(found, expect, "{form}");
        };
        check("", Some((None, None, None)));
        check(
            "hour=07:30&day=Sat&day=Mon&zone=Asia/Kolkata",
            Some((Some("07:30"), Some("Mon,Sat"), Some("Asia/Kolkata"))),
        );
        check("hour=07:30:00&day=Funday&zone=Mars/Base", Some((Some("07:30"), None, None)));
        check("hour=seven", None);
        check("hour=25:00", None);
    }
}

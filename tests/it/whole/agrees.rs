//! What `simulate` says beforehand is what the daemon then does: fifty people, each beside their own plan.

use super::ZONES;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until_or;
use dripline::clock::Clock;
use dripline::clock::ShortDay;
use dripline::clock::from_ms;
use dripline::store::Store;
use dripline::store::meta;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::civil::Weekday;
use jiff::civil::time;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const PEOPLE: usize = 50;
/// They come while days are short already, and answer nothing: on a slow machine a command may take a day of theirs.
const LATE_COMERS: usize = 6;
const DAY: Duration = Duration::from_secs(4);
/// The stages of the course, each in its order.
const STAGES: [&[&str]; 2] = [&["one", "two", "neck", "slow"], &["rest", "open"]];
/// Who got a lesson later than this on its date can't have the next one on the next morning: there are twelve hours between.
const EVENING: Time = time(20, 30, 0, 0);

/// A lesson as it came, or is to come.
#[derive(Debug)]
struct Came {
    lesson: String,
    due: Zoned,
    taken: Zoned,
    why: String,
}

#[test]
fn what_is_simulated_is_what_the_daemon_then_does() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "connections = 4");
    course(&site);
    (0..PEOPLE - LATE_COMERS).for_each(|number| join(&site, number));
    // First lessons and answers at the pace of real life: only what comes later depends on how fast this machine is.
    let daemon = site.serve(&[]);
    (0..PEOPLE - LATE_COMERS).for_each(|number| answer(&site, &sink, number));
    daemon.stop();
    (0..PEOPLE - LATE_COMERS).for_each(|number| has_own_hours(&site, number));

    let daemon = site.serve(&["--day", "4s"]);
    (PEOPLE - LATE_COMERS..PEOPLE).for_each(|number| join(&site, number));
    let completed = || site.json(&["status", "--json"])["enrolments"]["completed"].as_u64();
    until_or(
        "everybody to complete",
        Duration::from_secs(120),
        || completed() == Some(PEOPLE as u64),
        || site.good(&["status"]),
    );
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");

    let clock = shortened(&site);
    let exact = (0..PEOPLE).filter(|number| agrees(&site, &clock, *number)).count();
    println!("{exact} of {PEOPLE} plans to the day");
    assert!(exact >= PEOPLE / 2, "this machine is too slow to prove anything: only {exact} mails left on their days");
}

/// Two stages that overlap, a lesson for one answer, one for a number, one for no answer, and two dates without lessons.
fn course(site: &Site) {
    let stage =
        |id: &str, lessons: &[&str]| format!("[[stage]]\nid = \"{id}\"\ntitle = \"{id}\"\nlessons = {lessons:?}\n");
    let settings = |skip: &str| {
        format!(
            "title = \"Two ways\"\nlanguage = \"en\"\n\n{}\n{}after = \"two\"\n\n[schedule]\nwait = \"1 day\"\n\
             send = \"30 8 * * *\"\nspread = \"20 min\"\nskip = [{skip}]\n",
            stage("ground", STAGES[0]),
            stage("side", STAGES[1])
        )
    };
    let asks = "[[ask]]\nid = \"region\"\nquestion = \"Where?\"\nkind = \"choice\"\noptions = { neck = \"Neck\", hand = \"Hand\" }\n\
                [[ask]]\nid = \"ease\"\nquestion = \"How easy?\"\nkind = \"scale\"";
    for (lesson, keys) in [
        ("one", asks),
        ("two", ""),
        ("neck", "when = 'answers.region == \"neck\"'"),
        ("slow", "when = 'answers.ease < 4'"),
        ("rest", "send = \"15 9 * * *\""),
        ("open", "when = 'answers.region is not answered'"),
    ] {
        site.lesson("ways", lesson, keys, &format!("The body of {lesson}."));
    }
    site.write("courses/ways/course.toml", &settings(""));
    let plan = site.json(&["simulate", "ways", "--json", "--zone", "UTC"]);
    let today = local(&plan[0]["local"]).date();
    let (first, last) = (today + 3.days(), today + 4.days());
    site.write("courses/ways/course.toml", &settings(&format!("\"{first}..{last}\"")));
}

fn join(site: &Site, number: usize) {
    let consent = ["--confirmed", "--source", "a paper form"];
    let words = ["subscriber", "add", &address(number), "--course", "ways", "--zone", zone(number)];
    site.good(&[&words[..], &consent].concat());
    if let Some((flag, value)) = setting(number) {
        site.good(&["subscriber", "set", &address(number), flag, value]);
    }
}

/// What a person answers to the first lesson, once they have it.
fn answer(site: &Site, sink: &Sink, number: usize) {
    let has_it = || sink.accepted().iter().any(|mail| mail.to == address(number));
    until_or("a first lesson", SOON, has_it, || site.good(&["why", &address(number)]));
    for (question, answer) in answers(number) {
        let told = || {
            let words = ["subscriber", "answer", &address(number), "--course", "ways", "--question", question];
            site.run(&[&words[..], &["--answer", answer]].concat()).status == Some(0)
        };
        until_or("an answer to be taken", SOON, told, || site.good(&["why", &address(number)]));
    }
}

/// What `show` says comes next is what `why` says, at the hour or on the days that the person chose.
fn has_own_hours(site: &Site, number: usize) {
    let Some(own @ ("--hour" | "--weekdays", _)) = setting(number) else { return };
    let shown = site.json(&["subscriber", "show", &address(number), "--json"]);
    let next = &shown["enrolments"][0]["next"];
    let journal = site.json(&["why", &address(number), "--json"]);
    let waits = journal.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&waits["lesson"], &waits["why"], waits["state"].as_str()),
        (&next["lesson"], &next["why"], Some("waiting"))
    );
    let seconds = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap().as_second();
    assert_eq!(seconds(&waits["due"]), seconds(&next["utc"]));
    keeps(own, local(&next["local"]), "two");
}

#[track_caller]
fn keeps((flag, _): (&str, &str), at: DateTime, lesson: &str) {
    match flag {
        "--hour" => assert!((time(10, 15, 0, 0)..=time(10, 35, 0, 0)).contains(&at.time()), "{lesson} at {at}"),
        // Its own `send` knows no weekdays of a person.
        "--weekdays" => assert!(lesson == "rest" || at.weekday() != Weekday::Sunday, "{lesson} at {at}"),
        _ => {}
    }
}

/// Whether every lesson came on the day that was planned. Where this machine was so slow that the relay took one later
/// than on its day, those behind it may come later, but there are no others.
fn agrees(site: &Site, clock: &Clock, number: usize) -> bool {
    let zone = TimeZone::get(zone(number)).unwrap();
    let came = journal(site, clock, number, &zone);
    let confirmed = &came[0].due;
    // Lesson 1 counts as accepted at the moment of confirmation; a second is hours when days are short.
    let soon = confirmed.duration_until(&came[0].taken) < SignedDuration::from_mins(1);
    let signup = if soon { confirmed } else { &came[0].taken };
    let plan = simulated(site, number, signup);
    let who = format!("person {number} in {}, {:?}\n{plan:#?}\n{came:#?}", zone.iana_name().unwrap(), setting(number));
    in_their_order(&came, &plan, &who);
    if let Some(own @ ("--hour" | "--weekdays", _)) = setting(number) {
        came[1..].iter().for_each(|it| keeps(own, it.due.datetime(), &it.lesson));
        return true;
    }
    assert_eq!((&came[0].lesson, rule(&came[0].why)), (&plan[0].0, rule(&plan[0].2)), "{who}");
    let mut on_time = true;
    for (it, (lesson, date, why)) in came.iter().zip(&plan).skip(1) {
        assert!(it.due.date() >= *date, "{} came too early: {who}", it.lesson);
        if on_time {
            assert_eq!((&it.lesson, it.due.date()), (lesson, *date), "{who}");
            assert_eq!(rule(&it.why), rule(why), "{lesson}: {who}");
        }
        on_time &= it.taken.date() == it.due.date() && it.taken.time() < EVENING;
    }
    on_time
}

/// The same lessons as in the plan, once each, each stage in its order.
fn in_their_order(came: &[Came], plan: &[(String, Date, String)], who: &str) {
    let lessons: Vec<&str> = came.iter().map(|it| it.lesson.as_str()).collect();
    let planned: BTreeSet<&str> = plan.iter().map(|(lesson, ..)| lesson.as_str()).collect();
    assert_eq!((lessons.len(), lessons.iter().copied().collect()), (plan.len(), planned), "{who}");
    for stage in STAGES {
        let places: Vec<_> = lessons.iter().filter_map(|id| stage.iter().position(|it| it == id)).collect();
        assert!(places.is_sorted(), "{who}");
    }
    let dates: BTreeSet<Date> = came.iter().map(|it| it.taken.date()).collect();
    assert_eq!(dates.len(), came.len(), "two lessons on one date: {who}");
}

/// What came, by the journal, without the mail that ends the course.
fn journal(site: &Site, clock: &Clock, number: usize, zone: &TimeZone) -> Vec<Came> {
    let entries = site.json(&["why", &address(number), "--json"]);
    let mut came = Vec::new();
    for entry in entries.as_array().unwrap() {
        let instant = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
        let text = |key: &str| entry[key].as_str().unwrap().to_string();
        let (lesson, why) = (text("lesson"), text("why"));
        if lesson == "@closing" {
            assert!(why.starts_with("every lesson was sent, next at "), "{entry:#}");
            continue;
        }
        assert_eq!((entry["state"].as_str(), entry["occurrence"].as_i64()), (Some("accepted"), Some(1)), "{entry:#}");
        let rules = [
            "first lesson answers the confirmation",
            "after the previous lesson, next at ",
            "the stage begins, next at ",
        ];
        assert!(rules.iter().any(|rule| why.contains(rule)), "{entry:#}");
        let taken = clock.reader_at(instant(&entry["attempts"][0]["at"]));
        let local = |instant: Timestamp| instant.to_zoned(zone.clone());
        came.push(Came { lesson, due: local(instant(&entry["due"])), taken: local(taken), why });
    }
    came
}

/// Lesson, local date and reason of each line that `simulate` prints for this person.
fn simulated(site: &Site, number: usize, signup: &Zoned) -> Vec<(String, Date, String)> {
    let (signup, mut words) = (signup.datetime().to_string(), Vec::new());
    words.extend(["simulate", "ways", "--json", "--zone", zone(number), "--signup", &signup]);
    if let Some(("--pace", pace)) = setting(number) {
        words.extend(["--pace", pace]);
    }
    let answers: Vec<String> =
        answers(number).iter().map(|(question, answer)| format!("{question}={answer}")).collect();
    answers.iter().for_each(|answer| words.extend(["--answer", answer]));
    let plan = site.json(&words);
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_string();
    let lines = plan.as_array().unwrap().iter();
    lines.map(|line| (text(line, "lesson"), local(&line["local"]).date(), text(line, "why"))).collect()
}

/// A reason up to what its dates and the person's own acts put behind it.
fn rule(why: &str) -> &str {
    why.split(';').next().unwrap_or_default()
}

/// What readers' clocks showed, by the hours of this machine at which the relay answered.
fn shortened(site: &Site) -> Clock {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let anchor = runtime.block_on(async {
        let store = Store::open(site.database()).await.unwrap();
        meta::get(&mut store.read().await.unwrap(), "day_anchor_ms").await.unwrap()
    });
    let anchor = from_ms(anchor.unwrap().parse().unwrap());
    Clock::system().with_short_day(Some(ShortDay { anchor, day: DAY }))
}

fn local(value: &Value) -> DateTime {
    value.as_str().unwrap().parse().unwrap()
}

fn address(number: usize) -> String {
    format!("reader{number}@example.org")
}

fn zone(number: usize) -> &'static str {
    ZONES[number % ZONES.len()]
}

fn setting(number: usize) -> Option<(&'static str, &'static str)> {
    match number % 7 {
        1 | 4 => Some(("--pace", "1.5")),
        2 => Some(("--pace", "0.5")),
        5 => Some(("--hour", "10:15")),
        6 => Some(("--weekdays", "Mon-Sat")),
        _ => None,
    }
}

fn answers(number: usize) -> &'static [(&'static str, &'static str)] {
    match number % 4 {
        _ if number >= PEOPLE - LATE_COMERS => &[],
        1 => &[("region", "neck")],
        2 => &[("region", "hand"), ("ease", "2")],
        3 => &[("region", "neck"), ("ease", "3")],
        _ => &[],
    }
}

//! One resident: what they did, what they had, and what may reach them because of it.

use crate::app::TestApp;
use crate::app::request;
use crate::simulation::chance::Chance;
use crate::simulation::draft::Draft;
use crate::simulation::draft::Rest;
use crate::simulation::town::Dates;
use crate::simulation::town::Had;
use crate::simulation::world::ZONES;
use crate::simulation::world::hours;
use dripline::address::Address;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Acted;
use dripline::flow::preferences::Settings;
use dripline::flow::preferences::Which;
use dripline::flow::sign_up;
use dripline::flow::sign_up::Word;
use dripline::timing::zone;
use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Resident {
    pub address: String,
    zone: TimeZone,
    /// Courses and when they began.
    pub began: BTreeMap<String, Timestamp>,
    had: BTreeMap<String, Had>,
    last: BTreeMap<String, Timestamp>,
    /// How many more of a lesson may come: it was asked for again.
    again: BTreeMap<(String, u32), usize>,
    /// When the next lesson now was last asked for, by course.
    next_now: BTreeMap<String, Timestamp>,
    /// Local dates on which a mail came, as they were where the person lived then.
    dates: Dates,
    /// Until when.
    paused: BTreeMap<String, Timestamp>,
    left: bool,
    issues: BTreeMap<String, usize>,
    /// What happened, for whoever looks for a fault.
    /// When a mail that isn't put off by others was the first of its date: what comes in that instant left beside it, by
    /// another connection, and may as well have come before it.
    unordered: Option<Timestamp>,
    trail: Vec<String>,
}

impl Resident {
    pub fn new(n: usize, home: &str) -> Resident {
        Resident {
            address: format!("p{n}@example.org"),
            zone: zone(home).unwrap(),
            began: BTreeMap::new(),
            had: BTreeMap::new(),
            last: BTreeMap::new(),
            again: BTreeMap::new(),
            next_now: BTreeMap::new(),
            dates: Dates::new(),
            paused: BTreeMap::new(),
            left: false,
            issues: BTreeMap::new(),
            unordered: None,
            trail: Vec::new(),
        }
    }

    fn date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// A mail arrived: whether it may.
    pub fn gets(&mut self, course: &str, lesson: &str, draft: Option<&Draft>, now: Timestamp) -> Result<(), String> {
        if self.left {
            return Err("it came after they had left".to_string());
        }
        let today = self.date(now);
        self.trail.push(format!("{now} {} {course} {lesson}", self.zone.to_datetime(now)));
        let is_new_date = self.dates.insert(today);
        let Some(draft) = draft.filter(|_| !lesson.starts_with('@')) else {
            if course == "notes" {
                *self.issues.entry(lesson.to_string()).or_default() += 1;
                return Ok(());
            }
            return if is_new_date { Ok(()) } else { Err(format!("{today} has its mail already")) };
        };
        if self.paused.get(course).is_some_and(|until| now < *until) {
            return Err("it came while they were paused".to_string());
        }
        let page = draft.pages.iter().find(|page| page.id == lesson || page.was.iter().any(|was| was == lesson));
        let Some(page) = page else { return self.retired(draft, lesson) };
        let had = self.had.entry(course.to_string()).or_default();
        let is_first = had.is_empty();
        *had.entry(page.birth).or_default() += 1;
        if had[&page.birth] > 1 {
            let left = self.again.entry((course.to_string(), page.birth)).or_default();
            if *left == 0 {
                return Err("it came twice".to_string());
            }
            *left -= 1;
        }
        let last = self.last.insert(course.to_string(), now);
        let is_hours = matches!(page.rest.unwrap_or(draft.rest), Rest::Hours(_)) && page.fixed.is_none();
        let on_its_date = page.fixed.is_some_and(|fixed| fixed.date() == today);
        let asked = self.next_now.remove(course).is_some();
        let by_itself = (is_first && draft.starts.is_none()) || is_hours || on_its_date || asked;
        if is_new_date && by_itself {
            self.unordered = Some(now);
        }
        if !is_new_date && !by_itself && self.unordered.take() != Some(now) {
            return Err(format!("{today} has its mail already; {page:?}, {:?} and {:?}", draft.rest, draft.starts));
        }
        let rests = page.fixed.is_none() && !is_hours && !asked && !is_first;
        match last {
            Some(last) if rests && now < last + hours(12) => Err(format!("the last one came at {last}")),
            Some(_) | None => Ok(()),
        }
    }

    /// A lesson that was withdrawn may still have been on its way.
    fn retired(&self, draft: &Draft, lesson: &str) -> Result<(), String> {
        let known = draft.retired.iter().any(|(id, _)| id == lesson);
        if known { Ok(()) } else { Err("no course has such a lesson".to_string()) }
    }

    /// Every issue whose moment came while they were there, once.
    pub fn has_all_issues(&self, issues: &[(String, Timestamp)], now: Timestamp) {
        let Some(began) = self.began.get("notes").filter(|_| !self.left) else { return };
        for (id, at) in issues.iter().filter(|(_, at)| began < at && *at + hours(1) < now) {
            assert_eq!(self.issues.get(id), Some(&1), "{}: issue {id} of {at}", self.address);
        }
    }

    pub async fn act(&mut self, app: &TestApp, chance: &mut Chance, courses: &[String], drafts: &[Draft]) {
        if self.left {
            return;
        }
        let course = chance.pick(courses).clone();
        if !self.began.contains_key(&course) {
            let course = if chance.one_in(4) { "notes".to_string() } else { course };
            return self.begin(app, &course).await;
        }
        let address: Address = self.address.parse().unwrap();
        let which = Which::Course(course.clone());
        let did = |acted: &Acted| matches!(acted, Acted::On(_));
        match chance.below(14) {
            0 | 1 if !self.paused.contains_key(&course) => {
                let until = self.date(app.now()).saturating_add(chance.between(1, 9).days());
                if did(&preferences::act(&app.app, &address, &which, &Act::Pause { until: Some(until) }).await.unwrap())
                {
                    let midnight = self.zone.to_ambiguous_zoned(until.at(0, 0, 0, 0)).compatible().unwrap();
                    self.paused.insert(course, midnight.timestamp());
                }
            }
            2..=4 if self.paused.contains_key(&course) => {
                preferences::act(&app.app, &address, &which, &Act::Resume).await.unwrap();
                self.paused.remove(&course);
            }
            5 => self.set(app, chance, &address).await,
            6 => {
                let acted = preferences::act(&app.app, &address, &which, &Act::NextNow).await.unwrap();
                if did(&acted) {
                    self.next_now.insert(course, app.now());
                }
            }
            7 => self.again(app, chance, &address, &course, drafts).await,
            8 if chance.one_in(6) => {
                preferences::act(&app.app, &address, &Which::All, &Act::Leave).await.unwrap();
                self.left = true;
            }
            _ => {}
        }
    }

    async fn begin(&mut self, app: &TestApp, course: &str) {
        if self.began.contains_key(course) {
            return;
        }
        let mut request = request(&self.address, course);
        request.zone = self.zone.iana_name().map(String::from);
        request.word = Word::Confirmed("paper form".to_string());
        sign_up::add(&app.app, request).await.unwrap();
        self.began.insert(course.to_string(), app.now());
    }

    async fn set(&mut self, app: &TestApp, chance: &mut Chance, address: &Address) {
        let mut settings = Settings::default();
        match chance.below(4) {
            0 => settings.hour = Some(Some(Time::constant(chance.between(0, 23) as i8, 10, 0, 0))),
            1 => settings.weekdays = Some(Some(chance.pick(&["Mon-Fri", "Tue,Thu,Sat", "*"]).to_string())),
            2 => settings.pace = Some(*chance.pick(&[0.5, 1.0, 2.0])),
            _ => settings.zone = Some(chance.pick(&ZONES).to_string()),
        }
        let acted = preferences::act(&app.app, address, &Which::All, &Act::Set(settings.clone())).await.unwrap();
        if let (Acted::On(_), Some(name)) = (acted, &settings.zone) {
            self.zone = zone(name).unwrap();
            self.trail.push(format!("{} moves to {name}", app.now()));
        }
    }

    async fn again(&mut self, app: &TestApp, chance: &mut Chance, address: &Address, course: &str, drafts: &[Draft]) {
        let draft = drafts.iter().find(|draft| draft.id == course).unwrap();
        let had: Vec<u32> = self.had.get(course).into_iter().flat_map(|had| had.keys().copied()).collect();
        let Some(page) = (!had.is_empty()).then(|| *chance.pick(&had)).and_then(|birth| draft.born(birth)) else {
            return;
        };
        let which = Which::Course(course.to_string());
        if let Acted::On(_) =
            preferences::act(&app.app, address, &which, &Act::Again(Some(page.id.clone()))).await.unwrap()
        {
            *self.again.entry((course.to_string(), page.birth)).or_default() += 1;
        }
    }
}

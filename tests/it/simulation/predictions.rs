//! What `plan` says of an edit is held against what happens after the yes: to everybody's next mail at once, and to
//! everybody's lessons until the course has ended.

use crate::app::TestApp;
use crate::app::hours;
use crate::simulation::chance::Chance;
use crate::simulation::draft::Draft;
use crate::simulation::draft::Rest;
use crate::simulation::edits;
use crate::simulation::world::ZONES;
use crate::simulation::world::utc_date;
use dripline::flow::edit::Touched;
use dripline::flow::plan;
use dripline::timing::zone;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;

const PEOPLE: usize = 4;

/// So many histories side by side: a course, people half-way through it, and an edit each.
pub async fn live(seed: u64, histories: usize) -> usize {
    let mut chance = Chance::new(seed, 11);
    let app = TestApp::new().await;
    let drafts: Vec<Draft> = (0..histories).map(|n| course(&mut chance, n, app.now())).collect();
    drafts.iter().for_each(|draft| write(&app, draft));
    let reloaded = app.reload().await;
    assert_eq!(reloaded.swapped.len(), histories, "{:?}", reloaded.problems);
    for _ in 0..PEOPLE {
        for (n, draft) in drafts.iter().enumerate() {
            let (address, zone) = (reader(n, app.now()), *chance.pick(&ZONES));
            app.enrol_in(&address, &draft.id, zone).await;
        }
        app.advance(SignedDuration::from_secs(chance.between(3600, 4 * 86_400))).await;
    }
    let mut touched = 0;
    let edited: Vec<Draft> = drafts.iter().map(|draft| several(draft, &mut chance, app.now())).collect();
    touched += foretold(&app, seed, &drafts, &edited).await;
    app.advance(hours(24 * 150)).await;
    app.verify().await;
    touched
}

/// Everybody in a history has an address of their own, after when they came.
fn reader(n: usize, at: Timestamp) -> String {
    format!("h{n}-{}@example.org", at.as_second())
}

fn course(chance: &mut Chance, n: usize, start: Timestamp) -> Draft {
    loop {
        let mut draft = Draft::random(chance, &format!("h{n}"), utc_date(start));
        (draft.starts, draft.keep_dates) = (None, false);
        for page in &mut draft.pages {
            (page.asks, page.needs, page.fixed) = (None, None, None);
        }
        draft.pages.truncate(8);
        draft.parts.clear();
        if matches!(draft.rest, Rest::Days(days) if days > 3) {
            draft.rest = Rest::Days(2);
        }
        if draft.checked().is_some() {
            return draft;
        }
    }
}

/// One edit or two at once; never a lesson that is renamed and retired in one breath: nobody can say which it was.
fn several(draft: &Draft, chance: &mut Chance, now: Timestamp) -> Draft {
    loop {
        let mut new = draft.clone();
        for _ in 0..chance.between(1, 2) {
            new = edits::edited(&new, chance, utc_date(now));
            new.pages.iter_mut().for_each(|page| page.fixed = None);
        }
        if new.retired.iter().all(|(id, birth)| draft.born(*birth).is_none_or(|page| page.id == *id)) {
            return new;
        }
    }
}

fn write(app: &TestApp, draft: &Draft) {
    for (path, bytes) in draft.tree() {
        app.write(&format!("{}/{path}", draft.id), bytes);
    }
    let retired = draft.retired.iter().map(|(id, _)| id);
    for gone in draft.pages.iter().flat_map(|page| &page.was).chain(retired) {
        std::fs::remove_file(app.courses().join(format!("{}/{gone}.md", draft.id))).ok();
    }
}

/// The next mail of a person, and what they have had, by lesson.
type Place = (Option<(String, Timestamp)>, Vec<String>);

async fn places(app: &TestApp) -> BTreeMap<String, Place> {
    let mut all = BTreeMap::new();
    for address in app.texts("SELECT address FROM subscriber ORDER BY id").await {
        let sql = format!(
            "SELECT lesson || ' ' || due FROM enrolment JOIN subscriber ON subscriber.id = enrolment.subscriber_id \
             WHERE address = '{address}' AND state = 1"
        );
        let next = app.texts(&sql).await.pop().map(|line| {
            let (lesson, due) = line.split_once(' ').unwrap();
            (lesson.to_string(), Timestamp::from_millisecond(due.parse().unwrap()).unwrap())
        });
        let subjects = app.subjects_to(&address);
        let had = subjects.iter().map(|subject| subject.split(' ').next_back().unwrap().to_string()).collect();
        all.insert(address, (next, had));
    }
    all
}

/// Puts the edits in force and compares, now and at the end.
async fn foretold(app: &TestApp, seed: u64, old: &[Draft], new: &[Draft]) -> usize {
    let before = places(app).await;
    new.iter().for_each(|draft| write(app, draft));
    let plan = plan::plan(&app.app, true).await.unwrap();
    assert!(plan.problems.iter().all(|it| it.severity != dripline::problem::Severity::Error), "{:?}", plan.problems);
    let told: BTreeMap<String, &Touched> =
        plan.courses.iter().flat_map(|effect| &effect.names).map(|it| (it.address.clone(), it)).collect();
    app.reload().await;
    let after = places(app).await;
    for (address, (next, _)) in &after {
        let home = zone(&app.person(address).await.zone).unwrap();
        let foretold = told.get(address).map_or(&before[address].0, |touched| &touched.after);
        let fits = match (foretold, next) {
            (None, None) => true,
            // Whom the edit hurries come one after another within their day.
            (Some((lesson, due)), Some((next, real))) => {
                lesson == next && due <= real && home.to_datetime(*due).date() == home.to_datetime(*real).date()
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        assert!(fits, "seed {seed}: {address}: foretold {foretold:?}, it is {next:?}");
    }
    app.advance(hours(24 * 150)).await;
    let end = places(app).await;
    for (old, new) in old.iter().zip(new) {
        let people = end.iter().filter(|(address, _)| address.starts_with(&format!("{}-", old.id)));
        for (address, (_, had)) in people {
            let at_once = Touched::default();
            kept(new, old, told.get(address).copied().unwrap_or(&at_once), had)
                .unwrap_or_else(|wrong| panic!("seed {seed}: {address}: {wrong}; {had:?}; {:?}", told.get(address)));
        }
    }
    told.len()
}

/// Whether one person had what was promised, nothing twice, and nothing that was withdrawn.
fn kept(new: &Draft, old: &Draft, told: &Touched, had: &[String]) -> Result<(), String> {
    let times = |birth: u32| {
        let named = |id: &String| {
            let page = new.born(birth).or_else(|| old.born(birth));
            page.is_some_and(|page| page.id == *id || page.was.contains(id))
                || old.born(birth).is_some_and(|it| it.id == *id)
        };
        had.iter().filter(|id| named(id)).count()
    };
    for page in &new.pages {
        let is_new = page.birth >= old.born;
        let expect = match (told.gets.contains(&page.id), told.offered.contains(&page.id)) {
            (true, false) => 1,
            (false, true) => 0,
            (false, false) if is_new => 0,
            (false, false) => 1,
            (true, true) => return Err(format!("{} is both sent and offered", page.id)),
        };
        if times(page.birth) != expect {
            return Err(format!("{} came {} times, and {expect} was foretold", page.id, times(page.birth)));
        }
    }
    for (id, birth) in new.retired.iter().filter(|(_, birth)| old.born(*birth).is_some()) {
        let expect = usize::from(!told.loses.contains(id));
        if times(*birth) != expect {
            return Err(format!("{id} came {} times, and {expect} was foretold", times(*birth)));
        }
    }
    Ok(())
}

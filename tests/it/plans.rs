//! The golden plans: each file in tests/plans is a course, a person, what both do, and the mails that person must get,
//! worked out by hand. Every plan is lived twice: by the rules alone, and through the whole program.

mod course;
mod event;
mod golden;
mod program;
mod rules;

use dripline::text;
use golden::Golden;
use golden::Line;
use golden::difference;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Plans lived at the same time through the whole program.
const AT_ONCE: usize = 4;

fn all() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    // Several at once by a word of their names, while one of them is written.
    let wanted = std::env::var("PLANS").unwrap_or_default();
    let plans: Vec<Golden> =
        paths.iter().map(|path| Golden::read(path)).filter(|it| it.name.contains(&wanted)).collect();
    assert!(!wanted.is_empty() || plans.len() >= 200, "only {} plans found", plans.len());
    plans
}

/// What differs in one plan; empty when nothing does.
fn compare(plan: &Golden, mut found: Vec<Line>, reasons: bool) -> String {
    if !plan.lists_own_mails() {
        found.retain(|line| !line.lesson.starts_with('@') && !line.lesson.contains("/@"));
    }
    let shown = |lines: &[Line]| lines.iter().map(|line| line.text(reasons)).collect::<Vec<_>>();
    let (expect, found) = (shown(&plan.lines), shown(&found));
    if expect == found {
        return String::new();
    }
    format!("\n{}: {}\n{}", plan.name, plan.file.title, difference(&expect, &found))
}

/// The same of a plan that may have ended in a panic: one broken file hides no other.
fn compared(plan: &Golden, lived: std::thread::Result<Vec<Line>>, reasons: bool) -> String {
    lived.map_or_else(|_| format!("\n{}: a panic, told above\n", plan.name), |found| compare(plan, found, reasons))
}

#[test]
fn every_golden_plan_comes_out_as_written() {
    let mut differences = String::new();
    for plan in all().iter().filter(|plan| plan.is_lived_by_rules()) {
        differences += &compared(plan, catch_unwind(|| rules::live(plan)), true);
        if plan.needs_nobody() {
            differences += &compared(plan, catch_unwind(|| rules::simulated(plan)), true);
        }
    }
    assert!(differences.is_empty(), "\n- as written, + by the rules\n{differences}");
}

#[test]
fn every_golden_plan_comes_out_of_the_whole_program() {
    let plans: Vec<Golden> = all().into_iter().filter(Golden::is_lived_by_program).collect();
    let (next, differences) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let live_some = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        while let Some(plan) = plans.get(next.fetch_add(1, Ordering::SeqCst)) {
            let lived = catch_unwind(AssertUnwindSafe(|| runtime.block_on(program::live(plan))));
            differences.lock().unwrap().push(compared(plan, lived, false));
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(live_some))));
    let mut found = differences.into_inner().unwrap();
    assert_eq!(found.len(), plans.len());
    found.sort();
    let mut text = String::new();
    found.iter().for_each(|difference| write!(text, "{difference}").unwrap());
    assert!(text.is_empty(), "\n- as written, + what arrived\n{text}");
}

#[test]
fn every_reason_of_a_golden_plan_is_told_to_its_reader_in_every_language() {
    let mut untold = Vec::new();
    for (language, _) in text::languages() {
        let page = &text::words(language).page;
        for plan in all() {
            // Plans that only the whole program lives leave reasons out.
            let lessons = plan.lines.iter().filter(|line| !line.lesson.contains('@') && !line.why.is_empty());
            let mute = lessons.filter(|line| page.reasons.of(&page.dates, &line.why).is_empty());
            untold.extend(mute.map(|line| format!("{language}: {}: {}", plan.name, line.why)));
        }
    }
    assert!(untold.is_empty(), "{untold:#?}");
}

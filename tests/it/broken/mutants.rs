//! Files changed at random, always the same way: nothing makes `check` panic, and what passes can be sent.

use crate::broken::case::Case;
use crate::broken::outgoing;
use dripline::config;
use dripline::course;
use dripline::course::Tree;
use dripline::flow::Settings;
use dripline::flow::read_courses::read_trees;
use dripline::flow::shelf::Shelved;
use dripline::message;
use dripline::message::Templates;
use dripline::problem::any_error;
use std::collections::BTreeMap;
use std::path::Path;

const SEED: u64 = 0x5eed_0fc0_a64e_5a17;
const MUTANTS: usize = 300;

/// Numbers that look like chance and are the same in each run (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// What is put in by chance: signs that mean something somewhere.
const SIGNS: [&str; 24] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "+++\n",
    "\"",
    "'",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "<div>",
    "#",
    "\n\n",
    "\0",
    "\u{feff}",
    "=",
    "{% if answers.x %}",
    "{{ answers.region }}",
    "{{ subscriber.first_name }}",
    "é",
    "\r\n",
];

fn mutate(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let lines = |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut all = lines(bytes);
    let (line, other, at) = (dice.below(all.len()), dice.below(all.len()), dice.below(bytes.len()));
    match dice.below(8) {
        0 => drop(all.remove(line)),
        1 => all.insert(other, all[line].clone()),
        2 => all.swap(line, other),
        3 => return [&bytes[..at], &bytes[(at + 1).min(bytes.len())..]].concat(),
        4 => return [&bytes[..at], &bytes[at..(at + 1).min(bytes.len())], &bytes[at..]].concat(),
        5 => {
            let mut bytes = bytes.to_vec();
            let next = (at + 1).min(bytes.len() - 1);
            bytes.swap(at, next);
            return bytes;
        }
        6 => return [&bytes[..at], SIGNS[dice.below(SIGNS.len())].as_bytes(), &bytes[at..]].concat(),
        _ => return bytes[..at].to_vec(),
    }
    all.concat()
}

/// What became of the mutants.
#[derive(Debug, Default)]
struct Count {
    refused: usize,
    passed: usize,
}

#[test]
fn what_passes_of_files_changed_at_random_can_be_sent_and_nothing_panics() {
    let mut shelves = read_trees(&Path::new(env!("CARGO_MANIFEST_DIR")).join("courses"), "courses").unwrap().trees;
    let site = Case::sound();
    shelves.extend(read_trees(&site.path().join("courses"), "courses").unwrap().trees);
    let settings = outgoing::settings(&config::load(&site.path().join("dripline.toml"), Vec::new()).config.unwrap());
    let templates = Templates::load(&BTreeMap::new()).unwrap();
    // Another seed makes other mutants: a way to look for more, by hand.
    let seed = std::env::var("MUTANTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let (mut dice, mut count) = (Dice(seed), Count::default());
    let ids: Vec<String> = shelves.keys().cloned().collect();
    for n in 0..MUTANTS {
        let id = &ids[dice.below(ids.len())];
        let tree = &shelves[id];
        let texts: Vec<&String> = tree.keys().filter(|path| path.ends_with(".md") || path.ends_with(".toml")).collect();
        let path = texts[dice.below(texts.len())].clone();
        let mut mutant: Tree = tree.clone();
        mutant.insert(path.clone(), mutate(&tree[&path], &mut dice));
        let text = String::from_utf8_lossy(&mutant[&path]).into_owned();
        if let Some(failure) = run(&settings, &templates, id, &path, &mutant, &mut count) {
            panic!("mutant {n}, {id}/{path}: {failure}\n{text}");
        }
    }
    assert!(count.refused > 50 && count.passed > 50, "{count:?}");
}

/// A change of one lesson is looked at in that lesson, one of course.toml in every third.
fn run(
    settings: &Settings,
    templates: &Templates,
    id: &str,
    path: &str,
    tree: &Tree,
    count: &mut Count,
) -> Option<String> {
    let loaded = course::load(id, "courses", tree);
    // A sketch is looked at, too.
    let name = path.rsplit('/').next().and_then(|file| file.strip_suffix(".md"));
    let meant = |n: usize, lesson: &str| name.map_or(n.is_multiple_of(3), |name| name == lesson);
    let course = loaded.sketch.as_ref()?;
    let mut problems = loaded.problems.clone();
    for mail in message::mails(templates, &settings.site, course)
        .into_iter()
        .enumerate()
        .filter(|(n, mail)| meant(*n, mail.id()))
        .map(|(_, it)| it)
    {
        problems.extend(mail.check(templates, &settings.site));
    }
    problems.extend(message::check_page(&settings.site, course));
    assert!(problems.iter().all(|problem| problem.position().0 > 0 && !problem.help.is_empty()));
    let Some(course) = loaded.course.filter(|_| !any_error(&problems)) else {
        count.refused += 1;
        return None;
    };
    count.passed += 1;
    let order = course.order.clone();
    let shelved = match Shelved::new(templates, &settings.site, course) {
        Ok(shelved) => shelved,
        Err(problems) => return Some(format!("it passed and can't be compiled: {}", problems[0])),
    };
    let lessons = order.iter().enumerate().filter(|(n, lesson)| meant(*n, lesson));
    lessons.into_iter().find_map(|(_, lesson)| outgoing::lesson_failure(settings, &shelved, lesson))
}

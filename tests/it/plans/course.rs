//! A plan's course as the files that a coach would write. Knows no person.

use dripline::course::Course;
use dripline::course::Tree;
use dripline::problem::Problem;
use std::fmt::Write as _;
use toml::Table;
use toml::Value;

const SCHEDULE: [&str; 8] = ["wait", "send", "spread", "skip", "starts", "late", "keep_dates", "pace"];
const NEWSLETTER: [&str; 4] = ["issues", "time_zone", "late_limit", "audience"];

#[derive(Debug, Clone)]
pub struct Written {
    /// Keys of course.toml, those of its tables too.
    course: Table,
    stages: Vec<Table>,
    /// By id: keys of the front matter, `asks` (question → options), and `text`.
    lessons: Table,
}

impl Written {
    pub fn new(course: Table, stages: Option<Value>, lessons: Table) -> Written {
        Written { course, stages: stages.map(|stages| tables(&stages)).unwrap_or_default(), lessons }
    }

    /// With these keys instead of what they were.
    pub fn edited(&self, changes: &Table) -> Written {
        let mut edited = self.clone();
        // Stages first: they take the list's place, or leave it to one.
        let (stages, others): (Vec<_>, Vec<_>) = changes.iter().partition(|(key, _)| *key == "stage");
        for (key, value) in stages.into_iter().chain(others) {
            match key.as_str() {
                "stage" => {
                    edited.stages = tables(value);
                    drop(edited.course.remove("lessons"));
                }
                "lesson" => {
                    for (id, keys) in value.as_table().unwrap() {
                        let known = edited.lessons.entry(id).or_insert(Value::Table(Table::new()));
                        known.as_table_mut().unwrap().extend(keys.as_table().unwrap().clone());
                    }
                }
                _ => drop(edited.course.insert(key.clone(), value.clone())),
            }
        }
        edited
    }

    /// Through the real door.
    pub fn load(&self, id: &str) -> Result<Course, Vec<Problem>> {
        let loaded = dripline::course::load(id, "courses", &self.tree(id));
        loaded.course.ok_or(loaded.problems)
    }

    pub fn tree(&self, id: &str) -> Tree {
        let mut tree = Tree::from([("course.toml".to_string(), self.manifest(id).into_bytes())]);
        for lesson in self.listed() {
            let own = self.lessons.get(&lesson).and_then(Value::as_table).cloned().unwrap_or_default();
            tree.insert(format!("{lesson}.md"), file(&lesson, own).into_bytes());
        }
        tree
    }

    fn listed(&self) -> Vec<String> {
        let lists = self.stages.iter().chain([&self.course]).filter_map(|table| table.get("lessons"));
        lists.flat_map(|list| list.as_array().unwrap()).map(|id| id.as_str().unwrap().to_string()).collect()
    }

    fn manifest(&self, id: &str) -> String {
        let mut text = String::new();
        let is_of = |table: &[&str], key: &String| table.contains(&key.as_str());
        write!(text, "title = {id:?}\nlanguage = \"en\"\n").unwrap();
        for (key, value) in self.course.iter().filter(|(key, _)| !is_of(&SCHEDULE, key) && !is_of(&NEWSLETTER, key)) {
            writeln!(text, "{key} = {}", toml(value)).unwrap();
        }
        for (name, keys) in [("schedule", SCHEDULE.as_slice()), ("newsletter", &NEWSLETTER)] {
            let own: Vec<_> = self.course.iter().filter(|(key, _)| is_of(keys, key)).collect();
            if !own.is_empty() {
                writeln!(text, "[{name}]").unwrap();
            }
            own.iter().for_each(|(key, value)| writeln!(text, "{key} = {}", toml(value)).unwrap());
        }
        for stage in &self.stages {
            writeln!(text, "[[stage]]").unwrap();
            stage.iter().for_each(|(key, value)| writeln!(text, "{key} = {}", toml(value)).unwrap());
        }
        text
    }
}

fn tables(value: &Value) -> Vec<Table> {
    value.as_array().unwrap().iter().map(|table| table.as_table().unwrap().clone()).collect()
}

fn file(id: &str, mut own: Table) -> String {
    let asks = own.remove("asks").and_then(|asks| asks.as_table().cloned()).unwrap_or_default();
    let text = own.remove("text").map_or("Breathe.".to_string(), |text| text.as_str().unwrap().to_string());
    let mut front = format!("subject = {id:?}\n");
    own.iter().for_each(|(key, value)| writeln!(front, "{key} = {}", toml(value)).unwrap());
    for (question, options) in asks {
        // Either a list of options, or a table of `options` and `alert`.
        let (options, alert) = match options.as_table() {
            Some(table) => (table["options"].clone(), Some(table["alert"].clone())),
            None => (options, None),
        };
        let options: Vec<String> =
            options.as_array().unwrap().iter().map(|it| format!("{0} = {0}", toml(it))).collect();
        writeln!(front, "[[ask]]\nid = {question:?}\nquestion = \"Which?\"\nkind = \"choice\"").unwrap();
        writeln!(front, "options = {{ {} }}", options.join(", ")).unwrap();
        alert.iter().for_each(|alert| writeln!(front, "alert = {}", toml(alert)).unwrap());
    }
    format!("+++\n{front}+++\n\nDear friend,\n\n{text}\n")
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(value) => value.to_string(),
        Value::Datetime(moment) => moment.to_string(),
        Value::Array(list) => format!("[{}]", list.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

//! The header of somebody's file: which column says what, and everything that is wrong with it at once. Knows no row.

use super::records::Cells;
use crate::course;
use crate::flow::sheet::Fact;
use crate::keys::nearest;
use std::fmt::Write as _;
use std::str::FromStr;

/// `Their=ours`: what the file calls one of our columns. `Their=` leaves that column out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub theirs: String,
    pub ours: Column,
}

/// What a column says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Column {
    Fact(Fact),
    Field(String),
    /// Nothing that we want to know.
    LeftOut,
    /// A cell of the header is empty: whatever stands below it was meant for another column.
    Unnamed,
}

/// Where each column stands.
#[derive(Debug, Clone)]
pub struct Columns {
    /// As many as the header has cells.
    columns: Vec<Column>,
    places: [Option<usize>; Fact::ALL.len()],
    /// Names of a course's fields, and where they stand.
    pub fields: Vec<(String, usize)>,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Mapping, String> {
        let example = "write THEIRS=OURS, like 'Mail address=email'; THEIRS= leaves a column out";
        let (theirs, ours) = text.rsplit_once('=').ok_or(example)?;
        if theirs.trim().is_empty() {
            return Err(example.to_string());
        }
        let ours = if ours.trim().is_empty() { Some(Column::LeftOut) } else { Column::named(ours) };
        let ours = ours.ok_or_else(|| format!("there is no such column of ours; {}", ours_in_words()))?;
        Ok(Mapping { theirs: theirs.trim().to_string(), ours })
    }
}

impl Column {
    /// A column that has our name for it.
    fn named(name: &str) -> Option<Column> {
        let name = name.trim();
        if let Some(field) = name.strip_prefix("field:").map(str::trim) {
            return course::is_word(field).then(|| Column::Field(field.to_string()));
        }
        Fact::from_name(&name.to_ascii_lowercase()).map(Column::Fact)
    }
}

impl Columns {
    /// # Errors
    /// A sentence or more: every column that we don't know, stands twice or is missing.
    pub fn new(header: &Cells, maps: &[Mapping], courses: &[&str]) -> Result<Columns, String> {
        let names: Vec<&str> = header.iter().map(str::trim).collect();
        let mut faults = Vec::new();
        for map in maps.iter().filter(|map| !names.contains(&map.theirs.as_str())) {
            faults.push(format!("--map names the column `{}`, which isn't there", map.theirs));
        }
        let mut columns = Vec::new();
        for name in &names {
            let mapped = maps.iter().find(|map| map.theirs == *name).map(|map| map.ours.clone());
            let column = mapped.or_else(|| Column::named(name));
            if column.is_none() && !name.is_empty() {
                faults.push(unknown(name));
            }
            let column = column.unwrap_or(Column::Unnamed);
            if !matches!(column, Column::LeftOut | Column::Unnamed) && columns.contains(&column) {
                faults.push(format!("two columns say the same: `{name}` is the second; leave one out with --map"));
            }
            columns.push(column);
        }
        let has = |fact: Fact| columns.contains(&Column::Fact(fact));
        if !has(Fact::Email) {
            faults
                .push("no column is called `email`; say which one it is, like --map 'Mail address=email'".to_string());
        }
        if !has(Fact::Course) {
            let known = if courses.is_empty() { "none yet".to_string() } else { courses.join(", ") };
            faults.push(format!(
                "no column is called `course`; add one, with the folder of a course in every row (there are: {known})"
            ));
        }
        if faults.is_empty() { Ok(Columns::placed(columns)) } else { Err(told(&faults, &names)) }
    }

    fn placed(columns: Vec<Column>) -> Columns {
        let mut places = [None; Fact::ALL.len()];
        let mut fields = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            match column {
                Column::Fact(fact) => places[*fact as usize] = Some(at),
                Column::Field(name) => fields.push((name.clone(), at)),
                Column::LeftOut | Column::Unnamed => {}
            }
        }
        Columns { columns, places, fields }
    }

    pub fn count(&self) -> usize {
        self.columns.len()
    }

    /// Where cells must be empty.
    pub fn unnamed(&self) -> impl Iterator<Item = usize> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| **column == Column::Unnamed).map(|(at, _)| at)
    }

    pub fn has(&self, fact: Fact) -> bool {
        self.place(fact).is_some()
    }

    pub fn place(&self, fact: Fact) -> Option<usize> {
        self.places[fact as usize]
    }
}

fn unknown(name: &str) -> String {
    let small = name.to_ascii_lowercase().replace([' ', '-'], "_");
    let near = nearest(&small, Fact::ALL.iter().map(|fact| fact.name()));
    let quoted = name.replace('\'', "'\\''");
    match near {
        Some(near) => {
            format!(
                "the column `{name}` isn't known; is it {near}? --map '{quoted}={near}', or leave it out: --map '{quoted}='"
            )
        }
        None => format!(
            "the column `{name}` isn't known; say what it is, --map '{quoted}=OURS', or leave it out: --map '{quoted}='"
        ),
    }
}

fn told(faults: &[String], names: &[&str]) -> String {
    let mut text = "nothing was imported; the first line of the file names its columns:".to_string();
    for fault in faults {
        write!(text, "\n  - {fault}").ok();
    }
    let theirs = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    write!(text, "\nThe file's columns are {theirs}; {}", ours_in_words()).ok();
    text
}

fn ours_in_words() -> String {
    let names: Vec<&str> = Fact::ALL.iter().filter(|fact| **fact <= Fact::Source).map(|fact| fact.name()).collect();
    format!("ours are {}, field:NAME, and what `dripline export` writes", names.join(", "))
}

//! What a file of people says in both directions: the names of its columns, and the apostrophe that keeps a spreadsheet
//! from running a cell as a formula. Reads and writes no file.

/// A column that stands for the same in every file. A course's own fields stand beside these, as `field:NAME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    Email,
    FirstName,
    Zone,
    Language,
    Course,
    /// Where consent came from.
    Source,
    Hour,
    Weekdays,
    Run,
    State,
    Pace,
    /// Ids of the lessons that were sent, in that order.
    Done,
    /// `lesson:why` of lessons that aren't owed for another reason.
    Passed,
    Confirmed,
    /// When the last lesson was sent, from which the next one counts.
    Since,
    Floor,
    LastDate,
    LastCount,
    PausedAt,
    PausedUntil,
    /// Why the place is held.
    Held,
    ConsentAt,
    ConsentText,
    ConsentVersion,
    /// Why the address gets nothing.
    Suppressed,
    SuppressedBy,
    SuppressedAt,
}

impl Fact {
    /// In the order in which a file has them.
    pub const ALL: [Fact; 27] = [
        Fact::Email,
        Fact::FirstName,
        Fact::Zone,
        Fact::Language,
        Fact::Course,
        Fact::Source,
        Fact::Hour,
        Fact::Weekdays,
        Fact::Run,
        Fact::State,
        Fact::Pace,
        Fact::Done,
        Fact::Passed,
        Fact::Confirmed,
        Fact::Since,
        Fact::Floor,
        Fact::LastDate,
        Fact::LastCount,
        Fact::PausedAt,
        Fact::PausedUntil,
        Fact::Held,
        Fact::ConsentAt,
        Fact::ConsentText,
        Fact::ConsentVersion,
        Fact::Suppressed,
        Fact::SuppressedBy,
        Fact::SuppressedAt,
    ];

    /// As the header of a file says it.
    pub fn name(self) -> &'static str {
        match self {
            Fact::Email => "email",
            Fact::FirstName => "first_name",
            Fact::Zone => "zone",
            Fact::Language => "language",
            Fact::Course => "course",
            Fact::Source => "source",
            Fact::Hour => "hour",
            Fact::Weekdays => "weekdays",
            Fact::Run => "run",
            Fact::State => "state",
            Fact::Pace => "pace",
            Fact::Done => "done",
            Fact::Passed => "passed",
            Fact::Confirmed => "confirmed",
            Fact::Since => "since",
            Fact::Floor => "floor",
            Fact::LastDate => "last_date",
            Fact::LastCount => "last_count",
            Fact::PausedAt => "paused_at",
            Fact::PausedUntil => "paused_until",
            Fact::Held => "held",
            Fact::ConsentAt => "consent_at",
            Fact::ConsentText => "consent_text",
            Fact::ConsentVersion => "consent_version",
            Fact::Suppressed => "suppressed",
            Fact::SuppressedBy => "suppressed_by",
            Fact::SuppressedAt => "suppressed_at",
        }
    }

    pub fn from_name(name: &str) -> Option<Fact> {
        Fact::ALL.into_iter().find(|fact| fact.name() == name)
    }

    /// Whether it only has a meaning where a row says where the person stands.
    pub fn is_of_a_place(self) -> bool {
        (Fact::Hour..=Fact::ConsentVersion).contains(&self) && self != Fact::State
    }
}

/// A cell that no spreadsheet takes for a formula: an apostrophe stands before what begins with `=`, `+`, `-`, `@`, a tab
/// or a carriage return, and before what reads like such a cell already. [`plain`] undoes it.
pub fn neutral(text: &str) -> String {
    if begins_like_a_formula(text) { format!("'{text}") } else { text.to_string() }
}

/// A cell without the apostrophe of [`neutral`].
pub fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| begins_like_a_formula(rest)).unwrap_or(cell)
}

fn begins_like_a_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::Fact;
    use super::neutral;
    use super::plain;
    use proptest::prelude::proptest;

    #[test]
    fn a_formula_becomes_a_text_and_a_name_stays_a_name() {
        let check = |text: &str, cell: &str| assert_eq!((neutral(text).as_str(), plain(cell)), (cell, text));
        check("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
        check("+49", "'+49");
        check("-1", "'-1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t=1");
        check("\r=1", "'\r=1");
        check("'=1", "''=1");
        check("'t Hooft", "'t Hooft");
        check("''", "''");
        check("ana@example.org", "ana@example.org");
        check("", "");
    }

    #[test]
    fn every_column_is_known_by_its_name() {
        for fact in Fact::ALL {
            assert_eq!(Fact::from_name(fact.name()), Some(fact));
        }
        let of_a_place = Fact::ALL.iter().filter(|fact| fact.is_of_a_place()).count();
        assert_eq!(of_a_place, 17);
    }

    proptest! {
        #[test]
        fn what_was_made_neutral_comes_back(text in "['=+@a\\t\\r-]{0,6}") {
            let cell = neutral(&text);
            proptest::prop_assert_eq!(plain(&cell), text.as_str());
            proptest::prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}

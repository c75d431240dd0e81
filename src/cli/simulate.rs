//! `dripline simulate`: the exact plan that a person would get.

use crate::cli::values;
use crate::timing;
use crate::timing::DateRange;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Print the plan that a person would get: each lesson, its moment and the rule that set it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The course's folder
    #[arg(value_parser = values::course)]
    pub course: String,
    /// The local moment of confirmation, like 2026-03-27T22:15 [default: now]
    #[arg(long, value_name = "MOMENT")]
    pub signup: Option<DateTime>,
    /// The person's IANA time zone [default: the site's]
    #[arg(long, value_parser = timing::zone)]
    pub zone: Option<TimeZone>,
    /// An answer to a question, like region=neck; may be repeated
    #[arg(long = "answer", value_name = "QUESTION=OPTION", value_parser = values::pair)]
    pub answers: Vec<(String, String)>,
    /// The person's pace: waits are multiplied by it
    #[arg(long, value_parser = values::pace)]
    pub pace: Option<f64>,
    /// Local dates without lessons, both inclusive, like 2026-04-01..2026-04-08
    #[arg(long, value_name = "FIRST..LAST")]
    pub pause: Option<DateRange>,
    /// Print an array of {lesson, local, utc, why}
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;
    use jiff::civil::date;

    #[test]
    fn everything_about_the_person_can_be_said() {
        let line = "four-stages --signup 2026-03-27T22:15 --zone Europe/Berlin --answer region=neck --answer mood=good \
                    --pace 1.5 --pause 2026-04-01..2026-04-08 --json";
        let args: Args = parse(line).unwrap();
        assert_eq!(args.course, "four-stages");
        assert_eq!(args.signup, Some(date(2026, 3, 27).at(22, 15, 0, 0)));
        assert_eq!(args.zone.as_ref().and_then(TimeZone::iana_name), Some("Europe/Berlin"));
        let answers = [("region", "neck"), ("mood", "good")].map(|(q, o)| (q.to_string(), o.to_string()));
        assert_eq!(args.answers, answers);
        assert_eq!(args.pace, Some(1.5));
        assert_eq!(args.pause, Some(DateRange { first: date(2026, 4, 1), last: date(2026, 4, 8) }));
        assert!(args.json);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let check = |line: &str| assert!(parse::<Args>(line).is_err(), "{line}");
        check("");
        check("../four-stages");
        check("c --signup yesterday");
        check("c --signup 2026-02-30T10:00");
        check("c --signup 2026-03-27T22:15Z");
        check("c --zone Europe/Berln");
        check("c --answer region");
        check("c --pace 0");
        check("c --pause 2026-04-08..2026-04-01");
    }
}

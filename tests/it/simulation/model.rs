//! The small model of one person in a course without stages: what the written rules say comes next, worked out the slow
//! way from a plain list of facts. Uses nothing of the product but its zone names.

mod facts;

pub use facts::Fate;
pub use facts::Model;
pub use facts::What;

use crate::simulation::draft::Draft;
use crate::simulation::draft::Moments;
use crate::simulation::draft::Page;
use crate::simulation::draft::Rest;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What the rules say.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    Mail { what: What, low: Timestamp, high: Timestamp },
    Answer { birth: u32, until: Timestamp },
    End,
}

/// A lesson that comes next, or the answer that decides.
enum Owed<'d> {
    Page(&'d Page, Option<Timestamp>),
    Answer(u32, Timestamp),
    Nothing(Option<Timestamp>),
}

impl Model {
    pub fn expect(&self, draft: &Draft, now: Timestamp) -> Expected {
        if let Some(back) = self.back {
            let low = self.moment(draft, &draft.send, false, back);
            return self.spread(draft, What::Back, low);
        }
        if let Some((birth, since)) = self.again.first() {
            let page = draft.born(*birth).expect("what was asked for is in the course");
            return self.once_more(draft, page, *since);
        }
        match self.owed(draft, now) {
            Owed::Answer(birth, until) => Expected::Answer { birth, until },
            Owed::Page(page, settled) => self.page(draft, page, settled),
            Owed::Nothing(settled) => self.end(draft, settled),
        }
    }

    /// The first lesson in order that is neither sent nor marked and whose condition doesn't fail; and until when an
    /// answer was awaited in vain on the way to it.
    fn owed<'d>(&self, draft: &'d Draft, now: Timestamp) -> Owed<'d> {
        let mut settled = None;
        for page in draft.pages.iter().filter(|page| self.fate(page.birth) == Fate::Owed) {
            let Some(question) = page.needs else { return Owed::Page(page, settled) };
            match (self.answers.get(&question), self.asked(draft, question)) {
                (Some(true), _) => return Owed::Page(page, settled),
                (Some(false), _) | (None, None) => {}
                (None, Some(_)) if self.next_now.is_some() => {}
                (None, Some(asked)) if asked + 72 * HOUR > now => return Owed::Answer(page.birth, asked + 72 * HOUR),
                (None, Some(asked)) => settled = settled.max(Some(asked + 72 * HOUR)),
            }
        }
        Owed::Nothing(settled)
    }

    fn asked(&self, draft: &Draft, question: u32) -> Option<Timestamp> {
        let asks = |what: What| match what {
            What::Page(birth) => draft.born(birth).is_some_and(|page| page.asks == Some(question)),
            What::Back | What::Closing => false,
        };
        self.sent.iter().filter(|sent| asks(sent.what)).map(|sent| sent.at).max()
    }

    fn page(&self, draft: &Draft, page: &Page, settled: Option<Timestamp>) -> Expected {
        let what = What::Page(page.birth);
        let at = |instant| Expected::Mail { what, low: instant, high: instant };
        if let Some(asked) = self.next_now {
            return at(asked);
        }
        let floor = self.floor(draft, page).max(settled.map(|settled| settled - HOUR)).unwrap_or(Timestamp::MIN);
        let expected = match (self.last_page(), page.fixed, page.rest.unwrap_or(draft.rest)) {
            (None, fixed, _) => self.first(draft, page, fixed, floor),
            (Some(last), Some(fixed), _) => {
                let (instant, from) = (resolve(fixed, &self.zone), last.max(floor));
                if instant >= from && !self.used(self.date(instant)) {
                    at(instant)
                } else {
                    self.by_send(draft, page, instant.max(from))
                }
            }
            (Some(last), None, Rest::Hours(hours)) => at((last + self.hours(hours)).max(floor)),
            (Some(last), None, Rest::Days(days)) => self.by_send(draft, page, self.days_after(last, days).max(floor)),
        };
        let expected = match expected {
            Expected::Mail { low, .. } if self.hurried => self.spread(draft, what, low),
            other @ (Expected::Mail { .. } | Expected::Answer { .. } | Expected::End) => other,
        };
        match (expected, settled) {
            (Expected::Mail { what, low, high }, Some(settled)) => {
                Expected::Mail { what, low: low.max(settled), high: high.max(settled) }
            }
            (expected, _) => expected,
        }
    }

    fn first(&self, draft: &Draft, page: &Page, fixed: Option<DateTime>, floor: Timestamp) -> Expected {
        let what = What::Page(page.birth);
        let from = self.confirmed.max(floor);
        let at = |instant| Expected::Mail { what, low: instant, high: instant };
        if let Some(fixed) = fixed.map(|fixed| resolve(fixed, &self.zone)).filter(|fixed| *fixed >= from) {
            return at(fixed);
        }
        let Some(starts) = draft.starts else { return at(from) };
        let (send, own) = own_send(draft, page);
        let midnight = resolve(starts.at(0, 0, 0, 0), &self.zone);
        if self.first_moment(send, own, midnight, &|_| true) < self.confirmed {
            return at(from);
        }
        let low = self.first_moment(send, own, midnight.max(floor), &|_| true);
        self.spread(draft, what, low)
    }

    /// A lesson that was asked for again: on the next day, or as usual behind another one that was asked for.
    fn once_more(&self, draft: &Draft, page: &Page, since: Timestamp) -> Expected {
        let plain = Page { fixed: None, ..page.clone() };
        if self.next_now.is_some() || self.last_page().is_some_and(|last| last > since) {
            return self.page(draft, &plain, None);
        }
        let tomorrow = self.midnight_after(since);
        self.by_send(draft, &plain, tomorrow.max(self.floor(draft, page).unwrap_or(tomorrow)))
    }

    fn end(&self, draft: &Draft, settled: Option<Timestamp>) -> Expected {
        let closed = self.ended || self.sent.iter().any(|sent| sent.what == What::Closing);
        let Some(last) = self.last_page().filter(|_| !closed) else { return Expected::End };
        let back = self.sent.last().filter(|sent| sent.what == What::Back);
        let rest = back.map(|sent| self.midnight_after(sent.at).max(sent.at + 12 * HOUR));
        let floor = self.floor.max(rest).max(settled.map(|settled| settled - HOUR));
        let low = self.moment(draft, &draft.send, false, last.max(floor.unwrap_or(last)));
        self.spread(draft, What::Closing, low.max(settled.unwrap_or(low)))
    }

    fn by_send(&self, draft: &Draft, page: &Page, earliest: Timestamp) -> Expected {
        let (send, own) = own_send(draft, page);
        self.spread(draft, What::Page(page.birth), self.moment(draft, send, own, earliest))
    }

    /// 00:00 so many days later, and twelve hours at least.
    pub fn days_after(&self, last: Timestamp, days: i64) -> Timestamp {
        let wished = (days as f64 * self.pace - 1e-6).ceil() as i64;
        let date = self.date(last).checked_add(wished.days()).unwrap();
        resolve(date.at(0, 0, 0, 0), &self.zone).max(last + 12 * HOUR)
    }

    pub fn hours(&self, hours: i64) -> SignedDuration {
        SignedDuration::from_millis((hours as f64 * 3_600_000.0 * self.pace).round() as i64)
    }

    fn floor(&self, draft: &Draft, page: &Page) -> Option<Timestamp> {
        let back =
            self.sent.last().filter(|sent| sent.what == What::Back).map(|sent| match page.rest.unwrap_or(draft.rest) {
                Rest::Hours(_) => sent.at + 24 * HOUR,
                Rest::Days(_) => self.midnight_after(sent.at).max(sent.at + 12 * HOUR),
            });
        self.floor.max(back)
    }

    /// The first moment of `send` on a date that is neither skipped nor used.
    fn moment(&self, draft: &Draft, send: &Moments, own: bool, earliest: Timestamp) -> Timestamp {
        let free = |date: Date| !is_skipped(draft, date) && !self.used(date);
        self.first_moment(send, own, earliest, &free)
    }

    /// Looks at every day and every moment of it.
    fn first_moment(&self, send: &Moments, own: bool, earliest: Timestamp, free: &dyn Fn(Date) -> bool) -> Timestamp {
        let mut day = self.date(earliest).yesterday().unwrap();
        for _ in 0..1500 {
            for instant in self.moments_of(send, own, day) {
                if instant >= earliest && free(self.date(instant)) {
                    return instant;
                }
            }
            day = day.tomorrow().unwrap();
        }
        panic!("no moment of {send:?} from {earliest} on");
    }

    /// What the wall clock's readings of one day are as instants.
    pub fn moments_of(&self, send: &Moments, own: bool, day: Date) -> Vec<Timestamp> {
        let weekdays = self.weekdays.as_ref().filter(|_| !own).unwrap_or(&send.weekdays).clone();
        let send = Moments { weekdays, ..send.clone() };
        if !send.on(day) {
            return Vec::new();
        }
        let times = self.hour.map_or_else(|| send.times(), |hour| vec![hour]);
        times.into_iter().map(|time| resolve(day.to_datetime(time), &self.zone)).collect()
    }

    fn spread(&self, draft: &Draft, what: What, low: Timestamp) -> Expected {
        let until = if self.hurried { low + 24 * HOUR } else { low + SignedDuration::from_mins(draft.spread) };
        Expected::Mail { what, low, high: until.min(self.midnight_after(low)) }
    }

    pub fn midnight_after(&self, instant: Timestamp) -> Timestamp {
        resolve(self.date(instant).tomorrow().unwrap().at(0, 0, 0, 0), &self.zone)
    }

    pub fn date(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    fn used(&self, date: Date) -> bool {
        self.used.contains(&date)
    }
}

/// A moment of `send` that is the lesson's own isn't changed by a person's weekdays.
pub fn own_send<'d>(draft: &'d Draft, page: &'d Page) -> (&'d Moments, bool) {
    page.send.as_ref().map_or((&draft.send, false), |send| (send, true))
}

pub fn is_skipped(draft: &Draft, date: Date) -> bool {
    draft.skip.iter().any(|(first, last)| *first <= date && date <= *last)
}

/// A reading that the clock skips is as much later, one that it shows twice is the first.
pub fn resolve(civil: DateTime, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned(civil).compatible().unwrap().timestamp()
}

//! The only room that reads the real time. It keeps two clocks: the wall clock of machines, and the reader's clock,
//! which runs faster when a day is shortened for a rehearsal.

use jiff::SignedDuration;
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One reading of both clocks. A verb takes it once and passes it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// What machines count by: leases, retries, expiry, the Date header.
    pub wall: Timestamp,
    /// What a person calls a date: waits, `send`, skip, pause. The same as `wall` unless a day is shortened.
    pub reader: Timestamp,
}

/// A shortened day: at `anchor` both clocks agreed; since then the reader's runs so that a day takes `day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortDay {
    pub anchor: Timestamp,
    pub day: Duration,
}

/// Where readings come from.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    short_day: Option<ShortDay>,
}

#[derive(Debug, Clone)]
enum Source {
    System,
    /// Set by hand: for tests and simulations. Unix milliseconds.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Clock {
        Clock { source: Source::System, short_day: None }
    }

    /// A clock that stands still until `advance` is called.
    pub fn manual(start: Timestamp) -> Clock {
        Clock { source: Source::Manual(Arc::new(AtomicI64::new(start.as_millisecond()))), short_day: None }
    }

    /// How many seconds of the reader's clock pass in one of the wall clock.
    pub fn speed(&self) -> f64 {
        self.short_day.map_or(1.0, |short| DAY_MS as f64 / (short.day.as_secs_f64() * 1000.0))
    }

    pub fn with_short_day(self, short_day: Option<ShortDay>) -> Clock {
        Clock { short_day, ..self }
    }

    /// Moves a manual clock; a system clock can't be moved and stays.
    pub fn advance(&self, by: SignedDuration) {
        if let Source::Manual(ms) = &self.source {
            ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Whether it stands still until somebody moves it: who waits for such a clock waits in vain.
    pub fn stands_still(&self) -> bool {
        match self.source {
            Source::System => false,
            Source::Manual(_) => true,
        }
    }

    /// Both clocks, cut to whole milliseconds, as the database keeps them.
    pub fn now(&self) -> Now {
        let wall = match &self.source {
            Source::System => system_time(),
            Source::Manual(ms) => from_ms(ms.load(Ordering::SeqCst)),
        };
        Now { wall, reader: self.reader_at(wall) }
    }

    /// How long to sleep, by the wall clock, until the reader's clock shows `instant`. Zero when it is past.
    pub fn until_reader(&self, instant: Timestamp) -> Duration {
        let ahead = instant.as_millisecond() - self.now().reader.as_millisecond();
        let ahead = u64::try_from(ahead).unwrap_or(0);
        let wall_ms = self
            .short_day
            .map_or(ahead as f64, |short| ahead as f64 * short.day.as_secs_f64() * 1000.0 / DAY_MS as f64);
        Duration::from_millis(wall_ms.ceil() as u64)
    }

    /// What the reader's clock shows, or showed, at an instant of the wall clock. Before a day was shortened both agreed.
    pub fn reader_at(&self, wall: Timestamp) -> Timestamp {
        let Some(short) = self.short_day.filter(|short| wall > short.anchor) else { return wall };
        let passed = (wall.as_millisecond() - short.anchor.as_millisecond()) as f64;
        let factor = DAY_MS as f64 / (short.day.as_secs_f64() * 1000.0);
        from_ms(short.anchor.as_millisecond() + (passed * factor) as i64)
    }
}

/// An instant from stored unix milliseconds; out of jiff's range it is cut to the nearest that exists.
pub fn from_ms(ms: i64) -> Timestamp {
    let nearest = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(nearest)
}

#[expect(clippy::disallowed_methods, reason = "this is the one door of time")]
fn system_time() -> Timestamp {
    from_ms(Timestamp::now().as_millisecond())
}

/// Sees the wall clock jump: compares it with the clock that only counts seconds.
#[derive(Debug)]
pub struct Jumps {
    clock: Clock,
    wall: Timestamp,
    counted: Instant,
}

impl Clock {
    pub fn watch_jumps(&self) -> Jumps {
        Jumps { clock: self.clone(), wall: self.now().wall, counted: Instant::now() }
    }
}

impl Jumps {
    /// By how much the wall clock left the counted seconds behind (or fell behind them) since the last call, when that
    /// is more than `limit`.
    pub fn jump_over(&mut self, limit: SignedDuration) -> Option<SignedDuration> {
        let (wall, counted) = (self.clock.now().wall, Instant::now());
        let passed = SignedDuration::try_from(counted.duration_since(self.counted)).unwrap_or(SignedDuration::MAX);
        let jump = self.wall.duration_until(wall) - passed;
        (self.wall, self.counted) = (wall, counted);
        (jump.abs() > limit).then_some(jump)
    }
}

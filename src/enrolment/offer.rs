//! What the stages of a course offer at the same time, and which of it comes.

use super::next::Comes;
use super::reader::Reader;
use super::track::Track;
use jiff::Timestamp;

/// What one track offers.
pub struct Offer {
    pub comes: Comes,
    /// Before the spread.
    pub instant: Timestamp,
    /// What it counts from: who waited longest goes first.
    pub basis: Timestamp,
}

impl Offer {
    /// Whether it comes at its own instant, whatever else its date has.
    fn is_free(&self) -> bool {
        match self.comes {
            Comes::Mail { free, .. } => free,
            Comes::Answer { .. } | Comes::Rest { .. } => true,
            Comes::Never { .. } | Comes::End => false,
        }
    }
}

/// Which of the tracks' offers comes, each with its track's place in the course. Of two on one date the older goes,
/// whatever their hours, else a stage with a later hour would never come; what leaves at its own instant goes ahead of
/// them when that is earlier.
pub fn first(offers: Vec<(Offer, usize)>, reader: &Reader) -> Option<Offer> {
    let (free, others): (Vec<_>, Vec<_>) = offers.into_iter().partition(|(offer, _)| offer.is_free());
    let date = |offer: &Offer| reader.local_date(offer.instant);
    let soonest = free.into_iter().min_by_key(|(offer, index)| (offer.instant, offer.basis, *index));
    let oldest = others.into_iter().min_by_key(|(offer, index)| (date(offer), offer.basis, *index));
    let (soonest, oldest) = (soonest.map(|(offer, _)| offer), oldest.map(|(offer, _)| offer));
    match (soonest, oldest) {
        (Some(soonest), Some(oldest)) => Some(if soonest.instant <= oldest.instant { soonest } else { oldest }),
        (soonest, oldest) => soonest.or(oldest),
    }
}

/// The end of a stage's pause, among what the other stages offer.
pub fn ends(track: &Track<'_>, until: Timestamp) -> Offer {
    Offer { comes: Comes::Rest { until: Some(until), why: paused(&[track.id]) }, instant: until, basis: until }
}

/// Why nothing comes of these stages.
pub fn paused(stages: &[&str]) -> String {
    format!("paused: stage {}", stages.join(", "))
}

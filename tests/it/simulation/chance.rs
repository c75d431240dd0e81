//! Chance that can be played again: everything follows from a seed. Knows no course and no person.

/// SplitMix64: small, fast, and the same on every machine.
pub struct Chance(u64);

impl Chance {
    /// One of many independent sources that a seed has.
    pub fn new(seed: u64, source: u64) -> Chance {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ source.wrapping_mul(0xd1b5_4a32_d192_ed03));
        chance.any();
        chance
    }

    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Both ends included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.any() % (high - low + 1) as u64) as i64
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.any() % end as u64) as usize
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.any().is_multiple_of(many)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// From 0 up to 1.
    pub fn share(&mut self) -> f64 {
        (self.any() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The seeds of this run: those that failed once, then `few` fixed ones, or as many as `DRIPLINE_SEEDS` says, or the one
/// of `DRIPLINE_SEED`.
pub fn seeds(failed: &[u64], few: u64) -> Vec<u64> {
    if let Ok(one) = std::env::var("DRIPLINE_SEED") {
        return vec![one.parse().expect("DRIPLINE_SEED is a number")];
    }
    failed.iter().copied().chain(1..=number("DRIPLINE_SEEDS", few)).collect()
}

/// A size that the environment may change.
pub fn number(name: &str, usually: u64) -> u64 {
    std::env::var(name).map_or(usually, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

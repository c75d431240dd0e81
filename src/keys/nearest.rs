//! Which known name a misspelt one most likely meant. Knows no name itself.

/// Likeness (Jaro–Winkler) from which two names are taken for the same one.
const ALIKE: f64 = 0.8;

/// The known name that a misspelt one most likely meant: one that begins and sounds much the same, or differs by one
/// letter, or by two neighbours that changed places. What both have before a dot or slash doesn't count.
///
/// ```
/// use dripline::keys::nearest;
///
/// assert_eq!(nearest("subjct", ["subject", "send"].into_iter()), Some("subject"));
/// assert_eq!(nearest("ulr", ["url", "name"].into_iter()), Some("url"));
/// assert_eq!(nearest("answers.parts", ["answers.ease"].into_iter()), None);
/// ```
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let alike = known.filter_map(|candidate| {
        let (own, other) = apart(name, candidate);
        let (own, other) = (own.to_lowercase(), other.to_lowercase());
        let likeness = strsim::jaro_winkler(&own, &other);
        let slip = own.len().max(other.len()) > 2 && strsim::osa_distance(&own, &other) <= 1;
        (likeness > ALIKE || slip).then_some((likeness, candidate))
    });
    alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// Two names without the folders or owners that both begin with.
fn apart<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let (mut start, ends) = (0, if one.contains('/') { '/' } else { '.' });
    for ((at, a), b) in one.char_indices().zip(other.chars()) {
        if a != b {
            break;
        }
        if a == ends {
            start = at + 1;
        }
    }
    (&one[start..], &other[start..])
}

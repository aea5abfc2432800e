//! The choice of a language: RFC 9110 §12.5.4 (`Accept-Language`), matched by RFC 4647 §3.4 (lookup).

/// What is read of a header: browsers send about 100 bytes and ten ranges.
const MAX_HEADER: usize = 1_000;
const MAX_RANGES: usize = 32;

/// The position of the language with the highest weight. Among equals, the first in the header.
pub(super) fn best(header: &str, tags: &[&str], default: usize) -> Option<usize> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let mut ranges: Vec<(&str, u16)> = Vec::new();
    for item in header.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        if ranges.len() == MAX_RANGES {
            return None;
        }
        ranges.push(range(item)?);
    }
    let refused = |at: usize| {
        let tag = tags.get(at).copied().unwrap_or_default();
        ranges.iter().any(|(range, weight)| *weight == 0 && range.eq_ignore_ascii_case(tag))
    };
    let mut chosen: Option<(usize, u16)> = None;
    for (range, weight) in ranges.iter().filter(|(_, weight)| *weight > 0) {
        let found = match *range {
            "*" => std::iter::once(default).chain(0..tags.len()).find(|at| !refused(*at)),
            range => best_for(range, tags).filter(|at| !refused(*at)),
        };
        if let Some(at) = found
            && chosen.is_none_or(|(_, best)| *weight > best)
        {
            chosen = Some((at, *weight));
        }
    }
    chosen.map(|(at, _)| at)
}

/// A language range with its weight in thousandths.
fn range(item: &str) -> Option<(&str, u16)> {
    let (range, parameter) = match item.split_once(';') {
        Some((range, parameter)) => (range.trim_end(), Some(parameter.trim_start())),
        None => (item, None),
    };
    let weight = match parameter {
        Some(parameter) => weight(parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?)?,
        None => 1_000,
    };
    (range == "*" || is_tag(range)).then_some((range, weight))
}

/// RFC 9110 §12.4.2: `0` or `1` with at most three decimals.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

/// Whether a text has the form of a language tag (RFC 5646, without a look at its registry).
pub(super) fn is_tag(text: &str) -> bool {
    text.len() <= 35
        && text.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// The position of the closest tag: the range itself, then the range without its last parts.
pub(super) fn best_for(range: &str, tags: &[&str]) -> Option<usize> {
    let mut range = range;
    while is_tag(range) {
        if let Some(at) = tags.iter().position(|tag| tag.eq_ignore_ascii_case(range)) {
            return Some(at);
        }
        (range, _) = range.rsplit_once('-')?;
    }
    None
}

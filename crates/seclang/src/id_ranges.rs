//! Ranges of rule ids.

use inputs::slice;

/// Parses rule ids: `1`, `1-5`, `1,3-4`, or several of these.
pub(crate) fn parse(texts: &[impl AsRef<str>]) -> Result<Vec<(u64, u64)>, String> {
    let mut ranges = Vec::new();
    for part in texts.iter().flat_map(|text| text.as_ref().split([',', ' '])).filter(|part| !part.is_empty())
    {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => ranges.push((from, to)),
            _ => return Err(format!("`{part}` is not a rule id or a range of ids")),
        }
    }
    Ok(ranges)
}

/// Whether sorted ranges contain a rule id.
pub(crate) fn contains(ranges: &[(u64, u64)], id: u64) -> bool {
    let (before, _) = slice::cut(ranges, ranges.partition_point(|(from, _)| *from <= id));
    before.last().is_some_and(|(_, to)| *to >= id)
}

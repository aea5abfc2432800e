//! Attacks in pieces: values that are harmless one by one, as applications put them together.

use std::borrow::Cow;

/// The most values and bytes that are put together.
const MOST_VALUES: usize = 64;
const MOST_BYTES: usize = 16 << 10;

/// A name and a value, in the order of a request.
pub(super) type Pair<'p> = (Cow<'p, str>, Cow<'p, [u8]>);

/// What servers and statements make of some pairs: values of one name joined, all values where a comment spans them, and
/// a value whose quote the one before has escaped.
pub(super) fn joined(pairs: &[Pair<'_>]) -> Vec<(String, Vec<u8>)> {
    let size: usize = pairs.iter().map(|(_, value)| value.len()).sum();
    if pairs.len() < 2 || pairs.len() > MOST_VALUES || size > MOST_BYTES {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (at, (name, _)) in pairs.iter().enumerate() {
        let is_same = |other: &Pair<'_>| base(&other.0) == base(name);
        let is_first = !pairs.iter().take(at).any(is_same);
        let values: Vec<&[u8]> =
            pairs.iter().skip(at).filter(|pair| is_same(pair)).map(|(_, value)| &**value).collect();
        if is_first && values.len() > 1 && values.iter().any(|value| has_marks(value)) {
            // ASP joins with a comma, other servers keep a list that handlers join.
            all.extend([&b","[..], b"", b" "].map(|mark| (base(name).to_owned(), values.join(mark))));
        }
    }
    if pairs.iter().any(|(_, value)| memchr::memmem::find(value, b"/*").is_some()) {
        let values: Vec<&[u8]> = pairs.iter().map(|(_, value)| &**value).collect();
        all.push(("all values".to_owned(), values.concat()));
    }
    for pair in pairs.windows(2) {
        if let [(_, before), (name, value)] = pair
            && before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
        {
            all.push((name.to_string(), [b"'", &**value].concat()));
        }
    }
    all
}

/// A name without the mark of a list.
fn base(name: &str) -> &str {
    name.strip_suffix("[]").unwrap_or(name)
}

/// Whether a value has more than words and numbers.
fn has_marks(value: &[u8]) -> bool {
    !value.iter().all(|byte| byte.is_ascii_alphanumeric() || b" _.,:@+-".contains(byte) || !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joins(pairs: &[(&'static str, &'static str)]) -> Vec<String> {
        let pairs: Vec<Pair<'_>> =
            pairs.iter().map(|(name, value)| ((*name).into(), value.as_bytes().into())).collect();
        joined(&pairs)
            .into_iter()
            .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(&value)))
            .collect()
    }

    #[test]
    fn values_are_joined_as_servers_do() {
        assert_eq!(
            joins(&[("n", "{{7*"), ("x", "1"), ("n", "7}}")]),
            ["n={{7*,7}}", "n={{7*7}}", "n={{7* 7}}"]
        );
        assert_eq!(joins(&[("w[]", "1' or"), ("w", "'1")]).len(), 3);
        assert_eq!(joins(&[("a", "' union/*"), ("b", "*/select 1")]), ["all values=' union/**/select 1"]);
        assert_eq!(joins(&[("user", "x\\"), ("pass", " or 1=1--")]), ["pass=' or 1=1--"]);
    }

    #[test]
    fn ordinary_lists_are_not() {
        for pairs in [
            &[("tag", "a"), ("tag", "b-c"), ("tag", "New York")][..],
            &[("path", "C:\\\\"), ("b", "1")],
            &[("a", "<b>"), ("b", "</b>")],
            &[("a", "<b>")],
        ] {
            assert_eq!(joins(pairs), Vec::<String>::new(), "{pairs:?}");
        }
    }
}

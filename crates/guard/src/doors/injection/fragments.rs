//! Attacks in pieces: values that are harmless one by one, as applications put them together.

use std::borrow::Cow;
use std::collections::HashMap;

use inputs::{ParsedBody, byte_pairs};
use serde_json::{Map, Value};

#[cfg(feature = "graphql")]
use crate::events::redact::is_secret;

/// The most values of one name, and bytes, that are put together.
const MOST_VALUES: usize = 64;
const MOST_BYTES: usize = 16 << 10;

/// A name and a value, in the order of a request.
pub(super) type Pair<'p> = (Cow<'p, str>, Cow<'p, [u8]>);

/// The pairs of a query or a form: names as text, values as bytes.
pub(super) fn pairs_of(text: &[u8]) -> Vec<Pair<'_>> {
    let name = |name: Cow<'_, [u8]>| Cow::Owned(String::from_utf8_lossy(&name).into_owned());
    byte_pairs(text).map(|(key, value)| (name(key), value)).collect()
}

/// The string literals of GraphQL in a reading of a body, which are values as variables are, with the names under which
/// they are judged. None in a build without it.
pub(super) fn literals(parsed: &ParsedBody, raw: &[u8]) -> Vec<(String, String)> {
    if let ParsedBody::Mixed(parts) = parsed {
        let readings = parts.iter().flat_map(|inner| {
            std::iter::once(&inner.body).chain(&inner.others).map(|reading| (reading, &inner.part.content))
        });
        return readings.flat_map(|(reading, raw)| literals(reading, raw)).collect();
    }
    #[cfg(feature = "graphql")]
    return inputs::graphql::literals(parsed, raw)
        .into_iter()
        .map(|(name, text)| (in_log(name), text))
        .collect();
    #[cfg(not(feature = "graphql"))]
    {
        let _ = raw;
        Vec::new()
    }
}

/// The same for the query of a URL.
pub(super) fn literals_of_query(query: &str) -> Vec<(String, String)> {
    #[cfg(feature = "graphql")]
    return inputs::graphql::literals_of_query(query)
        .into_iter()
        .map(|(name, text)| (in_log(name), text))
        .collect();
    #[cfg(not(feature = "graphql"))]
    {
        let _ = query;
        Vec::new()
    }
}

/// The name under which a literal is judged: that of its document, or of its argument where it announces a secret.
#[cfg(feature = "graphql")]
fn in_log(argument: String) -> String {
    if is_secret(&argument) { argument } else { "query".to_owned() }
}

/// What is joined of the values of a body, and of the query's with them.
pub(super) fn of_body(query: &[Pair<'_>], parsed: &ParsedBody, raw: &[u8]) -> Vec<(String, Vec<u8>)> {
    match parsed {
        ParsedBody::Form(_) => joined(&[query, &pairs_of(raw)].concat()),
        ParsedBody::Multipart(parts) => {
            let fields = parts.iter().filter(|part| part.is_field());
            let pairs = fields.map(|part| (part.name.as_str().into(), (&part.content[..]).into()));
            joined(&[query, &pairs.collect::<Vec<_>>()].concat())
        }
        ParsedBody::Json(Value::Object(object)) => joined(&[query, &texts_of(object)].concat()),
        ParsedBody::Json(Value::Array(items)) => {
            items.iter().filter_map(Value::as_object).flat_map(|object| joined(&texts_of(object))).collect()
        }
        ParsedBody::Mixed(parts) => {
            parts.iter().flat_map(|inner| of_body(query, &inner.body, &inner.part.content)).collect()
        }
        _ => Vec::new(),
    }
}

/// The texts directly in an object, by their names.
fn texts_of(object: &Map<String, Value>) -> Vec<Pair<'_>> {
    let texts = object.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    texts.map(|(name, text)| (name.as_str().into(), text.as_bytes().into())).collect()
}

/// What servers and statements make of some pairs: values of one name joined, all values where a comment spans them, and
/// a value whose quote the one before has escaped.
pub(super) fn joined(pairs: &[Pair<'_>]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    if pairs.len() < 2 {
        return all;
    }
    // In the order in which names come, so that one request has one evidence.
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut by_name: Vec<(&str, Vec<&[u8]>)> = Vec::new();
    for (name, value) in pairs {
        let name = base(name);
        let place = *places.entry(name).or_insert(by_name.len());
        match by_name.get_mut(place) {
            Some((_, values)) => values.push(value),
            None => by_name.push((name, vec![value])),
        }
    }
    for (name, values) in by_name {
        if values.len() > 1 && values.iter().any(|value| has_marks(value)) {
            // ASP joins with a comma, other servers keep a list that handlers join.
            let values = within_limits(&values);
            all.extend([&b","[..], b"", b" "].map(|mark| (name.to_owned(), values.join(mark))));
        }
    }
    let opens_comment = |(_, value): &&Pair<'_>| memchr::memmem::find(value, b"/*").is_some();
    if let Some(start) = pairs.iter().position(|pair| opens_comment(&pair)) {
        let values: Vec<&[u8]> = pairs.iter().skip(start).map(|(_, value)| &**value).collect();
        all.push(("all values".to_owned(), within_limits(&values).concat()));
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

/// The first values, as many as are put together.
fn within_limits<'v>(values: &[&'v [u8]]) -> Vec<&'v [u8]> {
    let mut left = MOST_BYTES;
    let fits = |value: &&&[u8]| {
        let fits = value.len() <= left;
        left = left.saturating_sub(value.len());
        fits
    };
    values.iter().take(MOST_VALUES).take_while(fits).copied().collect()
}

/// A name without the mark of a list: `a` of `a[]` and `a[0]`.
pub(super) fn base(name: &str) -> &str {
    let list = name.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    list.filter(|(_, index)| index.bytes().all(|byte| byte.is_ascii_digit())).map_or(name, |(base, _)| base)
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
        assert_eq!(joins(&[("w[0]", "1' or"), ("w[1]", "'1")]).len(), 3);
        let many = [("b", "<"), ("a", "<"), ("c", "<"), ("c", ">"), ("a", ">"), ("b", ">")];
        let names: Vec<String> =
            joins(&many).iter().step_by(3).map(|join| join.chars().take(1).collect()).collect();
        assert_eq!(names, ["b", "a", "c"]);
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

//! Values put into texts.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A text with a number, in the form for one and for all other numbers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counted {
    one: String,
    many: String,
}

impl Counted {
    pub(crate) fn of(&self, count: u64) -> String {
        fill(if count == 1 { &self.one } else { &self.many }, &[("count", &count.to_string())])
    }
}

/// A text with its `{placeholders}` replaced, once: what a value contains is not looked at.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Placeholder(name) => {
                filled.push_str(values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value))
            }
        }
    }
    filled
}

/// The names of the placeholders of a text.
pub(super) fn placeholders(text: &str) -> BTreeSet<&str> {
    parts(text)
        .filter_map(|part| match part {
            Part::Placeholder(name) => Some(name),
            Part::Text(_) => None,
        })
        .collect()
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// A brace that is not closed is text.
fn parts(mut text: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        if let Some((name, rest)) = text.strip_prefix('{').and_then(|after| after.split_once('}')) {
            text = rest;
            return Some(Part::Placeholder(name));
        }
        let end = text.char_indices().skip(1).find(|(_, c)| *c == '{').map_or(text.len(), |(at, _)| at);
        let (before, rest) = text.split_at_checked(end)?;
        text = rest;
        (!before.is_empty()).then_some(Part::Text(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_once() {
        for (text, expected) in [
            ("no braces", "no braces"),
            ("{a}", "1"),
            ("x {a}{b} y", "x 1{a} y"),
            ("{unknown}!", "!"),
            ("open {a", "open {a"),
            ("{{a}", ""),
            ("ü{a}ü", "ü1ü"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &[("a", "1"), ("b", "{a}")]), expected, "{text}");
        }
    }

    #[test]
    fn one_has_a_form_of_its_own() {
        let counted = Counted { one: "a code".into(), many: "{count} codes".into() };
        assert_eq!([0, 1, 2].map(|count| counted.of(count)), ["0 codes", "a code", "2 codes"]);
    }
}

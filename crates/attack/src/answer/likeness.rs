//! What an answer is like: two answers to one request are alike, whatever time it is and whichever number they have.

use std::collections::BTreeSet;

use serde_json::Value;

use super::reply::Reply;

/// The places of an answer that differ between two answers to the same request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Mask {
    pointers: BTreeSet<String>,
    /// Whether texts that are no JSON differ.
    is_restless: bool,
}

/// What an answer is like, without what differs by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Likeness {
    pub(crate) status: u16,
    lines: Vec<String>,
}

impl Mask {
    /// What differs between two replies to the same request.
    pub(crate) fn between(one: &Reply, other: &Reply) -> Self {
        let (first, second) = (lines(one), lines(other));
        let mut mask = Mask::default();
        match (&one.value, &other.value) {
            (Some(_), Some(_)) => {
                for (at, text) in &first {
                    if !second.iter().any(|(known, same)| known == at && same == text) {
                        mask.pointers.insert(folded(at));
                    }
                }
                for (at, text) in &second {
                    if !first.iter().any(|(known, same)| known == at && same == text) {
                        mask.pointers.insert(folded(at));
                    }
                }
            }
            _ => mask.is_restless = Likeness::plain(one, &[]) != Likeness::plain(other, &[]),
        }
        mask
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(mut self, other: &Mask) -> Self {
        self.pointers.extend(other.pointers.iter().cloned());
        self.is_restless |= other.is_restless;
        self
    }
}

impl Likeness {
    /// What a reply is like, without the places of a mask and without these inputs, which an answer may repeat.
    pub(crate) fn of(reply: &Reply, mask: &Mask, inputs: &[&str]) -> Self {
        if reply.value.is_none() {
            return Likeness::plain(reply, inputs);
        }
        let mut lines: Vec<String> = lines(reply)
            .into_iter()
            .filter(|(at, _)| !mask.pointers.contains(&folded(at)))
            .map(|(at, text)| format!("{at}={}", without(&text, inputs)))
            .collect();
        if !reply.is_served {
            // Errors repeat ids of requests, times and numbers.
            lines = lines.into_iter().map(|line| without_what_varies(&line)).collect();
        }
        Likeness { status: reply.status(), lines }
    }

    /// Of a text that is no JSON.
    fn plain(reply: &Reply, inputs: &[&str]) -> Self {
        let text = without_what_varies(&without(&reply.text(), inputs));
        Likeness { status: reply.status(), lines: text.lines().map(str::to_owned).collect() }
    }

    /// How much of the lines of both are in both, from 0 to 1.
    pub(crate) fn ratio(&self, other: &Likeness) -> f64 {
        if self.lines == other.lines {
            return 1.0;
        }
        let one: BTreeSet<&String> = self.lines.iter().collect();
        let two: BTreeSet<&String> = other.lines.iter().collect();
        let shared = one.intersection(&two).count() as f64;
        let all = one.union(&two).count().max(1) as f64;
        shared / all
    }
}

/// How many entries the longest list of an answer has; `None` where there is no list.
pub(crate) fn list_length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => members.values().filter_map(list_length).max(),
        _ => None,
    }
}

fn lines(reply: &Reply) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    if let Some(value) = &reply.value {
        add_lines(value, String::new(), &mut lines);
    }
    lines
}

fn add_lines(value: &Value, at: String, lines: &mut Vec<(String, String)>) {
    const MAX_LINES: usize = 5000;
    match value {
        _ if lines.len() > MAX_LINES => {}
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| add_lines(member, format!("{at}/{name}"), lines));
        }
        Value::Array(items) => {
            lines.push((format!("{at}/#"), items.len().to_string()));
            items.iter().enumerate().for_each(|(i, item)| add_lines(item, format!("{at}/{i}"), lines));
        }
        scalar => lines.push((at, scalar.to_string())),
    }
}

/// A pointer with `*` for the numbers of lists.
fn folded(at: &str) -> String {
    let part = |part: &str| if part.parse::<usize>().is_ok() { "*".to_owned() } else { part.to_owned() };
    at.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn without(text: &str, inputs: &[&str]) -> String {
    let mut text = text.to_owned();
    for input in inputs.iter().filter(|input| input.len() > 2) {
        let escaped = serde_json::to_string(input).unwrap_or_default();
        let escaped = escaped.trim_matches('"');
        let html = input.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let html = html.replace('"', "&quot;").replace('\'', "&#39;");
        for spelling in [*input, escaped, &html, &html.replace("&#39;", "&#x27;")] {
            text = text.replace(spelling, "INPUT");
        }
    }
    text
}

/// A text with a mark in place of numbers, times and ids.
pub(crate) fn without_what_varies(text: &str) -> String {
    let mut plain = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let (word, end) = word.split_at(word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len());
        let is_id = word.len() >= 20 || word.contains(|c: char| c.is_ascii_digit());
        plain += if is_id { "ID" } else { word };
        plain += end;
    }
    plain
}

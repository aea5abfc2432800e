//! What servers read in a request and the rule engine does not read by itself, as arguments: bodies without a structure
//! that it knows, JSON and XML under another type, files that are fields, literals of GraphQL, values that applications
//! put together.

use inputs::{Input, InputKind, ParsedBody, bracket_pairs, semicolon_pairs};
use seclang::Transaction;

use super::super::fragments;
use super::super::judging::is_upload;
use crate::exchange::{Exchange, HeldBody};

/// The name of what stands under no name.
const BODY: &[u8] = b"body";

/// Adds what stands in the query, before the first phase.
pub(super) fn of_query(x: &Exchange<'_>, transaction: &mut Transaction<'_>) {
    let query = x.target.query().unwrap_or("").as_bytes();
    for (name, value) in semicolon_pairs(query).chain(bracket_pairs(query)) {
        transaction.argument(&String::from_utf8_lossy(&name), &value);
    }
    for (name, value) in fragments::joined(&fragments::pairs_of(query)) {
        transaction.argument(&name, &value);
    }
}

/// Adds what stands in the body, before the second phase.
pub(super) fn of_body(x: &Exchange<'_>, body: &HeldBody, transaction: &mut Transaction<'_>) {
    let is_read = transaction.reads_structure();
    let mut add = |name: &[u8], value: &[u8]| add(transaction, name, value);
    if let ParsedBody::Multipart(parts) = &body.parsed {
        // Scripts send fields as files, and JSON in them.
        for part in parts.iter().filter(|part| part.is_field() && (part.is_file || part.json.is_some())) {
            part.find_input(&mut |input| argument(input, &mut add));
        }
    } else if !is_read {
        body.parsed.find_input(&body.decoded, |input| argument(input, &mut add));
    }
    for other in &body.others {
        other.find_input(&body.decoded, |input| argument(input, &mut add));
    }
    if body.readings().any(|reading| matches!(reading, ParsedBody::Form(_))) {
        semicolon_pairs(&body.decoded)
            .chain(bracket_pairs(&body.decoded))
            .for_each(|(name, value)| add(&name, &value));
    }
    let query = fragments::pairs_of(x.target.query().unwrap_or("").as_bytes());
    // No server runs GraphQL that is stored as a file.
    let is_file = is_upload(x) && body.parsed == ParsedBody::Text;
    for reading in body.readings().skip(is_file.into()) {
        let literals = fragments::literals(reading, &body.decoded);
        literals.iter().for_each(|(name, text)| add(name.as_bytes(), text.as_bytes()));
    }
    let joined = fragments::of_body(&query, &body.parsed, &body.decoded);
    joined.iter().for_each(|(name, value)| add(name.as_bytes(), value));
}

/// Adds one input of a body. A name by itself has an empty value.
fn argument(input: Input<'_>, add: &mut impl FnMut(&[u8], &[u8])) -> Option<()> {
    match input.kind {
        InputKind::Name => add(input.value, b""),
        InputKind::Value | InputKind::File => add(input.name.as_bytes(), input.value),
    }
    None
}

/// Adds an argument. What is no name is a value: of a text in lines, a careless reader of forms makes one long name.
fn add(transaction: &mut Transaction<'_>, name: &[u8], value: &[u8]) {
    let is_name = !name.is_empty() && !name.iter().any(u8::is_ascii_control);
    if !is_name {
        texts(name).for_each(|text| transaction.body_argument(BODY, text));
    }
    texts(value).for_each(|text| transaction.body_argument(if is_name { name } else { BODY }, text));
}

/// A value, if it is text; of other bytes, the runs that are text. A rule about one odd byte would refuse every file.
fn texts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    /// Fewer bytes in a row look like text in any file.
    const RUN: usize = 16;
    let is_printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let is_odd = |byte: &u8| byte.is_ascii() && !is_printable(byte);
    let is_text = !value.iter().any(is_odd) && std::str::from_utf8(value).is_ok();
    let (whole, bytes) = if is_text { (Some(value), &[][..]) } else { (None, value) };
    let runs = bytes.split(move |byte| !is_printable(byte)).filter(|run| run.len() >= RUN);
    whole.into_iter().chain(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_only_runs_of_text_are_arguments() {
        let noise: Vec<u8> = (0..=255).flat_map(|byte| [byte, 200, b'<', 0]).collect();
        for (value, expected) in [
            (&b"line one\nline two\n"[..], &[&b"line one\nline two\n"[..]][..]),
            ("\u{e9}t\u{e9}".as_bytes(), &["\u{e9}t\u{e9}".as_bytes()]),
            (b"", &[b""]),
            (&noise, &[]),
            (b"\x00\x01short\x02' UNION SELECT a FROM b\xff", &[b"' UNION SELECT a FROM b"]),
            (b"q=\xff' OR 1=1 OR 11=11", &[b"' OR 1=1 OR 11=11"]),
        ] {
            assert_eq!(texts(value).collect::<Vec<_>>(), expected);
        }
    }
}

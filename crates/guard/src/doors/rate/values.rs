//! What of a request a limit counts by, and how much it costs.

use std::collections::BTreeSet;

use http::StatusCode;
use policy::{Cost, Input, Limit};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::decision::Refusal;
use crate::doors::ownership::named::{texts, texts_elsewhere};
use crate::exchange::Exchange;

/// The values of an input of the body, as an application compares names of accounts, in every place where a server may look
/// for them. A limit counts each.
pub(super) fn values(x: &Exchange<'_>, input: &Input) -> Result<Vec<String>, Refusal> {
    /// More than one is an attempt to be counted by another name.
    const MOST: usize = 16;
    if x.body.is_none() {
        return Ok(Vec::new());
    }
    let found = texts(x, input).ok_or_else(|| unreadable(input, "what stands there is no text"))?;
    let found = found.into_iter().chain(texts_elsewhere(x, input)).map(|text| account(&text));
    let distinct: BTreeSet<String> = found.filter(|text| !text.is_empty()).take(100_000).collect();
    if distinct.len() > MOST {
        let evidence = format!("{input}: many values at once, and a limit counts by it");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "limit-values", evidence));
    }
    Ok(distinct.into_iter().collect())
}

fn unreadable(input: &Input, what: &str) -> Refusal {
    let evidence = format!("{input}: {what}, and a limit counts by it");
    Refusal::new(StatusCode::BAD_REQUEST, "limit-unreadable", evidence)
}

/// A name of an account in the one spelling that stands for all that some application or database takes for the same: without
/// case, accents and compatibility forms (Django, MariaDB), without characters that show nothing, and without what trims take
/// away (PHP's, Python's, JavaScript's).
pub(super) fn account(text: &str) -> String {
    let is_shown = |c: &char| {
        let is_hidden = matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        );
        !c.is_control() && !is_combining_mark(*c) && !is_hidden
    };
    let plain: String = text.nfkd().filter(is_shown).collect();
    let folded: String = plain.to_uppercase().to_lowercase().nfkd().filter(is_shown).collect();
    folded.trim().to_owned()
}

/// How much a request takes from a limit. Of several numbers that a server may read, the largest.
pub(super) fn cost(x: &Exchange<'_>, limit: &Limit) -> Result<u32, Refusal> {
    match &limit.cost {
        Cost::Fixed(cost) => Ok(*cost),
        // The rest is known when it is answered.
        Cost::Answer(_) => Ok(1),
        Cost::Input(input, otherwise) => {
            let no_number = || unreadable(input, "what stands there is no whole number");
            let found = match input.is_in_body() && x.body.is_none() {
                true => Vec::new(),
                false => texts(x, input).ok_or_else(no_number)?,
            };
            let found = found.into_iter().chain(texts_elsewhere(x, input));
            let mut numbers = found.filter(|text| !text.trim().is_empty()).map(|text| text.trim().parse());
            let most =
                numbers.try_fold(None, |most, number| number.map(|number: u32| most.max(Some(number))));
            // To ask for nothing is, to some, to ask for everything.
            Ok(most.map_err(|_| no_number())?.filter(|number| *number > 0).unwrap_or(*otherwise))
        }
        Cost::Graphql => Ok(fields(x)),
    }
}

#[cfg(feature = "graphql")]
fn fields(x: &Exchange<'_>) -> u32 {
    x.graphql().map_or(1, |shape| u32::try_from(shape.fields).unwrap_or(u32::MAX).max(1))
}

#[cfg(not(feature = "graphql"))]
fn fields(_: &Exchange<'_>) -> u32 {
    1
}

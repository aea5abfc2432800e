//! What texts are put together of.

use std::fmt::Write;

use crate::finding::Transcript;
use crate::limits;
use crate::visible::visible;

/// A request behind `>`, and its answer behind `<`.
pub fn transcript(transcript: &Transcript) -> String {
    let transcript = limits::transcript(transcript);
    let mut out = String::new();
    for request in transcript.request.lines() {
        line(&mut out, format_args!("  > {}", visible(request)));
    }
    for answer in transcript.answer.lines() {
        line(&mut out, format_args!("  < {}", visible(answer)));
    }
    out
}

/// Whether to colour a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Colours, where standard output is a terminal.
    Auto,
    /// No colours.
    Plain,
}

pub(super) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

/// `1 finding`, `2 findings`.
pub(crate) fn number_of_findings(count: usize) -> String {
    match count {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    }
}

//! A policy or a document of any bytes is taken or refused, with positions, and never brings the process down.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openapi::{Document, Source};
use policy::Inputs;

fuzz_target!(|text: &str| {
    match text.strip_prefix("openapi") {
        Some(_) => drop(Document::parse(&Source::new("fuzz", text), None)),
        None => {
            if let Err(error) = policy::load(&Inputs { text: Some(text.into()), ..Inputs::default() }) {
                assert!(!error.problems.is_empty() && !error.lines().is_empty());
            }
        }
    }
});

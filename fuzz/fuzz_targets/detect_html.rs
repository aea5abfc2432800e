//! The detector `html` alone.
#![no_main]

mod detectors;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| detectors::check(detect::Class::Html, value));

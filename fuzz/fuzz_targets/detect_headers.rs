//! The detector `headers` alone.
#![no_main]

mod detectors;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| detectors::check(detect::Class::Headers, value));

//! The detector `scanner` by itself.
#![no_main]

mod detectors;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| detectors::judge(detect::Class::Scanner, value));

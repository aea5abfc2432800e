//! Arbitrary values through all detectors: nothing panics, and a finding does not depend on earlier values.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let found = detect::inspect(value, 3, &detect::ALL);
    assert_eq!(found, detect::inspect(value, 3, &detect::ALL));
    // Each class alone: with all classes, the first finding of high confidence ends the search.
    for class in detect::ALL {
        let alone = detect::inspect(value, 3, &[class]);
        if let (Some(alone), Some(found)) = (&alone, &found) {
            assert!(found.confidence >= alone.confidence);
        }
        assert!(alone.is_none() || found.is_some());
    }
});

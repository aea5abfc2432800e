//! Values of any kind, through every detector: nothing panics, and what a value is found to be does not depend on what
//! was judged before it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let found = detect::inspect(value, 3, &detect::ALL);
    assert_eq!(found, detect::inspect(value, 3, &detect::ALL));
    // Each class by itself: one that is sure keeps the others from being asked.
    for class in detect::ALL {
        let alone = detect::inspect(value, 3, &[class]);
        if let (Some(alone), Some(found)) = (&alone, &found) {
            assert!(found.confidence >= alone.confidence);
        }
        assert!(alone.is_none() || found.is_some());
    }
});

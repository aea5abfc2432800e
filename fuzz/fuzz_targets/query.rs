//! A target has one form, and that form is its own; queries and cookies are read without complaint.
#![no_main]

use guard::Target;
use inputs::{byte_pairs, cookie_readings, pairs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    if let Ok(once) = Target::parse(path, query) {
        assert_eq!(Target::parse(once.sent_path(), once.query()).as_ref(), Ok(&once));
        let normal = Target::parse(once.path(), once.query());
        assert_eq!(normal.as_ref().map(Target::path), Ok(once.path()));
        assert!(!once.path().contains("//") && !once.path().split('/').any(|s| s == ".."));
    }
    pairs(text.as_bytes()).for_each(drop);
    byte_pairs(text.as_bytes()).for_each(drop);
    cookie_readings(text.as_bytes()).for_each(drop);
    detect::inspect(text.as_bytes(), 3, &detect::ALL);
});

//! The order of versions is an order, whatever is compared: otherwise a sorted list of bounds says anything.

use std::cmp::Ordering;

use proptest::prelude::*;
use scan::deps::{Ecosystem, Version};

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[0-3]",
        "[0-9]{1,3}",
        Just("alpha".to_owned()),
        Just("a".to_owned()),
        Just("beta".to_owned()),
        Just("rc".to_owned()),
        Just("RC1".to_owned()),
        Just("dev".to_owned()),
        Just("p1".to_owned()),
        Just("sp".to_owned()),
        Just("final".to_owned()),
        Just("snapshot".to_owned()),
        Just("foo".to_owned()),
        Just("".to_owned()),
    ];
    let separated = (prop_oneof![Just("."), Just("-"), Just("")], part).prop_map(|(s, p)| format!("{s}{p}"));
    ("[0-2]", prop::collection::vec(separated, 0..5)).prop_map(|(first, rest)| first + &rest.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_antisymmetric_and_transitive(a in text(), b in text(), c in text()) {
        for ecosystem in Ecosystem::ALL {
            let parsed = [&a, &b, &c].map(|text| Version::parse(ecosystem, text));
            let [Some(x), Some(y), Some(z)] = &parsed else { continue };
            prop_assert_eq!(x.compare(x), Ordering::Equal);
            prop_assert_eq!(x.compare(y), y.compare(x).reverse(), "{} {} {}", ecosystem, a, b);
            if x.compare(y).is_le() && y.compare(z).is_le() {
                prop_assert!(x.compare(z).is_le(), "{}: {} <= {} <= {}", ecosystem, a, b, c);
            }
            if x.compare(y).is_eq() {
                prop_assert_eq!(x.compare(z), y.compare(z), "{}: {} = {}, {}", ecosystem, a, b, c);
            }
        }
    }

    #[test]
    fn nothing_that_is_written_panics(text in ".{0,40}") {
        for ecosystem in Ecosystem::ALL {
            if let Some(version) = Version::parse(ecosystem, &text) {
                prop_assert_eq!(version.compare(&version), Ordering::Equal);
            }
        }
    }
}

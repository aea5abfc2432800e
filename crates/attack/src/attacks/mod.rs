//! The attacks: a folder a door, a file an attack. A new one is a file and a line in the folder's list.

mod authentication;
mod cors;
mod headers;
mod mass_assignment;
mod ownership;
mod rate;
mod sql;
mod waf;
mod xss;

use crate::probing::Attack;

/// Every attack, in the order in which they run. Those that exhaust limits come last.
pub fn all() -> impl Iterator<Item = &'static Attack> {
    [
        sql::ATTACKS,
        ownership::ATTACKS,
        xss::ATTACKS,
        cors::ATTACKS,
        mass_assignment::ATTACKS,
        headers::ATTACKS,
        authentication::ATTACKS,
        waf::ATTACKS,
        rate::ATTACKS,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::door::GuideDoor;

    #[test]
    fn every_door_has_three_attacks_and_every_attack_a_question() {
        for door in GuideDoor::ALL {
            assert!(all().filter(|attack| attack.door == door).count() >= 3, "{}", door.name());
        }
        for attack in all() {
            assert!(attack.thought.len() > 10 && attack.thought.ends_with('?'), "{}", attack.name);
        }
    }

    #[test]
    fn no_two_attacks_have_the_same_name() {
        let mut names = HashSet::new();
        for attack in all() {
            assert!(names.insert(attack.name), "{} stands twice", attack.name);
        }
    }
}

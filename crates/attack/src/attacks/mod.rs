//! The attacks: a folder a door, a file an attack. A new one is a file and a line in the folder's list.

mod aim;
mod authentication;
mod cors;
mod delay;
mod graphql;
mod headers;
mod injection;
mod inventory;
mod mass_assignment;
mod ownership;
mod pairs;
mod rate;
mod sql;
mod sums;
mod waf;
mod xss;

use crate::attack::Attack;

/// Every attack, in the order in which they run. Those that exhaust limits come last.
pub fn all() -> impl Iterator<Item = &'static Attack> {
    [
        headers::ATTACKS,
        cors::ATTACKS,
        inventory::ATTACKS,
        ownership::ATTACKS,
        mass_assignment::ATTACKS,
        xss::ATTACKS,
        sql::ATTACKS,
        injection::ATTACKS,
        graphql::ATTACKS,
        waf::ATTACKS,
        authentication::ATTACKS,
        graphql::LAST,
        rate::ATTACKS,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_attack_has_a_name_of_its_own_a_question_and_two_mends() {
        let mut names = HashSet::new();
        for attack in all() {
            assert!(names.insert(attack.name), "{} stands twice", attack.name);
            assert!(attack.thought.len() > 10 && attack.thought.ends_with('?'), "{}", attack.name);
            assert!(
                attack.references.iter().any(|reference| reference.starts_with("CWE-")),
                "{}",
                attack.name
            );
            assert!(
                attack.mend_in_code.ends_with('.') && attack.mend_at_gate.ends_with('.'),
                "{}",
                attack.name
            );
        }
    }
}

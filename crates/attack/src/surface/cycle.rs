//! Types of a GraphQL schema that lead back to themselves: a book has reviews, and a review has its book.

use std::collections::HashMap;

/// A way through the fields of a schema that can be gone again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cycle {
    /// The field of Query that it begins at.
    pub(crate) root: String,
    /// The fields between the root and the first of the circle.
    pub(crate) way: Vec<String>,
    /// The fields of the circle.
    pub(crate) circle: Vec<String>,
    /// How many lists are on it: each multiplies what is answered.
    lists: usize,
}

/// A field that leads from one type to another.
#[derive(Debug, Clone)]
pub(super) struct Step<'s> {
    pub(super) name: &'s str,
    pub(super) to: &'s str,
    pub(super) is_list: bool,
}

/// The longest circle, and the longest way to one.
const MAX_STEPS: usize = 4;
/// The most circles that are kept.
const MAX_CYCLES: usize = 40;

impl Cycle {
    /// What is asked for, nested so deep below the root, with the braces. Below `answered` levels it is left out of the
    /// answer: what would be too large is only asked for.
    pub(crate) fn selection(&self, depth: usize, answered: usize) -> String {
        let steps = self.way.iter().chain(self.circle.iter().cycle()).take(depth);
        let open = |(nth, step): (usize, &String)| match nth == answered {
            true => format!("{{ {step} @include(if: false) "),
            false => format!("{{ {step} "),
        };
        let opened: String = steps.enumerate().map(open).collect();
        format!("{opened}{{ __typename }}{}", " }".repeat(depth))
    }

    /// All circles that the fields of Query lead to, those with the fewest lists first.
    pub(super) fn all(roots: &[Step<'_>], steps: &HashMap<&str, Vec<Step<'_>>>) -> Vec<Cycle> {
        let mut cycles = Vec::new();
        for root in roots {
            let mut ways = vec![(root.to, Vec::<&Step<'_>>::new())];
            for _ in 0..=MAX_STEPS / 2 {
                let mut next = Vec::new();
                for (at, way) in ways {
                    if let Some(circle) = circle(at, steps) {
                        let names =
                            |steps: &[&Step<'_>]| steps.iter().map(|step| step.name.to_owned()).collect();
                        let lists =
                            circle.iter().filter(|step| step.is_list).count() * 2 + usize::from(root.is_list);
                        cycles.push(Cycle {
                            root: root.name.to_owned(),
                            way: names(&way),
                            circle: names(&circle),
                            lists,
                        });
                        continue;
                    }
                    for step in steps.get(at).into_iter().flatten() {
                        let mut longer = way.clone();
                        longer.push(step);
                        next.push((step.to, longer));
                    }
                }
                next.truncate(MAX_CYCLES);
                ways = next;
            }
        }
        cycles.sort_by_key(|cycle| (cycle.lists, cycle.way.len() + cycle.circle.len()));
        cycles.truncate(MAX_CYCLES);
        cycles
    }
}

/// The circle from a type back to itself with the fewest lists.
fn circle<'s, 'a>(start: &str, steps: &'a HashMap<&str, Vec<Step<'s>>>) -> Option<Vec<&'a Step<'s>>> {
    let mut found: Vec<Vec<&Step<'_>>> = Vec::new();
    let mut ways: Vec<(&str, Vec<&Step<'_>>)> = vec![(start, Vec::new())];
    for _ in 0..MAX_STEPS {
        let mut next = Vec::new();
        for (at, way) in ways {
            for step in steps.get(at).into_iter().flatten() {
                let mut longer = way.clone();
                longer.push(step);
                match step.to == start {
                    true => found.push(longer),
                    false => next.push((step.to, longer)),
                }
            }
        }
        next.truncate(200);
        ways = next;
    }
    // Lists count for the length of the circle: a longer one without many of them costs less.
    let cost = |way: &Vec<&Step<'_>>| way.iter().filter(|step| step.is_list).count() * 12 / way.len().max(1);
    found.into_iter().min_by_key(|way| (cost(way), way.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_with_the_way_to_them() {
        let step = |name, to, is_list| Step { name, to, is_list };
        let steps = HashMap::from([
            ("Shop", vec![step("books", "Book", true)]),
            ("Book", vec![step("reviews", "Review", true), step("sequel", "Book", false)]),
            ("Review", vec![step("book", "Book", false)]),
            ("Leaf", vec![]),
        ]);
        let cycles = Cycle::all(
            &[step("leaf", "Leaf", false), step("shop", "Shop", false), step("reviews", "Review", true)],
            &steps,
        );
        let texts: Vec<String> =
            cycles.iter().map(|cycle| format!("{} {}", cycle.root, cycle.selection(3, 3))).collect();
        assert_eq!(
            texts,
            [
                "shop { books { sequel { sequel { __typename } } } }",
                "reviews { book { sequel { sequel { __typename } } } }",
            ]
        );
        assert_eq!(cycles[1].selection(2, 1), "{ book { sequel @include(if: false) { __typename } } }");
        assert!(Cycle::all(&[step("leaf", "Leaf", false)], &steps).is_empty());
    }
}

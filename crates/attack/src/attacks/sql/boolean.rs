//! Conditions that the database evaluates.
//!
//! The value closes its string and goes on with a condition. Where the answer follows the condition, every question that
//! SQL can ask of the data has a yes or a no. A condition that widens (`OR`) is sent to what only reads; elsewhere only
//! one that narrows (`AND`), and never a comment, which would cut what holds the statement back.

use super::mend::{MEND_AT_GATE, MEND_IN_CODE};
use crate::answer::list_length;
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes, is_read_like};
use crate::attacks::pairs::{self, Outcome, Words};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-boolean",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "Does the answer follow a condition that I add to a value?",
    level: Level::Critical,
    references: &["CWE-89", "API8:2023"],
    mend_in_code: MEND_IN_CODE,
    mend_at_gate: MEND_AT_GATE,
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How a value goes on: `LEFT` and `RIGHT` are what is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Context {
    text: &'static str,
    is_number: bool,
}

const fn of_text(text: &'static str) -> Context {
    Context { text, is_number: false }
}

const fn of_number(text: &'static str) -> Context {
    Context { text, is_number: true }
}

/// Each is also right within `LIKE '%…%'`: the pattern's end joins the last word.
const WIDENING: [Context; 6] = [
    of_text("' OR 'LEFT'<'RIGHT"),
    of_text("') OR ('LEFT'<'RIGHT"),
    of_text("' OR 'LEFT'<'RIGHT' -- -"),
    of_text("\" OR \"LEFT\"<\"RIGHT"),
    of_number(" OR LEFT<RIGHT"),
    of_number(") OR (LEFT<RIGHT"),
];

const NARROWING: [Context; 4] = [
    of_text("' AND 'LEFT'<'RIGHT"),
    of_text("') AND ('LEFT'<'RIGHT"),
    of_number(" AND LEFT<RIGHT"),
    of_number(") AND (LEFT<RIGHT"),
];

impl Context {
    fn fits(self, takes: Takes) -> bool {
        match takes {
            Takes::Text => !self.is_number,
            Takes::Number => self.is_number,
            Takes::Either => true,
            Takes::Other => false,
        }
    }

    /// What stands behind the value: the condition that holds, and the one that does not.
    fn pair(self, words: Words) -> (String, String) {
        let (less, more) = if self.is_number { (words.small, words.large) } else { (words.less, words.more) };
        let with = |left: &str, right: &str| self.text.replace("LEFT", left).replace("RIGHT", right);
        (with(less, more), with(more, less))
    }
}

async fn run<'a>(p: &'a Prober<'a>, tried: &mut Tried) -> Result<(), Stop> {
    aim::each(p, tried, |_, _| true, |p, aim, tried| Box::pin(try_slot(p, aim, tried))).await
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    let is_read = is_read_like(p.surface.endpoint(aim.control.endpoint));
    // Where nothing is found by the ordinary value, nothing can be narrowed.
    let finds = aim.baseline.reply.value.as_ref().and_then(list_length) != Some(0);
    let narrowing = NARROWING.into_iter().filter(|_| finds || !is_read);
    let contexts = WIDENING.into_iter().filter(|_| is_read).chain(narrowing);
    for context in contexts.filter(|context| context.fits(aim.takes)) {
        let pair = |words: Words| {
            let (yes, no) = context.pair(words);
            (aim.behind(&yes), aim.behind(&no))
        };
        match pairs::ask(p, aim, &aim.baseline.mask, &pair).await? {
            Outcome::Follows(yes, no) => {
                let message = "the answer follows a condition that was added to the value";
                let mut hole = Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &yes);
                hole.evidence.push(no.seen.clone());
                tried.open(hole);
                return Ok(());
            }
            Outcome::Alike(reply) => tried.shut(&reply.seen),
            Outcome::Restless => {
                tried.unknown(format!("{}, {}: the answers differ by themselves", aim.operation, aim.slot));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_the_same_words_in_another_order() {
        let words = Words { less: "aaa", more: "bbb", small: "1", large: "2" };
        for context in WIDENING.into_iter().chain(NARROWING) {
            let (yes, no) = context.pair(words);
            let letters = |text: &str| {
                let mut letters: Vec<char> = text.chars().collect();
                letters.sort_unstable();
                letters
            };
            assert_ne!(yes, no);
            assert_eq!(letters(&yes), letters(&no));
        }
        assert_eq!(WIDENING[0].pair(words).0, "' OR 'aaa'<'bbb");
        assert_eq!(NARROWING[2].pair(words).1, " AND 2<1");
    }

    #[test]
    fn what_narrows_has_neither_a_comment_nor_an_or() {
        assert!(
            NARROWING.iter().all(|context| !context.text.contains("--") && !context.text.contains(" OR "))
        );
    }
}

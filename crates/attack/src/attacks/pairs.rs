//! Pairs of conditions: two requests that differ only in whether a condition holds.
//!
//! Both have the same words in another order, so that a search that counts words finds the same. An API that evaluates
//! the condition answers one way whenever it holds, and another way whenever it does not; nothing else does that again
//! and again with other words, in either order.

use super::aim::{self, Aim};
use crate::answer::{Likeness, Mask, Reply, list_length};
use crate::prober::{Prober, Stop};
use crate::request::Draft;

/// How often a pair is asked before it counts.
const ROUNDS: usize = 4;

/// Two words, the first before the second in every order of letters, and two numbers likewise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) less: &'static str,
    pub(super) more: &'static str,
    pub(super) small: &'static str,
    pub(super) large: &'static str,
}

const WORDS: [Words; ROUNDS] = [
    Words { less: "kqva", more: "kqvb", small: "70121", large: "70122" },
    Words { less: "wzja", more: "wzjc", small: "81230", large: "81231" },
    Words { less: "jxqd", more: "jxqf", small: "60451", large: "60457" },
    Words { less: "vqkb", more: "vqkx", small: "90316", large: "90318" },
];

/// A request whose condition holds, and the same whose condition does not.
pub(super) type Pair = (Draft, Draft);

/// What came of a pair.
pub(super) enum Outcome {
    /// The answers follow the condition: one where it holds, one where it does not.
    Follows(Box<Reply>, Box<Reply>),
    /// They are alike: an answer to the first.
    Alike(Box<Reply>),
    /// They differ, and not as the condition says.
    Restless,
}

/// What is compared of an answer.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    is_served: bool,
    status: u16,
    length: Option<usize>,
    likeness: Likeness,
}

/// Asks pairs with each of the words until it is clear whether the answers follow.
pub(super) async fn ask(
    p: &Prober<'_>,
    aim: &Aim,
    mask: &Mask,
    pair: &(dyn Fn(Words) -> Pair + Sync),
) -> Result<Outcome, Stop> {
    let who = aim.baseline.who;
    let mut held: Vec<(Seen, Reply)> = Vec::new();
    let mut failed: Vec<(Seen, Reply)> = Vec::new();
    for (round, words) in WORDS.into_iter().enumerate() {
        let (yes, no) = pair(words);
        // In either order, so that nothing follows the order of the requests.
        let replies = if round % 2 == 0 {
            let yes = aim::send(p, &yes, who).await?;
            (yes, aim::send(p, &no, who).await?)
        } else {
            let no = aim::send(p, &no, who).await?;
            (aim::send(p, &yes, who).await?, no)
        };
        if [&replies.0, &replies.1].iter().any(|reply| matches!(reply.status(), 401 | 429)) {
            return Ok(Outcome::Restless);
        }
        held.push((seen(&replies.0, aim, mask, words), replies.0));
        failed.push((seen(&replies.1, aim, mask, words), replies.1));
        let differ = |(one, other): (&(Seen, Reply), &(Seen, Reply))| {
            one.0 != other.0 && (one.0.is_served || other.0.is_served)
        };
        if round == 0 && !held.first().zip(failed.first()).is_some_and(differ) {
            return Ok(Outcome::Alike(Box::new(held.remove(0).1)));
        }
    }
    let all = |list: &[(Seen, Reply)], same: &dyn Fn(&Seen, &Seen) -> bool| {
        list.first().is_some_and(|(first, _)| list.iter().all(|(seen, _)| same(seen, first)))
    };
    let whole = |one: &Seen, other: &Seen| one == other;
    // Where the order or the content of a list is restless, its length is not.
    let rough = |one: &Seen, other: &Seen| {
        (one.is_served, one.status, one.length) == (other.is_served, other.status, other.length)
    };
    let follows = |same: &dyn Fn(&Seen, &Seen) -> bool| {
        let are_apart = |((one, _), (other, _)): (&(Seen, Reply), &(Seen, Reply))| !same(one, other);
        all(&held, same) && all(&failed, same) && held.first().zip(failed.first()).is_some_and(are_apart)
    };
    if follows(&whole) || follows(&rough) {
        return Ok(Outcome::Follows(Box::new(held.remove(0).1), Box::new(failed.remove(0).1)));
    }
    Ok(Outcome::Restless)
}

fn seen(reply: &Reply, aim: &Aim, mask: &Mask, words: Words) -> Seen {
    // An answer may repeat what was sent, whole or in a link: both words become one.
    let text = reply.draft.text(&aim.slot).unwrap_or_default();
    let inputs = [text.as_str(), words.less, words.more, words.small, words.large];
    Seen {
        is_served: reply.is_served,
        status: reply.status(),
        length: reply.value.as_ref().and_then(list_length),
        likeness: Likeness::of(reply, mask, &inputs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_in_order_and_differ_in_one_letter() {
        for words in WORDS {
            assert!(words.less < words.more && words.small < words.large);
            assert_eq!((words.less.len(), words.small.len()), (words.more.len(), words.large.len()));
        }
    }
}

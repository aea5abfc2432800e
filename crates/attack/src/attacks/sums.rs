//! Sums: an answer that has the product of two numbers of the request was made by something that calculates.

use super::aim::{self, Aim};
use crate::answer::Reply;
use crate::prober::{Prober, Stop};
use crate::request::Draft;

/// Two numbers, and their product, which no request has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    pub(super) one: u64,
    pub(super) other: u64,
}

/// A sum for the first try, and one for the second.
pub(super) const SUMS: [Sum; 2] = [Sum { one: 7919, other: 6007 }, Sum { one: 8123, other: 7687 }];

impl Sum {
    /// The product as digits.
    pub(super) fn product(self) -> String {
        (self.one * self.other).to_string()
    }

    /// `7919*6007`.
    pub(super) fn written(self) -> String {
        format!("{}*{}", self.one, self.other)
    }
}

/// What came of a sum.
pub(super) enum Outcome {
    /// The product is in the answer, twice with other numbers.
    Calculated(Box<Reply>),
    /// It is not.
    Plain(Box<Reply>),
}

/// Asks two sums, the second only if the first is calculated.
pub(super) async fn ask(
    p: &Prober<'_>,
    aim: &Aim,
    draft: &(dyn Fn(Sum) -> Draft + Sync),
) -> Result<Outcome, Stop> {
    let mut first: Option<Reply> = None;
    for sum in SUMS {
        let reply = aim::send(p, &draft(sum), aim.baseline.who).await?;
        let product = sum.product();
        let is_in = reply.text().contains(&product) && !aim.baseline.reply.text().contains(&product);
        if !is_in {
            return Ok(Outcome::Plain(Box::new(reply)));
        }
        first.get_or_insert(reply);
    }
    match first {
        Some(reply) => Ok(Outcome::Calculated(Box::new(reply))),
        None => Ok(Outcome::Plain(Box::new(aim.baseline.reply.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_not_in_its_sum() {
        for sum in SUMS {
            assert!(!sum.written().contains(&sum.product()));
        }
        assert_eq!(SUMS[0].product(), "47569433");
    }
}

//! Delays: an answer that takes as long as the request asks was made by something that runs what it was sent.
//!
//! Times are restless. So the usual times are measured first; a delay counts only if it grows with what is asked, three
//! times, and is much more than the usual times differ by.

use std::time::Duration;

use super::aim::{self, Aim};
use crate::answer::Reply;
use crate::prober::{Prober, Stop};
use crate::request::Draft;

/// How often the growth is shown.
const ROUNDS: usize = 3;
/// How many rounds may be disturbed.
const MAX_SPOILT: usize = 2;
/// The least delay that counts.
const LEAST: Duration = Duration::from_millis(150);

/// How the usual answers take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    least: Duration,
    most: Duration,
}

impl Usual {
    /// By how much the usual times differ.
    fn spread(self) -> Duration {
        self.most.saturating_sub(self.least)
    }

    /// Whether the times are too restless to say anything.
    pub(super) fn is_restless(self) -> bool {
        self.spread() > Duration::from_millis(400)
    }

    fn and(self, took: Duration) -> Self {
        Usual { least: self.least.min(took), most: self.most.max(took) }
    }
}

/// What came of a request to wait.
pub(super) enum Outcome {
    /// It waits as long as it is told: the answer to the first wait, and the times in words.
    Waits(Box<Reply>, String),
    /// It does not.
    Prompt(Box<Reply>),
    /// It took long once, and not as it was told.
    Restless,
}

/// Measures how long the ordinary request takes.
pub(super) async fn usual(p: &Prober<'_>, aim: &Aim) -> Result<Usual, Stop> {
    let took = aim.baseline.reply.took;
    let mut usual = Usual { least: took, most: took };
    for _ in 0..2 {
        usual = usual.and(aim::send(p, &aim.baseline.draft, aim.baseline.who).await?.took);
    }
    Ok(usual)
}

/// Asks to wait. `wait` makes the request for a number of units of work: none, one, two.
pub(super) async fn ask(
    p: &Prober<'_>,
    aim: &Aim,
    usual: Usual,
    wait: &(dyn Fn(u32) -> Draft + Sync),
) -> Result<Outcome, Stop> {
    let who = aim.baseline.who;
    let first = aim::send(p, &wait(1), who).await?;
    if first.took < usual.most + LEAST {
        return Ok(Outcome::Prompt(Box::new(first)));
    }
    let mut usual = usual;
    let mut times = Vec::new();
    // Some rounds may be disturbed by something else.
    let mut spoilt = 0;
    while times.len() < ROUNDS {
        let none = aim::send(p, &wait(0), who).await?.took;
        let one = aim::send(p, &wait(1), who).await?.took;
        if one < none + LEAST {
            return Ok(Outcome::Restless);
        }
        let two = aim::send(p, &wait(2), who).await?.took;
        usual = usual.and(none);
        if grows(none, one, two) {
            times.push((none, one, two));
        } else {
            spoilt += 1;
            if spoilt > MAX_SPOILT {
                return Ok(Outcome::Restless);
            }
        }
    }
    let least = times.iter().map(|(none, one, _)| one.saturating_sub(*none)).min().unwrap_or_default();
    if usual.spread() * 2 > least || !is_double(&times) {
        return Ok(Outcome::Restless);
    }
    let said: Vec<String> = times
        .iter()
        .map(|(none, one, two)| {
            format!("{:.2}, {:.2} and {:.2} s", none.as_secs_f64(), one.as_secs_f64(), two.as_secs_f64())
        })
        .collect();
    Ok(Outcome::Waits(Box::new(first), said.join("; ")))
}

/// Whether times grow as what is asked grows: nothing, once, twice. How fast a machine works differs from one moment to the
/// next, so that one round says only that more takes longer.
fn grows(none: Duration, one: Duration, two: Duration) -> bool {
    let (single, double) = (one.saturating_sub(none), two.saturating_sub(none));
    let (single, double) = (single.as_secs_f64(), double.as_secs_f64());
    single >= LEAST.as_secs_f64() && single > none.as_secs_f64() && (1.1..=4.5).contains(&(double / single))
}

/// Whether all rounds together take about twice as long for twice as much.
fn is_double(times: &[(Duration, Duration, Duration)]) -> bool {
    let sum = |of: fn(&(Duration, Duration, Duration)) -> Duration| times.iter().map(of).sum::<Duration>();
    let none = sum(|(none, ..)| *none);
    let single = sum(|(_, one, _)| *one).saturating_sub(none).as_secs_f64();
    let double = sum(|(.., two)| *two).saturating_sub(none).as_secs_f64();
    single > 0.0 && (1.4..=3.0).contains(&(double / single))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_grows_with_what_is_asked() {
        for (none, one, two, expected) in [
            (5, 1005, 2005, true),
            (20, 400, 900, true),
            (5, 900, 950, false),
            (5, 20, 40, false),
            (900, 1500, 2200, false),
            (5, 300, 1500, false),
            (5, 1005, 1305, true),
            (500, 5, 1005, false),
        ] {
            let time = Duration::from_millis;
            assert_eq!(grows(time(none), time(one), time(two)), expected, "{none} {one} {two}");
        }
    }

    #[test]
    fn all_rounds_together_take_twice_as_long() {
        for (times, expected) in [
            (&[(5, 1005, 2005), (5, 500, 1300), (5, 1200, 1500)][..], true),
            (&[(5, 1005, 1305), (5, 1005, 1305), (5, 1005, 1305)], false),
            (&[(5, 400, 1700), (5, 400, 1700), (5, 400, 1700)], false),
            (&[], false),
        ] {
            let time = Duration::from_millis;
            let rows: Vec<_> = times.iter().map(|(a, b, c)| (time(*a), time(*b), time(*c))).collect();
            assert_eq!(is_double(&rows), expected, "{times:?}");
        }
    }
}

//! Who has an account, by the answer or by its time.

use std::time::Instant;

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

/// Pairs of log ins. Most limits come earlier.
const PAIRS: usize = 8;
/// Pairs from which times say something.
const FEWEST: usize = 3;

pub(super) const ATTACK: Attack = Attack {
    name: "login-enumeration",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Does a failed log in tell me whether somebody has an account?",
    needs: &[Need::LoginCredentials],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (login, known, _) = p.credentials()?;
    let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
    let mut last = Vec::new();
    for attempt in 0..PAIRS {
        let unknown = match known.split_once('@') {
            Some((_, domain)) => format!("nobody-{attempt}@{domain}"),
            None => format!("nobody{attempt}"),
        };
        let mut pair = Vec::new();
        for (name, times) in [(known, &mut of_known), (unknown.as_str(), &mut of_unknown)] {
            let probe = login.request(&login.credentials(name, &format!("wrong-password-{attempt}")));
            let start = Instant::now();
            let (answer, seen) = p.send(&probe).await?;
            times.push(start.elapsed());
            pair.push((oracle::without_what_varies(&answer, name), oracle::is_rate_limited(&answer), seen));
        }
        let [(first, is_limited, one), (second, is_other_limited, other)] = &pair[..] else { break };
        if *is_limited || *is_other_limited {
            of_known.pop();
            of_unknown.pop();
            break;
        }
        last = vec![one.clone(), other.clone()];
        if first != second {
            return Ok(Verdict::exploited("the answers to a known and an unknown name differ", last));
        }
    }
    Ok(match (of_known.len(), oracle::apart(&of_known, &of_unknown)) {
        (0, _) => Verdict::not_applicable("the log in has reached a limit"),
        (FEWEST.., Some((known, unknown))) => {
            let summary = format!("{known} ms for a known name, {unknown} ms for an unknown one");
            Verdict::exploited(summary, last)
        }
        _ => Verdict::blocked("known and unknown names are answered alike", last),
    })
}

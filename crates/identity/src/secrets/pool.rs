//! Hashing beside the gate's work.
//!
//! A hash of a password is slow and takes much memory on purpose. A flood of log ins must take neither all processors nor all
//! memory from the requests that the gate forwards: at most `at_once` hashes are computed at a time, on threads that may
//! block; eight times as many wait; whoever comes then is told at once that the service is busy. Memory is bounded by
//! `at_once` times that of one hash.
//!
//! A log in to an account that does not exist verifies the hash of a random password with the present parameters. It takes the
//! time of a wrong password. That holds once the hash of every account has these parameters: an imported hash takes its own
//! time until it is replaced at a log in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::hash::{OutOfBounds, Parameters, PasswordHash};
use super::password::{Password, Rules, Weakness};
use super::random;

/// How many wait for each that is computed.
const WAITING: usize = 8;
/// The most memory that [`tune`] proposes, in KiB.
const MOST_MEMORY: u32 = 64 * 1024;

/// Computes and verifies hashes, a bounded number at a time.
#[derive(Debug)]
pub struct Hasher {
    parameters: Parameters,
    decoy: PasswordHash,
    /// One for each hash that is computed.
    turns: Arc<Semaphore>,
    /// One for each hash that is computed or waits.
    places: Arc<Semaphore>,
}

/// Too many hashes wait already, or the process ends. The caller answers 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at the moment")]
pub struct Busy;

/// What became of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is not the password of the account, or there is no such account.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and a new hash should be stored ([`Hasher::hash`]).
    RightButOutdated,
}

impl Hasher {
    /// A pool that computes `at_once` hashes at a time, at least one.
    ///
    /// It computes one hash before it returns.
    ///
    /// # Errors
    /// [`OutOfBounds`], if the parameters are.
    pub fn new(parameters: Parameters, at_once: usize) -> Result<Self, OutOfBounds> {
        let at_once = at_once.clamp(1, 1024);
        let nobody = Password::parse(&random::token()).map_err(|_| OutOfBounds)?;
        Ok(Hasher {
            parameters,
            decoy: PasswordHash::new(&nobody, &parameters)?,
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + WAITING * at_once)),
        })
    }

    /// The parameters of new hashes.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// The text of a new hash.
    ///
    /// # Errors
    /// [`Busy`], if too many wait.
    pub async fn hash(&self, password: &Password) -> Result<String, Busy> {
        let (password, parameters) = (password.clone(), self.parameters);
        let hash = self.run(move || PasswordHash::new(&password, &parameters)).await?;
        hash.map(|hash| hash.as_str().to_owned()).map_err(|OutOfBounds| Busy)
    }

    /// Verifies a password. Without a hash, because there is no such account, a decoy is verified and the outcome is
    /// [`Outcome::Wrong`].
    ///
    /// # Errors
    /// [`Busy`], if too many wait.
    pub async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<Outcome, Busy> {
        let exists = hash.is_some();
        let (password, hash, parameters) =
            (password.clone(), hash.unwrap_or(&self.decoy).clone(), self.parameters);
        let outcome = self
            .run(move || match (hash.verify(&password), hash.is_outdated(&parameters)) {
                (false, _) => Outcome::Wrong,
                (true, false) => Outcome::Right,
                (true, true) => Outcome::RightButOutdated,
            })
            .await?;
        Ok(if exists { outcome } else { Outcome::Wrong })
    }

    /// [`Rules::check`] in the pool, as it takes milliseconds.
    ///
    /// # Errors
    /// [`Busy`], if too many wait.
    pub async fn weakness(
        &self,
        rules: Rules,
        password: &Password,
        about: &[&str],
    ) -> Result<Option<Weakness>, Busy> {
        let (password, about) =
            (password.clone(), about.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>());
        self.run(move || {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            rules.check(&password, &about).err()
        })
        .await
    }

    /// Runs work in its turn. A caller that goes away while it waits frees its place; work that has begun keeps it to its end.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Busy)?;
        let work = spawn_blocking(move || {
            let result = work();
            drop((turn, place));
            result
        });
        work.await.map_err(|_| Busy)
    }
}

/// Measures this machine and proposes parameters with which a hash takes about as long as `target`: as much memory as
/// possible up to 64 MiB, then more passes, never less than OWASP's minimum of 19 MiB and 2 passes.
///
/// It takes a few times `target`. On a busy machine it proposes too little: run it on an idle one.
#[must_use]
pub fn tune(target: Duration) -> Parameters {
    let least = Parameters::default();
    let Ok(password) = Password::parse("a password of usual length") else { return least };
    let time = |parameters: Parameters| {
        let start = Instant::now();
        let hash = PasswordHash::new(&password, &parameters);
        hash.map_or(Duration::MAX, |_| start.elapsed())
    };
    propose(target, time)
}

fn propose(target: Duration, mut time: impl FnMut(Parameters) -> Duration) -> Parameters {
    let least = Parameters::default();
    // The better of three: whatever else the machine does only makes it slower.
    let mut best = |parameters| (0..3).map(|_| time(parameters)).min().unwrap_or(Duration::MAX);
    if best(least) >= target {
        return least;
    }
    let mut chosen = least;
    let mut memory_kib = MOST_MEMORY;
    while memory_kib > least.memory_kib {
        let candidate = Parameters { memory_kib, ..least };
        let took = best(candidate);
        if took <= target {
            // Time grows with the number of passes, and with nothing else here.
            let of_one = took.as_micros().div_ceil(2).max(1);
            let passes = u32::try_from(target.as_micros() / of_one).unwrap_or(u32::MAX).clamp(2, 100);
            chosen = Parameters { passes, ..candidate };
            break;
        }
        memory_kib -= 8 * 1024;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[tokio::test]
    async fn passwords_are_right_wrong_or_outdated() {
        let hasher = Hasher::new(CHEAP, 2).unwrap();
        let right = password("correct horse");
        let hash = PasswordHash::parse(&hasher.hash(&right).await.unwrap()).unwrap();
        let old =
            PasswordHash::parse("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW").unwrap();
        for (typed, hash, expected) in [
            (&right, Some(&hash), Outcome::Right),
            (&password("incorrect horse"), Some(&hash), Outcome::Wrong),
            (&password("U*U"), Some(&old), Outcome::RightButOutdated),
            (&password("U*U*"), Some(&old), Outcome::Wrong),
            (&right, None, Outcome::Wrong),
        ] {
            assert_eq!(hasher.verify(typed, hash).await, Ok(expected));
        }
        let weakness = hasher.weakness(Rules::default(), &password("short"), &[]).await;
        assert_eq!(weakness, Ok(Some(Weakness::TooShort { min: 12 })));
    }

    #[tokio::test]
    async fn a_flood_is_told_that_the_service_is_busy() {
        let hasher = Arc::new(Hasher::new(CHEAP, 1).unwrap());
        let typed = password("correct horse");
        // The only turn is taken: those who come now wait.
        let turn = Arc::clone(&hasher.turns).acquire_owned().await.unwrap();
        let waiting: Vec<_> = (0..9)
            .map(|_| {
                let (hasher, typed) = (Arc::clone(&hasher), typed.clone());
                tokio::spawn(async move { hasher.verify(&typed, None).await })
            })
            .collect();
        while hasher.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.verify(&typed, None).await, Err(Busy));

        // A caller that goes away makes room for another.
        let mut waiting = waiting.into_iter();
        let gone = waiting.next().unwrap();
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.places.available_permits(), 1);

        drop(turn);
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(Outcome::Wrong));
        }
        assert_eq!(hasher.verify(&typed, None).await, Ok(Outcome::Wrong));
        assert_eq!((hasher.places.available_permits(), hasher.turns.available_permits()), (9, 1));
    }

    #[test]
    fn parameters_are_checked_at_the_start() {
        assert!(Hasher::new(Parameters { memory_kib: 7, ..CHEAP }, 1).is_err());
        assert!(Hasher::new(Parameters { lanes: 17, ..CHEAP }, 1).is_err());
    }

    #[test]
    fn the_proposal_fits_the_machine() {
        // nanoseconds for one pass over one KiB
        for (speed, target, memory_kib, passes) in [
            (1000, 250, 65536, 3),
            (1000, 1000, 65536, 15),
            (1000, 40, 19456, 2),
            (1000, 20, 19456, 2),
            (1000, 100, 49152, 2),
            (100, 250, 65536, 38),
        ] {
            let time = |parameters: Parameters| {
                Duration::from_nanos(speed * u64::from(parameters.memory_kib) * u64::from(parameters.passes))
            };
            let expected = Parameters { memory_kib, passes, lanes: 1 };
            assert_eq!(propose(Duration::from_millis(target), time), expected, "{speed} {target}");
        }
    }
}

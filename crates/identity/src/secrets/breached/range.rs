//! Asks a service whether a password is known, without telling it the password.
//!
//! The service is sent the first five hexadecimal digits of the password's SHA-1 and answers with the rest of all hashes that
//! begin so: some thousand, of which ours may be one (k-anonymity). With padding (`Add-Padding: true`), the length of the
//! answer tells nothing to whoever watches the line; lines of padding have the count 0.
//!
//! Protocol: <https://haveibeenpwned.com/API/v3#PwnedPasswords>.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use super::super::password::Password;
use super::digest::sha1;

/// The longest answer that is read. Real ones, with padding, have about 100 KB.
pub const MAX_ANSWER: usize = 1024 * 1024;
const PREFIX: usize = 5;
const SUFFIX: usize = 35;
/// The digits of a count.
const MAX_DIGITS: usize = 12;

/// Fetches a range. The caller of this crate brings HTTP: `GET {url}/{prefix}` with `Add-Padding: true`, and refuses an answer
/// longer than [`MAX_ANSWER`].
pub trait RangeSource: Send + Sync {
    /// The answer for a prefix of five hexadecimal digits, or why there is none.
    fn fetch(&self, prefix: &str) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>>;
}

/// What the service is asked for, and what is looked for in its answer.
#[derive(Clone, PartialEq, Eq)]
pub struct RangeQuery {
    /// The five hexadecimal digits that the service is sent.
    pub prefix: String,
    suffix: String,
}

/// An answer that does not follow the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// It is longer than [`MAX_ANSWER`].
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    /// A line, counted from 1, is not 35 hexadecimal digits, a colon and a count.
    #[error("line {0} of the answer is not 35 hexadecimal digits, a colon and a count")]
    Malformed(usize),
}

/// What is known of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No list has it.
    Unknown,
    /// The lists have it, so many times.
    Breached(u64),
    /// The service gave no answer that could be read, in time. The text says why, for the log.
    NoAnswer(String),
}

/// What happens to a new password about which the service gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// It is accepted: people can register while the service is down.
    #[default]
    Accept,
    /// It is refused.
    Refuse,
}

impl Verdict {
    /// Whether the password may become a new one.
    #[must_use]
    pub fn accepts(&self, on_failure: OnFailure) -> bool {
        match self {
            Verdict::Unknown => true,
            Verdict::Breached(_) => false,
            Verdict::NoAnswer(_) => on_failure == OnFailure::Accept,
        }
    }
}

impl RangeQuery {
    /// The query for a password.
    #[must_use]
    pub fn new(password: &Password) -> Self {
        let mut prefix: String = sha1(password).iter().map(|byte| format!("{byte:02X}")).collect();
        let suffix = prefix.split_off(PREFIX);
        RangeQuery { prefix, suffix }
    }

    /// How often the lists have the password, by the answer of the service; `None` if they do not have it.
    ///
    /// # Errors
    /// [`RangeError`], if any line of the answer is malformed: half an answer is none.
    pub fn count(&self, answer: &str) -> Result<Option<u64>, RangeError> {
        parse_range(answer, &self.suffix)
    }

    /// Asks the service, and waits for at most `timeout`.
    pub async fn ask(&self, source: &dyn RangeSource, timeout: Duration) -> Verdict {
        let answer = match tokio::time::timeout(timeout, source.fetch(&self.prefix)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(reason)) => return Verdict::NoAnswer(reason),
            Err(_) => return Verdict::NoAnswer(format!("no answer within {timeout:?}")),
        };
        match self.count(&answer) {
            Ok(None) => Verdict::Unknown,
            Ok(Some(count)) => Verdict::Breached(count),
            Err(error) => Verdict::NoAnswer(error.to_string()),
        }
    }
}

/// Finds a suffix of 35 hexadecimal digits in an answer: lines `SUFFIX:COUNT`, of which those with the count 0 are padding.
///
/// # Errors
/// [`RangeError`], if the answer is too long or any of its lines malformed.
pub fn parse_range(answer: &str, suffix: &str) -> Result<Option<u64>, RangeError> {
    if answer.len() > MAX_ANSWER {
        return Err(RangeError::TooLong);
    }
    let mut found = None;
    for (number, line) in (1..).zip(answer.lines()) {
        let malformed = RangeError::Malformed(number);
        let (hash, count) = line.split_once(':').ok_or(malformed)?;
        let is_hash = hash.len() == SUFFIX && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_count =
            (1..=MAX_DIGITS).contains(&count.len()) && count.bytes().all(|byte| byte.is_ascii_digit());
        if !is_hash || !is_count {
            return Err(malformed);
        }
        let count: u64 = count.parse().map_err(|_| malformed)?;
        if count > 0 && hash.eq_ignore_ascii_case(suffix) {
            found = Some(count);
        }
    }
    Ok(found)
}

impl fmt::Debug for RangeQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RangeQuery({}..)", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// SHA-1 of `password`: 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
    const KNOWN: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
    const OTHER: &str = "003D68EB55068C33ACE09247EE4C639306B";

    fn query() -> RangeQuery {
        RangeQuery::new(&Password::parse("password").unwrap())
    }

    #[test]
    fn only_five_digits_leave_the_service() {
        let query = query();
        assert_eq!((query.prefix.as_str(), query.suffix.as_str()), ("5BAA6", KNOWN));
        assert_eq!(format!("{query:?}"), "RangeQuery(5BAA6..)");
    }

    #[test]
    fn answers_are_read_as_a_whole_or_not_at_all() {
        for (answer, expected) in [
            (String::new(), Ok(None)),
            (format!("{OTHER}:3\r\n{KNOWN}:9659365\r\n"), Ok(Some(9_659_365))),
            (format!("{OTHER}:3\n{}:2", KNOWN.to_lowercase()), Ok(Some(2))),
            (format!("{OTHER}:3\r\n{OTHER}:0"), Ok(None)),
            // padding
            (format!("{KNOWN}:0\r\n"), Ok(None)),
            (format!("{KNOWN}:5\r\n<html>"), Err(RangeError::Malformed(2))),
            (format!("{KNOWN}:5\r\n\r\n{OTHER}:1"), Err(RangeError::Malformed(2))),
            (KNOWN.to_owned(), Err(RangeError::Malformed(1))),
            (format!("{KNOWN}:"), Err(RangeError::Malformed(1))),
            (format!("{KNOWN}:-1"), Err(RangeError::Malformed(1))),
            (format!("{KNOWN}:1:1"), Err(RangeError::Malformed(1))),
            (format!("{KNOWN}:1234567890123"), Err(RangeError::Malformed(1))),
            (format!("{}:1", KNOWN.trim_start_matches('1')), Err(RangeError::Malformed(1))),
            (format!("{}G:1", KNOWN.trim_start_matches('1')), Err(RangeError::Malformed(1))),
            ("A".repeat(MAX_ANSWER + 1), Err(RangeError::TooLong)),
        ] {
            assert_eq!(query().count(&answer), expected, "{answer:.100}");
        }
    }

    struct Source(Option<Result<String, String>>);

    impl RangeSource for Source {
        fn fetch(&self, prefix: &str) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
            assert_eq!(prefix, "5BAA6");
            Box::pin(async {
                match &self.0 {
                    Some(answer) => answer.clone(),
                    None => std::future::pending().await,
                }
            })
        }
    }

    #[tokio::test]
    async fn a_service_that_does_not_answer_is_judged_by_the_policy() {
        let silent = "no answer within 50ms".to_owned();
        for (answer, expected, accept, refuse) in [
            (Some(Ok(format!("{KNOWN}:7"))), Verdict::Breached(7), false, false),
            (Some(Ok(format!("{OTHER}:7"))), Verdict::Unknown, true, true),
            (
                Some(Err("connection refused".to_owned())),
                Verdict::NoAnswer("connection refused".to_owned()),
                true,
                false,
            ),
            (
                Some(Ok("<html>".to_owned())),
                Verdict::NoAnswer(RangeError::Malformed(1).to_string()),
                true,
                false,
            ),
            (None, Verdict::NoAnswer(silent), true, false),
        ] {
            let verdict = query().ask(&Source(answer), Duration::from_millis(50)).await;
            assert_eq!(verdict, expected);
            assert_eq!(
                (verdict.accepts(OnFailure::Accept), verdict.accepts(OnFailure::Refuse)),
                (accept, refuse),
                "{verdict:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(answer in "([0-9A-F]{34,36}:[0-9]{0,3}\r?\n){0,4}\\PC{0,10}") {
            let _ = query().count(&answer);
        }
    }
}

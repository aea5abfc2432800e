//! One-time codes of an authenticator app (TOTP, RFC 6238).
//!
//! HMAC-SHA-1, six digits, steps of 30 seconds: the only parameters that all apps follow. HMAC does not need the collision
//! resistance that SHA-1 has lost (RFC 6238 §1.2). A code is accepted one step early or late, for clocks that differ and for
//! people who type slowly (§5.2), and once: the caller stores the step that [`TotpSecret::verify`] returns and hands it in
//! the next time.
//!
//! Six digits are guessed in a few hundred thousand attempts: whoever calls this counts failures and locks.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::random;

/// The seconds of a step.
pub const STEP: u64 = 30;
const DIGITS: usize = 6;
/// The longest code that is read, with its blanks.
const MAX_TYPED: usize = 32;
/// RFC 4226 §4: at least 128 bits, better 160.
const LENGTH: usize = 20;
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;
/// RFC 3986 §2.3: unreserved characters stay as they are.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secret that a person's app and this service share.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<Vec<u8>>);

/// The text is not base32 of 16 to 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret of one-time codes is base32 of 16 to 64 bytes")]
pub struct InvalidSecret;

impl TotpSecret {
    /// A new secret of 160 random bits.
    #[must_use]
    pub fn generate() -> Self {
        TotpSecret(Zeroizing::new(random::bytes::<LENGTH>().to_vec()))
    }

    /// Reads base32 (RFC 4648), with or without blanks and padding, in either case: as apps and other services show it.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn from_base32(text: &str) -> Result<Self, InvalidSecret> {
        if text.len() > 4 * LENGTHS.end() {
            return Err(InvalidSecret);
        }
        let text: Zeroizing<String> = Zeroizing::new(
            text.trim_end_matches('=')
                .chars()
                .filter(|character| !matches!(character, ' ' | '-'))
                .map(|c| c.to_ascii_uppercase())
                .collect(),
        );
        let secret = Secret::try_from_base32(text.as_str()).map_err(|_| InvalidSecret)?;
        let bytes = Zeroizing::new(secret.as_bytes().to_vec());
        if LENGTHS.contains(&bytes.len()) { Ok(TotpSecret(bytes)) } else { Err(InvalidSecret) }
    }

    /// The secret as base32 without padding: to be stored (encrypted), or typed into an app.
    #[must_use]
    pub fn to_base32(&self) -> String {
        Secret::from(self.0.to_vec()).to_base32()
    }

    /// The address that an app reads from a QR code. A colon separates the two names there, so one inside a name becomes a
    /// blank.
    ///
    /// The form: <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let escape = |text: &str| utf8_percent_encode(&text.replace(':', " "), ESCAPED).to_string();
        let (issuer, account, secret) = (escape(issuer), escape(account), self.to_base32());
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
        )
    }

    /// The step that the code belongs to, if it is right at `now` (seconds since 1970) and later than `last_used`.
    ///
    /// The caller stores the step before it lets the person in, so that the same code is refused the next time, and does so
    /// only if nobody else has stored a later one in between. Which step matched does not show in the time this takes.
    #[must_use]
    pub fn verify(&self, code: &str, now: u64, last_used: Option<u64>) -> Option<u64> {
        let code = digits(code)?;
        let totp = self.totp();
        let present = now / STEP;
        let (mut found, mut step) = (Choice::from(0), 0);
        for candidate in present.saturating_sub(1)..=present.saturating_add(1) {
            let Some(time) = candidate.checked_mul(STEP) else { continue };
            let expected = Zeroizing::new(totp.generate(time).to_string());
            let unused = Choice::from(u8::from(last_used.is_none_or(|last| candidate > last)));
            let right = expected.as_bytes().ct_eq(&code) & unused;
            step = u64::conditional_select(&step, &candidate, right);
            found |= right;
        }
        bool::from(found).then_some(step)
    }

    fn totp(&self) -> Totp {
        // Lengths are checked by the two ways to make a secret.
        let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(STEP);
        builder.with_secret(Secret::from(self.0.to_vec())).build_noncompliant()
    }
}

/// The digits of a typed code. Apps show blanks in the middle, which people type.
fn digits(code: &str) -> Option<[u8; DIGITS]> {
    if code.len() > MAX_TYPED {
        return None;
    }
    let digits: Vec<u8> = code
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(u8::try_from)
        .collect::<Result<_, _>>()
        .ok()?;
    let digits = <[u8; DIGITS]>::try_from(digits).ok()?;
    digits.iter().all(u8::is_ascii_digit).then_some(digits)
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TotpSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The secret of RFC 6238, appendix B: `12345678901234567890`.
    fn secret() -> TotpSecret {
        TotpSecret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap()
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B has eight digits; the last six are the code of six digits.
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().verify(code, now, None), Some(now / STEP), "{now}");
        }
    }

    #[test]
    fn a_code_is_accepted_a_step_early_or_late_and_once() {
        let (now, code) = (1_111_111_111, "050471");
        let step = now / STEP;
        for (now, last_used, expected) in [
            (now, None, Some(step)),
            (now, Some(step - 1), Some(step)),
            (now, Some(step), None),
            (now, Some(step + 1), None),
            (now + STEP, None, Some(step)),
            (now - STEP, None, Some(step)),
            (now + STEP, Some(step), None),
            (now + 2 * STEP, None, None),
            (now - 2 * STEP, None, None),
            (0, None, None),
            (u64::MAX, None, None),
        ] {
            assert_eq!(secret().verify(code, now, last_used), expected, "{now} {last_used:?}");
        }
        for (typed, right) in [
            ("050 471", true),
            (" 050\u{a0}471\n", true),
            ("50471", false),
            ("0504711", false),
            ("+50471", false),
            ("05047a", false),
            ("\u{0660}50471", false),
            ("", false),
            ("050471                                  ", false),
        ] {
            assert_eq!(secret().verify(typed, now, None).is_some(), right, "{typed:?}");
        }
    }

    #[test]
    fn a_secret_is_written_and_read() {
        let secret = TotpSecret::generate();
        let text = secret.to_base32();
        assert_eq!(text.len(), 32);
        let spaced: String = text
            .to_lowercase()
            .chars()
            .enumerate()
            .flat_map(|(i, c)| if i % 4 == 0 { vec![' ', c] } else { vec![c] })
            .collect();
        for spelling in [text.clone(), spaced, format!("{text}====")] {
            assert_eq!(TotpSecret::from_base32(&spelling).unwrap().to_base32(), text);
        }
        for wrong in ["", "GEZDGNBV", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", "\u{e9}", &"A".repeat(300)] {
            assert!(TotpSecret::from_base32(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "TotpSecret(..)");
    }

    #[test]
    fn the_address_for_an_app_is_escaped() {
        assert_eq!(
            secret().uri("Acme: Shop & Co", "alice+test@example.com"),
            "otpauth://totp/Acme%20%20Shop%20%26%20Co:alice%2Btest%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Acme%20%20Shop%20%26%20Co&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn any_code_and_secret_is_judged(code in "\\PC{0,12}", text in "\\PC{0,40}", now: u64, last: Option<u64>) {
            let _ = TotpSecret::from_base32(&text);
            if let Some(step) = secret().verify(&code, now, last) {
                prop_assert!(last.is_none_or(|last| step > last));
            }
        }
    }
}

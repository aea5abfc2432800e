//! Addresses of mail.

use std::fmt;
use std::str::FromStr;

/// RFC 5321 §4.5.3.1.3, without the angle brackets.
const MAX_ADDRESS: usize = 254;

/// An address to which mail can be sent: one line without blanks, quotes or brackets, and with a domain that has a dot or is
/// `localhost`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(lettre::Address);

/// A text that is no address of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no e-mail address like name@example.com")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    /// Quoted local parts and addresses of machines (`"a b"@x.org`, `a@[10.0.0.1]`) are valid in RFC 5321, in use nowhere, and
    /// read differently by mail programs: they are refused.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\"()<>[]\\,;:".contains(c);
        if text.len() > MAX_ADDRESS || !text.chars().all(plain) {
            return Err(AddressError);
        }
        let address: lettre::Address = text.parse().map_err(|_| AddressError)?;
        let domain = address.domain();
        let last = domain.rsplit('.').next().unwrap_or_default();
        let named =
            domain == "localhost" || (last != domain && !last.bytes().all(|byte| byte.is_ascii_digit()));
        if named { Ok(Address(address)) } else { Err(AddressError) }
    }
}

impl Address {
    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.domain()
    }

    pub(super) fn inner(&self) -> &lettre::Address {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_people_have_are_read() {
        for text in [
            "kim@example.com",
            "kim.lee+shop@mail.example.co.uk",
            "o'brien@example.org",
            "kim@bücher.example",
            "käthe@example.com",
            "root@localhost",
            "_a-1@xn--bcher-kva.example",
        ] {
            assert_eq!(text.parse::<Address>().map(|a| a.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_address_or_more_than_one_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "",
            "kim",
            "@example.com",
            "kim@",
            "kim@example",
            "kim@127.0.0.1",
            "kim@[127.0.0.1]",
            "kim@[::1]",
            "\"kim lee\"@example.com",
            "kim lee@example.com",
            " kim@example.com",
            "kim@example.com\r\nBcc: all@example.com",
            "kim@example.com\nBcc: all@example.com",
            "kim@example.com,lee@example.com",
            "Kim <kim@example.com>",
            "kim@example.com\0",
            "kim@exa_mple..com",
            long.as_str(),
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_one_word(text in "\\PC{0,20}@\\PC{0,20}|[a-z@. \\r\\n\",<>:\\[\\]]{0,30}") {
            if let Ok(address) = text.parse::<Address>() {
                let written = address.to_string();
                prop_assert_eq!(&written, &text);
                prop_assert!(!written.contains([' ', '\r', '\n', ',', '<', '>', '"', ':']));
            }
        }
    }
}

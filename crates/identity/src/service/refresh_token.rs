//! Refresh tokens: 256 random bits, of which the store knows only the hash.
//!
//! A token says which session it is of, and the how manieth of that session it is, under our mark. So a made-up one is refused
//! without a question to the store, and one that was spent long ago is known for what it is: its hash need not be kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::vault::Vault;
use crate::secrets::random;

const SESSION_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// A refresh token, as its holder has it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    text: String,
    session: String,
    /// 0 for the first of a session.
    pub(crate) number: u32,
}

impl RefreshToken {
    /// A new one. `session` is the Base64 of 16 bytes.
    pub(crate) fn generate(vault: &Vault, session: &str, number: u32) -> Option<Self> {
        let mut bytes = URL_SAFE_NO_PAD.decode(session).ok().filter(|id| id.len() == SESSION_BYTES)?;
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&random::bytes::<SECRET_BYTES>());
        let mark = vault.mark(&bytes);
        bytes.extend_from_slice(&mark);
        Some(RefreshToken { text: URL_SAFE_NO_PAD.encode(bytes), session: session.to_owned(), number })
    }

    /// Reads one that is ours; `None` for every other text.
    pub(crate) fn parse(vault: &Vault, text: &str) -> Option<Self> {
        const LENGTH: usize = SESSION_BYTES + 4 + SECRET_BYTES + 16;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let (marked, mark) = bytes.split_at_checked(LENGTH - 16)?;
        if !vault.is_marked(marked, mark) {
            return None;
        }
        let (session, rest) = marked.split_at_checked(SESSION_BYTES)?;
        let number = u32::from_be_bytes(*rest.first_chunk::<4>()?);
        Some(RefreshToken { text: text.to_owned(), session: URL_SAFE_NO_PAD.encode(session), number })
    }

    /// As its holder has it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The session that it is of.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// What the store keeps of it.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(random::hash_token(&self.text))
    }

    /// Whether a hash in the store is of this token, in constant time.
    pub(crate) fn is_of(&self, hash: &str) -> bool {
        bool::from(self.hash().as_bytes().ct_eq(hash.as_bytes()))
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({} of {})", self.number, self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_are_read() {
        let vault = Vault::new([1; 32]).unwrap();
        let session = random::id();
        let token = RefreshToken::generate(&vault, &session, 7).unwrap();
        let read = RefreshToken::parse(&vault, token.as_str()).unwrap();
        assert_eq!((read.session(), read.number), (session.as_str(), 7));
        assert!(read.is_of(&token.hash()) && !read.is_of(&session));
        assert!(RefreshToken::generate(&vault, "short", 0).is_none());
        let mut changed = URL_SAFE_NO_PAD.decode(token.as_str()).unwrap();
        for at in 0..changed.len() {
            changed[at] ^= 1;
            assert_eq!(RefreshToken::parse(&vault, &URL_SAFE_NO_PAD.encode(&changed)), None, "{at}");
            changed[at] ^= 1;
        }
        assert_eq!(RefreshToken::parse(&Vault::new([2; 32]).unwrap(), token.as_str()), None);
        assert_eq!(RefreshToken::parse(&vault, ""), None);
    }
}

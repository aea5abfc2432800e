//! The key under which the gate says something to a client that only this client can show again.

use std::net::IpAddr;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// Of whom something is said: an address, an agent, and what TLS shows of the program.
#[derive(Clone, Copy)]
pub(crate) struct Client<'c> {
    pub(crate) address: IpAddr,
    pub(crate) agent: &'c [u8],
    pub(crate) program: &'c [u8],
}

/// The key of challenges and clearances.
pub(crate) struct ChallengeKey(hmac::Key);

impl ChallengeKey {
    /// The key of all gateways with a secret; of this process alone without one.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub(crate) fn new(secret: Option<&[u8]>) -> Result<Self, NoRandomness> {
        let mut own = [0; 32];
        let secret = match secret {
            Some(secret) => secret,
            None => {
                aws_lc_rs::rand::fill(&mut own).map_err(|_| NoRandomness)?;
                &own
            }
        };
        let whole = hmac::Key::new(hmac::HMAC_SHA256, secret);
        // Apart from every other key that is made of the same secret.
        let derived = hmac::sign(&whole, b"doorward challenge");
        Ok(ChallengeKey(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())))
    }

    fn message(kind: &str, said: &str, Client { address, agent, program }: Client<'_>) -> Vec<u8> {
        let mut message = Vec::with_capacity(64 + agent.len());
        for part in [kind.as_bytes(), said.as_bytes(), &network(address), agent, program] {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        message
    }

    /// What is said of a client, with its keyed hash.
    pub(crate) fn sign(&self, kind: &str, said: &str, client: Client<'_>) -> String {
        let tag = hmac::sign(&self.0, &Self::message(kind, said, client));
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// What was said, if it was said here of this client. The comparison takes the same time wherever the hashes differ.
    pub(crate) fn verified<'t>(&self, kind: &str, token: &'t str, client: Client<'_>) -> Option<&'t str> {
        let (said, tag) = token.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, &Self::message(kind, said, client), &tag).ok()?;
        Some(said)
    }
}

/// The network of a client: carriers move a phone between addresses of it.
fn network(address: IpAddr) -> [u8; 8] {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            [0, 0, 0, 4, a, b, c, 0]
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            let [a, b, c, d] = [a, b, c, d].map(u16::to_be_bytes);
            [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]]
        }
    }
}

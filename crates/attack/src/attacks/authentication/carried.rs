//! The JSON Web Token that an account's requests carry, and how another one is shown in its place.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::answer::Reply;
use crate::attack::{Hole, Tried};
use crate::identity::Identity;
use crate::prober::{Prober, Stop};
use crate::request::Draft;
use crate::token;
use crate::who::Who;

/// A token, in the request that an account is known by.
pub(super) struct Carried {
    /// Whose it is.
    pub(super) who: Who,
    /// The token.
    pub(super) token: String,
    /// Its header.
    pub(super) header: Value,
    /// Its claims.
    pub(super) claims: Value,
    /// The answer to the request with it.
    pub(super) control: Reply,
    identity: Identity,
    sign: Draft,
}

impl Carried {
    /// The token of the first account that has one, in a request that is served with it and not without.
    pub(super) async fn by_somebody(p: &Prober<'_>) -> Result<Option<Carried>, Stop> {
        for who in p.people() {
            let Some(person) = p.person(who) else { continue };
            let (Some(identity), Some(sign)) = (person.identity, person.sign) else { continue };
            let Some((token, header, claims)) = jwt_in(&identity) else { continue };
            let control = p.ask(&sign, who).await?;
            if control.is_served {
                return Ok(Some(Carried { who, token, header, claims, control, identity, sign }));
            }
        }
        Ok(None)
    }

    /// The algorithm that the token names.
    pub(super) fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or("")
    }

    /// The parts of the token: header, claims, signature.
    pub(super) fn parts(&self) -> (&str, &str, &str) {
        let mut parts = self.token.splitn(3, '.');
        let mut next = || parts.next().unwrap_or("");
        (next(), next(), next())
    }

    /// The same request with another token.
    pub(super) async fn ask(&self, p: &Prober<'_>, token: &str) -> Result<Reply, Stop> {
        let mut identity = self.identity.clone();
        for (_, value) in &mut identity.headers {
            *value = value.replace(&self.token, token);
        }
        let draft = self.sign.settled();
        let probe = draft.probe(p.surface.endpoint(draft.endpoint)).by(&identity);
        p.ask_as(draft, probe, Who::Nobody).await
    }

    /// The answer with another token, where that is served, twice. A token that nobody has signed must not be.
    pub(super) async fn served(&self, p: &Prober<'_>, token: &str) -> Result<Result<Reply, Reply>, Stop> {
        let reply = self.ask(p, token).await?;
        if !reply.is_served {
            return Ok(Err(reply));
        }
        let again = self.ask(p, token).await?;
        Ok(if again.is_served { Ok(reply) } else { Err(again) })
    }

    /// Tries tokens, each with what a report says of it, until one is served.
    pub(super) async fn try_each(
        &self,
        p: &Prober<'_>,
        tokens: Vec<(String, String)>,
        tried: &mut Tried,
    ) -> Result<(), Stop> {
        for (message, token) in tokens {
            match self.served(p, &token).await? {
                Ok(reply) => {
                    tried.open(Hole::shown(self.operation(p), self.slot(), message, &self.control, &reply));
                    return Ok(());
                }
                Err(reply) => tried.shut(&reply.seen),
            }
        }
        Ok(())
    }

    /// Whether a token with a wrong signature is refused: without that, no forged one proves anything more.
    pub(super) async fn is_verified(&self, p: &Prober<'_>) -> Result<bool, Stop> {
        Ok(!self.ask(p, &broken(&self.token)).await?.is_served)
    }

    /// Header and claims of an operation, for a report.
    pub(super) fn operation(&self, p: &Prober<'_>) -> String {
        p.surface.endpoint(self.sign.endpoint).name()
    }

    /// Where the token stands.
    pub(super) fn slot(&self) -> String {
        let holds = self.identity.headers.iter().find(|(_, value)| value.contains(&self.token));
        format!("header {}", holds.map_or("authorization", |(name, _)| name))
    }
}

/// The token in an account's headers, with its header and its claims.
pub(super) fn jwt_in(identity: &Identity) -> Option<(String, Value, Value)> {
    let words = identity.headers.iter().flat_map(|(_, value)| value.split([' ', ';', '=', ',', '"']));
    words.filter_map(|word| Some((word.to_owned(), header_of(word)?, token::claims(word)?))).next()
}

/// The header of a token, unverified.
pub(super) fn header_of(token: &str) -> Option<Value> {
    if token.split('.').count() != 3 {
        return None;
    }
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&header).ok().filter(|header: &Value| header.get("alg").is_some())
}

/// The token with another letter in the middle of its signature.
pub(super) fn broken(token: &str) -> String {
    let start = token.rfind('.').map_or(0, |dot| dot + 1);
    let middle = start + (token.len() - start) / 2;
    let other = |(at, c): (usize, char)| if at == middle { if c == 'A' { 'B' } else { 'A' } } else { c };
    token.char_indices().map(other).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_found_in_any_header() {
        let token = token::with_kid(&json!({ "sub": "1" }), "1", "k").unwrap();
        for (header, is_found) in [
            (format!("a=Authorization: Bearer {token}"), true),
            (format!("a=Authorization: JWT {token}"), true),
            (format!("a=Cookie: session={token}; other=1"), true),
            ("a=Authorization: Bearer opaque".to_owned(), false),
            ("a=X-Api-Key: a.b.c".to_owned(), false),
        ] {
            assert_eq!(
                jwt_in(&header.parse().unwrap()).map(|(found, ..)| found),
                is_found.then(|| token.clone())
            );
        }
    }

    #[test]
    fn a_broken_token_has_another_signature_and_nothing_else() {
        for token in ["a.b.AAAA", "a.b.CCCC", "a.b.", ""] {
            let other = broken(token);
            assert_eq!(other.len(), token.len());
            assert_eq!(other == token, token.len() < 5, "{token}");
        }
    }
}

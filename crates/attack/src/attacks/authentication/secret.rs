//! A secret that can be guessed: whoever has one token tries words until its signature fits.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto, encode};
use report::Level;
use serde_json::Value;

use super::carried::Carried;
use super::words;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::token;

pub(super) const ATTACK: Attack = Attack {
    name: "token-secret",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Can I guess the secret that signs tokens, and sign my own?",
    level: Level::Critical,
    references: &["CWE-1391", "CWE-321", "API2:2023"],
    mend_in_code: "Sign with 32 random bytes or more that stand in no code and no example, or with a key pair.",
    mend_at_gate: "In [[auth.issuer]], name keys of a key pair (jwks); a secret of less than 32 bytes is not taken there.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some(carried) = Carried::by_somebody(p).await? else {
        tried.not_tried("no account has a JSON Web Token in a request that is served with it alone");
        return Ok(());
    };
    let Some(algorithm) = shared(carried.algorithm()) else {
        tried
            .not_tried(format!("tokens are signed with {}, which has no shared secret", carried.algorithm()));
        return Ok(());
    };
    let Some(secret) = find(&carried.token, algorithm, &own_words(p)) else {
        tried.shut(&carried.control.seen);
        return Ok(());
    };
    let other = token::changed(carried.claims.clone(), [("dw", 1.into())]);
    for claims in [&other, &carried.claims] {
        let Some(forged) = sign(claims, &secret, algorithm) else { continue };
        if let Ok(reply) = carried.served(p, &forged).await? {
            let message = format!(
                "tokens are signed with the secret `{secret}`: one that the run has signed itself is served"
            );
            tried.open(Hole::shown(carried.operation(p), carried.slot(), message, &carried.control, &reply));
            return Ok(());
        }
    }
    tried.unknown(format!(
        "tokens are signed with the secret `{secret}`, but one that was signed with it is not served"
    ));
    Ok(())
}

/// The algorithm, if its key is a secret that both sides have.
pub(super) fn shared(name: &str) -> Option<Algorithm> {
    name.parse()
        .ok()
        .filter(|algorithm| matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512))
}

/// The secret of a token, of those that are guessed.
pub(super) fn find(token: &str, algorithm: Algorithm, own: &[String]) -> Option<String> {
    let (message, signature) = token.rsplit_once('.')?;
    let fits = |secret: &String| {
        let key = DecodingKey::from_secret(secret.as_bytes());
        crypto::verify(signature, message.as_bytes(), &key, algorithm).is_ok_and(|is_it| is_it)
    };
    words::secrets(own).into_iter().find(fits)
}

/// A token with these claims, signed with a shared secret.
pub(super) fn sign(claims: &Value, secret: &str, algorithm: Algorithm) -> Option<String> {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).ok()
}

/// What the API calls itself: the labels of its host, and the first words of its paths.
pub(super) fn own_words(p: &Prober<'_>) -> Vec<String> {
    let host = p.client.authority().split(':').next().unwrap_or("").to_owned();
    let labels = host.split('.').map(str::to_owned);
    let paths = p
        .surface
        .endpoints
        .iter()
        .take(200)
        .filter_map(|endpoint| endpoint.segments().next().map(str::to_owned));
    let tags = p.surface.endpoints.iter().flat_map(|endpoint| endpoint.tags.iter().cloned());
    let accounts = p.options.accounts.iter().flat_map(|account| account.name.split('@').nth(1).into_iter());
    let domains = accounts.flat_map(|domain| domain.split('.').map(str::to_owned).collect::<Vec<_>>());
    let title = p.surface.title.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned);
    let whole = p.surface.title.split_whitespace().collect::<Vec<_>>();
    let title = title.chain([whole.concat(), whole.join("-"), whole.join("_")]);
    let mut own: Vec<String> = Vec::new();
    // What it says of itself has the word for what it is: a library, a clinic, a shop.
    let said = p.surface.description.split(|c: char| !c.is_ascii_alphanumeric()).take(60);
    let said = said.filter(|word| word.len() > 3).map(str::to_owned);
    let all = title.chain(labels).chain(domains).chain(paths).chain(tags).chain([host.clone()]);
    for word in all.chain(said) {
        let word = word.to_ascii_lowercase();
        if word.len() > 2 && !word.starts_with('{') && !own.contains(&word) && own.len() < 80 {
            own.push(word);
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn weak_secrets_are_found_and_strong_ones_are_not() {
        for (secret, own, is_found) in [
            ("secret", &[][..], true),
            ("your-256-bit-secret", &[], true),
            ("changeme", &[], true),
            ("P@ssw0rd", &[], true),
            ("qwerty123", &[], true),
            ("harbour-secret", &["harbour"], true),
            ("harbour-secret", &[], false),
            ("9f6c2a41d07b4be39a55c1e2f07d7c1b", &["shop"], false),
        ] {
            let own: Vec<String> = own.iter().map(|word: &&str| (*word).to_owned()).collect();
            for algorithm in [Algorithm::HS256, Algorithm::HS512] {
                let token = sign(&json!({ "sub": "1" }), secret, algorithm).unwrap();
                assert_eq!(find(&token, algorithm, &own).is_some(), is_found, "{secret}");
            }
        }
        assert_eq!(shared("RS256"), None);
        assert_eq!(shared("none"), None);
    }
}

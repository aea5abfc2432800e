//! A provider that says whatever a test wants: nobody logs in there, the test answers in its place.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::Recorder;

/// What it answers.
pub(crate) struct Says {
    /// Members of its discovery document in place of the usual ones.
    pub(crate) document: Value,
    /// The whole answer to a question for its discovery document, if not that.
    pub(crate) instead: Option<Vec<u8>>,
    /// Its ID token, if not one of its key.
    pub(crate) id_token: Option<String>,
    /// Claims of its ID token in place of the usual ones; one that is `null` is left out.
    pub(crate) claims: Value,
    /// Status and body of its token endpoint, if not tokens.
    pub(crate) tokens: Option<(u16, Value)>,
    key: Key,
}

#[derive(Clone)]
struct Key {
    id: String,
    signing: EncodingKey,
    jwk: Value,
}

impl Key {
    fn new(id: &str) -> Key {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let public = pair.public_key_raw();
        let (x, y) = (&public[1..33], &public[33..65]);
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        });
        Key { id: id.into(), signing: EncodingKey::from_ec_der(&pair.serialize_der()), jwk }
    }
}

/// A false provider.
pub(crate) struct FalseOne {
    pub(crate) upstream: Recorder,
    pub(crate) says: Arc<Mutex<Says>>,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl FalseOne {
    pub(crate) fn start() -> FalseOne {
        let says = Arc::new(Mutex::new(Says {
            document: json!({}),
            instead: None,
            id_token: None,
            claims: json!({}),
            tokens: None,
            key: Key::new("one"),
        }));
        let told = Arc::clone(&says);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let upstream =
            Recorder::listening(listener, move |head| answer(address, &told.lock().unwrap(), head));
        FalseOne { upstream, says }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.upstream.address)
    }

    /// Answers a log in that was begun: the address by which its browser comes back. The ID token is for that log in, but
    /// for what the test says.
    pub(crate) fn lets_in(&self, begun: &str, subject: &str, claims: Value) -> String {
        let asked = super::parameters(begun);
        let mut all =
            json!({ "nonce": asked["nonce"], "sub": subject, "email": format!("{subject}@example.org") });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.says.lock().unwrap().claims = all;
        let (state, callback) = (super::encoded(&asked["state"]), &asked["redirect_uri"]);
        format!("{callback}?code=a-code&state={state}")
    }

    /// Another key takes the place of its key.
    pub(crate) fn changes_key(&self, id: &str) {
        self.says.lock().unwrap().key = Key::new(id);
    }

    /// An ID token of its key, with another header.
    pub(crate) fn signs(&self, header: &Header, claims: &Value) -> String {
        let says = self.says.lock().unwrap();
        jsonwebtoken::encode(header, &full(self.upstream.address, claims), &says.key.signing).unwrap()
    }

    pub(crate) fn usual(&self, claims: &Value) -> Value {
        full(self.upstream.address, claims)
    }
}

fn full(address: SocketAddr, claims: &Value) -> Value {
    let mut all = json!({
        "iss": format!("http://{address}"), "aud": "shop", "sub": "ann", "iat": now(), "exp": now() + 600,
        "email_verified": true,
    });
    merge(&mut all, claims);
    all
}

fn merge(into: &mut Value, from: &Value) {
    for (name, value) in from.as_object().unwrap() {
        match value {
            Value::Null => drop(into.as_object_mut().unwrap().remove(name)),
            value => into[name] = value.clone(),
        }
    }
}

fn answer(address: SocketAddr, says: &Says, head: &str) -> Vec<u8> {
    let issuer = format!("http://{address}");
    let target = head.split(' ').nth(1).unwrap_or_default();
    match target {
        "/.well-known/openid-configuration" => {
            if let Some(instead) = &says.instead {
                return instead.clone();
            }
            let mut document = json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            });
            merge(&mut document, &says.document);
            reply(200, &document)
        }
        "/keys" => reply(200, &json!({ "keys": [says.key.jwk] })),
        "/token" => {
            if let Some((status, body)) = &says.tokens {
                return reply(*status, body);
            }
            let id_token = says.id_token.clone().unwrap_or_else(|| {
                let mut header = Header::new(Algorithm::ES256);
                header.kid = Some(says.key.id.clone());
                jsonwebtoken::encode(&header, &full(address, &says.claims), &says.key.signing).unwrap()
            });
            reply(
                200,
                &json!({ "access_token": "an-access-token", "token_type": "Bearer", "expires_in": 3600,
                         "refresh_token": "a-refresh-token", "id_token": id_token }),
            )
        }
        _ => reply(404, &json!({})),
    }
}

pub(crate) fn reply(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

//! Others' providers: on several gateways, over time, and what is kept of whom.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Principal;
use identity::service::{
    Ask, LogIn, NotEntered, ProviderLogIn, Returned, Service, Step, UpstreamToken, Web, WebAnswer, WebError,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use store::Millis;

use crate::desk::{Desk, MINUTE, NOW, Slow, claims, client, settings};

const ISSUER: &str = "http://localhost:1";

/// A provider in this process.
struct Idp {
    signing: EncodingKey,
    public: String,
    /// Of the log in that is under way.
    nonce: Mutex<String>,
    refreshed: AtomicUsize,
    is_away: std::sync::atomic::AtomicBool,
}

impl Idp {
    fn new() -> Arc<Idp> {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let public = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
        Arc::new(Idp {
            signing: EncodingKey::from_ed_der(pair.as_ref()),
            public: URL_SAFE_NO_PAD.encode(public.public_key().as_ref()),
            nonce: Mutex::default(),
            refreshed: AtomicUsize::new(0),
            is_away: false.into(),
        })
    }

    fn answer(&self, path: &str, body: &str) -> Value {
        match path {
            "/.well-known/openid-configuration" => json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "jwks_uri": format!("{ISSUER}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
            }),
            "/keys" => {
                json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": self.public }] })
            }
            _ => {
                let count = match body.contains("grant_type=refresh_token") {
                    true => self.refreshed.fetch_add(1, Ordering::Relaxed) + 1,
                    false => 0,
                };
                let mut header = Header::new(Algorithm::EdDSA);
                header.kid = Some("one".into());
                let claims = json!({
                    "iss": ISSUER, "aud": "shop", "sub": "kim", "iat": NOW / 1000, "exp": NOW / 1000 + 86_400,
                    "nonce": *self.nonce.lock().unwrap(), "email": "kim@example.org", "email_verified": true,
                });
                json!({
                    "access_token": format!("access-{count}"), "token_type": "bearer", "expires_in": "60",
                    "refresh_token": format!("refresh-{count}"),
                    "id_token": jsonwebtoken::encode(&header, &claims, &self.signing).unwrap(),
                })
            }
        }
    }
}

impl Web for Idp {
    fn send(&self, request: http::Request<Vec<u8>>) -> WebAnswer<'_> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.is_away.load(Ordering::Relaxed) {
                return Err(WebError("away".into()));
            }
            let body = String::from_utf8(request.body().clone()).unwrap();
            let answer = self.answer(request.uri().path(), &body).to_string().into_bytes();
            Ok(http::Response::new(answer))
        })
    }
}

async fn open(records: &Arc<Slow>, idp: &Arc<Idp>) -> (Desk, Service) {
    let text = "[auth]\nservice = true\npublic_url = 'https://shop.example'\n[[auth.provider]]\nname = 'idp'\n\
                issuer = 'http://localhost:1'\nclient_id = 'shop'\nclient_secret_env = 'PATH'\ncreate = true\n\
                forward = 'access_token'";
    let policy = policy::load(&policy::Inputs { text: Some(text.into()), ..Default::default() });
    let providers = policy.unwrap_or_else(|e| panic!("{}", e.lines())).auth.service.unwrap().providers;
    let mut desk = Desk::on(Arc::clone(records), settings()).await;
    let placeholder = Desk::on(Arc::clone(records), settings()).await.service;
    let service = std::mem::replace(&mut desk.service, placeholder);
    let web = Arc::clone(idp) as Arc<dyn Web>;
    (desk, service.with_providers(&providers, "https://shop.example/auth/provider/NAME/callback", web))
}

fn parameter(address: &str, name: &str) -> String {
    let pair = address.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    pair.unwrap().to_owned()
}

/// Begins on one gateway, and comes back to another.
async fn log_in(
    begins: &Service,
    ends: &Service,
    idp: &Idp,
    later: Millis,
) -> Result<ProviderLogIn, NotEntered> {
    let ask = Ask { provider: "idp", ..Ask::default() };
    let begun = begins.ask_provider(&ask, &client(1), NOW).await.unwrap().unwrap();
    *idp.nonce.lock().unwrap() = parameter(&begun.location, "nonce");
    let state = parameter(&begun.location, "state");
    let returned = Returned {
        provider: "idp",
        state: &state,
        code: "code",
        browser: &begun.browser,
        ..Returned::default()
    };
    ends.return_from_provider(&returned, &client(1), NOW + later).await.unwrap().0
}

fn principal(entered: Result<ProviderLogIn, NotEntered>) -> Principal {
    match entered {
        Ok(ProviderLogIn::LogIn(LogIn::In { tokens, .. })) => match claims(&tokens.access) {
            Value::Object(claims) => Principal::from_claims(claims),
            other => unreachable!("{other}"),
        },
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn any_gateway_ends_what_another_has_begun_within_ten_minutes() {
    let (records, idp) = (Arc::default(), Idp::new());
    let ((_, here), (_, there)) = (open(&records, &idp).await, open(&records, &idp).await);
    let kim = principal(log_in(&here, &there, &idp, 9 * MINUTE).await);
    let again = principal(log_in(&there, &here, &idp, 0).await);
    assert_eq!(kim.subject, again.subject);
    assert_eq!(log_in(&here, &there, &idp, 10 * MINUTE).await, Err(NotEntered::Stale));
}

#[tokio::test]
async fn gateways_that_need_a_new_token_at_the_same_moment_spend_the_old_one_once() {
    let (records, idp): (Arc<Slow>, _) = (Arc::default(), Idp::new());
    let ((_, here), (_, there)) = (open(&records, &idp).await, open(&records, &idp).await);
    let kim = principal(log_in(&here, &there, &idp, 0).await);
    let token = async |service: &Service, at: Millis| {
        service.upstream_token(&kim, &client(1), NOW + at).await.unwrap().unwrap()
    };
    let is = |text: &str| UpstreamToken::Token(text.into());
    assert_eq!((token(&here, 0).await, token(&there, 0).await), (is("access-0"), is("access-0")));
    let both = futures_util::future::join(token(&here, MINUTE), token(&there, MINUTE)).await;
    assert_eq!(both, (is("access-1"), is("access-1")));
    let many = futures_util::future::join_all((0..8).map(|_| token(&here, 2 * MINUTE))).await;
    assert!(many.iter().all(|one| *one == is("access-2")), "{many:?}");
    assert_eq!(idp.refreshed.load(Ordering::Relaxed), 2);
    // A provider that is away is not asked by every request, and the session outlives that.
    idp.is_away.store(true, Ordering::Relaxed);
    let away = token(&here, 3 * MINUTE).await;
    assert!(matches!(away, UpstreamToken::Unavailable(_)), "{away:?}");
    idp.is_away.store(false, Ordering::Relaxed);
    assert!(matches!(token(&there, 3 * MINUTE + 1000).await, UpstreamToken::Unavailable(_)));
    assert_eq!(token(&there, 4 * MINUTE).await, is("access-3"));
}

#[tokio::test]
async fn what_is_kept_of_an_identity_is_given_out_and_goes_with_its_user() {
    let (records, idp): (Arc<Slow>, _) = (Arc::default(), Idp::new());
    let (desk, service) = open(&records, &idp).await;
    let kim = principal(log_in(&service, &service, &idp, 0).await);
    let exported = service.export_user(&kim.subject, NOW).await.unwrap().unwrap();
    assert_eq!(exported["identities"][0]["email"], "kim@example.org", "{exported}");
    let text = exported.to_string();
    assert!(!text.contains("access-0") && !text.contains("refresh-0"), "{text}");
    // His only way in stays.
    let identity = exported["identities"][0]["id"].as_str().unwrap();
    let unlinked = service.unlink((&kim.subject, NOW), identity, "", &client(1), NOW).await.unwrap();
    assert_eq!(unlinked, Err(identity::service::NotLinked::LastOne));
    assert!(service.delete_user(&kim.subject, NOW).await.unwrap());
    let gone = service.upstream_token(&kim, &client(1), NOW + MINUTE).await.unwrap();
    assert_eq!(gone, Some(UpstreamToken::Ended));
    let anew = principal(log_in(&service, &service, &idp, 2 * MINUTE).await);
    assert_ne!(anew.subject, kim.subject, "somebody who comes for the first time");
    assert!(desk.told().contains(&Step::Registered));
}

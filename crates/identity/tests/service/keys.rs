//! Signing keys: replaced in time, shared, sealed.

use std::sync::Arc;

use identity::service::{Service, Settings};
use store::records::Records;

use crate::desk::{Desk, NOW, client, settings};

const DAY: u64 = 24 * 3600 * 1000;

fn kids(service: &Service) -> Vec<String> {
    let set = service.keys().public_set();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    use base64::Engine;
    let head =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let head: serde_json::Value = serde_json::from_slice(&head).unwrap();
    assert_eq!((&head["alg"], &head["typ"]), (&"EdDSA".into(), &"at+jwt".into()));
    head["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_after() {
    let long = Settings {
        session_idle: settings().session_lifetime * 9,
        session_lifetime: settings().session_lifetime * 9,
        ..settings()
    };
    let (desk, _) = Desk::with_ann(long).await;
    let (mut tokens, device) = desk.ann_in(&client(1), NOW).await;
    let at_home = identity::service::Client { device: Some(device), ..client(1) };
    let first = kid(&tokens.access);
    assert_eq!(kids(&desk.service), std::slice::from_ref(&first));
    let mut seen = vec![first];
    // Every hour for a quarter.
    for hour in 1..24 * 90 {
        let now = NOW + hour * DAY / 24;
        desk.service.keep_house(now).await.unwrap();
        tokens = desk.service.refresh(&tokens.refresh, &at_home, now).await.unwrap().unwrap();
        let by = kid(&tokens.access);
        let published = kids(&desk.service);
        assert!(published.contains(&by) && published.len() <= 2, "{published:?}");
        if seen.last() != Some(&by) {
            seen.push(by);
        }
    }
    assert_eq!(seen.len(), 3, "one for each month");
}

#[tokio::test]
async fn gateways_on_one_store_sign_by_one_key() {
    let (here, _) = Desk::with_ann(settings()).await;
    let there = Desk::on(Arc::clone(&here.records), settings()).await;
    assert_eq!(kids(&here.service), kids(&there.service));
    for desk in [&here, &there, &here] {
        desk.service.keep_house(NOW + 30 * DAY).await.unwrap();
    }
    there.service.keep_house(NOW + 30 * DAY).await.unwrap();
    assert_eq!(kids(&here.service), kids(&there.service));
    let record = here.records.list("signing-keys", "", 10, NOW).await.unwrap().remove(0);
    assert!(!record.value.contains("MC4CAQ"), "PKCS #8 is sealed");
}

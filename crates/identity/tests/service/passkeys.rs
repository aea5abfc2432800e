//! Passkeys: added, used alone and as a second factor, refused, removed.

use std::sync::Arc;
use std::time::Duration;

use identity::secrets::Password;
use identity::service::{Client, LogIn, NoPasskey, Settings, Step};
use serde_json::json;
use store::records::{Change, Expected, Records, Write};

use crate::accounts::code;
use crate::authenticator::Device;
use crate::desk::{Desk, MINUTE, NOW, PASSWORD, claims, client, settings};

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// Ann with a session, and her passkey on a device.
async fn ann_with(device: &mut Device) -> (Desk, String, String) {
    let (desk, id) = Desk::with_ann(settings()).await;
    let (tokens, _) = desk.ann_in(&client(1), NOW).await;
    assert_eq!(add(&desk, (&id, &tokens.session), device, NOW).await, Ok(()));
    (desk, id, tokens.session)
}

async fn add(desk: &Desk, who: (&str, &str), device: &mut Device, now: u64) -> Result<(), NoPasskey> {
    let begun = desk.service.begin_passkey(who, Some(&password(PASSWORD)), &client(1), now).await.unwrap()?;
    let sent = device.create(&begun);
    let added = desk.service.add_passkey(who.0, &begun.token, ("phone", &sent), &client(1), now).await;
    added.unwrap().map(drop)
}

async fn log_in(desk: &Desk, device: &mut Device, client: &Client, now: u64) -> LogIn {
    let begun = desk.service.begin_passkey_log_in(now).await.unwrap().unwrap();
    assert_eq!(begun.options["publicKey"]["allowCredentials"], json!([]), "nothing tells whose there are");
    desk.service.passkey_log_in(&begun.token, &device.get(&begun), client, now).await.unwrap()
}

fn amr(outcome: LogIn) -> serde_json::Value {
    let LogIn::In { tokens, .. } = outcome else { unreachable!("{outcome:?}") };
    let claims = claims(&tokens.access);
    assert_eq!(claims["acr"], "aal2");
    claims["amr"].clone()
}

#[tokio::test]
async fn a_passkey_logs_in_alone_and_is_more_than_one_factor() {
    let mut device = Device::new(1);
    let (desk, id, session) = ann_with(&mut device).await;
    let listed = desk.service.passkeys(&id, NOW).await.unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].last_used_at), (1, "phone", None));
    desk.told();
    assert_eq!(amr(log_in(&desk, &mut device, &client(2), NOW + 1).await), json!(["hwk", "user", "mfa"]));
    assert_eq!(desk.told(), [Step::LoggedIn, Step::NewDevice]);
    assert_eq!(desk.service.passkeys(&id, NOW).await.unwrap()[0].last_used_at, Some(NOW + 1));
    // One that is synchronised among devices, and does not count.
    let mut synced = Device { is_synced: true, counter: 0, ..Device::new(2) };
    add(&desk, (&id, &session), &mut synced, NOW).await.unwrap();
    for _ in 0..2 {
        assert_eq!(amr(log_in(&desk, &mut synced, &client(2), NOW).await), json!(["swk", "user", "mfa"]));
    }
    // The same device again: the browser is told which it has.
    let begun = desk
        .service
        .begin_passkey((&id, &session), Some(&password(PASSWORD)), &client(1), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(begun.options["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 2);
    let again = device.create(&begun);
    let refused = desk.service.add_passkey(&id, &begun.token, ("again", &again), &client(1), NOW).await;
    assert_eq!(refused.unwrap(), Err(NoPasskey::Wrong));
}

#[tokio::test]
async fn a_ceremony_works_once_for_five_minutes_on_any_gateway() {
    let mut device = Device::new(1);
    let (here, id, session) = ann_with(&mut device).await;
    let there = Desk::on(Arc::clone(&here.records), settings()).await;
    let begun = here.service.begin_passkey_log_in(NOW).await.unwrap().unwrap();
    let sent = device.get(&begun);
    let done = there.service.passkey_log_in(&begun.token, &sent, &client(2), NOW + 4 * MINUTE).await.unwrap();
    assert!(matches!(done, LogIn::In { .. }), "{done:?}");
    let replay = here.service.passkey_log_in(&begun.token, &sent, &client(2), NOW).await.unwrap();
    assert_eq!(replay, LogIn::Wrong, "it works once");
    // What was signed for one ceremony is nothing to another.
    let other = here.service.begin_passkey_log_in(NOW).await.unwrap().unwrap();
    let moved = here.service.passkey_log_in(&other.token, &sent, &client(2), NOW).await.unwrap();
    assert_eq!(moved, LogIn::Wrong);
    let late = here.service.begin_passkey_log_in(NOW).await.unwrap().unwrap();
    let sent = device.get(&late);
    let late = here.service.passkey_log_in(&late.token, &sent, &client(2), NOW + 5 * MINUTE).await.unwrap();
    assert_eq!(late, LogIn::Wrong);
    let who = (id.as_str(), session.as_str());
    let begun = here.service.begin_passkey(who, Some(&password(PASSWORD)), &client(1), NOW).await;
    let begun = begun.unwrap().unwrap();
    let sent = Device::new(2).create(&begun);
    let bob = here.add("bob@example.org").await;
    let others = here.service.add_passkey(&bob, &begun.token, ("", &sent), &client(1), NOW).await.unwrap();
    assert_eq!(others, Err(NoPasskey::Wrong), "it is Ann's");
    here.service.log_out_everywhere(&id, &client(1), NOW).await.unwrap();
    let over = here.service.add_passkey(&id, &begun.token, ("", &sent), &client(1), NOW).await.unwrap();
    assert_eq!(over, Err(NoPasskey::Wrong), "a session that was ended adds nothing");
}

#[tokio::test]
async fn what_an_authenticator_must_not_say_lets_nobody_in() {
    type Alter = fn(&mut Device);
    for (what, change) in [
        ("another origin", (|device| device.origin = "https://shop.example.evil.example".into()) as Alter),
        ("plain http", |device| device.origin = "http://shop.example".into()),
        ("another port", |device| device.origin = "https://shop.example:8443".into()),
        ("a subdomain", |device| device.origin = "https://evil.shop.example".into()),
        ("another site", |device| device.site = "evil.example".into()),
        ("the user was not verified", |device| device.verifies = false),
        ("another key", |device| *device = Device { handle: device.handle.clone(), ..Device::new(1) }),
        ("a credential of nobody", |device| device.id = vec![9; 32]),
        ("nobody's", |device| device.handle = None),
        ("somebody else's", |device| device.handle = Some("AAAAAAAAAAAAAAAAAAAAAA".into())),
        ("synchronised all at once", |device| device.is_synced = true),
    ] {
        let mut device = Device::new(1);
        let (desk, _, _) = ann_with(&mut device).await;
        let mut bad = device.clone();
        change(&mut bad);
        desk.told();
        assert_eq!(log_in(&desk, &mut bad, &client(2), NOW).await, LogIn::Wrong, "{what}");
        assert_eq!(desk.told(), [Step::PasskeyFailed], "{what}");
        // The same ceremony, honestly.
        device.counter = 7;
        assert!(matches!(log_in(&desk, &mut device, &client(2), NOW).await, LogIn::In { .. }), "{what}");
    }
    let (desk, _) = Desk::with_ann(settings()).await;
    for sent in ["", "{}", "null", "[]", "{\"id\":\"\"}", &"[".repeat(10_000)] {
        let begun = desk.service.begin_passkey_log_in(NOW).await.unwrap().unwrap();
        let outcome = desk.service.passkey_log_in(&begun.token, sent, &client(2), NOW).await.unwrap();
        assert_eq!(outcome, LogIn::Wrong, "{sent:.20}");
    }
    let outcome = desk.service.passkey_log_in("made up", "{}", &client(2), NOW).await.unwrap();
    assert_eq!(outcome, LogIn::Wrong);
}

#[tokio::test]
async fn a_copy_of_an_authenticator_is_noticed() {
    let mut device = Device::new(1);
    let (desk, _, _) = ann_with(&mut device).await;
    let copy = device.clone();
    for _ in 0..3 {
        log_in(&desk, &mut device, &client(1), NOW).await;
    }
    desk.told();
    let begun = desk.service.begin_passkey_log_in(NOW).await.unwrap().unwrap();
    let outcome = desk.service.passkey_log_in(&begun.token, &copy.get_again(&begun), &client(2), NOW).await;
    assert_eq!(outcome.unwrap(), LogIn::Wrong);
    assert_eq!(desk.told(), [Step::PasskeyCloned]);
}

#[tokio::test]
async fn a_lock_does_not_touch_passkeys_but_who_is_disabled_stays_out() {
    let mut device = Device::new(1);
    let (desk, id, _) = ann_with(&mut device).await;
    for guess in 10..20 {
        desk.try_in("ann@example.org", "wrong", &client(guess), NOW).await;
    }
    assert!(matches!(desk.try_in("ann@example.org", PASSWORD, &client(2), NOW).await, LogIn::Locked(_)));
    assert!(matches!(log_in(&desk, &mut device, &client(2), NOW).await, LogIn::In { .. }));
    desk.service.change_user(&id, "disabled", |user| user.is_disabled = true, NOW).await.unwrap();
    assert_eq!(log_in(&desk, &mut device, &client(2), NOW).await, LogIn::Wrong);
}

#[tokio::test]
async fn whoever_adds_a_passkey_shows_once_more_who_he_is() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let (tokens, _) = desk.ann_in(&client(1), NOW).await;
    let who = (id.as_str(), tokens.session.as_str());
    let begin = async |typed: Option<&Password>, now| {
        desk.service.begin_passkey(who, typed, &client(1), now).await.unwrap().map(drop)
    };
    assert_eq!(begin(None, NOW).await, Err(NoPasskey::Password));
    for _ in 0..5 {
        assert_eq!(begin(Some(&password("wrong")), NOW).await, Err(NoPasskey::Password));
    }
    let minute = Duration::from_secs(60);
    assert_eq!(begin(Some(&password(PASSWORD)), NOW).await, Err(NoPasskey::Locked(minute)));
    assert_eq!(begin(Some(&password(PASSWORD)), NOW + MINUTE).await, Ok(()));
    // Who has no password has logged in a moment ago.
    let record = desk.records.get("user", &id, NOW).await.unwrap().unwrap();
    let mut user: serde_json::Value = serde_json::from_str(&record.value).unwrap();
    user["password"] = json!(null);
    let change = Change::Put { owner: record.owner, expires_at: None, value: user.to_string() };
    let write = Write { kind: "user", id: id.clone(), expected: Expected::Any, change };
    desk.records.commit(vec![write], NOW).await.unwrap();
    assert_eq!(begin(None, NOW + 9 * MINUTE).await, Ok(()));
    assert_eq!(begin(None, NOW + 10 * MINUTE).await, Err(NoPasskey::LogInAnew));
    desk.service.log_out_everywhere(&id, &client(1), NOW).await.unwrap();
    assert_eq!(begin(None, NOW).await, Err(NoPasskey::LogInAnew), "the session is over");
}

#[tokio::test]
async fn a_passkey_does_as_a_second_factor_for_its_own_user() {
    let (mut device, mut bobs) = (Device::new(1), Device::new(2));
    let (desk, id, _) = ann_with(&mut device).await;
    let bob = desk.add("bob@example.org").await;
    let LogIn::In { tokens, .. } = desk.try_in("bob@example.org", PASSWORD, &client(3), NOW).await else {
        unreachable!()
    };
    add(&desk, (&bob, &tokens.session), &mut bobs, NOW).await.unwrap();
    let enrolment = desk.service.enrol(&id, NOW).await.unwrap().unwrap();
    let first = code(&enrolment.secret, NOW);
    desk.service.confirm(&id, &password(PASSWORD), &first, &client(1), NOW).await.unwrap().unwrap();
    let waiting = async || match desk.try_in("ann@example.org", PASSWORD, &client(1), NOW).await {
        LogIn::SecondFactor(token) => token,
        other => unreachable!("{other:?}"),
    };
    let log_in = waiting().await;
    assert!(desk.service.takes_passkey(&log_in, NOW).await.unwrap());
    assert!(!desk.service.takes_passkey("made up", NOW).await.unwrap());
    let begin = async |log_in: &str| desk.service.begin_passkey_step(log_in, NOW).await.unwrap().unwrap();
    let step = async |log_in: &str, ceremony: &str, sent: &str| {
        desk.service.passkey_step(log_in, ceremony, sent, &client(1), NOW).await.unwrap()
    };
    let begun = begin(&log_in).await;
    assert_eq!(begun.options["publicKey"]["allowCredentials"].as_array().unwrap().len(), 1);
    assert_eq!(step(&log_in, &begun.token, &bobs.get(&begun)).await, LogIn::Wrong, "Bob's");
    // A ceremony belongs to its log in, and to nothing else.
    let (begun, other) = (begin(&log_in).await, waiting().await);
    let sent = device.get(&begun);
    assert_eq!(step(&other, &begun.token, &sent).await, LogIn::Wrong, "of another log in");
    let alone = desk.service.passkey_log_in(&begun.token, &sent, &client(1), NOW).await.unwrap();
    assert_eq!(alone, LogIn::Wrong, "not alone");
    // Some authenticators do not say whose it is if they were told which passkey to use.
    let mut silent = Device { handle: None, ..device.clone() };
    let done = step(&log_in, &begun.token, &silent.get(&begun)).await;
    assert_eq!(amr(done), json!(["pwd", "hwk", "user", "mfa"]));
    assert_eq!(step(&log_in, &begun.token, &sent).await, LogIn::Wrong, "it works once");
    desk.service.log_out_everywhere(&id, &client(1), NOW).await.unwrap();
    assert!(desk.service.begin_passkey_step(&other, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn passkeys_are_named_counted_removed_and_given_out() {
    let mut device = Device::new(1);
    let (desk, id, session) = ann_with(&mut device).await;
    let bob = desk.add("bob@example.org").await;
    let only = desk.service.passkeys(&id, NOW).await.unwrap().remove(0).id;
    let name =
        async |user: &str, name: &str| desk.service.name_passkey(user, &only, name, NOW).await.unwrap();
    assert!(!name(&bob, "mine").await);
    let named = async || desk.service.passkeys(&id, NOW).await.unwrap()[0].name.clone();
    for (typed, kept) in [(" My\r\nkey\u{0} ", "Mykey"), ("", "Passkey"), (&"x".repeat(999), &"x".repeat(64))]
    {
        assert!(name(&id, typed).await);
        assert_eq!(named().await, kept);
    }
    for other in 2..=20 {
        add(&desk, (&id, &session), &mut Device::new(other), NOW).await.unwrap();
    }
    let one_more = add(&desk, (&id, &session), &mut Device::new(21), NOW).await;
    assert_eq!(one_more, Err(NoPasskey::TooMany));
    let kept = desk.service.export_user(&id, NOW).await.unwrap().unwrap();
    assert_eq!(kept["passkeys"].as_array().map(Vec::len), Some(20), "{kept}");
    for wrong in ["", "made up", &"x".repeat(43), &"x".repeat(9_999)] {
        assert_eq!(
            desk.service.remove_passkey(&id, wrong, &client(1), NOW).await.unwrap(),
            None,
            "{wrong:.9}"
        );
    }
    assert_eq!(desk.service.remove_passkey(&bob, &only, &client(1), NOW).await.unwrap(), None, "not his");
    let whom = desk.service.remove_passkey(&id, &only, &client(1), NOW).await.unwrap().unwrap();
    assert_eq!(whom.to, "ann@example.org");
    assert!(desk.told().contains(&Step::PasskeyRemoved));
    assert_eq!(log_in(&desk, &mut device, &client(2), NOW).await, LogIn::Wrong);
    // Whoever has lost his devices asks the operator.
    desk.service.reset_second_factor(&id, NOW).await.unwrap();
    assert_eq!(desk.service.passkeys(&id, NOW).await.unwrap(), []);
    // A user who is deleted leaves none.
    add(&desk, (&id, &session), &mut device, NOW).await.unwrap();
    desk.service.delete_user(&id, NOW).await.unwrap();
    assert_eq!(desk.records.list("passkey", "", 9, NOW).await.unwrap(), []);
    assert_eq!(log_in(&desk, &mut device, &client(2), NOW).await, LogIn::Wrong);
}

#[tokio::test]
async fn of_two_that_are_added_at_once_none_is_one_too_many() {
    let mut device = Device::new(1);
    let (desk, id, session) = ann_with(&mut device).await;
    for other in 2..20 {
        add(&desk, (&id, &session), &mut Device::new(other), NOW).await.unwrap();
    }
    let mut begun = Vec::new();
    for other in 20..24 {
        let who = (id.as_str(), session.as_str());
        let ceremony = desk.service.begin_passkey(who, Some(&password(PASSWORD)), &client(1), NOW).await;
        let ceremony = ceremony.unwrap().unwrap();
        let sent = Device::new(other).create(&ceremony);
        begun.push((ceremony.token, sent));
    }
    desk.records.is_slow.store(true, std::sync::atomic::Ordering::Relaxed);
    let ann = client(1);
    let adding =
        begun.iter().map(|(token, sent)| desk.service.add_passkey(&id, token, ("", sent), &ann, NOW));
    let added = futures_util::future::join_all(adding).await;
    assert_eq!(added.iter().filter(|added| matches!(added, Ok(Ok(_)))).count(), 1, "{added:?}");
    assert_eq!(desk.service.passkeys(&id, NOW).await.unwrap().len(), 20);
}

#[tokio::test]
async fn an_address_without_passkeys_offers_none() {
    for (issuer, has) in [
        ("https://shop.example", true),
        ("https://shop.example:8443", true),
        ("http://localhost:8080", true),
        ("http://shop.localhost", true),
        ("http://127.0.0.1:8080", false),
        ("https://192.0.2.7", false),
        ("https://[2001:db8::1]:8443", false),
        ("http://shop.example", false),
    ] {
        let (desk, id) = Desk::with_ann(Settings { issuer: issuer.into(), ..settings() }).await;
        assert_eq!(desk.service.has_passkeys(), has, "{issuer}");
        assert_eq!(desk.service.begin_passkey_log_in(NOW).await.unwrap().is_some(), has, "{issuer}");
        let begun = desk.service.begin_passkey((&id, ""), Some(&password(PASSWORD)), &client(1), NOW).await;
        assert_eq!(begun.unwrap().is_ok(), has, "{issuer}");
    }
}

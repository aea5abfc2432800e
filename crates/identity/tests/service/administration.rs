//! What an operator does, and what is revoked where.

use std::sync::Arc;

use identity::Authenticator;
use identity::service::{LogIn, NewKey, NoRefresh, NotIssued, NotMade};
use identity::{OwnTokens, TokenError};

use crate::desk::{Desk, MINUTE, NOW, PASSWORD, claims, client, settings};

/// What verifies tokens on a gateway.
fn gate(desk: &Desk) -> Authenticator {
    let policy =
        policy::load(&policy::Inputs { text: Some(String::new()), ..policy::Inputs::default() }).unwrap();
    let gate = Authenticator::new(&policy.auth).unwrap();
    gate.accept_own(Arc::new(OwnTokens::of(&desk.service)));
    gate
}

#[tokio::test]
async fn what_is_revoked_here_holds_nowhere_once_others_have_asked() {
    let (here, id) = Desk::with_ann(settings()).await;
    let there = Desk::on(Arc::clone(&here.records), settings()).await;
    let (ours, theirs) = (gate(&here), gate(&there));
    let seconds = NOW / 1000;
    let (one, _) = here.ann_in(&client(1), NOW).await;
    let (other, _) = here.ann_in(&client(2), NOW).await;
    for gate in [&ours, &theirs] {
        assert_eq!(gate.token(&one.access, seconds).await.unwrap().subject, id);
    }
    here.service.log_out_by_refresh(&one.refresh, &client(1), NOW).await.unwrap();
    assert_eq!(ours.token(&one.access, seconds).await, Err(TokenError::Revoked), "known at once");
    there.service.learn_revocations(NOW).await.unwrap();
    assert_eq!(theirs.token(&one.access, seconds).await, Err(TokenError::Revoked), "also from the cache");
    assert!(theirs.token(&other.access, seconds).await.is_ok(), "another session");
    here.service.log_out_everywhere(&id, &client(2), NOW).await.unwrap();
    // A gateway that starts now reads all before it serves.
    let late = Desk::on(Arc::clone(&here.records), settings()).await;
    assert_eq!(gate(&late).token(&other.access, seconds).await, Err(TokenError::Revoked));
    // Whoever logs in again in the same second is in.
    let (again, _) = here.ann_in(&client(1), NOW).await;
    assert!(ours.token(&again.access, seconds + 1).await.is_ok());
}

#[tokio::test]
async fn what_an_operator_changes_holds_at_once() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let gate = gate(&desk);
    let (tokens, device) = desk.ann_in(&client(1), NOW).await;
    let at_home = identity::service::Client { device: Some(device), ..client(1) };
    desk.service
        .change_user(&id, "roles", |user| user.roles = vec!["admin".into()], NOW + 1_000)
        .await
        .unwrap();
    assert_eq!(
        gate.token(&tokens.access, NOW / 1000 + 1).await,
        Err(TokenError::Revoked),
        "it has the old roles"
    );
    let next = desk.service.refresh(&tokens.refresh, &at_home, NOW + 2_000).await.unwrap().unwrap();
    assert_eq!(claims(&next.access)["roles"], serde_json::json!(["admin"]));
    assert!(gate.token(&next.access, NOW / 1000 + 2).await.is_ok());
    desk.service.change_user(&id, "disabled", |user| user.is_disabled = true, NOW + 3_000).await.unwrap();
    assert_eq!(gate.token(&next.access, NOW / 1000 + 3).await, Err(TokenError::Revoked));
    let ended = desk.service.refresh(&next.refresh, &at_home, NOW + 3_000).await.unwrap();
    assert_eq!(ended, Err(NoRefresh::Ended));
    let again = desk.try_in("ann@example.org", PASSWORD, &client(1), NOW + 3_000).await;
    assert_eq!(again, LogIn::Wrong, "he is told what a stranger is told");
}

#[tokio::test]
async fn whoever_comes_in_the_second_of_a_change_gets_a_token_that_holds() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let gate = gate(&desk);
    let (before, device) = desk.ann_in(&client(1), NOW).await;
    let at_home = identity::service::Client { device: Some(device), ..client(1) };
    desk.service.change_user(&id, "roles", |user| user.roles = vec!["admin".into()], NOW + 1).await.unwrap();
    let (after, _) = desk.ann_in(&client(2), NOW + 2).await;
    let next = desk.service.refresh(&before.refresh, &at_home, NOW + 3).await.unwrap().unwrap();
    assert_eq!(gate.token(&before.access, NOW / 1000).await, Err(TokenError::Revoked));
    for token in [&after.access, &next.access] {
        assert!(gate.token(token, NOW / 1000 + 1).await.is_ok());
    }
    desk.service.revoke_all_tokens(NOW + 1_500).await.unwrap();
    let last = desk.service.refresh(&next.refresh, &at_home, NOW + 1_600).await.unwrap().unwrap();
    assert_eq!(gate.token(&next.access, NOW / 1000 + 1).await, Err(TokenError::Revoked));
    assert!(gate.token(&last.access, NOW / 1000 + 2).await.is_ok());
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing_but_what_revokes_his_tokens() {
    use store::records::Records;
    let (desk, id) = Desk::with_ann(settings()).await;
    let (tokens, _) = desk.ann_in(&client(1), NOW).await;
    desk.service
        .ask_reset(&identity::service::Email::parse("ann@example.org").unwrap(), &client(1), NOW)
        .await
        .unwrap();
    let kept = desk.service.export_user(&id, NOW).await.unwrap().unwrap();
    assert_eq!(
        (&kept["email"], &kept["sessions"][0]["address"]),
        (&"ann@example.org".into(), &"203.0.113.1".into())
    );
    assert!(!kept.to_string().contains("argon2"));
    assert!(desk.service.delete_user(&id, NOW + MINUTE).await.unwrap());
    assert!(!desk.service.delete_user(&id, NOW + MINUTE).await.unwrap());
    for kind in ["user", "session", "login-name", "pending"] {
        let left = desk.records.list(kind, "", 100, NOW + MINUTE).await.unwrap();
        assert!(left.is_empty(), "{kind}: {left:?}");
    }
    assert_eq!(gate(&desk).token(&tokens.access, NOW / 1000 + 60).await, Err(TokenError::Revoked));
    assert_eq!(desk.add("ann@example.org").await.len(), 22, "the address is free again");
}

#[tokio::test]
async fn a_key_holds_until_it_is_revoked_on_every_gateway() {
    let (here, id) = Desk::with_ann(settings()).await;
    let there = Desk::on(Arc::clone(&here.records), settings()).await;
    let (ours, theirs) = (gate(&here), gate(&there));
    let seconds = NOW / 1000;
    let new = |name: &str| NewKey { name: name.into(), scopes: vec!["read".into()], ..NewKey::default() };
    let (key_id, key) = here.service.issue_key(new("billing"), NOW).await.unwrap().unwrap();
    let principal = ours.api_key(&key, seconds).unwrap();
    assert_eq!(principal.subject, format!("key:{key_id}"));
    assert_eq!(
        (principal.scopes.as_slice(), principal.claim("key")),
        (&["read".to_owned()][..], Some(&key_id.into()))
    );
    assert!(theirs.api_key(&key, seconds).is_none(), "it has not asked yet");
    there.service.learn_revocations(NOW).await.unwrap();
    assert!(theirs.api_key(&key, seconds).is_some());
    // When it was last used is known after a while.
    there.service.keep_house(NOW + MINUTE).await.unwrap();
    let listed = here.service.keys_issued("", 10, NOW).await.unwrap();
    assert_eq!((listed[0].last_used_at, listed[0].name.as_str()), (Some(NOW / 1000 * 1000), "billing"));
    assert!(!serde_json::to_string(&listed).unwrap().contains(&key));
    // By itself, for whoever finds one in a repository.
    assert!(there.service.revoke_key(&key, NOW).await.unwrap());
    here.service.learn_revocations(NOW).await.unwrap();
    assert!(ours.api_key(&key, seconds).is_none() && theirs.api_key(&key, seconds).is_none());
    assert!(!here.service.revoke_key("nobody", NOW).await.unwrap());
    // Until its time, and not longer.
    let short = NewKey { expires_at: Some(NOW + MINUTE), ..new("short") };
    let (_, short) = here.service.issue_key(short, NOW).await.unwrap().unwrap();
    assert!(ours.api_key(&short, seconds + 59).is_some() && ours.api_key(&short, seconds + 60).is_none());
    // A user's keys end with him.
    let of_ann = || NewKey { subject: Some(id.clone()), is_of_user: true, ..new("ann's") };
    let (_, anns) = here.service.issue_key(of_ann(), NOW).await.unwrap().unwrap();
    assert_eq!(ours.api_key(&anns, seconds).unwrap().subject, id);
    here.service.change_user(&id, "disabled", |user| user.is_disabled = true, NOW).await.unwrap();
    here.service.learn_revocations(NOW).await.unwrap();
    assert!(ours.api_key(&anns, seconds).is_none());
    assert_eq!(here.service.issue_key(of_ann(), NOW).await.unwrap(), Err(NotIssued::NoUser));
    for other in ["", "dwk_", &format!("{key}a"), &key[..key.len() - 1]] {
        assert!(ours.api_key(other, seconds).is_none(), "{other}");
    }
}

#[tokio::test]
async fn a_lost_second_factor_is_taken_away_and_one_token_is_revoked() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let gate = gate(&desk);
    let (tokens, device) = desk.ann_in(&client(1), NOW).await;
    desk.service.revoke_token(claims(&tokens.access)["jti"].as_str().unwrap(), NOW).await.unwrap();
    assert_eq!(gate.token(&tokens.access, NOW / 1000).await, Err(TokenError::Revoked));
    let at_home = identity::service::Client { device: Some(device), ..client(1) };
    let next = desk.service.refresh(&tokens.refresh, &at_home, NOW + 1_000).await.unwrap().unwrap();
    assert!(gate.token(&next.access, NOW / 1000 + 1).await.is_ok(), "the session goes on");
    assert!(desk.service.reset_second_factor(&id, NOW).await.unwrap());
    assert!(!desk.service.find_user(&id, NOW).await.unwrap().unwrap().user.has_second_factor());
}

#[tokio::test]
async fn an_address_is_one_users() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let new = identity::service::NewUser {
        id: None,
        email: identity::service::Email::parse("ANN@EXAMPLE.ORG").unwrap(),
        name: None,
        secret: identity::service::NewSecret::None,
        roles: Vec::new(),
        groups: Vec::new(),
    };
    assert_eq!(desk.service.add_user(new, NOW).await.unwrap(), Err(NotMade::Exists));
}

#[tokio::test]
async fn a_user_keeps_the_id_that_another_system_gave() {
    use identity::service::{Email, NewSecret, NewUser, UserId};
    let desk = Desk::with(settings()).await;
    let new = |id: &str, email: &str| NewUser {
        id: Some(UserId::parse(id).unwrap()),
        email: Email::parse(email).unwrap(),
        name: None,
        secret: NewSecret::None,
        roles: Vec::new(),
        groups: Vec::new(),
    };
    assert_eq!(desk.service.add_user(new("17", "ann@example.org"), NOW).await.unwrap(), Ok("17".into()));
    let found = desk.service.find_user("17", NOW).await.unwrap().unwrap();
    assert_eq!(found.user.email, "ann@example.org");
    let again = desk.service.add_user(new("17", "bob@example.org"), NOW).await.unwrap();
    assert_eq!(again, Err(NotMade::Exists));
    assert!(desk.service.find_user("bob@example.org", NOW).await.unwrap().is_none(), "nothing is half made");
    let long = "a".repeat(65);
    for id in ["", "a b", "key:1", "ann@example.org", "ä", "a/b", long.as_str()] {
        assert!(UserId::parse(id).is_err(), "{id}");
    }
}

//! What an operator does, and what is revoked where.

use std::sync::Arc;

use identity::Authenticator;
use identity::service::{LogIn, NoRefresh, NotMade};
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
    let (tokens, _) = desk.ann_in(&client(1), NOW).await;
    desk.service
        .change_user(&id, "roles", |user| user.roles = vec!["admin".into()], NOW + 1_000)
        .await
        .unwrap();
    assert_eq!(
        gate.token(&tokens.access, NOW / 1000 + 1).await,
        Err(TokenError::Revoked),
        "it has the old roles"
    );
    let next = desk.service.refresh(&tokens.refresh, &client(1), NOW + 2_000).await.unwrap().unwrap();
    assert_eq!(claims(&next.access)["roles"], serde_json::json!(["admin"]));
    assert!(gate.token(&next.access, NOW / 1000 + 2).await.is_ok());
    desk.service.change_user(&id, "disabled", |user| user.is_disabled = true, NOW + 3_000).await.unwrap();
    assert_eq!(gate.token(&next.access, NOW / 1000 + 3).await, Err(TokenError::Revoked));
    let ended = desk.service.refresh(&next.refresh, &client(1), NOW + 3_000).await.unwrap();
    assert_eq!(ended, Err(NoRefresh::Ended));
    let again = desk.try_in("ann@example.org", PASSWORD, &client(1), NOW + 3_000).await;
    assert_eq!(again, LogIn::Wrong, "he is told what a stranger is told");
}

#[tokio::test]
async fn whoever_comes_in_the_second_of_a_change_gets_a_token_that_holds() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let gate = gate(&desk);
    let (before, _) = desk.ann_in(&client(1), NOW).await;
    desk.service.change_user(&id, "roles", |user| user.roles = vec!["admin".into()], NOW + 1).await.unwrap();
    let (after, _) = desk.ann_in(&client(2), NOW + 2).await;
    let next = desk.service.refresh(&before.refresh, &client(1), NOW + 3).await.unwrap().unwrap();
    assert_eq!(gate.token(&before.access, NOW / 1000).await, Err(TokenError::Revoked));
    for token in [&after.access, &next.access] {
        assert!(gate.token(token, NOW / 1000 + 1).await.is_ok());
    }
    desk.service.revoke_all_tokens(NOW + 1_500).await.unwrap();
    let last = desk.service.refresh(&next.refresh, &client(1), NOW + 1_600).await.unwrap().unwrap();
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
async fn an_address_is_one_users() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let new = identity::service::NewUser {
        email: identity::service::Email::parse("ANN@EXAMPLE.ORG").unwrap(),
        name: None,
        secret: identity::service::NewSecret::None,
        roles: Vec::new(),
        groups: Vec::new(),
    };
    assert_eq!(desk.service.add_user(new, NOW).await.unwrap(), Err(NotMade::Exists));
}

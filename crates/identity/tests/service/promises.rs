//! What docs/standards.md says of the service, where no other test shows it.

use identity::secrets::Password;
use identity::service::{Email, LogIn, NoRefresh};
use serde_json::json;

use crate::accounts::code;
use crate::desk::{Desk, MINUTE, NOW, PASSWORD, claims, client, settings};

const ANN: &str = "ann@example.org";
const NEW: &str = "seven purple llamas";

#[tokio::test]
async fn a_new_password_by_mail_leaves_the_second_factor() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let (password, new) = (Password::parse(PASSWORD).unwrap(), Password::parse(NEW).unwrap());
    let secret = desk.service.enrol(&id, NOW).await.unwrap().unwrap().secret;
    let first = code(&secret, NOW);
    assert!(desk.service.confirm(&id, &password, &first, &client(1), NOW).await.unwrap().is_ok());
    let email = Email::parse(ANN).unwrap();
    let link = desk.service.ask_reset(&email, &client(1), NOW).await.unwrap().unwrap();
    assert!(desk.service.reset(&link.token, &new, &client(1), NOW + MINUTE).await.unwrap().is_ok());
    let next = desk.try_in(ANN, NEW, &client(1), NOW + MINUTE).await;
    assert!(matches!(next, LogIn::SecondFactor(_)), "{next:?}");
}

#[tokio::test]
async fn each_log_in_is_a_session_of_its_own_and_one_too_many_ends_the_oldest() {
    const MAX: u64 = 100;
    let (desk, id) = Desk::with_ann(settings()).await;
    let mut sessions = Vec::new();
    for second in 0..MAX {
        sessions.push(desk.ann_in(&client(1), NOW + 1000 * second).await.0);
    }
    let mut names: Vec<_> = sessions.iter().map(|tokens| &tokens.session).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), sessions.len());
    let now = NOW + 1000 * MAX;
    assert_eq!(desk.service.sessions(&id, now).await.unwrap().len(), sessions.len());
    desk.ann_in(&client(1), now).await;
    assert_eq!(desk.service.sessions(&id, now).await.unwrap().len(), sessions.len());
    let oldest = desk.service.refresh(&sessions[0].refresh, &client(1), now).await.unwrap();
    assert_eq!(oldest, Err(NoRefresh::Ended));
}

#[tokio::test]
async fn a_refresh_shows_nothing_that_was_not_shown() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let (first, device) = desk.ann_in(&client(1), NOW).await;
    let at_home = identity::service::Client { device: Some(device), ..client(1) };
    let next = desk.service.refresh(&first.refresh, &at_home, NOW + 10 * MINUTE).await.unwrap().unwrap();
    let next = claims(&next.access);
    assert_eq!((&next["amr"], &next["acr"]), (&json!(["pwd"]), &json!("aal1")));
    assert_eq!(next["auth_time"], json!(NOW / 1000), "who he is was shown ten minutes ago");
    assert_eq!(next["iat"], json!((NOW + 10 * MINUTE) / 1000));
}

//! Logging in, locking out, registering, resetting, second factors.

use std::time::Duration;

use identity::secrets::{Password, TotpSecret};
use identity::service::{
    BadPassword, Client, Email, LogIn, NoRefresh, NotChanged, NotEnrolled, Registration, SecondFactor, Step,
};

use crate::desk::{Desk, MINUTE, NOW, PASSWORD, claims, client, settings};

const NEW: &str = "seven purple llamas sing";

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

#[tokio::test]
async fn a_registered_user_is_in_once_his_address_is_verified() {
    let desk = Desk::open().await;
    let new = email("Ann@Example.org");
    let registered = desk.service.register(&new, &password(PASSWORD), Some("de"), &client(1), NOW).await;
    let Ok(Ok(Some(Registration::Verify(link)))) = registered else { unreachable!("{registered:?}") };
    assert_eq!((link.to.as_str(), link.language.as_deref()), ("Ann@Example.org", Some("de")));
    let early = desk.try_in("ann@example.org", PASSWORD, &client(1), NOW).await;
    assert!(matches!(early, LogIn::Unverified(_)), "{early:?}");
    assert!(!desk.service.verify("made up", &password(PASSWORD), &client(1), NOW).await.unwrap());
    // Who gets the mail, and did not register, verifies nothing for who did.
    assert!(!desk.service.verify(&link.token, &password(NEW), &client(1), NOW).await.unwrap());
    assert!(desk.service.verify(&link.token, &password(PASSWORD), &client(1), NOW).await.unwrap());
    let again = desk.service.verify(&link.token, &password(PASSWORD), &client(1), NOW).await.unwrap();
    assert!(!again, "a link works once");
    desk.ann_in(&client(1), NOW).await;
    // Whoever registers with the same address is told the same, and its owner gets a mail.
    let again = desk.service.register(&email("ANN@example.org"), &password(NEW), None, &client(2), NOW).await;
    assert!(matches!(again, Ok(Ok(Some(Registration::Exists { .. })))), "{again:?}");
    assert!(matches!(desk.try_in("ann@example.org", NEW, &client(2), NOW).await, LogIn::Wrong));
}

#[tokio::test]
async fn nobodys_mailbox_is_filled() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let ann = email("ann@example.org");
    let mut sent = 0;
    for minute in 0..60 {
        sent += usize::from(
            desk.service.ask_reset(&ann, &client(1), NOW + minute * MINUTE).await.unwrap().is_some(),
        );
    }
    assert!((4..=8).contains(&sent), "{sent}");
}

#[tokio::test]
async fn nobody_keeps_the_mail_from_an_owner_who_asks_for_it() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let ann = email("ann@example.org");
    let mut last = NOW;
    for minute in 0..24 * 60 {
        let now = NOW + minute * MINUTE;
        if desk.service.ask_reset(&ann, &client(66), now).await.unwrap().is_some() {
            assert!(now - last <= 16 * MINUTE, "none for {} minutes", (now - last) / MINUTE);
            last = now;
        }
    }
    // What was asked for to register counts for itself.
    let password = password(PASSWORD);
    let again =
        desk.service.register(&ann, &password, None, &client(1), NOW + 24 * 60 * MINUTE).await.unwrap();
    assert!(matches!(again, Ok(Some(Registration::Exists { .. }))), "{again:?}");
}

#[tokio::test]
async fn a_network_that_has_mails_sent_waits() {
    let desk = Desk::open().await;
    let mut refused = 0;
    for ask in 0..70_u64 {
        let wait = desk.service.may_have_mail_sent(&client(7), NOW + ask).await.unwrap();
        refused += usize::from(wait.is_some());
    }
    assert_eq!(refused, 20);
    assert!(desk.service.may_have_mail_sent(&client(8), NOW).await.unwrap().is_none(), "another network");
    let later = NOW + 10 * MINUTE;
    assert!(desk.service.may_have_mail_sent(&client(7), later).await.unwrap().is_none(), "some is forgiven");
}

#[tokio::test]
async fn an_address_that_nobody_verifies_is_free_again() {
    let desk = Desk::open().await;
    let (ann, password) = (email("ann@example.org"), password(PASSWORD));
    let first = desk.service.register(&ann, &password, None, &client(1), NOW).await.unwrap().unwrap();
    let Some(Registration::Verify(link)) = first else { panic!("{first:?}") };
    assert!(desk.service.find_user("ann@example.org", NOW).await.unwrap().is_some());
    let four_days = NOW + 4 * 24 * 60 * MINUTE;
    assert!(desk.service.find_user("ann@example.org", four_days).await.unwrap().is_none());
    desk.service.keep_house(four_days).await.unwrap();
    // Whoever verifies in time stays.
    let desk = Desk::open().await;
    let again = desk.service.register(&ann, &password, None, &client(1), NOW).await.unwrap().unwrap();
    let Some(Registration::Verify(link)) = again.filter(|_| !link.token.is_empty()) else {
        panic!("no link")
    };
    assert!(desk.service.verify(&link.token, &password, &client(1), NOW + MINUTE).await.unwrap());
    desk.service.keep_house(four_days).await.unwrap();
    assert!(matches!(
        desk.try_in("ann@example.org", PASSWORD, &client(1), four_days).await,
        LogIn::In { .. }
    ));
    // So does whoever has set a password by a link of a reset.
    let desk = Desk::open().await;
    desk.service.register(&ann, &password, None, &client(1), NOW).await.unwrap().unwrap();
    let link = desk.service.ask_reset(&ann, &client(1), NOW + MINUTE).await.unwrap().unwrap();
    desk.service.reset(&link.token, &password, &client(1), NOW + MINUTE).await.unwrap().unwrap();
    desk.service.keep_house(four_days).await.unwrap();
    assert!(matches!(
        desk.try_in("ann@example.org", PASSWORD, &client(1), four_days).await,
        LogIn::In { .. }
    ));
}

#[tokio::test]
async fn what_a_network_did_wrong_is_forgiven_bit_by_bit() {
    let (desk, _) = Desk::with_ann(settings()).await;
    desk.add("bob@example.org").await;
    for guess in 0..4 {
        desk.try_in(&format!("user{guess}@example.org"), "wrong", &client(9), NOW).await;
    }
    // Those who log in keep nothing from being forgiven.
    let mut now = NOW;
    for _ in 0..10 {
        now += 10 * MINUTE;
        assert!(matches!(desk.try_in("bob@example.org", PASSWORD, &client(9), now).await, LogIn::In { .. }));
    }
    for guess in 0..4 {
        let outcome = desk.try_in(&format!("other{guess}@example.org"), "wrong", &client(9), now).await;
        assert_eq!(outcome, LogIn::Wrong, "{guess}");
    }
    assert!(matches!(desk.try_in("ann@example.org", PASSWORD, &client(9), now).await, LogIn::In { .. }));
}

#[tokio::test]
async fn many_known_devices_are_not_many_more_guesses() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let mut devices = Vec::new();
    for last in 0..20 {
        devices.push(desk.ann_in(&client(last), NOW).await.1);
    }
    let mut looked_at = 0;
    for device in &devices {
        for _ in 0..5 {
            let thief = Client { device: Some(device.clone()), ..client(66) };
            looked_at +=
                usize::from(desk.try_in("ann@example.org", "wrong", &thief, NOW).await == LogIn::Wrong);
        }
    }
    assert!((45..=50).contains(&looked_at), "{looked_at}");
    // A new password by mail ends them all.
    let link = desk.service.ask_reset(&email("ann@example.org"), &client(1), NOW).await.unwrap().unwrap();
    desk.service.reset(&link.token, &password(NEW), &client(1), NOW).await.unwrap().unwrap();
    let later = NOW + 2 * 24 * 60 * MINUTE;
    for guess in 0..5 {
        desk.try_in("ann@example.org", "wrong", &client(guess), later).await;
    }
    let thief = Client { device: devices.pop(), ..client(66) };
    assert!(matches!(desk.try_in("ann@example.org", NEW, &thief, later).await, LogIn::Locked(_)));
}

#[tokio::test]
async fn a_new_password_by_mail_lets_its_owner_in_while_strangers_guess() {
    let (desk, _) = Desk::with_ann(settings()).await;
    for guess in 10..40 {
        desk.try_in("ann@example.org", "wrong", &client(guess), NOW).await;
    }
    let elsewhere = client(1);
    assert!(matches!(desk.try_in("ann@example.org", PASSWORD, &elsewhere, NOW).await, LogIn::Locked(_)));
    let link = desk.service.ask_reset(&email("ann@example.org"), &elsewhere, NOW).await.unwrap().unwrap();
    let (_, device) =
        desk.service.reset(&link.token, &password(NEW), &elsewhere, NOW).await.unwrap().unwrap();
    let owner = Client { device: Some(device), ..elsewhere };
    assert!(matches!(desk.try_in("ann@example.org", NEW, &owner, NOW).await, LogIn::In { .. }));
}

#[tokio::test]
async fn whoever_guesses_waits_longer_and_longer_whether_or_not_there_is_such_an_account() {
    for name in ["ann@example.org", "nobody@example.org"] {
        let (desk, _) = Desk::with_ann(settings()).await;
        let mut now = NOW;
        // From another address each time: the account counts.
        let mut guess = 0_u8;
        for _ in 0..5 {
            guess += 1;
            assert_eq!(desk.try_in(name, "wrong", &client(guess), now).await, LogIn::Wrong, "{name}");
        }
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            guess += 1;
            let locked = desk.try_in(name, PASSWORD, &client(guess), now).await;
            assert_eq!(locked, LogIn::Locked(Duration::from_secs(minutes * 60)), "{name}");
            now += minutes * MINUTE;
            assert_eq!(desk.try_in(name, "wrong", &client(guess), now).await, LogIn::Wrong, "{name}");
        }
    }
}

#[tokio::test]
async fn an_address_that_guesses_waits_and_is_told_of() {
    let (desk, _) = Desk::with_ann(settings()).await;
    for guess in 0..5 {
        let name = format!("user{guess}@example.org");
        assert_eq!(desk.try_in(&name, "wrong", &client(9), NOW).await, LogIn::Wrong);
    }
    assert!(matches!(desk.try_in("ann@example.org", PASSWORD, &client(9), NOW).await, LogIn::Locked(_)));
    assert!(matches!(desk.try_in("ann@example.org", PASSWORD, &client(8), NOW).await, LogIn::In { .. }));
    let mut now = NOW;
    for guess in 5..12 {
        now += 50 * MINUTE;
        desk.try_in(&format!("user{guess}@example.org"), "wrong", &client(9), now - 1).await;
    }
    assert!(desk.told().contains(&Step::CredentialStuffing));
}

#[tokio::test]
async fn people_who_share_an_address_and_know_their_passwords_are_no_attack() {
    let desk = Desk::open().await;
    for person in 0..20 {
        let name = format!("user{person}@example.org");
        desk.add(&name).await;
        assert!(matches!(desk.try_in(&name, PASSWORD, &client(9), NOW).await, LogIn::In { .. }), "{name}");
    }
    assert!(!desk.told().contains(&Step::CredentialStuffing));
}

#[tokio::test]
async fn nobody_can_lock_an_owner_out_of_his_own_device() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let (_, device) = desk.ann_in(&client(1), NOW).await;
    for guess in 10..30 {
        desk.try_in("ann@example.org", "wrong", &client(guess), NOW).await;
    }
    let at_home = Client { device: Some(device.clone()), ..client(1) };
    assert!(matches!(desk.try_in("ann@example.org", PASSWORD, &at_home, NOW).await, LogIn::In { .. }));
    // The device is of this account alone, and guesses by it are counted.
    let other = desk.try_in("bob@example.org", "wrong", &at_home, NOW).await;
    assert_eq!(other, LogIn::Wrong);
    for _ in 0..5 {
        desk.try_in("ann@example.org", "wrong", &at_home, NOW).await;
    }
    assert!(matches!(desk.try_in("ann@example.org", PASSWORD, &at_home, NOW).await, LogIn::Locked(_)));
}

#[tokio::test]
async fn of_many_guesses_at_once_five_are_looked_at() {
    let (desk, _) = Desk::with_ann(settings()).await;
    let guess = |at: u8| {
        let desk = &desk;
        async move { desk.try_in("ann@example.org", "wrong", &client(at), NOW).await }
    };
    let outcomes = futures_util::future::join_all((0..50).map(guess)).await;
    let looked_at = outcomes.iter().filter(|outcome| **outcome == LogIn::Wrong).count();
    assert!(looked_at <= 5, "{looked_at}");
}

#[tokio::test]
async fn a_right_password_clears_what_went_wrong_before() {
    let (desk, _) = Desk::with_ann(settings()).await;
    for round in 0..3 {
        for _ in 0..4 {
            // From another address each time, so that only the account counts.
            let guess = desk.try_in("ann@example.org", "wrong", &client(round), NOW).await;
            assert_eq!(guess, LogIn::Wrong);
        }
        let right = desk.try_in("ann@example.org", PASSWORD, &client(100 + round), NOW).await;
        assert!(matches!(right, LogIn::In { .. }));
    }
    assert_eq!(desk.try_in("ann@example.org", "wrong", &client(3), NOW).await, LogIn::Wrong);
}

#[tokio::test]
async fn a_reset_works_once_ends_all_sessions_and_tells_nobody_who_has_an_account() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let (tokens, _) = desk.ann_in(&client(1), NOW).await;
    let nobody = desk.service.ask_reset(&email("nobody@example.org"), &client(2), NOW).await.unwrap();
    assert_eq!(nobody, None);
    let first = desk.service.ask_reset(&email("ann@example.org"), &client(1), NOW).await.unwrap().unwrap();
    let second = desk.service.ask_reset(&email("ann@example.org"), &client(1), NOW).await.unwrap().unwrap();
    let bad = desk.service.reset(&first.token, &password("short"), &client(1), NOW).await.unwrap();
    assert!(matches!(bad, Err(NotChanged::Bad(BadPassword::Weak(_)))), "{bad:?}");
    let late = desk.service.reset(&first.token, &password(NEW), &client(1), NOW + 31 * MINUTE).await.unwrap();
    assert_eq!(late, Err(NotChanged::Wrong));
    assert!(
        desk.service.reset(&first.token, &password(NEW), &client(1), NOW + MINUTE).await.unwrap().is_ok()
    );
    for spent in [&first.token, &second.token] {
        let again = desk.service.reset(spent, &password(PASSWORD), &client(1), NOW + MINUTE).await.unwrap();
        assert_eq!(again, Err(NotChanged::Wrong), "the password has changed since");
    }
    let ended = desk.service.refresh(&tokens.refresh, &client(1), NOW + MINUTE).await.unwrap();
    assert_eq!(ended, Err(NoRefresh::Ended));
    assert!(desk.service.sessions(&id, NOW + MINUTE).await.unwrap().is_empty());
    assert_eq!(desk.try_in("ann@example.org", PASSWORD, &client(1), NOW + MINUTE).await, LogIn::Wrong);
    assert!(matches!(desk.try_in("ann@example.org", NEW, &client(1), NOW + MINUTE).await, LogIn::In { .. }));
}

#[tokio::test]
async fn a_changed_password_keeps_this_session_and_ends_the_others() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let (here, device) = desk.ann_in(&client(1), NOW).await;
    let (there, _) = desk.ann_in(&client(2), NOW).await;
    let at_home = Client { device: Some(device), ..client(1) };
    let change = |old, new| (password(old), password(new));
    for (old, new, expected) in [("wrong", NEW, Err(NotChanged::Wrong)), (PASSWORD, NEW, Ok(()))] {
        let (old, new) = change(old, new);
        let done =
            desk.service.change_password(&id, &here.session, (&old, &new), &client(1), NOW).await.unwrap();
        assert_eq!(done.map(|_| ()), expected);
    }
    assert!(desk.service.refresh(&here.refresh, &at_home, NOW).await.unwrap().is_ok());
    assert_eq!(desk.service.refresh(&there.refresh, &client(2), NOW).await.unwrap(), Err(NoRefresh::Ended));
    // Whoever has taken over a session cannot guess the password there.
    for _ in 0..5 {
        let (old, new) = change("wrong", PASSWORD);
        desk.service
            .change_password(&id, &here.session, (&old, &new), &client(1), NOW)
            .await
            .unwrap()
            .unwrap_err();
    }
    let (old, new) = change(NEW, PASSWORD);
    let locked =
        desk.service.change_password(&id, &here.session, (&old, &new), &client(1), NOW).await.unwrap();
    assert!(matches!(locked, Err(NotChanged::Locked(_))), "{locked:?}");
}

/// The code of an app at a time, by RFC 4226 §5.3 and RFC 4648 §6.
pub(crate) fn code(secret: &str, now: u64) -> String {
    let bits: Vec<u8> = secret
        .bytes()
        .flat_map(|letter| {
            let value =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
            (0..5).rev().map(move |bit| u8::from(value >> bit & 1 == 1))
        })
        .collect();
    let key: Vec<u8> =
        bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = aws_lc_rs::hmac::sign(&key, &(now / 1000 / 30).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_it_was_shown() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let enrolment = desk.service.enrol(&id, NOW).await.unwrap().unwrap();
    assert!(
        enrolment.uri.starts_with("otpauth://totp/") && TotpSecret::from_base32(&enrolment.secret).is_ok()
    );
    assert_eq!(
        desk.service.enrol(&id, NOW).await.unwrap().unwrap(),
        enrolment,
        "the page may be loaded again"
    );
    // Until then, nobody is locked out by half an enrolment.
    desk.ann_in(&client(1), NOW).await;
    let wrong = desk.service.confirm(&id, &password(PASSWORD), "000000", &client(1), NOW).await.unwrap();
    assert_eq!(wrong, Err(NotEnrolled::Wrong));
    let codes = desk
        .service
        .confirm(&id, &password(PASSWORD), &code(&enrolment.secret, NOW), &client(1), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(codes.len(), 10);
    let ann = client(1);
    let ask = |now| desk.try_in("ann@example.org", PASSWORD, &ann, now);
    let waiting = |outcome| match outcome {
        LogIn::SecondFactor(token) => token,
        other => unreachable!("{other:?}"),
    };
    let token = waiting(ask(NOW).await);
    // The code that switched it on is spent.
    let now = NOW;
    let used = code(&enrolment.secret, now);
    let spent = desk.service.second_factor(&token, SecondFactor::Code(&used), &ann, now).await;
    assert_eq!(spent.unwrap(), LogIn::Wrong);
    let now = NOW + MINUTE;
    let fresh = code(&enrolment.secret, now);
    let shown =
        desk.service.second_factor(&token, SecondFactor::Code(&fresh), &client(1), now).await.unwrap();
    let LogIn::In { tokens, .. } = shown else { unreachable!("{shown:?}") };
    let claims = claims(&tokens.access);
    assert_eq!((&claims["amr"], &claims["acr"]), (&serde_json::json!(["pwd", "otp", "mfa"]), &"aal2".into()));
    // Neither the log in nor the code works twice.
    let again =
        desk.service.second_factor(&token, SecondFactor::Code(&fresh), &client(1), now).await.unwrap();
    assert_eq!(again, LogIn::Wrong);
    let token = waiting(ask(now).await);
    let replay =
        desk.service.second_factor(&token, SecondFactor::Code(&fresh), &client(1), now).await.unwrap();
    assert_eq!(replay, LogIn::Wrong);
    // A recovery code works once.
    let recovered = desk
        .service
        .second_factor(&token, SecondFactor::Recovery(&codes[3].to_lowercase()), &client(1), now)
        .await;
    assert!(matches!(recovered.unwrap(), LogIn::In { .. }));
    let token = waiting(ask(now).await);
    let twice =
        desk.service.second_factor(&token, SecondFactor::Recovery(&codes[3]), &client(1), now).await.unwrap();
    assert_eq!(twice, LogIn::Wrong);
    assert!(desk.told().contains(&Step::RecoveryCodeUsed));
}

#[tokio::test]
async fn codes_are_not_guessed_by_whoever_has_the_password() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let enrolment = desk.service.enrol(&id, NOW).await.unwrap().unwrap();
    desk.service
        .confirm(&id, &password(PASSWORD), &code(&enrolment.secret, NOW), &client(1), NOW)
        .await
        .unwrap()
        .unwrap();
    let mut looked_at = 0;
    for round in 0..20 {
        let LogIn::SecondFactor(token) = desk.try_in("ann@example.org", PASSWORD, &client(round), NOW).await
        else {
            continue;
        };
        for guess in 0..5 {
            let guess = format!("{:06}", u32::from(round) * 5 + guess);
            let shown =
                desk.service.second_factor(&token, SecondFactor::Code(&guess), &client(round), NOW).await;
            looked_at += usize::from(shown.unwrap() == LogIn::Wrong);
        }
    }
    // Five, and the log ins that were over by then.
    let counted = desk.told().iter().filter(|step| **step == Step::SecondFactorFailed).count();
    assert!(counted <= 5, "{counted} of {looked_at}");
}

#[tokio::test]
async fn half_a_log_in_ends_with_the_password_that_it_began_with() {
    let (desk, id) = Desk::with_ann(settings()).await;
    let enrolment = desk.service.enrol(&id, NOW).await.unwrap().unwrap();
    let first = code(&enrolment.secret, NOW);
    desk.service.confirm(&id, &password(PASSWORD), &first, &client(1), NOW).await.unwrap().unwrap();
    let begun = desk.try_in("ann@example.org", PASSWORD, &client(1), NOW).await;
    let LogIn::SecondFactor(token) = begun else { unreachable!("{begun:?}") };
    let link = desk.service.ask_reset(&email("ann@example.org"), &client(1), NOW).await.unwrap().unwrap();
    desk.service.reset(&link.token, &password(NEW), &client(1), NOW + 1).await.unwrap().unwrap();
    let (now, fresh) = (NOW + MINUTE, code(&enrolment.secret, NOW + MINUTE));
    let shown =
        desk.service.second_factor(&token, SecondFactor::Code(&fresh), &client(1), now).await.unwrap();
    assert_eq!(shown, LogIn::Wrong);
}

#[tokio::test]
async fn an_unverified_address_is_whose_mail_it_is() {
    let desk = Desk::open().await;
    let ann = email("ann@example.org");
    // Somebody else registers first, with a password of his own.
    let thief = desk.service.register(&ann, &password(NEW), None, &client(9), NOW).await;
    let Ok(Ok(Some(Registration::Verify(stolen)))) = thief else { unreachable!("{thief:?}") };
    let hers = desk.service.register(&ann, &password(PASSWORD), None, &client(1), NOW).await;
    let Ok(Ok(Some(Registration::Verify(hers)))) = hers else { unreachable!("{hers:?}") };
    assert!(!desk.service.verify(&stolen.token, &password(NEW), &client(9), NOW).await.unwrap());
    assert!(desk.service.verify(&hers.token, &password(PASSWORD), &client(1), NOW).await.unwrap());
    assert_eq!(desk.try_in("ann@example.org", NEW, &client(9), NOW).await, LogIn::Wrong);
    desk.ann_in(&client(1), NOW).await;
}

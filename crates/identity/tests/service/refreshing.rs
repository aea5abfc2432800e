//! Refreshing: tabs that race, thieves that come late, sessions that end.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use identity::service::{Client, NoRefresh, Settings, Step, Tokens};
use proptest::prelude::*;

use crate::desk::{Desk, MINUTE, NOW, claims, client, settings};

type Refreshing<'a> =
    Pin<Box<dyn Future<Output = Result<Result<Tokens, NoRefresh>, identity::service::ServiceError>> + 'a>>;

/// As whom somebody asks again.
type As = fn(&Client) -> Client;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_refresh_spends_the_token_and_keeps_the_session() {
    runtime().block_on(async {
        let (desk, id) = Desk::with_ann(settings()).await;
        let (first, device) = desk.ann_in(&client(1), NOW).await;
        let at_home = Client { device: Some(device), ..client(1) };
        let mut tokens = first.clone();
        for minute in 1..=100 {
            let next = desk.service.refresh(&tokens.refresh, &at_home, NOW + minute * 14 * MINUTE).await;
            let next = next.unwrap().unwrap();
            assert!(next.refresh != tokens.refresh && next.access != tokens.access);
            assert_eq!((&next.session, &next.user), (&first.session, &id));
            tokens = next;
        }
        let claims = claims(&tokens.access);
        assert_eq!((&claims["sub"], &claims["sid"]), (&id.into(), &first.session.into()));
        assert_eq!(
            (&claims["amr"], &claims["roles"]),
            (&serde_json::json!(["pwd"]), &serde_json::json!(["staff"]))
        );
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 900);
        assert_eq!(claims["auth_time"], NOW / 1000, "a refresh shows nothing anew");
    });
}

#[test]
fn who_loses_a_race_is_handed_the_winners_token_and_a_thief_ends_the_session() {
    runtime().block_on(async {
        let cases: [(&str, u64, As, Result<(), NoRefresh>); 5] = [
            ("another tab", 0, Client::clone, Ok(())),
            ("a slow tab", 9_999, Client::clone, Ok(())),
            ("after the window", 10_000, Client::clone, Err(NoRefresh::Reused)),
            ("without the device", 100, |c| Client { device: None, ..c.clone() }, Err(NoRefresh::Reused)),
            (
                "from another address, by the same device",
                100,
                |c| Client { address: [198, 51, 100, 1].into(), ..c.clone() },
                Ok(()),
            ),
        ];
        for (who, later, asks, expected) in cases {
            let (desk, _) = Desk::with_ann(settings()).await;
            let (first, device) = desk.ann_in(&client(1), NOW).await;
            let at_home = Client { device: Some(device), ..client(1) };
            let won = desk.service.refresh(&first.refresh, &at_home, NOW + MINUTE).await.unwrap().unwrap();
            desk.told();
            let lost =
                desk.service.refresh(&first.refresh, &asks(&at_home), NOW + MINUTE + later).await.unwrap();
            assert_eq!(lost.as_ref().map(|_| ()).map_err(|e| *e), expected, "{who}");
            let goes_on = desk.service.refresh(&won.refresh, &at_home, NOW + MINUTE + later).await.unwrap();
            match expected {
                Ok(()) => {
                    assert_eq!(lost.unwrap().refresh, won.refresh, "{who}");
                    assert!(goes_on.is_ok() && desk.told().is_empty(), "{who}");
                }
                Err(_) => {
                    assert_eq!(goes_on.unwrap_err(), NoRefresh::Ended, "{who}");
                    assert_eq!(desk.told(), [Step::RefreshReused], "{who}");
                }
            }
        }
    });
}

#[test]
fn a_token_without_its_device_has_been_stolen() {
    runtime().block_on(async {
        let (desk, _) = Desk::with_ann(settings()).await;
        let (first, device) = desk.ann_in(&client(1), NOW).await;
        desk.told();
        let stolen = desk.service.refresh(&first.refresh, &client(66), NOW + MINUTE).await.unwrap();
        assert_eq!(stolen, Err(NoRefresh::Reused));
        assert_eq!(desk.told(), [Step::RefreshReused]);
        let at_home = Client { device: Some(device), ..client(1) };
        let owner = desk.service.refresh(&first.refresh, &at_home, NOW + MINUTE).await.unwrap();
        assert_eq!(owner, Err(NoRefresh::Ended));
    });
}

#[test]
fn without_a_window_a_token_that_comes_twice_ends_the_session() {
    runtime().block_on(async {
        let (desk, _) = Desk::with_ann(Settings { grace: Duration::ZERO, ..settings() }).await;
        let (first, device) = desk.ann_in(&client(1), NOW).await;
        let at_home = Client { device: Some(device), ..client(1) };
        desk.service.refresh(&first.refresh, &at_home, NOW + 1).await.unwrap().unwrap();
        let again = desk.service.refresh(&first.refresh, &at_home, NOW + 1).await.unwrap();
        assert_eq!(again, Err(NoRefresh::Reused));
    });
}

#[test]
fn a_window_is_followed_over_several_refreshes_and_no_further() {
    runtime().block_on(async {
        let (desk, _) = Desk::with_ann(settings()).await;
        let (first, device) = desk.ann_in(&client(1), NOW).await;
        let at_home = Client { device: Some(device), ..client(1) };
        let mut newest = first.clone();
        for step in 1..=5 {
            newest =
                desk.service.refresh(&newest.refresh, &at_home, NOW + step * 1_000).await.unwrap().unwrap();
        }
        let lost = desk.service.refresh(&first.refresh, &at_home, NOW + 6_000).await.unwrap().unwrap();
        assert_eq!(lost.refresh, newest.refresh);
        let late = desk.service.refresh(&first.refresh, &at_home, NOW + 11_000).await.unwrap();
        assert_eq!(late, Err(NoRefresh::Reused));
    });
}

#[test]
fn sessions_end_when_they_are_not_used_and_in_any_case() {
    runtime().block_on(async {
        const DAY: u64 = 24 * 60 * MINUTE;
        let (desk, _) = Desk::with_ann(settings()).await;
        let (unused, _) = desk.ann_in(&client(1), NOW).await;
        let idle = desk.service.refresh(&unused.refresh, &client(1), NOW + 14 * DAY).await.unwrap();
        assert_eq!(idle, Err(NoRefresh::Ended));
        let (mut used, device) = desk.ann_in(&client(1), NOW).await;
        let at_home = Client { device: Some(device), ..client(1) };
        for day in 1..30 {
            used = desk.service.refresh(&used.refresh, &at_home, NOW + day * DAY).await.unwrap().unwrap();
        }
        let over = desk.service.refresh(&used.refresh, &at_home, NOW + 30 * DAY).await.unwrap();
        assert_eq!(over, Err(NoRefresh::Ended));
    });
}

#[test]
fn a_stolen_store_gives_no_token_away() {
    runtime().block_on(async {
        use store::records::Records;
        let (desk, _) = Desk::with_ann(settings()).await;
        let (first, device) = desk.ann_in(&client(1), NOW).await;
        let at_home = Client { device: Some(device.clone()), ..client(1) };
        let second = desk.service.refresh(&first.refresh, &at_home, NOW + 1).await.unwrap().unwrap();
        let kinds = ["user", "session", "signing-keys", "login-name", "pending", "lockout", "revocation"];
        for kind in kinds {
            for record in desk.records.list(kind, "", 100, NOW).await.unwrap() {
                for secret in [&first.refresh, &second.refresh, &first.access, &device] {
                    assert!(
                        !record.value.contains(secret.as_str()) && !record.id.contains(secret.as_str()),
                        "{kind}"
                    );
                }
                assert!(!record.value.contains(crate::desk::PASSWORD), "{kind}");
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Several tabs refresh with one token at the same moment, whoever's step comes first: all are authenticated, all have the
    /// same token afterwards, and it was spent once.
    #[test]
    fn however_tabs_interleave_each_is_authenticated_by_one_successor(
        tabs in 2..6_usize,
        order in prop::collection::vec(any::<prop::sample::Index>(), 200..400),
    ) {
        runtime().block_on(async {
            let (desk, _) = Desk::with_ann(settings()).await;
            let (first, device) = desk.ann_in(&client(1), NOW).await;
            let at_home = Client { device: Some(device), ..client(1) };
            desk.records.is_slow.store(true, Ordering::Relaxed);
            let refresh = || -> Refreshing<'_> {
                Box::pin(desk.service.refresh(&first.refresh, &at_home, NOW + MINUTE))
            };
            let mut racing: Vec<Option<Refreshing<'_>>> = (0..tabs).map(|_| Some(refresh())).collect();
            let mut given = Vec::new();
            let mut context = Context::from_waker(Waker::noop());
            let round_robin = (0..10_000).map(|at| at % tabs);
            for at in order.iter().map(|index| index.index(tabs)).chain(round_robin) {
                let Some(tab) = &mut racing[at] else { continue };
                if let Poll::Ready(done) = tab.as_mut().poll(&mut context) {
                    given.push(done.unwrap().unwrap());
                    racing[at] = None;
                }
            }
            assert_eq!(given.len(), tabs);
            assert!(given.iter().all(|tokens| tokens.refresh == given[0].refresh));
            assert!(given.iter().all(|tokens| claims(&tokens.access)["sid"] == first.session.as_str()));
            desk.records.is_slow.store(false, Ordering::Relaxed);
            let next = desk.service.refresh(&given[0].refresh, &at_home, NOW + 2 * MINUTE).await.unwrap();
            assert!(next.is_ok());
        });
    }
}

#[test]
fn native_clients_have_the_window_without_a_device() {
    runtime().block_on(async {
        let (desk, _) = Desk::with_ann(settings()).await;
        let app = Client { is_native: true, ..client(1) };
        let (first, _) = desk.ann_in(&app, NOW).await;
        let won = desk.service.refresh(&first.refresh, &client(1), NOW + 1).await.unwrap().unwrap();
        let again = desk.service.refresh(&first.refresh, &client(1), NOW + 2).await.unwrap().unwrap();
        assert_eq!(again.refresh, won.refresh);
        let other = Client { user_agent: "curl".into(), ..client(1) };
        let thief = desk.service.refresh(&first.refresh, &other, NOW + 3).await.unwrap();
        assert_eq!(thief, Err(NoRefresh::Reused));
    });
}

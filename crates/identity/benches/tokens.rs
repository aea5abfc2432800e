//! What it costs to know a caller by an access token of the user service: `cargo bench -p identity`.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use identity::secrets::{Hasher, Parameters, Password, PasswordHash, Rules};
use identity::service::{
    AccountEvent, AccountEvents, Client, Email, LockoutRules, LogIn, NewSecret, NewUser, Service, Settings,
    Vault,
};
use identity::{Authenticator, OwnTokens};
use store::memory::MemoryRecords;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

const NOW: u64 = 1_800_000_000_000;

struct Untold;

impl AccountEvents for Untold {
    fn tell(&self, _: AccountEvent) {}
}

/// A service, and the access token of somebody who has logged in.
fn logged_in(runtime: &Runtime) -> (Service, String) {
    let cheap = Parameters { memory_kib: 8, passes: 1, lanes: 1 };
    let day = std::time::Duration::from_secs(24 * 3600);
    let settings = Settings {
        issuer: "https://shop.example".into(),
        audience: "https://shop.example".into(),
        token_lifetime: day / 96,
        session_idle: 14 * day,
        session_lifetime: 30 * day,
        grace: day / 8640,
        rotate_keys: 30 * day,
        passwords: Rules::default(),
        lockout: LockoutRules::default(),
        site: "shop.example".into(),
    };
    runtime.block_on(async {
        let service = Service::open(
            Arc::new(MemoryRecords::default()),
            Vault::new([7; 32]).unwrap(),
            Hasher::new(cheap, 1).unwrap(),
            settings,
            None,
            Box::new(Untold),
            NOW,
        );
        let service = service.await.unwrap();
        let (email, password) =
            (Email::parse("ann@example.org").unwrap(), Password::parse("correct horse battery").unwrap());
        let new = NewUser {
            id: None,
            email: email.clone(),
            name: None,
            secret: NewSecret::Hash(PasswordHash::new(&password, &cheap).unwrap()),
            roles: vec!["staff".into()],
            groups: Vec::new(),
        };
        service.add_user(new, NOW).await.unwrap().unwrap();
        let client = Client {
            address: [127, 0, 0, 1].into(),
            user_agent: "bench".into(),
            device: None,
            is_native: true,
        };
        match service.log_in(&email, &password, &client, NOW).await.unwrap() {
            LogIn::In { tokens, .. } => (service, tokens.access),
            other => panic!("{other:?}"),
        }
    })
}

fn gate(service: &Service) -> Authenticator {
    let nothing = policy::Inputs { text: Some(String::new()), ..policy::Inputs::default() };
    let gate = Authenticator::new(&policy::load(&nothing).unwrap().auth).unwrap();
    gate.accept_own(Arc::new(OwnTokens::of(service)));
    gate
}

/// A token that was not verified before: its signature (EdDSA) and its claims are looked at.
#[divan::bench]
fn an_access_token_for_the_first_time(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().unwrap();
    let (service, token) = logged_in(&runtime);
    bencher
        .with_inputs(|| gate(&service))
        .bench_values(|gate| runtime.block_on(gate.token(black_box(&token), NOW / 1000)).unwrap());
}

/// The same token again: it is found by its hash, and nothing revokes it.
#[divan::bench]
fn an_access_token_again(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().unwrap();
    let (service, token) = logged_in(&runtime);
    let gate = gate(&service);
    runtime.block_on(gate.token(&token, NOW / 1000)).unwrap();
    bencher.bench_local(|| runtime.block_on(gate.token(black_box(&token), NOW / 1000)).unwrap());
}

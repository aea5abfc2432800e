//! A service with a clock that the test holds, and what it told.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use identity::secrets::{Hasher, Parameters, Password, PasswordHash, Rules};
use identity::service::{
    AccountEvent, AccountEvents, Client, Email, LockoutRules, LogIn, NewSecret, NewUser, Service, Settings,
    Step, Tokens, Vault,
};
use store::memory::MemoryRecords;
use store::records::{Committed, Kind, Record, Records, Write};
use store::{Answer, Millis};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const NOW: Millis = 1_800_000_000_000;
pub(crate) const MINUTE: Millis = 60_000;

pub(crate) struct Desk {
    pub(crate) service: Service,
    pub(crate) records: Arc<Slow>,
    told: Arc<Mutex<Vec<AccountEvent>>>,
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<AccountEvent>>>);

impl AccountEvents for Told {
    fn tell(&self, event: AccountEvent) {
        self.0.lock().unwrap().push(event);
    }
}

/// Records that let others run before each answer, so that tests can choose who is first.
#[derive(Debug, Default)]
pub(crate) struct Slow {
    inner: MemoryRecords,
    pub(crate) is_slow: AtomicBool,
}

impl Slow {
    fn answer<'a, T: Send + 'a>(&'a self, ask: impl FnOnce() -> Answer<'a, T> + Send + 'a) -> Answer<'a, T> {
        if !self.is_slow.load(Ordering::Relaxed) {
            return ask();
        }
        Answer::later(async move {
            let mut has_waited = false;
            poll_fn(|context| {
                if std::mem::replace(&mut has_waited, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            ask().await
        })
    }
}

impl Records for Slow {
    fn get(&self, kind: Kind, id: &str, now: Millis) -> Answer<'_, Option<Record>> {
        let id = id.to_owned();
        self.answer(move || self.inner.get(kind, &id, now))
    }

    fn commit(&self, writes: Vec<Write>, now: Millis) -> Answer<'_, Committed> {
        self.answer(move || self.inner.commit(writes, now))
    }

    fn list(&self, kind: Kind, after: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let after = after.to_owned();
        self.answer(move || self.inner.list(kind, &after, limit, now))
    }

    fn owned(&self, kind: Kind, owner: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let owner = owner.to_owned();
        self.answer(move || self.inner.owned(kind, &owner, limit, now))
    }

    fn changed(&self, kind: Kind, since: Millis, now: Millis) -> Answer<'_, (Vec<Record>, Millis)> {
        self.answer(move || self.inner.changed(kind, since, now))
    }

    fn delete_expired(&self, limit: usize, now: Millis) -> Answer<'_, usize> {
        self.answer(move || self.inner.delete_expired(limit, now))
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        issuer: "https://shop.example".into(),
        audience: "https://shop.example".into(),
        token_lifetime: Duration::from_secs(900),
        session_idle: Duration::from_secs(14 * 24 * 3600),
        session_lifetime: Duration::from_secs(30 * 24 * 3600),
        grace: Duration::from_secs(10),
        rotate_keys: Duration::from_secs(30 * 24 * 3600),
        passwords: Rules::default(),
        lockout: LockoutRules::default(),
        site: "shop.example".into(),
    }
}

impl Desk {
    pub(crate) async fn open() -> Desk {
        Desk::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Desk {
        Desk::on(Arc::new(Slow::default()), settings).await
    }

    /// Another gateway on the same store is another desk.
    pub(crate) async fn on(records: Arc<Slow>, settings: Settings) -> Desk {
        let told = Told::default();
        let vault = Vault::new([7; 32]).unwrap();
        // As cheap as it may be: what hashing is like is tested elsewhere.
        let cheap = Parameters { memory_kib: 8, passes: 1, lanes: 1 };
        let service = Service::open(
            Arc::clone(&records) as Arc<dyn Records>,
            vault,
            Hasher::new(cheap, 2).unwrap(),
            settings,
            None,
            Box::new(told.clone()),
            NOW,
        );
        Desk { service: service.await.unwrap(), records, told: told.0 }
    }

    pub(crate) async fn with_ann(settings: Settings) -> (Desk, String) {
        let desk = Desk::with(settings).await;
        let id = desk.add("ann@example.org").await;
        (desk, id)
    }

    pub(crate) async fn add(&self, email: &str) -> String {
        let new = NewUser {
            id: None,
            email: Email::parse(email).unwrap(),
            name: None,
            secret: NewSecret::Hash(hash(PASSWORD)),
            roles: vec!["staff".into()],
            groups: Vec::new(),
        };
        self.service.add_user(new, NOW).await.unwrap().unwrap()
    }

    pub(crate) async fn try_in(&self, email: &str, password: &str, client: &Client, now: Millis) -> LogIn {
        let (email, password) = (Email::parse(email).unwrap(), Password::parse(password).unwrap());
        self.service.log_in(&email, &password, client, now).await.unwrap()
    }

    /// Ann's tokens, and the cookie of her device.
    pub(crate) async fn ann_in(&self, client: &Client, now: Millis) -> (Tokens, String) {
        match self.try_in("ann@example.org", PASSWORD, client, now).await {
            LogIn::In { tokens, device } => (tokens, device),
            other => unreachable!("{other:?}"),
        }
    }

    /// The steps that were told since the last time.
    pub(crate) fn told(&self) -> Vec<Step> {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        told.iter().map(|event| event.step).collect()
    }
}

pub(crate) fn hash(password: &str) -> PasswordHash {
    let cheap = Parameters { memory_kib: 8, passes: 1, lanes: 1 };
    PasswordHash::new(&Password::parse(password).unwrap(), &cheap).unwrap()
}

pub(crate) fn client(last: u8) -> Client {
    Client {
        address: [203, 0, 113, last].into(),
        user_agent: "Firefox".into(),
        device: None,
        is_native: false,
    }
}

/// The claims of a token, which the test has not to verify.
pub(crate) fn claims(token: &str) -> serde_json::Value {
    use base64::Engine;
    let body = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

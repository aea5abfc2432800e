//! The user service: opened with the gateway, served in process, and kept in order.

mod breached;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use accounts::mail::{Address, LogSender, Sender, Smtp, SmtpSender};
use accounts::{Accounts, Caller, Face, Told};
use guard::body::Forwarded;
use guard::{AccountStep, Client, FanOut, ForwardError, Record, Timestamp, Verdict};
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use identity::secrets::{Hasher, Parameters, Rules, random};
use identity::service::{
    AccountEvent, AccountEvents, KeyRing, LockoutRules, Service, ServiceError, Settings, UpstreamToken,
    Vault, VaultError,
};
use identity::{OwnTokens, Principal};
use policy::{MasterKey, Registration, UserService};
use store::StoreError;
use store::records::Records;
use tokio::time::MissedTickBehavior;

use crate::client_body::ClientBody;
use crate::outside::Outside;
use crate::upstream::UpstreamBody;

/// For one request to a provider.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of its answer.
const MAX_PROVIDER_BYTES: usize = 512 * 1024;

/// How often the store is asked what was revoked elsewhere: it holds on every gateway within a second.
const ASK_EVERY: Duration = Duration::from_millis(400);
/// How often keys are looked at, and expired records deleted.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// How long a mail may take.
const MAIL_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the user service does not start.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The store cannot be opened.
    #[error("the store of accounts: {0}")]
    Store(#[from] StoreError),
    /// What is in the store cannot be used.
    #[error("the user service: {0}")]
    Service(#[from] ServiceError),
    /// The master key is none.
    #[error("the master key of `[auth.accounts]`: {0}")]
    MasterKey(VaultError),
    /// The file of the master key cannot be read or made.
    #[error("the master key {}: {error}", path.display())]
    KeyFile {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The store has what only a master key opens that is not there any more.
    #[error(
        "the master key {} is gone, and what is in the store of accounts is sealed under it: put it back from the backup",
        .0.display()
    )]
    KeyGone(PathBuf),
    /// Others can read the master key.
    #[error("the master key {file} can be read by others on this machine: chmod 600 {file}", file = .0.display())]
    KeyOpen(PathBuf),
    /// Mail cannot be sent as the policy says.
    #[error("`[auth.mail]`: {0}")]
    Mail(String),
    /// The parameters of Argon2id are out of bounds, or there is no such list of breached passwords.
    #[error("`[auth.passwords]`: {0}")]
    Passwords(String),
}

/// Opens the logic of the service: for the gateway, and for commands that change users.
///
/// # Errors
/// If the store or the master key cannot be used.
pub async fn open_service(
    settings: &UserService,
    events: Box<dyn AccountEvents>,
    told: Told,
) -> Result<Service, AccountsError> {
    let records = guard::open_records(&settings.place)?;
    let vault = vault(&settings.master_key, &*records).await?;
    let passwords = &settings.passwords;
    let parameters = Parameters { memory_kib: passwords.memory_kib, passes: passwords.passes, lanes: 1 };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let at_once = passwords.at_once.unwrap_or(processors.div_ceil(2)).max(1);
    let hasher = Hasher::new(parameters, at_once).map_err(|e| AccountsError::Passwords(e.to_string()))?;
    let breached = breached::open(passwords, told).map_err(AccountsError::Passwords)?;
    let sessions = &settings.sessions;
    let settings = Settings {
        issuer: settings.public_url.clone(),
        audience: settings.audience.clone(),
        token_lifetime: sessions.access_lifetime.0,
        session_idle: sessions.idle.0,
        session_lifetime: sessions.lifetime.0,
        grace: Duration::from_secs(sessions.grace_seconds.into()),
        rotate_keys: sessions.rotate_keys.0,
        passwords: Rules { min_length: passwords.min_length.into(), ..Rules::default() },
        lockout: LockoutRules {
            failures: settings.lockout.failures,
            first: settings.lockout.first.0,
            cap: settings.lockout.cap.0,
        },
        site: settings.site.clone(),
    };
    Ok(Service::open(records, vault, hasher, settings, breached, events, now()).await?)
}

/// The service with its face.
pub(crate) async fn open(settings: &UserService, sinks: Arc<FanOut>) -> Result<Accounts, AccountsError> {
    let told = told(&sinks);
    let sender = sender(settings, &told)?;
    let callback = format!("{}{}/provider/NAME/callback", settings.public_url, settings.path);
    let service = open_service(settings, Box::new(Events(sinks)), Arc::clone(&told)).await?;
    let service = service.with_providers(
        &settings.providers,
        &callback,
        Arc::new(Outside::new(MAX_PROVIDER_BYTES, PROVIDER_TIMEOUT)),
    );
    let face = Face {
        base: settings.path.clone(),
        public_url: settings.public_url.clone(),
        site: settings.site.clone(),
        same_site: settings.sessions.same_site.name(),
        registration: settings.registration == Registration::Open,
        password_minimum: settings.passwords.min_length,
    };
    Ok(Accounts::new(Arc::new(service), face, sender, told))
}

/// What it takes to verify its tokens.
pub(crate) fn own_tokens(accounts: &Accounts) -> Arc<OwnTokens> {
    Arc::new(OwnTokens::of(accounts.service()))
}

/// Answers a request that has come through the doors.
pub(crate) async fn answer(
    accounts: &Accounts,
    client: Client,
    request: Request<Forwarded<ClientBody>>,
) -> Result<Response<UpstreamBody>, ForwardError> {
    let (mut parts, body) = request.into_parts();
    let principal = parts.extensions.remove::<Arc<Principal>>();
    let Some(bytes) = body.bytes() else {
        let mut answer = Response::new(UpstreamBody::own(bytes::Bytes::new()));
        *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(answer);
    };
    let caller = Caller { address: client.address, principal };
    let answer = accounts.answer(Request::from_parts(parts, bytes), caller).await;
    Ok(answer.map(UpstreamBody::own))
}

/// What the upstream gets of a caller's provider.
pub(crate) enum Bearer {
    /// Nothing.
    None,
    /// This, in place of whatever stands in `Authorization`.
    Token(HeaderValue),
    /// The request does not get there: its session has ended at the provider.
    Ended,
}

/// Who calls, signed, for the upstream.
pub(crate) fn signed(
    accounts: &Accounts,
    principal: &Principal,
    audience: &str,
) -> Result<HeaderValue, ForwardError> {
    let token = accounts.service().token_for_upstream(principal, audience, now());
    let token =
        token.map_err(|error| ForwardError::Unavailable(format!("no token for the upstream: {error}")))?;
    let mut value = HeaderValue::try_from(token).map_err(|_| ForwardError::Unavailable(NO_HEADER.into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The token of a caller's provider, for the upstream.
pub(crate) async fn bearer(
    accounts: &Accounts,
    client: Client,
    principal: Option<Arc<Principal>>,
) -> Result<Bearer, ForwardError> {
    let Some(principal) = principal else { return Ok(Bearer::None) };
    let who = identity::service::Client {
        address: client.address,
        user_agent: String::new(),
        device: None,
        is_native: false,
    };
    match accounts.service().upstream_token(&principal, &who, now()).await {
        Ok(None) => Ok(Bearer::None),
        Ok(Some(UpstreamToken::Token(token))) => {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|_| ForwardError::Unavailable(NO_HEADER.into()))?;
            value.set_sensitive(true);
            Ok(Bearer::Token(value))
        }
        Ok(Some(UpstreamToken::Ended)) => Ok(Bearer::Ended),
        Ok(Some(UpstreamToken::Unavailable(why))) => Err(ForwardError::Unavailable(why)),
        Err(error) => Err(ForwardError::Unavailable(format!("the store of accounts: {error}"))),
    }
}

const NO_HEADER: &str = "the provider's token fits into no header";

/// The answer to a caller whose session has ended at his provider.
pub(crate) fn ended() -> Response<UpstreamBody> {
    let mut answer = Response::new(UpstreamBody::own(bytes::Bytes::new()));
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

/// Asks the providers what they say of themselves, so that nobody waits for that, until it is dropped.
pub(crate) async fn learn_providers(accounts: Arc<Accounts>, sinks: Arc<FanOut>) {
    const EVERY: Duration = Duration::from_secs(10 * 60);
    /// Until all of them have answered.
    const SOON: Duration = Duration::from_secs(30);
    if accounts.service().providers().next().is_none() {
        return;
    }
    let told = told(&sinks);
    let mut known = Vec::new();
    loop {
        let wrong = accounts.service().learn_providers(now()).await;
        for message in wrong.iter().filter(|message| !known.contains(*message)) {
            told(message);
        }
        tokio::time::sleep(if wrong.is_empty() { EVERY } else { SOON }).await;
        known = wrong;
    }
}

/// Learns what is revoked elsewhere, replaces keys and deletes what has expired, until it is dropped.
pub(crate) async fn keep(accounts: Arc<Accounts>, sinks: Arc<FanOut>) {
    let told = told(&sinks);
    let every = |period| {
        let mut interval = tokio::time::interval(period);
        // After a store that did not answer for a while, it is asked once.
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    };
    let (mut ask, mut keep) = (every(ASK_EVERY), every(KEEP_EVERY));
    let mut is_told = false;
    loop {
        let outcome = tokio::select! {
            _ = ask.tick() => accounts.service().learn_revocations(now()).await,
            _ = keep.tick() => accounts.service().keep_house(now()).await,
        };
        match outcome {
            Ok(()) if is_told => {
                told("the store of accounts answers again");
                is_told = false;
            }
            Err(error) if !is_told => {
                told(&format!("the store of accounts fails, so that nobody can log in or refresh: {error}"));
                is_told = true;
            }
            _ => {}
        }
    }
}

fn told(sinks: &Arc<FanOut>) -> Told {
    let sinks = Arc::clone(sinks);
    Arc::new(move |message: &str| {
        sinks.record(&Record::Notice { time: Timestamp(SystemTime::now()), message });
    })
}

/// Steps of accounts, as lines of the log.
struct Events(Arc<FanOut>);

impl AccountEvents for Events {
    fn tell(&self, event: AccountEvent) {
        self.0.record(&Record::Account(AccountStep {
            time: Timestamp(SystemTime::now()),
            door: policy::BuiltInDoor::Authentication.name(),
            rule: event.step.name(),
            verdict: if event.step.is_failure() { Verdict::Refused } else { Verdict::Reported },
            client: event.address,
            principal: event.user.as_deref(),
            message: event.reason,
        }));
    }
}

fn sender(settings: &UserService, told: &Told) -> Result<Arc<dyn Sender>, AccountsError> {
    let Some((url, from)) = &settings.mail else {
        let told = Arc::clone(told);
        return Ok(Arc::new(LogSender::new(move |mail: &str| {
            told(&format!("a mail that no server takes: {mail}"))
        })));
    };
    let from: Address = from.parse().map_err(|_| {
        AccountsError::Mail("`from` is no address; write `from = \"accounts@shop.example\"`".into())
    })?;
    let smtp = Smtp {
        url: url.expose_secret(),
        from: &from,
        from_name: &settings.site,
        timeout: MAIL_TIMEOUT,
        authorities: None,
    };
    Ok(Arc::new(SmtpSender::new(&smtp).map_err(|e| AccountsError::Mail(e.to_string()))?))
}

async fn vault(key: &MasterKey, records: &dyn Records) -> Result<Vault, AccountsError> {
    match key {
        MasterKey::Given(text) => Vault::parse(text).map_err(AccountsError::MasterKey),
        MasterKey::File(path) => {
            let failed = |error| AccountsError::KeyFile { path: path.clone(), error };
            let text = match std::fs::read_to_string(path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if KeyRing::are_kept(records, now()).await? {
                        return Err(AccountsError::KeyGone(path.clone()));
                    }
                    make_key(path).map_err(failed)?
                }
                Err(error) => return Err(failed(error)),
            };
            if std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
                return Err(AccountsError::KeyOpen(path.clone()));
            }
            Vault::parse(&text).map_err(AccountsError::MasterKey)
        }
    }
}

/// Makes a master key, which its owner alone may read. Of two who make one at the same time, both have that of the first.
fn make_key(path: &Path) -> io::Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let hex: String = random::bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    let fresh = path.parent().unwrap_or(Path::new("")).join(format!(".accounts.key.{}", random::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    writeln!(file, "{hex}")?;
    file.sync_all()?;
    // Whole or not at all, and never in place of one that is there.
    let linked = std::fs::hard_link(&fresh, path);
    std::fs::remove_file(&fresh)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => std::fs::read_to_string(path),
    }
}

fn now() -> u64 {
    store::millis(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

//! `doorward keys`: API keys of the built-in service, and the filter of breached passwords.

mod breached;

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use identity::service::{KeyView, NewKey, Service};
use policy::{Cost, Limit, LimitAlgorithm, LimitKey, Period, UserService};

use crate::commands::run::PolicyArgs;
use crate::commands::users::{now, open};
use crate::exit::{Exit, Failure};

/// Keys of one page of the list.
const PAGE: usize = 500;

#[derive(Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Issue a key for a program, and print it once; only its hash is kept.
    Issue(Issue),
    /// List the keys that were issued, with when they were last used.
    List(List),
    /// Revoke a key: it holds no longer, on every gateway within a second.
    Revoke(Revoke),
    /// Make a filter of passwords that attackers know, for `[auth.passwords] breached_file`.
    Breached(breached::Command),
}

#[derive(Args)]
struct Issue {
    #[command(flatten)]
    policy: PolicyArgs,
    /// What the key is for: "billing, nightly".
    name: String,
    /// A user of the service whose calls come with it, by address or id. His keys end when he is disabled or deleted.
    #[arg(long, value_name = "USER", conflicts_with = "subject")]
    user: Option<String>,
    /// Another name for whose calls come with it; the key itself when neither is given.
    #[arg(long)]
    subject: Option<String>,
    /// A scope; several are allowed.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// A role; several are allowed.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// How often it may be used, such as `100 per minute` or `5 per second burst 20`; several are allowed. It counts for this key
    /// alone, beside the limits of the policy.
    #[arg(long, value_name = "LIMIT", value_parser = own_limit)]
    limit: Vec<Limit>,
    /// How long it holds, such as `90d`; or `never`.
    #[arg(long, value_name = "TIME", default_value = "365d")]
    expires: String,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    policy: PolicyArgs,
    /// As JSON, one key in a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Revoke {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Its id, as `doorward keys list` shows it, or the key itself.
    key: String,
}

impl Keys {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        match self.action {
            Action::Issue(issue) => {
                with_service(&issue.policy.clone(), async |service| issue.run(service).await)
            }
            Action::List(list) => with_service(&list.policy.clone(), async |service| list.run(service).await),
            Action::Revoke(revoke) => {
                with_service(&revoke.policy.clone(), async |service| revoke.run(service).await)
            }
            Action::Breached(command) => command.run(),
        }
    }
}

/// Does something with the service of a policy that knows issued keys.
fn with_service(
    policy: &PolicyArgs,
    work: impl AsyncFnOnce(&Service) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let policy = policy::load(&policy.inputs(Vec::new())).map_err(Failure::usage)?;
    let service: Option<&UserService> = policy.auth.service.as_ref().filter(|_| policy.auth.issued_keys);
    let Some(settings) = service else {
        let help = "write `service = true`, `public_url = \"https://...\"` and `issued_keys = true` below `[auth]`; \
                    keys without a store are named by their hash: `[[auth.api_key]]`";
        return Err(Failure::usage(miette::miette!(help = help, "the policy knows no issued keys")));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build();
    runtime.map_err(Failure::could_not_run)?.block_on(async { work(&open(settings).await?).await })
}

impl Issue {
    async fn run(self, service: &Service) -> Result<Exit, Failure> {
        let expires_at = match self.expires.as_str() {
            "never" => None,
            text => {
                let Period(after) =
                    text.parse().map_err(|e| Failure::usage(miette::miette!("`--expires`: {e}")))?;
                Some(now().saturating_add(store::millis(after)))
            }
        };
        let subject = match &self.user {
            None => self.subject,
            Some(named) => {
                let known = service.find_user(named, now()).await.map_err(Failure::could_not_run)?;
                let known = known.ok_or_else(|| {
                    let help = "doorward users list";
                    Failure::usage(miette::miette!(help = help, "there is no user `{named}`"))
                })?;
                Some(known.id)
            }
        };
        let new = NewKey {
            name: self.name,
            subject,
            is_of_user: self.user.is_some(),
            scopes: self.scope,
            roles: self.role,
            limits: self
                .limit
                .into_iter()
                .map(|limit| Limit { keys: Vec::new(), ..limit }.to_string())
                .collect(),
            expires_at,
        };
        let issued = service.issue_key(new, now()).await.map_err(Failure::could_not_run)?;
        let (id, key) = issued.map_err(|why| Failure::usage(miette::miette!("{why}")))?;
        known_everywhere().await;
        // The key alone goes to standard output, so that it can be piped to where secrets are kept.
        eprintln!("doorward: the key {id}; nobody can see it again:");
        outln!("{key}");
        Ok(Exit::Success)
    }
}

impl List {
    async fn run(self, service: &Service) -> Result<Exit, Failure> {
        let mut after = String::new();
        loop {
            let page = service.keys_issued(&after, PAGE, now()).await.map_err(Failure::could_not_run)?;
            for key in &page {
                match self.json {
                    true => outln!("{}", serde_json::to_string(key).unwrap_or_default()),
                    false => outln!("{}", as_text(key)),
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = last.id.clone(),
                _ => return Ok(Exit::Success),
            }
        }
    }
}

impl Revoke {
    async fn run(self, service: &Service) -> Result<Exit, Failure> {
        match service.revoke_key(&self.key, now()).await.map_err(Failure::could_not_run)? {
            true => {
                known_everywhere().await;
                outln!("the key no longer holds");
                Ok(Exit::Success)
            }
            false => {
                let help = "doorward keys list";
                Err(Failure::usage(miette::miette!(help = help, "there is no such key")))
            }
        }
    }
}

/// A limit of one key, which says nothing of what it counts by.
fn own_limit(text: &str) -> Result<Limit, String> {
    let limit: Limit = text.parse()?;
    if limit.algorithm == LimitAlgorithm::AtOnce || !matches!(limit.cost, Cost::Fixed(_)) {
        return Err("the limit of a key is a rate, of requests that cost the same: `100 per minute`".into());
    }
    // It is what is read where nothing is said.
    match limit.keys == [LimitKey::Ip] && !text.contains(" ip") {
        true => Ok(limit),
        false => Err("the limit of a key counts for the key: leave out `by`".into()),
    }
}

/// Waits until every gateway has asked the store: what is printed then is so.
async fn known_everywhere() {
    tokio::time::sleep(Duration::from_millis(1_200)).await;
}

fn as_text(key: &KeyView) -> String {
    let mut words = vec![key.id.clone(), format!("{}…", key.hint), key.name.clone(), key.subject.clone()];
    if !key.scopes.is_empty() {
        words.push(format!("scopes {}", key.scopes.join(",")));
    }
    if !key.roles.is_empty() {
        words.push(format!("roles {}", key.roles.join(",")));
    }
    words.extend(key.limits.iter().cloned());
    words.push(match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if at <= now() => format!("expired {}", day(at)),
        (None, Some(at)) => format!("expires {}", day(at)),
        (None, None) => "never expires".to_owned(),
    });
    words.push(
        key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", day(at))),
    );
    words.join("  ")
}

/// A time to the minute, UTC.
fn day(at: u64) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(at);
    let text = humantime::format_rfc3339_seconds(time).to_string();
    text.chars().take("2026-01-01T00:00".len()).collect::<String>() + "Z"
}

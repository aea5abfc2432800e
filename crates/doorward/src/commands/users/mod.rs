//! `doorward users`: the users of the built-in service, from the command line, also while a gateway runs.

mod import;

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use identity::secrets::Password;
use identity::service::{AccountEvent, AccountEvents, Email, KnownUser, NewSecret, NewUser, Service, UserId};
use policy::UserService;

use crate::commands::run::PolicyArgs;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Users {
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a user, and print a link with which he sets his password; or take a password from standard input.
    Add(Add),
    /// List users.
    List(List),
    /// Say which roles a user has, in place of those that he had; his groups likewise.
    Set(Set),
    /// Let a user in no more, and end his sessions.
    Disable(One),
    /// Let a user in again.
    Enable(One),
    /// End all sessions of a user.
    LogOut(One),
    /// Revoke every access token that was issued until now, whoever's it is. Sessions go on.
    RevokeTokens,
    /// Revoke one access token, by the claim `jti` in it.
    RevokeToken(Token),
    /// Print a link with which a user sets a new password.
    Reset(Reset),
    /// Write a copy of the whole store to a new file, also while a gateway runs.
    Backup(Backup),
    /// Print all that is kept of a user, as JSON, without what is secret.
    Export(One),
    /// Delete a user and all that is kept of him.
    Delete(One),
    /// Make users from a file: CSV with a header, or lines of JSON, with their hashes from elsewhere.
    Import(Import),
}

#[derive(Args)]
struct Add {
    /// His address.
    email: String,
    /// His id in your API, which its objects name as their owner. Without this he gets a random one.
    #[arg(long, value_parser = |text: &str| UserId::parse(text))]
    id: Option<UserId>,
    /// What he is called.
    #[arg(long)]
    name: Option<String>,
    /// A role; several are allowed.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// A group; several are allowed.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Read his password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args)]
struct List {
    /// As JSON, one user in a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Set {
    /// His address, or his id.
    user: String,
    /// A role; several are allowed. Without this his roles stay.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// He has no role.
    #[arg(long, conflicts_with = "role")]
    no_roles: bool,
    /// A group; several are allowed. Without this his groups stay.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// He is in no group.
    #[arg(long, conflicts_with = "group")]
    no_groups: bool,
}

#[derive(Args)]
struct One {
    /// His address, or his id.
    user: String,
}

#[derive(Args)]
struct Backup {
    /// The new file.
    file: PathBuf,
}

#[derive(Args)]
struct Token {
    /// Its `jti`.
    jti: String,
}

#[derive(Args)]
struct Reset {
    /// His address, or his id.
    user: String,
    /// Take away his second factor and his passkeys, which he has lost, instead: he logs in by his password alone until he
    /// sets up others.
    #[arg(long)]
    second_factor: bool,
}

#[derive(Args)]
struct Import {
    /// The file. Columns, or members: email, name, password_hash, roles, groups; lists in CSV are parted by semicolons.
    file: PathBuf,
}

/// Who does it stands in front of the terminal: nothing is told to a log.
struct Untold;

impl AccountEvents for Untold {
    fn tell(&self, _: AccountEvent) {}
}

impl Users {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let policy = policy::load(&self.policy.inputs(Vec::new())).map_err(Failure::usage)?;
        let Some(settings) = &policy.auth.service else {
            let help = "write `service = true` and `public_url = \"https://...\"` below `[auth]`";
            return Err(Failure::usage(miette::miette!(
                help = help,
                "the policy has no built-in user service"
            )));
        };
        let makes = matches!(self.action, Action::Add(_) | Action::Import(_));
        if let policy::StorePlace::File(file) = &settings.place
            && !makes
            && !file.exists()
        {
            let help = "doorward users add ADDRESS, or start the gateway, makes it";
            let why = miette::miette!(help = help, "there are no users yet: no file {}", file.display());
            return Err(Failure::usage(why));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build();
        let runtime = runtime.map_err(Failure::could_not_run)?;
        runtime.block_on(async {
            let service = open(settings).await?;
            let desk = Desk { service, settings, roles: policy.roles(), now: now() };
            desk.act(self.action).await
        })
    }
}

/// Opens the service, also while a gateway runs on its store.
pub(super) async fn open(settings: &UserService) -> Result<Service, Failure> {
    let told = Arc::new(|message: &str| eprintln!("doorward: {message}"));
    gateway::open_service(settings, Box::new(Untold), told).await.map_err(Failure::could_not_run)
}

struct Desk<'p> {
    service: Service,
    settings: &'p UserService,
    /// The roles that the policy speaks of.
    roles: std::collections::BTreeSet<String>,
    now: u64,
}

impl Desk<'_> {
    async fn act(&self, action: Action) -> Result<Exit, Failure> {
        match action {
            Action::Add(add) => self.add(add).await,
            Action::List(list) => self.list(list).await,
            Action::Set(set) => self.set(set).await,
            Action::Backup(backup) => {
                guard::backup_records(&self.settings.place, &backup.file).map_err(Failure::could_not_run)?;
                outln!("{} has all users, sessions and keys", backup.file.display());
                if let policy::MasterKey::File(key) = &self.settings.master_key {
                    outln!(
                        "it is worth nothing without {}: keep a copy of that in another place",
                        key.display()
                    );
                }
                Ok(Exit::Success)
            }
            Action::Disable(one) => self.change(&one.user, "disabled", |user| user.is_disabled = true).await,
            Action::Enable(one) => self.change(&one.user, "enabled", |user| user.is_disabled = false).await,
            Action::LogOut(one) => {
                let user = self.find(&one.user).await?;
                let client = operator();
                self.service
                    .log_out_everywhere(&user.id, &client, self.now)
                    .await
                    .map_err(Failure::could_not_run)?;
                outln!("{} is logged out everywhere", user.user.email);
                Ok(Exit::Success)
            }
            Action::RevokeTokens => {
                self.service.revoke_all_tokens(self.now).await.map_err(Failure::could_not_run)?;
                outln!("no access token of before holds; sessions get new ones");
                Ok(Exit::Success)
            }
            Action::RevokeToken(token) => {
                self.service.revoke_token(&token.jti, self.now).await.map_err(Failure::could_not_run)?;
                outln!("the token {} no longer holds", token.jti);
                Ok(Exit::Success)
            }
            Action::Reset(reset) if reset.second_factor => {
                let user = self.find(&reset.user).await?;
                self.service.reset_second_factor(&user.id, self.now).await.map_err(Failure::could_not_run)?;
                // What was begun with it ends, too.
                let ended = self.service.log_out_everywhere(&user.id, &operator(), self.now).await;
                ended.map_err(Failure::could_not_run)?;
                outln!("{} is logged out everywhere; a password alone logs in now", user.user.email);
                Ok(Exit::Success)
            }
            Action::Reset(reset) => {
                let user = self.find(&reset.user).await?;
                self.link(&user.user.email).await
            }
            Action::Export(one) => {
                let user = self.find(&one.user).await?;
                let kept =
                    self.service.export_user(&user.id, self.now).await.map_err(Failure::could_not_run)?;
                let kept = kept.unwrap_or_default();
                outln!("{}", serde_json::to_string_pretty(&kept).unwrap_or_default());
                Ok(Exit::Success)
            }
            Action::Delete(one) => {
                let user = self.find(&one.user).await?;
                self.service.delete_user(&user.id, self.now).await.map_err(Failure::could_not_run)?;
                outln!("{} is deleted, with all that was kept", user.user.email);
                Ok(Exit::Success)
            }
            Action::Import(import) => self.import(&import.file).await,
        }
    }

    async fn add(&self, add: Add) -> Result<Exit, Failure> {
        let email =
            Email::parse(&add.email).map_err(|e| Failure::usage(miette::miette!("{}: {e}", add.email)))?;
        let secret = match add.password_stdin {
            true => NewSecret::Password(from_stdin()?),
            false => NewSecret::None,
        };
        self.warn_of_roles(&add.role);
        let is_open = matches!(secret, NewSecret::None);
        let address = email.as_str().to_owned();
        let new = NewUser { id: add.id, email, name: add.name, secret, roles: add.role, groups: add.group };
        match self.service.add_user(new, self.now).await.map_err(Failure::could_not_run)? {
            Ok(id) => outln!("{address} is a user now: {id}"),
            Err(why) => return Err(Failure::usage(miette::miette!("{address}: {why}"))),
        }
        if is_open { self.link(&address).await } else { Ok(Exit::Success) }
    }

    /// A link with which somebody sets a password, as the mail of the service has it.
    async fn link(&self, email: &str) -> Result<Exit, Failure> {
        let parsed = Email::parse(email).map_err(Failure::could_not_run)?;
        let link = self
            .service
            .ask_reset(&parsed, &operator(), self.now)
            .await
            .map_err(Failure::could_not_run)?
            .ok_or_else(|| {
                Failure::could_not_run("too many links were made for this user; wait a quarter of an hour")
            })?;
        let UserService { public_url, path, .. } = self.settings;
        outln!("this link sets a password; it works once, for 30 minutes:");
        outln!("{public_url}{path}/reset/password?token={}", link.token);
        Ok(Exit::Success)
    }

    async fn list(&self, list: List) -> Result<Exit, Failure> {
        const PAGE: usize = 500;
        let mut after = String::new();
        loop {
            let page = self.service.users(&after, PAGE, self.now).await.map_err(Failure::could_not_run)?;
            for user in &page {
                outln!("{}", if list.json { as_json(user) } else { as_text(user) });
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = last.id.clone(),
                _ => return Ok(Exit::Success),
            }
        }
    }

    async fn set(&self, set: Set) -> Result<Exit, Failure> {
        let roles = (!set.role.is_empty() || set.no_roles).then_some(set.role);
        let groups = (!set.group.is_empty() || set.no_groups).then_some(set.group);
        if roles.is_none() && groups.is_none() {
            let help = "`--role ROLE`, `--group GROUP`, `--no-roles` or `--no-groups`";
            return Err(Failure::usage(miette::miette!(help = help, "nothing is said that should change")));
        }
        self.warn_of_roles(roles.as_deref().unwrap_or_default());
        let change = |user: &mut identity::service::User| {
            if let Some(roles) = &roles {
                user.roles.clone_from(roles);
            }
            if let Some(groups) = &groups {
                user.groups.clone_from(groups);
            }
        };
        let user = self.find(&set.user).await?;
        let what = "roles and groups set";
        self.service.change_user(&user.id, what, change, self.now).await.map_err(Failure::could_not_run)?;
        outln!("{}", as_text(&self.find(&user.id).await?));
        Ok(Exit::Success)
    }

    /// A role that the policy says nothing of is a slip of the pen, or one that the API knows.
    fn warn_of_roles(&self, roles: &[String]) {
        for role in roles.iter().filter(|role| !self.roles.is_empty() && !self.roles.contains(*role)) {
            eprintln!(
                "doorward: note: the policy says nothing of a role `{role}` ([auth.roles], `roles` of routes)"
            );
        }
    }

    async fn change(
        &self,
        named: &str,
        what: &'static str,
        change: impl Fn(&mut identity::service::User),
    ) -> Result<Exit, Failure> {
        let user = self.find(named).await?;
        self.service.change_user(&user.id, what, change, self.now).await.map_err(Failure::could_not_run)?;
        outln!("{}: {what}", user.user.email);
        Ok(Exit::Success)
    }

    async fn find(&self, named: &str) -> Result<KnownUser, Failure> {
        let found = self.service.find_user(named, self.now).await.map_err(Failure::could_not_run)?;
        found.ok_or_else(|| {
            let help = "doorward users list";
            Failure::usage(miette::miette!(help = help, "there is no user `{named}`"))
        })
    }
}

fn as_json(user: &KnownUser) -> String {
    let KnownUser { id, user, .. } = user;
    serde_json::json!({
        "id": id,
        "email": user.email,
        "name": user.name,
        "roles": user.roles,
        "groups": user.groups,
        "is_verified": user.is_verified,
        "is_disabled": user.is_disabled,
        "second_factor": user.has_second_factor(),
        "created_at": user.created_at / 1000,
        "last_login_at": user.last_login_at.map(|at| at / 1000),
    })
    .to_string()
}

fn as_text(user: &KnownUser) -> String {
    let KnownUser { id, user, .. } = user;
    let mut words = vec![id.clone(), user.email.clone()];
    if !user.roles.is_empty() {
        words.push(format!("roles {}", user.roles.join(",")));
    }
    if !user.groups.is_empty() {
        words.push(format!("groups {}", user.groups.join(",")));
    }
    let marks = [
        (!user.is_verified, "address not verified"),
        (user.is_disabled, "disabled"),
        (user.has_second_factor(), "second factor"),
    ];
    words.extend(marks.iter().filter(|(is, _)| *is).map(|(_, mark)| (*mark).to_owned()));
    words.join("  ")
}

fn from_stdin() -> Result<Password, Failure> {
    if std::io::stdin().is_terminal() {
        eprintln!("doorward: type the password and Enter; it is shown as you type (a pipe is better)");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::could_not_run)?;
    let typed = line.trim_end_matches(['\n', '\r']);
    Password::parse(typed).map_err(|e| Failure::usage(miette::miette!("{e}")))
}

/// Whoever does this here is no client.
fn operator() -> identity::service::Client {
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    identity::service::Client { address, user_agent: "doorward users".into(), device: None, is_native: false }
}

pub(super) fn now() -> u64 {
    store::millis(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

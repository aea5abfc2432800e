//! Whose account somebody is who comes back from a provider: the one that has linked him, or a new one. An account that has his
//! address already is not his for that: its owner logs in there first, and links the provider.

use store::Millis;
use store::records::Committed;

use super::identities::{Identity, KIND, MAX};
use crate::secrets::random;
use crate::service::base::Service;
use crate::service::client::Client;
use crate::service::error::ServiceError;
use crate::service::events::Step;
use crate::service::login::LogIn;
use crate::service::provider::discovery::Known;
use crate::service::provider::id_token::Person;
use crate::service::provider::kept::FromProvider;
use crate::service::registration::new_user;
use crate::service::sessions::Method;
use crate::service::users::{Email, KnownUser, User, by_email, by_id};

/// What becomes of somebody who comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderLogIn {
    /// He logs in, or his account has a second factor of its own, which is asked for.
    LogIn(LogIn),
    /// The identity is linked to the account that he is logged in to.
    Linked,
}

/// Why he does not get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotEntered {
    /// Nobody waits for him here: the log in was used, is too old, or was begun elsewhere.
    Stale,
    /// The provider has not let him in, or he has changed his mind.
    Denied,
    /// The provider does not answer.
    Unavailable(String),
    /// What the provider says does not hold.
    Failed(String),
    /// Nobody has linked him, and no account is made for him.
    NoAccount,
    /// The provider says no address of his, or not that it is verified.
    NoAddress,
    /// An account has his address, and has not linked him.
    AddressTaken,
    /// Another account has linked him.
    LinkedElsewhere,
    /// His account is disabled.
    Disabled,
}

impl Service {
    pub(super) async fn enter(
        &self,
        known: &Known,
        person: Person,
        from: FromProvider,
        client: &Client,
        now: Millis,
    ) -> Result<Result<ProviderLogIn, NotEntered>, ServiceError> {
        let issuer = &known.settings.issuer;
        let user = match self.user_of(issuer, &person.subject, now).await? {
            Some(user) => user,
            None => match self.first_time(known, &person, client, now).await? {
                Ok(user) => user,
                Err(why) => {
                    self.tell(Step::ProviderRefused, None, client, why.reason());
                    return Ok(Err(why));
                }
            },
        };
        if user.user.is_disabled {
            self.tell(Step::ProviderRefused, Some(&user.id), client, NotEntered::Disabled.reason());
            return Ok(Err(NotEntered::Disabled));
        }
        let has_shown_more = person.has_shown_more(&known.settings);
        let methods: &[Method] = if has_shown_more { &[Method::Mfa] } else { &[] };
        let outcome = match user.user.has_second_factor() && !has_shown_more {
            // A provider that asks for less than the account's owner does lets nobody in.
            true => self.ask_second_factor(user, Vec::new(), Some(from), now).await?,
            false => self.let_in_from(user, methods, Some(from), client, now).await?,
        };
        Ok(Ok(ProviderLogIn::LogIn(outcome)))
    }

    /// The account that is made for somebody who comes for the first time.
    async fn first_time(
        &self,
        known: &Known,
        person: &Person,
        client: &Client,
        now: Millis,
    ) -> Result<Result<KnownUser, NotEntered>, ServiceError> {
        let settings = &known.settings;
        let email = person.email.as_deref().filter(|_| person.is_verified);
        let email = email.and_then(|email| Email::parse(email).ok());
        // Whoever has an account is told how to use it, whether or not others get one.
        if let Some(email) = &email
            && by_email(&*self.records, email, now).await?.is_some()
        {
            return Ok(Err(NotEntered::AddressTaken));
        }
        if !settings.create {
            return Ok(Err(NotEntered::NoAccount));
        }
        let Some(email) = email else { return Ok(Err(NotEntered::NoAddress)) };
        let domain = email.folded().rsplit_once('@').map_or("", |(_, domain)| domain);
        if !settings.domains.is_empty() && !settings.domains.iter().any(|allowed| allowed == domain) {
            return Ok(Err(NotEntered::NoAccount));
        }
        let id = random::id();
        let user = User {
            email: email.as_str().to_owned(),
            is_verified: true,
            name: person.name.clone(),
            created_at: now,
            ..User::default()
        };
        let mut writes = new_user(&id, &user, &email)?;
        writes.push(identity(known, person, &id, now).write()?);
        if self.records.commit(writes, now).await? == Committed::Conflict {
            // He has come twice at the same moment, or somebody has registered with his address.
            let linked = self.user_of(&settings.issuer, &person.subject, now).await?;
            return Ok(linked.ok_or(NotEntered::AddressTaken));
        }
        self.tell(Step::Registered, Some(&id), client, "provider");
        Ok(by_id(&*self.records, &id, now).await?.ok_or(NotEntered::NoAccount))
    }

    /// Links an identity to the account of whoever is logged in.
    pub(super) async fn link(
        &self,
        known: &Known,
        person: Person,
        (user, session): (&str, &str),
        client: &Client,
        now: Millis,
    ) -> Result<Result<ProviderLogIn, NotEntered>, ServiceError> {
        let refused = |why: NotEntered| {
            self.tell(Step::ProviderRefused, Some(user), client, why.reason());
            Ok(Err(why))
        };
        // A session that has ended meanwhile links nothing.
        let holds = self.records.get(crate::service::sessions::SESSION, session, now).await?.is_some();
        let account = by_id(&*self.records, user, now).await?;
        let Some(account) = account.filter(|account| holds && !account.user.is_disabled) else {
            return refused(NotEntered::Stale);
        };
        match self.user_of(&known.settings.issuer, &person.subject, now).await? {
            Some(owner) if owner.id == user => return Ok(Ok(ProviderLogIn::Linked)),
            Some(_) => return refused(NotEntered::LinkedElsewhere),
            None => {}
        }
        if self.records.owned(KIND, user, MAX, now).await?.len() >= MAX {
            return refused(NotEntered::Failed("too many identities are linked".into()));
        }
        let writes = vec![identity(known, &person, user, now).write()?, account.write()?];
        if self.records.commit(writes, now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        self.tell(Step::ProviderLinked, Some(user), client, "");
        Ok(Ok(ProviderLogIn::Linked))
    }
}

impl NotEntered {
    /// As an event says it.
    const fn reason(&self) -> &'static str {
        match self {
            NotEntered::Stale => "a log in that was used, is too old, or was begun elsewhere",
            NotEntered::Denied => "the provider has not let him in",
            NotEntered::Unavailable(_) => "the provider does not answer",
            NotEntered::Failed(_) => "what the provider says does not hold",
            NotEntered::NoAccount => "no account, and none is made ([[auth.provider]] create, domains)",
            NotEntered::NoAddress => "no verified address ([[auth.provider]] scopes, trust_email)",
            NotEntered::AddressTaken => "the address has an account that has not linked the provider",
            NotEntered::LinkedElsewhere => "linked to another account",
            NotEntered::Disabled => "the account is disabled",
        }
    }
}

fn identity(known: &Known, person: &Person, user: &str, now: Millis) -> Identity {
    Identity {
        user: user.to_owned(),
        provider: known.settings.name.clone(),
        issuer: known.settings.issuer.clone(),
        subject: person.subject.clone(),
        email: person.email.clone().filter(|email| email.len() <= 254),
        linked_at: now,
    }
}

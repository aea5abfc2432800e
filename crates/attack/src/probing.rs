//! What an attack is, and what it works with.

use futures_util::future::BoxFuture;
use report::Transcript;
use serde_json::Value;

use crate::client::{ClientError, HttpClient};
use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::need::Need;
use crate::options::Options;
use crate::probe::{Answer, Probe};
use crate::surface::{Endpoint, Surface};
use crate::verdict::Verdict;

/// An attack.
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// The door that it tries.
    pub door: GuideDoor,
    /// Who can shut the door against it.
    pub shut_by: ShutBy,
    /// The question that the attacker asks.
    pub thought: &'static str,
    /// What it needs before it can be tried.
    pub needs: &'static [Need],
    pub(crate) run: for<'p> fn(Probing<'p>) -> BoxFuture<'p, Result<Verdict, AttackError>>,
}

impl Attack {
    /// Checks the needs, then runs.
    pub(crate) async fn verdict(&self, probing: Probing<'_>) -> Verdict {
        if let Some(need) = self.needs.iter().find(|need| !probing.meets(**need)) {
            return Verdict::not_applicable(need.reason());
        }
        match (self.run)(probing).await {
            Ok(verdict) => verdict,
            Err(AttackError::Unmet(need)) => Verdict::not_applicable(need.reason()),
            // An API that does not answer is not a door that is shut.
            Err(AttackError::NoAnswer(error)) => Verdict::failed(error.to_string()),
        }
    }
}

/// Why an attack has no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttackError {
    #[error("{}", .0.reason())]
    Unmet(Need),
    #[error(transparent)]
    NoAnswer(#[from] ClientError),
}

/// What an attack works with. The accessors answer with [`AttackError::Unmet`] where a need is not met.
#[derive(Clone, Copy)]
pub(crate) struct Probing<'p> {
    pub(crate) client: &'p HttpClient,
    pub(crate) surface: &'p Surface,
    pub(crate) options: &'p Options,
}

impl<'p> Probing<'p> {
    /// Sends a probe.
    pub(crate) async fn send(self, probe: &Probe) -> Result<(Answer, Transcript), ClientError> {
        self.client.send(probe).await
    }

    /// Whether a need is met.
    pub(crate) fn meets(self, need: Need) -> bool {
        match need {
            Need::Destructive => self.options.destructive,
            Need::Identity => self.victim().is_ok(),
            Need::TwoIdentities => self.attacker().is_ok(),
            Need::VictimToken => self.victim_token().is_ok(),
            Need::VictimSubject => self.victim_subject().is_ok(),
            Need::AttackerSubject => self.attacker_subject().is_ok(),
            Need::VictimJwt => self.victim_jwt().is_ok(),
            Need::Jwt => self.jwt().is_ok(),
            Need::LoginOperation => self.login().is_ok(),
            Need::LoginCredentials => self.credentials().is_ok(),
            Need::RefreshOperation => self.surface.refresh().is_some(),
            Need::LogoutOperation => self.surface.logout().is_some(),
            Need::RegisterOperation => self.surface.register().is_some(),
            Need::SecuredRead => self.secured_read().is_ok(),
            Need::TextQuery => self.text_queries().next().is_some(),
            Need::PageQuery => self.page_queries().next().is_some(),
            Need::Page => self.surface.pages().next().is_some(),
            Need::ObjectRead => self.surface.objects().next().is_some(),
            Need::GraphQl => self.graphql().is_ok(),
        }
    }

    /// The account whose data is the target.
    pub(crate) fn victim(self) -> Result<&'p Identity, AttackError> {
        self.options.identities.first().ok_or(AttackError::Unmet(Need::Identity))
    }

    /// The account that attacks.
    pub(crate) fn attacker(self) -> Result<&'p Identity, AttackError> {
        self.options.identities.get(1).ok_or(AttackError::Unmet(Need::TwoIdentities))
    }

    /// Victim and attacker.
    pub(crate) fn accounts(self) -> Result<(&'p Identity, &'p Identity), AttackError> {
        Ok((self.victim()?, self.attacker()?))
    }

    /// The victim's bearer token.
    pub(crate) fn victim_token(self) -> Result<&'p str, AttackError> {
        self.victim()?.token().ok_or(AttackError::Unmet(Need::VictimToken))
    }

    /// The victim's subject.
    pub(crate) fn victim_subject(self) -> Result<String, AttackError> {
        self.victim()?.subject().ok_or(AttackError::Unmet(Need::VictimSubject))
    }

    /// The attacker's subject.
    pub(crate) fn attacker_subject(self) -> Result<String, AttackError> {
        self.attacker()?.subject().ok_or(AttackError::Unmet(Need::AttackerSubject))
    }

    /// The victim's token with its claims.
    pub(crate) fn victim_jwt(self) -> Result<(&'p str, Value), AttackError> {
        jwt(self.victim()?).ok_or(AttackError::Unmet(Need::VictimJwt))
    }

    /// The attacker's token with its claims; the victim's when there is only one account.
    pub(crate) fn jwt(self) -> Result<(&'p str, Value), AttackError> {
        self.attacker().or(self.victim()).ok().and_then(jwt).ok_or(AttackError::Unmet(Need::Jwt))
    }

    /// Adds the attacker's credentials; the victim's when there is only one account, none when there is none.
    pub(crate) fn authenticated(self, probe: Probe) -> Probe {
        match self.attacker().or(self.victim()) {
            Ok(identity) => probe.by(identity),
            Err(_) => probe,
        }
    }

    /// The operation that logs in.
    pub(crate) fn login(self) -> Result<&'p Endpoint, AttackError> {
        self.surface.login().ok_or(AttackError::Unmet(Need::LoginOperation))
    }

    /// The operation that logs in, with a valid name and password.
    pub(crate) fn credentials(self) -> Result<(&'p Endpoint, &'p str, &'p str), AttackError> {
        match (self.surface.login(), &self.options.login) {
            (Some(login), Some((name, password))) => Ok((login, name, password)),
            _ => Err(AttackError::Unmet(Need::LoginCredentials)),
        }
    }

    /// The operation that renews a session.
    pub(crate) fn refresh(self) -> Result<&'p Endpoint, AttackError> {
        self.surface.refresh().ok_or(AttackError::Unmet(Need::RefreshOperation))
    }

    /// The operation that logs out.
    pub(crate) fn logout(self) -> Result<&'p Endpoint, AttackError> {
        self.surface.logout().ok_or(AttackError::Unmet(Need::LogoutOperation))
    }

    /// The operation that makes an account.
    pub(crate) fn register(self) -> Result<&'p Endpoint, AttackError> {
        self.surface.register().ok_or(AttackError::Unmet(Need::RegisterOperation))
    }

    /// A read that requires an identity.
    pub(crate) fn secured_read(self) -> Result<&'p Endpoint, AttackError> {
        self.surface.secured_read().ok_or(AttackError::Unmet(Need::SecuredRead))
    }

    /// That read, with the credentials of [`Probing::authenticated`].
    pub(crate) fn read(self) -> Result<Probe, AttackError> {
        Ok(self.authenticated(Probe::get(self.secured_read()?.path.clone())))
    }

    /// A read with one query parameter, with the same credentials.
    pub(crate) fn query(self, endpoint: &Endpoint, name: &str, value: &str) -> Probe {
        self.authenticated(Probe::query(&endpoint.path, name, value))
    }

    /// Where GraphQL is served.
    pub(crate) fn graphql(self) -> Result<&'p Endpoint, AttackError> {
        self.surface.graphql().ok_or(AttackError::Unmet(Need::GraphQl))
    }

    /// Operations that take text in their query and do not return a page, with the parameter.
    pub(crate) fn text_queries(self) -> impl Iterator<Item = (&'p Endpoint, &'p str)> {
        self.surface.queries().filter(|(endpoint, _)| !endpoint.html)
    }

    /// Pages that take text in their query, with the parameter.
    pub(crate) fn page_queries(self) -> impl Iterator<Item = (&'p Endpoint, &'p str)> {
        self.surface.queries().filter(|(endpoint, _)| endpoint.html)
    }
}

fn jwt(identity: &Identity) -> Option<(&str, Value)> {
    Some((identity.token()?, identity.claims()?))
}

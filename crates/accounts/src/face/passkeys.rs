//! Passkeys: JSON for the script of the pages, or for the script of an application, and the list of the account.

use http::StatusCode;
use identity::secrets::Password;
use identity::service::{Ceremony, LogIn, NoPasskey, PasskeyView, ServiceError};
use serde_json::{Value, json};

use super::Visit;
use super::answer::{Adding, Answer, done, json, problem};
use super::cookies::WAITING;
use super::request::Wants;
use crate::mail::FactorChange;
use crate::pages::paths;
use crate::texts::{Notice, Problem};

/// What all that the script asks for begins with.
pub(super) const BELOW: &str = "/passkeys/";

impl Visit<'_> {
    pub(super) async fn passkeys(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let passkeys = self.accounts.service.passkeys(user, self.now).await?;
        let one = |one: &PasskeyView| {
            json!({
                "id": one.id,
                "name": one.name,
                "created_at": one.created_at / 1000,
                "last_used_at": one.last_used_at.map(|used| used / 1000),
            })
        };
        Ok(json(StatusCode::OK, &json!({ "passkeys": passkeys.iter().map(one).collect::<Vec<_>>() })))
    }

    pub(super) async fn name_passkey(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let (passkey, name) = (self.asked.field("passkey"), self.asked.field("name"));
        Ok(match self.accounts.service.name_passkey(user, passkey, name, self.now).await? {
            true => done(),
            false => self.refused(StatusCode::NOT_FOUND, Problem::NotFound),
        })
    }

    pub(super) async fn remove_passkey(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let (service, passkey) = (&self.accounts.service, self.asked.field("passkey"));
        let removed = service.remove_passkey(user, passkey, &self.asked.client, self.now).await?;
        if let Some(whom) = &removed {
            self.mail_factor(whom, FactorChange::PasskeyRemoved);
        }
        Ok(match (self.asked.wants, removed.is_some()) {
            (Wants::Page, _) => self.back_with(Notice::PasskeyRemoved),
            (Wants::Json, true) => done(),
            (Wants::Json, false) => self.refused(StatusCode::NOT_FOUND, Problem::NotFound),
        })
    }

    pub(super) async fn begin_passkey(&self) -> Result<Answer, ServiceError> {
        let Some(who) = self.user() else { return Ok(self.log_in_first()) };
        let password = match self.asked.field("current_password") {
            "" => None,
            typed => match Password::parse(typed) {
                Ok(password) => Some(password),
                Err(_) => return Ok(self.no_passkey(NoPasskey::Password)),
            },
        };
        let service = &self.accounts.service;
        let begun = service.begin_passkey(who, password.as_ref(), &self.asked.client, self.now).await?;
        Ok(begun.map_or_else(|why| self.no_passkey(why), begun_with))
    }

    pub(super) async fn add_passkey(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let (token, client) = (self.asked.field("ceremony"), &self.asked.client);
        let sent = (self.asked.field("name"), self.asked.field("credential"));
        Ok(match self.accounts.service.add_passkey(user, token, sent, client, self.now).await? {
            Ok(whom) => {
                self.mail_factor(&whom, FactorChange::PasskeyAdded);
                let back = format!("{}?notice={}", self.at(paths::ACCOUNT), Notice::PasskeyAdded.code());
                json(StatusCode::OK, &json!({ "location": back }))
            }
            Err(why) => self.no_passkey(why),
        })
    }

    fn no_passkey(&self, why: NoPasskey) -> Answer {
        let (status, problem) = match why {
            NoPasskey::NotHere => (StatusCode::NOT_FOUND, Problem::NotFound),
            NoPasskey::Password => (StatusCode::UNPROCESSABLE_ENTITY, Problem::WrongPassword),
            NoPasskey::Locked(_) => (StatusCode::TOO_MANY_REQUESTS, Problem::TooManyTries),
            NoPasskey::LogInAnew => (StatusCode::UNAUTHORIZED, Problem::LogInAnew),
            NoPasskey::TooMany => (StatusCode::UNPROCESSABLE_ENTITY, Problem::PasskeysTooMany),
            NoPasskey::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, Problem::PasskeyFailed),
        };
        let answer = self.told(status, problem);
        match why {
            NoPasskey::Locked(wait) => answer.and_wait(wait),
            _ => answer,
        }
    }

    /// A problem for the script, whatever else the browser takes.
    fn told(&self, status: StatusCode, why: Problem) -> Answer {
        problem(status, why.code(), why.text(self.texts))
    }

    pub(super) async fn begin_passkey_log_in(&self) -> Result<Answer, ServiceError> {
        let begun = self.accounts.service.begin_passkey_log_in(self.now).await?;
        Ok(begun.map_or_else(|| self.told(StatusCode::NOT_FOUND, Problem::NotFound), begun_with))
    }

    pub(super) async fn passkey_log_in(&self) -> Result<Answer, ServiceError> {
        let (token, credential) = (self.asked.field("ceremony"), self.asked.field("credential"));
        let service = &self.accounts.service;
        let outcome = service.passkey_log_in(token, credential, &self.asked.client, self.now).await?;
        self.in_by_passkey(outcome).await
    }

    pub(super) async fn begin_passkey_step(&self) -> Result<Answer, ServiceError> {
        let begun = self.accounts.service.begin_passkey_step(self.waiting(), self.now).await?;
        Ok(begun.map_or_else(|| self.told(StatusCode::UNAUTHORIZED, Problem::PasskeyFailed), begun_with))
    }

    pub(super) async fn passkey_step(&self) -> Result<Answer, ServiceError> {
        let (token, credential) = (self.asked.field("ceremony"), self.asked.field("credential"));
        let (service, client) = (&self.accounts.service, &self.asked.client);
        let outcome = service.passkey_step(self.waiting(), token, credential, client, self.now).await?;
        self.in_by_passkey(outcome).await
    }

    /// The log in that waits for its second factor.
    fn waiting(&self) -> &str {
        match self.asked.field("log_in") {
            "" => self.asked.cookie(WAITING).unwrap_or_default(),
            token => token,
        }
    }

    async fn in_by_passkey(&self, outcome: LogIn) -> Result<Answer, ServiceError> {
        match outcome {
            LogIn::In { tokens, device } => self.let_user_in(&tokens, &device).await,
            _ => Ok(self.told(StatusCode::UNAUTHORIZED, Problem::PasskeyFailed)),
        }
    }
}

/// The first half of a ceremony, for the browser.
fn begun_with(begun: Ceremony) -> Answer {
    let mut value = begun.options;
    if let Some(members) = value.as_object_mut() {
        members.insert("ceremony".to_owned(), Value::String(begun.token));
    }
    json(StatusCode::OK, &value)
}

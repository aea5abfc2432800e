//! The account of whoever is logged in: sessions, password, second factor.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use identity::secrets::Password;
use identity::service::{NotChanged, NotEnrolled, PasskeyView, ServiceError, SessionView, Step};
use serde_json::json;

use super::Visit;
use super::answer::{Answer, done, go_to, json, page};
use super::request::Wants;
use super::telling::Bad;
use crate::device::named;
use crate::mail::FactorChange;
use crate::pages::{self, Linked, Providers, Session, TwoStep, paths};
use crate::texts::{Notice, Problem};

impl Visit<'_> {
    pub(super) async fn account(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        if self.asked.wants == Wants::Page {
            return self.account_with(StatusCode::OK, &Bad::default(), &Bad::default()).await;
        }
        let Some(known) = self.accounts.service.find_user(user, self.now).await? else {
            return Ok(self.log_in_first());
        };
        let user = &known.user;
        Ok(json(
            StatusCode::OK,
            &json!({
                "id": known.id,
                "email": user.email,
                "name": user.name,
                "roles": user.roles,
                "groups": user.groups,
                "second_factor": user.has_second_factor(),
                "recovery_codes_left": user.recovery_codes_left(),
                "identities": self.accounts.service.identities(&known.id, self.now).await?,
            }),
        ))
    }

    /// The page, with what was wrong with the form for the password, and with that for the second factor.
    async fn account_with(
        &self,
        status: StatusCode,
        password: &Bad,
        second: &Bad,
    ) -> Result<Answer, ServiceError> {
        let Some((id, session)) = self.user() else { return Ok(self.log_in_first()) };
        let service = &self.accounts.service;
        let Some(known) = service.find_user(id, self.now).await? else { return Ok(self.log_in_first()) };
        let sessions = service.sessions(id, self.now).await?;
        let device =
            |one: &SessionView| named(&one.user_agent, self.texts).unwrap_or_else(|| one.user_agent.clone());
        let shown: Vec<(String, String)> =
            sessions.iter().map(|one| (one.address.to_string(), device(one))).collect();
        let sessions: Vec<Session<'_>> = sessions
            .iter()
            .zip(&shown)
            .map(|(one, (address, device))| Session {
                id: &one.id,
                device,
                address,
                created: time(one.created_at),
                last_used: time(one.last_used_at),
                current: one.id == session,
            })
            .collect();
        let kept = service.passkeys(id, self.now).await?;
        let passkeys: Vec<pages::Passkey<'_>> = kept.iter().map(passkey).collect();
        let user = &known.user;
        let (providers, identities) = (self.providers(), service.identities(id, self.now).await?);
        let label = |name: &'_ str| providers.iter().find(|one| one.name == name).map(|one| one.label);
        let linked: Vec<Linked<'_>> = identities
            .iter()
            .map(|one| Linked {
                id: &one.id,
                label: label(&one.provider).unwrap_or(&one.provider),
                email: one.email.as_deref(),
                linked: time(one.linked_at),
            })
            .collect();
        let view = pages::Account {
            username: None,
            email: &user.email,
            email_verified: user.is_verified,
            notice: Notice::from_code(self.asked.parameter("notice")),
            password_minimum: self.accounts.face.password_minimum,
            password_problems: &password.problems,
            password_hints: &password.hints,
            two_step: match user.has_second_factor() {
                true => TwoStep::On {
                    recovery_codes_left: u64::try_from(user.recovery_codes_left()).unwrap_or(u64::MAX),
                },
                false => TwoStep::Off,
            },
            two_step_problems: &second.problems,
            passkeys: service.has_passkeys().then_some(&passkeys),
            has_password: user.has_password(),
            providers: (!providers.is_empty() || !linked.is_empty()).then_some(Providers {
                known: &providers,
                linked: &linked,
                has_password: user.has_password(),
            }),
            sessions: &sessions,
        };
        Ok(page(status, pages::account(&view, self.texts, &self.chrome())))
    }

    pub(super) async fn sessions(&self) -> Result<Answer, ServiceError> {
        let Some((user, session)) = self.user() else { return Ok(self.log_in_first()) };
        let sessions = self.accounts.service.sessions(user, self.now).await?;
        let one = |one: &SessionView| {
            json!({
                "id": one.id,
                "created_at": one.created_at / 1000,
                "last_used_at": one.last_used_at / 1000,
                "address": one.address,
                "user_agent": one.user_agent,
                "current": one.id == session,
            })
        };
        Ok(json(StatusCode::OK, &json!({ "sessions": sessions.iter().map(one).collect::<Vec<_>>() })))
    }

    pub(super) async fn end_session(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let (service, client) = (&self.accounts.service, &self.asked.client);
        let session = self.asked.field("session");
        let was_his = service.end_session(user, session, Step::SessionRevoked, client, self.now).await?;
        Ok(match (self.asked.wants, was_his) {
            (Wants::Page, _) => self.back_with(Notice::SessionEnded),
            (Wants::Json, true) => done(),
            (Wants::Json, false) => self.refused(StatusCode::NOT_FOUND, Problem::NotFound),
        })
    }

    pub(super) fn back_with(&self, notice: Notice) -> Answer {
        go_to(&format!("{}?notice={}", self.at(paths::ACCOUNT), notice.code()))
    }

    pub(super) async fn change_password(&self) -> Result<Answer, ServiceError> {
        let Some((user, session)) = self.user() else { return Ok(self.log_in_first()) };
        let old = Password::parse(self.asked.field("current_password"));
        let new = Password::parse(self.asked.field("password"));
        let outcome = match (&old, &new) {
            (Ok(old), Ok(new)) => {
                let service = &self.accounts.service;
                service.change_password(user, session, (old, new), &self.asked.client, self.now).await?
            }
            (Err(_), _) => Err(NotChanged::Wrong),
            (_, Err(_)) => return self.not_changed(&Bad::one(Problem::PasswordTooLong)).await,
        };
        match outcome {
            Ok(changed) => {
                self.mail_changed(&changed);
                Ok(match self.asked.wants {
                    Wants::Json => done(),
                    Wants::Page => self.back_with(Notice::PasswordChanged),
                })
            }
            Err(NotChanged::Wrong) => self.not_changed(&Bad::one(Problem::WrongPassword)).await,
            Err(NotChanged::Locked(wait)) => {
                use super::answer::Adding;
                let answer = self.not_changed(&Bad::one(Problem::TooManyTries)).await?;
                Ok(answer.and_wait(wait))
            }
            Err(NotChanged::Bad(weak)) => self.not_changed(&Bad::of(&weak)).await,
        }
    }

    async fn not_changed(&self, bad: &Bad) -> Result<Answer, ServiceError> {
        match self.asked.wants {
            Wants::Json => Ok(self.bad_json(bad)),
            Wants::Page => self.account_with(StatusCode::UNPROCESSABLE_ENTITY, bad, &Bad::default()).await,
        }
    }

    pub(super) async fn totp_page(&self) -> Result<Answer, ServiceError> {
        self.totp_with(StatusCode::OK, &[]).await
    }

    async fn totp_with(&self, status: StatusCode, problems: &[Problem]) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        Ok(match self.accounts.service.enrol(user, self.now).await? {
            Ok(enrolment) => {
                let view = pages::EnrolTotp { uri: &enrolment.uri, secret: &enrolment.secret, problems };
                page(status, pages::enrol_totp(&view, self.texts, &self.chrome()))
            }
            Err(_) => go_to(&self.at(paths::ACCOUNT)),
        })
    }

    pub(super) async fn totp_start(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        Ok(match self.accounts.service.enrol(user, self.now).await? {
            Ok(enrolment) => {
                json(StatusCode::OK, &json!({ "uri": enrolment.uri, "secret": enrolment.secret }))
            }
            Err(_) => {
                let detail = "there is a second factor; switch it off first";
                super::answer::problem(StatusCode::CONFLICT, "second_factor_on", detail)
            }
        })
    }

    pub(super) async fn confirm_totp(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let (service, code) = (&self.accounts.service, self.asked.field("code"));
        let outcome = match Password::parse(self.asked.field("current_password")) {
            Ok(password) => service.confirm(user, &password, code, &self.asked.client, self.now).await?,
            Err(_) => Err(NotEnrolled::Password),
        };
        match outcome {
            Ok(codes) => {
                self.mail_factor_of(user, FactorChange::CodesOn).await?;
                Ok(self.codes(&codes))
            }
            Err(why @ (NotEnrolled::Wrong | NotEnrolled::Password)) => {
                let is_code = why == NotEnrolled::Wrong;
                let problem = if is_code { Problem::WrongCode } else { Problem::WrongPassword };
                match self.asked.wants {
                    Wants::Json => Ok(self.refused(StatusCode::UNPROCESSABLE_ENTITY, problem)),
                    Wants::Page => self.totp_with(StatusCode::UNPROCESSABLE_ENTITY, &[problem]).await,
                }
            }
            Err(_) => Ok(match self.asked.wants {
                Wants::Json => self.refused(StatusCode::CONFLICT, Problem::WrongCode),
                Wants::Page => go_to(&self.at(paths::ACCOUNT)),
            }),
        }
    }

    fn codes(&self, codes: &[String]) -> Answer {
        match self.asked.wants {
            Wants::Json => json(StatusCode::OK, &json!({ "recovery_codes": codes })),
            Wants::Page => {
                let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
                let view = pages::RecoveryCodes { codes: &codes };
                page(StatusCode::OK, pages::recovery_codes(&view, self.texts, &self.chrome()))
            }
        }
    }

    pub(super) async fn new_recovery_codes(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let Ok(password) = Password::parse(self.asked.field("current_password")) else {
            return self.not_dropped(Problem::WrongPassword).await;
        };
        let service = &self.accounts.service;
        match service.new_recovery_codes(user, &password, &self.asked.client, self.now).await? {
            Ok(codes) => {
                self.mail_factor_of(user, FactorChange::RecoveryCodes).await?;
                Ok(self.codes(&codes))
            }
            Err(NotChanged::Locked(_)) => self.not_dropped(Problem::TooManyTries).await,
            Err(_) => self.not_dropped(Problem::WrongPassword).await,
        }
    }

    pub(super) async fn drop_totp(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let Ok(password) = Password::parse(self.asked.field("current_password")) else {
            return self.not_dropped(Problem::WrongPassword).await;
        };
        let service = &self.accounts.service;
        match service.drop_second_factor(user, &password, &self.asked.client, self.now).await? {
            Ok(()) => {
                self.mail_factor_of(user, FactorChange::CodesOff).await?;
                Ok(match self.asked.wants {
                    Wants::Json => done(),
                    Wants::Page => self.back_with(Notice::MfaOff),
                })
            }
            Err(NotChanged::Locked(_)) => self.not_dropped(Problem::TooManyTries).await,
            Err(_) => self.not_dropped(Problem::WrongPassword).await,
        }
    }

    async fn not_dropped(&self, why: Problem) -> Result<Answer, ServiceError> {
        match self.asked.wants {
            Wants::Json => Ok(self.refused(StatusCode::UNPROCESSABLE_ENTITY, why)),
            Wants::Page => {
                let bad = Bad::one(why);
                self.account_with(StatusCode::UNPROCESSABLE_ENTITY, &Bad::default(), &bad).await
            }
        }
    }
}

fn passkey(passkey: &PasskeyView) -> pages::Passkey<'_> {
    pages::Passkey {
        id: &passkey.id,
        name: &passkey.name,
        created: time(passkey.created_at),
        last_used: passkey.last_used_at.map(time),
    }
}

fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(SystemTime::UNIX_EPOCH)
}

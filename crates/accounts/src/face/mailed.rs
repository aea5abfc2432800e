//! Registering, verifying an address, and setting a new password: what goes by mail.

use http::StatusCode;
use identity::secrets::Password;
use identity::service::{Changed, Email, MailedLink, NotChanged, Registration, ServiceError};
use serde_json::json;

use super::Visit;
use super::answer::{Adding, Answer, done, go_to, json, page};
use super::letters::{RESET_HOLDS, VERIFY_HOLDS, seen};
use super::request::Wants;
use super::telling::Bad;
use crate::mail::{FactorChange, Letter};
use crate::pages::{self, Sent, paths};
use crate::texts::Problem;

impl Visit<'_> {
    pub(super) fn register_page(&self) -> Answer {
        if !self.accounts.face.registration {
            return self.refused(StatusCode::FORBIDDEN, Problem::RegistrationClosed);
        }
        self.register_with(StatusCode::OK, &Bad::default())
    }

    fn register_with(&self, status: StatusCode, bad: &Bad) -> Answer {
        let view = pages::Register {
            email: self.asked.field("email"),
            username: None,
            next: self.asked.next(),
            password_minimum: self.accounts.face.password_minimum,
            problems: &bad.problems,
            hints: &bad.hints,
        };
        page(status, pages::register(&view, self.texts, &self.chrome()))
    }

    pub(super) async fn register(&self) -> Result<Answer, ServiceError> {
        if !self.accounts.face.registration {
            return Ok(self.refused(StatusCode::FORBIDDEN, Problem::RegistrationClosed));
        }
        let written = self.asked.field("email");
        let Ok(email) = Email::parse(written) else {
            return Ok(self.not_registered(&Bad::one(Problem::EmailInvalid)));
        };
        let Ok(password) = Password::parse(self.asked.field("password")) else {
            return Ok(self.not_registered(&Bad::one(Problem::PasswordTooLong)));
        };
        let (service, language) = (&self.accounts.service, Some(self.texts.lang()));
        if let Some(wait) = service.may_have_mail_sent(&self.asked.client, self.now).await? {
            return Ok(self.wait_for_mail(wait));
        }
        match service.register(&email, &password, language, &self.asked.client, self.now).await? {
            Err(weak) => return Ok(self.not_registered(&Bad::of(&weak))),
            Ok(Some(Registration::Verify(link))) => self.mail_verification(&link),
            Ok(Some(Registration::Exists { to, language })) => {
                let link = format!("{}{}", self.accounts.face.public_url, self.at(paths::LOG_IN));
                let letter = Letter::AccountExists { link: &link };
                self.accounts.letters.send(&to, language.as_deref(), &letter);
            }
            // Enough has been written to this address lately.
            Ok(None) => {}
        }
        Ok(self.mail_sent(Sent::Verify, written))
    }

    fn not_registered(&self, bad: &Bad) -> Answer {
        match self.asked.wants {
            Wants::Page => self.register_with(StatusCode::UNPROCESSABLE_ENTITY, bad),
            Wants::Json => self.bad_json(bad),
        }
    }

    /// Which problems the fields of a body have.
    pub(super) fn bad_json(&self, bad: &Bad) -> Answer {
        let first = bad.problems.first().copied().unwrap_or(Problem::PasswordWeak);
        let value = json!({
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "code": first.code(),
            "detail": first.text(self.texts),
            "hints": bad.hints.iter().map(|hint| hint.text(self.texts)).collect::<Vec<_>>(),
        });
        json(StatusCode::UNPROCESSABLE_ENTITY, &value)
    }

    /// Too many mails were asked for from where the client is, for whomever.
    pub(super) fn wait_for_mail(&self, wait: std::time::Duration) -> Answer {
        self.refused(StatusCode::TOO_MANY_REQUESTS, Problem::TooManyTries).and_wait(wait)
    }

    pub(super) fn mail_verification(&self, link: &MailedLink) {
        let url = self.link(paths::VERIFY, &link.token);
        let letter = Letter::VerifyAddress { link: &url, valid: VERIFY_HOLDS };
        self.accounts.letters.send(&link.to, link.language.as_deref(), &letter);
    }

    pub(super) fn mail_sent(&self, sent: Sent, address: &str) -> Answer {
        match self.asked.wants {
            Wants::Json => json(StatusCode::ACCEPTED, &json!({ "next": "mail" })),
            Wants::Page => {
                let view = pages::MailSent { sent, address };
                page(StatusCode::OK, pages::mail_sent(&view, self.texts, &self.chrome()))
            }
        }
    }

    /// The page behind the link of a mail: programs that look at links before people do must not use it up.
    pub(super) async fn verify_page(&self) -> Result<Answer, ServiceError> {
        self.verify_with(StatusCode::OK, self.asked.parameter("token"), &[]).await
    }

    async fn verify_with(
        &self,
        status: StatusCode,
        token: &str,
        problems: &[Problem],
    ) -> Result<Answer, ServiceError> {
        let Some(address) = self.accounts.service.verifies(token, self.now).await? else {
            return Ok(self.refused(StatusCode::UNPROCESSABLE_ENTITY, Problem::LinkExpired));
        };
        let view = pages::Verify { address: &address, token, problems };
        Ok(page(status, pages::verify(&view, self.texts, &self.chrome())))
    }

    pub(super) async fn verify(&self) -> Result<Answer, ServiceError> {
        let (token, service) = (self.asked.field("token"), &self.accounts.service);
        let address = service.verifies(token, self.now).await?;
        let is_done = match Password::parse(self.asked.field("password")) {
            Ok(password) => service.verify(token, &password, &self.asked.client, self.now).await?,
            Err(_) => false,
        };
        let why = if address.is_some() { Problem::WrongPassword } else { Problem::LinkExpired };
        Ok(match (self.asked.wants, is_done) {
            (Wants::Json, true) => done(),
            (Wants::Json, false) => self.refused(StatusCode::UNPROCESSABLE_ENTITY, why),
            (Wants::Page, true) => {
                let address = address.unwrap_or_default();
                let view = pages::Verified { address: &address, next: self.asked.next() };
                page(StatusCode::OK, pages::verified(&view, self.texts, &self.chrome()))
            }
            (Wants::Page, false) => self.verify_with(StatusCode::UNPROCESSABLE_ENTITY, token, &[why]).await?,
        })
    }

    pub(super) fn reset_page(&self) -> Answer {
        self.reset_with(StatusCode::OK, &[])
    }

    fn reset_with(&self, status: StatusCode, problems: &[Problem]) -> Answer {
        let view = pages::AskReset { email: self.asked.field("email"), next: self.asked.next(), problems };
        page(status, pages::ask_reset(&view, self.texts, &self.chrome()))
    }

    pub(super) async fn ask_reset(&self) -> Result<Answer, ServiceError> {
        let written = self.asked.field("email");
        let Ok(email) = Email::parse(written) else {
            return Ok(match self.asked.wants {
                Wants::Json => self.refused(StatusCode::UNPROCESSABLE_ENTITY, Problem::EmailInvalid),
                Wants::Page => self.reset_with(StatusCode::UNPROCESSABLE_ENTITY, &[Problem::EmailInvalid]),
            });
        };
        let service = &self.accounts.service;
        if let Some(wait) = service.may_have_mail_sent(&self.asked.client, self.now).await? {
            return Ok(self.wait_for_mail(wait));
        }
        let link = service.ask_reset(&email, &self.asked.client, self.now).await?;
        let to = link.as_ref().map_or(email.as_str(), |link| &link.to);
        let url = self.link(paths::NEW_PASSWORD, link.as_ref().map_or("", |link| &link.token));
        let letter = Letter::ResetPassword { account: to, link: &url, valid: RESET_HOLDS };
        match &link {
            Some(link) => self.accounts.letters.send(to, link.language.as_deref(), &letter),
            None => self.accounts.letters.write_to_nobody(to, &letter),
        }
        Ok(self.mail_sent(Sent::Reset, written))
    }

    pub(super) async fn new_password_page(&self) -> Result<Answer, ServiceError> {
        let token = self.asked.parameter("token");
        Ok(match self.accounts.service.reset_holds(token, self.now).await? {
            true => self.new_password_with(StatusCode::OK, token, &Bad::default()),
            false => self.refused(StatusCode::UNPROCESSABLE_ENTITY, Problem::LinkExpired),
        })
    }

    fn new_password_with(&self, status: StatusCode, token: &str, bad: &Bad) -> Answer {
        let view = pages::NewPassword {
            token,
            identifier: "",
            password_minimum: self.accounts.face.password_minimum,
            problems: &bad.problems,
            hints: &bad.hints,
        };
        page(status, pages::new_password(&view, self.texts, &self.chrome()))
    }

    pub(super) async fn new_password(&self) -> Result<Answer, ServiceError> {
        let (token, typed) = (self.asked.field("token"), self.asked.field("password"));
        let outcome = match Password::parse(typed) {
            Ok(password) => {
                self.accounts.service.reset(token, &password, &self.asked.client, self.now).await?
            }
            Err(_) => {
                let bad = Bad::one(Problem::PasswordTooLong);
                return Ok(self.not_set(token, &bad));
            }
        };
        Ok(match outcome {
            Ok((changed, device)) => {
                self.mail_changed(&changed);
                let answer = match self.asked.wants {
                    Wants::Json => done(),
                    Wants::Page => go_to(&format!("{}?notice=password_reset", self.at(paths::LOG_IN))),
                };
                answer.and_set([self.accounts.jar.device(&device)])
            }
            Err(NotChanged::Wrong | NotChanged::Locked(_)) => {
                self.not_set(token, &Bad::one(Problem::LinkExpired))
            }
            Err(NotChanged::Bad(weak)) => self.not_set(token, &Bad::of(&weak)),
        })
    }

    fn not_set(&self, token: &str, bad: &Bad) -> Answer {
        match self.asked.wants {
            Wants::Page => self.new_password_with(StatusCode::UNPROCESSABLE_ENTITY, token, bad),
            Wants::Json => self.bad_json(bad),
        }
    }

    /// Tells a user that what he shows beside his password, or in its place, has changed.
    pub(super) fn mail_factor(&self, whom: &Changed, change: FactorChange) {
        let link = format!("{}{}", self.accounts.face.public_url, self.at(paths::ACCOUNT));
        let seen = seen(&self.asked.client);
        let letter = Letter::FactorChanged { change, account: &whom.to, link: &link, seen };
        self.accounts.letters.send(&whom.to, whom.language.as_deref(), &letter);
    }

    /// The same, by his id.
    pub(super) async fn mail_factor_of(&self, user: &str, change: FactorChange) -> Result<(), ServiceError> {
        if let Some(known) = self.accounts.service.find_user(user, self.now).await? {
            let whom = Changed { to: known.user.email, language: known.user.language };
            self.mail_factor(&whom, change);
        }
        Ok(())
    }

    pub(super) fn mail_changed(&self, changed: &Changed) {
        let link = format!("{}{}", self.accounts.face.public_url, self.at(paths::ASK_RESET));
        let seen = seen(&self.asked.client);
        let letter = Letter::PasswordChanged { account: &changed.to, link: &link, seen };
        self.accounts.letters.send(&changed.to, changed.language.as_deref(), &letter);
    }
}

//! Logging in with others' providers, as HTTP: the way there, the callback, and what an account has linked.
//!
//! Browsers do not send our `SameSite=Strict` cookies with the redirect that leads back from a provider. The callback therefore
//! answers with a page that sends the browser to the same address once more: that request comes from us, and has them.

use http::StatusCode;
use identity::service::{
    Ask, Email, LogIn, NotBegun, NotChanged, NotEntered, NotLinked, ProviderLogIn, Returned, ServiceError,
};
use serde_json::json;

use super::Visit;
use super::answer::{Adding, Answer, done, json, page};
use super::cookies::AWAY;
use super::enter::WAITS;
use super::request::Wants;
use crate::pages;
use crate::texts::{Notice, Problem};

/// The most seconds that a step up can ask for.
const MAX_AGE: u64 = 365 * 24 * 3600;

impl Visit<'_> {
    /// What stands below `/provider/`: a name, or a name and `/callback`.
    pub(super) async fn provider(&self, rest: &str) -> Result<Answer, ServiceError> {
        let is_get = self.asked.method == http::Method::GET;
        Ok(match rest.split_once('/') {
            None if self.asked.method == http::Method::POST => self.to_provider(rest, None).await?,
            None => super::answer::not_allowed("POST"),
            Some((name, "callback")) if is_get => self.back_from_provider(name).await?,
            Some((_, "callback")) => super::answer::not_allowed("GET"),
            Some(_) => self.refused(StatusCode::NOT_FOUND, Problem::NotFound),
        })
    }

    /// Sends somebody to a provider; with `link`, to link what he is there to his account.
    async fn to_provider(
        &self,
        provider: &str,
        link: Option<((&str, &str, u64), &str)>,
    ) -> Result<Answer, ServiceError> {
        let service = &self.accounts.service;
        let ask = Ask {
            provider,
            next: self.asked.next(),
            browser: self.asked.cookie(AWAY),
            max_age: self.asked.field("max_age").parse().ok().filter(|age| *age <= MAX_AGE),
            mfa: !self.asked.field("acr_values").is_empty(),
            link,
        };
        Ok(match service.ask_provider(&ask, &self.asked.client, self.now).await? {
            Ok(begun) => {
                let cookie = self.accounts.jar.away(&begun.browser, WAITS);
                let answer = match self.asked.wants {
                    Wants::Json => {
                        let value = json!({ "location": begun.location, "expires_in": WAITS.as_secs() });
                        json(StatusCode::OK, &value)
                    }
                    // A page, because browsers hold the redirect of a form to `form-action`.
                    Wants::Page => {
                        page(StatusCode::OK, pages::onward(&begun.location, self.texts, &self.chrome()))
                    }
                };
                answer.and_set([cookie])
            }
            Err(NotBegun::Unknown) => self.refused(StatusCode::NOT_FOUND, Problem::NotFound),
            Err(NotBegun::Unavailable(_)) => self.unavailable(),
            Err(NotBegun::Proof(why)) => return self.not_linked(&why).await,
        })
    }

    /// The operator is told by whoever asks the providers from time to time.
    fn unavailable(&self) -> Answer {
        let answer = self.refused(StatusCode::SERVICE_UNAVAILABLE, Problem::ProviderUnavailable);
        answer.and_wait(std::time::Duration::from_secs(10))
    }

    async fn back_from_provider(&self, provider: &str) -> Result<Answer, ServiceError> {
        let parameter = |name: &str| self.asked.parameter(name);
        if self.asked.wants == Wants::Page && parameter("again").is_empty() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for name in
                ["state", "code", "error", "iss"].into_iter().filter(|name| !parameter(name).is_empty())
            {
                query.append_pair(name, parameter(name));
            }
            let query = query.append_pair("again", "1").finish();
            let here = format!("{}?{query}", self.at(&self.asked.path));
            return Ok(page(StatusCode::OK, pages::onward(&here, self.texts, &self.chrome())));
        }
        let returned = Returned {
            provider,
            state: parameter("state"),
            code: parameter("code"),
            error: parameter("error"),
            issuer: parameter("iss"),
            browser: self.asked.cookie(AWAY).unwrap_or_default(),
            who: self.user(),
        };
        let (service, client) = (&self.accounts.service, &self.asked.client);
        let (outcome, next) = service.return_from_provider(&returned, client, self.now).await?;
        let next = next.as_deref().filter(|next| super::request::is_own_path(next));
        Ok(match outcome {
            Ok(ProviderLogIn::LogIn(LogIn::In { tokens, device })) => {
                let user = service.find_user(&tokens.user, self.now).await?;
                match user.and_then(|user| Email::parse(&user.user.email).ok()) {
                    Some(email) => self.let_in(&tokens, &device, &email, next),
                    None => self.log_in_first(),
                }
            }
            Ok(ProviderLogIn::LogIn(LogIn::SecondFactor(token))) => self.ask_second_factor(&token, next),
            Ok(ProviderLogIn::LogIn(_)) => self.refused(StatusCode::BAD_GATEWAY, Problem::ProviderFailed),
            Ok(ProviderLogIn::Linked) => match self.asked.wants {
                Wants::Json => done(),
                Wants::Page => self.back_with(Notice::ProviderLinked),
            },
            Err(why) => self.not_entered(provider, &why),
        })
    }

    fn not_entered(&self, provider: &str, why: &NotEntered) -> Answer {
        let (status, problem) = match why {
            NotEntered::Unavailable(_) => return self.unavailable(),
            NotEntered::Failed(why) => {
                (self.accounts.told)(&format!("a log in with the provider `{provider}` failed: {why}"));
                (StatusCode::BAD_GATEWAY, Problem::ProviderFailed)
            }
            NotEntered::Stale => (StatusCode::BAD_REQUEST, Problem::ProviderStale),
            NotEntered::Denied => (StatusCode::FORBIDDEN, Problem::ProviderDenied),
            NotEntered::NoAccount => (StatusCode::FORBIDDEN, Problem::ProviderNoAccount),
            NotEntered::NoAddress => (StatusCode::FORBIDDEN, Problem::ProviderNoAddress),
            NotEntered::AddressTaken => (StatusCode::CONFLICT, Problem::ProviderAddressTaken),
            NotEntered::LinkedElsewhere => (StatusCode::CONFLICT, Problem::ProviderLinkedElsewhere),
            NotEntered::Disabled => (StatusCode::FORBIDDEN, Problem::AccountDisabled),
        };
        self.refused(status, problem)
    }

    /// Begins to link an identity to the account of whoever is logged in.
    pub(super) async fn link_provider(&self) -> Result<Answer, ServiceError> {
        let Some((user, session)) = self.user() else { return Ok(self.log_in_first()) };
        let who = (user, session, self.logged_in_at());
        let link = Some((who, self.asked.field("current_password")));
        self.to_provider(self.asked.field("provider"), link).await
    }

    pub(super) async fn unlink_provider(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        let (identity, password) = (self.asked.field("identity"), self.asked.field("current_password"));
        let who = (user, self.logged_in_at());
        let service = &self.accounts.service;
        match service.unlink(who, identity, password, &self.asked.client, self.now).await? {
            Ok(()) => Ok(match self.asked.wants {
                Wants::Json => done(),
                Wants::Page => self.back_with(Notice::ProviderUnlinked),
            }),
            Err(why) => self.not_linked(&why).await,
        }
    }

    /// When whoever asks has shown who he is, in milliseconds.
    fn logged_in_at(&self) -> u64 {
        let time =
            self.asked.principal.as_ref().and_then(|principal| principal.claims.get("auth_time")?.as_u64());
        time.unwrap_or(0).saturating_mul(1000)
    }

    async fn not_linked(&self, why: &NotLinked) -> Result<Answer, ServiceError> {
        let (status, problem) = match why {
            NotLinked::Proof(NotChanged::Locked(_)) => (StatusCode::TOO_MANY_REQUESTS, Problem::TooManyTries),
            NotLinked::Proof(_) => (StatusCode::UNPROCESSABLE_ENTITY, Problem::ProviderProof),
            NotLinked::LastOne => (StatusCode::CONFLICT, Problem::ProviderLastOne),
            NotLinked::Unknown => (StatusCode::NOT_FOUND, Problem::NotFound),
        };
        let answer = self.refused(status, problem);
        Ok(match why {
            NotLinked::Proof(NotChanged::Locked(wait)) => answer.and_wait(*wait),
            _ => answer,
        })
    }
}

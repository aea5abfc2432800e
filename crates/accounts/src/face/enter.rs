//! Logging in, staying in, and out again.

use std::time::Duration;

use http::StatusCode;
use identity::secrets::Password;
use identity::service::{Email, LogIn, SecondFactor, ServiceError, Step, Tokens};
use serde_json::json;

use super::answer::{Adding, Answer, done, go_to, json, page, problem};
use super::cookies::{REFRESH, WAITING};
use super::request::Wants;
use super::{CONTINUE, Visit};
use crate::mail::Letter;
use crate::pages::{self, StepUp, Tried, paths};
use crate::texts::{Notice, Problem};

/// How long a log in waits for its second factor.
pub(super) const WAITS: Duration = Duration::from_secs(10 * 60);

/// What the page of a log in, or the JSON in its place, says.
#[derive(Default)]
struct Failed {
    problem: Option<Problem>,
    wait: Option<Duration>,
}

impl Visit<'_> {
    pub(super) async fn log_in_page(&self) -> Result<Answer, ServiceError> {
        let notice = Notice::from_code(self.asked.parameter("notice"));
        if !self.asked.given("acr_values").is_empty() && self.has_one_factor().await? {
            // He could log in as often as he likes: what is asked for is set up first.
            return Ok(go_to(&self.at(paths::TOTP)));
        }
        Ok(self.log_in_with(StatusCode::OK, "", notice, &Failed::default()))
    }

    /// Whether somebody is logged in who has nothing to show but a password.
    async fn has_one_factor(&self) -> Result<bool, ServiceError> {
        let (service, Some((user, _))) = (&self.accounts.service, self.user()) else { return Ok(false) };
        let Some(known) = service.find_user(user, self.now).await? else { return Ok(false) };
        let has_more = known.user.has_second_factor()
            || !service.passkeys(user, self.now).await?.is_empty()
            || !service.identities(user, self.now).await?.is_empty();
        Ok(!has_more)
    }

    fn log_in_with(
        &self,
        status: StatusCode,
        identifier: &str,
        notice: Option<Notice>,
        failed: &Failed,
    ) -> Answer {
        let problems: Vec<Problem> = failed.problem.into_iter().collect();
        let providers = self.providers();
        let view = pages::LogIn {
            identifier,
            next: self.asked.next(),
            problems: &problems,
            wait: failed.wait,
            notice,
            registration: self.accounts.face.registration,
            passkeys: self.accounts.service.has_passkeys(),
            providers: &providers,
            step_up: StepUp {
                max_age: self.asked.given("max_age"),
                acr_values: self.asked.given("acr_values"),
            },
        };
        page(status, pages::log_in(&view, self.texts, &self.chrome()))
    }

    pub(super) async fn log_in(&self) -> Result<Answer, ServiceError> {
        let typed = match self.asked.field("identifier") {
            "" => self.asked.field("email"),
            typed => typed,
        };
        if self.asked.wants == Wants::Json && (typed.is_empty() || self.asked.field("password").is_empty()) {
            let detail = "send the members `email` and `password`";
            return Ok(problem(StatusCode::BAD_REQUEST, "malformed", detail));
        }
        // What is no address, or no password, is nobody's.
        let (Ok(email), Ok(password)) = (Email::parse(typed), Password::parse(self.asked.field("password")))
        else {
            return Ok(self.not_in(typed, Failed { problem: Some(Problem::WrongCredentials), wait: None }));
        };
        let service = &self.accounts.service;
        Ok(match service.log_in(&email, &password, &self.asked.client, self.now).await? {
            LogIn::In { tokens, device } => self.let_in(&tokens, &device, &email, self.asked.next()),
            LogIn::SecondFactor(token) => self.ask_second_factor(&token, self.asked.next()),
            LogIn::Unverified(email) => {
                if let Some(wait) = service.may_have_mail_sent(&self.asked.client, self.now).await? {
                    return Ok(self.wait_for_mail(wait));
                }
                if let Some(link) = service.verify_again(&email, self.now).await? {
                    self.mail_verification(&link);
                }
                self.mail_sent(pages::Sent::Verify, typed)
            }
            LogIn::Wrong => {
                self.not_in(typed, Failed { problem: Some(Problem::WrongCredentials), wait: None })
            }
            LogIn::Locked(wait) => {
                self.not_in(typed, Failed { problem: Some(Problem::TooManyTries), wait: Some(wait) })
            }
        })
    }

    fn not_in(&self, typed: &str, failed: Failed) -> Answer {
        let status = match failed.wait {
            Some(_) => StatusCode::TOO_MANY_REQUESTS,
            None => StatusCode::UNAUTHORIZED,
        };
        let problem = failed.problem.unwrap_or(Problem::WrongCredentials);
        let answer = match self.asked.wants {
            Wants::Json => self.refused(status, problem),
            Wants::Page => self.log_in_with(status, typed, None, &failed),
        };
        match failed.wait {
            Some(wait) => answer.and_wait(wait),
            None => answer,
        }
    }

    /// The same for whoever has not said his address.
    pub(super) async fn let_user_in(&self, tokens: &Tokens, device: &str) -> Result<Answer, ServiceError> {
        let user = self.accounts.service.find_user(&tokens.user, self.now).await?;
        let email = user.and_then(|user| Email::parse(&user.user.email).ok());
        Ok(email.map_or_else(
            || self.log_in_first(),
            |email| self.let_in(tokens, device, &email, self.asked.next()),
        ))
    }

    /// The tokens of a session, in cookies or, for who asks for that, in the body.
    pub(super) fn let_in(&self, tokens: &Tokens, device: &str, email: &Email, next: Option<&str>) -> Answer {
        if self.asked.client.device.as_deref() != Some(device) {
            self.mail_new_device(email);
        }
        let answer = match self.asked.wants {
            Wants::Page => go_to(next.unwrap_or(&self.onwards())),
            Wants::Json => self.tokens(tokens, device),
        };
        if self.wants_body() {
            return answer;
        }
        let jar = &self.accounts.jar;
        answer
            .and_set(self.session_cookies(tokens))
            .and_set([jar.device(device), jar.waiting("", Duration::ZERO)])
    }

    /// Where a browser goes that has logged in.
    pub(super) fn onwards(&self) -> String {
        self.asked.next().map_or_else(|| self.at(paths::ACCOUNT), str::to_owned)
    }

    /// Whether a native client keeps its tokens itself. It never gets them in a cookie, and a browser never in a body.
    fn wants_body(&self) -> bool {
        self.asked.wants == Wants::Json && self.asked.field("tokens") == "body"
    }

    fn tokens(&self, tokens: &Tokens, device: &str) -> Answer {
        let lifetime = tokens.access_lifetime.as_secs();
        let value = match self.wants_body() {
            true => json!({
                "user": tokens.user,
                "session": tokens.session,
                "token_type": "Bearer",
                "access_token": tokens.access,
                "expires_in": lifetime,
                "refresh_token": tokens.refresh,
                "refresh_expires_in": tokens.refresh_lifetime.as_secs(),
                "device": device,
            }),
            false => return self.in_cookies(tokens),
        };
        json(StatusCode::OK, &value)
    }

    /// What is said of tokens that are given in cookies.
    fn in_cookies(&self, tokens: &Tokens) -> Answer {
        let lifetime = tokens.access_lifetime.as_secs();
        let mut value = json!({ "user": tokens.user, "session": tokens.session, "expires_in": lifetime });
        if let Some(value) =
            value.as_object_mut().filter(|_| self.asked.path.starts_with(super::passkeys::BELOW))
        {
            // The script of the page goes there.
            value.insert("location".to_owned(), self.onwards().into());
        }
        json(StatusCode::OK, &value)
    }

    fn session_cookies(&self, tokens: &Tokens) -> [Option<http::HeaderValue>; 2] {
        let jar = &self.accounts.jar;
        [
            jar.access(&tokens.access, tokens.access_lifetime),
            jar.refresh(&tokens.refresh, tokens.refresh_lifetime),
        ]
    }

    pub(super) fn ask_second_factor(&self, token: &str, next: Option<&str>) -> Answer {
        match self.asked.wants {
            Wants::Page => go_to(&self.at_with_next(paths::SECOND_FACTOR, next))
                .and_set([self.accounts.jar.waiting(token, WAITS)]),
            Wants::Json => {
                let value =
                    json!({ "next": "second_factor", "ceremony": token, "expires_in": WAITS.as_secs() });
                json(StatusCode::OK, &value).and_set([self.accounts.jar.waiting(token, WAITS)])
            }
        }
    }

    pub(super) async fn second_factor_page(&self) -> Result<Answer, ServiceError> {
        self.second_factor_with(StatusCode::OK, Tried::Code, &Failed::default()).await
    }

    async fn second_factor_with(
        &self,
        status: StatusCode,
        tried: Tried,
        failed: &Failed,
    ) -> Result<Answer, ServiceError> {
        let problems: Vec<Problem> = failed.problem.into_iter().collect();
        let waiting = self.asked.cookie(WAITING).unwrap_or_default();
        let view = pages::SecondFactor {
            next: self.asked.next(),
            tried,
            problems: &problems,
            wait: failed.wait,
            passkey: self.accounts.service.takes_passkey(waiting, self.now).await?,
        };
        Ok(page(status, pages::second_factor(&view, self.texts, &self.chrome())))
    }

    pub(super) async fn second_factor(&self) -> Result<Answer, ServiceError> {
        let (code, recovery) = (self.asked.field("code"), self.asked.field("recovery_code"));
        let (shown, tried, wrong) = match recovery {
            "" => (SecondFactor::Code(code), Tried::Code, Problem::WrongCode),
            recovery => (SecondFactor::Recovery(recovery), Tried::Recovery, Problem::WrongRecoveryCode),
        };
        let token = match self.asked.field("ceremony") {
            "" => self.asked.cookie(WAITING).unwrap_or_default(),
            token => token,
        };
        if self.asked.wants == Wants::Json && token.is_empty() {
            let detail = "send the member `ceremony` that the log in has given, or its cookie";
            return Ok(problem(StatusCode::BAD_REQUEST, "malformed", detail));
        }
        let (service, client) = (&self.accounts.service, &self.asked.client);
        let failed = match service.second_factor(token, shown, client, self.now).await? {
            LogIn::In { tokens, device } => return self.let_user_in(&tokens, &device).await,
            LogIn::Locked(wait) => Failed { problem: Some(Problem::TooManyTries), wait: Some(wait) },
            _ if service.waits(token, self.now).await? => Failed { problem: Some(wrong), wait: None },
            // The log in begins anew.
            _ => {
                let over = Failed { problem: Some(wrong), wait: None };
                let gone = self.accounts.jar.waiting("", Duration::ZERO);
                return Ok(self.not_in("", over).and_set([gone]));
            }
        };
        let status = match failed.wait {
            Some(_) => StatusCode::TOO_MANY_REQUESTS,
            None => StatusCode::UNAUTHORIZED,
        };
        let answer = match self.asked.wants {
            Wants::Json => self.refused(status, failed.problem.unwrap_or(wrong)),
            Wants::Page => self.second_factor_with(status, tried, &failed).await?,
        };
        Ok(match failed.wait {
            Some(wait) => answer.and_wait(wait),
            None => answer,
        })
    }

    /// A new access token for a refresh token, which is spent.
    pub(super) async fn refresh(&self) -> Result<Answer, ServiceError> {
        let (token, is_body) = match self.asked.field("refresh_token") {
            "" => (self.asked.cookie(REFRESH).unwrap_or_default(), false),
            token => (token, true),
        };
        let client = &self.asked.client;
        Ok(match self.accounts.service.refresh(token, client, self.now).await? {
            Ok(tokens) if is_body => {
                let value = json!({
                    "token_type": "Bearer",
                    "access_token": tokens.access,
                    "expires_in": tokens.access_lifetime.as_secs(),
                    "refresh_token": tokens.refresh,
                    "refresh_expires_in": tokens.refresh_lifetime.as_secs(),
                });
                json(StatusCode::OK, &value)
            }
            // What came in a cookie goes back in one, whatever a script asks for.
            Ok(tokens) => self.in_cookies(&tokens).and_set(self.session_cookies(&tokens)),
            // Whatever the reason, this session is over: whoever has only lost a race was handed the winner's token.
            Err(_) => {
                let answer = self.refused(StatusCode::UNAUTHORIZED, Problem::LogInFirst);
                answer.and_set(self.accounts.jar.without_session())
            }
        })
    }

    /// A browser comes without a session that holds, on its way to a page. With a refresh token it goes on with a new session; it
    /// does not send that on a link from elsewhere (`SameSite=Strict`), so that it is sent here once more by a page of ours.
    pub(super) async fn go_on(&self) -> Result<Answer, ServiceError> {
        let next = self.asked.next().map_or_else(|| self.at(paths::ACCOUNT), str::to_owned);
        if let Some(token) = self.asked.cookie(REFRESH) {
            let refreshed = self.accounts.service.refresh(token, &self.asked.client, self.now).await?;
            if let Ok(tokens) = refreshed {
                return Ok(go_to(&next).and_set(self.session_cookies(&tokens)));
            }
        } else if self.asked.parameter("again").is_empty() {
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("next", &next)
                .append_pair("again", "1")
                .finish();
            let here = format!("{}?{query}", self.at(CONTINUE));
            return Ok(page(StatusCode::OK, pages::onward(&here, self.texts, &self.chrome())));
        }
        let query: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
        Ok(go_to(&format!("{}?{query}", self.at(paths::LOG_IN))))
    }

    pub(super) async fn log_out(&self) -> Result<Answer, ServiceError> {
        let (service, client) = (&self.accounts.service, &self.asked.client);
        let mut elsewhere = None;
        match self.user() {
            Some((user, session)) => {
                let back = format!("{}{}", self.accounts.face.public_url, self.at(paths::LOG_IN));
                elsewhere = service.provider_logout(session, &back, self.now).await?;
                service.end_session(user, session, Step::LoggedOut, client, self.now).await?;
            }
            // The access token has expired, and the refresh token still says which session it is.
            None => {
                let token = self.asked.cookie(REFRESH).unwrap_or(self.asked.field("refresh_token"));
                service.log_out_by_refresh(token, client, self.now).await?;
            }
        }
        let Some((location, label)) = elsewhere else { return Ok(self.out()) };
        let answer = match self.asked.wants {
            Wants::Json => json(StatusCode::OK, &json!({ "provider_logout": location })),
            Wants::Page => {
                page(StatusCode::OK, pages::logged_out(&label, &location, self.texts, &self.chrome()))
            }
        };
        Ok(answer.and_set(self.accounts.jar.without_session()))
    }

    pub(super) async fn log_out_everywhere(&self) -> Result<Answer, ServiceError> {
        let Some((user, _)) = self.user() else { return Ok(self.log_in_first()) };
        self.accounts.service.log_out_everywhere(user, &self.asked.client, self.now).await?;
        Ok(self.out())
    }

    fn out(&self) -> Answer {
        let answer = match self.asked.wants {
            Wants::Json => done(),
            Wants::Page => go_to(&format!("{}?notice=logged_out", self.at(paths::LOG_IN))),
        };
        answer.and_set(self.accounts.jar.without_session())
    }

    fn mail_new_device(&self, email: &Email) {
        let link = format!("{}{}", self.accounts.face.public_url, self.at(paths::ACCOUNT));
        let seen = super::letters::seen(&self.asked.client);
        let letter = Letter::NewDevice { account: email.as_str(), link: &link, seen };
        self.accounts.letters.send(email.as_str(), Some(self.texts.lang()), &letter);
    }
}

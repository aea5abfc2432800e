//! The user service as HTTP: pages for people and JSON for programs, at the same paths.
//!
//! A form, or whoever accepts HTML, is answered with pages; whoever sends `application/json` with JSON. Both have the same fields.
//! Tokens are given in cookies that no script sees; a native client asks for them in the body (`"tokens": "body"`).

mod account;
mod answer;
mod cookies;
mod enter;
mod letters;
mod mailed;
mod passkeys;
mod providers;
mod request;
mod telling;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use identity::secrets::random;
use identity::service::{Service, ServiceError};
use serde_json::json;

use crate::mail::Sender;
use crate::pages::{self, Chrome, paths};
use crate::texts::{Languages, Problem, Texts};
use answer::{Adding, Answer, asset, go_to, not_allowed, page, problem, public};
use cookies::{FORM, Jar};
use letters::Letters;
pub use letters::Told;
pub use request::Caller;
use request::{Asked, Unread, Wants};

/// How the service shows itself.
#[derive(Debug, Clone)]
pub struct Face {
    /// The path of its pages: `/auth`.
    pub base: String,
    /// Where it is reached: `https://shop.example`.
    pub public_url: String,
    /// How the site is called.
    pub site: String,
    /// `SameSite` of its cookies.
    pub same_site: &'static str,
    /// Whether everybody may register.
    pub registration: bool,
    /// The fewest characters of a new password, as forms say it.
    pub password_minimum: u16,
}

/// The user service, ready to answer.
pub struct Accounts {
    service: Arc<Service>,
    face: Face,
    jar: Jar,
    letters: Letters,
    told: Told,
    style: String,
    script: String,
}

impl Accounts {
    /// The service behind its face. `told` is for what the operator should know.
    pub fn new(service: Arc<Service>, face: Face, sender: Arc<dyn Sender>, told: Told) -> Self {
        let jar = Jar { base: face.base.clone(), same_site: face.same_site };
        let at = |name: &str| format!("{}{}{name}", face.base, paths::ASSETS);
        Accounts {
            letters: Letters::new(sender, Languages::default(), face.site.clone(), Arc::clone(&told)),
            style: at(pages::style_name()),
            script: at(pages::script_name()),
            service,
            jar,
            face,
            told,
        }
    }

    /// The logic behind it.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Bytes>, caller: Caller) -> http::Response<Bytes> {
        let path = request.uri().path().to_owned();
        let Some(below) =
            path.strip_prefix(&self.face.base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            return self.well_known(&path);
        };
        let below = below.trim_end_matches('/');
        if let Some(name) = below.strip_prefix(paths::ASSETS) {
            return match pages::asset(name) {
                Some((kind, text)) => asset(kind, text),
                None => problem(StatusCode::NOT_FOUND, "not_found", "there is no such file"),
            };
        }
        let asked = match Asked::read(&request, below, caller) {
            Ok(asked) => asked,
            Err(Unread::TooLarge) => {
                return problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "64 KiB are enough here");
            }
            Err(Unread::Type) => {
                let detail = "send application/json, or a form";
                return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", detail);
            }
            Err(Unread::Malformed) => {
                return problem(
                    StatusCode::BAD_REQUEST,
                    "malformed",
                    "send an object whose members are texts",
                );
            }
        };
        let visit = Visit::new(self, &asked);
        let answer = match visit.forged() {
            true => visit.refused(StatusCode::FORBIDDEN, Problem::FormExpired),
            false => match self.serve(&visit).await {
                Ok(answer) => answer,
                Err(error) => visit.failed(&error),
            },
        };
        visit.with_form_cookie(answer)
    }

    async fn serve(&self, visit: &Visit<'_>) -> Result<Answer, ServiceError> {
        let asked = visit.asked;
        let (get, post) =
            (asked.method == Method::GET || asked.method == Method::HEAD, asked.method == Method::POST);
        let path = asked.path.as_str();
        Ok(match path {
            "" if get => go_to(&format!("{}{}", self.face.base, paths::ACCOUNT)),
            paths::LOG_IN if get => visit.log_in_page().await?,
            paths::LOG_IN if post => visit.log_in().await?,
            paths::SECOND_FACTOR if get => visit.second_factor_page().await?,
            paths::SECOND_FACTOR | paths::RECOVERY if post => visit.second_factor().await?,
            REFRESH if post => visit.refresh().await?,
            CONTINUE if get => visit.go_on().await?,
            paths::LOG_OUT if post => visit.log_out().await?,
            paths::LOG_OUT_EVERYWHERE if post => visit.log_out_everywhere().await?,
            paths::REGISTER if get => visit.register_page(),
            paths::REGISTER if post => visit.register().await?,
            paths::VERIFY if get => visit.verify_page().await?,
            paths::VERIFY if post => visit.verify().await?,
            paths::ASK_RESET if get => visit.reset_page(),
            paths::ASK_RESET if post => visit.ask_reset().await?,
            paths::NEW_PASSWORD if get => visit.new_password_page().await?,
            paths::NEW_PASSWORD if post => visit.new_password().await?,
            paths::ACCOUNT if get => visit.account().await?,
            SESSIONS if get => visit.sessions().await?,
            paths::END_SESSION if post => visit.end_session().await?,
            paths::CHANGE_PASSWORD if post => visit.change_password().await?,
            paths::TOTP if get => visit.totp_page().await?,
            TOTP_START if post => visit.totp_start().await?,
            paths::TOTP if post => visit.confirm_totp().await?,
            paths::TOTP_OFF if post => visit.drop_totp().await?,
            paths::RECOVERY_CODES if post => visit.new_recovery_codes().await?,
            paths::LINK_PROVIDER if post => visit.link_provider().await?,
            paths::UNLINK_PROVIDER if post => visit.unlink_provider().await?,
            _ if path.starts_with(paths::PROVIDER) => {
                visit.provider(path.strip_prefix(paths::PROVIDER).unwrap_or_default()).await?
            }
            paths::PASSKEYS if get => visit.passkeys().await?,
            paths::NAME_PASSKEY if post => visit.name_passkey().await?,
            paths::REMOVE_PASSKEY if post => visit.remove_passkey().await?,
            paths::PASSKEY_REGISTER_START if post => visit.begin_passkey().await?,
            paths::PASSKEY_REGISTER_FINISH if post => visit.add_passkey().await?,
            paths::PASSKEY_LOG_IN_START if post => visit.begin_passkey_log_in().await?,
            paths::PASSKEY_LOG_IN_FINISH if post => visit.passkey_log_in().await?,
            paths::PASSKEY_STEP_START if post => visit.begin_passkey_step().await?,
            paths::PASSKEY_STEP_FINISH if post => visit.passkey_step().await?,
            _ if KNOWN.contains(&path) => not_allowed(if get { "POST" } else { "GET, POST" }),
            _ => visit.refused(StatusCode::NOT_FOUND, Problem::NotFound),
        })
    }

    /// What is there for whoever verifies tokens: the key set and the discovery document (OpenID Connect Discovery 1.0 §3, RFC
    /// 8414 §2).
    fn well_known(&self, path: &str) -> Answer {
        const KEEP: Duration = Duration::from_secs(300);
        match path {
            "/.well-known/jwks.json" => public(&self.service.keys().public_set(), KEEP),
            "/.well-known/openid-configuration" => {
                let url = &self.face.public_url;
                public(
                    &json!({
                        "issuer": url,
                        "jwks_uri": format!("{url}/.well-known/jwks.json"),
                        "authorization_endpoint": format!("{url}{}{}", self.face.base, paths::LOG_IN),
                        "token_endpoint": format!("{url}{}{REFRESH}", self.face.base),
                        "response_types_supported": ["none"],
                        "grant_types_supported": ["refresh_token"],
                        "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["EdDSA"],
                        "claims_supported": ["sub", "sid", "iss", "aud", "iat", "nbf", "exp", "jti", "roles", "groups", "amr", "acr", "auth_time"],
                    }),
                    KEEP,
                )
            }
            _ => problem(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
        }
    }
}

/// A new access token for a refresh token.
const REFRESH: &str = "/refresh";
/// Where browsers are sent that come without a session that holds: on to where they wanted, if they have a refresh token.
pub(crate) const CONTINUE: &str = "/continue";
/// The sessions of whoever asks, as JSON.
const SESSIONS: &str = "/account/sessions";
/// A secret for one-time codes, as JSON.
const TOTP_START: &str = "/account/totp/start";

/// Paths that there are, for some method.
const KNOWN: [&str; 31] = [
    paths::LINK_PROVIDER,
    paths::UNLINK_PROVIDER,
    paths::RECOVERY_CODES,
    "",
    paths::LOG_IN,
    paths::SECOND_FACTOR,
    paths::RECOVERY,
    REFRESH,
    CONTINUE,
    paths::LOG_OUT,
    paths::LOG_OUT_EVERYWHERE,
    paths::REGISTER,
    paths::VERIFY,
    paths::ASK_RESET,
    paths::NEW_PASSWORD,
    paths::ACCOUNT,
    SESSIONS,
    paths::END_SESSION,
    paths::CHANGE_PASSWORD,
    paths::TOTP,
    TOTP_START,
    paths::TOTP_OFF,
    paths::PASSKEYS,
    paths::NAME_PASSKEY,
    paths::REMOVE_PASSKEY,
    paths::PASSKEY_REGISTER_START,
    paths::PASSKEY_REGISTER_FINISH,
    paths::PASSKEY_LOG_IN_START,
    paths::PASSKEY_LOG_IN_FINISH,
    paths::PASSKEY_STEP_START,
    paths::PASSKEY_STEP_FINISH,
];

/// One request, and what its answer is made with.
struct Visit<'a> {
    accounts: &'a Accounts,
    asked: &'a Asked,
    texts: &'a Texts,
    /// The cookie of forms: the one that came, or a new one.
    form_cookie: String,
    form_token: String,
    now: u64,
}

impl<'a> Visit<'a> {
    fn new(accounts: &'a Accounts, asked: &'a Asked) -> Self {
        const MAX: usize = 64;
        let came = asked.cookie(FORM).filter(|cookie| !cookie.is_empty() && cookie.len() <= MAX);
        let form_cookie = came.map_or_else(random::token, str::to_owned);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Visit {
            accounts,
            asked,
            texts: accounts.letters.languages.accept(&asked.languages),
            form_token: accounts.service.form_token(&form_cookie),
            form_cookie,
            now: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Whether a form was made up by another site: it lacks the mark of the visitor's cookie. JSON needs none: no site can make
    /// a browser send it here without asking first (CORS).
    fn forged(&self) -> bool {
        let is_form = self.asked.method == Method::POST && self.asked.wants == Wants::Page;
        is_form
            && (self.asked.cookie(FORM) != Some(&self.form_cookie)
                || !self.accounts.service.is_form_token(&self.form_cookie, self.asked.field("form")))
    }

    fn chrome(&self) -> Chrome<'_> {
        Chrome {
            base: &self.accounts.face.base,
            site_name: &self.accounts.face.site,
            style_href: &self.accounts.style,
            script_href: &self.accounts.script,
            form_token: &self.form_token,
        }
    }

    /// A page is followed by a form, which needs the cookie.
    fn with_form_cookie(&self, answer: Answer) -> Answer {
        let is_page = self.asked.wants == Wants::Page && self.asked.cookie(FORM) != Some(&self.form_cookie);
        match is_page {
            true => answer.and_set([self.accounts.jar.form(&self.form_cookie)]),
            false => answer,
        }
    }

    /// What cannot be answered by a page of its own.
    fn refused(&self, status: StatusCode, why: Problem) -> Answer {
        match self.asked.wants {
            Wants::Json => problem(status, why.code(), why.text(self.texts)),
            Wants::Page => {
                let view = pages::Failure { problem: why, request_id: None };
                page(status, pages::error(&view, self.texts, &self.chrome()))
            }
        }
    }

    /// The service does not answer.
    fn failed(&self, error: &ServiceError) -> Answer {
        let (why, wait) = match error {
            ServiceError::Busy | ServiceError::Contended => (Problem::Busy, 1),
            other => {
                (self.accounts.told)(&format!("the user service fails: {other}"));
                (Problem::Unavailable, 5)
            }
        };
        self.refused(StatusCode::SERVICE_UNAVAILABLE, why).and_wait(Duration::from_secs(wait))
    }

    /// The address of a page of the service.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.accounts.face.base)
    }

    /// The same with where to go on to.
    fn at_with_next(&self, path: &str, next: Option<&str>) -> String {
        match next {
            Some(next) => {
                let query: String =
                    form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
                format!("{}?{query}", self.at(path))
            }
            None => self.at(path),
        }
    }

    /// Others' providers, for the pages.
    fn providers(&self) -> Vec<pages::Provider<'_>> {
        let providers = self.accounts.service.providers();
        providers.map(|provider| pages::Provider { name: provider.name, label: provider.label }).collect()
    }

    /// The address of a page, for a mail.
    fn link(&self, path: &str, token: &str) -> String {
        let query: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
        format!("{}{}?{query}", self.accounts.face.public_url, self.at(path))
    }

    /// The user and the session of whoever asks, if it is one of ours.
    fn user(&self) -> Option<(&str, &str)> {
        let principal = self.asked.principal.as_deref()?;
        let issuer = principal.claims.get("iss")?.as_str()?;
        let session = principal.claims.get("sid")?.as_str()?;
        (issuer == self.accounts.service.settings().issuer).then_some((principal.subject.as_str(), session))
    }

    /// Nobody is logged in.
    fn log_in_first(&self) -> Answer {
        match self.asked.wants {
            Wants::Json => self.refused(StatusCode::UNAUTHORIZED, Problem::LogInFirst),
            Wants::Page => {
                let here = self.at(&self.asked.path);
                let next = if self.asked.method == Method::POST { self.at(paths::ACCOUNT) } else { here };
                let query: String =
                    form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
                go_to(&format!("{}?{query}", self.at(CONTINUE)))
            }
        }
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accounts({})", self.face.public_url)
    }
}

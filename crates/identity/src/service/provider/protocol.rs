//! The requests of the protocol (RFC 6749, RFC 7636, OpenID Connect Core 1.0), made by the crate `openidconnect`. ID tokens are
//! left as text here: they are verified as all tokens are.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType,
    CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreSubjectIdentifierType, CoreTokenIntrospectionResponse,
};
use openidconnect::{
    AccessToken, AdditionalProviderMetadata, AsyncHttpClient, AuthType, AuthUrl, AuthenticationContextClass,
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyAdditionalClaims, EndpointNotSet, EndpointSet,
    HttpRequest, IdToken, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadata, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardErrorResponse,
    TokenResponse, TokenType, TokenUrl,
};
use policy::{ClientAuth, Provider};
use serde::{Deserialize, Deserializer, Serialize};

use super::web::{Web, WebAnswer, WebError};

type Document = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = openidconnect::Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Granted,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// What a discovery document says beside what every one does.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct More {
    end_session_endpoint: Option<String>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

impl AdditionalProviderMetadata for More {}

/// What a provider says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    issuer: IssuerUrl,
    authorization: AuthUrl,
    token: TokenUrl,
    keys: String,
    end_session: Option<String>,
    /// Whether it names itself when it sends somebody back (RFC 9207 §3).
    pub(crate) names_itself: bool,
}

impl Metadata {
    /// Reads a discovery document. Its issuer has to be the one of the policy, letter by letter (§4.3), and its addresses are
    /// behind TLS unless it is on this machine.
    pub(crate) fn read(document: &[u8], issuer: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(document)
            .map_err(|e| format!("its discovery document cannot be read: {e}"))?;
        let said = document.issuer();
        if said.as_str() != issuer {
            let said = said.as_str().chars().take(200).collect::<String>();
            return Err(format!("its discovery document is of another issuer, `{said}`"));
        }
        let token = document.token_endpoint().cloned().ok_or("it names no token endpoint")?;
        let more = document.additional_metadata();
        let metadata = Metadata {
            issuer: said.clone(),
            authorization: document.authorization_endpoint().clone(),
            token,
            keys: document.jwks_uri().as_str().to_owned(),
            end_session: more.end_session_endpoint.clone(),
            names_itself: more.authorization_response_iss_parameter_supported == Some(true),
        };
        let is_local = issuer.starts_with("http://");
        let endpoints = [metadata.authorization.as_str(), metadata.token.as_str(), &metadata.keys];
        for address in endpoints.into_iter().chain(metadata.end_session.as_deref()) {
            if !is_fit(address, is_local) {
                return Err(format!("it names an address without TLS: {}", short(address)));
            }
        }
        Ok(metadata)
    }

    /// Where its keys are.
    pub(crate) fn keys(&self) -> &str {
        &self.keys
    }

    /// Where to log out of it, if that is somewhere.
    pub(crate) fn logout(&self, client_id: &str, back: &str) -> Option<String> {
        let mut url = openidconnect::url::Url::parse(self.end_session.as_deref()?).ok()?;
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("post_logout_redirect_uri", back);
        Some(url.into())
    }

    /// Where to send somebody who logs in.
    pub(crate) fn authorize(
        &self,
        settings: &Provider,
        callback: &str,
        request: &Authorize<'_>,
    ) -> Result<String, String> {
        let client = self.client(settings, callback)?;
        let (state, nonce) = (request.state.to_owned(), request.nonce.to_owned());
        let flow: CoreAuthenticationFlow = CoreAuthenticationFlow::AuthorizationCode;
        let verifier = PkceCodeVerifier::new(request.verifier.to_owned());
        let mut asking = client
            .authorize_url(flow, move || CsrfToken::new(state), move || Nonce::new(nonce))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in settings.scopes.iter().filter(|scope| *scope != "openid") {
            asking = asking.add_scope(Scope::new(scope.clone()));
        }
        if let Some(age) = request.max_age {
            asking = asking.set_max_age(Duration::from_secs(age));
        }
        if request.anew {
            asking = asking.add_prompt(CoreAuthPrompt::Login);
        }
        if request.mfa {
            for acr in &settings.mfa_acr {
                asking = asking.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
            }
        }
        let (url, _, _) = asking.url();
        Ok(url.into())
    }

    /// Redeems a code.
    pub(crate) fn redeem<'a>(
        &'a self,
        settings: &'a Provider,
        callback: &'a str,
        (code, verifier): (&'a str, &'a str),
        web: &'a Arc<dyn Web>,
    ) -> Granting<'a> {
        Box::pin(async move {
            let client = self.client(settings, callback).map_err(NotGranted::Failed)?;
            let way = Way(Arc::clone(web));
            let request = client
                .exchange_code(AuthorizationCode::new(code.to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
            request.request_async(&way).await.map_err(NotGranted::of)
        })
    }

    /// Spends a refresh token for the next tokens.
    pub(crate) fn refresh<'a>(
        &'a self,
        settings: &'a Provider,
        callback: &'a str,
        token: &'a str,
        web: &'a Arc<dyn Web>,
    ) -> Granting<'a> {
        Box::pin(async move {
            let client = self.client(settings, callback).map_err(NotGranted::Failed)?;
            let way = Way(Arc::clone(web));
            let token = RefreshToken::new(token.to_owned());
            client.exchange_refresh_token(&token).request_async(&way).await.map_err(NotGranted::of)
        })
    }

    fn client(&self, settings: &Provider, callback: &str) -> Result<Client, String> {
        let callback = RedirectUrl::new(callback.to_owned()).map_err(|e| format!("the callback: {e}"))?;
        let keys = CoreJsonWebKeySet::new(Vec::new());
        let client =
            openidconnect::Client::new(ClientId::new(settings.client_id.clone()), self.issuer.clone(), keys);
        Ok(client
            .set_client_secret(ClientSecret::new(settings.client_secret.expose_secret().to_owned()))
            .set_auth_type(match settings.client_auth {
                ClientAuth::Basic => AuthType::BasicAuth,
                ClientAuth::Post => AuthType::RequestBody,
            })
            .set_auth_uri(self.authorization.clone())
            .set_token_uri(self.token.clone())
            .set_redirect_uri(callback))
    }
}

/// The way to a provider, as the crate asks for it.
struct Way(Arc<dyn Web>);

impl<'c> AsyncHttpClient<'c> for Way {
    type Error = WebError;
    type Future = WebAnswer<'c>;

    fn call(&'c self, request: HttpRequest) -> WebAnswer<'c> {
        self.0.send(request)
    }
}

/// Tokens on their way. The type is named here, because the compiler finds out of no other that it may go to another thread.
type Granting<'a> = Pin<Box<dyn Future<Output = Result<Granted, NotGranted>> + Send + 'a>>;

/// What a log in asks a provider for.
pub(crate) struct Authorize<'a> {
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    /// Of PKCE.
    pub(crate) verifier: &'a str,
    /// How long ago its user may have shown who he is, in seconds.
    pub(crate) max_age: Option<u64>,
    /// Whether he has to show it once more.
    pub(crate) anew: bool,
    /// Whether a second factor is wanted.
    pub(crate) mfa: bool,
}

/// Whether an address is behind TLS, or on this machine, where the issuer is too.
fn is_fit(address: &str, is_local: bool) -> bool {
    let Ok(url) = address.parse::<http::Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme_str() {
        Some("https") => true,
        Some("http") => is_local && is_here,
        _ => false,
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Why there are no tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotGranted {
    /// Code or refresh token no longer hold (`invalid_grant`).
    Invalid,
    /// The provider does not answer, or not as it should.
    Failed(String),
}

impl NotGranted {
    fn of(error: RequestTokenError<WebError, StandardErrorResponse<CoreErrorResponseType>>) -> Self {
        match error {
            RequestTokenError::ServerResponse(answer)
                if *answer.error() == CoreErrorResponseType::InvalidGrant =>
            {
                NotGranted::Invalid
            }
            // What it describes in its own words may be long, and of anybody.
            RequestTokenError::ServerResponse(answer) => NotGranted::Failed(short(answer.error().as_ref())),
            RequestTokenError::Request(error) => NotGranted::Failed(error.to_string()),
            RequestTokenError::Parse(..) => NotGranted::Failed("its answer cannot be read".into()),
            RequestTokenError::Other(why) => NotGranted::Failed(short(&why)),
        }
    }
}

/// What a provider gives (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Granted {
    access_token: AccessToken,
    token_type: Kind,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    refresh_token: Option<RefreshToken>,
    id_token: Option<String>,
}

impl Granted {
    pub(crate) fn id(&self) -> Option<&str> {
        self.id_token.as_deref()
    }

    pub(crate) fn is_bearer(&self) -> bool {
        self.token_type.0.eq_ignore_ascii_case("bearer")
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kind(String);

impl TokenType for Kind {}

impl OAuth2TokenResponse for Granted {
    type TokenType = Kind;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &Kind {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl
    TokenResponse<
        EmptyAdditionalClaims,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    > for Granted
{
    fn id_token(
        &self,
    ) -> Option<
        &IdToken<
            EmptyAdditionalClaims,
            CoreGenderClaim,
            CoreJweContentEncryptionAlgorithm,
            CoreJwsSigningAlgorithm,
        >,
    > {
        None
    }
}

/// Seconds, which some providers write as text.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok())))
}

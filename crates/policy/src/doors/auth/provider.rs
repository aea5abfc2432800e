//! Others' providers of identity (OpenID Connect): `[[auth.provider]]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::settings::settings;

settings! {
    /// `[[auth.provider]]`: a provider of OpenID Connect with which people log in: Google, Microsoft, Keycloak or any other. It
    /// needs `[auth] service = true`. To the provider, the gate is a confidential client with the redirect address
    /// `<public_url><service_path>/provider/<name>/callback`.
    pub item struct ProviderConfig {
        /// What it is called in paths: small letters, digits and `-`.
        pub name: String,
        /// Its issuer, letter by letter as its discovery document says it.
        pub issuer: String,
        /// What the provider calls the gate.
        pub client_id: String,
        /// A file with the secret that the provider has given to the gate, not readable by others.
        pub client_secret_file: Option<PathBuf>,
        /// An environment variable with the secret.
        pub client_secret_env: Option<String>,
        /// How the gate shows the secret: `basic`, in a header, or `post`, in the body.
        #[serde(default)]
        pub client_auth: ClientAuth,
        /// What is asked for. `openid` has to be there; without `email`, most providers tell no address.
        #[serde(default = "usual_scopes")]
        pub scopes: Vec<String>,
        /// What its button says: `Continue with <label>`; the name when not set.
        pub label: Option<String>,
        /// The claim of the ID token with roles, beside those that a user has here. A dot leads into an object:
        /// `realm_access.roles`.
        pub roles: Option<String>,
        /// The claim of the ID token with groups, beside those that a user has here.
        pub groups: Option<String>,
        /// Whether somebody who comes for the first time gets an account; otherwise only those come in who have linked the
        /// provider on the page of their account.
        #[serde(default)]
        pub create: bool,
        /// With `create`: only those whose address is of one of these domains; all when empty.
        #[serde(default)]
        pub domains: Vec<String>,
        /// Whether an address counts as verified although the ID token does not say so (`email_verified`): for a provider that
        /// knows only people of your own, such as a tenant of Microsoft Entra.
        #[serde(default)]
        pub trust_email: bool,
        /// Values of `acr` that mean a second factor at this provider, beside `mfa` in `amr`. A route with
        /// `require = ["mfa"]` asks for them.
        #[serde(default)]
        pub mfa_acr: Vec<String>,
        /// What the upstream gets in `Authorization: Bearer`: `none`, or the provider's `access_token` or `id_token`. The gate
        /// keeps the tokens sealed, refreshes them, and deletes them with the session.
        #[serde(default)]
        pub forward: ForwardedToken,
    }
}

fn usual_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

/// How the gate shows its secret to a provider (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// In the header `Authorization`.
    #[default]
    Basic,
    /// In the body.
    Post,
}

/// Which token of a provider the upstream gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedToken {
    /// None.
    #[default]
    None,
    /// The access token.
    AccessToken,
    /// The ID token.
    IdToken,
}

/// A provider with which people log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// What it is called in paths.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// What it calls the gate.
    pub client_id: String,
    /// The secret of the gate.
    pub client_secret: ClientSecret,
    /// How the secret is shown.
    pub client_auth: ClientAuth,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// What its button says.
    pub label: String,
    /// The claim with roles.
    pub roles: Option<String>,
    /// The claim with groups.
    pub groups: Option<String>,
    /// Whether somebody who comes for the first time gets an account.
    pub create: bool,
    /// The domains of those who do, in small letters; all when empty.
    pub domains: Vec<String>,
    /// Whether its addresses count as verified.
    pub trust_email: bool,
    /// Values of `acr` that mean a second factor.
    pub mfa_acr: Vec<String>,
    /// What the upstream gets.
    pub forward: ForwardedToken,
}

/// The secret of a client; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    pub(crate) fn new(secret: String) -> Self {
        ClientSecret(secret)
    }

    /// The secret, to show it to the provider.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret")
    }
}
